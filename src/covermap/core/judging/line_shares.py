"""The longest gap of each line.

Segments are given sorted by line and along each line. Lengths are in metres, added in that order,
so that the result does not depend on anything else.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.judging.verdicts import NONE, WEAK, Codes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@njit(cache=True)
def longest_gaps_m(offset: Ints, verdict: Codes, length_m: Floats, ring: Flags) -> Floats:
    """Longest stretch in a row of each line that is measured and not covered, m.

    A covered or an unmeasured segment ends a stretch.

    Parameters
    ----------
    offset
        Line k has the segments ``offset[k]`` to ``offset[k + 1] - 1``.
    ring
        Per line: it ends where it starts, so that a stretch runs on from its last segment to its
        first.
    """
    longest = np.zeros(len(offset) - 1)
    for k in range(len(offset) - 1):
        size = offset[k + 1] - offset[k]
        run, count = 0.0, 0
        for i in range(2 * size if ring[k] else size):
            s = offset[k] + i % size
            if verdict[s] != WEAK and verdict[s] != NONE:
                run, count = 0.0, 0
            elif count < size:  # once round at most
                run, count = run + length_m[s], count + 1
            longest[k] = max(longest[k], run)
    return longest
