"""From the number of a cell to its place on a face, and from one face to the next.

Places are whole numbers: (a, b) in thirds of the spacing of the next even resolution, of which
corners of hexagons have whole ones too. At that resolution the axes are straight, and the edges of
a face run through whole places, so whether a place is on a face is not a matter of rounding.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

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
    icosahedron,
)
from covermap.core.cells.lattice import UNKNOWN, base_cells, leading, plain, turn

_BASES = 122
_SEEN = 6
"""Faces that a base cell reaches onto, at most."""
_SIXTH = np.array([[1, -1], [1, 0]])
"""(a, b) turned counter-clockwise by a sixth."""
CORNERS = np.array([[1, 0], [0, 1], [-1, -1]])
"""(a, b) of the corners of a face, in units of their distance from its centre."""


class Globe(NamedTuple):
    """What the kernels know of base cells and faces."""

    seen: Ints
    """Faces that see a base cell, shape (122, 6, 3): face, a, b; face -1 for no more."""
    sixths: Ints
    """By how many sixths its digits are turned there, shape (122, 6, 7), by leading digit."""
    beyond: Ints
    """Face beyond each edge of a face, shape (20, 3)."""
    unfold: Ints
    """(a, b) of a face to those of the one beyond an edge, shape (20, 3, 2, 3): the last column is
    in units of the corners' distance."""
    around: Ints
    """Faces about the middle of a pentagon and which corner of theirs it is, shape (122, 5, 2)."""
    centre: Floats
    axes: Floats


@cache
def globe() -> Globe:
    """Gather the tables."""
    ico = icosahedron()
    seen, sixths = _seen()
    beyond, unfold = _edges(ico.corner)
    return Globe(seen, sixths, beyond, unfold, _around(ico.corner, seen), ico.centre, ico.axes)


def _seen() -> tuple[Ints, Ints]:
    """Turn the table of base cells round: which faces see each, where, and how turned."""
    seen = np.full((_BASES, _SEEN, 3), -1, np.int64)
    sixths = np.full((_BASES, _SEEN, 7), UNKNOWN, np.int64)
    count = np.zeros(_BASES, np.int64)
    table = base_cells()
    for face, i, j in np.argwhere((table != UNKNOWN).any(-1)):
        keys = table[face, i, j]
        base = int(keys[keys != UNKNOWN][0] >> 3)
        seen[base, count[base]] = face, i - 2, j - 2
        for digit in np.flatnonzero(keys != UNKNOWN):
            by = int(keys[digit] & 7)
            sixths[base, count[base], plain(turn)(digit, by)] = -by % 6
        count[base] += 1
    return seen, sixths


def _edges(corner: Ints) -> tuple[Ints, Ints]:
    """Find what lies beyond each edge; edge e is that between corners e and e + 1."""
    beyond = np.empty((FACES, 3), np.int64)
    unfold = np.empty((FACES, 3, 2, 3), np.int64)
    for face, edge in np.ndindex(FACES, 3):
        one, two = corner[face, edge], corner[face, (edge + 1) % 3]
        other = _other(corner, face, one, two)
        here, there = (
            CORNERS[[edge, (edge + 1) % 3]],
            np.array([CORNERS[list(corner[other]).index(c)] for c in (one, two)]),
        )
        turned = [np.linalg.matrix_power(_SIXTH, n) for n in range(6)]
        turned = [t for t in turned if np.array_equal(t @ (here[1] - here[0]), there[1] - there[0])]
        beyond[face, edge] = other
        unfold[face, edge] = np.column_stack([turned[0], there[0] - turned[0] @ here[0]])
    return beyond, unfold


def _other(corner: Ints, face: Any, one: Any, two: Any) -> int:
    """Give the other face that has two corners."""
    shared = (corner == one).any(1) & (corner == two).any(1)
    shared[face] = False
    return int(np.flatnonzero(shared)[0])


