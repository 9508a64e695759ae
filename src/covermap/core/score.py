"""Answers to targets: from a value with its interval, the target, and all that there is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PASS, FAIL, UNDETERMINED, PART, UNTOLD = "pass", "fail", "undetermined", "part", "untold"
SLACK = 1e-9
"""Relative: sums of floats may miss a target by their last bits."""


def target_answers(low: Floats, high: Floats, target: Floats, total: Floats) -> NDArray[np.str_]:
    """Say of each value whether its target is reached; arrays of one length.

    Parameters
    ----------
    low, high
        Ends of the interval of the value; NaN: nothing is known.
    target
        What is to be reached; NaN: there is no figure.
    total
        What there is here in all; NaN: not of that kind (a mean, a share). With less than the
        target the answer is `part`: a province cannot fail a figure that is the nation's.

    Examples
    --------
    >>> nan = np.nan
    >>> low, high = np.array([9.0, 3, 3, nan, 3, 3]), np.array([12.0, 8, 12, nan, 8, 8])
    >>> target = np.array([9.0, 9, 9, 9, 9, nan])
    >>> target_answers(low, high, target, np.array([20.0, 20, 20, 20, 8, 20])).tolist()
    ['pass', 'fail', 'undetermined', 'undetermined', 'part', 'untold']
    """
    needed = target - np.abs(target) * SLACK
    with np.errstate(invalid="ignore"):
        found = np.where(low >= needed, PASS, np.where(high < needed, FAIL, UNDETERMINED))
        found = np.where((found != PASS) & (total < needed), PART, found)
    return np.where(np.isnan(target), UNTOLD, found)


def ranks(group: Ints, value: Floats) -> Ints:
    """Place of each value within its group, 1 the highest; equal values share a place, NaN has 0.

    Examples
    --------
    >>> group = np.array([0, 0, 0, 1, 0])
    >>> ranks(group, np.array([0.5, 0.9, 0.5, 0.1, np.nan])).tolist()
    [2, 1, 2, 1, 0]
    """
    known = np.flatnonzero(~np.isnan(value))
    order = known[np.lexsort((-value[known], group[known]))]
    if not len(order):
        return np.zeros(len(value), np.int64)
    g, v = group[order], value[order]
    fresh = np.r_[True, (g[1:] != g[:-1]) | (v[1:] != v[:-1])]
    first = np.r_[True, g[1:] != g[:-1]]
    at = np.arange(len(order))
    start = np.maximum.accumulate(np.where(first, at, 0))
    place = np.maximum.accumulate(np.where(fresh, at, 0)) - start + 1
    found = np.zeros(len(value), np.int64)
    found[order] = place
    return found
