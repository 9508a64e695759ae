"""From a state of one sample to a state of the next: how it can be done, and what it costs."""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.matching.routes import entry, path_between

ALONG, TURN, ROUTE = range(3)
"""How: along the same arc; turning round on it; by its end and a route to the other's start."""
FIRST_BOUND_M = 250.0
"""Searches go this far, or twice, four times ... as far, so that they are seldom repeated."""


@njit(cache=True)
def bound_for(reach):  # type: ignore[no-untyped-def]
    """Round a bound up, so that sources are searched few times."""
    bound = FIRST_BOUND_M
    while bound < reach:
        bound *= 2.0
    return bound


@njit(cache=True)
def _dead_end(graph, node):  # type: ignore[no-untyped-def]
    return graph.first_out[node + 1] - graph.first_out[node] <= 1


@njit(cache=True)
def step_cost(graph, routes, a, p, b, q, straight, beta, longest, settings):  # type: ignore[no-untyped-def]
    """Cost of going from `p` on arc `a` to `q` on arc `b`, how, and the length; inf: impossible.

    Parameters
    ----------
    straight
        Distance between the two samples, m.
    beta
        Scale of the exponential distribution of ``|route - straight|``, m.
    longest
        No longer route comes into question, m.
    """
    best, how, length = np.inf, -1, np.inf
    if a == b and -settings.back_m <= q - p <= longest:
        best, how, length = abs(q - p - straight) / beta, ALONG, max(q - p, 0.0)
        if q >= p:
            return best, how, length
    whole = graph.length_m[a >> 1]
    if b == a ^ 1:
        route = abs(whole - q - p)
        if route <= longest:
            best = abs(route - straight) / beta + settings.turn_cost
            how, length = TURN, route
    ends = whole - p + q
    if ends > longest:
        return best, how, length
    source, target = graph.head[a], graph.tail[b]
    turns = 0.0
    route = ends
    if source == target:
        if b == a ^ 1:
            turns = settings.dead_end_cost if _dead_end(graph, source) else settings.turn_cost
    else:
        place = entry(graph, routes, source, target, bound_for(longest))
        if place < 0:
            return best, how, length
        route += routes.cost[place]
        if routes.first[place] == a ^ 1:
            turns += settings.dead_end_cost if _dead_end(graph, source) else settings.turn_cost
        if routes.by[place] == b ^ 1:
            turns += settings.dead_end_cost if _dead_end(graph, target) else settings.turn_cost
    cost = abs(route - straight) / beta + turns
    if route <= longest and cost < best:
        best, how, length = cost, ROUTE, route
    return best, how, length


@njit(cache=True)
def write_step(graph, routes, a, p, b, q, how, longest, room, arc, from_m, to_m):  # type: ignore[no-untyped-def]
    """Write the pieces of arcs travelled from `p` on `a` to `q` on `b`; give how many.

    `room` takes a route; `arc`, `from_m` and `to_m` must have room for two more than it.
    """
    whole = graph.length_m[a >> 1]
    if how == ALONG:
        arc[0], from_m[0], to_m[0] = a, p, max(p, q)
        return 1
    if how == TURN:
        far = max(p, whole - q)
        arc[0], from_m[0], to_m[0] = a, p, far
        arc[1], from_m[1], to_m[1] = b, whole - far, q
        return 2
    arc[0], from_m[0], to_m[0] = a, p, whole
    count = path_between(graph, routes, graph.head[a], graph.tail[b], bound_for(longest), room)
    for k in range(count):
        arc[k + 1], from_m[k + 1] = room[k], 0.0
        to_m[k + 1] = graph.length_m[room[k] >> 1]
    arc[count + 1], from_m[count + 1], to_m[count + 1] = b, 0.0, q
    return count + 2
