"""Tunnels on the way of runs: where they begin and end, and fixes in them that cannot be.

Nothing is received in a tunnel. A receiver that has lost its satellites goes on for some seconds
along the last course that it knew; such positions change as fixes do, but only tell how fast the
run came to the portal. They are known by what follows: the silence of the rest of the tunnel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.graph import Graph
from covermap.core.matching.match import Match
from covermap.core.placing.way import Ways

Flags = NDArray[np.bool_]

NEAR_PORTAL_M = 30.0
"""So far inside a portal satellites are still seen."""
SILENT_S = 5.0
"""From fix to fix, with samples without one between them: longer than this is a silence."""
TRUSTED_S = 10.0
"""For so long a receiver's own continuation is as good as any other from the portal on."""
CARRIED_S = 30.0
"""Receivers go on without satellites no longer than this: fixes for longer are fixes."""
SETTLE_S = 4.0
"""The first positions after a tunnel are off for so long."""
JOINED_M = 20.0
"""Tunnels nearer to each other than this are one: nothing is received so shortly between them."""


class Tunnels(NamedTuple):
    """Tunnels on the way, ascending and apart: metres of path at both portals."""

    enter_m: Floats
    leave_m: Floats


def tunnels_on(graph: Graph, match: Match, ways: Ways, tunnels: pd.DataFrame) -> Tunnels:
    """Find the tunnels on the path.

    Parameters
    ----------
    graph, match, ways
        The match, and the metres of its path.
    tunnels
        Columns line (number), from_m, to_m (chainage).
    """
    path, known = match.path, tunnels.sort_values(["line", "from_m"], kind="stable")
    edge, back = path.arc >> 1, (path.arc & 1).astype(bool)
    if not len(known) or not len(edge):
        return Tunnels(np.zeros(0), np.zeros(0))
    low = np.where(back, graph.length_m[edge] - path.to_m, path.from_m) + graph.from_m[edge]
    high = low + (path.to_m - path.from_m)
    owner, line = known["line"].to_numpy(np.int64), graph.line[edge].astype(np.int64)
    begin, end = (known[c].to_numpy(np.float64) for c in ("from_m", "to_m"))
    apart = max(float(end.max()), float(high.max())) + 1.0  # puts lines one behind the other
    ends = np.maximum.accumulate(end + owner * apart)
    first = np.searchsorted(ends, low + line * apart, side="right")
    last = np.searchsorted(begin + owner * apart, high + line * apart, side="left")
    count = np.maximum(last - first, 0)
    piece = np.repeat(np.arange(len(edge)), count)
    which = ranges(first, count)
    a = np.clip(begin[which], low[piece], high[piece])
    b = np.clip(end[which], low[piece], high[piece])
    whole = ways.piece_m[piece]
    enter = whole - np.where(back[piece], b - low[piece], high[piece] - a)
    leave = whole - np.where(back[piece], a - low[piece], high[piece] - b)
    return _joined(enter, leave)


def _joined(enter: Floats, leave: Floats) -> Tunnels:
    """Put intervals in order, and those that touch into one."""
    order = np.lexsort((leave, enter))
    enter, leave = enter[order], leave[order]
    if not len(enter):
        return Tunnels(enter, leave)
    reach = np.maximum.accumulate(leave)
    new = np.r_[True, enter[1:] > reach[:-1] + JOINED_M]
    first = np.flatnonzero(new)
    return Tunnels(enter[first], np.maximum.reduceat(leave, first))


def within_m(tunnels: Tunnels, from_m: Floats, to_m: Floats) -> Floats:
    """Give how many metres of each stretch of path lie in tunnels."""
    if not len(tunnels.enter_m):
        return np.zeros(len(from_m))
    length = np.r_[0.0, np.cumsum(tunnels.leave_m - tunnels.enter_m)]

    def upto(way_m: Floats) -> Floats:
        k = np.searchsorted(tunnels.enter_m, way_m, side="right") - 1
        own = np.minimum(way_m, tunnels.leave_m[np.maximum(k, 0)]) - tunnels.enter_m[k]
        return np.where(k >= 0, length[np.maximum(k, 0)] + own, 0.0)

    return np.maximum(upto(to_m) - upto(from_m), 0.0)


def doubtful(tunnels: Tunnels, way_m: Floats, leg: Ints, time_s: Floats, good: Flags) -> Flags:
    """Tell fixes that tunnels make doubtful: a receiver's own continuation, and its first ones.

    Parameters
    ----------
    tunnels
        On the way.
    way_m, leg, time_s
        Of each sample; runs contiguous, times ascending.
    good
        The sample has a position of its own and is on a line.

    Returns
    -------
    ndarray
        True for fixes `NEAR_PORTAL_M` or more inside a tunnel, in a row of no more than
        `CARRIED_S`, beside a silence of more than `SILENT_S`; but for the first `TRUSTED_S` of a
        row that no silence goes before. And for the first `SETTLE_S` after such a silence with a
        tunnel in it, where the row goes on for longer.
    """
    made = np.zeros(len(way_m), np.bool_)
    rows = np.flatnonzero(good)
    if not len(rows) or not len(tunnels.enter_m):
        return made
    way, legs, time = way_m[rows], leg[rows], time_s[rows]
    joined = legs[1:] == legs[:-1]
    silence = joined & (np.diff(rows) > 1) & (np.diff(time) > SILENT_S)
    silent = np.r_[False, silence, False]
    inside = _carried(_tunnel_at(tunnels, way), time, silent, joined)
    made[rows] = inside | _unsettled(tunnels, way, time, silent, joined)
    return made


def _tunnel_at(tunnels: Tunnels, way_m: Floats) -> Ints:
    """Give the tunnel that each place is well inside of, or -1."""
    k = np.maximum(np.searchsorted(tunnels.enter_m, way_m, side="right") - 1, 0)
    depth = np.minimum(way_m - tunnels.enter_m[k], tunnels.leave_m[k] - way_m)
    return np.where(depth >= NEAR_PORTAL_M, k, -1)


def _carried(tunnel: Ints, time: Floats, silent: Flags, joined: Flags) -> Flags:
    """Tell fixes in tunnels; `silent` says of each fix, and the end, that none came just before."""
    new = np.r_[True, (tunnel[1:] != tunnel[:-1]) | ~joined] | silent[:-1]
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(time)] - 1
    short = time[last] - time[first] <= CARRIED_S
    beside = (tunnel[first] >= 0) & short & (silent[first] | silent[last + 1])
    size = last - first + 1
    begins = np.repeat(np.where(silent[first], -np.inf, time[first]), size)
    made: Flags = np.repeat(beside, size) & (time - begins > TRUSTED_S)
    return made


def _unsettled(tunnels: Tunnels, way: Floats, time: Floats, silent: Flags, joined: Flags) -> Flags:
    """Tell the first fixes after a silence with a tunnel in it."""
    before = np.r_[way[:1], way[:-1]]
    from_tunnel = silent[:-1] & (within_m(tunnels, before, way) > 0.0)
    first = np.flatnonzero(np.r_[True, ~joined] | silent[:-1])
    size = np.diff(np.r_[first, len(time)])
    longer = time[first + size - 1] - time[first] >= SETTLE_S
    made: Flags = np.repeat(from_tunnel[first] & longer, size) & (
        time - np.repeat(time[first], size) < SETTLE_S
    )
    return made
