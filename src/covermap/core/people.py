"""Amounts of a raster's pixels shared out to polygons by exact area, and the areas of pixels.

The pixel plane: x counts columns and y rows from the raster's corner, so that pixel (row r, column
c) is the unit square from (c, r) to (c + 1, r + 1). Outlines are polygons in that plane, given as
rings with straight edges: ring i is `x[starts[i]:starts[i + 1]]`, not closed. What a pixel holds is
spread evenly over it, so a polygon takes of each pixel the share of its area that lies inside.
Polygons that tile the plane take every pixel once: the raster's total is kept.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import ECCENTRICITY_2, SEMI_MAJOR_M

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TORN = 50.0
"""An edge so many times as long as the middle one of its ring leads across the edge of the map."""


@njit(cache=True)
def overlap_sums(
    x: Floats, y: Floats, starts: Ints, values: Floats, row0: int, col0: int
) -> Floats:
    """Sum of pixel values in each polygon, each by the share of the pixel's area inside.

    Parameters
    ----------
    x, y, starts
        Rings in the pixel plane of the whole raster, in either direction. A ring with a coordinate
        that is not finite gets 0.
    values
        Amounts of the pixels from row `row0` and column `col0` on, rows x columns; finite, not
        negative. Outside there is nothing.
    row0, col0
        Place of `values` in the whole raster. A polygon's sum does not depend on how it is cut out.

    Examples
    --------
    >>> square = np.array([0.5, 1.5, 1.5, 0.5]), np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 4])
    >>> overlap_sums(*square, np.array([[8.0, 2.0]]), 0, 0).tolist()
    [5.0]
    """
    sums = np.zeros(len(starts) - 1)
    share = np.zeros(1024)
    for i in range(len(starts) - 1):
        a, b = starts[i], starts[i + 1]
        west, east = np.min(x[a:b]), np.max(x[a:b])
        north, south = np.min(y[a:b]), np.max(y[a:b])
        if not np.isfinite(east - west + south - north):
            continue
        c0 = max(np.floor(west), col0)
        r0 = max(np.floor(north), row0)
        wide = int(min(np.ceil(east), col0 + values.shape[1]) - c0)
        high = int(min(np.ceil(south), row0 + values.shape[0]) - r0)
        if wide <= 0 or high <= 0:
            continue
        if high * (wide + 1) > len(share):
            share = np.zeros(2 * high * (wide + 1))
        share[: high * (wide + 1)] = 0.0
        for k in range(a, b):
            n = k + 1 if k + 1 < b else a
            _edge(share, wide, high, x[k] - c0, y[k] - r0, x[n] - c0, y[n] - r0)
        sums[i] = _weigh(share, wide, high, values, int(r0) - row0, int(c0) - col0)
    return sums


@njit(cache=True)
def _weigh(share, wide, high, values, row, col):  # type: ignore[no-untyped-def]
    """Add up values times shares; the sign of the shares is the direction of the ring."""
    total = 0.0
    for r in range(high):
        inside = 0.0
        for c in range(wide):
            inside += share[r * (wide + 1) + c]
            total += inside * values[row + r, col + c]
    return abs(total)


@njit(cache=True)
def _edge(share, wide, high, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Note what an edge cuts off to its right, as differences from column to column.

    Green's theorem, pixel by pixel: the area right of the edge in its pixel, and the full height
    in all pixels beyond it, which running sums along the row spread out.
    """
    sign = 1.0
    if y1 < y0:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
    top, bottom = max(y0, 0.0), min(y1, float(high))
    if bottom <= top:
        return
    slope = (x1 - x0) / (y1 - y0)
    row = int(top)
    here = x0 + (top - y0) * slope
    while top < bottom:
        low = min(row + 1.0, bottom)
        there = x1 if low == y1 else x0 + (low - y0) * slope
        _piece(share, row * (wide + 1), wide, here, there, sign * (low - top))
        top, here = low, there
        row += 1


@njit(cache=True)
def _piece(share, base, wide, xa, xb, height):  # type: ignore[no-untyped-def]
    """Note the part of an edge within one row of pixels; left of the window all is cut off."""
    if xb < xa:
        xa, xb = xb, xa
    if xa >= wide:
        return
    if xb <= 0.0:
        share[base] += height
        return
    if int(np.floor(xa)) == int(np.floor(xb)) or xa == xb:
        c = int(np.floor(xa))
        part = 0.5 * (xa + xb) - c
        share[base + c] += height * (1.0 - part)
        share[base + c + 1] += height * part
        return
    per = height / (xb - xa)
    if xa < 0.0:
        share[base] -= per * xa
        xa = 0.0
    xb = min(xb, float(wide))
    c = int(xa)
    while xa < xb:
        end = min(c + 1.0, xb)
        part = 0.5 * (xa + end) - c
        share[base + c] += per * (end - xa) * (1.0 - part)
        share[base + c + 1] += per * (end - xa) * part
        xa = end
        c += 1


