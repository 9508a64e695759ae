"""Routes from arc to arc within a bound: one Dijkstra search an arc, remembered while it has room.

Routes are searched from arc to arc, not from node to node, so that what a turn costs is part of the
choice: among routes of one length people take the one with fewer turns, and hardly anyone turns
round. A search remembers every arc that it reached, so that the next question about the same arc is
a binary search. Rows lie in one pool; when it is full, all are forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.graph import Graph

POOL = 1 << 22
"""Arcs that are remembered, about."""
TURN_M = 40.0
"""What a turn at right angles counts for in the choice of a route, metres."""
ROUND_M = 150.0
"""The same for turning round at a node where there is another way."""


ROW, COUNT, BOUND = range(3)
"""Columns of `Routes.rows`: where the row begins in the pool (-1: none), its length, and how far
the search went."""
TO, BY, METRES, COUNTS, ROUNDS = range(5)
"""Columns of `Routes.pool`, ascending by TO within a row: the arc reached; the arc before it;
metres from the end of the row's arc to its beginning; what the choice counts that as; turns round
on the way: at dead ends, and 65536 times those elsewhere."""


class Routes(NamedTuple):
    """What is known of routes, and room for a search; changed in place by the kernels."""

    rows: Floats
    pool: Floats
    used: Ints
    """Two numbers: how much of the pool is used; the number of the last search."""
    cost: Floats
    """The search: of each arc, what the choice counts to its beginning; the search that says so;
    the arc before it, metres and turns round."""
    stamp: Ints
    came: Ints
    metres: Floats
    turned: Ints
    heap: Ints
    heap_cost: Floats


def routes_of(graph: Graph) -> Routes:
    """Make room for routes on a graph."""
    arcs, nodes = len(graph.tail), len(graph.first_out) - 1
    pool = min(POOL, arcs * arcs) + 2 * arcs + 1
    into = np.bincount(graph.head[graph.open], minlength=nodes)
    pushes = int((into * np.diff(graph.first_out)).sum()) + arcs + 2
    ints = [np.zeros(k, np.int64) for k in (2, arcs, arcs, arcs, pushes)]
    reals = [np.zeros(k) for k in (arcs, arcs, pushes)]
    return Routes(
        np.full((arcs, 3), -1.0), np.zeros((pool, 5)), ints[0], reals[0], ints[1], ints[2],
        reals[1], ints[3], ints[4], reals[2],
    )  # fmt: skip


@njit(cache=True)
def _push(heap, cost, size, item, value):  # type: ignore[no-untyped-def]
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if cost[up] < value or (cost[up] == value and heap[up] <= item):
            break
        heap[i], cost[i] = heap[up], cost[up]
        i = up
    heap[i], cost[i] = item, value
    return size + 1


@njit(cache=True)
def _pop(heap, cost, size):  # type: ignore[no-untyped-def]
    item, value = heap[0], cost[0]
    size -= 1
    last, last_cost = heap[size], cost[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            cost[right] < cost[child] or (cost[right] == cost[child] and heap[right] < heap[child])
        ):
            child = right
        if last_cost < cost[child] or (last_cost == cost[child] and last <= heap[child]):
            break
        heap[i], cost[i] = heap[child], cost[child]
        i = child
    heap[i], cost[i] = last, last_cost
    return item, value, size


@njit(cache=True)
def dead_end(graph, node):  # type: ignore[no-untyped-def]
    """Say whether the only way on from a node is back."""
    return graph.first_out[node + 1] - graph.first_out[node] <= 1


@njit(cache=True)
def turn_m(graph, a, b):  # type: ignore[no-untyped-def]
    """Count a turn from the end of arc `a` into arc `b` in metres of the choice of a route."""
    if b == a ^ 1:
        return TURN_M if dead_end(graph, graph.head[a]) else ROUND_M
    return TURN_M * (1.0 - np.cos(graph.bearing[b, 0] - graph.bearing[a, 1]))


@njit(cache=True)
def _relax(graph, routes, a, value, metres, turned, number, bound, size):  # type: ignore[no-untyped-def]
    """Offer the arcs that leave the end of `a`, which costs `value` and `metres` to reach."""
    node = graph.head[a]
    for k in range(graph.first_out[node], graph.first_out[node + 1]):
        b = graph.out[k]
        cost = value + turn_m(graph, a, b)
        if cost > bound or (routes.stamp[b] == number and cost >= routes.cost[b]):
            continue
        rounds = 0
        if b == a ^ 1:
            rounds = 1 if dead_end(graph, node) else 65536
        routes.stamp[b], routes.cost[b], routes.came[b] = number, cost, a
        routes.metres[b], routes.turned[b] = metres, turned + rounds
        size = _push(routes.heap, routes.heap_cost, size, b, cost)
    return size


@njit(cache=True)
def search(graph, routes, source, bound):  # type: ignore[no-untyped-def]
    """Reach every arc whose beginning counts at most `bound` from the end of `source`."""
    routes.used[1] += 1
    number, pool, rows = routes.used[1], routes.pool, routes.rows
    start = routes.used[0]
    if start + len(rows) > len(pool):
        # A row has at most every arc: forget all rows rather than run out in the middle of one.
        rows[:, ROW] = -1.0
        start = 0
    count = 0
    size = _relax(graph, routes, source, 0.0, 0.0, 0, number, bound, 0)
    while size > 0:
        b, value, size = _pop(routes.heap, routes.heap_cost, size)
        if value > routes.cost[b]:
            continue
        pool[start + count, TO] = b
        count += 1
        size = _relax(
            graph, routes, b, value + graph.weight[b], routes.metres[b] + graph.length_m[b >> 1],
            routes.turned[b], number, bound, size,
        )  # fmt: skip
    reached = np.sort(pool[start : start + count, TO].copy())
    for k in range(count):
        b = int(reached[k])
        pool[start + k, TO], pool[start + k, BY] = b, routes.came[b]
        pool[start + k, METRES], pool[start + k, COUNTS] = routes.metres[b], routes.cost[b]
        pool[start + k, ROUNDS] = routes.turned[b]
    rows[source, ROW], rows[source, COUNT], rows[source, BOUND] = start, count, bound
    routes.used[0] = start + count


@njit(cache=True, inline="always")
def known(rows, source, bound):  # type: ignore[no-untyped-def]
    """Say whether the routes from an arc are remembered as far as `bound`."""
    return rows[source, ROW] >= 0.0 and rows[source, BOUND] >= bound


@njit(cache=True, inline="always")
def entry(rows, pool, source, target, bound):  # type: ignore[no-untyped-def]
    """Give the place in the pool of the route from arc to arc; -1: none that counts `bound`.

    The routes from `source` must be known as far; how much farther does not matter.
    """
    low = int(rows[source, ROW])
    end = high = low + int(rows[source, COUNT])
    while low < high:
        middle = (low + high) >> 1
        if pool[middle, TO] < target:
            low = middle + 1
        else:
            high = middle
    if low == end or pool[low, TO] != target or pool[low, COUNTS] > bound:
        low = -1
    return low


@njit(cache=True)
def path_between(rows, pool, source, target, bound, path):  # type: ignore[no-untyped-def]
    """Write the arcs between two arcs into `path`, in order; give how many, -1: no route.

    `path` must have room for as many arcs as the graph has; the routes from `source` must be known
    as far as `bound`.
    """
    count, arc = 0, target
    while True:
        place = entry(rows, pool, source, arc, bound)
        if place < 0:
            return -1
        arc = int(pool[place, BY])
        if arc == source:
            break
        path[count] = arc
        count += 1
    for k in range(count // 2):
        path[k], path[count - 1 - k] = path[count - 1 - k], path[k]
    return count
