"""Places within a distance of points: pairs of both, by a grid of rows of latitude."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import ECCENTRICITY_2, SEMI_MAJOR_M

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RADIAN = np.pi / 180.0
_SMALLEST_DEGREE_M = 110_570.0
"""A degree of latitude is never shorter."""
LONGEST_M = 20_000.0


class Near:
    """Places, sorted so that those near points are found quickly.

    Parameters
    ----------
    lon, lat
        Places, degrees WGS-84; one with a coordinate that is NaN is near nothing.
    radius_m
        How near, at most 20 km. Distances are taken with the ellipsoid's radii of curvature at the
        middle latitude (error below 1e-6 at 1 km, and 1e-4 at 20 km).

    Examples
    --------
    >>> near = Near(np.array([120.001]), np.array([30.0]), 100.0)
    >>> point, place = near.pairs(np.array([120.0, 120.1]), np.array([30.0, 30.0]))
    >>> point.tolist(), place.tolist()
    ([0], [0])
    """

    def __init__(self, lon: Floats, lat: Floats, radius_m: float) -> None:
        if not 0 < radius_m <= LONGEST_M:
            raise ValueError(f"radius {radius_m}: more than 0 and at most {LONGEST_M:g} m")
        self.radius_m = radius_m
        self._height = 1.001 * radius_m / _SMALLEST_DEGREE_M
        known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        row = np.floor(lat[known] / self._height).astype(np.int64)
        east = _within_turn(lon[known])
        order = np.lexsort((known, east, row))
        self._lon, self._lat = east[order], np.asarray(lat[known][order], np.float64)
        self._place, self._row = known[order].astype(np.int64), row[order]

    def pairs(self, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Pairs of a point (degrees WGS-84) and a place that is near it.

        Numbers of both, sorted by point, then place: of another length than the points.
        """
        lon, lat = _within_turn(lon), np.ascontiguousarray(lat, np.float64)
        return _pairs(
            lon, lat, self._lon, self._lat, self._place, self._row, self._height, self.radius_m
        )


def _within_turn(lon: Floats) -> Floats:
    return np.mod(np.asarray(lon, np.float64) + 180.0, 360.0) - 180.0


@njit(cache=True, nogil=True)
def _pairs(
    lon: Floats, lat: Floats, place_lon: Floats, place_lat: Floats, place: Ints, row: Ints,
    height: float, radius_m: float,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Look through three rows of places about each point; places come by row and longitude."""
    left, right, count = np.empty(1024, np.int64), np.empty(1024, np.int64), 0
    for i in range(len(lon)):
        if not (np.isfinite(lon[i]) and np.isfinite(lat[i])):
            continue
        here, first = np.int64(np.floor(lat[i] / height)), count
        level = np.cos(min(abs(lat[i]) + height, 90.0) * _RADIAN)
        wide = height / level if level > height / 180.0 else 180.0
        for r in range(here - 1, here + 2):
            a, b = np.searchsorted(row, r), np.searchsorted(row, r + 1)
            for turn in (-360.0, 0.0, 360.0):
                west, east = lon[i] - wide + turn, lon[i] + wide + turn
                if b == a or east < -180.0 or west > 180.0:
                    continue
                for k in range(a + np.searchsorted(place_lon[a:b], west), b):
                    if place_lon[k] > east:
                        break
                    away = _metres(lon[i] + turn - place_lon[k], lat[i], place_lat[k])
                    if away > radius_m:
                        continue
                    if count == len(left):
                        left = np.append(left, np.empty(count, np.int64))
                        right = np.append(right, np.empty(count, np.int64))
                    left[count], right[count] = i, place[k]
                    count += 1
        right[first:count] = np.sort(right[first:count])
    return left[:count], right[:count]


@njit(cache=True, nogil=True)
def _metres(east_deg: float, lat: float, other: float) -> float:
    """Distance by the mid-latitude formula, m."""
    sine, cosine = np.sin(0.5 * (lat + other) * _RADIAN), np.cos(0.5 * (lat + other) * _RADIAN)
    root = 1.0 - ECCENTRICITY_2 * sine * sine
    normal = SEMI_MAJOR_M / np.sqrt(root)
    meridian = normal * (1.0 - ECCENTRICITY_2) / root
    x, y = east_deg * _RADIAN * normal * cosine, (lat - other) * _RADIAN * meridian
    return np.sqrt(x * x + y * y)
