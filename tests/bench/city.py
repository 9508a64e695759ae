"""Matching long drives in a simulated dense city at 1, 10, 30 and 60 s, beside fastmm.

The city is simulated: streets in a grid with jitter, one-way streets downtown, faster arterials,
missing blocks and dead ends, and freeways of two carriageways with frontage roads and ramps. Drives
are fastest routes between random stops, with a speed of their own and stops at lights; errors of
positions are correlated over time, larger downtown, with outages. The score is Newson and Krumm's:
length of whole edges added and missed over the length of the route, each passage counted.
SIZE is how many drives of two hours there are (default 3).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import shapely
from _drives import _ar1
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.matching.graph import Graph, graph_of_edges
from covermap.core.matching.match import match_tracks

SIDE = 80
BLOCK_M = 100.0
LAT0, LON0 = 47.6, -122.3
METRE = np.array([metres_per_degree_lon(LAT0), metres_per_degree_lat(LAT0)])
ORIGIN = np.array([LON0, LAT0])
HOURS = 2.0
REACH_M = 2500.0
"""How far the peer's table of routes reaches: the fastest go 1.9 km in a minute."""


def city(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give edges: ends (metres), whether one-way, speed; `(n, 2, 2)`, `(n,)`, `(n,)`."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    spot = np.stack([column, row], axis=1) * BLOCK_M + rng.normal(0.0, 8.0, (SIDE * SIDE, 2))
    ends, oneway, speed = [], [], []

    def add(a, b, one, fast):
        ends.append((a, b))
        oneway.append(one)
        speed.append(fast)

    downtown = (np.abs(row - SIDE // 2) < SIDE // 6) & (np.abs(column - SIDE // 2) < SIDE // 6)
    for k in range(SIDE * SIDE):
        for step, line in ((1, row[k]), (SIDE, column[k])):
            if (step == 1 and column[k] == SIDE - 1) or (step == SIDE and row[k] == SIDE - 1):
                continue
            arterial = line % 8 == 0
            if not arterial and rng.random() < 0.1:
                continue
            one = downtown[k] and not arterial
            a, b = (k, k + step) if line % 2 else (k + step, k)
            add(spot[a], spot[b], one, 16.0 if arterial else 9.0)
    for at in (19, 41, 62):
        for line, back in ((at + 0.35, False), (at + 0.60, True)):
            way = np.stack([np.arange(SIDE) * BLOCK_M, np.full(SIDE, line * BLOCK_M)], axis=1)
            way = way[::-1] if back else way
            for a, b in pairwise(way):
                add(a, b, True, 28.0)
            for column_at in range(4, SIDE - 8, 12):
                street = spot[(at if not back else at + 1) * SIDE + column_at]
                on = way[column_at + 3] if not back else way[SIDE - 1 - column_at + 3]
                off = way[column_at - 3] if not back else way[SIDE - 1 - column_at - 3]
                add(street, on, True, 14.0)
                add(off, street, True, 14.0)
    return np.array(ends), np.array(oneway), np.array(speed)


def drive(graph: Graph, geometry, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Drive for two hours: arcs in order, and place (metres) and true arc each second."""
    nodes = len(graph.first_out) - 1
    arcs = np.flatnonzero(graph.open)
    cost = graph.length_m[arcs >> 1] / graph.speed_m_s[arcs >> 1]
    order = np.lexsort((-cost, graph.head[arcs], graph.tail[arcs]))
    arcs, cost = arcs[order], cost[order]
    pair = graph.tail[arcs] * nodes + graph.head[arcs]
    weight = coo_array((cost, (graph.tail[arcs], graph.head[arcs])), shape=(nodes, nodes)).tocsr()
    here, route = int(rng.integers(nodes)), []
    driven = 0.0
    while driven < HOURS * 3600.0:
        seconds, before = dijkstra(weight, indices=here, return_predecessors=True)
        near = np.flatnonzero(np.isfinite(seconds) & (seconds > 120.0) & (seconds < 900.0))
        if not len(near):
            here, route, driven = int(rng.integers(nodes)), [], 0.0
            continue
        goal = int(rng.choice(near))
        course = [goal]
        while course[-1] != here:
            course.append(int(before[course[-1]]))
        stops = np.array(course[::-1])
        found = np.searchsorted(pair, stops[:-1] * nodes + stops[1:], side="right") - 1
        route += arcs[found].tolist()
        driven += 1.25 * seconds[goal]
        here = goal
    xy = np.concatenate(
        [shapely.get_coordinates(geometry[a >> 1])[:: -1 if a & 1 else 1] for a in route]
    )
    xy = (xy - ORIGIN) * METRE
    usual = np.repeat([graph.speed_m_s[a >> 1] for a in route], 2)
    length = np.hypot(*np.diff(xy, axis=0).T)
    pace = np.repeat(rng.uniform(0.7, 1.1, len(length) // 20 + 1), 20)[: len(length)]
    spent = length / (usual[1:] * pace)
    spent += (rng.random(len(length)) < 0.06) * rng.uniform(5.0, 40.0, len(length)) * (length > 0)
    clock = np.r_[0.0, np.cumsum(spent)]
    when = np.arange(0.0, clock[-1])
    return np.array(route), np.stack([np.interp(when, clock, xy[:, k]) for k in (0, 1)], axis=1)


def noisy(place: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Add errors, and leave out outages: positions in degrees and seconds."""
    n = len(place)
    error = _ar1(rng.normal(0.0, 4.0, (2, n)), np.exp(-1 / 20.0)) + rng.normal(0.0, 1.5, (2, n))
    middle = SIDE * BLOCK_M / 2
    downtown = (np.abs(place - middle) < SIDE * BLOCK_M / 6).all(axis=1)
    error *= np.where(downtown, 2.0, 1.0)
    kept = np.ones(n, bool)
    for start in rng.integers(0, n, max(1, n // 2000)):
        kept[start : start + 45] = False
    when = np.flatnonzero(kept)
    return (place + error.T)[kept] / METRE + ORIGIN, when.astype(float)


def mismatch(true: np.ndarray, got: list[int], length_m: np.ndarray) -> float:
    """Length of edges added and missed over that of the route; each passage counts."""
    a, b = Counter(true.tolist()), Counter(got)
    wrong = sum(length_m[k >> 1] * n for k, n in ((a - b) + (b - a)).items())
    return wrong / length_m[true >> 1].sum()


def passages(arc: np.ndarray, from_m: np.ndarray, to_m: np.ndarray) -> list[int]:
    """Give arcs in driving order from pieces; pieces that follow each other are one passage."""
    real = to_m - from_m > 0.01
    arc, from_m = arc[real], from_m[real]
    new = np.r_[True, (arc[1:] != arc[:-1]) | (from_m[1:] < 0.01)]
    return arc[new].tolist()


def main(size: int) -> None:
    """Run, and print the figures."""
    rng = np.random.default_rng(3)
    ends, oneway, speed = city(rng)
    geometry = shapely.linestrings(ends / METRE + ORIGIN)
    both = np.ones(len(ends), bool)
    graph = graph_of_edges(geometry, both, ~oneway, speed_m_s=speed)
    drives = [drive(graph, geometry, rng) for _ in range(size)]
    tracks = [noisy(d[1], rng) for d in drives]
    figures: dict[str, float] = {"directed_edges": float(graph.open.sum())}
    peer = fastmm(graph, geometry, REACH_M)
    match_tracks(graph, np.zeros(2), np.zeros(2))
    for every in (1, 10, 30, 60):
        ours, theirs, took = [], [], 0.0
        for (route, _), (xy, when) in zip(drives, tracks, strict=True):
            keep = np.r_[True, np.floor(when[1:] / every) != np.floor(when[:-1] / every)]
            begin = time.process_time()
            made = match_tracks(graph, *xy[keep].T.copy(), when[keep])
            took += time.process_time() - begin
            path = made.path
            ours.append(mismatch(route, passages(path.arc, path.from_m, path.to_m), graph.length_m))
            theirs.append(min(
                mismatch(route, of_fastmm(peer, xy[keep], when[keep], e), graph.length_m)
                for e in (5.0, 8.0, 15.0)
            ))  # fmt: skip
        figures |= {f"mismatch_{every}s": float(np.mean(ours)), f"seconds_{every}s": took,
                    f"fastmm_mismatch_{every}s": float(np.mean(theirs))}  # fmt: skip
    print(json.dumps({k: round(v, 5) for k, v in figures.items()}))


def fastmm(graph: Graph, geometry: np.ndarray, reach_m: float):
    """Make the peer."""
    from fastmm import FastMapMatch, Network, TransitionMode

    network = Network()
    for arc in np.flatnonzero(graph.open):
        xy = shapely.get_coordinates(geometry[arc >> 1])[:: -1 if arc & 1 else 1] * METRE
        network.add_edge(
            int(arc), source=int(graph.tail[arc]), target=int(graph.head[arc]),
            geom=[tuple(p) for p in xy.tolist()], speed=float(graph.speed_m_s[arc >> 1]),
        )  # fmt: skip
    network.finalize()
    with tempfile.TemporaryDirectory() as folder:
        return network, FastMapMatch(
            network, TransitionMode.SHORTEST, max_distance_between_candidates=reach_m,
            cache_dir=folder,
        )  # fmt: skip


def of_fastmm(peer, xy: np.ndarray, when: np.ndarray, error_m: float) -> list[int]:
    """Match with the peer; its arcs in driving order."""
    from fastmm import Trajectory

    rows = [tuple(map(float, r)) for r in np.c_[xy * METRE, when]]
    result = peer[1].match(
        Trajectory.from_xyt_tuples(rows), max_candidates=16, candidate_search_radius=60.0,
        gps_error=error_m, reverse_tolerance=30.0,
    )  # fmt: skip
    made: list[int] = []
    for part in result.subtrajectories:
        last = -1
        for segment in part.segments:
            for k, edge in enumerate(segment.edges):
                if k > 0 or int(edge.edge_id) != last:
                    made.append(int(edge.edge_id))
                last = int(edge.edge_id)
    return made


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
