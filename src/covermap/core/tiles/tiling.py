"""Web-Mercator tiling: positions to a zoom's whole-number lattice, and tiles to positions.

Vector tiles store whole numbers: a tile of zoom z is `EXTENT` units wide, so the world is a lattice
of ``2**z * EXTENT`` units, x to the east and y to the south from 180 W, 85.05 N. Positions are
rounded on that one lattice, never tile by tile: two shapes that share a vertex share it in every
tile they touch. Source: Mapbox vector tile specification 2.1; EPSG:3857 for the projection.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EXTENT = 4096
"""Units along a tile's edge."""
MAX_LATITUDE_DEG = 85.0511287798066
"""Latitude at which the Mercator world is square; beyond it positions are drawn at this edge."""


def to_world(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Project to the Mercator world square.

    Parameters
    ----------
    lon, lat
        Degrees WGS-84, one shape. Longitudes beyond +-180 give x outside 0-1 (a shape over the
        antimeridian stays in one piece); latitudes beyond `MAX_LATITUDE_DEG` are moved to it.

    Returns
    -------
    x, y
        0-1 from west to east and from north to south; NaN in gives NaN out.

    Examples
    --------
    >>> [float(v) for v in to_world(0.0, 0.0)]
    [0.5, 0.5]
    """
    lon = np.asarray(lon, np.float64)
    lat = np.clip(np.asarray(lat, np.float64), -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG)
    x = (lon + 180.0) / 360.0
    y = 0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * np.pi)
    return x, y


def to_lonlat(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Position of points of the Mercator world square, degrees WGS-84.

    Examples
    --------
    >>> [float(v) for v in to_lonlat(0.5, 0.5)]
    [0.0, 0.0]
    """
    lon = np.asarray(x, np.float64) * 360.0 - 180.0
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.asarray(y, np.float64)))))
    return lon, lat


def on_lattice(world: ArrayLike, zoom: int) -> Ints:
    """Round world coordinates (0-1) to the zoom's lattice; halves go up.

    Examples
    --------
    >>> on_lattice([0.0, 0.5, 1.0], 1).tolist()
    [0, 4096, 8192]
    """
    units = float(EXTENT << zoom)
    rounded: Ints = np.floor(np.asarray(world, np.float64) * units + 0.5).astype(np.int64)
    return rounded


def tile_bounds(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east and north of a tile, degrees WGS-84.

    Examples
    --------
    >>> [round(v, 2) for v in tile_bounds(1, 0, 0)]
    [-180.0, 0.0, 0.0, 85.05]
    """
    tiles = 1 << zoom
    lon, lat = to_lonlat([x / tiles, (x + 1) / tiles], [(y + 1) / tiles, y / tiles])
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


@njit(cache=True, nogil=True)
def tile_ids(zoom: int, x: Ints, y: Ints) -> Ints:
    """Give tiles the numbers of PMTiles 3: zoom after zoom, each along a Hilbert curve.

    Columns and rows are inside the zoom. Source: the PMTiles specification, version 3.
    """
    ids = np.empty(len(x), np.int64)
    before = ((1 << (2 * zoom)) - 1) // 3
    for i in range(len(x)):
        column, row, at = x[i], y[i], 0
        for level in range(zoom - 1, -1, -1):
            side = 1 << level
            right, down = (column >> level) & 1, (row >> level) & 1
            at += side * side * ((3 * right) ^ down)
            column &= side - 1
            row &= side - 1
            if down == 0:
                if right == 1:
                    column, row = side - 1 - column, side - 1 - row
                column, row = row, column
        ids[i] = before + at
    return ids


def unwrapped(x: Floats, starts: Ints) -> Floats:
    """Bring each part's world x into one piece: no step longer than half the world.

    Parameters
    ----------
    x
        World x of the vertices of many parts, one after the other.
    starts
        First vertex of each part, and the number of vertices at the end.

    Examples
    --------
    >>> unwrapped(np.array([0.99, 0.01, 0.02]), np.array([0, 3])).tolist()
    [0.99, 1.01, 1.02]
    """
    if not len(x):
        return x
    turns = np.zeros(len(x))
    turns[1:] = -np.round(np.diff(x))
    turns = np.cumsum(turns)
    return x + turns - np.repeat(turns[starts[:-1][np.diff(starts) > 0]], _sizes(starts))


def _sizes(starts: Ints) -> Ints:
    sizes = np.diff(starts)
    return sizes[sizes > 0]
