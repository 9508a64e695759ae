"""Positions to cells, without asking H3 but where rounding would decide.

A position is projected onto its face, and the nearest whole (a, b) is its cell. H3 does the same
by way of angles, so both differ by rounding alone: about 1e-15 of the earth's radius, and more
within a kilometre of a face's centre, where H3 takes an arc cosine near 1. A position nearer than
`_MARGIN` to the edge of a hexagon or of a face is left to `h3` itself.

Most samples follow one another closely. Near the last position that was projected (the anchor)
(a, b) is linear in longitude and latitude but for an error bounded by the square of the distance;
a sample that lies farther than this bound from the edges of the nearest hexagon needs neither a
sine nor a projection, and none that falls into the last cell needs more than the comparison.
"""

from __future__ import annotations

from functools import cache
from math import cos, radians, sin, sqrt
from typing import NamedTuple

import h3.api.basic_int as h3
import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from covermap.core.arrays import read_only
from covermap.core.cells.icosahedron import Floats, Ints, density, icosahedron, refine
from covermap.core.cells.lattice import NO_CELL, base_cells, number, steps

_RADIAN = radians(1.0)
_MARGIN = 2e-13
"""Radii of the earth (1.3 um) by which a position must be clear of an edge. `h3` was found to
differ by 4e-15 at most."""
_CENTRE_MARGIN = 2e-15
"""Added to it, divided by the distance from the face's centre in radii; 36 times what was found."""
_NO_ARC = 1e-8
"""Nearer to the centre than this, in radii, H3's arc cosine is 0."""
_LONGEST_DEG = 720.0
"""Longitudes and latitudes beyond this are left to `h3`: their degrees have fewer digits."""
_FOLLOWS_DEG = 1.0
"""Positions nearer than this to the one before may be followed by more: an anchor is worth it."""
_ANCHOR = 12
"""Numbers of an anchor: longitude, latitude, a, b, slopes of a and of b, squared cosine of
latitude, squared reach in degrees, bend, clearance."""
_BEND = 5.0
"""Bound of the second derivative of (a, b), halved, times the cosine of latitude, in radii: 1.6 of
the projection times 2 of the meridians' convergence, and 1.3 of the projection itself."""
_LINEAR = 0.05
"""Largest error of (a, b) for which an anchor is of use, in units."""
_POLAR = 0.02
"""No anchors where the cosine of latitude is less."""
_FACE_SLOPE = 0.75
"""How fast the difference of two faces' cosines changes at most: the distance of their centres."""


class _Grid(NamedTuple):
    """What the kernel knows of one resolution."""

    resolution: int
    density: float
    """Units in one radius of the earth, near the centre of a face."""
    centre: Floats
    """Faces' centres, shape (20, 3); the last ten are opposite to the first."""
    forms: Floats
    """Forms of (a, b) of this resolution, shape (20, 2, 3)."""
    single: Ints
    double: Ints
    base: Ints


@cache
def _grid(resolution: int) -> _Grid:
    ico = icosahedron()
    forms = np.einsum("ij,fjx->fix", refine(resolution).astype(np.float64), ico.forms)
    unit = float(np.linalg.norm(ico.axes[0, 0]))
    return _Grid(
        resolution, density(resolution) / unit, ico.centre,
        np.ascontiguousarray(forms), *steps(), base_cells(),
    )  # fmt: skip


def cells_at(lon: ArrayLike, lat: ArrayLike, resolution: int) -> Ints:
    """Cell that holds each position.

    Parameters
    ----------
    lon, lat
        Degrees WGS-84, one length. Longitudes beyond +-180 wrap round.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    int64 array
        `NO_CELL` where a coordinate is NaN or infinite.

    Raises
    ------
    ValueError
        `resolution` is not one of H3's.

    Notes
    -----
    Equal to ``h3.latlng_to_cell`` everywhere. Fastest where positions that follow one another lie
    near each other, as in a log. The GIL is released: calls on several threads run side by side.

    Examples
    --------
    >>> [hex(c) for c in cells_at([121.47, float("nan")], [31.23, 0.0], 10)]
    ['0x8a309959d54ffff', '0x0']
    """
    if not 0 <= resolution <= 15:
        raise ValueError(f"resolution {resolution}: H3 has 0 to 15")
    lon, lat = read_only(lon, np.float64), read_only(lat, np.float64)
    cells = np.empty(len(lon), np.int64)
    doubtful = _index(lon, lat, cells, *_grid(int(resolution)))
    if len(doubtful):
        cells[doubtful] = _asked(lon[doubtful], lat[doubtful], resolution)
    return cells


