"""Which way chainage grows along a course.

A named course that is alone on its route and drawn in one direction keeps it: who draws a whole
line says where it starts. Of several courses of one route (carriageways, tracks) all run the same
way, towards east-north-east, so that their chainages are near each other; unnamed ones too.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.chains import Chains

Objects = NDArray[np.object_]

DRAWN_SHARE = 0.9
"""A course is taken as drawn in one direction when this share of its length is."""
EASTWARD_DEG = 67.5
"""Otherwise chainage grows towards this azimuth (or the half circle around it)."""


def drawn_directions(chains: Chains, length_m: Floats, n: int) -> Floats:
    """Direction in which the ways of each of n courses are drawn: +1 along it, -1 against, 0 both.

    `length_m` gives the length of each way.
    """
    total = np.bincount(chains.chain, weights=length_m, minlength=n)
    backward = np.bincount(chains.chain, weights=length_m * chains.reverse, minlength=n)
    share = backward / np.maximum(total, 1e-9)
    return np.where(share <= 1 - DRAWN_SHARE, 1.0, np.where(share >= DRAWN_SHARE, -1.0, 0.0))


def runs_backwards(geometry: Objects, drawn: Floats, route: Ints) -> NDArray[np.bool_]:
    """Tell which courses must be turned round for chainage to grow as it should.

    Parameters
    ----------
    geometry, drawn
        LineStrings and the directions they are drawn in (see :func:`drawn_directions`).
    route
        Route of each course, -1 for none (see ``pairing.routes_of``).
    """
    named = route >= 0
    courses = np.bincount(route[named], minlength=1) if named.any() else np.zeros(1, np.int64)
    alone = named & (courses[np.maximum(route, 0)] == 1) & (drawn != 0)
    return np.where(alone, drawn < 0, ~runs_east(geometry))


def runs_east(geometry: Objects) -> NDArray[np.bool_]:
    """Tell which courses run towards east-north-east, or counter-clockwise where closed."""
    start = shapely.get_coordinates(shapely.get_point(geometry, 0))
    end = shapely.get_coordinates(shapely.get_point(geometry, -1))
    step = end - start
    east = step[:, 0] * np.cos(np.radians(0.5 * (start[:, 1] + end[:, 1])))
    axis = np.radians(EASTWARD_DEG)
    progress = east * np.sin(axis) + step[:, 1] * np.cos(axis)
    closed = (step == 0).all(axis=1)
    progress[closed] = _signed_areas(geometry[closed])
    return progress >= 0


def _signed_areas(geometry: Objects) -> Floats:
    """Area enclosed by closed courses, degrees squared, positive counter-clockwise."""
    coordinates, index = shapely.get_coordinates(geometry, return_index=True)
    x, y = coordinates[:, 0], coordinates[:, 1]
    cross = np.zeros(len(index))
    cross[1:] = np.where(index[1:] == index[:-1], x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    return np.bincount(index, weights=cross, minlength=len(geometry)).astype(float) / 2
