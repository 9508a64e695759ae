"""Where each sample of a solved run lies, and the path between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.cells import metres_at
from covermap.core.matching.graph import LENGTH_M, START_M, X1, X2, Y1, Y2
from covermap.core.matching.layout import (
    ALONG,
    ARC,
    CHOSEN,
    COLUMNS,
    FIRST,
    FIRST_W,
    LEG,
    MARKS,
    NOT_TRAVELLED,
    ODDS,
    OFFSET,
    PIECES,
    PIECES_END,
    SAMPLE,
    USED,
)
from covermap.core.matching.lean import lean
from covermap.core.matching.pieces import longer, pieces_to, same_arc


class Spots(NamedTuple):
    """Where each sample lies: arrays as long as the samples."""

    arc: Ints
    """-1: on none."""
    at_m: Floats
    """Metres on the arc in its direction."""
    offset_m: Floats
    direction: Ints
    probability: Floats
    other_line: Ints
    other_probability: Floats
    reason: Ints
    leg: Ints


def spots_for(n: int) -> Spots:
    """Make spots of samples that are on no line."""
    reals = [np.full(n, np.nan) for _ in range(4)]
    ints = [np.full(n, -1) for _ in range(3)]
    zeros = [np.zeros(n, np.int64) for _ in range(2)]
    return Spots(
        ints[0], reals[0], reals[1], zeros[0], reals[2], ints[1], reals[3], zeros[1], ints[2]
    )


@lean
def _line_odds(line, state, b0, b1, chosen):  # type: ignore[no-untyped-def]
    """Probability of the chosen state's line; the next most likely line and its probability."""
    here = line[int(state[chosen, ARC]) >> 1]
    own, other, most = 0.0, -1, 0.0
    for j in range(b0, b1):
        at = line[int(state[j, ARC]) >> 1]
        if at == here:
            own += state[j, ODDS]
            continue
        total, seen = 0.0, False
        for i in range(b0, b1):
            if line[int(state[i, ARC]) >> 1] == at:
                total += state[i, ODDS]
                seen = seen or i < j
        if not seen and (total > most or (total == most and at < other)):
            other, most = at, total
    if other < 0:
        return 1.0, other, np.nan
    return min(own, 1.0), other, most


@lean
def nearest_on(step, first_step, whole, x, y, kx, ky, arc, low, high):  # type: ignore[no-untyped-def]
    """Foot of a point on the part `low` to `high` of an arc: distance and metres along the arc."""
    edge = arc >> 1
    if arc & 1:
        low, high = whole - high, whole - low
    best, at = np.inf, low
    for s in range(first_step[edge], first_step[edge + 1]):
        length = step[s, LENGTH_M]
        t0 = (low - step[s, START_M]) / length if length > 0.0 else 0.0
        t1 = (high - step[s, START_M]) / length if length > 0.0 else 0.0
        if t1 < 0.0 or t0 > 1.0:
            continue
        ax, ay = (step[s, X1] - x) * kx, (step[s, Y1] - y) * ky
        dx, dy = (step[s, X2] - step[s, X1]) * kx, (step[s, Y2] - step[s, Y1]) * ky
        square = dx * dx + dy * dy
        t = 0.0 if square == 0.0 else -(ax * dx + ay * dy) / square
        t = min(min(1.0, t1), max(max(0.0, t0), t))
        distance = np.hypot(ax + t * dx, ay + t * dy)
        if distance < best:
            best, at = distance, step[s, START_M] + t * length
    return best, whole - at if arc & 1 else at


@njit(cache=True)
def lay(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, heading, sigma, settings, work, columns, leg, spots, trail, used,
    room,
):  # fmt: skip
    """Write where the samples of the columns of a run lie, and the pieces of path between them.

    Gives the path, which may have grown, and how much of it is used. Legs count on from `leg`.
    """
    state, column, w = work
    at = np.zeros(MARKS, np.int64)
    at[USED] = used
    while not _lay(
        graph, routes, x, y, time, heading, sigma, settings, state, column, w, columns, leg, spots,
        trail, room, at,
    ):  # fmt: skip
        trail = longer(trail, at[USED])
    return trail, at[USED]


