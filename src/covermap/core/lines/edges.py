"""Edges of segments with their chainage: what samples and stations are projected on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, short_lengths_m
from covermap.core.lines.nearest import EdgeGrid, line_grid


class Edges(NamedTuple):
    """Edges in a grid; for each its segment (row), chainage at its start and length, m."""

    grid: EdgeGrid
    piece: Ints
    start_m: Floats
    length_m: Floats


def edges_of(
    pieces: NDArray[np.object_], line: Ints, from_m: Floats, to_m: Floats, cell_m: float
) -> Edges:
    """Take segments apart into edges.

    Parameters
    ----------
    pieces
        LineStrings, WGS-84 degrees, shape (n,).
    line, from_m, to_m
        Line number and chainages of each piece. Edge lengths are scaled to them, so chainages on
        edges agree with the segments' exactly.
    cell_m
        Width of a grid cell: about the search radius.
    """
    grid = line_grid(pieces, line, cell_m)
    _, piece = shapely.get_coordinates(pieces, return_index=True)
    inner = piece[1:] == piece[:-1]
    owner = piece[:-1][inner]
    raw = short_lengths_m(grid.x1, grid.y1, grid.x2, grid.y2)
    total = np.bincount(owner, weights=raw, minlength=len(pieces))
    length = raw * ((to_m - from_m) / np.maximum(total, 1e-9))[owner]
    before = np.cumsum(length) - length
    first = np.searchsorted(owner, np.arange(len(pieces)))
    start = from_m[owner] + before - before[np.minimum(first, max(len(before) - 1, 0))][owner]
    return Edges(grid, owner, start, length)
