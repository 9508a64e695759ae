"""Medians of groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def medians(group: Ints, value: Floats, groups: int) -> Floats:
    """Give the median of the values of each group, in any order; NaN for none.

    Of an even number the lower one of the middle two.

    Examples
    --------
    >>> medians(np.array([0, 2, 0, 0]), np.array([5.0, 1.0, 9.0, 7.0]), 3).tolist()
    [7.0, nan, 1.0]
    """
    order = np.lexsort((value, group))
    count = np.bincount(group, minlength=groups)
    first = np.cumsum(count) - count
    made = np.full(groups, np.nan)
    some = count > 0
    made[some] = value[order][(first + (count - 1) // 2)[some]]
    return made
