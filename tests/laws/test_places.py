"""Laws of key places: more bad news never helps, and the order of news does not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.judging.certainty import Spread
from covermap.core.places.deep import NO, UNDETERMINED, YES, Places, Surveys, judge_places
from covermap.core.places.quotas import count_groups

CHANCE = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 1.0, 1e-9, 1 - 1e-9]))
POINTS = st.lists(CHANCE, min_size=1, max_size=6)
BETTER = {NO: 0, UNDETERMINED: 1, YES: 2}


def judged(points: list[float | None], shared: float = 0.4) -> Places:
    chance = np.array([np.nan if p is None else p for p in points])
    measured = ~np.isnan(chance)
    covered = measured & (np.nan_to_num(chance) > 0.5)
    count = len(points)
    one = np.ones(count, np.int64)
    by = Surveys(9 * one, one, np.full(count, shared), -105.0, Spread(-97, 10, 2, 5, 4))
    return judge_places(np.zeros(count, np.int64), measured, covered, chance, by, 1, 0.95)


@given(POINTS, st.floats(0, 1))
def test_a_further_failing_key_point_never_improves_a_place(
    points: list[float | None], shared: float
) -> None:
    before, after = judged(points, shared), judged([*points, 1e-9], shared)
    assert BETTER[int(after.deep[0])] <= BETTER[int(before.deep[0])]
    assert after.high[0] <= before.high[0] + 1e-6
    assert after.low[0] <= before.low[0] + 1e-6
    assert after.deep[0] == NO


@given(POINTS, st.floats(0, 1))
def test_a_further_key_point_without_samples_never_decides_a_place(
    points: list[float | None], shared: float
) -> None:
    before, after = judged(points, shared), judged([*points, None], shared)
    assert after.deep[0] == (NO if before.deep[0] == NO else UNDETERMINED)
    assert after.high[0] == pytest.approx(before.high[0])


@given(POINTS, st.randoms())
def test_the_order_of_key_points_does_not_matter(points: list[float | None], source) -> None:
    other = list(points)
    source.shuffle(other)
    a, b = judged(points), judged(other)
    assert a.deep[0] == b.deep[0]
    assert a.high[0] == pytest.approx(b.high[0], abs=1e-9)


@settings(max_examples=30)
@given(st.lists(POINTS, min_size=1, max_size=8), st.integers(0, 8))
def test_a_count_lies_between_its_ends_and_a_failing_place_never_raises_it(
    places: list[list[float | None]], quota: int
) -> None:
    made = [judged(points) for points in places]
    low, high = (np.hstack([getattr(m, n) for m in made]) for n in ("given_low", "given_high"))
    chance = np.array([m.probability[0] for m in made])
    group, asked = np.zeros(len(made), np.int64), np.array([quota])
    whole = count_groups(group, 1, chance, low, high, asked, 0.95)
    assert 0 <= whole.low[0] <= whole.high[0] <= len(made)
    assert whole.p_reached_low[0] <= whole.p_reached_high[0] + 1e-9
    low[:, 0], high[:, 0], chance[0] = 0.0, 0.0, 0.0
    worse = count_groups(group, 1, chance, low, high, asked, 0.95)
    assert worse.low[0] <= whole.low[0]
    assert worse.high[0] <= whole.high[0]
    assert worse.p_reached_low[0] <= whole.p_reached_low[0] + 1e-9
