"""What the number of a cell tells: resolution, parent, centre, neighbours.

Positions are WGS-84 longitude and latitude in degrees. A cell is stored as int64 (H3 leaves the top
bit 0); 0 is no cell. Every function is vectorised and gives arrays of the input's length.
"""

from __future__ import annotations

from dataclasses import dataclass

import h3ronpy
import h3ronpy.vector
import numpy as np
import pyarrow as pa
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from covermap.core.cells.lattice import NO_CELL

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_RESOLUTION_SHIFT = 52
_RESOLUTION_MASK = 0xF << _RESOLUTION_SHIFT
_BITS_PER_DIGIT = 3
_FINEST = 15
_SAME_VERTEX_DEG = 1e-9
"""Vertices nearer than this (0.1 mm) are one: H3 computes a shared one once per cell, and the
results differ in their last bits."""


def _numpy(values: object) -> NDArray[np.generic]:
    return pa.array(values).to_numpy(zero_copy_only=False)


def _unsigned(cells: ArrayLike) -> pa.Array:
    return pa.array(np.asarray(cells, np.int64).view(np.uint64))


def resolutions(cells: ArrayLike) -> Ints:
    """H3 resolution of each cell.

    Examples
    --------
    >>> resolutions([0x8A309962CC9FFFF]).tolist()
    [10]
    """
    return (np.asarray(cells, np.int64) & _RESOLUTION_MASK) >> _RESOLUTION_SHIFT


def parents(cells: ArrayLike, resolution: int) -> Ints:
    """Parent of each cell at a coarser (or its own) resolution, by bit operation.

    `NO_CELL` stays `NO_CELL`. A parent does not contain its children exactly; results are rolled up
    by parent all the same, so that they add up.

    Raises
    ------
    ValueError
        A cell is coarser than `resolution`.

    Examples
    --------
    >>> hex(parents([0x8A309962CC9FFFF], 7)[0])
    '0x87309962cffffff'
    """
    cells = np.asarray(cells, np.int64)
    known = cells != NO_CELL
    if np.any(resolutions(cells[known]) < resolution):
        raise ValueError(f"a cell is coarser than resolution {resolution}: it has no parent there")
    unused = (1 << (_BITS_PER_DIGIT * (_FINEST - resolution))) - 1
    coarse = (cells & ~_RESOLUTION_MASK) | (resolution << _RESOLUTION_SHIFT) | unused
    return np.where(known, coarse, NO_CELL)


