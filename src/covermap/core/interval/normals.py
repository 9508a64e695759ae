"""Standard normal numbers by counter: the same key gives the same numbers, whatever the order.

A 32-bit hash of key and counter gives uniforms; Box and Muller's transform in single precision,
with polynomials for logarithm, sine and cosine so that loops over it become vector instructions,
gives normals (absolute error below 1e-5; largest possible 5.8).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Word = Any
"""A numpy unsigned whole number, 32 or 64 bits, as in the code."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@njit(cache=True)
def mixed(key: Word, number: Word) -> Word:
    """Mix a number into a 64-bit key (splitmix64)."""
    z = (np.uint64(key) ^ (np.uint64(number) * _GOLDEN)) + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@njit(cache=True, inline="always")
def _hash(x: Word, key: Word) -> Word:
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x21F0AAAD))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0xD35A2D97))
    x = np.uint32(np.uint32(x ^ (x >> np.uint32(15))) + key)
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x21F0AAAD))
    return np.uint32(x ^ (x >> np.uint32(15)))


@njit(cache=True, error_model="numpy")  # a division that could raise is no vector
def fill_normals(key: Word, out: Singles) -> None:
    """Fill `out` (an even number of them) with standard normals that depend on `key` alone."""
    count = len(out) // 2
    half = np.uint32(count)
    sines, cosines = out[:count], out[count : 2 * count]
    first = np.uint32(np.uint64(key) & np.uint64(0xFFFFFFFF))
    second = np.uint32(np.uint64(key) >> np.uint64(32))
    for i in range(count):
        at = np.uint32(i)
        a = _hash(np.uint32(np.uint32(at * np.uint32(0x9E3779B1)) + first), second)
        b = _hash(np.uint32(np.uint32((at + half) * np.uint32(0x9E3779B1)) + first), second)
        u = np.float32(np.int32(a >> np.uint32(8)) + np.int32(1)) * np.float32(2.0**-24)
        bits = np.float32(u).view(np.int32)
        exponent = np.float32(np.int32(bits >> np.int32(23)) - np.int32(127))
        one = np.int32(np.int32(bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32)
        # ln(one) = 2 atanh(w), w = (one - 1) / (one + 1) in [0, 1/3]
        w = (one - np.float32(1.0)) / (one + np.float32(1.0))
        w2 = w * w
        series = np.float32(1.0 / 9.0) + w2 * np.float32(1.0 / 10.0)
        series = np.float32(1.0 / 7.0) + w2 * series
        series = np.float32(1.0 / 5.0) + w2 * series
        series = np.float32(1.0 / 3.0) + w2 * series
        log_one = np.float32(2.0) * w * (np.float32(1.0) + w2 * series)
        minus_two_log = np.float32(-2.0) * (log_one + exponent * np.float32(0.69314718))
        radius = np.sqrt(abs(minus_two_log))
        # half the angle in [-pi/2, pi/2), then double it
        y = (np.float32(np.int32(b >> np.uint32(8))) * np.float32(2.0**-24)) - np.float32(0.5)
        y *= np.float32(3.14159265)
        y2 = y * y
        sine = np.float32(2.7557319e-6) + y2 * np.float32(-2.5052108e-8)
        sine = np.float32(-1.9841270e-4) + y2 * sine
        sine = np.float32(8.3333333e-3) + y2 * sine
        sine = np.float32(-1.6666667e-1) + y2 * sine
        sine = y * (np.float32(1.0) + y2 * sine)
        cosine = np.float32(2.4801587e-5) + y2 * np.float32(-2.7557319e-7)
        cosine = np.float32(-1.3888889e-3) + y2 * cosine
        cosine = np.float32(4.1666667e-2) + y2 * cosine
        cosine = np.float32(-0.5) + y2 * cosine
        cosine = np.float32(1.0) + y2 * cosine
        sines[i] = radius * np.float32(2.0) * sine * cosine
        cosines[i] = radius * (np.float32(1.0) - np.float32(2.0) * sine * sine)
