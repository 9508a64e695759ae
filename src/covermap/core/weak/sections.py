"""Weak sections: stretches of a line that fail, one after the other."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NO_GROUP = -1
_ROUNDING_M = 1e-6


@njit(cache=True)
def weak_sections(
    line: Ints, failing: Flags, unmeasured: Flags, length_m: Floats, bridge_m: float
) -> Ints:
    """Give each failing segment the number of its section, and the others -1.

    Failing segments in a row are one section. At most `bridge_m` of unmeasured length between two
    of them does not part them (nor does it belong to the section); a covered segment does.

    Parameters
    ----------
    line
        Number of each segment's line; segments are sorted by line and along it.
    failing, unmeasured
        Whether each segment is weak or without service; whether it is unmeasured.
    """
    group = np.full(len(line), NO_GROUP)
    found = 0
    current = NO_GROUP
    gap_m = 0.0
    for s in range(len(line)):
        if s > 0 and line[s] != line[s - 1]:
            current = NO_GROUP
        if failing[s]:
            if current == NO_GROUP:
                current = found
                found += 1
            group[s] = current
            gap_m = 0.0
        elif unmeasured[s] and current != NO_GROUP:
            gap_m += length_m[s]
            if gap_m > bridge_m + _ROUNDING_M:
                current = NO_GROUP
        else:
            current = NO_GROUP
    return group


def keep_large(group: Ints, size: Floats, smallest: float) -> Ints:
    """Drop groups whose pieces' sizes sum to less than `smallest`; number the rest anew.

    Parameters
    ----------
    group
        Group of each piece, -1 for none.
    size
        Size of each piece: its length, or 1 to count pieces.

    Examples
    --------
    >>> keep_large(np.array([0, -1, 1, 1]), np.array([100.0, 100, 100, 100]), 200).tolist()
    [-1, -1, 0, 0]
    """
    member = group != NO_GROUP
    total = np.bincount(group[member], size[member])
    large = total >= smallest - _ROUNDING_M
    number = np.where(large, np.cumsum(large) - 1, NO_GROUP)
    kept = np.full(len(group), NO_GROUP, np.int64)
    kept[member] = number[group[member]]
    return kept
