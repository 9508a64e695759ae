"""Where the two tracks of a line part and meet again: one railway, drawn farther apart than twins.

Up and down tracks pass a marshalling yard on both sides of it, or a hill; and maps generalised to
some hundred metres move each track by as much. There the two are too far apart to be told to belong
together by their distance, but their course tells it: two tracks of one name that run beside each
other, part, and come together again after about the same length, with no other track of the name
beside either of them, are the two tracks of one line all the way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.edges import Edges, edges_of
from covermap.core.lines.nearest import nearest_per_line
from covermap.core.lines.segments import Cut

Flags = NDArray[np.bool_]

PARTED_M = 600.0
"""Tracks farther apart than this are on ways of their own. Generalising to 200 m moves two tracks
up to 400 m apart; wide yards have some 200 m more."""
LONGER, LONGER_M = 1.2, 200.0
"""The two ways from parting to meeting differ by no more than this ratio and so many metres."""
THIRD = 0.2
"""Share of the partner's way on which yet another track of the name may be beside it."""


class _Partings(NamedTuple):
    """Stretches of pieces that are single, between pieces that have one and the same partner."""

    first: Ints
    last: Ints
    partner: Ints
    low: Ints
    """The partner's pieces from `low` to before `high` lie between where they part and meet."""
    high: Ints

    def take(self, which: Flags) -> _Partings:
        """Give some of them."""
        return _Partings(*(column[which] for column in self))


class _Beside(NamedTuple):
    """Tracks of the same route near pieces: by piece and distance, of another length than them."""

    row: Ints
    """Which of the pieces asked for."""
    line: Ints
    chainage_m: Floats


def with_parted(cut: Cut, tracks: Ints, route: Ints, beside_m: float) -> Ints:
    """Count the tracks at each piece again, where two tracks of a line part and meet again.

    Parameters
    ----------
    cut
        Pieces of lines, those of one line in their order, lines in theirs.
    tracks
        How many run side by side at each piece, shape (n,).
    route
        For each line, its route (see ``pairing.routes_of``); -1: not to be looked at.
    beside_m
        Farthest apart that two tracks of one name run beside each other.

    Returns
    -------
    shape (n,): 2 where one of two parted tracks was counted alone, else as given.
    """
    first, last = _single_stretches(cut, tracks, route)
    if not len(first):
        return tracks
    used = np.flatnonzero(np.isin(route[cut.line], route[cut.line[first]]))
    edges = edges_of(cut.geometry[used], cut.line[used], cut.from_m[used], cut.to_m[used], PARTED_M)
    found = _partings(cut, edges, route, first, last, beside_m)
    found = found.take(_as_long(cut, found))
    found = found.take(_near_all_along(cut, edges, route, found))
    found = found.take(_alone(cut, edges, route, found, beside_m))
    parted = _between(found.first, found.last + 1, len(tracks))
    parted |= _between(found.low, found.high, len(tracks))
    made: Ints = np.where(parted & (tracks == 1), 2, tracks)
    return made


def _between(low: Ints, high: Ints, n: int) -> Flags:
    """Tell which of n are in one of the ranges from `low` to before `high`."""
    change = np.bincount(low, minlength=n + 1) - np.bincount(high, minlength=n + 1)
    made: Flags = np.cumsum(change)[:n] > 0
    return made


def _single_stretches(cut: Cut, tracks: Ints, route: Ints) -> tuple[Ints, Ints]:
    """First and last piece of stretches of one track that have others beside before and after."""
    single = (tracks == 1) & (route[cut.line] >= 0)
    on = cut.line[1:] == cut.line[:-1]
    begins = np.flatnonzero(np.r_[False, on & single[1:] & ~single[:-1]])
    ends = np.flatnonzero(np.r_[on & single[:-1] & ~single[1:], False])
    # A stretch that begins (ends) with its line has no piece before (after) it.
    stretch = np.cumsum(single & ~np.r_[False, on & single[:-1]])
    _, a, b = np.intersect1d(stretch[begins], stretch[ends], return_indices=True)
    return begins[a], ends[b]


