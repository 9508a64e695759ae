"""Cells located from where they were heard: position, and the radius that it is known to.

Each cell by itself, by :mod:`covermap.core.sites.posterior`. An identity that was heard in two
towns, farther apart than any cell reaches, is two cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.sites.heard import Counts, parts_of, places_of
from covermap.core.sites.posterior import REACH_M, masts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHARE = 0.9
"""Of the posterior, within `uncertainty_m`."""


@dataclass(frozen=True)
class Located:
    """Cells where they seem to stand; arrays of one length, ascending by cell, then part."""

    cell: Ints
    part: Ints
    """0, or the number of a further part: the same identity was heard in another town."""
    lon: Floats
    lat: Floats
    uncertainty_m: Floats
    """Radius around the position within which the mast stands with a probability of `SHARE`."""
    n: Ints
    """Samples."""


def locate(counts: Counts, reach_m: float = REACH_M) -> Located:
    """Locate cells from counts of samples.

    Parameters
    ----------
    counts
        Levels as of a resource element of 10 MHz, so that technologies compare.
    reach_m
        Parts of a cell farther apart than this are two cells.

    Returns
    -------
    Located
        Does not depend on the order of the rows of `counts` within a cell.

    Examples
    --------
    >>> one = np.array([0])
    >>> there = Counts(one, one, np.array([18_000]), np.array([106_000]), np.array([-80]), one + 5)
    >>> found = locate(there)
    >>> found.lon.round(2).tolist(), found.lat.round(2).tolist(), bool(found.uncertainty_m > 500)
    ([9.0], [53.0], True)
    """
    part = parts_of(counts, reach_m)
    order = np.lexsort((part, counts.cell))
    named = np.column_stack([counts.cell, part])[order]
    new = np.r_[True, np.any(np.diff(named, axis=0) != 0, axis=1)][: len(order)]
    rows, number = counts.take(order), np.cumsum(new) - 1
    places = places_of(Counts(number, rows.kind, rows.east, rows.north, rows.level_db, rows.n))
    first = np.flatnonzero(np.r_[True, np.diff(places.cell) != 0][: len(places.cell)])
    lon0, lat0 = places.lon[first], places.lat[first]
    east = np.mod(places.lon - lon0[places.cell] + 180.0, 360.0) - 180.0
    found = masts(
        east * metres_per_degree_lon(lat0[places.cell]),
        (places.lat - lat0[places.cell]) * metres_per_degree_lat(lat0[places.cell]),
        places.level_dbm, places.n.astype(np.float64), places.kind,
        np.r_[first, len(places.cell)], SHARE,
    )  # fmt: skip
    lon = np.mod(lon0 + found[:, 0] / metres_per_degree_lon(lat0) + 180.0, 360.0) - 180.0
    lat = lat0 + found[:, 1] / metres_per_degree_lat(lat0)
    n = np.bincount(number, weights=rows.n, minlength=len(first)).astype(np.int64)
    return Located(named[new, 0], named[new, 1], lon, lat, found[:, 2], n)
