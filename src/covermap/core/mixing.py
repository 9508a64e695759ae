"""Numbers mixed until every bit hangs on every other: for marks, and to deal things out."""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2**64 divided by the golden ratio, made odd."""


@njit(cache=True, nogil=True)
def mixed(z: np.uint64) -> np.uint64:
    """Mix 64 bits, one to one: finaliser of SplitMix64.

    Source: Steele, Lea and Flood 2014, https://doi.org/10.1145/2660193.2660195.

    Examples
    --------
    >>> import numpy as np
    >>> hex(mixed(np.uint64(0x9E3779B97F4A7C15)))
    '0xe220a8397b1dcdaf'
    """
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
