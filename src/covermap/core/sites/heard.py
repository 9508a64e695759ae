"""Samples of cells to the places where each was heard: few, each with a median level.

Input are counts, not samples: how often a cell was heard at a level (1 dB) in a small square by a
kind of receiver. Counts add up over files and machines, and their order does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PER_DEGREE = 2_000
"""Small squares in a degree: 56 m high."""
MOST_PLACES = 64
"""Of a cell; where there are more, squares are joined four to one."""
_LINKED_SHIFT = 5
"""Parts of a cell are told apart in squares of 2**5 small ones (1.8 km)."""
_COARSEST = 24


@dataclass(frozen=True)
class Counts:
    """How often cells were heard; arrays of one length, ascending by cell.

    `east`, `north`: number of the small square (of degrees times `PER_DEGREE`, rounded down).
    """

    cell: Ints
    kind: Ints
    east: Ints
    north: Ints
    level_db: Ints
    n: Ints

    def take(self, rows: Any) -> Counts:
        """Give some rows."""
        return Counts(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class Places:
    """Where cells were heard; arrays of one length, ascending by cell."""

    cell: Ints
    kind: Ints
    lon: Floats
    lat: Floats
    level_dbm: Floats
    """Median."""
    n: Ints


def places_of(counts: Counts) -> Places:
    """Join counts to at most `MOST_PLACES` places a cell, if its kinds of receivers let them.

    Squares grow, for the whole of a cell, until there are few enough. The position of a place is
    the mean of its small squares, weighted by samples.
    """
    shift = _shifts(counts)
    keys = (counts.cell, counts.kind, counts.east >> shift, counts.north >> shift)
    order = np.lexsort((counts.level_db, *keys[::-1]))
    first = _starts(*(k[order] for k in keys))
    rows = counts.take(order)
    n = np.add.reduceat(rows.n, first) if len(first) else np.zeros(0, np.int64)
    middle = [
        (np.add.reduceat(v * rows.n, first) / n + 0.5) / PER_DEGREE if len(first) else np.zeros(0)
        for v in (rows.east, rows.north)
    ]
    level = _medians(rows.level_db, rows.n, first, n)
    return Places(rows.cell[first], rows.kind[first], middle[0], middle[1], level, n)


def _shifts(counts: Counts) -> Ints:
    """Tell how far the squares of each row's cell must be joined."""
    shift = np.zeros(len(counts.cell), np.int64)
    open_rows = np.arange(len(counts.cell))
    for level in range(_COARSEST):
        if not open_rows.size:
            break
        part = counts.take(open_rows)
        squares = np.unique(
            np.column_stack([part.cell, part.kind, part.east >> level, part.north >> level]), axis=0
        )
        cells, places = np.unique(squares[:, 0], return_counts=True)
        many = np.isin(part.cell, cells[places > MOST_PLACES])
        shift[open_rows] = level
        open_rows = open_rows[many]
    return shift


def _starts(*keys: Ints) -> Ints:
    """Rows, in order, at which any of the keys changes."""
    if not len(keys[0]):
        return np.zeros(0, np.int64)
    new = np.ones(len(keys[0]), bool)
    new[1:] = np.any([k[1:] != k[:-1] for k in keys], axis=0)
    return np.flatnonzero(new)


def _medians(level: Ints, n: Ints, first: Ints, total: Ints) -> Floats:
    """Lower and upper median's mean, of levels ascending within groups, weighted by counts."""
    if not len(first):
        return np.zeros(0)
    held = np.cumsum(n)
    before = held[first] - n[first]
    low = np.searchsorted(held, before + (total + 1) // 2)
    high = np.searchsorted(held, before + total // 2 + 1)
    return (level[low] + level[high]) / 2


def parts_of(counts: Counts, apart_m: float) -> Ints:
    """Give numbers to the parts of each cell that lie more than `apart_m` from each other.

    Single linkage over squares of 1.8 km: a part is what is reached in steps of at most `apart_m`.
    Parts are numbered by their samples, the most first (then by place, north and east).
    """
    east, north = counts.east >> _LINKED_SHIFT, counts.north >> _LINKED_SHIFT
    order = np.lexsort((north, east, counts.cell))
    first = _starts(counts.cell[order], east[order], north[order])
    if not len(first):
        return np.zeros(0, np.int64)
    n = np.add.reduceat(counts.n[order], first)
    square = np.zeros(len(order), np.int64)
    square[order] = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(order)]))
    at = order[first]
    side = float(2**_LINKED_SHIFT) / PER_DEGREE
    lon, lat = ((v[at] + 0.5).astype(np.float64) * side for v in (east, north))
    linked: Ints = _linked(counts.cell[at], lon, lat, n, apart_m)
    return linked[square]


@njit(cache=True)
def _linked(cell: Ints, lon: Floats, lat: Floats, n: Ints, apart_m: float) -> Ints:
    """Give numbers to connected parts of each cell's squares, most samples first."""
    part = np.full(len(cell), -1, np.int64)
    begin = 0
    while begin < len(cell):
        end = begin
        while end < len(cell) and cell[end] == cell[begin]:
            end += 1
        _spread(part, lon, lat, begin, end, apart_m)
        _by_samples(part, n, begin, end)
        begin = end
    return part


@njit(cache=True)
def _spread(part: Ints, lon: Floats, lat: Floats, begin: int, end: int, apart_m: float) -> None:
    wait = np.empty(end - begin, np.int64)
    parts = 0
    for start in range(begin, end):
        if part[start] >= 0:
            continue
        wait[0], size = start, 1
        part[start] = parts
        while size:
            size -= 1
            i = wait[size]
            for j in range(begin, end):
                if part[j] < 0 and _apart_m(lon[i], lat[i], lon[j], lat[j]) <= apart_m:
                    part[j] = parts
                    wait[size] = j
                    size += 1
        parts += 1


@njit(cache=True)
def _apart_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Distance by the middle latitude, m: within 1 % below 200 km, outside the polar caps."""
    middle = 0.5 * (lat1 + lat2)
    turn = abs(lon1 - lon2)
    east = min(turn, 360.0 - turn) * metres_per_degree_lon(middle)
    north = (lat1 - lat2) * metres_per_degree_lat(middle)
    return float(np.hypot(east, north))


@njit(cache=True)
def _by_samples(part: Ints, n: Ints, begin: int, end: int) -> None:
    parts = part[begin:end].max() + 1
    samples = np.zeros(parts, np.int64)
    for i in range(begin, end):
        samples[part[i]] += n[i]
    rank = np.empty(parts, np.int64)
    rank[np.argsort(-samples, kind="mergesort")] = np.arange(parts)
    for i in range(begin, end):
        part[i] = rank[part[i]]
