"""Bins of what tests measured: three significant digits.

Edges are the whole numbers of up to three digits times a power of ten. So a standard of up to three
digits (220 Mbit/s, 49.5 ms) lies between bins, and the share of tests that meet it is exact: rates
are to be at least so much and their bins are named by the lower edge, latencies at most and theirs
by the upper one. A quantile is known to 1 %, and exactly where logs write three digits. Two digits,
as cells have, would put a latency of 143 ms at 140.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
DIGITS = 3
_TOP = 10**DIGITS


def edges_of(values: Ints, *, upper: bool = False) -> Ints:
    """Give the edge that names each value's bin; values are whole and not negative.

    Parameters
    ----------
    upper
        Name a bin by its greatest value, not by its least: for what is to be at most so much.

    Examples
    --------
    >>> edges_of(np.array([0, 999, 1000, 229_999, 10_000_000_000])).tolist()
    [0, 999, 1000, 229000, 10000000000]
    >>> edges_of(np.array([0, 999, 1000, 229_001, 99_999]), upper=True).tolist()
    [0, 999, 1000, 230000, 100000]
    """
    return _edges(np.ascontiguousarray(values, np.int64), upper)


@njit(cache=True)
def _edges(values, upper):  # type: ignore[no-untyped-def]
    made = np.empty(len(values), np.int64)
    for i in range(len(values)):
        head, scale = values[i], 1
        while head >= _TOP:
            head //= 10
            scale *= 10
        made[i] = head * scale
        if upper and made[i] < values[i]:
            made[i] += scale
    return made
