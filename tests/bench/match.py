"""Matching simulated drives on the real roads and tracks of the Yangtze delta, beside fastmm.

SIZE is how many points there are (default 200,000). Both match the same drives, both are scored by
the same rule (see `_credit`), both are given the class of each drive (fastmm one network a class),
and both are timed on one thread by the processor's clock: making the network and the table of
routes, handing over the points, matching. Reading the answer is timed for neither.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time

import numpy as np
import shapely
from _credit import Pieces, Shares, shares, whole
from _drives import CROP, RAIL, ROAD, Drive, World, drives, observed, read_world
from numba import njit

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.matching.candidates import MOST_FEET, feet
from covermap.core.matching.cells import REACH_M, steps_in
from covermap.core.matching.graph import Graph, graph_of_edges
from covermap.core.matching.match import match_tracks

SIGMA_M = 5.0
CORRELATION_S = 30.0
SURE = 0.9
"""covermap credits pieces of path that were travelled with at least this probability."""
Track = tuple[np.ndarray, np.ndarray, np.ndarray]


def ours(world: World, made: list[Drive], tracks: list[Track]) -> tuple[Pieces, Pieces, float]:
    """Match with covermap: what is credited, the whole path, and seconds (network included)."""
    begin = time.process_time()
    graph = world.graph()
    found, seconds = [], time.process_time() - begin
    for kind in (ROAD, RAIL):
        rows = [k for k, d in enumerate(made) if d.kind == kind]
        if not rows:
            continue
        lon, lat, when = (np.concatenate([tracks[k][c] for k in rows]) for c in range(3))
        drive = np.repeat(rows, [len(tracks[k][0]) for k in rows])
        begin = time.process_time()
        match = match_tracks(graph, lon, lat, when, drive, allowed=world.kind == kind)
        seconds += time.process_time() - begin
        found.append((match.path, drive[match.path.sample]))
    columns = [
        np.concatenate(c)
        for c in zip(*((o, p.arc, p.from_m, p.to_m, p.probability) for p, o in found), strict=True)
    ]
    sure = columns[4] >= SURE
    return Pieces(*(c[sure] for c in columns[:4])), Pieces(*columns[:4]), seconds


class Peer:
    """The network of one class in fastmm, in a plane of metres."""

    def __init__(self, world: World, graph: Graph, kind: int, reach_m: float) -> None:
        from fastmm import FastMapMatch, Network, TransitionMode

        lat0 = 0.5 * (CROP[1] + CROP[3])
        self.scale = np.array([metres_per_degree_lon(lat0), metres_per_degree_lat(lat0)])
        arcs = np.flatnonzero(np.repeat(world.kind == kind, 2))
        rows = [
            (int(arc), int(graph.tail[arc]), int(graph.head[arc]), [tuple(p) for p in xy.tolist()])
            for arc in arcs
            for xy in [
                shapely.get_coordinates(world.geometry[arc >> 1])[:: -1 if arc & 1 else 1]
                * self.scale
            ]
        ]
        self.length_m = graph.length_m
        self.plane_m = {r[0]: float(np.hypot(*np.diff(r[3], axis=0).T).sum()) for r in rows}
        begin = time.process_time()
        self.network = network = Network()
        for arc, tail, head, geometry in rows:
            network.add_edge(arc, source=tail, target=head, geom=geometry)
        network.finalize()
        with tempfile.TemporaryDirectory() as folder:
            self.matcher = FastMapMatch(
                network, TransitionMode.SHORTEST, max_distance_between_candidates=reach_m,
                cache_dir=folder,
            )  # fmt: skip
        self.seconds = time.process_time() - begin

    def match(self, number: int, track: Track) -> list[tuple[int, int, float, float]]:
        """Match one drive; give drive, arc, from and to of each piece."""
        from fastmm import Trajectory

        rows = list(
            zip(
                (track[0] * self.scale[0]).tolist(),
                (track[1] * self.scale[1]).tolist(),
                track[2].tolist(),
                strict=True,
            )
        )
        begin = time.process_time()
        result = self.matcher.match(
            Trajectory.from_xyt_tuples(rows), max_candidates=8, candidate_search_radius=60.0,
            gps_error=SIGMA_M, reverse_tolerance=30.0,
        )  # fmt: skip
        self.seconds += time.process_time() - begin
        made = []
        for part in result.subtrajectories:
            for segment in part.segments:
                last = len(segment.edges) - 1
                for k, edge in enumerate(segment.edges):
                    arc = int(edge.edge_id)
                    plane, real = self.plane_m[arc], self.length_m[arc >> 1]
                    a = segment.p0.offset_from_start_of_edge if k == 0 else 0.0
                    b = segment.p1.offset_from_start_of_edge if k == last else plane
                    made.append((number, arc, min(a, b) * real / plane, max(a, b) * real / plane))
        return made


def theirs(
    world: World, graph: Graph, made: list[Drive], tracks: list[Track], every: int
) -> tuple[Pieces, float]:
    """Match with fastmm: what is credited, and seconds (network and table included)."""
    fastest = 40.0 if every > 1 else 30.0
    found: list[tuple[int, int, float, float]] = []
    seconds = 0.0
    for kind in (ROAD, RAIL):
        reach = max(1000.0, 2.0 * every * fastest * (2.5 if kind == RAIL else 1.0))
        peer = Peer(world, graph, kind, reach)
        for k, drive in enumerate(made):
            if drive.kind == kind:
                found += peer.match(k, tracks[k])
        seconds += peer.seconds
    columns = np.array(found, float).reshape(-1, 4).T
    return Pieces(columns[0].astype(int), columns[1].astype(int), columns[2], columns[3]), seconds


@njit
def _pairs(graph, lon, lat, radius):
    """Count the pairs of a point and a piece of an edge within a radius of it."""
    cells, foot, total = graph.cells, np.empty((MOST_FEET, 4)), 0
    step, near, rows, columns = graph.step, cells.step, cells.row_start, cells.column
    first, east_m, north_m = cells.first, cells.east_m, cells.north_m
    everywhere = np.ones(1, np.bool_)
    for k in range(len(lon)):
        row, column = (
            int((lat[k] - cells.y0) / cells.height),
            int((lon[k] - cells.x0) / cells.width),
        )
        begin, end = steps_in(rows, columns, first, row, column)
        at = min(max(row, 0), len(east_m) - 1)
        total += feet(
            step, near, begin, end, lon[k], lat[k], east_m[at], north_m[at], radius, True,
            everywhere, foot,
        )[0]  # fmt: skip
    return total


def candidates_ratio(world: World, graph: Graph, lon: np.ndarray, lat: np.ndarray) -> float:
    """Points a second of the search for candidates alone, over those of shapely's STRtree."""
    tree, points = shapely.STRtree(world.geometry), shapely.points(lon, lat)
    radius = REACH_M / float(metres_per_degree_lon(CROP[3]))
    _pairs(graph, lon[:10], lat[:10], REACH_M)
    took = []
    for search in (
        lambda: _pairs(graph, lon, lat, REACH_M),
        lambda: tree.query(points, predicate="dwithin", distance=radius),
    ):
        runs = []
        for _ in range(3):
            begin = time.process_time()
            search()
            runs.append(time.process_time() - begin)
        took.append(float(np.median(runs)))
    return took[1] / took[0]


