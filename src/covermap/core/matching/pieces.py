"""The pieces of arcs travelled from one sample to the next, and the probability of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.candidates import grown
from covermap.core.matching.cells import straight_m
from covermap.core.matching.layout import ALONG, ARC, CHOSEN, FIRST, FIRST_W, SAMPLE
from covermap.core.matching.lean import lean
from covermap.core.matching.routes import path_between, search
from covermap.core.matching.steps import (
    ROUTE,
    beta_at,
    bound_for,
    first_unknown,
    longest_route,
    way_taken,
    write_step,
)
from covermap.core.matching.ways import ways_between

SURE = 0.999
"""Pieces of steps that are likelier than this are not looked at for other ways."""
CHOICE = 1.5
"""Of several ways, one is the less likely the longer it is, by e for so many times beta. Picked
among 1, 1.5 and 2.5 on simulated drives: hardly anything depends on it."""
SOME = 0.01
"""Steps that are less likely are taken to go by the shortest way alone."""
LEAST_SHARE = 1e-4
"""Ways that are less likely are not added up."""


class Room(NamedTuple):
    """Room for one step of a path: a route, the pieces of arcs, and other ways (see `ways`)."""

    route: Ints
    arc: Ints
    from_m: Floats
    to_m: Floats
    odds: Floats
    among: Ints
    since: Floats
    """By arc: what the choice of a route counts to its beginning."""
    weight: Floats
    """By arc: of all ways that lead to it."""
    flow: Floats


def room_for(arcs: int) -> Room:
    """Make room for steps on a graph of so many arcs."""
    route, arc, among = (np.empty(arcs + 3, np.int64) for _ in range(3))
    from_m, to_m, odds, since, weight, flow = (np.empty(arcs + 3) for _ in range(6))
    return Room(route, arc, from_m, to_m, odds, among, since, weight, flow)


@njit(cache=True)
def trail_for(n):  # type: ignore[no-untyped-def]
    """Make an empty path: arc, sample, from, to and probability of each piece."""
    size = n + n // 8 + 16
    return (
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size), np.empty(size),
        np.empty(size),
    )  # fmt: skip


@njit(cache=True)
def longer(trail, used):  # type: ignore[no-untyped-def]
    """Give a path room for twice as many pieces."""
    arc, sample, from_m, to_m, odds = trail
    return (
        grown(arc, used), grown(sample, used), grown(from_m, used), grown(to_m, used),
        grown(odds, used),
    )  # fmt: skip


@lean
def same_arc(state, w, w0, a0, b0, b1, arc):  # type: ignore[no-untyped-def]
    """Probability of all steps that leave or come to an arc."""
    total, across = 0.0, b0 - a0
    for j in range(b0, b1):
        there = int(state[j, ARC]) == arc
        for i in range(a0, b0):
            if there or int(state[i, ARC]) == arc:
                total += w[w0 + (j - b0) * across + i - a0]
    return total


@lean
def pieces_to(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, sigma, settings, state, column, w, c, place, room
):
    """Write the pieces that lead to the sample of column `c` into `room`; give how many.

    `place` is where the sample before it was laid, metres on its arc.
    """
    s, j, b0, b1 = column[c, SAMPLE], column[c, CHOSEN], column[c, FIRST], column[c + 1, FIRST]
    before, i, a0 = column[c - 1, SAMPLE], column[c - 1, CHOSEN], column[c - 1, FIRST]
    straight = straight_m(graph.cells, x[before], y[before], x[s], y[s])
    error = max(sigma[s], sigma[before])
    longest = longest_route(straight, time[s] - time[before], error, settings)
    unknown = first_unknown(state, routes.rows, a0, b0, bound_for(longest))
    while unknown >= 0:
        search(graph, routes, unknown, bound_for(longest))
        unknown = first_unknown(state, routes.rows, a0, b0, bound_for(longest))
    count = write_step(
        graph.length_m, routes, int(state[i, ARC]), state[i, ALONG], int(state[j, ARC]),
        state[j, ALONG], place, straight, longest, settings, room,
    )  # fmt: skip
    room.odds[:count] = w[column[c, FIRST_W] + (j - b0) * (b0 - a0) + i - a0]
    if room.odds[0] <= SURE or count > 2:
        _piece_odds(
            graph, routes, state, w, column[c, FIRST_W], a0, b0, b1, straight, longest, settings,
            count, room,
        )  # fmt: skip
    return count


@lean
def _piece_odds(  # type: ignore[no-untyped-def]
    graph, routes, state, w, w0, a0, b0, b1, straight, longest, settings, count, room
):
    """Write the probability of the pieces of one step: of all steps that go by their arc."""
    across, arc, odds = b0 - a0, room.arc, room.odds
    odds[:count] = 0.0
    for i in range(a0, b0):
        for j in range(b0, b1):
            share = w[w0 + (j - b0) * across + i - a0]
            if share < LEAST_SHARE:
                continue
            a, b = int(state[i, ARC]), int(state[j, ARC])
            how = way_taken(
                graph.length_m, routes, a, state[i, ALONG], b, state[j, ALONG], straight,
                longest, settings,
            )  # fmt: skip
            if how == ROUTE:
                scale = CHOICE * beta_at(straight, settings)
                _by_ways(graph, routes, room, a, b, scale, share, count)
            for k in range(count):
                if arc[k] == a or arc[k] == b:
                    odds[k] += share


@lean
def _by_ways(graph, routes, room, a, b, scale, share, count):  # type: ignore[no-untyped-def]
    """Add the share of a step by a route to the pieces that it goes by between its ends."""
    arc, odds = room.arc, room.odds
    if share < SOME:
        # Too little for other ways to matter: the shortest has it all.
        between = path_between(routes.rows, routes.reached, routes.pool, a, b, room.route)
        for k in range(count):
            for m in range(between):
                if room.route[m] == arc[k] and arc[k] != a and arc[k] != b:
                    odds[k] += share
                    break
        return
    ways_between(graph, routes, room, a, b, scale)
    for k in range(count):
        if arc[k] != a and arc[k] != b and routes.stamp[arc[k]] == routes.used[1]:
            odds[k] += share * room.flow[arc[k]]