@njit(cache=True)
def unwrap(x: Floats, starts: Ints, period: float) -> Floats:
    """Bring each vertex to within half a period of the one before it, and rings into the first.

    Of a map that repeats itself every `period` columns (a whole turn of longitude). A ring round a
    pole does not close then: its last vertex lies a period away from its first. The westernmost
    vertex of each ring comes to lie in columns 0 to `period`, wherever the ring begins.
    """
    out = x.copy()
    for i in range(len(starts) - 1):
        a, b = starts[i], starts[i + 1]
        for k in range(a + 1, b):
            out[k] += np.round((out[k - 1] - out[k]) / period) * period
        turns = np.floor(np.min(out[a:b]) / period)
        if turns != 0:
            out[a:b] -= turns * period
    return out


@njit(cache=True)
def extents(x: Floats, y: Floats, starts: Ints) -> Floats:
    """West, north, east, south of each ring in the pixel plane: rings x 4; NaN: not finite."""
    found = np.full((len(starts) - 1, 4), np.nan)
    for i in range(len(starts) - 1):
        a, b = starts[i], starts[i + 1]
        west, east = np.min(x[a:b]), np.max(x[a:b])
        north, south = np.min(y[a:b]), np.max(y[a:b])
        if np.isfinite(east - west + south - north):
            found[i] = np.array([west, north, east, south])
    return found


@njit(cache=True)
def torn(x: Floats, y: Floats, starts: Ints) -> NDArray[np.bool_]:
    """Rings that the edge of a map tears apart: one edge is far longer than the others."""
    found = np.zeros(len(starts) - 1, np.bool_)
    for i in range(len(starts) - 1):
        a, b = starts[i], starts[i + 1]
        lengths = np.empty(b - a)
        for k in range(a, b):
            n = k + 1 if k + 1 < b else a
            lengths[k - a] = np.hypot(x[n] - x[k], y[n] - y[k])
        found[i] = not np.max(lengths) <= TORN * np.median(lengths)
    return found


def quad_areas_m2(lon: Floats, lat: Floats) -> Floats:
    """Areas on the WGS-84 ellipsoid of the quadrangles between lattice points, m2.

    Parameters
    ----------
    lon, lat
        Corners, degrees, rows + 1 x columns + 1. Longitudes may go beyond 180 but must not jump.

    Returns
    -------
    float64 array
        rows x columns. Edges are straight in the cylindrical equal-area map (Snyder 1987, eq. 3-12
        and 14-5), so a quadrangle of meridians and parallels is exact.

    Examples
    --------
    >>> lon, lat = np.meshgrid([0.0, 1.0], [0.0, 1.0])
    >>> int(quad_areas_m2(lon, lat)[0, 0] / 1e6)
    12308
    """
    e = np.sqrt(ECCENTRICITY_2)
    s = np.sin(np.radians(lat))
    q = (1 - e**2) * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e)
    x, y = np.radians(lon), 0.5 * SEMI_MAJOR_M**2 * q
    dx1, dy1 = x[1:, 1:] - x[:-1, :-1], y[1:, 1:] - y[:-1, :-1]
    dx2, dy2 = x[1:, :-1] - x[:-1, 1:], y[1:, :-1] - y[:-1, 1:]
    return np.abs(0.5 * (dx1 * dy2 - dx2 * dy1))


def close_poles(
    x: Floats, y: Floats, starts: Ints, period: float, north: float, south: float
) -> tuple[Floats, Floats, Ints]:
    """Give unwrapped rings round a pole the way along the pole that closes them.

    Parameters
    ----------
    period
        Columns in a whole turn of longitude, as for `unwrap`.
    north, south
        Rows of the poles; the nearer one is taken. Not finite: the map does not reach it, and the
        ring is left without an area that is finite.

    Returns
    -------
    x, y, starts
        The rings, those round a pole with three vertices more.
    """
    first, last = starts[:-1], starts[1:] - 1
    turn = x[last] - x[first]
    open_ = np.flatnonzero(np.abs(turn) > 0.5 * period)
    for ring in open_[::-1]:  # a pole lies in one cell: two rings at most
        a, b = starts[ring], starts[ring + 1]
        end = x[a] + np.copysign(period, turn[ring])
        middle = y[a:b].mean()
        pole = north if abs(middle - north) < abs(middle - south) else south
        x = np.insert(x, b, [end, end, x[a]])
        y = np.insert(y, b, [y[a], pole, pole])
        starts = starts + np.where(np.arange(len(starts)) > ring, 3, 0)
    return x, y, starts