def _around(corner: Ints, seen: Ints) -> Ints:
    """List the faces about each pentagon, counter-clockwise."""
    around = np.full((_BASES, 5, 2), -1, np.int64)
    for pentagon in h3.get_pentagons(0):
        base = h3.get_base_cell_number(pentagon)
        face, *place = seen[base, 0].tolist()
        vertex = corner[face, np.argmax((place == CORNERS * 2).all(1))]
        for k in range(5):
            at = int(np.argmax(corner[face] == vertex))
            around[base, k] = face, at
            # the next face counter-clockwise holds the edge from here to the corner after next
            side = corner[face, (at + 2) % 3]
            face = _other(corner, face, vertex, side)
    return around


@njit(cache=True, nogil=True)
def locate(cell: np.int64, on: Globe) -> tuple[Any, Any, Any, Any]:
    """Give face, (a, b) and the distance of the face's corners, in thirds; face -1 for no cell."""
    resolution, base = (cell >> 52) & 15, (cell >> 45) & 127
    if cell >> 56 != 8 or base >= _BASES:
        return -1, 0, 0, 0
    unused = 3 * (15 - resolution)
    digits = (cell & ((np.int64(1) << 45) - 1)) >> unused << unused
    first = leading(digits)
    corner = 6 * 7 ** ((resolution + 1) // 2)
    for m in range(_SEEN):
        face = on.seen[base, m, 0]
        if face < 0 or first == 7:
            break
        by = on.sixths[base, m, first] if first else 0
        if by == UNKNOWN:
            continue
        turned = turn(digits, by)
        a, b = on.seen[base, m, 1], on.seen[base, m, 2]
        for r in range(1, resolution + 1):
            a, b = _refined(a, b, r)
            digit = (turned >> 3 * (15 - r)) & 7
            if digit == 7:
                return -1, 0, 0, 0
            a, b = a + UNITS[digit, 0], b + UNITS[digit, 1]
        if resolution & 1:
            a, b = _refined(a, b, resolution + 1)
        a, b = 3 * a, 3 * b
        if a + b <= corner and b - 2 * a <= corner and a - 2 * b <= corner:
            return face, a, b, corner
    return -1, 0, 0, 0


@njit(cache=True, nogil=True)
def _refined(a: Any, b: Any, resolution: Any) -> tuple[Any, Any]:
    """Give (a, b) of the resolution before in those of a resolution."""
    m = TURNED if resolution & 1 else STRAIGHT
    return m[0, 0] * a + m[0, 1] * b, m[1, 0] * a + m[1, 1] * b


@njit(cache=True, nogil=True)
def room_of(edge: int, a: int, b: int, corner: int) -> int:
    """Give how far inside an edge of its face (a, b) is: 0 on it, less than 0 beyond it."""
    if edge == 0:
        return corner - a - b
    return corner - b + 2 * a if edge == 1 else corner - a + 2 * b


@njit(cache=True, nogil=True)
def over(face: int, edge: int, a: int, b: int, corner: int, on: Globe) -> tuple[int, int, int]:
    """Give the face beyond an edge, and (a, b) as that has them."""
    m = on.unfold[face, edge]
    return (
        on.beyond[face, edge],
        m[0, 0] * a + m[0, 1] * b + m[0, 2] * corner,
        m[1, 0] * a + m[1, 1] * b + m[1, 2] * corner,
    )


@njit(cache=True, nogil=True)
def vector(face: int, a: float, b: float, corner: int, on: Globe) -> tuple[float, float, float]:
    """Give the vector to (a, b) of a face whose corners lie `corner` from its centre."""
    i, j = 2.0 * a / corner, 2.0 * b / corner
    c, axes = on.centre, on.axes
    return (
        c[face, 0] + i * axes[face, 0, 0] + j * axes[face, 1, 0],
        c[face, 1] + i * axes[face, 0, 1] + j * axes[face, 1, 1],
        c[face, 2] + i * axes[face, 0, 2] + j * axes[face, 1, 2],
    )
