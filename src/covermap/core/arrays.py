"""Arrays as kernels want them, and whole numbers that run on in pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


def read_only(values: ArrayLike, kind: Any) -> NDArray[Any]:
    """Give values as an array that cannot be written; the caller's own is left as it is.

    Arrays that Arrow holds are read-only, and a kernel is compiled for either: so for one alone.
    """
    view = np.ascontiguousarray(values, kind).view()
    view.flags.writeable = False
    return view
