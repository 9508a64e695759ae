"""Boundaries and areas of cells.

Corners of cells are whole numbers on a face when counted in thirds of the spacing of the next even
resolution. They are kept whole until the last step, the projection back, and a corner on the edge
of two faces is told from the first of them. So a corner that cells share is computed from the same
numbers by each, and comes out bit-equal whatever other cells are in the array.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees, hypot, sqrt
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from covermap.core.arrays import read_only
from covermap.core.cells.globe import CORNERS, Globe, globe, locate, over, room_of, vector
from covermap.core.cells.icosahedron import STRAIGHT, Floats, Ints

_DEGREE = degrees(1.0)
_RADIUS_M = 6_371_007.180918475
"""Of the sphere of the ellipsoid's area; that of ``h3.cell_area``."""
_MOST = 10
"""Vertices of a ring, at most: those of a pentagon at an odd resolution."""
_CORNERS = np.array([[2, 1], [1, 2], [-1, 1], [-2, -1], [-1, -2], [1, -1]])
"""Corners of a hexagon about its centre, counter-clockwise, in thirds."""


@dataclass(frozen=True)
class Boundaries:
    """Boundary rings of cells: ring i is `lon[starts[i]:starts[i + 1]]`, not closed."""

    lon: Floats
    lat: Floats
    starts: Ints

    def polygons(self) -> NDArray[np.object_]:
        """Rings as shapely polygons, one a cell."""
        sizes = np.diff(self.starts)
        ring = np.repeat(np.arange(len(sizes)), sizes)
        points = np.column_stack([self.lon, self.lat])
        rings = shapely.linearrings(points, indices=ring)
        return np.asarray(shapely.polygons(rings), dtype=object)


def boundaries(cells: ArrayLike) -> Boundaries:
    """Boundary of each cell; vertices that cells share are bit-equal.

    They are so even between calls: what a cell gets depends on that cell alone. Degrees WGS-84,
    counter-clockwise; 5 to 10 vertices a cell (pentagons, and hexagons over an edge of the
    icosahedron, differ from 6). A ring over the antimeridian goes beyond +-180, so that it is one
    ring; one around a pole is not a polygon of the plane.

    Raises
    ------
    ValueError
        A number is not that of a cell.

    Examples
    --------
    >>> np.diff(boundaries([0x8A309962CC9FFFF]).starts).tolist()
    [6]
    """
    found = outlines(cells)
    _unwrap(found.lon, found.starts)
    return found


