"""Places as points in space, blocks of the map, and thinned sets of places.

Positions are longitude and latitude, degrees, WGS-84. Distances are chords through the ellipsoid:
what a covariance takes in three dimensions is a covariance anywhere on the globe, and a chord of
50 km is 0.13 m shorter than its arc.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import ECCENTRICITY_2, SEMI_MAJOR_M, metres_per_degree_lon

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_METRES_PER_DEGREE_LAT = 111_195.0
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def points_m(lon: Floats, lat: Floats) -> Floats:
    """Earth-centred coordinates of points of the ellipsoid, m: one row of x, y, z a point.

    Examples
    --------
    >>> points_m(np.array([0.0]), np.array([0.0])).tolist()
    [[6378137.0, 0.0, 0.0]]
    """
    lam, phi = np.radians(lon), np.radians(lat)
    sine = np.sin(phi)
    normal = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY_2 * sine * sine)
    flat = normal * np.cos(phi)
    return np.column_stack(
        [flat * np.cos(lam), flat * np.sin(lam), normal * (1.0 - ECCENTRICITY_2) * sine]
    )


def blocks_of(lon: Floats, lat: Floats, side_m: float) -> Ints:
    """Give the number of the square block of about `side_m` that each point lies in.

    Rows of blocks are `side_m` high (to 0.6 %); in each, blocks are `side_m` wide. A block's number
    depends on the place alone, not on what else is given.

    Examples
    --------
    >>> at = blocks_of(np.array([9.0, 9.001, 9.1]), np.full(3, 53.0), 2000.0)
    >>> bool(at[0] == at[1]), bool(at[0] == at[2])
    (True, False)
    """
    step = side_m / _METRES_PER_DEGREE_LAT
    row = np.floor((np.asarray(lat) + 90.0) / step).astype(np.int64)
    middle = (row + 0.5) * step - 90.0
    column = np.floor((np.asarray(lon) + 180.0) * metres_per_degree_lon(middle) / side_m)
    return (row << 32) | column.astype(np.int64)


@njit(cache=True)
def parts_of(blocks: Ints, parts: int, salt: int) -> Ints:
    """Deal blocks out to `parts` parts by a hash: 0 to parts - 1, the same on every machine.

    Another `salt` deals them out anew, independently.
    """
    out = np.empty(len(blocks), np.int64)
    for i in range(len(blocks)):
        z = (np.uint64(blocks[i]) ^ (np.uint64(salt) * _GOLDEN)) + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        z = z ^ (z >> np.uint64(31))
        out[i] = np.int64(z % np.uint64(parts))
    return out


def thinned(points: Floats, side_m: float, variance: Floats) -> Ints:
    """Give the rows of one point a cube of `side_m`: that of least variance, ascending.

    Of equal ones it is the first.
    """
    if not len(points):
        return np.zeros(0, np.int64)
    cube = np.floor(points / side_m).astype(np.int64)
    order = np.lexsort([np.arange(len(points)), variance, *cube.T])
    new = np.ones(len(points), np.bool_)
    new[1:] = np.any(cube[order[1:]] != cube[order[:-1]], axis=1)
    return np.sort(order[new])
