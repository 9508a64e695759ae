"""Where each sample of a solved run lies, and the pieces of path that were travelled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.candidates import ALONG, ARC, ODDS, OFFSET, grown
from covermap.core.matching.cells import cell_at
from covermap.core.matching.graph import LENGTH_M, START_M, X1, X2, Y1, Y2
from covermap.core.matching.routes import path_between
from covermap.core.matching.steps import ROUTE, bound_for, longest_route, way_taken, write_step
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


class Places(NamedTuple):
    """Where each sample lies; see ``match.Match``."""

    line: Ints
    edge: Ints
    along: Floats
    chainage_m: Floats
    offset_m: Floats
    direction: NDArray[np.int64]
    probability: Floats
    other_line: Ints
    other_probability: Floats
    reason: Ints
    leg: Ints


class Trail(NamedTuple):
    """The path so far; see ``match.Path``; and room for one step of it."""

    arc: Ints
    from_m: Floats
    to_m: Floats
    sample: Ints
    probability: Floats
    room: Ints
    arcs: Ints
    froms: Floats
    tos: Floats


def places_for(n: int) -> Places:
    """Make places of samples that are on no line."""
    reals = [np.full(n, np.nan) for _ in range(5)]
    ints = [np.full(n, -1) for _ in range(4)]
    zeros = [np.zeros(n, np.int64) for _ in range(2)]
    return Places(
        ints[0], ints[1], reals[0], reals[1], reals[2], zeros[0], reals[3], ints[2], reals[4],
        zeros[1], ints[3],
    )  # fmt: skip


def trail_for(n: int, arcs: int) -> Trail:
    """Make an empty path."""
    size, most = n + n // 8 + 16, arcs + 3
    ints = [np.empty(k, np.int64) for k in (size, size, most, most)]
    reals = [np.empty(k) for k in (size, size, size, most, most)]
    return Trail(
        ints[0], reals[0], reals[1], ints[1], reals[2], ints[2], ints[3], reals[3], reals[4]
    )


@njit(cache=True)
def _longer(trail, used):  # type: ignore[no-untyped-def]
    return Trail(
        grown(trail.arc, used), grown(trail.from_m, used), grown(trail.to_m, used),
        grown(trail.sample, used), grown(trail.probability, used),
        trail.room, trail.arcs, trail.froms, trail.tos,
    )  # fmt: skip


@njit(cache=True)
def _line_odds(graph, state, b0, b1, chosen):  # type: ignore[no-untyped-def]
    """Probability of the chosen state's line; the next most likely line and its probability."""
    line = graph.line[int(state[chosen, ARC]) >> 1]
    own, other, most = 0.0, -1, 0.0
    for j in range(b0, b1):
        at = graph.line[int(state[j, ARC]) >> 1]
        if at == line:
            own += state[j, ODDS]
            continue
        total, seen = 0.0, False
        for i in range(b0, b1):
            if graph.line[int(state[i, ARC]) >> 1] == at:
                total += state[i, ODDS]
                seen = seen or i < j
        if not seen and (total > most or (total == most and at < other)):
            other, most = at, total
    if other < 0:
        return 1.0, other, np.nan
    return min(own, 1.0), other, most


@njit(cache=True)
def nearest_on(graph, x, y, kx, ky, arc, low, high):  # type: ignore[no-untyped-def]
    """Foot of a point on the part `low` to `high` of an arc: distance and metres along the arc."""
    edge = arc >> 1
    whole = graph.length_m[edge]
    if arc & 1:
        low, high = whole - high, whole - low
    best, at = np.inf, low
    step = graph.step
    for s in range(graph.first_step[edge], graph.first_step[edge + 1]):
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
def _piece_odds(  # type: ignore[no-untyped-def]
    graph,
    routes,
    state,
    w,
    a0,
    b0,
    b1,
    straight,
    longest,
    sigma,
    settings,
    count,
    trail,
    used,
):
    """Write the probability of the pieces of one step: of all steps that go by their arc."""
    across = b0 - a0
    for i in range(a0, b0):
        for j in range(b0, b1):
            odds = w[(j - b0) * across + i - a0]
            if odds < 1e-4:
                continue
            a, b = int(state[i, ARC]), int(state[j, ARC])
            how = way_taken(
                graph, routes, a, state[i, ALONG], b, state[j, ALONG], straight, longest, sigma,
                settings,
            )  # fmt: skip
            between = 0
            if how == ROUTE and graph.head[a] != graph.tail[b]:
                between = path_between(graph, routes, a, b, bound_for(longest), trail.room)
            for k in range(used, used + count):
                arc = trail.arc[k]
                there = arc in (a, b)
                for m in range(between):
                    there = there or trail.room[m] == arc
                if there:
                    trail.probability[k] += odds


