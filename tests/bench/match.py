"""Matching simulated drives on the real roads of the Yangtze delta, beside fastmm.

SIZE is how many points are matched (default 200,000); fastmm matches the first fifth of the drives.
Drives are shortest routes between random nodes at 20 m/s; errors are independent, 5 m.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.matching.graph import Graph, graph_of_edges
from covermap.core.matching.match import match_tracks

CROP = (120.6, 30.7, 122.0, 31.95)
SIGMA_M = 5.0
SPEED_M_S = 20.0
PROJECT = Path(__file__).parents[2]
DATA = Path(os.environ.get("COVERMAP_REAL_DATA", PROJECT.parent / "shared" / "data"))


def roads() -> np.ndarray:
    """Read the roads of the crop, as WKB; carriageways quantised onto one course count once."""
    frame = gpd.read_parquet(DATA / "lines" / "cn_roads_omt_z7_2021.parquet").cx[
        CROP[0] : CROP[2], CROP[1] : CROP[3]
    ]
    parts = shapely.get_parts(frame.geometry.to_numpy())
    whole = shapely.normalize(parts[shapely.length(parts) > 0])
    return np.unique(shapely.to_wkb(whole)).astype(object)


def drives(graph: Graph, geometry: np.ndarray, points: int) -> list[tuple]:
    """Simulate drives: arcs travelled, and a position each second."""
    nodes = len(graph.first_out) - 1
    arcs = np.arange(len(graph.tail))
    weight = coo_array((graph.weight, (graph.tail, graph.head)), shape=(nodes, nodes)).tocsr()
    by_pair = {}
    for arc in arcs[np.argsort(-graph.weight, kind="stable")]:
        by_pair[int(graph.tail[arc]), int(graph.head[arc])] = int(arc)
    part = connected_components(weight)[1]
    main = np.flatnonzero(part == np.bincount(part).argmax())
    rng, made, count = np.random.default_rng(7), [], 0
    while count < points:
        source = rng.choice(main)
        cost, before = dijkstra(
            weight, indices=source, return_predecessors=True, limit=60_000.0, min_only=False
        )
        for target in rng.choice(np.flatnonzero(np.isfinite(cost)), 5):
            course = [int(target)]
            while course[-1] != source:
                course.append(int(before[course[-1]]))
            route = np.array([by_pair[p] for p in zip(course[:0:-1], course[-2::-1], strict=True)])
            if cost[target] > 3000.0 and len(route):
                made.append((route, *positions(geometry, route, rng)))
                count += len(made[-1][1])
    return made


def positions(geometry: np.ndarray, route: np.ndarray, rng: np.random.Generator) -> tuple:
    """Give noisy longitudes and latitudes, one a second, along arcs."""
    xy = [shapely.get_coordinates(geometry[a >> 1])[:: -1 if a & 1 else 1] for a in route]
    course = np.concatenate(xy)
    kx, ky = metres_per_degree_lon(course[0, 1]), metres_per_degree_lat(course[0, 1])
    at = np.r_[0.0, np.cumsum(np.hypot(*(np.diff(course, axis=0) * [kx, ky]).T))]
    place = np.arange(0.0, at[-1], SPEED_M_S)
    lon, lat = (np.interp(place, at, course[:, k]) for k in (0, 1))
    noise = rng.normal(0.0, SIGMA_M, (2, len(place)))
    return lon + noise[0] / kx, lat + noise[1] / ky


def shares(graph: Graph, true: list, got: list) -> tuple[float, float]:
    """Length credited wrongly, over length credited; length missed, over length driven."""
    wrong = missed = credited = driven = 0.0
    length = graph.length_m
    for route, found in zip(true, got, strict=True):
        a, b = np.unique(route >> 1), np.unique(found)
        wrong += length[np.setdiff1d(b, a)].sum()
        missed += length[np.setdiff1d(a, b)].sum()
        credited, driven = credited + length[b].sum(), driven + length[a].sum()
    return wrong / max(credited, 1.0), missed / max(driven, 1.0)


def ours(graph: Graph, made: list, every: int) -> tuple[list, float, int]:
    """Match with covermap; edges of each drive, seconds, points."""
    lon, lat = (np.concatenate([d[k][::every] for d in made]) for k in (1, 2))
    count = [len(d[1][::every]) for d in made]
    run = np.repeat(np.arange(len(made)), count)
    when = np.concatenate([np.arange(n) * float(every) for n in count])
    begin = time.perf_counter()
    match = match_tracks(graph, lon, lat, when, run)
    seconds = time.perf_counter() - begin
    path = match.path
    real = path.to_m - path.from_m > 2 * SIGMA_M
    owner, edge = run[path.sample[real]], path.arc[real] >> 1
    cuts = np.searchsorted(owner, np.arange(1, len(made)))
    return np.split(edge, cuts), seconds, len(lon)


def theirs(geometry: np.ndarray, graph: Graph, made: list) -> tuple[list, float, int]:
    """Match with fastmm in a plane of metres, its table of routes included."""
    from fastmm import FastMapMatch, Network, Trajectory, TransitionMode

    lat0 = 0.5 * (CROP[1] + CROP[3])
    scale = np.array([metres_per_degree_lon(lat0), metres_per_degree_lat(lat0)])
    begin = time.perf_counter()
    network = Network()
    for arc in range(len(graph.tail)):
        xy = shapely.get_coordinates(geometry[arc >> 1])[:: -1 if arc & 1 else 1] * scale
        network.add_edge(
            arc,
            source=int(graph.tail[arc]),
            target=int(graph.head[arc]),
            geom=[tuple(p) for p in xy.tolist()],
        )
    network.finalize()
    found, points = [], 0
    with tempfile.TemporaryDirectory() as folder:
        matcher = FastMapMatch(
            network, TransitionMode.SHORTEST, max_distance_between_candidates=1000.0,
            cache_dir=Path(folder),
        )  # fmt: skip
        for _, lon, lat in made:
            rows = zip(lon * scale[0], lat * scale[1], np.arange(len(lon)) * 1.0, strict=True)
            result = matcher.match(
                Trajectory.from_xyt_tuples([tuple(map(float, r)) for r in rows]),
                max_candidates=8, candidate_search_radius=60.0, gps_error=SIGMA_M,
                reverse_tolerance=30.0,
            )  # fmt: skip
            edges = {
                int(e.edge_id) >> 1
                for sub in result.subtrajectories
                for segment in sub.segments
                for e in segment.edges
            }
            found.append(np.array(sorted(edges), np.int64))
            points += len(lon)
    return found, time.perf_counter() - begin, points


def main(size: int) -> None:
    """Run, and print the figures."""
    geometry = shapely.from_wkb(roads())
    match_tracks(graph_of_edges(geometry[:10]), np.zeros(1), np.zeros(1))
    begin = time.perf_counter()
    graph = graph_of_edges(geometry)
    building = time.perf_counter() - begin
    made = drives(graph, geometry, size)
    true = [d[0] for d in made]
    figures: dict[str, float] = {}
    for every in (1, 10, 30, 60):
        got, seconds, points = ours(graph, made, every)
        wrong, missed = shares(graph, true, got)
        tail = "" if every == 1 else f"_{every}s"
        figures[f"wrong_share{tail}"], figures[f"missed_share{tail}"] = wrong, missed
        figures[f"points_per_s{tail}"] = points / (seconds + (building if every == 1 else 0.0))
    few = made[: max(1, len(made) // 5)]
    got, seconds, points = theirs(geometry, graph, few)
    figures["fastmm_wrong_share"], figures["fastmm_missed_share"] = shares(
        graph, true[: len(few)], got
    )
    figures["fastmm_points_per_s"] = points / seconds
    figures["ratio_to_fastmm"] = figures["points_per_s"] / figures["fastmm_points_per_s"]
    print(json.dumps({k: round(float(v), 5) for k, v in figures.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