def parallel(apart_m: float) -> dict[str, float]:
    """Two carriageways side by side, driven along one: told apart by their direction, or not.

    Without directions, the mean probability given to the track driven, and how often it was the
    likelier one: the two should agree.
    """
    metre = np.array([metres_per_degree_lon(31.0), metres_per_degree_lat(31.0)])
    courses = [[(0, 0), (30_000, 0)], [(30_000, apart_m), (0, apart_m)]]
    geometry = shapely.linestrings(np.array(courses) / metre + np.array([121.0, 31.0]))
    yes, no = np.ones(2, bool), np.zeros(2, bool)
    figures = {}
    for name, backward in (("oneway", no), ("either", yes)):
        graph = graph_of_edges(geometry, yes, backward)
        right, odds = [], []
        for seed in range(40):
            rng = np.random.default_rng(seed)
            xy = np.stack([np.arange(0.0, 1000.0, 20.0), np.zeros(50)], axis=1)
            xy += rng.normal(0.0, SIGMA_M, xy.shape)
            # Every other drive has an error of its own of nearly half the way to the other track.
            xy[:, 1] += 0.4 * apart_m * (seed % 2)
            lon, lat = (xy / metre + np.array([121.0, 31.0])).T
            made = match_tracks(graph, lon.copy(), lat.copy(), np.arange(50.0))
            right.append((made.line == 0).mean())
            odds.append(np.where(made.line == 0, made.probability, 1 - made.probability).mean())
        figures[f"parallel_{apart_m:.0f}m_{name}_right"] = float(np.mean(right))
        figures[f"parallel_{apart_m:.0f}m_{name}_probability"] = float(np.mean(odds))
    return figures


def only(pieces: Pieces, drives_wanted: np.ndarray) -> Pieces:
    """Give the pieces of some drives."""
    kept = np.isin(pieces.drive, drives_wanted)
    return Pieces(*(c[kept] for c in pieces))


def put(figures: dict[str, float], name: str, tail: str, got: Shares) -> None:
    """Name the figures of one match."""
    for what in Shares._fields:
        word = what if what == "mismatch" else f"{what}_share"
        figures[f"{name}{word}{tail}"] = getattr(got, what)


def main(size: int) -> None:
    """Run, and print the figures."""
    world = read_world()
    graph = world.graph()
    made = drives(world, graph, size)
    length = graph.length_m
    true = whole([d.arcs for d in made], length)
    warm = [observed(d, 1, SIGMA_M, 0.0, 0) for d in made[:1]]
    ours(world, made[:1], warm)
    figures: dict[str, float] = {}
    for every, correlation in ((1, 0.0), (10, 0.0), (30, 0.0), (60, 0.0), (1, CORRELATION_S)):
        tail = ("" if every == 1 else f"_{every}s") + ("_correlated" if correlation else "")
        tracks = [observed(d, every, SIGMA_M, correlation, k) for k, d in enumerate(made)]
        points = sum(len(t[0]) for t in tracks)
        credited, path, seconds = ours(world, made, tracks)
        put(figures, "", tail, shares(true, credited, length))
        put(figures, "path_", tail, shares(true, path, length))
        figures[f"points_per_s{tail}"] = points / seconds
        peer, took = theirs(world, graph, made, tracks, every)
        put(figures, "fastmm_", tail, shares(true, peer, length))
        figures[f"fastmm_points_per_s{tail}"] = points / took
        figures[f"ratio_to_fastmm{tail}"] = took / seconds
        for kind, name in ((ROAD, "_road"), (RAIL, "_rail")):
            rows = np.array([k for k, d in enumerate(made) if d.kind == kind])
            put(figures, "", name + tail, shares(only(true, rows), only(credited, rows), length))
            put(figures, "fastmm_", name + tail, shares(only(true, rows), only(peer, rows), length))
    lon, lat = (np.concatenate([getattr(d, c) for d in made])[:200_000] for c in ("lon", "lat"))
    figures["candidates_ratio_to_strtree"] = candidates_ratio(world, graph, lon, lat)
    figures |= parallel(20.0)
    print(json.dumps({k: round(float(v), 5) for k, v in figures.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
