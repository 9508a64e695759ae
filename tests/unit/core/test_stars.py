"""Stars: points by hand, what is not known, and where a cut-off lies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.stars import NO_STARS, Part, rate
from covermap.rules import load_pack

RULE = load_pack("miit-2025").stars
assert RULE is not None
PARTS = {str(n): Part(c.weight, c.zero, c.full) for n, c in RULE.components.items()}
CUTS, MIN_WEIGHT = RULE.cut_offs, RULE.min_weight
RANGES = {"coverage": (0.0, 1.0), "signal": (-140.0, -50.0), "rate": (0.0, 1.0),
          "latency": (1.0, 500.0), "stalls": (0.0, 1.0)}  # fmt: skip
FIGURES = st.fixed_dictionaries({
    name: st.none() | st.floats(*ends) for name, ends in RANGES.items()
})  # fmt: skip


def stars(**values: float) -> tuple[float, int]:
    made = rate({n: np.array([v]) for n, v in values.items()}, PARTS, CUTS, MIN_WEIGHT)
    return float(made.points[0]), int(made.stars[0])


def plain(figures: dict[str, float | None]) -> tuple[float, int]:
    """The formula in words, one figure after the other."""
    weight = total = 0.0
    for name, value in figures.items():
        if value is None:
            continue
        part = PARTS[name]
        share = (value - part.zero) / (part.full - part.zero)
        weight += part.weight
        total += part.weight * min(max(share, 0.0), 1.0)
    if weight == 0:
        return math.nan, NO_STARS
    points = total / weight
    if weight < MIN_WEIGHT - 1e-9:
        return points, NO_STARS
    return points, 1 + sum(points >= cut - 1e-9 for cut in CUTS)


def test_an_example_is_as_the_arithmetic_says() -> None:
    """0.4 x 0.75 + 0.2 x 0.5 + 0.2 x 0.8 + 0.1 x 0.5 + 0.1 x 0.5 = 0.66: three stars, from 0.5."""
    points, given = stars(coverage=0.95, signal=-100.0, rate=0.9, latency=90.0, stalls=0.05)
    assert points == pytest.approx(0.66)
    assert given == 3


@given(FIGURES)
def test_stars_equal_those_of_the_plain_formula(figures: dict[str, float | None]) -> None:
    known = {n: np.nan if v is None else v for n, v in figures.items()}
    points, given_stars = stars(**known)
    wanted, wanted_stars = plain(figures)
    assert points == pytest.approx(wanted, nan_ok=True)
    assert given_stars == wanted_stars


@given(FIGURES, st.sampled_from(list(PARTS)), st.floats(0, 1))
def test_a_better_figure_never_costs_a_star(
    figures: dict[str, float | None], name: str, by: float
) -> None:
    before = {n: np.nan if v is None else v for n, v in figures.items()}
    better = before[name] + by * (1 if PARTS[name].full > PARTS[name].zero else -1) * 100
    after = {**before, name: better}
    if not math.isnan(before[name]):
        assert stars(**after)[1] >= stars(**before)[1]


@pytest.mark.parametrize(("points", "given_stars"), [
    (0.0, 1), (0.299, 1), (0.3, 2), (0.5, 3), (0.7, 4), (0.899, 4), (0.9, 5), (1.0, 5),
])  # fmt: skip
def test_a_cut_off_that_is_reached_gives_its_star(points: float, given_stars: int) -> None:
    one = {"coverage": Part(1.0, 0.0, 1.0)}
    made = rate({"coverage": np.array([points])}, one, CUTS, MIN_WEIGHT)
    assert made.stars[0] == given_stars


def test_too_little_weight_gives_no_stars_but_its_points() -> None:
    assert stars(coverage=1.0) == (pytest.approx(1.0), NO_STARS)
    assert stars(coverage=1.0, latency=30.0) == (pytest.approx(1.0), 5)
    points, none = stars(coverage=math.nan)
    assert math.isnan(points)
    assert none == NO_STARS


def test_what_is_not_tested_counts_neither_for_nor_against() -> None:
    assert stars(coverage=0.9, signal=-100.0)[0] == pytest.approx((0.4 * 0.5 + 0.2 * 0.5) / 0.6)
