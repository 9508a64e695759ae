"""From lattice coordinates on a face to the number of a cell.

A cell's number holds its base cell and one digit a resolution. On a face, digits follow from
(a, b) alone; then they are turned by sixths into the frame of the base cell. Which base cell lies
where on a face, and by how many sixths it is turned, is asked of `h3` once, at points of every
face. Around the twelve pentagons the turn depends on the first digit that is not 0 as well.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import h3.api.basic_int as h3
import numpy as np
from numba import njit

from covermap.core.cells.icosahedron import (
    FACES,
    STRAIGHT,
    TURNED,
    UNITS,
    Floats,
    Ints,
    density,
    positions,
    refine,
)  # fmt: skip

DIGITS_MASK = (1 << 45) - 1
LOW_BITS = 0o111111111111111
"""The lowest bit of each digit."""
NO_CELL = 0
UNKNOWN = -1
SIDE = 5
"""Base cells on a face have a and b from -2 to 2."""
_PROBED = (1, 4)
"""Resolutions at which `h3` is asked: together they meet every combination."""


@cache
def steps() -> tuple[Ints, Ints]:
    """Tables of the step from an odd resolution to the one before, and of two from an even one.

    Each has shape (49, 3), indexed by ``(a mod 7) * 7 + b mod 7``: what to take from a and b so
    that they become whole coarser ones when multiplied by the inverse matrix, and the digits.
    """
    single, double = np.empty((49, 3), np.int64), np.empty((49, 3), np.int64)
    for place in range(49):
        at = np.array(divmod(place, 7))
        digit, offset = _digit(at, TURNED)
        single[place] = *offset, digit
        fine, offset = _digit(at, STRAIGHT)
        middle = np.rint(np.linalg.solve(STRAIGHT, at - offset)).astype(np.int64)
        coarse, step = _digit(middle, TURNED)
        double[place] = *(offset + STRAIGHT @ step), coarse << 3 | fine
    return single, double


def _digit(at: Ints, matrix: Ints) -> tuple[int, Ints]:
    """Give the one digit whose unit, taken away, leaves a coarser place."""
    inverse = np.array([[matrix[1, 1], -matrix[0, 1]], [-matrix[1, 0], matrix[0, 0]]])
    for digit, unit in enumerate(UNITS):
        if not np.any((at - unit) @ inverse.T % 7):
            return digit, unit
    raise AssertionError(f"no digit at {at}")


@njit(cache=True, nogil=True)
def climb(a: Any, b: Any, resolution: int, single: Ints, double: Ints) -> tuple[Any, Any, Any]:
    """Give the digits of (a, b) on its face, and (a, b) at resolution 0."""
    digits = np.int64(0)
    shift = np.int64(3 * (15 - resolution))
    if resolution & 1:
        place = (a % 7) * 7 + b % 7
        i, j = a - single[place, 0], b - single[place, 1]
        a, b = (3 * i - j) // 7, (i + 2 * j) // 7
        digits = single[place, 2] << shift
        shift += 3
    for _ in range(resolution >> 1):
        place = (a % 7) * 7 + b % 7
        a, b = (a - double[place, 0]) // 7, (b - double[place, 1]) // 7
        digits |= double[place, 2] << shift
        shift += 6
    return digits, a, b


@njit(cache=True, nogil=True)
def turn(digits: Any, sixths: int) -> Any:
    """Turn digits counter-clockwise by sixths: 4 -> 6 -> 2 -> 3 -> 1 -> 5 -> 4."""
    i, j, k = (digits >> 2) & LOW_BITS, (digits >> 1) & LOW_BITS, digits & LOW_BITS
    if sixths & 1:  # by three sixths: the opposite of each digit but 0
        some = i | j | k
        i, j, k = i ^ some, j ^ some, k ^ some
        sixths = (sixths + 3) % 6
    if sixths == 2:
        i, j, k = k, i, j
    elif sixths == 4:
        i, j, k = j, k, i
    return i << 2 | j << 1 | k


@njit(cache=True, nogil=True)
def leading(digits: Any) -> Any:
    """Give the first digit that is not 0, or 0."""
    if digits == 0:
        return np.int64(0)
    shift = 42
    while digits >> shift == 0:
        shift -= 3
    return digits >> shift


@njit(cache=True, nogil=True)
def number(
    face: int,
    a: np.int64,
    b: np.int64,
    resolution: int,
    single: Ints,
    double: Ints,
    base: Ints,
) -> np.int64:
    """Give the number of the cell at (a, b) of a face, `NO_CELL` where `base` does not know it."""
    digits, i, j = climb(a, b, resolution, single, double)
    key = base[face, i + 2, j + 2, leading(digits)]
    if key == UNKNOWN:
        return np.int64(NO_CELL)
    head = np.int64(1) << 59 | np.int64(resolution) << 52 | (key >> 3) << 45
    unused = (np.int64(1) << 3 * (15 - resolution)) - 1
    return head | turn(digits, key & 7) | unused


@cache
def base_cells() -> Ints:
    """Give base cell times 8 plus sixths, shape (20, 5, 5, 7): face, a + 2, b + 2, leading digit.

    `UNKNOWN` where no cell of the face was found. Around a hexagon the leading digit does not
    matter.
    """
    table = np.full((FACES, SIDE, SIDE, 7), UNKNOWN, np.int64)
    pentagons = [h3.get_base_cell_number(c) for c in h3.get_pentagons(0)]
    for resolution in _PROBED:
        face, place, digits, i, j = _probes(resolution)
        at = zip(*positions(face, place, resolution), strict=True)
        cells = np.array([h3.latlng_to_cell(lat, lon, resolution) for lon, lat in at], np.int64)
        base = cells >> 45 & 127
        used = cells & DIGITS_MASK - ((1 << 3 * (15 - resolution)) - 1)
        turned = np.array([plain(turn)(digits, n) == used for n in range(6)])
        key = base * 8 + np.argmax(turned, axis=0)
        hexagon = ~np.isin(base, pentagons)
        table[face[hexagon], i[hexagon] + 2, j[hexagon] + 2] = key[hexagon, None]
        some = ~hexagon
        table[face[some], i[some] + 2, j[some] + 2, _leading(digits[some])] = key[some]
        table[face[some], i[some] + 2, j[some] + 2, 0] = key[some]  # turning 0 changes nothing
    return table


def plain(kernel: Any) -> Any:
    """Give the function under a kernel: of arithmetic alone, it takes arrays as well."""
    return kernel.py_func


def _leading(digits: Ints) -> Ints:
    """Give what `leading` gives, of an array."""
    each = digits[:, None] >> np.arange(42, -1, -3) & 7
    return each[np.arange(len(each)), np.argmax(each > 0, axis=1)]


def _probes(resolution: int) -> tuple[Ints, Floats, Ints, Ints, Ints]:
    """One position on each face for each base cell and leading digit there.

    A position is the centre of a cell, drawn towards the centre of the face so that it is on the
    face when half of the cell is. Give face, (a, b) of the position, and what the cell climbs to.
    """
    reach = int(2 * density(resolution)) + 1
    grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2), -1).reshape(-1, 2)
    far = np.hypot(grid[:, 0] - grid[:, 1] / 2, grid[:, 1] * 0.75**0.5)
    inside = grid * (1 - 0.45 / np.maximum(far, 1))[:, None]
    a, b = np.linalg.solve(refine(resolution), inside.T)
    digits, i, j = plain(climb)(grid[:, 0], grid[:, 1], resolution, *steps())
    usable = (np.max([a + b, b - 2 * a, a - 2 * b], axis=0) < 2) & (digits > 0)
    key = np.stack([i, j, _leading(digits)])[:, usable]
    one = np.flatnonzero(usable)[np.unique(key, axis=1, return_index=True)[1]]
    face = np.repeat(np.arange(FACES), len(one))
    one = np.tile(one, FACES)
    return face, inside[one], digits[one], i[one], j[one]
