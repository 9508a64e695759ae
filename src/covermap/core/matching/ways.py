"""How likely each arc between two fixes was travelled, where several ways are about as long.

The share of travellers on each arc follows Dial (1971, "A probabilistic multipath traffic
assignment model which obviates path enumeration"): of all ways whose arcs lead farther and farther
from where they begin, each is the less likely the more it counts beyond the shortest, by a factor
of e for each `scale`. Two ways of one length share equally; no way is enumerated.
"""

from __future__ import annotations

import numpy as np

from covermap.core.matching.lean import lean
from covermap.core.matching.routes import COUNTS, entry, pop, push, turn_m

LEAST = 7.0
"""Ways that are less likely than e to the minus this, beside the likeliest, are left out."""


@lean
def ways_between(graph, routes, room, a, b, scale):  # type: ignore[no-untyped-def]
    """Share of the travellers from the end of arc `a` to the start of arc `b` on each arc.

    Parameters
    ----------
    graph, routes
        The routes from `a` must be known as far as `b`, and lead there.
    room
        Written: ``room.among``, the arcs of all ways but `a`, and ``room.flow``, by arc, the
        share of each. An arc that is in no way has another number than the search in
        ``routes.stamp``.
    scale
        How many metres, as the choice of a route counts them, make a way less likely by a factor
        of e.

    Returns
    -------
    count : int
        How many arcs are in ``room.among``; `b` is the first, and each comes before those that
        lead to it.
    """
    count = _collect(graph, routes, room, a, b, LEAST * scale)
    for k in range(count - 1, -1, -1):
        v = room.among[k]
        node, weight = graph.tail[v], 0.0
        for i in range(graph.first_in[node], graph.first_in[node + 1]):
            weight += _weight(graph, routes, room, a, graph.into[i], v, scale)
        room.weight[v], room.flow[v] = weight, 0.0
    room.flow[b] = 1.0
    for k in range(count):
        v = room.among[k]
        node = graph.tail[v]
        for i in range(graph.first_in[node], graph.first_in[node + 1]):
            u = graph.into[i]
            if u != a and room.weight[v] > 0.0:
                share = _weight(graph, routes, room, a, u, v, scale)
                if share > 0.0:
                    room.flow[u] += room.flow[v] * share / room.weight[v]
    return count


@lean
def _collect(graph, routes, room, a, b, most):  # type: ignore[no-untyped-def]
    """Write the arcs of ways that count at most `most` beyond the shortest; give how many.

    They come farthest first: all that follow an arc are known before it.
    """
    routes.used[1] += 1
    number, count, size = routes.used[1], 0, 0
    rows, to, pool = routes.rows, routes.reached, routes.pool
    room.since[b] = pool[entry(rows, to, a, b), COUNTS]
    routes.stamp[b], routes.cost[b] = number, 0.0
    size = push(routes.heap, routes.heap_cost, size, b, -room.since[b])
    while size > 0:
        v, _, size = pop(routes.heap, routes.heap_cost, size)
        room.among[count] = v
        count += 1
        node = graph.tail[v]
        for i in range(graph.first_in[node], graph.first_in[node + 1]):
            u = graph.into[i]
            if u == a:
                continue
            new = routes.stamp[u] != number
            if new:
                place = entry(rows, to, a, u)
                if place < 0:
                    continue
                room.since[u] = pool[place, COUNTS]
            if room.since[u] >= room.since[v]:
                continue
            more = routes.cost[v] + _beyond(graph, room, u, v)
            if more > most:
                continue
            if new:
                routes.stamp[u], routes.cost[u] = number, more
                size = push(routes.heap, routes.heap_cost, size, u, -room.since[u])
            else:
                routes.cost[u] = min(routes.cost[u], more)
    return count


@lean
def _beyond(graph, room, u, v):  # type: ignore[no-untyped-def]
    """Count how much longer the way to `v` is by `u` than the shortest."""
    return max(room.since[u] + graph.weight[u] + turn_m(graph, u, v) - room.since[v], 0.0)


@lean
def _weight(graph, routes, room, a, u, v, scale):  # type: ignore[no-untyped-def]
    """Weigh all ways to `v` whose last arc before it is `u`."""
    if u == a:
        return np.exp(-max(turn_m(graph, a, v) - room.since[v], 0.0) / scale)
    if routes.stamp[u] != routes.used[1] or room.since[u] >= room.since[v]:
        return 0.0
    return room.weight[u] * np.exp(-_beyond(graph, room, u, v) / scale)
