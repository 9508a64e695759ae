"""The way that a run took: each sample's place on the matched path, and what lies between fixes.

A path is pieces of arcs, one after the other; the way counts its metres from the first piece of
all to the last. Legs follow each other without a gap in the count: two samples are compared only
where they are on one leg.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.graph import Graph
from covermap.core.matching.match import Match

ROUNDING_M = 1e-6
"""Places on an arc that agree to this are one."""


class Ways(NamedTuple):
    """Where samples are on the path."""

    sample_m: Floats
    """For each sample, the metres of path up to it; NaN on no line."""
    piece_m: Floats
    """For each piece of the path, the metres up to its end."""


class OnLine(NamedTuple):
    """Places on lines; arrays of one length."""

    line: Ints
    edge: Ints
    along: Floats
    """Place on the edge as drawn, 0-1."""
    chainage_m: Floats
    direction: Ints
    probability: Floats
    piece: Ints
    """Of the path."""


def ways_of(graph: Graph, match: Match) -> Ways:
    """Find where each matched sample is on the path."""
    path = match.path
    piece = np.cumsum(path.to_m - path.from_m)
    whole = graph.length_m[np.maximum(match.edge, 0)] if len(graph.length_m) else match.along
    at = np.where(match.direction < 0, 1.0 - match.along, match.along) * whole
    own = 2 * match.edge + (match.direction < 0)
    return Ways(_ways(match.leg, own, at, *path[:4], piece), piece)


@njit(cache=True)
def _ways(leg, own, at, arc, from_m, to_m, sample, piece):  # type: ignore[no-untyped-def]
    made = np.full(len(leg), np.nan)
    current, k = -1, 0
    for s in range(len(leg)):
        if leg[s] < 0:
            continue
        begin = piece[k - 1] if k > 0 else 0.0
        if leg[s] != current:
            current = leg[s]
        elif k < len(sample) and sample[k] == s:
            while k < len(sample) and sample[k] == s:
                k += 1
            begin = piece[k - 1]
        else:
            begin = _inside(s, k, begin, leg, own, at, arc, from_m, to_m, sample)
        made[s] = begin
    return made


@njit(cache=True)
def _inside(s, k, begin, leg, own, at, arc, from_m, to_m, sample):  # type: ignore[no-untyped-def]
    """Find the way up to a sample that lies on the pieces from `k` to the next sample's."""
    if k >= len(sample) or leg[sample[k]] != leg[s]:
        return begin
    after, following = begin, sample[k]
    best, found = np.inf, begin
    while k < len(sample) and sample[k] == following:
        if arc[k] == own[s]:
            place = min(max(at[s], from_m[k]), to_m[k])
            if abs(place - at[s]) < best:
                best, found = abs(place - at[s]), after + place - from_m[k]
        after += to_m[k] - from_m[k]
        k += 1
    return found


def places_at(graph: Graph, match: Match, ways: Ways, way_m: Floats) -> OnLine:
    """Find the places at so many metres of path; the path must not be empty."""
    path = match.path
    piece = np.minimum(np.searchsorted(ways.piece_m, way_m, side="left"), len(path.arc) - 1)
    back = ways.piece_m[piece] - way_m
    arc = path.arc[piece]
    edge, whole = arc >> 1, graph.length_m[arc >> 1]
    at = np.clip(path.to_m[piece] - back, path.from_m[piece], path.to_m[piece])
    at = np.where(arc & 1, whole - at, at)
    return OnLine(
        graph.line[edge], edge, at / np.maximum(whole, ROUNDING_M), graph.from_m[edge] + at,
        np.where(arc & 1, -1, 1), path.probability[piece], piece,
    )  # fmt: skip


def positions(graph: Graph, edge: Ints, along: Floats) -> tuple[Floats, Floats]:
    """Longitude and latitude of places on edges (0-1, as drawn), degrees."""
    step = steps_at(graph, edge, along)
    length = np.maximum(graph.step_length_m[step], 1e-9)
    share = np.clip((along * graph.length_m[edge] - graph.step_m[step]) / length, 0.0, 1.0)
    grid = graph.grid
    lon = grid.x1[step] + share * (grid.x2[step] - grid.x1[step])
    return lon, grid.y1[step] + share * (grid.y2[step] - grid.y1[step])


def steps_at(graph: Graph, edge: Ints, along: Floats) -> Ints:
    """Find the steps between vertices at places on edges (0-1, as drawn)."""
    base = np.r_[0.0, np.cumsum(graph.length_m + 1.0)]
    starts = graph.step_m + base[graph.step_edge]
    row = np.searchsorted(starts, base[edge] + along * graph.length_m[edge], side="right") - 1
    made: Ints = np.clip(row, graph.first_step[edge], graph.first_step[edge + 1] - 1)
    return made
