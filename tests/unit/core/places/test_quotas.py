"""How many places of a group are deeply covered."""

import itertools

import numpy as np
import pytest

from covermap.core.places.deep import NO, UNDETERMINED, YES, nodes
from covermap.core.places.quotas import EXACT, NOBODY_ASKED, Counted, count_groups, needed


def plain(given: np.ndarray, tail: float, quota: int) -> tuple[int, float]:
    """Quantile and chance of the quota by every outcome there is, at every state."""
    _, weight = nodes()
    chance = np.zeros(given.shape[1] + 1)
    for w, at in zip(weight, given, strict=True):
        for outcome in itertools.product((0, 1), repeat=given.shape[1]):
            each = [p if yes else 1 - p for yes, p in zip(outcome, at, strict=True)]
            chance[sum(outcome)] += w * np.prod(each)
    below = int(np.argmax(np.cumsum(chance) >= tail - 1e-12))
    return below, float(chance[quota:].sum())


def counted(low: np.ndarray, high: np.ndarray, quota: int, confidence: float = 0.9) -> Counted:
    group = np.zeros(low.shape[1], np.int64)
    return count_groups(group, 1, low.mean(0), low, high, np.array([quota]), confidence)


def test_counts_equal_those_of_every_outcome() -> None:
    source = np.random.default_rng(3)
    states = len(nodes()[0])
    for size in (1, 2, 5):
        low = source.uniform(0, 0.9, (states, size))
        high = np.minimum(low + 0.1, 1.0)
        made = counted(low, high, quota=size - 1)
        below, least = plain(low, 0.05, size - 1)
        above, most = plain(high, 0.95, size - 1)
        assert (made.low[0], made.high[0]) == (below, above)
        assert made.p_reached_low[0] == pytest.approx(least)
        assert made.p_reached_high[0] == pytest.approx(most)


def test_large_groups_are_counted_as_exactly_as_small_ones() -> None:
    source = np.random.default_rng(5)
    given = np.tile(source.beta(5, 1, EXACT + 1), (len(nodes()[0]), 1))
    large = counted(given, given, quota=170, confidence=0.95)
    drawn = (source.random((200_000, EXACT + 1)) < given[0]).sum(1)
    ends = np.quantile(drawn, [0.025, 0.975])
    assert [large.low[0], large.high[0]] == pytest.approx(ends.tolist(), abs=1.0)
    assert large.p_reached_low[0] == pytest.approx((drawn >= 170).mean(), abs=0.01)


@pytest.mark.parametrize(
    ("sure", "open_", "quota", "answer"),
    [(3, 0, 3, YES), (2, 1, 2, YES), (2, 1, 3, UNDETERMINED), (1, 1, 3, NO),
     (0, 3, 1, UNDETERMINED), (2, 0, -1, NOBODY_ASKED)],
)  # fmt: skip
def test_places_without_samples_leave_a_quota_open_and_never_reach_it(
    sure: int, open_: int, quota: int, answer: int
) -> None:
    high = np.ones((len(nodes()[0]), sure + open_))
    low = high.copy()
    low[:, sure:] = 0.0
    assert counted(low, high, quota).reached[0] == answer


def test_each_group_counts_its_own_and_places_of_none_count_nowhere() -> None:
    ones = np.ones((len(nodes()[0]), 4))
    group = np.array([1, -1, 1, 0])
    made = count_groups(group, 3, np.ones(4), ones, ones, np.array([1, 1, 1]), 0.95)
    assert made.expected.tolist() == [1.0, 2.0, 0.0]
    assert made.high.tolist() == [1.0, 2.0, 0.0]
    assert made.reached.tolist() == [YES, YES, NO]


def test_a_share_asks_for_whole_places() -> None:
    assert needed("share", 0.7, 10) == 7
    assert needed("share", 0.6, 3) == 2
    assert needed("all", None, 3) == 3
    assert needed("count", 1500.0, 3) == 1500
