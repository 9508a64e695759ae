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


@njit(cache=True)
def longest_gaps_m(line: Ints, verdict: Codes, length_m: Floats, lines: int) -> Floats:
    """Longest stretch in a row of each line that is measured and not covered, m.

    A covered or an unmeasured segment ends a stretch.
    """
    longest = np.zeros(lines)
    run = 0.0
    for s in range(len(line)):
        if s == 0 or line[s] != line[s - 1]:
            run = 0.0
        run = run + length_m[s] if verdict[s] in (WEAK, NONE) else 0.0
        longest[line[s]] = max(longest[line[s]], run)
    return longest
