"""Shares of the ways between two arcs: against every way counted one by one."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from covermap.core.matching.graph import Graph, graph_of_edges
from covermap.core.matching.match import match_tracks
from covermap.core.matching.pieces import room_for
from covermap.core.matching.routes import COUNTS, entry, routes_of, search, turn_m
from covermap.core.matching.ways import ways_between

FAR_M = 5000.0
METRE = np.array([1.0 / 95_000.0, 1.0 / 111_000.0])


def grid_of_streets(side: int, block_m: float, jitter_m: float, seed: int) -> Graph:
    """Streets in a grid, all of two directions."""
    rng = np.random.default_rng(seed)
    spot = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1)
    spot = (spot * block_m + rng.normal(0.0, jitter_m, spot.shape)) * METRE + [10.0, 31.0]
    pairs = [
        (spot[i, j], spot[i + di, j + dj])
        for i in range(side)
        for j in range(side)
        for di, dj in ((1, 0), (0, 1))
        if i + di < side and j + dj < side
    ]
    return graph_of_edges(shapely.linestrings(np.array(pairs)))


def plain(graph, since, a, b, scale):
    """Share of each arc, each way from the start of `b` back to `a` followed to its end."""
    ways = []

    def back(way, beyond):
        v = way[-1]
        for u in np.flatnonzero(graph.open & (graph.head == graph.tail[v])):
            turn = turn_m(graph, u, v)
            if u == a:
                ways.append((way, beyond + max(turn - since[v], 0.0)))
            elif u in since and since[u] < since[v]:
                more = beyond + since[u] + graph.weight[u] + turn - since[v]
                if more <= 9.0 * scale:
                    back([*way, int(u)], more)

    back([b], 0.0)
    weight = np.array([math.exp(-beyond / scale) for _, beyond in ways])
    share = dict.fromkeys(since, 0.0)
    for (way, _), w in zip(ways, weight / weight.sum(), strict=True):
        for arc in way:
            share[arc] += w
    return share


def flows(graph: Graph, a: int, b: int, scale: float) -> tuple[dict[int, float], dict]:
    """Shares by arc, and what the choice of a route counts to each arc that can be reached."""
    routes, room = routes_of(graph), room_for(len(graph.tail))
    search(graph, routes, a, FAR_M)
    since = {}
    for arc in range(len(graph.tail)):
        place = entry(routes.rows, routes.reached, a, arc)
        if place >= 0:
            since[arc] = float(routes.pool[place, COUNTS])
    count = ways_between(graph, routes, room, a, b, scale)
    return {int(v): float(room.flow[v]) for v in room.among[:count]}, since


@pytest.mark.parametrize("seed", range(6))
def test_the_share_of_each_arc_is_that_of_all_ways_counted_one_by_one(seed):
    graph = grid_of_streets(4, 150.0, 25.0, seed)
    rng = np.random.default_rng(seed)
    a, b = rng.choice(len(graph.tail), 2, replace=False)
    scale = float(rng.uniform(20.0, 60.0))
    got, since = flows(graph, int(a), int(b), scale)
    expected = plain(graph, since, int(a), int(b), scale)
    for arc, share in expected.items():
        # Ways beyond e^-7 are left out by one, beyond e^-9 by the other.
        assert got.get(arc, 0.0) == pytest.approx(share, abs=0.004)


def test_what_leaves_a_junction_came_to_it():
    graph = grid_of_streets(6, 120.0, 15.0, 3)
    a, b = 0, len(graph.tail) - 2
    got, _ = flows(graph, a, b, 40.0)
    into, out = (np.zeros(len(graph.first_out) - 1) for _ in range(2))
    for arc, share in got.items():
        into[graph.head[arc]] += share
        out[graph.tail[arc]] += share
    into[graph.head[a]] += 1.0
    into[graph.head[b]] -= 1.0
    assert np.allclose(into, out, atol=1e-9)
    assert len(got) > 10


def test_two_ways_of_one_length_round_a_block_are_each_as_likely():
    """Fixes before and after a block, none on the way: no street of it is credited as sure."""
    corner = np.array([(0, 0), (0, 300), (300, 300), (300, 0)], float)
    ends = [corner[[k, (k + 1) % 4]] for k in range(4)]
    ends += [np.array([(-300, 0), (0, 0)], float), np.array([(300, 300), (600, 300)], float)]
    graph = graph_of_edges(shapely.linestrings(np.array(ends) * METRE + [10.0, 31.0]))
    at = np.array([(-200, 0), (-150, 0), (-100, 0), (400, 300), (450, 300), (500, 300)])
    lon, lat = (at * METRE + [10.0, 31.0]).T
    when = np.array([0.0, 5.0, 10.0, 90.0, 95.0, 100.0])
    path = match_tracks(graph, lon.copy(), lat.copy(), when).path
    round_the_block = path.arc >> 1 < 4
    assert round_the_block.sum() == 2
    assert path.probability[round_the_block] == pytest.approx(0.5, abs=0.02)
    assert (path.probability[~round_the_block] > 0.99).all()


def test_a_way_that_is_much_longer_takes_nothing_from_the_short_one():
    corner = np.array([(0, 0), (0, 900), (300, 900), (300, 0)], float)
    ends = [corner[[k, (k + 1) % 4]] for k in range(4)]
    ends += [np.array([(-300, 0), (0, 0)], float), np.array([(300, 0), (600, 0)], float)]
    graph = graph_of_edges(shapely.linestrings(np.array(ends) * METRE + [10.0, 31.0]))
    at = np.array([(-200, 0), (-150, 0), (-100, 0), (400, 0), (450, 0), (500, 0)])
    lon, lat = (at * METRE + [10.0, 31.0]).T
    when = np.array([0.0, 5.0, 10.0, 60.0, 65.0, 70.0])
    path = match_tracks(graph, lon.copy(), lat.copy(), when).path
    assert (path.probability > 0.99).all()
    assert path.arc[path.arc >> 1 < 4].tolist() == [7]


def test_of_track_given_a_probability_about_so_much_was_travelled():
    """Drives by ways that are about the shortest, each street felt up to 15 % longer or shorter.

    These drivers mind no turns, as those that the model has in mind do: the hardest case for it.
    """
    graph = grid_of_streets(9, 120.0, 10.0, 1)
    rng = np.random.default_rng(2)
    nodes = len(graph.first_out) - 1
    sums = np.zeros((3, 3))
    for _ in range(150):
        felt = graph.length_m * rng.uniform(0.85, 1.15, len(graph.length_m))
        cost = coo_array((np.repeat(felt, 2), (graph.tail, graph.head)), shape=(nodes, nodes))
        start, goal = rng.choice(nodes, 2, replace=False)
        before = dijkstra(cost.tocsr(), indices=start, return_predecessors=True)[1]
        stops = [int(goal)]
        while stops[-1] != start:
            stops.append(int(before[stops[-1]]))
        by = {
            (int(t), int(h)): arc
            for arc, (t, h) in enumerate(zip(graph.tail, graph.head, strict=True))
        }
        arcs = [by[pair] for pair in pairwise(stops[::-1])]
        place, when = driven(graph, arcs, rng)
        if len(when) < 3:
            continue
        path = match_tracks(graph, *place, when).path
        length, true = path.to_m - path.from_m, np.isin(path.arc, arcs)
        bin_of = np.digitize(path.probability, [0.7, 0.95])
        for k, values in enumerate((length, length * path.probability, length * true)):
            sums[k] += np.bincount(bin_of, values, minlength=3)
    claimed, true = sums[1] / sums[0], sums[2] / sums[0]
    assert (sums[0] > 1000.0).all()
    assert np.abs(true[:2] - claimed[:2]).max() < 0.2
    assert true[2] > 0.98


def driven(graph: Graph, arcs: list[int], rng: np.random.Generator):
    """Longitude, latitude and seconds of a fix each half minute at about 10 m/s."""
    xy = []
    for arc in arcs:
        step = graph.first_step[arc >> 1]
        ends = graph.step[step][:4].reshape(2, 2)
        xy += [ends[1], ends[0]] if arc & 1 else [ends[0], ends[1]]
    course = np.array(xy)
    at = np.r_[0.0, np.cumsum(np.hypot(*(np.diff(course, axis=0) / METRE).T))]
    when = np.arange(0.0, at[-1] / 10.0, 30.0)
    noise = rng.normal(0.0, 5.0, (2, len(when))) * METRE[:, None]
    lon, lat = (np.interp(10.0 * when, at, course[:, k]) + noise[k] for k in (0, 1))
    return (lon, lat), when
