"""Simulated drives with known truth on the real roads and tracks of the Yangtze delta.

Everything is simulated but the network: drives are shortest routes between random nodes of one
class, without turns that no vehicle makes, at speeds that vary and fall to nothing at times.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numba import njit
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.matching.graph import Graph, graph_of_edges
from covermap.core.matching.junctions import cut_at_joints

CROP = (120.6, 30.7, 122.0, 31.95)
PROJECT = Path(__file__).parents[2]
DATA = Path(os.environ.get("COVERMAP_REAL_DATA", PROJECT.parent / "shared" / "data"))
ROAD, RAIL = 0, 1
RAIL_SHARE = 0.2
SHARPEST_DEG = {ROAD: 150.0, RAIL: 60.0}
USUAL_M_S = {ROAD: (10.0, 30.0), RAIL: (20.0, 80.0)}
ROUTE_M = (3_000.0, 60_000.0)
TO_EACH = 5
"""Drives from one node."""


@dataclass(frozen=True)
class World:
    """The network; arrays of edges."""

    geometry: np.ndarray
    kind: np.ndarray
    nodes: tuple[np.ndarray, np.ndarray]

    def graph(self) -> Graph:
        """Build the graph that covermap matches to."""
        return graph_of_edges(self.geometry, nodes=self.nodes)


@dataclass(frozen=True)
class Drive:
    """One drive: the arcs travelled, whole, and its place and time each second."""

    arcs: np.ndarray
    kind: int
    lon: np.ndarray
    lat: np.ndarray
    metre: np.ndarray
    """How many metres a degree is, east and north."""


def read_world() -> World:
    """Read the crop; carriageways that quantising drew onto one course count once."""
    box = slice(CROP[0], CROP[2]), slice(CROP[1], CROP[3])
    roads = gpd.read_parquet(DATA / "lines" / "cn_roads_omt_z7_2021.parquet").cx[box]
    rails = gpd.read_parquet(DATA / "lines" / "cn_rail_ways_osm.parquet").cx[box]
    rails = rails[rails["cls"].isin(["hsr", "rail"])]
    parts = [_parts(roads.geometry.to_numpy()), _parts(rails.geometry.to_numpy())]
    cut = cut_at_joints(parts[1], np.zeros(len(parts[1]), np.int64), 0.5)
    road = graph_of_edges(parts[0])
    count = len(road.first_out) - 1
    return World(
        np.concatenate([parts[0], cut.geometry]),
        np.repeat([ROAD, RAIL], [len(parts[0]), len(cut.geometry)]),
        (
            np.r_[road.tail[::2], cut.start_node + count],
            np.r_[road.head[::2], cut.end_node + count],
        ),
    )


def _parts(geometry: np.ndarray) -> np.ndarray:
    parts = shapely.get_parts(geometry)
    whole = shapely.normalize(parts[shapely.length(parts) > 0])
    return shapely.from_wkb(np.unique(shapely.to_wkb(whole)).astype(object))


def drives(world: World, graph: Graph, points: int, seed: int = 7) -> list[Drive]:
    """Simulate drives until there are so many points; positions are exact."""
    rng = np.random.default_rng(seed)
    courses = [shapely.get_coordinates(g) for g in world.geometry]
    made: list[Drive] = []
    for kind, share in ((ROAD, 1.0 - RAIL_SHARE), (RAIL, RAIL_SHARE)):
        count = 0
        for route in _routes(world, graph, kind, rng):
            made.append(_drive(courses, route, kind, rng))
            count += len(made[-1].lon)
            if count >= share * points:
                break
    return made


def _routes(world: World, graph: Graph, kind: int, rng: np.random.Generator):
    """Give shortest routes between random nodes of the largest connected part, without end."""
    nodes = len(graph.first_out) - 1
    arcs = np.flatnonzero(np.repeat(world.kind == kind, 2))
    arcs = arcs[np.argsort(graph.length_m[arcs >> 1], kind="stable")]
    pair = graph.tail[arcs] * nodes + graph.head[arcs]
    pair, first = np.unique(pair, return_index=True)
    arcs = arcs[first]
    weight = coo_array(
        (graph.length_m[arcs >> 1], (graph.tail[arcs], graph.head[arcs])), shape=(nodes, nodes)
    ).tocsr()
    part = connected_components(weight)[1]
    main = np.flatnonzero(part == np.bincount(part[graph.tail[arcs]]).argmax())
    bearing = _bearings(world.geometry)
    while True:
        source = rng.choice(main)
        cost, before = dijkstra(weight, indices=source, return_predecessors=True, limit=ROUTE_M[1])
        far = np.flatnonzero(np.isfinite(cost) & (cost > ROUTE_M[0]))
        for target in rng.choice(far, min(TO_EACH, len(far)), replace=False):
            course = [int(target)]
            while course[-1] != source:
                course.append(int(before[course[-1]]))
            stops = np.array(course[::-1])
            route = arcs[np.searchsorted(pair, stops[:-1] * nodes + stops[1:])]
            turn = np.abs((bearing[route[1:], 0] - bearing[route[:-1], 1] + 180) % 360 - 180)
            if turn.max(initial=0.0) <= SHARPEST_DEG[kind]:
                yield route


def _bearings(geometry: np.ndarray) -> np.ndarray:
    """Bearing at the start and at the end of each arc, degrees, in the direction of travel."""
    made = np.empty((2 * len(geometry), 2))
    ends = [shapely.get_coordinates(shapely.get_point(geometry, k)) for k in (0, 1, -2, -1)]
    squeeze = np.cos(np.radians(ends[0][:, 1]))
    for k, (a, b) in enumerate(((0, 1), (2, 3))):
        delta = ends[b] - ends[a]
        angle = np.degrees(np.arctan2(delta[:, 0] * squeeze, delta[:, 1]))
        made[::2, k] = angle
        made[1::2, 1 - k] = angle + 180.0
    return made


def _drive(courses: list, route: np.ndarray, kind: int, rng: np.random.Generator) -> Drive:
    course = np.concatenate([courses[a >> 1][:: -1 if a & 1 else 1] for a in route])
    metre = np.array([metres_per_degree_lon(course[0, 1]), metres_per_degree_lat(course[0, 1])])
    at = np.r_[0.0, np.cumsum(np.hypot(*(np.diff(course, axis=0) * metre).T))]
    slowest, fastest = USUAL_M_S[kind]
    usual = rng.uniform(slowest, fastest)
    noise = rng.normal(0.0, 1.0, int(at[-1] / slowest * 4) + 200)
    place = _way(noise, usual)
    place = np.r_[place[place < at[-1]], at[-1]]
    lon, lat = (np.interp(place, at, course[:, k]) for k in (0, 1))
    return Drive(route, kind, lon, lat, metre)


@njit(cache=True)
def _way(noise, usual):
    """Metres driven at each second: speed wanders about the usual, and there are stops."""
    place = np.empty(len(noise))
    at, speed, standing = 0.0, 0.5 * usual, 0
    for k in range(len(noise)):
        place[k] = at
        if standing > 0:
            standing -= 1
            continue
        if noise[k] < -3.0:
            standing, speed = 20, 0.0
            continue
        speed += 0.05 * (usual - speed) + 0.03 * usual * noise[k]
        speed = min(max(speed, 0.0), 1.3 * usual)
        at += speed
    return place


def observed(drive: Drive, every: int, sigma_m: float, correlation_s: float, seed: int) -> tuple:
    """Give noisy longitude, latitude and seconds, one each `every` s; errors are Gaussian.

    Errors east and north are independent of each other; each is white, or AR(1) over time with
    `correlation_s` as the time in which the correlation falls to 1/e.
    """
    rng = np.random.default_rng(seed)
    shock = rng.normal(0.0, sigma_m, (2, len(drive.lon)))
    if correlation_s > 0.0:
        shock = _ar1(shock, float(np.exp(-1.0 / correlation_s)))
    lon, lat = drive.lon + shock[0] / drive.metre[0], drive.lat + shock[1] / drive.metre[1]
    when = np.arange(len(lon), dtype=float)
    keep = slice(None, None, every)
    return lon[keep], lat[keep], when[keep]


@njit(cache=True)
def _ar1(shock, rho):
    made = shock.copy()
    for k in range(1, shock.shape[1]):
        made[:, k] = rho * made[:, k - 1] + np.sqrt(1.0 - rho * rho) * shock[:, k]
    return made
