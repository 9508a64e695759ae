"""Where each sample of a solved run lies, and the pieces of path that were travelled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.candidates import ALONG, ARC, ODDS, OFFSET, grown
from covermap.core.matching.cells import metres_at
from covermap.core.matching.graph import LENGTH_M, START_M, X1, X2, Y1, Y2
from covermap.core.matching.routes import path_between, search
from covermap.core.matching.steps import (
    ROUTE,
    bound_for,
    first_unknown,
    longest_route,
    way_taken,
    write_step,
)
from covermap.core.matching.viterbi import (
    CHOSEN,
    FIRST,
    FIRST_W,
    LEG,
    NOT_TRAVELLED,
    PIECES,
    PIECES_END,
    SAMPLE,
)

SURE = 0.999
"""Pieces of steps that are likelier than this are not looked at for other ways."""
LEAST_SHARE = 1e-4
"""Ways that are less likely are not added up."""


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


class Room(NamedTuple):
    """Room for one step of a path: a route, and the pieces of arcs."""

    route: Ints
    arc: Ints
    from_m: Floats
    to_m: Floats
    odds: Floats


def spots_for(n: int) -> Spots:
    """Make spots of samples that are on no line."""
    reals = [np.full(n, np.nan) for _ in range(4)]
    ints = [np.full(n, -1) for _ in range(3)]
    zeros = [np.zeros(n, np.int64) for _ in range(2)]
    return Spots(
        ints[0], reals[0], reals[1], zeros[0], reals[2], ints[1], reals[3], zeros[1], ints[2]
    )


def room_for(arcs: int) -> Room:
    """Make room for steps on a graph of so many arcs."""
    most = arcs + 3
    return Room(
        np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most), np.empty(most),
        np.empty(most),
    )  # fmt: skip


@njit(cache=True)
def trail_for(n):  # type: ignore[no-untyped-def]
    """Make an empty path: arc, sample, from, to and probability of each piece."""
    size = n + n // 8 + 16
    return (
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size), np.empty(size),
        np.empty(size),
    )  # fmt: skip


@njit(cache=True)
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


@njit(cache=True)
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
def _same_arc(state, w, w0, a0, b0, b1, arc):  # type: ignore[no-untyped-def]
    """Probability of all steps that leave or come to an arc."""
    total, across = 0.0, b0 - a0
    for j in range(b0, b1):
        for i in range(a0, b0):
            if int(state[i, ARC]) == arc or int(state[j, ARC]) == arc:
                total += w[w0 + (j - b0) * across + i - a0]
    return total


@njit(cache=True)
def _piece_odds(  # type: ignore[no-untyped-def]
    length_m, rows, pool, state, w, w0, a0, b0, b1, straight, longest, settings, count,
    route, arc, odds,
):  # fmt: skip
    """Write the probability of the pieces of one step: of all steps that go by their arc."""
    across = b0 - a0
    odds[:count] = 0.0
    for i in range(a0, b0):
        for j in range(b0, b1):
            share = w[w0 + (j - b0) * across + i - a0]
            if share < LEAST_SHARE:
                continue
            a, b = int(state[i, ARC]), int(state[j, ARC])
            how = way_taken(
                length_m, rows, pool, a, state[i, ALONG], b, state[j, ALONG], straight,
                longest, settings,
            )  # fmt: skip
            between = 0
            if how == ROUTE:
                between = path_between(rows, pool, a, b, bound_for(longest), route)
            for k in range(count):
                there = arc[k] == a or arc[k] == b
                for m in range(between):
                    there = there or route[m] == arc[k]
                if there:
                    odds[k] += share


@njit(cache=True)
def _write(  # type: ignore[no-untyped-def]
    length_m, rows, pool, state, w, w0, i, j, a0, b0, b1, place, straight, longest,
    settings, route, arc, from_m, to_m, odds,
):  # fmt: skip
    """Write the pieces of one step, and their probabilities; give how many."""
    a, p, b, q = int(state[i, ARC]), state[i, ALONG], int(state[j, ARC]), state[j, ALONG]
    how = way_taken(length_m, rows, pool, a, p, b, q, straight, longest, settings)
    count = write_step(length_m, rows, pool, a, place, b, q, how, longest, route, arc, from_m, to_m)
    odds[:count] = w[w0 + (j - b0) * (b0 - a0) + i - a0]
    if odds[0] <= SURE:
        _piece_odds(
            length_m, rows, pool, state, w, w0, a0, b0, b1, straight, longest, settings,
            count, route, arc, odds,
        )  # fmt: skip
    return count


@njit(cache=True)
def lay(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, heading, sigma, settings, work, columns, leg, spots, trail, used,
    room,
):  # fmt: skip
    """Write where the samples of the columns of a run lie, and the pieces of path between them.

    Gives the path, which may have grown, and how much of it is used. Legs count on from `leg`.
    """
    state, column, w = work
    t_arc, t_sample, t_from, t_to, t_odds = trail
    line, is_open, length_m = graph.line, graph.open, graph.length_m
    rows, pool = routes.rows, routes.pool
    east_m, north_m = graph.cells.east_m, graph.cells.north_m
    y0, height = graph.cells.y0, graph.cells.height
    at_arc, at_m, off, direction = spots.arc, spots.at_m, spots.offset_m, spots.direction
    odds, other, other_odds = spots.probability, spots.other_line, spots.other_probability
    reason, legs = spots.reason, spots.leg
    route, r_arc, r_from, r_to, r_odds = room.route, room.arc, room.from_m, room.to_m, room.odds
    place = 0.0
    for c in range(columns):
        s, j = column[c, SAMPLE], column[c, CHOSEN]
        b0, b1 = column[c, FIRST], column[c + 1, FIRST]
        joined = c > 0 and column[c - 1, LEG] == column[c, LEG]
        lonely = not joined and (c + 1 == columns or column[c + 1, LEG] != column[c, LEG])
        column[c, PIECES] = column[c, PIECES_END] = used
        if lonely and columns > 1:
            reason[s] = NOT_TRAVELLED
            continue
        arc, at = int(state[j, ARC]), state[j, ALONG]
        if joined:
            i, a0, w0 = column[c - 1, CHOSEN], column[c - 1, FIRST], column[c, FIRST_W]
            if int(state[i, ARC]) == arc and at >= state[i, ALONG]:
                count, r_arc[0], r_from[0], r_to[0] = 1, arc, place, max(place, at)
                r_odds[0] = _same_arc(state, w, w0, a0, b0, b1, arc)
            else:
                b = column[c - 1, SAMPLE]
                kx, ky = metres_at(y[s], y0, height, east_m, north_m)
                straight = np.hypot((x[s] - x[b]) * kx, (y[s] - y[b]) * ky)
                error = max(sigma[s], sigma[b])
                longest = longest_route(straight, time[s] - time[b], error, settings)
                unknown = first_unknown(state, rows, a0, b0, bound_for(longest))
                while unknown >= 0:
                    search(graph, routes, unknown, bound_for(longest))
                    unknown = first_unknown(state, rows, a0, b0, bound_for(longest))
                count = _write(
                    length_m, rows, pool, state, w, w0, i, j, a0, b0, b1, place, straight,
                    longest, settings, route, r_arc, r_from, r_to, r_odds,
                )  # fmt: skip
            while used + count > len(t_arc):
                t_arc, t_sample, t_from = (
                    grown(t_arc, used),
                    grown(t_sample, used),
                    grown(t_from, used),
                )
                t_to, t_odds = grown(t_to, used), grown(t_odds, used)
            for k in range(count):
                t_arc[used], t_sample[used], t_from[used] = r_arc[k], s, r_from[k]
                t_to[used], t_odds[used] = r_to[k], min(r_odds[k], 1.0)
                used += 1
            column[c, PIECES_END] = used
            at = r_to[count - 1]
        place = at
        at_arc[s], at_m[s], off[s] = arc, at, abs(state[j, OFFSET])
        direction[s], legs[s] = -1 if arc & 1 else 1, leg + column[c, LEG] - 1
        if lonely and is_open[arc ^ 1] and heading[s] != heading[s]:
            direction[s] = 0
        odds[s] = 1.0
        if b1 > b0 + 1:
            odds[s], other[s], other_odds[s] = _line_odds(line, state, b0, b1, j)
    return (t_arc, t_sample, t_from, t_to, t_odds), used


@njit(cache=True)
def lay_between(graph, x, y, start, stop, kept, settings, work, columns, spots, trail):  # type: ignore[no-untyped-def]
    """Place samples `start:stop` that were thinned out on the path between those that were not."""
    column, c = work[1], 0
    t_arc, t_from, t_to = trail[0], trail[2], trail[3]
    step, first_step, length_m = graph.step, graph.first_step, graph.length_m
    east_m, north_m = graph.cells.east_m, graph.cells.north_m
    y0, height = graph.cells.y0, graph.cells.height
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
        kx, ky = metres_at(y[s], y0, height, east_m, north_m)
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
