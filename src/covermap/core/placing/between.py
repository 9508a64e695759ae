"""Samples between two fixes: along the matched path, at the distance that their time says.

Where the receiver was silent, or repeated its last position, the path between the fixes around is
known and the place on it is what ``gap.course`` makes of the time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.graph import Graph
from covermap.core.matching.match import Match
from covermap.core.placing.gap import Gap, course
from covermap.core.placing.portals import Tunnels, within_m
from covermap.core.placing.way import OnLine, Ways, places_at

Flags = NDArray[np.bool_]

PLACED, OUTSIDE, OFF_LINE, APART, TOO_FAST = range(5)
"""What became of a sample between fixes: placed; before the first or after the last fix of its run;
beside a fix that is on no line; between fixes that no path connects; faster than anything goes."""

AHEAD_S, AHEAD_MOST_S = 5.0, 60.0
"""The speed before a gap is that over its last seconds, after it over its first (from, to)."""


class Fixes(NamedTuple):
    """Samples of runs with times; arrays of one length, runs contiguous, times ascending."""

    run: Ints
    time_s: Floats
    known: Flags
    """The sample has a position of its own."""
    good: Flags
    """... and is on a line."""
    error_m: Floats
    """Standard error of the position."""


class Between(NamedTuple):
    """Where `rows` lie; arrays of one length. `on` and `error_m` count only where PLACED."""

    rows: Ints
    state: Ints
    on: OnLine
    error_m: Floats
    before: Ints
    """The fixes around; -1: none."""
    after: Ints


def place_between(
    graph: Graph, match: Match, ways: Ways, fixes: Fixes, rows: Ints, fastest_mps: Floats,
    tunnels: Tunnels,
) -> Between:  # fmt: skip
    """Place samples between the fixes around them.

    Parameters
    ----------
    graph, match, ways
        The match of all samples, and where they are on its path.
    fixes
        All samples.
    rows
        Those to be placed: without a position of their own.
    fastest_mps
        For each line, faster than which nothing goes on it.
    tunnels
        On the way.
    """
    before, after = around(fixes, rows)
    a, b = np.maximum(before, 0), np.maximum(after, 0)
    inside = (before >= 0) & (after >= 0)
    good = fixes.good[a] & fixes.good[b]
    joined = match.leg[a] == match.leg[b]
    state = np.select([~inside, ~good, ~joined], [OUTSIDE, OFF_LINE, APART], PLACED)
    some = np.flatnonzero(state == PLACED)
    on = _nowhere(len(rows))
    error = np.full(len(rows), np.nan)
    if len(some) and len(match.path.arc):
        a, b = a[some], b[some]
        gap = _gaps(match.leg, ways, fixes, (rows[some], a, b), tunnels)
        done, spread = course(gap)
        found = places_at(graph, match, ways, ways.sample_m[a] + done)
        for whole, part in zip(on, found, strict=True):
            whole[some] = part
        ends = _ends_m(gap, fixes.error_m[a], fixes.error_m[b])
        error[some] = np.hypot(ends, spread)
        fast = gap.distance_m > fastest_mps[found.line] * gap.seconds + 3.0 * ends
        state[some[fast]] = TOO_FAST
    else:
        state[some] = APART
    return Between(rows, state.astype(np.int64), on, error, before, after)


def around(fixes: Fixes, rows: Ints) -> tuple[Ints, Ints]:
    """Give the last sample with a position before each row in its run, and the first after it."""
    n = len(fixes.run)
    at = np.where(fixes.known, np.arange(n), -1)
    before = np.maximum.accumulate(at)[rows] if n else at
    at = np.where(fixes.known, np.arange(n), n)
    after = np.minimum.accumulate(at[::-1])[::-1][rows] if n else at
    run = np.append(fixes.run, -1)
    before = np.where((before >= 0) & (run[before] == fixes.run[rows]), before, -1)
    after = np.where((after < n) & (run[after] == fixes.run[rows]), after, -1)
    return before, after


def _gaps(
    leg: Ints, ways: Ways, fixes: Fixes, rows: tuple[Ints, Ints, Ints], tunnels: Tunnels
) -> Gap:
    """Give the gap that each row is in: `rows` are those, and the fixes before and after."""
    row, a, b = rows
    back, ahead = _speeds(leg, ways, fixes)
    whole = np.maximum(ways.sample_m[b] - ways.sample_m[a], 0.0)
    return Gap(
        fixes.time_s[b] - fixes.time_s[a],
        fixes.time_s[row] - fixes.time_s[a],
        whole,
        back[a],
        ahead[b],
        within_m(tunnels, ways.sample_m[a], ways.sample_m[b]) / np.maximum(whole, 1e-9),
    )


def _ends_m(gap: Gap, first_m: Floats, last_m: Floats) -> Floats:
    """Error of the fixes, as far as each counts."""
    share = np.clip(gap.elapsed_s / np.maximum(gap.seconds, 1e-9), 0.0, 1.0)
    return np.hypot((1.0 - share) * first_m, share * last_m)


def _speeds(leg: Ints, ways: Ways, fixes: Fixes) -> tuple[Floats, Floats]:
    """Speed along the path before each good fix, and after it; NaN where it cannot be told."""
    n = len(leg)
    back, ahead = np.full(n, np.nan), np.full(n, np.nan)
    rows = np.flatnonzero(fixes.good)
    own, time, way = leg[rows], fixes.time_s[rows], ways.sample_m[rows]
    if not len(rows):
        return back, ahead
    key = own * (np.ptp(time) + 4.0 * AHEAD_MOST_S) + (time - time.min())
    for made, sign, side in ((back, -1.0, "right"), (ahead, 1.0, "left")):
        other = np.searchsorted(key, key + sign * AHEAD_S, side=side)  # type: ignore[call-overload]
        other = np.clip(other - (sign < 0), 0, len(rows) - 1)
        seconds = np.abs(time[other] - time)
        near = (own[other] == own) & (seconds >= AHEAD_S) & (seconds <= AHEAD_MOST_S)
        speed = np.abs(way[other] - way) / np.maximum(seconds, 1e-9)
        made[rows] = np.where(near, speed, np.nan)
    return back, ahead


def _nowhere(n: int) -> OnLine:
    nan, none = np.full(n, np.nan), np.full(n, -1)
    return OnLine(
        none, none.copy(), nan, nan.copy(), np.zeros(n, np.int64), nan.copy(), none.copy()
    )