def _asked(lon: Floats, lat: Floats, resolution: int) -> Ints:
    """Ask `h3` itself, once for each distinct position (a fixed probe repeats one)."""
    at, back = np.unique(np.stack([lat, lon]), axis=1, return_inverse=True)
    found = [h3.latlng_to_cell(y, x, resolution) for y, x in at.T.tolist()]
    return np.array(found, np.int64)[back]


@njit(cache=True, nogil=True)
def _index(
    lon: Floats, lat: Floats, cells: Ints, resolution: int, density: float, centre: Floats,
    forms: Floats, single: Ints, double: Ints, base: Ints,
) -> Ints:  # fmt: skip
    """Fill `cells`; give the places that are left to `h3`."""
    doubtful, count = np.empty(16, np.int64), 0
    anchor, anchor_face = np.zeros(_ANCHOR), 0  # of reach 0: none
    last_a, last_b, last_face, last = np.int64(0), np.int64(0), -1, np.int64(NO_CELL)
    before_lon, before_lat = np.inf, np.inf
    for n in range(len(lon)):
        x, y = lon[n], lat[n]
        a, b, known = _beside(x, y, anchor)
        face = anchor_face
        if not known:
            if not (abs(x) < _LONGEST_DEG and abs(y) < _LONGEST_DEG):
                cells[n] = NO_CELL
                if np.isfinite(x) and np.isfinite(y):
                    doubtful, count = _push(doubtful, count, n)
                continue
            face, u, v, ray = _project(x, y, centre, forms)
            a, b, room = _nearest(u, v)
            clear = _clearance(u, v, density)
            follows = abs(x - before_lon) + abs(y - before_lat) < _FOLLOWS_DEG
            if follows and _drop_anchor(
                anchor, x, y, u, v, ray, density, centre[face], forms[face]
            ):
                anchor_face = face
            before_lon, before_lat = x, y
            if room < clear or ray.gap < _MARGIN:
                doubtful, count = _push(doubtful, count, n)
                continue
        if a != last_a or b != last_b or face != last_face:
            last_a, last_b, last_face = a, b, face
            last = number(face, a, b, resolution, single, double, base)
        cells[n] = last
        if last == NO_CELL:
            doubtful, count = _push(doubtful, count, n)
    return doubtful[:count]


class _Ray(NamedTuple):
    """A position as a unit vector, and how its face sees it."""

    east: float
    """Cosine and sine of longitude, then of latitude."""
    side: float
    level: float
    up: float
    near: float
    """Cosine to the centre of its face."""
    gap: float
    """By how much that is more than to any other."""


@njit(cache=True, nogil=True)
def _project(x: float, y: float, centre: Floats, forms: Floats) -> tuple[int, float, float, _Ray]:
    """Give the face of a position in degrees, (a, b) on it, and the ray."""
    cx, sx = cos(x * _RADIAN), sin(x * _RADIAN)
    cy, sy = cos(y * _RADIAN), sin(y * _RADIAN)
    px, py = cy * cx, cy * sx
    axis, near, second = 0, 0.0, 0.0
    for k in range(10):  # a face and its opposite
        dot = abs(px * centre[k, 0] + py * centre[k, 1] + sy * centre[k, 2])
        if dot > near:
            axis, near, second = k, dot, near
        elif dot > second:
            second = dot
    face = axis
    if px * centre[axis, 0] + py * centre[axis, 1] + sy * centre[axis, 2] < 0.0:
        face += 10
    u = (px * forms[face, 0, 0] + py * forms[face, 0, 1] + sy * forms[face, 0, 2]) / near
    v = (px * forms[face, 1, 0] + py * forms[face, 1, 1] + sy * forms[face, 1, 2]) / near
    return face, u, v, _Ray(cx, sx, cy, sy, near, near - second)


