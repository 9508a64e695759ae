"""The icosahedron that H3 lies on: its faces, and lattice coordinates on each.

A point of the unit sphere is drawn from the centre of the sphere onto the plane of its face
(gnomonic projection). The vertices of a face lie there two units from its centre, along three axes
120 degrees apart; (a, b) counts units along the first and the second (the third is -1, -1). At
resolution 0 cells are the hexagons around whole (a, b); each finer resolution has a lattice
sqrt(7) times as dense, turned at odd resolutions and straight at even ones
(https://h3geo.org/docs/core-library/coordsystems). Where the icosahedron lies is asked of `h3`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FACES = 20
TURNED = np.array([[2, 1], [-1, 3]])
"""(a, b) of a resolution to (a, b) of the next one, when that is odd."""
STRAIGHT = np.array([[3, -1], [1, 2]])
"""The same when the next one is even; both together multiply by 7."""
UNITS = np.array([[0, 0], [-1, -1], [0, 1], [-1, 0], [1, 0], [0, -1], [1, 1]])
"""(a, b) of each digit, before the cell is turned into its base cell."""


@dataclass(frozen=True)
class Icosahedron:
    """Faces as arrays; unit vectors are earth-centred, x to (0, 0), z to the north pole."""

    centre: Floats
    """Unit vector of each face's centre, shape (20, 3); face f + 10 lies opposite to f."""
    corner: Ints
    """Vertices of each face, counter-clockwise, shape (20, 3)."""
    axes: Floats
    """Vectors of one unit of a and of b at resolution 0, shape (20, 2, 3)."""
    forms: Floats
    """What a point is multiplied by for a and b, shape (20, 2, 3): ``a = p.form / p.centre``."""


@cache
def icosahedron() -> Icosahedron:
    """Find the faces between the twelve pentagons of resolution 0."""
    vertex = unit_vectors(*np.transpose([h3.cell_to_latlng(c)[::-1] for c in h3.get_pentagons(0)]))
    near = vertex @ vertex.T > 0.4  # 0.447 between neighbours
    corner = []
    for i, j, k in combinations(range(len(vertex)), 3):
        if near[i, j] and near[j, k] and near[i, k]:
            left = np.linalg.det(vertex[[i, j, k]]) > 0
            corner.append((i, j, k) if left else (i, k, j))
    corners = _opposite_last(vertex, np.array(corner, np.int64))
    sums = vertex[corners].sum(1)
    centre = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    reach = np.einsum("fvx,fx->fv", vertex[corners], centre)
    axes = (vertex[corners] / reach[..., None] - centre[:, None])[:, :2] / 2
    forms = np.swapaxes(np.linalg.pinv(axes), 1, 2)
    return Icosahedron(centre, corners, axes, forms)


def _opposite_last(vertex: Floats, corners: Ints) -> Ints:
    """Order faces so that each of the first ten has its opposite ten places on."""
    sums = vertex[corners].sum(1)
    opposite = np.argmin(sums @ sums.T, axis=1)
    first = np.flatnonzero(np.arange(FACES) < opposite)
    return corners[np.concatenate([first, opposite[first]])]


def unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Give unit vectors of positions in degrees, shape (n, 3)."""
    x, y = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def density(resolution: int) -> float:
    """Units of a resolution in one unit of resolution 0."""
    return float(7.0 ** (resolution / 2))


def refine(resolution: int) -> Ints:
    """Matrix that takes (a, b) of resolution 0 to (a, b) of a resolution."""
    straight = np.eye(2, dtype=np.int64) * 7 ** (resolution // 2)
    return straight @ TURNED if resolution % 2 else straight


def positions(face: Ints, place: Floats | Ints, resolution: int) -> tuple[Floats, Floats]:
    """Give longitude and latitude in degrees of (a, b) on faces, `place` of shape (n, 2)."""
    ico = icosahedron()
    flat = np.linalg.solve(refine(resolution), np.asarray(place, np.float64).T)
    x, y, z = (ico.centre[face] + np.einsum("kn,nkx->nx", flat, ico.axes[face])).T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))
