"""Routes from arc to arc within a bound: one Dijkstra search an arc, remembered while it has room.

Routes are searched from arc to arc, not from node to node, so that what a turn costs is part of the
choice: among routes of one length people take the one with fewer turns, and hardly anyone turns
round. A search remembers every arc that it reached, so that the next question about the same arc is
a binary search. Rows lie in one pool; when it is full, all are forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.graph import Graph
from covermap.core.matching.lean import lean

POOL = 1 << 22
"""Arcs that are remembered, about."""
TURN_M = 40.0
"""What a turn at right angles counts for in the choice of a route, metres."""
ROUND_M = 150.0
"""The same for turning round at a node where there is another way."""


ROW, COUNT, BOUND = range(3)
"""Columns of `Routes.rows`: where the row begins in the pool (-1: none), its length, and how far
the search went."""
BY, METRES, COUNTS, ROUNDS = range(4)
"""Columns of `Routes.pool`: the arc before the one reached; metres from the end of the row's arc to
the beginning of that; what the choice counts that as; turns round on the way: at dead ends, and
65536 times those elsewhere."""
FEW = 32
"""Among so few arcs it is faster to count those before one than to halve them."""


class Routes(NamedTuple):
    """What is known of routes, and room for a search; changed in place by the kernels."""

    rows: Floats
    reached: NDArray[np.int32]
    """The arcs reached, row by row, ascending within a row."""
    pool: Floats
    """Of each of them, how."""
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
        np.full((arcs, 3), -1.0), np.zeros(pool, np.int32), np.zeros((pool, 4)), ints[0], reals[0],
        ints[1], ints[2], reals[1], ints[3], ints[4], reals[2],
    )  # fmt: skip


@lean
def push(heap, cost, size, item, value):  # type: ignore[no-untyped-def]
    """Put an item into a heap (the least cost first, then the least item); give its size."""
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if cost[up] < value or (cost[up] == value and heap[up] <= item):
            break
        heap[i], cost[i] = heap[up], cost[up]
        i = up
    heap[i], cost[i] = item, value
    return size + 1


@lean
def pop(heap, cost, size):  # type: ignore[no-untyped-def]
    """Take the first item of a heap; give it, its cost, and how many are left."""
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


@lean
def dead_end(graph, node):  # type: ignore[no-untyped-def]
    """Say whether the only way on from a node is back."""
    return graph.first_out[node + 1] - graph.first_out[node] <= 1


@lean
def turn_m(graph, a, b):  # type: ignore[no-untyped-def]
    """Count a turn from the end of arc `a` into arc `b` in metres of the choice of a route."""
    if b == a ^ 1:
        return TURN_M if dead_end(graph, graph.head[a]) else ROUND_M
    return TURN_M * (1.0 - np.cos(graph.bearing[b, 0] - graph.bearing[a, 1]))


@lean
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
        size = push(routes.heap, routes.heap_cost, size, b, cost)
    return size


@lean
def search(graph, routes, source, bound):  # type: ignore[no-untyped-def]
    """Reach every arc whose beginning counts at most `bound` from the end of `source`."""
    routes.used[1] += 1
    number, pool, rows, to = routes.used[1], routes.pool, routes.rows, routes.reached
    start = routes.used[0]
    if start + len(rows) > len(pool):
        # A row has at most every arc: forget all rows rather than run out in the middle of one.
        rows[:, ROW] = -1.0
        start = 0
    count = 0
    none = np.int64(0)  # a plain 0 is a type of its own: compiled once more
    size = _relax(graph, routes, source, 0.0, 0.0, none, number, bound, none)
    while size > 0:
        b, value, size = pop(routes.heap, routes.heap_cost, size)
        if value > routes.cost[b]:
            continue
        to[start + count] = b
        count += 1
        size = _relax(
            graph, routes, b, value + graph.weight[b], routes.metres[b] + graph.length_m[b >> 1],
            routes.turned[b], number, bound, size,
        )  # fmt: skip
    for k in range(count):
        b = int(to[start + k])
        size = push(routes.heap, routes.heap_cost, size, b, float(b))
    for k in range(count):
        b, _, size = pop(routes.heap, routes.heap_cost, size)
        to[start + k] = b
        pool[start + k, BY] = routes.came[b]
        pool[start + k, METRES], pool[start + k, COUNTS] = routes.metres[b], routes.cost[b]
        pool[start + k, ROUNDS] = routes.turned[b]
    rows[source, ROW], rows[source, COUNT], rows[source, BOUND] = start, count, bound
    routes.used[0] = start + count


@lean
def known(rows, source, bound):  # type: ignore[no-untyped-def]
    """Say whether the routes from an arc are remembered as far as `bound`."""
    return rows[source, ROW] >= 0.0 and rows[source, BOUND] >= bound


@lean
def entry(rows, to, source, target):  # type: ignore[no-untyped-def]
    """Give the place in the pool of the route from arc to arc; -1: it was not reached."""
    low = int(rows[source, ROW])
    end = high = low + int(rows[source, COUNT])
    while high - low > FEW:
        middle = (low + high) >> 1
        if to[middle] < target:
            low = middle + 1
        else:
            high = middle
    before = 0
    for k in range(low, high):
        before += to[k] < target
    low += before
    return low if low < end and to[low] == target else -1


@lean
def path_between(rows, to, pool, source, target, path):  # type: ignore[no-untyped-def]
    """Write the arcs between two arcs into `path`, in order; give how many, -1: no route.

    `path` must have room for as many arcs as the graph has; the routes from `source` must be known
    far enough.
    """
    count, arc = 0, target
    while True:
        place = entry(rows, to, source, arc)
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
