"""From a state of one sample to a state of the next: how it can be done, and what it costs."""

from __future__ import annotations

import numpy as np

from covermap.core.matching.layout import ALONG, ARC
from covermap.core.matching.lean import lean
from covermap.core.matching.routes import COUNTS, METRES, ROUNDS, entry, known, path_between

STRAIGHT_ON, TURN, ROUTE = range(3)
"""How: along the same arc; turning round on it; by its end and a route to the other's start."""
FIRST_BOUND_M = 250.0
"""Searches go this far, or 1.5 times, 1.5 x 1.5 times ... as far, so that few are repeated."""
ROUND_ABOUT_M = 200.0
"""What the choice of a route may count beyond the metres: a turn round, a few other turns."""


@lean
def bound_for(longest):  # type: ignore[no-untyped-def]
    """Round a bound up, so that arcs are searched few times."""
    bound = FIRST_BOUND_M
    while bound < longest + ROUND_ABOUT_M:
        bound *= 1.5
    return bound


@lean
def beta_at(straight, settings):  # type: ignore[no-untyped-def]
    """Scale of the difference between route and straight line over a distance."""
    return settings.beta_m + settings.beta_share * straight


@lean
def longest_route(straight, seconds, sigma, settings):  # type: ignore[no-untyped-def]
    """No longer route than this can have been travelled between two samples."""
    longest = settings.detour * straight + settings.detour_m
    if seconds == seconds:
        longest = min(longest, settings.max_speed_m_s * max(seconds, 0.0) + 6.0 * sigma)
    return longest


@lean
def on_edge(a, p, b, q, whole, straight, beta, longest, settings):  # type: ignore[no-untyped-def]
    """Cost of going from `p` on arc `a` to `q` on arc `b` without leaving the edge; inf: no way.

    Nobody turned round between two samples that follow each other along the arc: if he did, the
    next one lies back, and the turn is seen there.
    """
    cost = np.inf
    if a == b:
        if -settings.back_m <= q - p <= longest:
            cost = abs(q - p - straight) / beta
    elif a == b ^ 1 and -longest <= whole - q - p <= 0.0:
        cost = abs(p + q - whole - straight) / beta + settings.turn_cost
    return cost


@lean
def by_route(rows, to, pool, a, b, ends, straight, beta, longest, bound, settings):  # type: ignore[no-untyped-def]
    """Cost of going by the end of arc `a` and a route to the start of arc `b`; inf: no way.

    `ends` are the metres on the two arcs. The routes from `a` must be known as far as `bound`; how
    much farther does not matter.
    """
    cost = np.inf
    place = entry(rows, to, a, b)
    if place >= 0 and pool[place, COUNTS] <= bound and ends + pool[place, METRES] <= longest:
        rounds = int(pool[place, ROUNDS])
        cost = abs(ends + pool[place, METRES] - straight) / beta
        cost += (pool[place, COUNTS] - pool[place, METRES]) / settings.choice_m
        cost += (rounds >> 16) * settings.turn_cost + (rounds & 65535) * settings.dead_end_cost
    return cost


@lean
def connect(  # type: ignore[no-untyped-def]
    state, length_m, rows, to, pool, a0, a1, b0, b1, straight, longest, settings, w, w0
):
    """Write the cost of each step from states `a0:a1` to states `b0:b1`, row by row of b.

    They go to `w` from `w0` on. Gives -1, or the arc whose routes must be searched first.
    """
    beta, bound = beta_at(straight, settings), bound_for(longest)
    across = a1 - a0
    for i in range(a0, a1):
        a, p = int(state[i, ARC]), state[i, ALONG]
        whole = length_m[a >> 1]
        within = known(rows, a, bound)
        for j in range(b0, b1):
            b, q = int(state[j, ARC]), state[j, ALONG]
            cost, ends = np.inf, whole - p + q
            if a >> 1 == b >> 1:
                cost = on_edge(a, p, b, q, whole, straight, beta, longest, settings)
            if ends <= longest and (a != b or q < p):
                if not within:
                    return a
                way = by_route(rows, to, pool, a, b, ends, straight, beta, longest, bound, settings)
                cost = min(cost, way)
            w[w0 + (j - b0) * across + i - a0] = cost
    return -1


@lean
def first_unknown(state, rows, a0, a1, bound):  # type: ignore[no-untyped-def]
    """Give the first arc of states `a0:a1` whose routes are not known to `bound`; -1: none."""
    for i in range(a0, a1):
        if not known(rows, int(state[i, ARC]), bound):
            return int(state[i, ARC])
    return -1


@lean
def way_taken(length_m, routes, a, p, b, q, straight, longest, settings):  # type: ignore[no-untyped-def]
    """Give how the cheapest step is made; see :func:`connect`. The routes must be known."""
    beta, whole = beta_at(straight, settings), length_m[a >> 1]
    same = on_edge(a, p, b, q, whole, straight, beta, longest, settings)
    ends = whole - p + q
    if ends <= longest and (a != b or q < p):
        way = by_route(
            routes.rows, routes.reached, routes.pool, a, b, ends, straight, beta, longest,
            bound_for(longest), settings,
        )  # fmt: skip
        if way < same:
            return ROUTE
    return STRAIGHT_ON if a == b else TURN


@lean
def write_step(length_m, routes, a, p, b, q, place, straight, longest, settings, room):  # type: ignore[no-untyped-def]
    """Write the pieces of arcs travelled from `p` on `a` to `q` on `b`; give how many.

    The first begins at `place`, where the sample was laid.
    """
    whole = length_m[a >> 1]
    arc, from_m, to_m = room.arc, room.from_m, room.to_m
    how = way_taken(length_m, routes, a, p, b, q, straight, longest, settings)
    arc[0], from_m[0], to_m[0] = a, place, whole
    if how == STRAIGHT_ON:
        to_m[0] = max(place, q)
        return 1
    if how == TURN:
        far = max(place, whole - q)
        to_m[0] = far
        arc[1], from_m[1], to_m[1] = b, whole - far, q
        return 2
    count = path_between(routes.rows, routes.reached, routes.pool, a, b, room.route)
    for k in range(count):
        arc[k + 1], from_m[k + 1] = room.route[k], 0.0
        to_m[k + 1] = length_m[room.route[k] >> 1]
    arc[count + 1], from_m[count + 1], to_m[count + 1] = b, 0.0, q
    return count + 2
