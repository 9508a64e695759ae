"""Shares of length and their intervals, from bit-packed paths."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@njit(cache=True)
def reached_m(bits: Bytes, length_m: Floats) -> Floats:
    """Length that reaches the threshold, one figure a draw, m.

    Parameters
    ----------
    bits
        Segments x draws / 8, as in :class:`covermap.core.interval.posterior.Paths`.
    length_m
        Length of each segment that counts, m: 0 leaves it out, a part counts in part.

    Examples
    --------
    >>> reached_m(np.array([[1], [3]], np.uint8), np.array([100.0, 50.0]))[:3].tolist()
    [150.0, 50.0, 0.0]
    """
    total = np.zeros(bits.shape[1] * 8)
    for i in range(bits.shape[0]):
        length = length_m[i]
        if length > 0.0:
            for byte in range(bits.shape[1]):
                value = bits[i, byte]
                for k in range(8):
                    total[byte * 8 + k] += length * ((value >> k) & 1)
    return total


def quantile(draws: Floats | NDArray[np.int64], p: float) -> Floats:
    """Give the level that one more draw falls below with probability p, of draws in the last axis.

    It lies at ``p (draws + 1)`` in their order ("weibull"). At ``p (draws - 1)``, as is the default
    elsewhere, an interval of 95 % from 256 draws would hold 94.2 %.
    """
    return np.asarray(np.quantile(draws, p, axis=-1, method="weibull"))


def interval(values: Floats, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and ends of the central interval of draws.

    Examples
    --------
    >>> [round(x, 9) for x in interval(np.arange(99.0), 0.9)]
    [49.0, 4.0, 94.0]
    """
    low, high = (quantile(values, p) for p in ((1.0 - level) / 2.0, (1.0 + level) / 2.0))
    return float(np.mean(values)), float(low), float(high)
