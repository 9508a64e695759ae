"""Join ways into continuous courses: at each node, the pair of ends that runs on most straightly.

A node is where ends of ways lie (within a tolerance). Of all pairs of ends of one group that meet
there, the straightest is joined first, then the next that is still free; a pair that turns by more
than a limit is never joined. A pair drawn head to tail is preferred to one drawn head to head:
carriageways are drawn in the direction of travel. Ends that nothing joined may be bridged: any over
a short gap, those of one name over a longer one that lies in the line of both. Where a course is
drawn over a gap is told edge by edge. The result does not depend on the order of the ways if they
come in a canonical order.

The principle is that of strokes (Thomson & Richardson 1999); the limits are parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.geodesy import (
    Floats,
    Ints,
    metres_per_degree_lat,
    metres_per_degree_lon,
    points_m,
    short_azimuths_deg,
    short_lengths_m,
    turn_deg,
)
from covermap.core.lines.segments import course_vertices
from covermap.core.lines.turnbacks import turns_back

REACH_M = 200.0
"""The direction at an end is that of the chord to the point this far along the way."""
AGAINST_DEG = 25.0
"""What a join of ways drawn in opposite directions costs, as if it turned this much more."""
METRES_PER_DEGREE_OF_TURN = 4.0
"""A gap this wide is as bad as one degree of turn."""


@dataclass(frozen=True)
class Limits:
    """When two ends are joined."""

    turn_deg: float = 70.0
    """A sharper turn is not the same course."""
    short_m: float = 150.0
    short_turn_deg: float = 100.0
    """Ways shorter than `short_m` may turn this much: on coarse drawings they point anywhere."""
    snap_m: float = 1.0
    """Ends nearer than this are at one node."""
    gap_m: float = 120.0
    """Free ends nearer than this, running on within `gap_turn_deg`, are bridged."""
    gap_turn_deg: float = 45.0
    named_gap_m: float = 500.0
    """Free ends of one name nearer than this are bridged where the gap lies in the line of both,
    within `named_gap_turn_deg`: a way is missing (a bridge, a station), the line is not over."""
    named_gap_turn_deg: float = 15.0


@dataclass(frozen=True)
class Chains:
    """For each way: its course, its place in it, and whether it runs against it."""

    chain: Ints
    position: Ints
    reverse: NDArray[np.bool_]
    bridged: int
    """Joins that bridge a gap."""
    gap_m: float
    """Length of the gaps bridged."""


def join_ways(
    ways: NDArray[np.object_], group: Ints, limits: Limits, named: NDArray[np.bool_] | None = None
) -> Chains:
    """Join ways into courses.

    Parameters
    ----------
    ways
        LineStrings in a canonical order, WGS-84 degrees, shape (n,).
    group
        Only ways of one group are joined, shape (n,).
    named
        Whether the group of each way has a name, shape (n,); default: none has.

    Returns
    -------
    Chains
        Courses are numbered by their first way in the order given.
    """
    if len(ways) == 0:
        none = np.zeros(0, np.int64)
        return Chains(none, none, np.zeros(0, np.bool_), 0, 0.0)
    linked = _at_nodes(ways, group, limits)
    _part_where_it_turns_back(linked, ways)
    pieces = Chains(*_walk(linked), 0, 0.0)
    first = np.unique(pieces.chain, return_index=True)[1]
    called = np.zeros(len(ways), np.bool_) if named is None else named
    drawn = draw_courses(ways, pieces).geometry
    return _bridge(pieces, drawn, group[first], called[first], limits)


def _at_nodes(ways: NDArray[np.object_], group: Ints, limits: Limits) -> Ints:
    """Join ends that meet: for each end of a way the end it goes on at, or -1."""
    ends = _ends(ways)
    limit = np.where(ends.length_m < limits.short_m, limits.short_turn_deg, limits.turn_deg)
    linked = np.full(2 * len(ways), -1, np.int64)
    _link(linked, ends, np.repeat(group, 2), limits.snap_m, limit)
    return linked


def _part_where_it_turns_back(linked: Ints, ways: NDArray[np.object_]) -> None:
    """Undo joins at which a course turns round and runs back beside itself."""
    chains = Chains(*_walk(linked), 0, 0.0)
    courses = draw_courses(ways, chains)
    joint = 1 + np.flatnonzero(
        (np.diff(courses.vertex_way) != 0) & (np.diff(courses.vertex_course) == 0)
    )
    back = turns_back(course_vertices(courses.geometry), joint)
    # The way that leads on from the joint begins there with its start, or reversed its end.
    way = courses.vertex_way[joint[back]]
    end = 2 * way + chains.reverse[way]
    linked[linked[end]] = -1
    linked[end] = -1


def _bridge(
    pieces: Chains, drawn: NDArray[np.object_], group: Ints, named: NDArray[np.bool_],
    limits: Limits,
) -> Chains:  # fmt: skip
    """Join courses over gaps, and say of each way where it lies in the longer course."""
    ends = _ends(drawn)
    linked = np.full(2 * len(drawn), -1, np.int64)
    limit = np.full(len(linked), limits.gap_turn_deg)
    _link(linked, ends, np.repeat(group, 2), limits.gap_m, limit)
    if named.any():
        called = np.repeat(np.where(named, group, -1 - np.arange(len(group))), 2)
        limit = np.full(len(linked), limits.named_gap_turn_deg)
        _link(linked, ends, called, limits.named_gap_m, limit, limits.named_gap_turn_deg)
    chain, position, reverse = _walk(linked)
    turned = reverse[pieces.chain]
    inner = np.where(turned, -pieces.position, pieces.position)
    order = np.lexsort((inner, position[pieces.chain], chain[pieces.chain]))
    sorted_chain = chain[pieces.chain][order]
    start = np.searchsorted(sorted_chain, np.arange(chain.max() + 1))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - start[sorted_chain]
    bridged = np.flatnonzero(linked >= 0)
    gaps = np.linalg.norm(ends.xyz[bridged] - ends.xyz[linked[bridged]], axis=1)
    return Chains(
        chain[pieces.chain],
        place,
        pieces.reverse ^ turned,
        len(bridged) // 2,
        float(gaps.sum() / 2),
    )


@dataclass(frozen=True)
class _Ends:
    """Ends of ways (start at 2i, end at 2i + 1): place on the Earth in m, direction outwards."""

    xyz: Floats
    lon: Floats
    lat: Floats
    azimuth: Floats
    length_m: Floats


def _ends(ways: NDArray[np.object_]) -> _Ends:
    start = shapely.get_coordinates(shapely.get_point(ways, 0))
    end = shapely.get_coordinates(shapely.get_point(ways, -1))
    lat = 0.5 * (start[:, 1] + end[:, 1])
    scale = np.c_[metres_per_degree_lon(lat), metres_per_degree_lat(lat)]
    # A way is short against the Earth: directions are taken in its own plane, nodes in the ends'.
    length = _plain_length(ways, scale)
    reach = np.minimum(0.5, REACH_M / np.maximum(length, 1e-9))
    near = shapely.get_coordinates(shapely.line_interpolate_point(ways, reach, normalized=True))
    far = shapely.get_coordinates(shapely.line_interpolate_point(ways, 1 - reach, normalized=True))
    out = np.stack([(start - near) * scale, (end - far) * scale], axis=1).reshape(-1, 2)
    place = np.stack([start, end], axis=1).reshape(-1, 2)
    azimuth = np.degrees(np.arctan2(out[:, 0], out[:, 1]))
    return _Ends(points_m(*place.T), place[:, 0], place[:, 1], azimuth, np.repeat(length, 2))


def _plain_length(ways: NDArray[np.object_], scale: Floats) -> Floats:
    coordinates, way = shapely.get_coordinates(ways, return_index=True)
    step = np.diff(coordinates, axis=0) * scale[way[1:]]
    edge = np.where(way[1:] == way[:-1], np.hypot(step[:, 0], step[:, 1]), 0.0)
    return np.bincount(way[1:], weights=edge, minlength=len(ways)).astype(float)


def _link(
    linked: Ints, ends: _Ends, group: Ints, within_m: float, limit_deg: Floats,
    aside_deg: float | None = None,
) -> None:  # fmt: skip
    """Join free ends that lie within a distance, straightest first; writes into `linked`.

    With `aside_deg`, what is between two ends must not point farther aside than that from either.
    """
    free = np.flatnonzero(linked < 0)
    if len(free) < 2:
        return
    pairs = cKDTree(ends.xyz[free]).query_pairs(within_m, output_type="ndarray")
    a, b = free[pairs[:, 0]], free[pairs[:, 1]]
    # What was split at longitude 180 stays split: no drawn line may step over it.
    whole = np.abs(ends.lon[a] - ends.lon[b]) < 180.0
    keep = (group[a] == group[b]) & (a // 2 != b // 2) & whole
    a, b = np.minimum(a, b)[keep], np.maximum(a, b)[keep]
    turn = 180.0 - turn_deg(ends.azimuth[a], ends.azimuth[b])
    keep = turn <= np.maximum(limit_deg[a], limit_deg[b])
    a, b, turn = a[keep], b[keep], turn[keep]
    if aside_deg is not None:
        aside = _aside_deg(ends, a, b)
        keep = aside <= aside_deg
        a, b, turn = a[keep], b[keep], (turn + aside)[keep]
    gap = np.linalg.norm(ends.xyz[a] - ends.xyz[b], axis=1)
    cost = turn + np.where((a ^ b) & 1, 0.0, AGAINST_DEG) + gap / METRES_PER_DEGREE_OF_TURN
    order = np.lexsort((b, a, np.round(cost, 6)))
    _marry(linked, a[order], b[order])


def _aside_deg(ends: _Ends, a: Ints, b: Ints) -> Floats:
    """Give how far aside, from the directions of two ends, the way from one to the other points."""
    azimuth = short_azimuths_deg(ends.lon[a], ends.lat[a], ends.lon[b], ends.lat[b])
    out, back = turn_deg(azimuth, ends.azimuth[a]), turn_deg(azimuth + 180.0, ends.azimuth[b])
    made: Floats = np.maximum(out, back)
    return made


@njit(cache=True)
def _marry(linked: Ints, a: Ints, b: Ints) -> None:
    for k in range(len(a)):
        if linked[a[k]] < 0 and linked[b[k]] < 0:
            linked[a[k]] = b[k]
            linked[b[k]] = a[k]


@njit(cache=True)
def _walk(linked: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Follow the joins from way to way: chain, place in it, and whether it is run backwards."""
    n = len(linked) // 2
    chain = np.full(n, -1, np.int64)
    position = np.zeros(n, np.int64)
    reverse = np.zeros(n, np.bool_)
    chains = 0
    for i in range(n):
        if chain[i] >= 0:
            continue
        end = 2 * i
        while linked[end] >= 0:
            end = linked[end] ^ 1
            if end == 2 * i:
                break
        place = 0
        while end >= 0 and chain[end // 2] < 0:
            way = end // 2
            chain[way], position[way], reverse[way] = chains, place, (end & 1) == 1
            place += 1
            end = linked[end ^ 1]
        chains += 1
    return chain, position, reverse


@dataclass(frozen=True)
class Courses:
    """Courses made of ways: geometry, and what lies where along each."""

    geometry: NDArray[np.object_]
    """LineStrings, in the order of the chains' numbers."""
    vertex_course: Ints
    """For each vertex of all courses: the course."""
    vertex_way: Ints
    """For each vertex: the way that leads from it to the next one."""
    vertex_gap: NDArray[np.bool_]
    """For each vertex: no way leads to the next one, the course is drawn over a gap."""


def draw_courses(ways: NDArray[np.object_], chains: Chains, snap_m: float = 1.0) -> Courses:
    """Draw the courses that the chains describe; repeated vertices fall together.

    Ends of ways farther apart than `snap_m` have a gap between them.
    """
    order = np.lexsort((chains.position, chains.chain))
    run = np.where(chains.reverse, shapely.reverse(ways), ways)[order]
    coordinates, piece = shapely.get_coordinates(run, return_index=True)
    way = order[piece]
    course = chains.chain[way]
    on = np.zeros(len(course), bool)
    on[:-1] = course[1:] == course[:-1]
    same = on.copy()
    same[:-1] &= (coordinates[1:] == coordinates[:-1]).all(axis=1)
    gap = on.copy()
    gap[:-1] &= piece[1:] != piece[:-1]
    at = np.flatnonzero(gap)
    gap[at] = short_lengths_m(*coordinates[at].T, *coordinates[at + 1].T) > snap_m
    # Of two equal vertices the later stays: the way that leads on from it is the next one.
    drawn: NDArray[np.object_] = np.asarray(
        shapely.linestrings(coordinates[~same], indices=course[~same])
    )
    return Courses(drawn, course[~same], way[~same], gap[~same])