@lean
def _lay(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, heading, sigma, settings, state, column, w, columns, leg, spots,
    trail, room, at,
):  # fmt: skip
    """Go on laying from column `at[COLUMNS]`; give whether all is done, or the path is full."""
    t_arc, t_sample, t_from, t_to, t_odds = trail
    r_arc, r_from, r_to, r_odds = room.arc, room.from_m, room.to_m, room.odds
    on_arc, at_m, off, direction = spots.arc, spots.at_m, spots.offset_m, spots.direction
    odds, other, other_odds = spots.probability, spots.other_line, spots.other_probability
    line, is_open = graph.line, graph.open
    used, place = at[USED], 0.0
    for c in range(at[COLUMNS], columns):
        s, j = column[c, SAMPLE], column[c, CHOSEN]
        b0, b1 = column[c, FIRST], column[c + 1, FIRST]
        joined = c > 0 and column[c - 1, LEG] == column[c, LEG]
        lonely = not joined and (c + 1 == columns or column[c + 1, LEG] != column[c, LEG])
        column[c, PIECES] = column[c, PIECES_END] = used
        if lonely and columns > 1:
            spots.reason[s] = NOT_TRAVELLED
            continue
        arc, place = int(state[j, ARC]), state[j, ALONG]
        if joined:
            i, a0, before = column[c - 1, CHOSEN], column[c - 1, FIRST], column[c - 1, SAMPLE]
            if int(state[i, ARC]) == arc and place >= state[i, ALONG]:
                r_arc[0], r_from[0], r_to[0] = arc, at_m[before], max(at_m[before], place)
                r_odds[0] = same_arc(state, w, column[c, FIRST_W], a0, b0, b1, arc)
                count = 1
            else:
                count = pieces_to(
                    graph, routes, x, y, time, sigma, settings, state, column, w, c,
                    at_m[before], room,
                )  # fmt: skip
            if used + count > len(t_arc):
                at[COLUMNS], at[USED] = c, used
                return False
            for k in range(count):
                t_arc[used], t_sample[used], t_from[used] = r_arc[k], s, r_from[k]
                t_to[used], t_odds[used] = r_to[k], min(r_odds[k], 1.0)
                used += 1
            column[c, PIECES_END] = used
            place = r_to[count - 1]
        on_arc[s], at_m[s], off[s] = arc, place, abs(state[j, OFFSET])
        direction[s], spots.leg[s] = -1 if arc & 1 else 1, leg + column[c, LEG] - 1
        if lonely and is_open[arc ^ 1] and heading[s] != heading[s]:
            direction[s] = 0
        odds[s] = 1.0
        if b1 > b0 + 1:
            odds[s], other[s], other_odds[s] = _line_odds(line, state, b0, b1, j)
    at[USED] = used
    return True


@lean
def lay_between(graph, x, y, start, stop, kept, settings, work, columns, spots, trail):  # type: ignore[no-untyped-def]
    """Place samples `start:stop` that were thinned out on the path between those that were not."""
    column, c = work[1], 0
    t_arc, t_from, t_to = trail[0], trail[2], trail[3]
    step, first_step, length_m = graph.step, graph.first_step, graph.length_m
    at_arc, at_m, off, direction = spots.arc, spots.at_m, spots.offset_m, spots.direction
    odds, other, other_odds = spots.probability, spots.other_line, spots.other_probability
    reason, legs = spots.reason, spots.leg
    for s in range(start, stop):
        b = kept[s]
        if b < 0:
            continue
        reason[s] = reason[b]
        if at_arc[b] < 0:
            continue
        while column[c, SAMPLE] < b:
            c += 1
        kx, ky = metres_at(graph.cells, y[s])
        best, arc, spot = np.inf, at_arc[b], at_m[b]
        if c + 1 < columns and column[c + 1, PIECES_END] > column[c + 1, PIECES]:
            for k in range(column[c + 1, PIECES], column[c + 1, PIECES_END]):
                far, at = nearest_on(
                    step, first_step, length_m[t_arc[k] >> 1], x[s], y[s], kx, ky, t_arc[k],
                    t_from[k], t_to[k],
                )  # fmt: skip
                if far < best:
                    best, arc, spot = far, t_arc[k], at
        else:
            whole, near = length_m[arc >> 1], 2.0 * settings.back_m
            best, spot = nearest_on(
                step, first_step, whole, x[s], y[s], kx, ky, arc, max(0.0, spot - near),
                min(whole, spot + near),
            )  # fmt: skip
        at_arc[s], at_m[s], off[s], legs[s] = arc, spot, best, legs[b]
        direction[s] = 0 if direction[b] == 0 else (-1 if arc & 1 else 1)
        odds[s], other[s], other_odds[s] = odds[b], other[b], other_odds[b]


@njit(cache=True)
def on_lines(arc, at_m, line_of, length_m, from_m):  # type: ignore[no-untyped-def]
    """Give line, edge, place on the edge as drawn (0-1) and chainage of places on arcs."""
    n = len(arc)
    line, edge = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    along, chainage = np.full(n, np.nan), np.full(n, np.nan)
    for s in range(n):
        if arc[s] < 0:
            continue
        e = arc[s] >> 1
        drawn = length_m[e] - at_m[s] if arc[s] & 1 else at_m[s]
        line[s], edge[s], chainage[s] = line_of[e], e, from_m[e] + drawn
        along[s] = drawn / max(length_m[e], 1e-9)
    return line, edge, along, chainage
