"""Sections of lines: from station to station, and by region.

Sections of one kind cover each line without gap or overlap; where they meet is an exact chainage,
not a segment's end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, short_lengths_m

Objects = NDArray[np.object_]

SAME_STATION_M = 1500.0
"""Stations of one name nearer than this along a line are one (its platforms are drawn apart)."""
AT_END_M = 100.0
"""A station this near an end of its line is that end."""
SLIVER_M = 300.0
"""Stretches in a region that are shorter than this join a neighbour (between two of one region:
shorter than twice this). Where a line runs along a border, or borders are drawn with gaps and
overlaps, it does not flicker."""


class Pieces(NamedTuple):
    """Pieces that cover lines, in order of line and chainage; arrays of one length.

    `start`, `end` and `owner` say what is there: rows of stations (-1: the line's end) or of
    regions (-1: none), as each maker tells.
    """

    line: Ints
    from_m: Floats
    to_m: Floats
    start: Ints
    end: Ints


def between_stations(length_m: Floats, line: Ints, chainage_m: Floats, name: Objects) -> Pieces:
    """Cut lines at their stations.

    Parameters
    ----------
    length_m
        Length of each line, m.
    line, chainage_m, name
        Stations: line, place and name; several rows of one name and place are one station, at the
        first of them.

    Returns
    -------
    Pieces
        `start` and `end` are rows of stations, -1 at an end of the line without a station. A line
        without stations is one piece.
    """
    order = np.lexsort((name.astype(str), chainage_m, line))
    order = order[_first_of_each(line[order], chainage_m[order], name[order].astype(str))]
    line, place, total = line[order], chainage_m[order], length_m[line[order]]
    at_start, at_end = place <= AT_END_M, place >= total - AT_END_M
    n = len(length_m)
    first, last = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    first[line[at_start][::-1]] = order[at_start][::-1]
    last[line[at_end & ~at_start]] = order[at_end & ~at_start]
    inner = ~at_start & ~at_end
    lines = np.arange(n)
    owner = np.r_[lines, line[inner], lines]
    cut = np.r_[np.zeros(n), place[inner], length_m]
    what = np.r_[first, order[inner], last]
    kind = np.r_[np.zeros(n), np.ones(inner.sum()), np.full(n, 2.0)]
    sort = np.lexsort((what, cut, kind, owner))
    owner, cut, what = owner[sort], cut[sort], what[sort]
    keep = np.r_[owner[1:] == owner[:-1], False] & np.r_[np.diff(cut) > 0, False]
    at = np.flatnonzero(keep)
    return Pieces(owner[at], cut[at], cut[at + 1], what[at], what[at + 1])


def _first_of_each(line: Ints, chainage_m: Floats, name: NDArray[np.str_]) -> Ints:
    """Rows left when stations of one name near each other on a line are taken as one."""
    order = np.lexsort((chainage_m, name, line))
    same = np.zeros(len(order), bool)
    same[1:] = (
        (line[order][1:] == line[order][:-1])
        & (name[order][1:] == name[order][:-1])
        & (np.diff(chainage_m[order]) < SAME_STATION_M)
    )
    kept: Ints = np.sort(order[~same])
    return kept


def by_region(piece: Objects, line: Ints, from_m: Floats, to_m: Floats, region: Objects) -> Pieces:
    """Cut lines where they pass from region to region.

    Parameters
    ----------
    piece, line, from_m, to_m
        Segments that cover the lines, in order: LineStrings (WGS-84 degrees), chainages.
    region
        Polygons, WGS-84 degrees. Where several hold a place the first one counts.

    Returns
    -------
    Pieces
        `start` and `end` are both the region's row, -1 outside of all. Stretches shorter than
        `SLIVER_M` have joined a neighbour.
    """
    tree = shapely.STRtree(piece)
    polygon, inside = tree.query(region, predicate="contains_properly")
    also, touched = tree.query(region, predicate="intersects")
    owner = np.full(len(piece), len(region), np.int64)
    np.minimum.at(owner, inside, polygon)
    # A segment that one region holds is asked no more, unless one that comes first touches it.
    open_ = also < owner[touched]
    mixed = np.unique(touched[open_])
    plain = np.ones(len(piece), bool)
    plain[mixed] = False
    cut = _crossings(piece, from_m, to_m, region, touched[open_], also[open_], owner)
    parts = [
        np.r_[np.flatnonzero(plain), cut[0]], np.r_[from_m[plain], cut[1]],
        np.r_[to_m[plain], cut[2]], np.r_[owner[plain], cut[3]],
    ]  # fmt: skip
    order = np.lexsort((parts[1], parts[0]))
    row, start, end, what = (p[order] for p in parts)
    what = np.where(what == len(region), -1, what)
    return _merged(line[row], start, end, what)


def _crossings(
    piece: Objects, from_m: Floats, to_m: Floats, region: Objects, row: Ints, polygon: Ints,
    owner: Ints,
) -> tuple[Ints, Floats, Floats, Ints]:  # fmt: skip
    """Cut segments at the borders they meet: segment, from, to, region (as `owner` where none)."""
    edge_row, pair, lower, upper = _edges_inside(piece, from_m, to_m, region, row, polygon)
    rows = np.unique(row)
    cuts = np.unique(
        np.c_[np.r_[rows, rows, edge_row, edge_row],
              np.r_[from_m[rows], to_m[rows], lower, upper]],
        axis=0,
    )  # fmt: skip
    at, place = cuts[:, 0].astype(np.int64), cuts[:, 1]
    next_to = np.flatnonzero((at[1:] == at[:-1]) & (np.diff(place) > 0))
    segment, start, end = at[next_to], place[next_to], place[next_to + 1]
    what = owner[segment].copy()
    middle = 0.5 * (start + end)
    # Each interval covers the small pieces whose middle lies in it; few, all of one segment.
    apart = float(to_m.max(initial=0.0)) + 1.0
    key = np.searchsorted(rows, segment) * apart + middle
    base = np.searchsorted(rows, edge_row) * apart
    low = np.searchsorted(key, base + lower, side="left")
    high = np.searchsorted(key, base + upper, side="right")
    _cover(low, high, polygon[pair], what)
    return segment, start, end, what


@njit(cache=True)
def _cover(low: Ints, high: Ints, region: Ints, what: Ints) -> None:
    for i in range(len(low)):
        for k in range(low[i], high[i]):
            what[k] = min(what[k], region[i])


def _edges_inside(
    piece: Objects, from_m: Floats, to_m: Floats, region: Objects, row: Ints, polygon: Ints
) -> tuple[Ints, Ints, Floats, Floats]:
    """Intervals of segments inside polygons: segment, pair (of `row`, `polygon`), from, to."""
    xy, pair = shapely.get_coordinates(piece[row], return_index=True)
    inner = np.flatnonzero(pair[1:] == pair[:-1])
    a, b, pair = xy[inner], xy[inner + 1], pair[inner]
    length = short_lengths_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    total = np.bincount(pair, weights=length, minlength=len(row))
    length = length * ((to_m - from_m)[row] / np.maximum(total, 1e-9))[pair]
    before = np.cumsum(length) - length
    starts = np.searchsorted(pair, np.arange(len(row)))
    start = from_m[row[pair]] + (before - before[starts[pair]] if len(pair) else before)
    edges = shapely.linestrings(np.stack([a, b], axis=1)) if len(a) else np.zeros(0, object)
    found = shapely.intersection(edges, region[polygon[pair]])
    parts, edge = shapely.get_parts(shapely.force_2d(found), return_index=True)
    lines = (shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)
    parts, edge = parts[lines], edge[lines]
    ends = np.stack([shapely.get_coordinates(shapely.get_point(parts, i)) for i in (0, -1)])
    step = (b - a)[edge]
    share = ((ends - a[edge]) * step).sum(axis=2) / np.maximum((step**2).sum(axis=1), 1e-30)
    share = np.sort(np.clip(share, 0.0, 1.0), axis=0)
    place = start[edge] + share * length[edge]
    # To a micrometre, so that edges that meet at a vertex meet.
    whole = np.round(place, 6)
    limit = row[pair[edge]]
    whole = np.clip(whole, from_m[limit], to_m[limit])
    return limit, pair[edge], whole[0], whole[1]


def _merged(line: Ints, start: Floats, end: Floats, what: Ints) -> Pieces:
    """Join neighbours of one region, and let slivers go."""
    line, start, end, what = _joined(line, start, end, what)
    first = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    for low, high in zip(first, np.r_[first[1:], len(line)], strict=True):
        if high - low > 1:
            labels, index = np.unique(what[low:high], return_inverse=True)
            what[low:high] = labels[_steadied(end[low:high] - start[low:high], index, len(labels))]
    line, start, end, what = _joined(line, start, end, what)
    return Pieces(line, start, end, what, what)


def _joined(
    line: Ints, start: Floats, end: Floats, what: Ints
) -> tuple[Ints, Floats, Floats, Ints]:
    """Make one piece of pieces of one region that follow each other."""
    first = np.flatnonzero(np.r_[True, (line[1:] != line[:-1]) | (what[1:] != what[:-1])])
    last = np.r_[first[1:], len(line)] - 1
    return line[first], start[first], end[last], what[first].copy()


@njit(cache=True)
def _steadied(length: Floats, label: Ints, n: int) -> Ints:
    """Label pieces of one line anew: least length mislabelled, `SLIVER_M` paid for each change.

    So no stretch left is shorter than `SLIVER_M`, and one between two of the same region is twice
    as long; changes stay where they are exactly (Viterbi).
    """
    m = len(length)
    cost = np.zeros(n)
    back = np.empty((m, n), np.int32)
    for i in range(m):
        best = np.argmin(cost)
        change = cost[best] + (SLIVER_M if i else 0.0)
        for k in range(n):
            stays = cost[k] <= change
            back[i, k] = k if stays else best
            cost[k] = min(cost[k], change)
        cost += length[i]
        cost[label[i]] -= length[i]
    made = np.empty(m, np.int64)
    at = np.int64(np.argmin(cost))
    for i in range(m - 1, -1, -1):
        made[i] = at
        at = back[i, at]
    return made


def lengths_between(
    line: Ints, from_m: Floats, to_m: Floats, seg_line: Ints, seg_from_m: Floats,
    seg_to_m: Floats, seg_value: Floats,
) -> Floats:  # fmt: skip
    """Sum a value of segments over stretches of lines, by the overlapping part of their length.

    Segments cover the lines, in order; the stretches lie on them.
    """
    total = np.r_[0.0, np.cumsum(seg_value)]
    made = np.zeros(len(line))
    for place, sign in ((to_m, 1.0), (from_m, -1.0)):
        base = float(seg_to_m.max(initial=0.0)) + 1.0
        at = np.searchsorted(seg_line * base + seg_from_m, line * base + place, side="right") - 1
        at = np.maximum(at, 0)
        share = (place - seg_from_m[at]) / np.maximum(seg_to_m[at] - seg_from_m[at], 1e-9)
        made += sign * (total[at] + seg_value[at] * np.clip(share, 0.0, 1.0))
    return made
