"""People of cells: the pixels over each cell, every one by the share of its area in the cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.cells import cells_at, outlines, parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.core.people import close_poles, extents, overlap_sums, torn, unwrap
from covermap.formats.rasters import Kind, Raster
from covermap.formats.survey import Held

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 100_000
"""Cells whose outlines are held at a time."""
WINDOW_PIXELS = 8_000_000
"""Pixels that are read at a time: 64 MB."""
REACH_STEP_KM, REACH_MARGIN_KM = 20.0, 120.0
"""Points so far apart, and so far beyond the raster, meet every cell of resolution 3 over it: one
has an inscribed circle of 45 km or more."""


@dataclass(frozen=True)
class Shared:
    """What cells got of one raster."""

    people: Floats
    """Per cell; of a density or weight in the unit of `Raster.amounts`."""
    over: NDArray[np.bool_]
    """Whether the cell lies over the raster at all (over nodata too)."""
    torn: int
    """Cells that the edge of the map tears apart: they got nothing."""


def reach(raster: Raster, held: Held | None = None) -> Ints:
    """Cells of resolution 3 that the raster may lie over (and some round them), ascending.

    With `held`, those that may lie over pixels that hold anything.
    """
    lon, lat = raster.lattice(REACH_STEP_KM, REACH_MARGIN_KM, held)
    return np.unique(cells_at(lon, lat, SHARD_RESOLUTION))


def share_out(raster: Raster, kind: Kind, cells: Ints, near: Ints) -> Shared:
    """Share a raster out to cells.

    Each cell's sum depends on that cell and the raster alone. A cell over longitude 180 takes from
    both ends of a raster whose map repeats (geographic, Mercator); one that holds a pole reaches to
    the raster's edge there. Other maps (UTM, Mollweide) may tear a cell at their edge: it gets
    nothing, and is counted.

    Parameters
    ----------
    cells
        Ascending, so that neighbours in the array are neighbours on the ground.
    near
        What `reach` gives: no other cell is looked at.
    """
    people, over, lost = np.zeros(len(cells)), np.zeros(len(cells), bool), 0
    above = parents(cells, SHARD_RESOLUTION)
    there = np.flatnonzero(near[np.minimum(np.searchsorted(near, above), len(near) - 1)] == above)
    for first in range(0, len(there), CHUNK):
        rows = there[first : first + CHUNK]
        x, y, starts, bad = _in_pixels(raster, cells[rows])
        lost += bad
        people[rows], over[rows] = _chunk(raster, kind, x, y, starts)
    return Shared(people, over, lost)


def _in_pixels(raster: Raster, cells: Ints) -> tuple[Floats, Floats, Ints, int]:
    """Outlines of cells in the pixel plane, made whole; how many could not be."""
    found = outlines(cells)
    x, y = raster.pixels(found.lon, found.lat)
    starts = found.starts
    if raster.period is None:
        bad = torn(x, y, starts) & ~np.isnan(extents(x, y, starts)[:, 0])
        x = np.where(np.repeat(bad, np.diff(starts)), np.nan, x)
        return x, y, starts, int(bad.sum())
    x = unwrap(x, starts, raster.period)
    poles = raster.pixels(np.zeros(2), np.array([90.0, -90.0]))[1]
    return *close_poles(x, y, starts, raster.period, poles[0], poles[1]), 0


def _chunk(
    raster: Raster, kind: Kind, x: Floats, y: Floats, starts: Ints
) -> tuple[Floats, NDArray[np.bool_]]:
    people, over = np.zeros(len(starts) - 1), np.zeros(len(starts) - 1, bool)
    turns = (0,) if raster.period is None else (-1, 0, 1)
    for turn in turns:
        moved = x if turn == 0 else x + turn * (raster.period or 0.0)
        boxes = extents(moved, y, starts)
        over |= _over(boxes, raster)
        for first, last, window in _windows(boxes, raster):
            row0, row1, col0, col1 = window
            amounts = raster.amounts(kind, row0, row1, col0, col1)
            a, b = starts[first], starts[last]
            own = starts[first : last + 1] - a
            people[first:last] += overlap_sums(moved[a:b], y[a:b], own, amounts, row0, col0)
    return people, over


def _windows(boxes: Floats, raster: Raster) -> Iterator[tuple[int, int, tuple[int, int, int, int]]]:
    """Give runs of cells, and the window of pixels that each lies over, none too large to read."""
    waiting = [(0, len(boxes))]
    while waiting:
        first, last = waiting.pop()
        window = _window(boxes[first:last], raster)
        if window is None:
            continue
        row0, row1, col0, col1 = window
        if (row1 - row0) * (col1 - col0) > WINDOW_PIXELS and last - first > 1:
            middle = (first + last) // 2
            waiting += [(middle, last), (first, middle)]
        else:
            yield first, last, window


def _window(boxes: Floats, raster: Raster) -> tuple[int, int, int, int] | None:
    """Rows and columns that cells lie over; None: none of them is over the raster."""
    over = _over(boxes, raster)
    if not over.any():
        return None
    west, north, east, south = boxes.T
    col0, row0 = np.floor([west[over].min(), north[over].min()])
    col1, row1 = np.ceil([east[over].max(), south[over].max()])
    return (
        int(max(row0, 0)), int(min(row1, raster.rows)),
        int(max(col0, 0)), int(min(col1, raster.columns)),
    )  # fmt: skip


def _over(boxes: Floats, raster: Raster) -> NDArray[np.bool_]:
    west, north, east, south = boxes.T
    over = (east > 0) & (south > 0) & (west < raster.columns) & (north < raster.rows)
    return np.asarray(over, bool)
