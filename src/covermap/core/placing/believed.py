"""Which matched samples are believed: only where the run shows that it travelled the line.

A matcher gives every sample near a line the best line there is; a run that only crosses a line,
stands beside it or goes another way was not on it, however near.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, axis_angle_deg, short_lengths_m, turn_deg
from covermap.core.lines.headings import headings_deg
from covermap.core.matching.graph import Graph
from covermap.core.matching.match import Match
from covermap.core.placing.way import Ways, positions, steps_at

Flags = NDArray[np.bool_]

SHORTEST_VISIT_M = 100.0
"""A stretch on a line shorter than this, or than `Limits.shortest_m`, is not travelled where a
connected path begins or ends with it."""
STEP_M = 40.0
"""Places nearer than this show no direction of a run: their noise turns it."""
KINK_M = 100.0
"""Over so little of a run that goes on along the line, another direction is the drawing's."""


class Limits(NamedTuple):
    """What a sample on a line may differ by."""

    distance_m: float
    turn_deg: float
    """Between the direction of the positions and that of the places on the line."""

    @property
    def shortest_m(self) -> float:
        """A stretch this long is travelled: near an oblique crossing, many samples are near."""
        return max(SHORTEST_VISIT_M, 2.5 * self.distance_m)


class Belief(NamedTuple):
    """Whether each sample is believed, and of those that are matched and not, why."""

    good: Flags
    turned: Flags
    """The run goes another way than the line: `heading`. All others: `not_travelled`."""


def believe(
    graph: Graph, match: Match, ways: Ways, lon: Floats, lat: Floats, line_length_m: Floats,
    limits: Limits,
) -> Belief:  # fmt: skip
    """Judge samples that were matched run by run.

    Parameters
    ----------
    graph, match, ways
        The match of the samples, and where they are on its path.
    lon, lat
        Positions that were matched, degrees.
    line_length_m
        For each line.
    limits
        As declared.
    """
    on = np.flatnonzero(match.leg >= 0)
    good, turned = np.zeros(len(lon), np.bool_), np.zeros(len(lon), np.bool_)
    if not len(on):
        return Belief(good, turned)
    x, y = positions(graph, match.edge[on], match.along[on])
    leg = match.leg[on]
    own, placed = (headings_deg(a, b, leg, STEP_M) for a, b in ((lon[on], lat[on]), (x, y)))
    step = np.r_[0.0, short_lengths_m(lon[on][:-1], lat[on][:-1], lon[on][1:], lat[on][1:])]
    aside = ~(turn_deg(own, placed) <= limits.turn_deg) & ~np.isnan(own)  # or it goes nowhere
    turned[on] = _for_long(aside, leg, np.cumsum(step))
    straight = np.flatnonzero(~turned[on])
    broken = np.diff(straight, prepend=-1) > 1
    kept = on[straight]
    good[kept] = _travelled(match, ways, kept, broken, line_length_m, limits.shortest_m)
    return Belief(good, turned)


def _for_long(turned: Flags, leg: Ints, moved_m: Floats) -> Flags:
    """Leave out short stretches inside a leg: a kink of the drawing, not another way.

    `moved_m` is how far the positions have moved, not the places on the line: a run that goes to
    and fro beside a line comes far, and along the line nowhere.
    """
    new = np.r_[True, (turned[1:] != turned[:-1]) | (leg[1:] != leg[:-1])]
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(turned)] - 1
    begins = np.r_[True, leg[first[1:]] != leg[first[:-1]]]
    inner = ~begins & ~np.r_[begins[1:], True]
    span = moved_m[last] - moved_m[first]
    made: Flags = turned & ~np.repeat(inner & (span <= KINK_M), last - first + 1)
    return made


def _travelled(
    match: Match, ways: Ways, rows: Ints, broken: Flags, line_length_m: Floats, shortest_m: float
) -> Flags:
    """Whether the stretch of one leg on one line that each row is part of is long enough.

    It must be `shortest_m` long, or half of a line that is shorter than twice that; a stretch that
    the leg enters and leaves by other lines is travelled anyhow. A stretch also begins anew at
    `broken` rows: before them the run went another way.
    """
    if not len(rows):
        return np.zeros(0, np.bool_)
    leg, line = match.leg[rows], match.line[rows]
    new = broken | np.r_[True, (leg[1:] != leg[:-1]) | (line[1:] != line[:-1])]
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(rows)] - 1
    at = ways.sample_m[rows]
    span = np.maximum.reduceat(at, first) - np.minimum.reduceat(at, first)
    far = span >= np.minimum(shortest_m, 0.5 * line_length_m[line[first]])
    begins = broken[first] | np.r_[True, leg[first[1:]] != leg[first[:-1]]]
    inner = ~begins & ~np.r_[begins[1:], True]
    made: Flags = np.repeat(far | inner, last - first + 1)
    return made


def along_axis(graph: Graph, match: Match, axis_deg: Floats, turn_limit_deg: float) -> Flags:
    """Whether the line at each matched place runs along an axis; true where there is none."""
    fits = np.ones(len(axis_deg), np.bool_)
    on = np.flatnonzero((match.edge >= 0) & ~np.isnan(axis_deg))
    if not len(on):
        return fits
    grid = graph.grid
    step = steps_at(graph, match.edge[on], match.along[on])
    mid = np.radians(0.5 * (grid.y1[step] + grid.y2[step]))
    east, north = (grid.x2[step] - grid.x1[step]) * np.cos(mid), grid.y2[step] - grid.y1[step]
    runs = np.degrees(np.arctan2(east, north))
    fits[on] = axis_angle_deg(axis_deg[on], runs) <= turn_limit_deg
    return fits
