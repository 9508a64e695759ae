"""Shortest routes within a bound, one Dijkstra search a source, remembered while there is room.

A search remembers every node that it settled, so that the next question about the same source is
a binary search. Rows lie in one pool; when it is full, all are forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.graph import Graph

POOL = 1 << 22
"""Settled nodes that are remembered at most (or twice the graph, if that is more)."""
NO_ARC = -1


class Routes(NamedTuple):
    """What is known of routes, and room for a search; changed in place by the kernels."""

    row: Ints
    """For each source: where its row begins in the pool, -1: none."""
    row_count: Ints
    row_bound: Floats
    """How far the search went, in weight."""
    used: Ints
    """One number: how much of the pool is used."""
    node: Ints
    """The pool: nodes settled, ascending within a row; their distance; the arc they were reached
    by; and the first arc of the route."""
    cost: Floats
    by: Ints
    first: Ints
    near: Floats
    """The search: distance of each node so far, with the number of the search it is of."""
    stamp: Ints
    came: Ints
    began: Ints
    heap: Ints
    heap_cost: Floats


def routes_of(graph: Graph) -> Routes:
    """Make room for routes on a graph."""
    nodes = len(graph.first_out) - 1
    pool = max(2 * nodes, min(POOL, nodes * nodes)) + 1
    return Routes(
        np.full(nodes, -1), np.zeros(nodes, np.int64), np.zeros(nodes), np.zeros(2, np.int64),
        np.zeros(pool, np.int64), np.zeros(pool), np.zeros(pool, np.int64),
        np.zeros(pool, np.int64), np.zeros(nodes), np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64), np.zeros(nodes, np.int64),
        np.zeros(len(graph.out) + 2, np.int64), np.zeros(len(graph.out) + 2),
    )  # fmt: skip


@njit(cache=True)
def _push(heap, cost, size, node, value):  # type: ignore[no-untyped-def]
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if cost[up] < value or (cost[up] == value and heap[up] <= node):
            break
        heap[i], cost[i] = heap[up], cost[up]
        i = up
    heap[i], cost[i] = node, value
    return size + 1


@njit(cache=True)
def _pop(heap, cost, size):  # type: ignore[no-untyped-def]
    node, value = heap[0], cost[0]
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
    return node, value, size


@njit(cache=True)
def _search(graph, routes, source, bound):  # type: ignore[no-untyped-def]
    """Settle every node within `bound` of `source` and remember them."""
    routes.used[1] += 1
    search = routes.used[1]
    room = len(routes.node)
    start = routes.used[0]
    if start + len(routes.row) > room:
        # A row has at most every node: forget all rows rather than run out in the middle of one.
        routes.row[:] = -1
        start = 0
    count = 0
    routes.near[source], routes.stamp[source] = 0.0, search
    routes.came[source] = routes.began[source] = NO_ARC
    size = _push(routes.heap, routes.heap_cost, 0, source, 0.0)
    while size > 0:
        node, value, size = _pop(routes.heap, routes.heap_cost, size)
        if value > routes.near[node]:
            continue
        routes.node[start + count], routes.cost[start + count] = node, value
        count += 1
        for k in range(graph.first_out[node], graph.first_out[node + 1]):
            arc = graph.out[k]
            to, reach = graph.head[arc], value + graph.weight[arc]
            if reach > bound:
                continue
            if routes.stamp[to] == search and reach >= routes.near[to]:
                continue
            routes.stamp[to], routes.near[to], routes.came[to] = search, reach, arc
            routes.began[to] = arc if node == source else routes.began[node]
            size = _push(routes.heap, routes.heap_cost, size, to, reach)
    order = np.argsort(routes.node[start : start + count])
    routes.node[start : start + count] = routes.node[start : start + count][order]
    routes.cost[start : start + count] = routes.cost[start : start + count][order]
    for k in range(start, start + count):
        routes.by[k] = routes.came[routes.node[k]]
        routes.first[k] = routes.began[routes.node[k]]
    routes.row[source], routes.row_count[source], routes.row_bound[source] = start, count, bound
    routes.used[0] = start + count


@njit(cache=True)
def entry(graph, routes, source, target, bound):  # type: ignore[no-untyped-def]
    """Give the place in the pool of the route from one node to another; -1: none within `bound`."""
    if routes.row[source] < 0 or routes.row_bound[source] < bound:
        _search(graph, routes, source, bound)
    start = routes.row[source]
    low, high = start, start + routes.row_count[source]
    while low < high:
        middle = (low + high) >> 1
        if routes.node[middle] < target:
            low = middle + 1
        else:
            high = middle
    if low < start + routes.row_count[source] and routes.node[low] == target:
        return low
    return -1


@njit(cache=True)
def path_between(graph, routes, source, target, bound, path):  # type: ignore[no-untyped-def]
    """Write the arcs from one node to another into `path`, in order; give how many, -1: no route.

    `path` must have room for as many arcs as the graph has nodes.
    """
    count = 0
    node = target
    while node != source:
        place = entry(graph, routes, source, node, bound)
        if place < 0:
            return -1
        arc = routes.by[place]
        path[count] = arc
        count += 1
        node = graph.tail[arc]
    path[:count] = path[:count][::-1].copy()
    return count
