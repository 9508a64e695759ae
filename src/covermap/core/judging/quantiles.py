"""Sums and quantiles of 1 dB bins per place: one pass over sorted counts (numba)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDING = 1e-9
"""0.07 x 100 is 7.000000000000001 in binary: the 7th value is meant, not the 8th."""


@njit(cache=True)
def bin_quantile(
    place: Ints, level_bin: Ints, n: Ints, n_floor: Ints, floor_dbm: float, quantile: float
) -> Floats:
    """Quantile of the levels of each place, as the lower edge of its 1 dB bin, dBm.

    The value is the k-th smallest with ``k = ceil(quantile * count)``, at least the first.

    Parameters
    ----------
    place, level_bin, n
        Counts, sorted by place (0 to ``len(n_floor) - 1``) and then by bin.
    n_floor
        Per place: samples without service, below every bin: their quantile is `floor_dbm`.

    Returns
    -------
    float64 array
        Length of `n_floor`; NaN where a place has no sample.
    """
    places = len(n_floor)
    found = np.full(places, np.nan)
    row = 0
    for p in range(places):
        first, total = row, n_floor[p]
        while row < len(place) and place[row] == p:
            total += n[row]
            row += 1
        if total == 0:
            continue
        rank = max(1, int(np.ceil(quantile * total - _ROUNDING)))
        below = n_floor[p]
        if rank <= below:
            found[p] = floor_dbm
            continue
        for r in range(first, row):
            below += n[r]
            if rank <= below:
                found[p] = level_bin[r]
                break
    return found


@njit(cache=True)
def sum_by_place(place: Ints, values: Ints, places: int) -> Ints:
    """Add up integers per place; exact, and of length `places`."""
    total = np.zeros(places, np.int64)
    for r in range(len(place)):
        total[place[r]] += values[r]
    return total
