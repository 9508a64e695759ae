"""How many places of a group are deeply covered, with an interval, and whether that is enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.places.deep import NO, UNDETERMINED, YES, nodes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXACT = 200
"""Groups of more places are counted by a normal distribution at each state: the error of a count's
quantile is then below one place in a hundred."""
NOBODY_ASKED = -1
"""A group without a quota."""


@dataclass(frozen=True)
class Counted:
    """Per group: how many places are deeply covered; arrays of one length."""

    expected: Floats
    low: Floats
    high: Floats
    p_reached_low: Floats
    """Chance that the quota is reached, at the least and at the most; NaN without a quota."""
    p_reached_high: Floats
    reached: NDArray[np.int8]
    """YES, NO or UNDETERMINED; NOBODY_ASKED without a quota."""


def needed(kind: str, value: float | None, places: int) -> int:
    """Give how many of so many places a quota asks for.

    Examples
    --------
    >>> needed("all", None, 7), needed("count", 3000, 7), needed("share", 0.9, 20)
    (7, 3000, 18)
    """
    if kind == "all" or value is None:
        return places
    return math.ceil(value * places - 1e-9) if kind == "share" else round(value)


def count_groups(
    group: Ints,
    groups: int,
    probability: Floats,
    given_low: Floats,
    given_high: Floats,
    quota: Ints,
    confidence: float,
) -> Counted:
    """Count the places of each group that are deeply covered.

    Parameters
    ----------
    group
        Group of each place, 0 to groups - 1; negative: of none.
    probability, given_low, given_high
        As ``deep.Places`` has them.
    quota
        Places that each group needs; negative: no quota.
    confidence
        Two-sided, of the interval and of the answer.

    Examples
    --------
    >>> sure = np.ones((25, 3))
    >>> made = count_groups(np.zeros(3, int), 1, np.ones(3), sure, sure, np.array([3]), 0.95)
    >>> [float(x[0]) for x in (made.expected, made.low, made.high, made.reached)]
    [3.0, 3.0, 3.0, 0.0]
    """
    of = np.flatnonzero(group >= 0)
    of = of[np.argsort(group[of], kind="stable")]
    ends = np.searchsorted(group[of], np.arange(groups + 1))
    tail = (1.0 - confidence) / 2.0
    low, at_least = _ends(given_low, of, ends, quota, tail)
    high, at_most = _ends(given_high, of, ends, quota, 1.0 - tail)
    asked = quota >= 0
    reached = np.full(groups, UNDETERMINED, np.int8)
    reached[at_least >= 1.0 - tail] = YES
    reached[at_most <= tail] = NO
    reached[~asked] = NOBODY_ASKED
    expected: Floats = np.bincount(
        group[of], np.nan_to_num(probability[of], nan=0.0), groups
    ).astype(np.float64)
    return Counted(
        expected, low, high, np.where(asked, at_least, np.nan), np.where(asked, at_most, np.nan),
        reached,
    )  # fmt: skip


def _ends(given: Floats, of: Ints, ends: Ints, quota: Ints, tail: float) -> tuple[Floats, Floats]:
    """Quantile of each group's count, and the chance that it reaches the quota."""
    _, weight = nodes()
    by_place = np.ascontiguousarray(given.T)
    return _count(by_place, weight, of, ends.astype(np.int64), quota, tail)


@njit(cache=True, nogil=True)
def _count(
    given: Floats, weight: Floats, of: Ints, ends: Ints, quota: Ints, tail: float
) -> tuple[Floats, Floats]:
    groups = len(ends) - 1
    quantile, reached = np.zeros(groups), np.zeros(groups)
    for g in range(groups):
        mine = of[ends[g] : ends[g + 1]]
        share = _distribution(given, weight, mine)
        total, found = 0.0, False
        for k in range(len(share)):
            total += share[k]
            if not found and total >= tail - 1e-12:
                quantile[g], found = k, True
            if k >= quota[g]:
                reached[g] += share[k]
        reached[g] = min(reached[g], 1.0)
    return quantile, reached


@njit(cache=True, nogil=True)
def _distribution(given: Floats, weight: Floats, mine: Ints) -> Floats:
    """Chance of each number of places, 0 to all of them, over all states."""
    count = len(mine)
    made = np.zeros(count + 1)
    for j in range(len(weight)):
        if count <= EXACT:
            made += weight[j] * _exact(given, j, mine)
        else:
            made += weight[j] * _normal(given, j, mine)
    return made


@njit(cache=True, nogil=True)
def _exact(given: Floats, state: int, mine: Ints) -> Floats:
    """Distribution of a sum of independent yes-or-no values, one after the other."""
    made = np.zeros(len(mine) + 1)
    made[0] = 1.0
    for i in range(len(mine)):
        p = given[mine[i], state]
        for k in range(i + 1, 0, -1):
            made[k] = made[k] * (1.0 - p) + made[k - 1] * p
        made[0] *= 1.0 - p
    return made


@njit(cache=True, nogil=True)
def _normal(given: Floats, state: int, mine: Ints) -> Floats:
    """Give the same by a normal distribution of equal mean and variance, cut between counts."""
    mean, variance = 0.0, 0.0
    for i in range(len(mine)):
        p = given[mine[i], state]
        mean += p
        variance += p * (1.0 - p)
    sd = max(math.sqrt(variance), 1e-9)
    made = np.zeros(len(mine) + 1)
    below = 0.0
    for k in range(len(mine) + 1):
        upto = 0.5 * math.erfc(-(k + 0.5 - mean) / (sd * math.sqrt(2.0)))
        if k == len(mine):
            upto = 1.0
        made[k] = upto - below
        below = upto
    return made
