"""Blocks of the map, and thinned sets of places.

Positions are longitude and latitude, degrees, WGS-84. Distances are chords through the ellipsoid
(`geodesy.points_m`): what a covariance takes in three dimensions is a covariance anywhere on the
globe.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import metres_per_degree_lon
from covermap.core.mixing import GOLDEN, mixed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_METRES_PER_DEGREE_LAT = 111_195.0


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
        z = mixed((np.uint64(blocks[i]) ^ (np.uint64(salt) * GOLDEN)) + GOLDEN)
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