@njit(cache=True)
def lay(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, heading, sigma, settings, work, columns, leg, places, trail, used
):
    """Write where the samples of the columns of a run lie, and the pieces of path between them.

    Gives the path, which may have grown, and how much of it is used. Legs count on from `leg`.
    """
    state, column, w = work.state, work.column, work.w
    place = 0.0
    for c in range(columns):
        s, j = column[c, SAMPLE], column[c, CHOSEN]
        b0, b1 = column[c, FIRST], column[c + 1, FIRST]
        joined = c > 0 and column[c - 1, LEG] == column[c, LEG]
        lonely = not joined and (c + 1 == columns or column[c + 1, LEG] != column[c, LEG])
        column[c, PIECES] = column[c, PIECES_END] = used
        if lonely and columns > 1:
            places.reason[s] = NOT_TRAVELLED
            continue
        arc, at = int(state[j, ARC]), state[j, ALONG]
        if joined:
            b, i, a0 = column[c - 1, SAMPLE], column[c - 1, CHOSEN], column[c - 1, FIRST]
            kx, ky = metres_at(graph, y[s])
            straight = np.hypot((x[s] - x[b]) * kx, (y[s] - y[b]) * ky)
            error = max(sigma[s], sigma[b])
            longest = longest_route(straight, time[s] - time[b], error, settings)
            a, p = int(state[i, ARC]), state[i, ALONG]
            how = way_taken(graph, routes, a, p, arc, at, straight, longest, error, settings)
            count = write_step(
                graph, routes, a, place, arc, at, how, longest, trail.room, trail.arcs,
                trail.froms, trail.tos,
            )  # fmt: skip
            while used + count > len(trail.arc):
                trail = _longer(trail, used)
            sure = w[column[c, FIRST_W] + (j - b0) * (b0 - a0) + i - a0]
            for k in range(count):
                trail.arc[used + k], trail.sample[used + k] = trail.arcs[k], s
                trail.from_m[used + k], trail.to_m[used + k] = trail.froms[k], trail.tos[k]
                trail.probability[used + k] = sure if sure > 0.999 else 0.0
            if sure <= 0.999:
                _piece_odds(
                    graph, routes, state, w[column[c, FIRST_W] :], a0, b0, b1, straight,
                    longest, error, settings, count, trail, used,
                )  # fmt: skip
            used += count
            column[c, PIECES_END] = used
            at = trail.to_m[used - 1]
        place = at
        _put(graph, places, s, arc, at, state[j, OFFSET], leg + column[c, LEG] - 1)
        if lonely and graph.open[arc ^ 1] and heading[s] != heading[s]:
            places.direction[s] = 0
        places.probability[s], places.other_line[s] = 1.0, -1
        if b1 > b0 + 1:
            odds, other, other_odds = _line_odds(graph, state, b0, b1, j)
            places.probability[s], places.other_line[s] = odds, other
            places.other_probability[s] = other_odds
    return trail, used


@njit(cache=True)
def metres_at(graph, y):  # type: ignore[no-untyped-def]
    """Metres a degree, east and north."""
    row, _ = cell_at(graph.cells, graph.cells.x0, y)
    return graph.cells.east_m[max(row, 0)], graph.cells.north_m[max(row, 0)]


@njit(cache=True)
def _put(graph, places, s, arc, at, offset, leg):  # type: ignore[no-untyped-def]
    edge = arc >> 1
    whole = graph.length_m[edge]
    drawn = whole - at if arc & 1 else at
    places.line[s], places.edge[s] = graph.line[edge], edge
    places.along[s] = drawn / max(whole, 1e-9)
    places.chainage_m[s], places.offset_m[s] = graph.from_m[edge] + drawn, offset
    places.direction[s] = -1 if arc & 1 else 1
    places.leg[s] = leg


@njit(cache=True)
def lay_between(graph, x, y, start, stop, kept, settings, work, columns, places, trail):  # type: ignore[no-untyped-def]
    """Place samples `start:stop` that were thinned out on the path between those that were not."""
    column, c = work.column, 0
    for s in range(start, stop):
        b = kept[s]
        if b < 0:
            continue
        places.reason[s] = places.reason[b]
        if places.edge[b] < 0:
            continue
        while column[c, SAMPLE] < b:
            c += 1
        kx, ky = metres_at(graph, y[s])
        best, arc, spot = np.inf, 2 * places.edge[b] + (1 if places.direction[b] < 0 else 0), 0.0
        if c + 1 < columns and column[c + 1, PIECES_END] > column[c + 1, PIECES]:
            for k in range(column[c + 1, PIECES], column[c + 1, PIECES_END]):
                far, at = nearest_on(
                    graph, x[s], y[s], kx, ky, trail.arc[k], trail.from_m[k], trail.to_m[k]
                )
                if far < best:
                    best, arc, spot = far, trail.arc[k], at
        else:
            whole = graph.length_m[places.edge[b]]
            spot = places.along[b] * whole
            spot = whole - spot if arc & 1 else spot
            best, spot = nearest_on(
                graph, x[s], y[s], kx, ky, arc, max(0.0, spot - 2.0 * settings.back_m),
                min(whole, spot + 2.0 * settings.back_m),
            )  # fmt: skip
        known = places.direction[b] != 0
        _put(graph, places, s, arc, spot, best, places.leg[b])
        if not known:
            places.direction[s] = 0
        places.probability[s] = places.probability[b]
        places.other_line[s] = places.other_line[b]
        places.other_probability[s] = places.other_probability[b]