def _beside(cut: Cut, edges: Edges, route: Ints, piece: Ints, reach_m: float) -> _Beside:
    """Find the tracks of the same route within reach of the middles of pieces."""
    middle = shapely.line_interpolate_point(cut.geometry[piece], 0.5, normalized=True)
    place = shapely.get_coordinates(middle)
    near = nearest_per_line(edges.grid, place[:, 0].copy(), place[:, 1].copy(), reach_m)
    own, other = cut.line[piece][near.point], edges.grid.line[near.edge]
    good = np.flatnonzero((own != other) & (route[own] == route[other]))
    good = good[np.lexsort((other[good], near.distance_m[good], near.point[good]))]
    edge = near.edge[good]
    chainage = edges.start_m[edge] + near.along[good] * edges.length_m[edge]
    return _Beside(near.point[good], other[good], chainage)


def _partings(
    cut: Cut, edges: Edges, route: Ints, first: Ints, last: Ints, beside_m: float
) -> _Partings:
    """Keep the stretches that have the same partner before and after them."""
    n = len(first)
    found = _beside(cut, edges, route, np.r_[first - 1, last + 1], beside_m)
    row, nearest = np.unique(found.row, return_index=True)
    partner, chainage = np.full(2 * n, -1, np.int64), np.zeros(2 * n)
    partner[row], chainage[row] = found.line[nearest], found.chainage_m[nearest]
    same = (partner[:n] >= 0) & (partner[:n] == partner[n:])
    line, ends = partner[:n][same], np.sort(chainage.reshape(2, n)[:, same], axis=0)
    base = np.r_[0.0, np.cumsum(_lengths(cut, len(route)) + 1.0)]
    middle = base[cut.line] + 0.5 * (cut.from_m + cut.to_m)
    low, high = (np.searchsorted(middle, base[line] + at) for at in ends)
    return _Partings(first[same], last[same], line, low, high)


def _lengths(cut: Cut, lines: int) -> Floats:
    length = np.zeros(lines)
    np.maximum.at(length, cut.line, cut.to_m)
    return length


def _as_long(cut: Cut, found: _Partings) -> Flags:
    """Tell where the two ways from parting to meeting are about as long."""
    length = np.r_[0.0, np.cumsum(cut.length_m)]
    own = length[found.last + 1] - length[found.first]
    theirs = length[found.high] - length[found.low]
    made: Flags = np.maximum(own, theirs) <= LONGER * np.minimum(own, theirs) + LONGER_M
    return made


def _spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Give every number from `low` to before `high`, and which range each is of."""
    count = high - low
    which = np.repeat(np.arange(len(count)), count)
    return which, ranges(low, count)


def _near_all_along(cut: Cut, edges: Edges, route: Ints, found: _Partings) -> Flags:
    """Tell the stretches whose partner is within `PARTED_M` of each piece of them."""
    stretch, piece = _spread(found.first, found.last + 1)
    near = _beside(cut, edges, route, piece, PARTED_M)
    good = near.line == found.partner[stretch[near.row]]
    seen = np.bincount(stretch[near.row[good]], minlength=len(found.first))
    made: Flags = seen == found.last + 1 - found.first
    return made


def _alone(cut: Cut, edges: Edges, route: Ints, found: _Partings, beside_m: float) -> Flags:
    """Tell the stretches whose partner has no third track of the name beside it for long."""
    stretch, piece = _spread(found.low, found.high)
    near = _beside(cut, edges, route, piece, beside_m)
    third = near.line != cut.line[found.first[stretch[near.row]]]
    rows = np.unique(near.row[third])
    count = np.bincount(stretch[rows], minlength=len(found.first))
    made: Flags = count <= THIRD * (found.high - found.low)
    return made
