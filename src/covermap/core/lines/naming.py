"""Give names to ways that have none: from named lines drawn beside them, then along the course.

Label files are cut and generalised, so a named line covers only parts of a course. What a way
gets is (1) the name of the named line that runs along most of it, near and parallel; else (2) the
name of the nearest named way along its course, in metres along the course. A course without any
named way stays unnamed.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, short_azimuths_deg
from covermap.core.lines.nearest import line_grid, nearest_edges
from covermap.core.lines.segments import cut_lines

EDGE_M = 1000.0
"""Named lines are cut to edges no longer than this, so that a local plane holds."""
SAMPLE_M = 200.0
"""Ways are compared with the named lines at points this far apart."""
MIN_SHARE = 0.5
"""Share of a way's points that must lie along one name."""


def labels_beside(
    ways: NDArray[np.object_], named: NDArray[np.object_], label: Ints,
    max_distance_m: float, max_angle_deg: float,
) -> Ints:  # fmt: skip
    """Label of the named line that runs along most of each way; -1 where none does.

    Parameters
    ----------
    ways, named
        LineStrings, WGS-84 degrees.
    label
        Number of the name of each of `named`; several may share one.
    """
    none = np.full(len(ways), -1, np.int64)
    if len(ways) == 0 or len(named) == 0:
        return none
    cut = cut_lines(named, np.full(len(named), EDGE_M))
    grid = line_grid(cut.geometry, label[cut.line], cell_m=max(500.0, max_distance_m))
    points = cut_lines(ways, np.full(len(ways), SAMPLE_M))
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(points.geometry, 0.5, normalized=True)
    )
    near = nearest_edges(
        grid, middle[:, 0], middle[:, 1], max_distance_m, chord_azimuths(points.geometry),
        max_angle_deg,
    )  # fmt: skip
    got = np.where(near.edge >= 0, grid.line[near.edge], -1) if len(grid.line) else none
    return _most(points.line, got, points.length_m, len(ways))


def chord_azimuths(pieces: NDArray[np.object_]) -> Floats:
    """Direction from the first to the last point of each LineString, degrees."""
    start = shapely.get_coordinates(shapely.get_point(pieces, 0))
    end = shapely.get_coordinates(shapely.get_point(pieces, -1))
    return short_azimuths_deg(start[:, 0], start[:, 1], end[:, 0], end[:, 1])


def _most(way: Ints, label: Ints, weight: Floats, n: int) -> Ints:
    """Label with the greatest weight on each way, if it reaches the share; ties to the lower."""
    total = np.bincount(way, weights=weight, minlength=n)
    known = label >= 0
    labels = int(label.max(initial=-1)) + 1
    if labels == 0:
        return np.full(n, -1, np.int64)
    pair, index = np.unique(way[known] * labels + label[known], return_inverse=True)
    sums = np.bincount(index, weights=weight[known])
    order = np.lexsort((pair % labels, -sums, pair // labels))
    first = order[np.unique(pair[order] // labels, return_index=True)[1]]
    made = np.full(n, -1, np.int64)
    enough = sums[first] >= MIN_SHARE * total[pair[first] // labels]
    made[pair[first][enough] // labels] = pair[first][enough] % labels
    return made


def carry_along(label: Ints, chain: Ints, position: Ints, length_m: Floats) -> Ints:
    """Give each way without a label that of the nearest labelled way along its course.

    Distances are between ends along the course; ties go to the way before.
    """
    order = np.lexsort((position, chain))
    before, gap_before = _carry(label[order], chain[order], length_m[order])
    back = order[::-1]
    after, gap_after = _carry(label[back], chain[back], length_m[back])
    after, gap_after = after[::-1], gap_after[::-1]
    made = np.empty_like(label)
    made[order] = np.where(gap_before <= gap_after, before, after)
    return made


def names_around(
    label: Ints, chain: Ints, position: Ints, length_m: Floats, longest_m: float
) -> Ints:
    """Label that the course has on both sides of each way without one; -1 where it has not.

    The stretch between the two labelled ways must not be longer than `longest_m`. Ways with a label
    keep it.
    """
    order = np.lexsort((position, chain))
    before, gap_before = _carry(label[order], chain[order], length_m[order])
    back = order[::-1]
    after, gap_after = _carry(label[back], chain[back], length_m[back])
    stretch = gap_before + gap_after[::-1] + length_m[order]
    both = (before == after[::-1]) & (stretch <= longest_m)
    made = np.empty_like(label)
    made[order] = np.where(label[order] >= 0, label[order], np.where(both, before, -1))
    return made


def _carry(label: Ints, chain: Ints, length_m: Floats) -> tuple[Ints, Floats]:
    """Last label seen on the same chain, and the metres between it and this way's near end."""
    index = np.arange(len(label))
    seen = np.maximum.accumulate(np.where(label >= 0, index, -1))
    usable = (seen >= 0) & (chain[np.maximum(seen, 0)] == chain)
    end = np.cumsum(length_m)
    gap = np.where(usable, end - length_m - end[np.maximum(seen, 0)], np.inf)
    made = np.where(usable, label[np.maximum(seen, 0)], -1)
    return made, np.where(label >= 0, -1.0, gap)
