"""Terrain between a mast and the cells round it: profiles taken from a grid of heights as they go.

A grid is an array of heights in any map projection; places are given in its pixels (column and
row, whole numbers at the centres of pixels). A great circle is not straight there. On the map it
bends by a quadratic form of the step (the geodesic equation), which is the same, near enough, for
all paths from one mast: :func:`bends` measures it once a mast by pyproj's geodesics, and the kernel
follows the parabola, within a metre of the great circle over 20 km (tests compare).

The kernel keeps no profile: one pass over the points, and only points that reach into the zone
round the straight line where an edge can cost anything (nu > -0.78) are looked at closer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import points_at
from covermap.core.radio.diffraction import corrected, edge_of, knife_edge

Floats = NDArray[np.float64]

_NEAR_M = 5_000.0
"""Length of the geodesics that measure how the map bends."""


@njit(cache=True, nogil=True, inline="always")
def height_at(heights: Any, u: float, v: float) -> float:
    """Height at column u and row v, m, between the four nearest pixels; inside the grid alone."""
    left, top = np.uint64(u), np.uint64(v)  # without a sign: no place is counted from the end
    right, below = left + np.uint64(1), top + np.uint64(1)
    fu, fv = u - np.int64(u), v - np.int64(v)
    a = heights[top, left] + (heights[top, right] - heights[top, left]) * fu
    b = heights[below, left] + (heights[below, right] - heights[below, left]) * fu
    return a + (b - a) * fv


@njit(cache=True, nogil=True)
def loss_over(
    heights: Any,
    u0: float,
    v0: float,
    u1: float,
    v1: float,
    bend: Floats,
    path_m: float,
    first_m: float,
    second_m: float,
    wave_m: float,
    earth_m: float,
    steps: int,
) -> float:
    """Bullington loss, dB, from (u0, v0) to (u1, v1) over `steps` equal steps.

    `first_m` and `second_m` are the antennas' heights above the zero of the grid; `bend` is a
    row of :func:`bends`. The points of the ends are no obstacles. All of the path is in the grid.
    """
    du, dv = u1 - u0, v1 - v0
    bu = bend[0] * du * du + bend[1] * du * dv + bend[2] * dv * dv
    bv = bend[3] * du * du + bend[4] * du * dv + bend[5] * dv * dv
    bulge = path_m * path_m / (2 * earth_m)
    slope = second_m - first_m
    blind = -0.78 * math.sqrt(wave_m * path_m / 8)
    step = 1.0 / steps
    to_near = to_far = 0.0
    closest = -1e30
    for i in range(1, steps):
        t = i * step
        w = t * (1.0 - t)
        u, v = u0 + du * t - bu * w, v0 + dv * t - bv * w
        over = height_at(heights, u, v) + bulge * w - (first_m + slope * t)
        if over > blind:
            if over > to_near * t:
                to_near = over / t
            if over > to_far * (1.0 - t):
                to_far = over / (1.0 - t)
            if to_near == 0.0:
                closest = max(closest, over / math.sqrt(w))
    if to_near > 0.0:
        edge = edge_of(to_far / path_m, to_near / path_m, path_m, wave_m)
    else:
        edge = knife_edge(closest * math.sqrt(2 / (wave_m * path_m)))
    return corrected(edge, path_m) if edge > 0 else 0.0


@njit(cache=True, nogil=True)
def _heights(heights, u, v):  # type: ignore[no-untyped-def]
    rows, columns = heights.shape
    out = np.full(u.size, np.nan)
    for i in range(u.size):
        if 0 <= u[i] < columns - 1 and 0 <= v[i] < rows - 1:
            out[i] = height_at(heights, u[i], v[i])
    return out


def heights_at(heights: NDArray[Any], u: Floats, v: Floats) -> Floats:
    """Heights at columns u and rows v, m; NaN outside the centres of the outer pixels."""
    return _heights(heights, np.asarray(u, float), np.asarray(v, float))


def bends(
    to_pixels: Callable[[Floats, Floats], tuple[Floats, Floats]], lon: Floats, lat: Floats
) -> Floats:
    """How great circles through places bend on the map, shape (n, 6).

    On the map a great circle p(t) has p'' = Q(p', p'), with Q symmetric: three numbers for the
    column (of du du, du dv and dv dv), three for the row. They are found from the second
    differences of three great circles through the place, and halved, so that a path of step
    (du, dv) is p0 + t (du, dv) - t (1 - t) Q(du, dv).

    Parameters
    ----------
    to_pixels
        Longitudes and latitudes to columns and rows of the grid.
    lon, lat
        WGS-84, degrees.
    """
    first, second = [], []
    here = np.stack(to_pixels(lon, lat))
    for azimuth in (0.0, 60.0, 120.0):
        ends = []
        for turned in (azimuth, azimuth + 180.0):
            turn = np.full(lon.shape, turned)
            ends.append(
                np.stack(to_pixels(*points_at(lon, lat, turn, np.full(lon.shape, _NEAR_M))))
            )
        first.append((ends[0] - ends[1]) / 2)
        second.append((ends[0] - 2 * here + ends[1]) / 2)
    du, dv = (np.stack([f[k] for f in first], axis=-1) for k in (0, 1))
    squares = np.stack([du * du, du * dv, dv * dv], axis=-1)
    found = [
        np.linalg.solve(squares, np.stack([s[k] for s in second], -1)[..., None]) for k in (0, 1)
    ]
    return np.concatenate([f[..., 0] for f in found], axis=-1)
