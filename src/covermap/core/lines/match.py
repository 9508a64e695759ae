"""Samples to lines: the nearest line that runs the way the run goes, keeping to one line.

First version: each sample takes the line with the least cost in the order of the run, where the
cost is the distance, more for a carriageway whose direction of travel is the other, and less for
the line of the sample before. Then every stretch on one line must show that it was travelled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, metres_per_degree_lat, metres_per_degree_lon
from covermap.core.lines.edges import Edges
from covermap.core.lines.nearest import lines_near, room

REASONS = ("matched", "no_position", "too_far", "heading", "class", "not_travelled")
"""Why a sample is on no line; its index is the code."""
MATCHED, NO_POSITION, TOO_FAR, HEADING, CLASS, NOT_TRAVELLED = range(6)

AGAINST_M = 60.0
"""What it costs to run against the direction that one carriageway of a pair is drawn in, m."""
STRICT = 2.0
"""A direction of travel of this size (+2, -2) is never run against: a motorway's carriageway."""
STAY_M = 25.0
"""How much farther the line of the sample before may be and still be kept, m."""
SHORTEST_VISIT_M = 100.0
"""A stretch on a line shorter than this, or than twice the search distance, is not travelled."""


class Rules(NamedTuple):
    """How samples are matched."""

    max_distance_m: float
    max_turn_deg: float
    against_m: float = AGAINST_M
    stay_m: float = STAY_M


class Places(NamedTuple):
    """For each sample: its edge (-1: none), place on it 0-1, distance m, and reason's code."""

    edge: Ints
    along: Floats
    offset_m: Floats
    reason: Ints


def match_samples(
    edges: Edges, lon: Floats, lat: Floats, heading_deg: Floats, run: Ints,
    allowed: NDArray[np.bool_], travel: Floats, rules: Rules,
) -> Places:  # fmt: skip
    """Match samples, in the order of their runs.

    Parameters
    ----------
    edges
        Edges of every line.
    lon, lat
        Positions, degrees WGS-84; NaN: not known well enough (reason `no_position`).
    heading_deg
        Direction of travel; NaN: not known, every direction will do.
    run
        Number of the run, contiguous. A run of its own for each sample means that no sample is
        drawn towards the line of the one before.
    allowed
        For each line, whether these samples can be on it (reason `class` otherwise).
    travel
        For each edge, the direction of travel: +1 or -1 if running against it is unlikely, +2 or
        -2 if it is out of the question (reason `heading`), 0 if both are usual.
    """
    return Places(
        *_match(
            edges.grid, lon, lat, metres_per_degree_lon(lat), metres_per_degree_lat(lat),
            heading_deg, run, allowed, travel, rules.max_distance_m,
            float(np.cos(np.radians(rules.max_turn_deg))), rules.against_m, rules.stay_m,
        )
    )  # fmt: skip


@njit(cache=True)
def _match(  # type: ignore[no-untyped-def]
    grid, x, y, kx, ky, heading, run, allowed, travel, radius, cos_limit, against_m, stay_m
):
    n = len(x)
    edge = np.full(n, -1, np.int64)
    along = np.full(n, np.nan)
    offset = np.full(n, np.nan)
    reason = np.zeros(n, np.int64)
    found = room()
    before = -1
    for i in range(n):
        if i > 0 and run[i] != run[i - 1]:
            before = -1
        if np.isnan(x[i]) or np.isnan(y[i]):
            reason[i] = NO_POSITION
            continue
        count, turned, barred = lines_near(
            grid, x[i], y[i], kx[i], ky[i], radius, heading[i], cos_limit, allowed, found
        )
        best = _cheapest(found, count, before, travel, against_m, stay_m)
        if best < 0:
            reason[i] = HEADING if turned or count > 0 else (CLASS if barred else TOO_FAR)
            before = -1
            continue
        before = found.line[best]
        edge[i], along[i], offset[i] = found.edge[best], found.along[best], found.distance[best]
    return edge, along, offset, reason


@njit(cache=True)
def _cheapest(found, count, before, travel, against_m, stay_m):  # type: ignore[no-untyped-def]
    best = -1
    least = np.inf
    for j in range(count):
        line = found.line[j]
        cost = found.distance[j]
        with_travel = found.cosine[j] * travel[found.edge[j]]
        if with_travel < 0.0:
            if abs(travel[found.edge[j]]) >= STRICT:
                continue
            cost += against_m
        if line == before:
            cost -= stay_m
        if cost < least or (cost == least and line < found.line[best]):
            best, least = j, cost
    return best


def visits(line: Ints, run: Ints, reason: Ints) -> Ints:
    """Find the visits: stretches of a run on one line, numbered; -1 for samples in none.

    A visit ends with the run, or with a sample that is elsewhere. A sample without a position is
    in no visit and ends none.
    """
    return _visits(line, run, reason)


@njit(cache=True)
def _visits(line: Ints, run: Ints, reason: Ints) -> Ints:
    made = np.full(len(line), -1, np.int64)
    number = -1
    before_line = before_run = -2
    for i in range(len(line)):
        if reason[i] == NO_POSITION:
            continue
        if line[i] >= 0 and line[i] == before_line and run[i] == before_run:
            made[i] = number
        elif line[i] >= 0:
            number += 1
            made[i] = number
        before_line, before_run = line[i], run[i]
    return made


def travelled(
    chainage_m: Floats, visit: Ints, line_length_m: Floats, shortest_m: float
) -> NDArray[np.bool_]:
    """Whether the visit that each sample is part of went far enough along its line.

    A visit must span `shortest_m` of chainage, or half of a line that is shorter than twice that:
    a run that crosses a line, or stands beside it, did not travel it.
    """
    inside = visit >= 0
    if not inside.any():
        return np.zeros(len(visit), bool)
    n = int(visit.max()) + 1
    low, high, length = np.full(n, np.inf), np.full(n, -np.inf), np.full(n, np.inf)
    np.minimum.at(low, visit[inside], chainage_m[inside])
    np.maximum.at(high, visit[inside], chainage_m[inside])
    np.minimum.at(length, visit[inside], line_length_m[inside])
    far = high - low >= np.minimum(shortest_m, 0.5 * length)
    return inside & far[np.maximum(visit, 0)]
