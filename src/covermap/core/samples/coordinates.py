"""Coordinates as written to WGS-84, and those that cannot be positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from covermap.core.datum import to_wgs84

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEAR_DEG, FAR_DEG = 1.0, 5.0
"""A position is exchanged if it is farther than FAR from its run's middle and nearer than NEAR
once longitude and latitude change places."""
AREA_MARGIN_DEG = 1.0
"""How far outside a projection's area of use a position may lie."""


@dataclass(frozen=True)
class Coordinates:
    """Positions of rows; all arrays have one shape. A row is in at most one of the kinds."""

    lon: Floats
    """Degrees WGS-84; NaN in every row of the kinds below."""
    lat: Floats
    missing: Bools
    """Not given, NaN or infinite."""
    zero: Bools
    """Exactly 0, 0."""
    outside: Bools
    """Outside the datum's range."""
    swapped: Bools
    """Longitude and latitude look exchanged."""

    @property
    def bad(self) -> Bools:
        """Rows without a position."""
        return self.missing | self.zero | self.outside | self.swapped


def read_coordinates(x: Floats, y: Floats, datum: str, run: Ints) -> Coordinates:
    """Convert positions of a datum to WGS-84 and tell what cannot be one.

    Parameters
    ----------
    x, y : arrays of float64
        Longitude and latitude in degrees, or easting and northing, NaN where empty.
    datum : str
        As `core.datum` names it.
    run : array of int64
        Run of each row: an exchanged position is told from its run's other rows.

    Examples
    --------
    >>> found = read_coordinates(
    ...     np.array([121.4, 0.0, np.nan, 31.2]), np.array([31.2, 0.0, 1.0, 121.4]),
    ...     "wgs84", np.zeros(4, dtype=int))
    >>> found.zero.tolist(), found.missing.tolist(), found.swapped.tolist()
    ([False, True, False, False], [False, False, True, False], [False, False, False, True])
    """
    missing = ~(np.isfinite(x) & np.isfinite(y))
    zero = ~missing & (x == 0) & (y == 0)
    given = ~missing & ~zero
    if is_geographic(datum):
        outside, swapped = _check_degrees(x, y, given, run)
    else:
        outside, swapped = np.zeros(x.shape, dtype=bool), np.zeros(x.shape, dtype=bool)
    use = given & ~outside & ~swapped
    lon, lat = to_wgs84(np.where(use, x, np.nan), np.where(use, y, np.nan), datum)
    strange = use & ~_within(lon, lat, datum)
    lon, lat = np.where(strange, np.nan, lon), np.where(strange, np.nan, lat)
    return Coordinates(lon, lat, missing, zero, outside | strange, swapped)


@lru_cache(maxsize=32)
def is_geographic(datum: str) -> bool:
    """Whether a datum's coordinates are longitude and latitude in degrees."""
    return not datum.startswith("EPSG:") or bool(CRS.from_user_input(datum).is_geographic)


def _check_degrees(x: Floats, y: Floats, given: Bools, run: Ints) -> tuple[Bools, Bools]:
    with np.errstate(invalid="ignore"):
        beyond = given & ((np.abs(x) > 180.0) | (np.abs(y) > 90.0))
        swapped = beyond & (np.abs(x) <= 90.0) & (np.abs(y) <= 180.0)
    return beyond & ~swapped, swapped | _unlike_its_run(x, y, given & ~beyond, run)


def _unlike_its_run(x: Floats, y: Floats, use: Bools, run: Ints) -> Bools:
    """Rows far from their run's median position, that lie near it once exchanged."""
    found = np.zeros(x.shape, dtype=bool)
    rows = np.flatnonzero(use)
    if rows.size == 0:
        return found
    runs = int(run.max()) + 1
    mid_x, mid_y = _medians(x[rows], run[rows], runs), _medians(y[rows], run[rows], runs)
    at_x, at_y = mid_x[run[rows]], mid_y[run[rows]]
    far = np.maximum(np.abs(x[rows] - at_x), np.abs(y[rows] - at_y)) > FAR_DEG
    near = np.maximum(np.abs(y[rows] - at_x), np.abs(x[rows] - at_y)) < NEAR_DEG
    found[rows] = far & near
    return found


def _medians(values: Floats, run: Ints, runs: int) -> Floats:
    """Lower median of each run's values; NaN for a run without any."""
    order = np.lexsort((values, run))
    counts = np.bincount(run, minlength=runs)
    starts = np.cumsum(counts) - counts
    middle = np.full(runs, np.nan)
    some = counts > 0
    middle[some] = values[order][(starts + (counts - 1) // 2)[some]]
    return middle


def _within(lon: Floats, lat: Floats, datum: str) -> Bools:
    west, south, east, north = _area(datum)
    with np.errstate(invalid="ignore"):
        return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


@lru_cache(maxsize=32)
def _area(datum: str) -> tuple[float, float, float, float]:
    """West, south, east and north of where a datum's coordinates can be, with a margin."""
    whole = (-180.0, -90.0, 180.0, 90.0)
    if is_geographic(datum):
        return whole
    area = CRS.from_user_input(datum).area_of_use
    if area is None or area.west > area.east:
        return whole
    margin = AREA_MARGIN_DEG
    return area.west - margin, area.south - margin, area.east + margin, area.north + margin
