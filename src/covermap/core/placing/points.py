"""Points without an order: the direction that their neighbours show, and matching one by one.

Points of a drive whose times are missing still lie one behind the other. The long axis of the
points around each one tells along which of the lines nearby it was taken, though not which way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from covermap.core.geodesy import Floats, Ints, metres_per_degree_lat, metres_per_degree_lon
from covermap.core.matching.graph import Flags, Graph
from covermap.core.matching.match import Match, match_tracks
from covermap.core.matching.routes import Routes
from covermap.core.matching.settings import MatchSettings

NEIGHBOURS, REACH_M = 12, 150.0
"""So many points around one, and none farther than this, tell its axis."""
FEWEST = 3
"""Fewer points (with itself) tell none."""
LONGER = 3.0
"""An axis is believed where the points are spread so many times as far along it as across."""
SAME_M = 0.5
"""Points nearer than this are one: a device that stood still shows no axis by standing long."""
ACROSS_M = 3.0
"""Spread across that any receiver has: points must lie apart by more than noise."""


def axes_deg(lon: Floats, lat: Floats, group: Ints) -> Floats:
    """Axis of the points around each point, degrees clockwise from north (0 to 180).

    Parameters
    ----------
    lon, lat
        Degrees; NaN points have no axis and count for none.
    group
        Points of different groups (runs, devices) say nothing about each other.

    Returns
    -------
    ndarray
        NaN where the points around do not lie along one line. Depends on the places of the points
        alone, not on their order.
    """
    made = np.full(len(lon), np.nan)
    known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    for number in np.unique(group[known]):
        rows = known[group[known] == number]
        rows = rows[np.lexsort((lat[rows], lon[rows]))]  # sums of floats depend on their order
        made[rows] = _axes(lon[rows], lat[rows])
    return made


def _axes(lon: Floats, lat: Floats) -> Floats:
    kx, ky = metres_per_degree_lon(float(np.mean(lat))), metres_per_degree_lat(float(np.mean(lat)))
    xy = np.stack([(lon - lon[0]) * kx, (lat - lat[0]) * ky], axis=1)
    _, first, back = np.unique(
        np.round(xy / SAME_M).astype(np.int64), axis=0, return_index=True, return_inverse=True
    )
    sums = np.stack([np.bincount(back.ravel(), w) for w in xy.T], axis=1)
    own: Floats = sums / np.bincount(back.ravel())[:, None]
    if len(first) < FEWEST:
        return np.full(len(lon), np.nan)
    near = min(NEIGHBOURS, len(first))
    far, index = cKDTree(own).query(own, k=near, distance_upper_bound=REACH_M)
    found = np.isfinite(far)
    apart = np.where(found[..., None], own[np.minimum(index, len(own) - 1)] - own[:, None], 0.0)
    count = found.sum(axis=1)
    apart -= (apart.sum(axis=1) / count[:, None])[:, None]
    apart *= found[..., None]
    sxx, syy, sxy = ((apart[..., i] * apart[..., j]).sum(axis=1) / count for i, j in _PAIRS)
    half = np.hypot(0.5 * (sxx - syy), sxy)
    mean = 0.5 * (sxx + syy)
    longer = np.sqrt(mean + half) >= LONGER * np.sqrt(np.maximum(mean - half, 0) + ACROSS_M**2)
    axis = np.mod(np.degrees(0.5 * np.arctan2(2 * sxy, syy - sxx)), 180.0)
    return np.where(longer & (count >= FEWEST), axis, np.nan)[back.ravel()]


_PAIRS = ((0, 0), (1, 1), (0, 1))


class Alone(NamedTuple):
    """How points are matched one by one."""

    graph: Graph
    allowed: Flags
    settings: MatchSettings
    routes: Routes


def match_points(
    how: Alone, lon: Floats, lat: Floats, heading_deg: Floats, axis_deg: Floats, error_m: Floats
) -> Match:
    """Match each point on its own.

    Parameters
    ----------
    how
        The graph and its settings.
    lon, lat, error_m
        Positions, degrees, and their standard error.
    heading_deg
        Direction of travel where it is reported; NaN else.
    axis_deg
        See :func:`axes_deg`. Counts where there is no heading: both directions are as likely.

    Returns
    -------
    Match
        Without a path. The direction is 0 where only an axis is known and the line has both.
    """
    run = np.arange(len(lon))
    unsure = np.isnan(heading_deg) & ~np.isnan(axis_deg)
    there, back = (
        match_tracks(
            how.graph, lon[rows], lat[rows], None, run[rows],
            np.where(unsure, np.mod(axis_deg + turn, 360.0), heading_deg)[rows], error_m[rows],
            how.allowed, how.settings, how.routes,
        )
        for rows, turn in ((slice(None), 0.0), (unsure, 180.0))
    )  # fmt: skip
    return _either(there, back, np.flatnonzero(unsure))


def _either(there: Match, back: Match, rows: Ints) -> Match:
    """Join matches of the same points in both directions of their axis: each counts half."""
    if not len(rows):
        return there
    one = there._replace(**{f: getattr(there, f)[rows] for f in _OF_POINTS})
    lines = np.stack([one.line, one.other_line, back.line, back.other_line])
    odds = np.nan_to_num(
        np.stack([one.probability, one.other_probability, back.probability,
                  back.other_probability])
    ) / 2.0  # fmt: skip
    odds[lines < 0] = 0.0
    total = ((lines[:, None] == lines[None]) * odds[None]).sum(axis=1)
    second = (total[2] > total[0]) | ((total[2] == total[0]) & (lines[2] < lines[0]))
    line = np.where(second, lines[2], lines[0])
    rival = np.where(lines == line, -1.0, total)
    next_best = rival.argmax(axis=0)
    at = np.arange(len(rows))
    has = rival[next_best, at] > 0.0
    same = (one.line == back.line) & (one.direction == -back.direction)
    made = {f: np.where(second, getattr(back, f), getattr(one, f)) for f in _OF_POINTS}
    made["probability"] = np.where(line < 0, np.nan, np.where(second, total[2], total[0]))
    made["other_line"] = np.where(has, lines[next_best, at], -1)
    made["other_probability"] = np.where(has, rival[next_best, at], np.nan)
    made["direction"] = np.where(same, 0, made["direction"])
    whole = {f: getattr(there, f).copy() for f in _OF_POINTS}
    for field, values in whole.items():
        values[rows] = made[field]
    return there._replace(**whole)


_OF_POINTS = (
    "line", "edge", "along", "chainage_m", "offset_m", "direction", "probability", "other_line",
    "other_probability", "reason", "leg",
)  # fmt: skip