@njit(cache=True, nogil=True)
def _from_centre(u: float, v: float, density: float) -> float:
    """Give the distance of (a, b) from the centre of the face, in radii of the earth."""
    return sqrt(u * u + v * v - u * v) / density


@njit(cache=True, nogil=True)
def _clearance(u: float, v: float, density: float) -> float:
    """Give how far from an edge of its hexagon a position must be, in units."""
    return density * (_MARGIN + _CENTRE_MARGIN / max(_from_centre(u, v, density), _NO_ARC))


@njit(cache=True, nogil=True)
def _drop_anchor(
    anchor: Floats, x: float, y: float, u: float, v: float, ray: _Ray, density: float,
    centre: Floats, forms: Floats,
) -> bool:  # fmt: skip
    """Keep how (a, b) changes about a position, or give False where that would be of no use."""
    if ray.level < _POLAR:
        return False
    bend = _BEND * density / ray.level * _RADIAN * _RADIAN
    reach = min(sqrt(_LINEAR / bend), 0.1 * ray.level / _RADIAN)
    reach = min(reach, 0.5 * _from_centre(u, v, density) / _RADIAN)
    reach = min(reach, (ray.gap - _MARGIN) / _FACE_SLOPE / _RADIAN)
    if reach <= 0.0:
        return False
    anchor[0], anchor[1], anchor[2], anchor[3] = x, y, u, v
    anchor[4], anchor[5] = _slopes(forms[0], centre, u, ray)
    anchor[6], anchor[7] = _slopes(forms[1], centre, v, ray)
    anchor[8] = ray.level * ray.level
    anchor[9] = reach * reach
    anchor[10] = bend
    anchor[11] = 2.0 * _clearance(u, v, density)  # half as far from the centre it is twice as much
    return True


@njit(cache=True, nogil=True)
def _slopes(form: Floats, centre: Floats, value: float, ray: _Ray) -> tuple[float, float]:
    """Give the slopes of ``p.form / p.centre`` by degree of longitude and of latitude."""
    fx, fy = form[0] - value * centre[0], form[1] - value * centre[1]
    out = ray.east * fx + ray.side * fy
    east = ray.level * (ray.east * fy - ray.side * fx)
    north = ray.level * (form[2] - value * centre[2]) - ray.up * out
    return east / ray.near * _RADIAN, north / ray.near * _RADIAN


@njit(cache=True, nogil=True)
def _beside(x: float, y: float, anchor: Floats) -> tuple[np.int64, np.int64, bool]:
    """Give (a, b) of a position from the anchor's, and whether it is sure."""
    dx, dy = x - anchor[0], y - anchor[1]
    away2 = dx * dx * anchor[8] + dy * dy
    if not away2 < anchor[9]:
        return np.int64(0), np.int64(0), False
    u = anchor[2] + dx * anchor[4] + dy * anchor[5]
    v = anchor[3] + dx * anchor[6] + dy * anchor[7]
    a, b, room = _nearest(u, v)
    return a, b, room > anchor[11] + anchor[10] * away2


@njit(cache=True, nogil=True)
def _nearest(u: float, v: float) -> tuple[np.int64, np.int64, float]:
    """Give the whole (a, b) nearest to (u, v), and the distance to its hexagon's edge, in units."""
    a, b = np.rint(u), np.rint(v)
    s, t = u - a - 0.5 * (v - b), v - b - 0.5 * (u - a)
    if abs(s) > abs(t):
        a += np.rint(s)
    else:
        b += np.rint(t)
    s, t = u - a - 0.5 * (v - b), v - b - 0.5 * (u - a)
    room = 0.5 - max(abs(s), abs(t), abs(s + t))
    return np.int64(a), np.int64(b), room


@njit(cache=True, nogil=True)
def _push(places: Ints, count: int, place: int) -> tuple[Ints, int]:
    """Append to a list that grows."""
    if count == len(places):
        longer = np.empty(2 * count, np.int64)
        longer[:count] = places
        places = longer
    places[count] = place
    return places, count + 1