def centres(cells: ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude of each cell's centre, degrees WGS-84.

    Examples
    --------
    >>> lon, lat = centres([0x8A309962CC9FFFF])
    >>> lon.round(3).tolist(), lat.round(3).tolist()
    ([122.043], [31.348])
    """
    found = pa.record_batch(h3ronpy.vector.cells_to_coordinates(_unsigned(cells)))
    lon = found.column("lng").to_numpy(zero_copy_only=False)
    lat = found.column("lat").to_numpy(zero_copy_only=False)
    return lon.astype(np.float64), lat.astype(np.float64)


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
    """Boundary of each cell; vertices that cells of the array share are bit-equal.

    Degrees WGS-84, counter-clockwise; 5 to 10 vertices a cell (pentagons, and hexagons over an edge
    of the icosahedron, differ from 6). A ring over the antimeridian goes beyond +-180, so that it
    is one ring; one around a pole is not a polygon of the plane.

    Examples
    --------
    >>> np.diff(boundaries([0x8A309962CC9FFFF]).starts).tolist()
    [6]
    """
    found = outlines(cells)
    ring = np.repeat(np.arange(len(found.starts) - 1), np.diff(found.starts))
    lon, lat = _share_vertices(found.lon, found.lat)
    return Boundaries(_unwrap(lon, ring, found.starts), lat, found.starts)


_WKB_HEADER = 13
"""Bytes before the points of a polygon of one ring: byte order, type, rings, points."""


def outlines(cells: ArrayLike) -> Boundaries:
    """Boundary of each cell as H3 gives it: shared vertices agree to 1e-11 degrees, no more.

    As `boundaries`, but what a cell gets depends on that cell alone, longitudes stay within +-180,
    and it takes a fifth of the time.

    Examples
    --------
    >>> np.diff(outlines([0x8A309962CC9FFFF]).starts).tolist()
    [6]
    """
    wkb = pa.array(h3ronpy.vector.cells_to_wkb_polygons(_unsigned(cells)))
    first = np.frombuffer(wkb.buffers()[1], np.int64, len(wkb) + 1, 8 * wkb.offset)
    raw = np.frombuffer(wkb.buffers()[2] or b"", np.uint8)
    sizes = (np.diff(first) - _WKB_HEADER) // 16 - 1  # the closing vertex repeats the first
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    points = np.empty((int(starts[-1]), 2))
    _take_rings(raw, first[:-1] + _WKB_HEADER, starts, points.reshape(-1).view(np.uint8))
    return Boundaries(points[:, 0].copy(), points[:, 1].copy(), starts)


@njit(cache=True)
def _take_rings(raw: Bytes, first: Ints, starts: Ints, out: Bytes) -> None:
    """Copy the points of each ring, 16 bytes a point, from where they begin."""
    for ring in range(len(first)):
        place = 16 * starts[ring]
        for byte in range(16 * (starts[ring + 1] - starts[ring])):
            out[place + byte] = raw[first[ring] + byte]


def _share_vertices(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give vertices that differ by rounding alone one common value."""
    column = _clusters(lon, np.zeros(len(lon), np.int64))
    vertex = _clusters(lat, column)
    order = np.lexsort((lat, lon, vertex))
    first = order[np.searchsorted(vertex[order], vertex)]
    return lon[first], lat[first]


def _clusters(values: Floats, within: Ints) -> Ints:
    """Give values of a group that lie within `_SAME_VERTEX_DEG` of the next one number."""
    order = np.lexsort((values, within))
    ordered, group = values[order], within[order]
    new = np.ones(len(values), bool)
    new[1:] = (np.diff(ordered) > _SAME_VERTEX_DEG) | (np.diff(group) != 0)
    numbers = np.empty(len(values), np.int64)
    numbers[order] = np.cumsum(new)
    return numbers


def _unwrap(lon: Floats, ring: Ints, starts: Ints) -> Floats:
    """Bring each ring's longitudes to within half a turn of its first vertex."""
    if not len(lon):
        return lon
    reference = lon[starts[:-1]][ring]
    away = lon - reference
    return lon - np.where(np.abs(away) > 180, np.sign(away) * 360.0, 0.0)


def areas_m2(cells: ArrayLike) -> Floats:
    """Area of each cell on the sphere of the ellipsoid's area (R = 6371.007 km), m2.

    The same sphere and definition as ``h3.cell_area``: geodetic latitude is taken as latitude on
    the sphere. Equal to it within 5e-9, and within 1e-3 beside a pole or the antimeridian.

    Examples
    --------
    >>> int(areas_m2([0x8A309962CC9FFFF])[0])
    11537
    """
    areas = _numpy(h3ronpy.cells_area_m2(_unsigned(cells)))
    return areas.astype(np.float64)


def neighbours(cells: ArrayLike) -> tuple[Ints, Ints]:
    """Pairs of neighbouring cells among the given ones, as positions in the array.

    Cells must be distinct and of one resolution. Each pair is given once, ``left < right``, sorted:
    of another length than the cells.

    Examples
    --------
    >>> left, right = neighbours([0x8A309962CC9FFFF, 0x8A309962CC87FFF, 0x8A309962C12FFFF])
    >>> list(zip(left.tolist(), right.tolist()))
    [(0, 1)]
    """
    cells = np.asarray(cells, np.int64)
    if not len(cells):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    disks = pa.array(h3ronpy.grid_disk(_unsigned(cells), 1))
    around = disks.flatten().to_numpy(zero_copy_only=False).view(np.int64)
    sizes = np.diff(disks.offsets.to_numpy(zero_copy_only=False))
    origin = np.repeat(np.arange(len(cells), dtype=np.int64), sizes)
    order = np.argsort(cells, kind="stable")
    place = np.minimum(np.searchsorted(cells[order], around), len(cells) - 1)
    other = order[place]
    pair = (cells[other] == around) & (origin < other)
    left, right = origin[pair], other[pair].astype(np.int64)
    sorting = np.lexsort((right, left))
    return left[sorting], right[sorting]