def outlines(cells: ArrayLike) -> Boundaries:
    """Boundary of each cell as `boundaries` gives it, but with longitudes within +-180.

    Examples
    --------
    >>> np.diff(outlines([0x8A309962CC9FFFF]).starts).tolist()
    [6]
    """
    cells = read_only(cells, np.int64)
    sizes = np.empty(len(cells), np.int64)
    lon, lat = _outline(cells, sizes, globe())
    _check(cells, sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Boundaries(lon, lat, starts)


def areas_m2(cells: ArrayLike) -> Floats:
    """Area of each cell on the sphere of the ellipsoid's area (R = 6371.007 km), m2.

    The same sphere and definition as ``h3.cell_area``: geodetic latitude is taken as latitude on
    the sphere, and vertices are joined by great circles.

    Raises
    ------
    ValueError
        A number is not that of a cell.

    Examples
    --------
    >>> int(areas_m2([0x8A309962CC9FFFF])[0])
    11537
    """
    cells = read_only(cells, np.int64)
    areas = np.empty(len(cells))
    _areas(cells, areas, globe())
    _check(cells, areas)
    return areas


def _check(cells: Ints, sizes: NDArray[Any]) -> None:
    """Refuse what no size was found of."""
    bad = np.flatnonzero(sizes < 0)
    if len(bad):
        raise ValueError(f"{hex(cells[bad[0]])} at {bad[0]} is not an H3 cell")


@njit(cache=True, nogil=True)
def _outline(cells: Ints, sizes: Ints, on: Globe) -> tuple[Floats, Floats]:
    """Fill `sizes`, -1 for what is no cell, and give the vertices of all."""
    face, a, b = np.empty(_MOST, np.int64), np.empty(_MOST), np.empty(_MOST)
    room = 6 * len(cells) + _MOST
    lon, lat, count = np.empty(room), np.empty(room), 0
    for n in range(len(cells)):
        sizes[n], corner = _ring(cells[n], face, a, b, on)
        if count + _MOST > len(lon):  # few cells have more than six
            more = len(lon) // 8 + _MOST
            lon, lat = np.append(lon, np.empty(more)), np.append(lat, np.empty(more))
        for k in range(sizes[n]):
            x, y, z = vector(face[k], a[k], b[k], corner, on)
            lon[count] = atan2(y, x) * _DEGREE
            lat[count] = atan2(z, hypot(x, y)) * _DEGREE
            count += 1
    return lon[:count], lat[:count]


@njit(cache=True, nogil=True)
def _owned(face: int, a: int, b: int, corner: int, on: Globe) -> tuple[int, int, int]:
    """Give a corner on the face it is on; the first of two when it is on their edge."""
    for edge in range(3):
        room = room_of(edge, a, b, corner)
        if room < 0 or (room == 0 and on.beyond[face, edge] < face):
            return over(face, edge, a, b, corner, on)
    return face, a, b


@njit(cache=True, nogil=True)
def _crossing(
    face: int, edge: int, a: int, b: int, i: int, j: int, corner: int, on: Globe
) -> tuple[int, float, float]:
    """Give where the way from (a, b) to (i, j) crosses an edge, always told from one face."""
    other = on.beyond[face, edge]
    if other < face:
        _, a, b = over(face, edge, a, b, corner, on)
        _, i, j = over(face, edge, i, j, corner, on)
        for k in range(3):
            if on.beyond[other, k] == face:
                edge = k
        face = other
    one, two = room_of(edge, a, b, corner), room_of(edge, i, j, corner)
    if one < 0:
        a, b, i, j, one, two = i, j, a, b, two, one
    part = one / (one - two)
    return face, a + (i - a) * part, b + (j - b) * part


@njit(cache=True, nogil=True)
def _steps(resolution_is_odd: bool, k: int) -> tuple[int, int]:
    """Give corner k about the centre of its hexagon."""
    a, b = _CORNERS[k % 6, 0], _CORNERS[k % 6, 1]
    if resolution_is_odd:
        return STRAIGHT[0, 0] * a + STRAIGHT[0, 1] * b, STRAIGHT[1, 0] * a + STRAIGHT[1, 1] * b
    return a, b


@njit(cache=True, nogil=True)
def _ring(cell: np.int64, face: Ints, a: Floats, b: Floats, on: Globe) -> tuple[int, int]:
    """Write the ring of a cell; give its length, -1 for no cell, and the corners' distance."""
    home, i, j, corner = locate(cell, on)
    if home < 0:
        return -1, 0
    odd = (cell >> 52) & 1 == 1
    base = (cell >> 45) & 127
    unused = 3 * (15 - ((cell >> 52) & 15))
    if on.around[base, 0, 0] >= 0 and (cell & ((np.int64(1) << 45) - 1)) >> unused == 0:
        return _pentagon(base, odd, corner, face, a, b, on), corner
    size = 0
    for k in range(6):
        di, dj = _steps(odd, k)
        face[size], a[size], b[size] = _owned(home, i + di, j + dj, corner, on)
        size += 1
        ni, nj = _steps(odd, k + 1)
        for edge in range(3):
            one = room_of(edge, i + di, j + dj, corner)
            two = room_of(edge, i + ni, j + nj, corner)
            if (one < 0 and two > 0) or (one > 0 and two < 0):
                face[size], a[size], b[size] = _crossing(
                    home, edge, i + di, j + dj, i + ni, j + nj, corner, on
                )
                size += 1
    return size, corner


@njit(cache=True, nogil=True)
def _pentagon(
    base: Any, odd: bool, corner: int, face: Ints, a: Floats, b: Floats, on: Globe
) -> int:
    """Write the ring of a pentagon: a corner a face, and where it crosses the face's first edge."""
    size = 0
    for n in range(5):
        home, edge = on.around[base, n, 0], on.around[base, n, 1]
        i, j = CORNERS[edge, 0] * corner, CORNERS[edge, 1] * corner
        for k in range(6):
            di, dj = _steps(odd, k)
            first = room_of(edge, i + di, j + dj, corner)
            last = room_of((edge + 2) % 3, i + di, j + dj, corner)
            if last <= 0 or first < 0:
                continue
            if first > 0:
                pi, pj = _steps(odd, k + 5)
                face[size], a[size], b[size] = _crossing(
                    home, edge, i + pi, j + pj, i + di, j + dj, corner, on
                )
                size += 1
            face[size], a[size], b[size] = _owned(home, i + di, j + dj, corner, on)
            size += 1
    return size


@njit(cache=True, nogil=True)
def _unwrap(lon: Floats, starts: Ints) -> None:
    """Bring each ring's longitudes to within half a turn of its first vertex."""
    for n in range(len(starts) - 1):
        for k in range(starts[n] + 1, starts[n + 1]):
            away = lon[k] - lon[starts[n]]
            if away > 180.0:
                lon[k] -= 360.0
            elif away < -180.0:
                lon[k] += 360.0


@njit(cache=True, nogil=True)
def _areas(cells: Ints, areas: Floats, on: Globe) -> None:
    """Add up the triangles between the first vertex of each ring and the others."""
    face, a, b = np.empty(_MOST, np.int64), np.empty(_MOST), np.empty(_MOST)
    ring = np.empty((_MOST, 3))
    for n in range(len(cells)):
        size, corner = _ring(cells[n], face, a, b, on)
        for k in range(size):
            x, y, z = vector(face[k], a[k], b[k], corner, on)
            far = sqrt(x * x + y * y + z * z)
            ring[k, 0], ring[k, 1], ring[k, 2] = x / far, y / far, z / far
        area = 0.0
        for k in range(1, size - 1):
            area += _triangle(ring[0], ring[k], ring[k + 1])
        areas[n] = area * _RADIUS_M * _RADIUS_M if size > 0 else -1.0


@njit(cache=True, nogil=True)
def _triangle(p: Floats, q: Floats, r: Floats) -> float:
    """Give the solid angle of three unit vectors (van Oosterom and Strackee 1983).

    The triple product is taken of differences, or a small triangle would lose its digits.
    """
    ux, uy, uz = q[0] - p[0], q[1] - p[1], q[2] - p[2]
    vx, vy, vz = r[0] - p[0], r[1] - p[1], r[2] - p[2]
    volume = p[0] * (uy * vz - uz * vy) + p[1] * (uz * vx - ux * vz) + p[2] * (ux * vy - uy * vx)
    pq = p[0] * q[0] + p[1] * q[1] + p[2] * q[2]
    pr = p[0] * r[0] + p[1] * r[1] + p[2] * r[2]
    qr = q[0] * r[0] + q[1] * r[1] + q[2] * r[2]
    return 2.0 * atan2(volume, 1.0 + pq + pr + qr)
