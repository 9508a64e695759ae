"""Figures of groups of tests from their counts in bins: quantiles, and tests that stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.quality.clusters import Ratio, Shares, ratio, share_bounds, shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_ROUNDING = 1e-9

FENCE = 5.0
LEFT_OUT = 0.01
"""A test stands out that has over `FENCE` times the largest of all others but this share of them;
but one where there are few. Of lognormal rates (1.0 in the logarithm) 4 in 100,000 do."""


@dataclass(frozen=True)
class Binned:
    """Counts of tests of one kind, sorted by group and then by bin; a row a cluster and bin."""

    groups: int
    group: Ints
    cluster: Ints
    """From 0 on; a cluster lies in one group."""
    edge: Ints
    """Lower edge of the bin."""
    n: Ints
    total: Ints
    """Sum of what the tests measured."""

    @property
    def group_of_cluster(self) -> Ints:
        """Group of each cluster."""
        made = np.zeros(int(self.cluster.max(initial=-1)) + 1, np.int64)
        made[self.cluster] = self.group
        return made

    def per_cluster(self, values: NDArray[np.generic]) -> Floats:
        """Add values of rows up by cluster."""
        return np.bincount(self.cluster, values, len(self.group_of_cluster)).astype(np.float64)

    def shares(self, met: NDArray[np.generic]) -> Shares:
        """Divide numbers of tests of rows by the number of all, with its error."""
        tests, some = (self.per_cluster(v).astype(np.int64) for v in (self.n, met))
        return shares(self.group_of_cluster, self.groups, tests, some)

    def ratio(self, values: NDArray[np.generic]) -> Ratio:
        """Divide sums of values of rows by the number of tests, with its error."""
        tests = self.per_cluster(self.n).astype(np.int64)
        return ratio(self.group_of_cluster, self.groups, tests, self.per_cluster(values))


def quantile(binned: Binned, share: Floats) -> Floats:
    """Give the k-th smallest test of each group, ``k = ceil(share * tests)``, at least the first.

    Parameters
    ----------
    share
        Of each group, 0 to 1; NaN gives NaN.

    Returns
    -------
    array
        Lower edge of the bin of that test; NaN where there is none.

    Examples
    --------
    >>> ones = np.ones(3, np.int64)
    >>> some = Binned(2, np.array([0, 0, 0]), np.arange(3), np.array([5, 7, 9]), ones, ones)
    >>> quantile(some, np.array([0.5, 0.5])).tolist()
    [7.0, nan]
    """
    tests = np.bincount(binned.group, binned.n, binned.groups)
    last = np.cumsum(binned.n)
    before = np.cumsum(tests) - tests
    known = (tests > 0) & np.isfinite(share)
    with np.errstate(invalid="ignore"):
        place = np.clip(np.ceil(share * tests - _ROUNDING * np.maximum(tests, 1)), 1, tests)
    made = np.full(binned.groups, np.nan)
    row = np.searchsorted(last, (before + place)[known])
    made[known] = binned.edge[row]
    return made


def quantile_bounds(
    binned: Binned, share: float, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """Give a quantile of the tests of each group, and the ends of its interval.

    Values belong to the interval while the share of tests at or below them may be `share`: their
    own interval, with the variance there, holds it. (Taking the variance at the quantile for all
    of them, as Woodruff did, held the 95th percentile in 85 to 90 % of cases instead of 95.) An
    end is NaN where no test lies beyond it: a 95th percentile of few runs has no upper end.
    """
    value = quantile(binned, np.full(binned.groups, share))
    ends = [_crossing(binned, share, confidence, upper) for upper in (False, True)]
    with np.errstate(invalid="ignore"):
        ends[0] = np.where(ends[0] > value, value, ends[0])
        ends[1] = np.where(ends[1] < value, value, ends[1])
    return value, ends[0], ends[1]


def _crossing(binned: Binned, share: float, confidence: float, upper: bool) -> Floats:
    """Find the first test of each group below which surely (`upper`), or maybe, lies the share.

    NaN: below the first test already, or not even below the last.
    """
    rows = np.bincount(binned.group, minlength=binned.groups)
    first = np.cumsum(rows) - rows
    # before `low` it does not, at `high` it does; they close in on a row of the group
    low, high = first - 1, first + rows
    for _ in range(int(rows.max(initial=0)).bit_length()):
        middle = (low + high) // 2
        asked = high - low > 1
        at = np.where(asked, middle, first)
        edge = binned.edge[np.minimum(at, len(binned.edge) - 1)]
        ends = share_bounds(
            binned.shares(binned.n * (binned.edge <= edge[binned.group])), confidence
        )
        reached = ends[0] > share if upper else ends[1] >= share
        high = np.where(asked & reached, middle, high)
        low = np.where(asked & ~reached, middle, low)
    known = high < first + rows
    if not upper:
        known &= high > first
    made = np.full(binned.groups, np.nan)
    made[known] = binned.edge[high[known]]
    return made


@dataclass(frozen=True)
class Extremes:
    """Tests that stand out of their group."""

    count: Ints
    largest: Floats
    """NaN: there are none."""
    mean_without: Floats
    """Mean of all others; NaN: no tests."""


def extremes(binned: Binned) -> Extremes:
    """Find tests far above all others of their group; they stay in every other figure."""
    tests = np.bincount(binned.group, binned.n, binned.groups)
    aside = np.maximum(1, np.floor(LEFT_OUT * tests))
    with np.errstate(divide="ignore", invalid="ignore"):
        largest_usual = quantile(binned, np.where(tests > aside, (tests - aside) / tests, np.nan))
    fence = np.where(largest_usual > 0, FENCE * largest_usual, np.inf)
    out = binned.edge > fence[binned.group]

    def add(values: NDArray[np.generic]) -> Floats:
        return np.bincount(binned.group, values, binned.groups).astype(np.float64)

    largest = np.full(binned.groups, -1.0)
    np.maximum.at(largest, binned.group[out], binned.edge[out])
    with np.errstate(divide="ignore", invalid="ignore"):
        without = add(binned.total * ~out) / add(binned.n * ~out)
    count = add(binned.n * out).astype(np.int64)
    return Extremes(count, np.where(count > 0, largest, np.nan), without)
