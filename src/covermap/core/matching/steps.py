"""From a state of one sample to a state of the next: how it can be done, and what it costs."""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.matching.candidates import ALONG, ARC
from covermap.core.matching.routes import entry, path_between

STRAIGHT_ON, TURN, ROUTE = range(3)
"""How: along the same arc; turning round on it; by its end and a route to the other's start."""
FIRST_BOUND_M = 250.0
"""Searches go this far, or 1.5 times, 1.5 x 1.5 times ... as far, so that few are repeated."""
ROUND_ABOUT_M = 200.0
"""What the choice of a route may count beyond the metres: a turn round, a few other turns."""


@njit(cache=True)
def bound_for(longest):  # type: ignore[no-untyped-def]
    """Round a bound up, so that arcs are searched few times."""
    bound = FIRST_BOUND_M
    while bound < longest + ROUND_ABOUT_M:
        bound *= 1.5
    return bound


@njit(cache=True)
def beta_at(straight, settings):  # type: ignore[no-untyped-def]
    """Scale of the difference between route and straight line over a distance."""
    return settings.beta_m + settings.beta_share * straight


@njit(cache=True)
def longest_route(straight, seconds, sigma, settings):  # type: ignore[no-untyped-def]
    """No longer route than this can have been travelled between two samples."""
    longest = settings.detour * straight + settings.detour_m
    if seconds == seconds:
        longest = min(longest, settings.max_speed_m_s * max(seconds, 0.0) + 6.0 * sigma)
    return longest


@njit(cache=True)
def on_edge(a, p, b, q, whole, straight, beta, longest, sigma, settings):  # type: ignore[no-untyped-def]
    """Cost of going from `p` on arc `a` to `q` on arc `b` without leaving the edge; inf: no way.

    Who turned round between two samples has made less way than he drove: where the samples
    follow each other along the arc by more than `thin` sigmas, nobody turned on it.
    """
    if a == b:
        way = q - p
        if -settings.back_m <= way <= longest:
            return abs(way - straight) / beta
    elif a == b ^ 1:
        way = whole - q - p
        if way <= settings.thin * sigma and -way <= longest:
            return abs(abs(way) - straight) / beta + settings.turn_cost
    return np.inf


@njit(cache=True)
def by_route(graph, routes, a, p, b, q, whole, straight, beta, longest, settings):  # type: ignore[no-untyped-def]
    """Cost of going by the end of arc `a` and a route to the start of arc `b`; inf: no way."""
    ends = whole - p + q
    if ends > longest:
        return np.inf
    place = entry(graph, routes, a, b, bound_for(longest))
    if place < 0:
        return np.inf
    route, rounds = ends + routes.length_m[place], routes.rounds[place]
    if route > longest:
        return np.inf
    turns = (rounds >> 16) * settings.turn_cost + (rounds & 65535) * settings.dead_end_cost
    return abs(route - straight) / beta + turns


@njit(cache=True)
def connect(graph, routes, state, a0, a1, b0, b1, straight, longest, sigma, settings, w):  # type: ignore[no-untyped-def]
    """Write the cost of each step from states `a0:a1` to states `b0:b1` to `w`, row by row of b."""
    beta = beta_at(straight, settings)
    length, across = graph.length_m, a1 - a0
    for i in range(a0, a1):
        a, p = int(state[i, ARC]), state[i, ALONG]
        whole = length[a >> 1]
        for j in range(b0, b1):
            b, q = int(state[j, ARC]), state[j, ALONG]
            cost = on_edge(a, p, b, q, whole, straight, beta, longest, sigma, settings)
            if whole - p + q <= longest and (a != b or q < p):
                way = by_route(graph, routes, a, p, b, q, whole, straight, beta, longest, settings)
                cost = min(cost, way)
            w[(j - b0) * across + i - a0] = cost


@njit(cache=True)
def way_taken(graph, routes, a, p, b, q, straight, longest, sigma, settings):  # type: ignore[no-untyped-def]
    """Give how the cheapest step is made; see :func:`connect`."""
    beta, whole = beta_at(straight, settings), graph.length_m[a >> 1]
    same = on_edge(a, p, b, q, whole, straight, beta, longest, sigma, settings)
    if whole - p + q <= longest and (a != b or q < p):
        way = by_route(graph, routes, a, p, b, q, whole, straight, beta, longest, settings)
        if way < same:
            return ROUTE
    return STRAIGHT_ON if a == b else TURN


@njit(cache=True)
def write_step(graph, routes, a, p, b, q, how, longest, room, arc, from_m, to_m):  # type: ignore[no-untyped-def]
    """Write the pieces of arcs travelled from `p` on `a` to `q` on `b`; give how many.

    `room` takes a route; `arc`, `from_m` and `to_m` must have room for two more than it.
    """
    whole = graph.length_m[a >> 1]
    if how == STRAIGHT_ON:
        arc[0], from_m[0], to_m[0] = a, p, max(p, q)
        return 1
    if how == TURN:
        far = max(p, whole - q)
        arc[0], from_m[0], to_m[0] = a, p, far
        arc[1], from_m[1], to_m[1] = b, whole - far, q
        return 2
    arc[0], from_m[0], to_m[0] = a, p, whole
    count = path_between(graph, routes, a, b, bound_for(longest), room)
    for k in range(count):
        arc[k + 1], from_m[k + 1] = room[k], 0.0
        to_m[k + 1] = graph.length_m[room[k] >> 1]
    arc[count + 1], from_m[count + 1], to_m[count + 1] = b, 0.0, q
    return count + 2
