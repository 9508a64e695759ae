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
    bound_for,
    first_unknown,
    longest_route,
    way_taken,
    write_step,
)

SURE = 0.999
"""Pieces of steps that are likelier than this are not looked at for other ways."""
LEAST_SHARE = 1e-4
"""Ways that are less likely are not added up."""


class Room(NamedTuple):
    """Room for one step of a path: a route, and the pieces of arcs."""

    route: Ints
    arc: Ints
    from_m: Floats
    to_m: Floats
    odds: Floats


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
    if room.odds[0] <= SURE:
        _piece_odds(
            graph.length_m, routes, state, w, column[c, FIRST_W], a0, b0, b1, straight, longest,
            settings, count, room,
        )  # fmt: skip
    return count


@lean
def _piece_odds(  # type: ignore[no-untyped-def]
    length_m, routes, state, w, w0, a0, b0, b1, straight, longest, settings, count, room
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
                length_m, routes, a, state[i, ALONG], b, state[j, ALONG], straight, longest,
                settings,
            )  # fmt: skip
            between = 0
            if how == ROUTE:
                between = path_between(routes.rows, routes.reached, routes.pool, a, b, room.route)
            for k in range(count):
                there = arc[k] == a or arc[k] == b
                for m in range(between):
                    there = there or room.route[m] == arc[k]
                if there:
                    odds[k] += share
