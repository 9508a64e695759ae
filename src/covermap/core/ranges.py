"""Whole numbers that run on in pieces: the rows of many groups, one group after the other."""

from __future__ import annotations

import numpy as np

from covermap.core.geodesy import Ints


def ranges(first: Ints, count: Ints) -> Ints:
    """Give whole numbers that run on: `count` of them from each `first`, one after the other.

    Examples
    --------
    >>> ranges(np.array([7, 3, 0]), np.array([2, 0, 3])).tolist()
    [7, 8, 0, 1, 2]
    """
    found: Ints = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    return found
