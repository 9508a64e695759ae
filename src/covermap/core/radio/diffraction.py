"""Diffraction over terrain: Recommendation ITU-R P.526-15.

The loss of one knife edge (section 4.1, J of nu) and of a whole profile by the Bullington
construction (section 4.5.1) with its empirical correction. Heights and distances in m.

The spherical-Earth part that makes of it the delta-Bullington model (section 4.5.3) is left out on
purpose: it stands for smooth ground between low antennas, which the two-slope formulae of TR 38.901
already hold; both together would count the ground twice.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_M = 6_371_000.0
K_MEDIAN = 4.0 / 3.0
"""Effective Earth radius factor of the median atmosphere (section 2)."""
LIGHT_M_S = 299_792_458.0


@njit(cache=True)
def knife_edge(nu: float) -> float:
    """Loss of a knife edge, dB: J(nu), 0 up to nu = -0.78 (section 4.1)."""
    if nu <= -0.78:
        return 0.0
    return 6.9 + 20 * math.log10(math.sqrt((nu - 0.1) ** 2 + 1) + nu - 0.1)


@njit(cache=True)
def corrected(edge_db: float, path_m: float) -> float:
    """Bullington loss, dB, of its edge's loss: section 4.5.1, last equation."""
    return edge_db + (1 - math.exp(-edge_db / 6)) * (10 + 0.02 * path_m / 1000)


@njit(cache=True)
def edge_of(to_far: float, to_near: float, path_m: float, wave_m: float) -> float:
    """Loss, dB, of the edge where the two horizons meet.

    `to_near` and `to_far` are the steepest slopes above the straight line between the antennas,
    seen from the first and from the second antenna; both positive.
    """
    at = to_far * path_m / (to_near + to_far)
    rise = to_near * at
    return knife_edge(rise * math.sqrt(2 * path_m / (wave_m * at * (path_m - at))))


@njit(cache=True)
def bullington(
    distance_m: Floats,
    height_m: Floats,
    first_m: float,
    second_m: float,
    wave_m: float,
    earth_m: float,
) -> float:
    """Loss, dB, of a profile: distances from the first antenna (ascending), heights of the ground.

    The first and last points are the antennas' own and are no obstacles. `first_m` and `second_m`
    are the antennas above the same zero as the heights, `earth_m` the effective Earth radius.
    """
    n = distance_m.size
    start, path = distance_m[0], distance_m[n - 1] - distance_m[0]
    to_near = to_far = 0.0
    nu = -10.0
    for i in range(1, n - 1):
        d = distance_m[i] - start
        rest = path - d
        over = height_m[i] + d * rest / (2 * earth_m) - first_m - (second_m - first_m) * d / path
        to_near, to_far = max(to_near, over / d), max(to_far, over / rest)
        nu = max(nu, over * math.sqrt(2 * path / (wave_m * d * rest)))
    edge = edge_of(to_far, to_near, path, wave_m) if to_near > 0 else knife_edge(nu)
    return corrected(edge, path)
