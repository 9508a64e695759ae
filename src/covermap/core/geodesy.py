"""Lengths, azimuths and points on the WGS-84 ellipsoid, and a local metric plane.

Two grades of length. :func:`lengths_m` solves the geodesic (Karney, through pyproj; 15 nm); what
is published is measured with it. :func:`short_lengths_m` is the mid-latitude formula for bulk work
on short edges: relative error below 3e-7 up to 5 km between 70 S and 70 N.
Positions are longitude and latitude in degrees, WGS-84, as float64 arrays of one shape.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pyproj import Geod

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_2 = 6.694379990141316e-3
"""First eccentricity squared of WGS-84."""


@cache
def ellipsoid() -> Geod:
    """Give pyproj's solver for WGS-84."""
    return Geod(ellps="WGS84")


def lengths_m(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Geodesic length between pairs of points, m; NaN where a coordinate is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> zero, one = np.zeros(1), np.ones(1)
    >>> round(float(lengths_m(zero, zero, one, zero)[0]), 3)
    111319.491
    """
    return inverse(lon1, lat1, lon2, lat2)[1]


def inverse(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> tuple[Floats, Floats]:
    """Azimuth at the first point (degrees clockwise from north, 0 <= a < 360) and length, m."""
    azimuth, _, length = ellipsoid().inv(lon1, lat1, lon2, lat2)
    return np.mod(np.asarray(azimuth, float), 360.0), np.asarray(length, float)


def azimuths_deg(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Azimuth at the first of each pair of points, degrees clockwise from north, 0 <= a < 360.

    Two equal points have azimuth NaN: no direction leads from a point to itself.
    """
    azimuth, length = inverse(lon1, lat1, lon2, lat2)
    return np.where(length > 0, azimuth, np.nan)


def points_m(lon: Floats, lat: Floats) -> Floats:
    """Earth-centred coordinates of points of the ellipsoid, m: one row of x, y, z a point.

    A chord of 50 km is 0.13 m shorter than its arc, and no meridian is special.

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


def points_at(
    lon: Floats, lat: Floats, azimuth_deg: Floats, distance_m: Floats
) -> tuple[Floats, Floats]:
    """Points reached from points along geodesics: longitude and latitude, degrees."""
    lon2, lat2, _ = ellipsoid().fwd(lon, lat, azimuth_deg, distance_m)
    return np.asarray(lon2, float), np.asarray(lat2, float)


def chainages_m(lon: Floats, lat: Floats, line: Ints) -> Floats:
    """Chainage of each vertex along its line, m.

    Parameters
    ----------
    lon, lat
        Vertices of all lines, one line after the other.
    line
        Number of the line that each vertex belongs to, ascending.
    """
    if len(lon) == 0:
        return np.zeros(0)
    edge = np.zeros(len(lon))
    edge[1:] = lengths_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    first = np.r_[True, line[1:] != line[:-1]]
    return sums_within(np.where(first, 0.0, edge), first)


@njit(cache=True)
def sums_within(values: Floats, first: NDArray[np.bool_]) -> Floats:
    """Sum up, starting anew at each `first`, so that no line carries another's rounding."""
    sums = np.empty_like(values)
    total = 0.0
    for i in range(len(values)):
        total = values[i] if first[i] else total + values[i]
        sums[i] = total
    return sums


@njit(cache=True)
def metres_per_degree_lon(lat):  # type: ignore[no-untyped-def]
    """Length of a degree of longitude at a latitude, m: N(lat) cos(lat) pi/180.

    Takes and gives a number or an array; kernels call it too.
    """
    sine = np.sin(np.radians(lat))
    normal = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY_2 * sine * sine)
    return normal * np.cos(np.radians(lat)) * (np.pi / 180.0)


@njit(cache=True)
def metres_per_degree_lat(lat):  # type: ignore[no-untyped-def]
    """Length of a degree of latitude at a latitude, m: M(lat) pi/180; number or array."""
    sine = np.sin(np.radians(lat))
    w2 = 1.0 - ECCENTRICITY_2 * sine * sine
    return SEMI_MAJOR_M * (1.0 - ECCENTRICITY_2) / (w2 * np.sqrt(w2)) * (np.pi / 180.0)


def short_steps_m(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> tuple[Floats, Floats]:
    """Metres east and north from the first to the second of near points, by the middle latitude.

    The difference of longitude is taken the short way round, so the antimeridian is no edge.
    """
    middle = 0.5 * (lat1 + lat2)
    east = wrapped_deg(lon2 - lon1) * metres_per_degree_lon(middle)
    return east, (lat2 - lat1) * metres_per_degree_lat(middle)


def short_lengths_m(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Length between near points by the mid-latitude formula, m.

    Relative error below 3e-7 up to 5 km between 70 S and 70 N (tests compare with the geodesic).
    """
    return np.hypot(*short_steps_m(lon1, lat1, lon2, lat2))


def short_azimuths_deg(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Direction between near points at their middle, degrees 0 <= a < 360; NaN for equal points."""
    east, north = short_steps_m(lon1, lat1, lon2, lat2)
    azimuth = np.mod(np.degrees(np.arctan2(east, north)), 360.0)
    return np.where((east == 0) & (north == 0), np.nan, np.where(azimuth < 360.0, azimuth, 0.0))


def wrapped_deg(degrees: Floats) -> Floats:
    """Degrees brought into -180 <= d < 180."""
    return np.mod(degrees + 180.0, 360.0) - 180.0


def to_plane(lon: Floats, lat: Floats, lon0: float, lat0: float) -> tuple[Floats, Floats]:
    """Metres east and north of a point: a plane good to 1e-4 within 10 km of it."""
    return wrapped_deg(lon - lon0) * metres_per_degree_lon(lat0), (
        lat - lat0
    ) * metres_per_degree_lat(lat0)


def from_plane(x_m: Floats, y_m: Floats, lon0: float, lat0: float) -> tuple[Floats, Floats]:
    """Undo :func:`to_plane`."""
    lon = lon0 + x_m / metres_per_degree_lon(lat0)
    return wrapped_deg(lon), lat0 + y_m / metres_per_degree_lat(lat0)


def turn_deg(a_deg: Floats, b_deg: Floats) -> Floats:
    """Angle between two directions, 0 <= t <= 180 degrees; NaN where one is NaN."""
    return np.abs(wrapped_deg(a_deg - b_deg))


def axis_angle_deg(a_deg: Floats, b_deg: Floats) -> Floats:
    """Angle between two axes (a direction and its reverse are one), 0 <= t <= 90 degrees."""
    turn = turn_deg(a_deg, b_deg)
    return np.minimum(turn, 180.0 - turn)
