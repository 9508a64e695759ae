"""The measurements that tell of a place: near ones, all round, and some far ones.

The nearest of all would be one dense track, or one parking lot. So candidates come from several
sets, each thinner than the one before (one measurement a cube of 0.4, 1.5, 6 and 25 km), and of
these at most `PER_OCTANT` lie in any octant round the place, after the first few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.prediction.places import thinned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEIGHBOURS = 32
PER_OCTANT = 8
ALWAYS = 4
"""The nearest few, whatever their octant."""
THIN_M = (400.0, 1500.0, 6000.0, 25_000.0)
CANDIDATES = (24, 12, 12, 8, 8)
"""Of all, and of each thinned set."""


@dataclass(frozen=True)
class Nearby:
    """Measurements, ready to be asked for those near a place."""

    points: Floats
    sets: tuple[tuple[cKDTree, Ints], ...]


def nearby(points: Floats, variance: Floats, among: Ints | None = None) -> Nearby:
    """Make measurements ready; `among` are the rows that may be found (all without it)."""
    rows = np.arange(len(points)) if among is None else among
    sets = [rows]
    sets += [rows[thinned(points[rows], side, variance[rows])] for side in THIN_M]
    return Nearby(points, tuple((cKDTree(points[some]), some) for some in sets if len(some)))


def neighbours(
    nearby: Nearby, places: Floats, own: Ints | None = None, count: int = NEIGHBOURS
) -> Ints:
    """Give the rows of the measurements that each place is estimated from, -1 behind the last.

    Parameters
    ----------
    places
        Points in space, m.
    own
        Per place: a row that is not found (the measurement there itself), or -1.
    count
        At most so many a place: the columns of what is given.
    """
    if not nearby.sets or not len(places):
        return np.full((len(places), count), -1, np.int64)
    found, far = [], []
    for (tree, rows), size in zip(nearby.sets, CANDIDATES, strict=False):
        distance, at = tree.query(places, k=range(1, size + 1))
        there = at < len(rows)
        found.append(np.where(there, rows[np.minimum(at, len(rows) - 1)], -1))
        far.append(np.where(there, distance, np.inf))
    own = np.full(len(places), -1, np.int64) if own is None else own
    return _chosen(
        np.concatenate(found, axis=1), np.concatenate(far, axis=1), places, nearby.points, own,
        count,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _chosen(
    found: Ints, far: Floats, places: Floats, points: Floats, own: Ints, count: int
) -> Ints:
    out = np.full((len(found), count), -1, np.int64)
    for i in range(len(found)):
        order = np.argsort(far[i], kind="mergesort")
        seen = np.zeros(8, np.int64)
        kept = 0
        for o in order:
            row = found[i, o]
            if row < 0 or row == own[i] or _among(out[i], kept, row):
                continue
            octant = _octant(places[i], points[row])
            if kept >= ALWAYS and seen[octant] >= PER_OCTANT:
                continue
            seen[octant] += 1
            out[i, kept] = row
            kept += 1
            if kept == count:
                break
    return out


@njit(cache=True, inline="always")
def _among(rows: Ints, kept: int, row: int) -> bool:
    for k in range(kept):  # noqa: SIM110 - a loop is what the compiler takes
        if rows[k] == row:
            return True
    return False


@njit(cache=True)
def _octant(place: Floats, other: Floats) -> int:
    """Eighth of the compass, 0 to 7, in which a point lies seen from a place."""
    x, y, z = place
    flat = math.sqrt(x * x + y * y)
    if flat < 1.0:
        flat, x = 1.0, 1.0
    dx, dy, dz = other[0] - place[0], other[1] - place[1], other[2] - place[2]
    east = (-y * dx + x * dy) / flat
    radius = math.sqrt(flat * flat + z * z)
    north = (flat * dz - z * (x * dx + y * dy) / flat) / radius
    eighth: int = math.floor(math.atan2(north, east) / (math.pi / 4))
    return eighth & 7
