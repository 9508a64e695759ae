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
"""Arcs that are remembered at most (or twice the graph, if that is more)."""
NO_ARC = -1
TURN_M = 40.0
"""What a turn at right angles counts for in the choice of a route, metres."""
ROUND_M = 150.0
"""The same for turning round at a node where there is another way."""


class Routes(NamedTuple):
    """What is known of routes, and room for a search; changed in place by the kernels."""

    row: Ints
    """For each arc: where its row begins in the pool, -1: none."""
    row_count: Ints
    row_bound: Floats
    """How far the search went, in what the choice counts."""
    used: Ints
    """Two numbers: how much of the pool is used; the number of the last search."""
    arc: Ints
    """The pool: arcs reached, ascending within a row; and the arc that each was reached by."""
    by: Ints
    length_m: Floats
    """Metres from the end of the row's arc to the beginning of the arc reached."""
    count_m: Floats
    """What the choice of a route counts that way as."""
    rounds: Ints
    """Turns round on the way: at dead ends, and 65536 times those elsewhere."""
    cost: Floats
    """The search: of each arc, what the choice counts to its beginning; its number."""
    stamp: Ints
    came: Ints
    metres: Floats
    turned: Ints
    heap: Ints
    heap_cost: Floats


def routes_of(graph: Graph) -> Routes:
    """Make room for routes on a graph."""
    arcs, nodes = len(graph.tail), len(graph.first_out) - 1
    pool = max(2 * arcs, min(POOL, arcs * arcs)) + 1
    into = np.bincount(graph.head[graph.open], minlength=nodes)
    pushes = int((into * np.diff(graph.first_out)).sum()) + arcs + 2
    ints = [np.zeros(k, np.int64) for k in (arcs, 2, pool, pool, pool, arcs, arcs, arcs, pushes)]
    reals = [np.zeros(k) for k in (arcs, pool, pool, arcs, arcs, pushes)]
    return Routes(
        np.full(arcs, -1), ints[0], reals[0], ints[1], ints[2], ints[3], reals[1], reals[2],
        ints[4], reals[3], ints[5], ints[6], reals[4], ints[7], ints[8], reals[5],
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
    number = routes.used[1]
    start = routes.used[0]
    if start + len(routes.row) > len(routes.arc):
        # A row has at most every arc: forget all rows rather than run out in the middle of one.
        routes.row[:] = -1
        start = 0
    count = 0
    size = _relax(graph, routes, source, 0.0, 0.0, 0, number, bound, 0)
    while size > 0:
        b, value, size = _pop(routes.heap, routes.heap_cost, size)
        if value > routes.cost[b]:
            continue
        routes.arc[start + count] = b
        count += 1
        size = _relax(
            graph, routes, b, value + graph.weight[b], routes.metres[b] + graph.length_m[b >> 1],
            routes.turned[b], number, bound, size,
        )  # fmt: skip
    routes.arc[start : start + count].sort()
    for k in range(start, start + count):
        b = routes.arc[k]
        routes.by[k], routes.length_m[k] = routes.came[b], routes.metres[b]
        routes.count_m[k], routes.rounds[k] = routes.cost[b], routes.turned[b]
    routes.row[source], routes.row_count[source], routes.row_bound[source] = start, count, bound
    routes.used[0] = start + count


@njit(cache=True)
def entry(graph, routes, source, target, bound):  # type: ignore[no-untyped-def]
    """Give the place in the pool of the route from arc to arc; -1: none that counts `bound`.

    The answer does not depend on what is remembered.
    """
    if routes.row[source] < 0 or routes.row_bound[source] < bound:
        search(graph, routes, source, bound)
    low = routes.row[source]
    end = high = low + routes.row_count[source]
    while low < high:
        middle = (low + high) >> 1
        if routes.arc[middle] < target:
            low = middle + 1
        else:
            high = middle
    if low < end and routes.arc[low] == target and routes.count_m[low] <= bound:
        return low
    return -1


@njit(cache=True)
def path_between(graph, routes, source, target, bound, path):  # type: ignore[no-untyped-def]
    """Write the arcs between two arcs into `path`, in order; give how many, -1: no route.

    `path` must have room for as many arcs as the graph has.
    """
    count = 0
    arc = target
    while True:
        place = entry(graph, routes, source, arc, bound)
        if place < 0:
            return -1
        arc = routes.by[place]
        if arc == source:
            break
        path[count] = arc
        count += 1
    path[:count] = path[:count][::-1].copy()
    return count
