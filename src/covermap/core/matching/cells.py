"""Which steps of edges are near a place: a sparse grid whose cells list all steps within reach.

A step is listed in every cell that has a place within :data:`REACH_M` of it, so that one look at
one cell finds all candidates of a sample; samples of a track often stay in the cell of the last.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints, metres_per_degree_lat, metres_per_degree_lon
from covermap.core.matching.lean import lean

REACH_M = 60.0
CELL_M = 60.0
SLACK = 1.001
"""Boxes are drawn so much too large: metres a degree differ a little from end to end of a step."""


class Cells(NamedTuple):
    """Occupied cells, row by row, and the steps near each."""

    x0: float
    y0: float
    width: float
    height: float
    row_start: Ints
    """Where each row begins in `column`; one longer than the rows."""
    column: Ints
    first: Ints
    """Where the steps of each occupied cell begin in `step`; one longer than `column`."""
    step: Ints
    east_m: Floats
    """For each row, metres a degree of longitude; one longer than the rows."""
    north_m: Floats


def cells_of(x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> Cells:
    """Sort steps (degrees) into the cells within reach; steps of a cell ascend."""
    none = np.zeros(0, np.int64)
    if not len(x1):
        one = np.zeros(1, np.int64)
        return Cells(0.0, 0.0, 1.0, 1.0, one, none, one, none, np.ones(1), np.ones(1))
    highest = min(85.0, float(max(np.abs(y1).max(), np.abs(y2).max())))
    squeezed = float(metres_per_degree_lon(highest))
    high = float(metres_per_degree_lat(0.0))
    wide, tall = SLACK * REACH_M / squeezed, SLACK * REACH_M / high
    width, height = CELL_M / squeezed, CELL_M / high
    x0, y0 = float(min(x1.min(), x2.min())) - wide, float(min(y1.min(), y2.min())) - tall
    row, column, step = _near(x1, y1, x2, y2, x0, y0, width, height, wide, tall)
    order = _sorted_by(column, np.arange(len(step)))
    order = _sorted_by(row, order)
    row, column, step = row[order], column[order], step[order]
    new = np.r_[True, (row[1:] != row[:-1]) | (column[1:] != column[:-1])]
    first = np.flatnonzero(new)
    rows = np.searchsorted(row[first], np.arange(int(row.max()) + 2))
    middle = y0 + (np.arange(len(rows)) + 0.5) * height
    return Cells(
        x0, y0, width, height, rows.astype(np.int64), column[first],
        np.r_[first, len(step)].astype(np.int64), step,
        metres_per_degree_lon(middle), metres_per_degree_lat(middle),
    )  # fmt: skip


@njit(cache=True)
def _near(x1, y1, x2, y2, x0, y0, width, height, wide, tall):  # type: ignore[no-untyped-def]
    """Row, column and step of each pair of a step and a cell within reach of it."""
    total = 0
    for write in range(2):
        if write:
            row, column = np.empty(total, np.int64), np.empty(total, np.int64)
            step = np.empty(total, np.int64)
        else:
            row = column = step = np.empty(0, np.int64)
        total = 0
        for i in range(len(x1)):
            south, north = min(y1[i], y2[i]) - tall, max(y1[i], y2[i]) + tall
            r0, r1 = int((south - y0) / height), int((north - y0) / height)
            for r in range(max(r0, 0), r1 + 1):
                # The part of the step that lies within reach of this row.
                low, high = y0 + r * height - tall, y0 + (r + 1) * height + tall
                a, b = 0.0, 1.0
                rise = y2[i] - y1[i]
                if rise != 0.0:
                    u, v = (low - y1[i]) / rise, (high - y1[i]) / rise
                    a, b = max(0.0, min(u, v)), min(1.0, max(u, v))
                xa, xb = x1[i] + a * (x2[i] - x1[i]), x1[i] + b * (x2[i] - x1[i])
                c0 = int((min(xa, xb) - wide - x0) / width)
                c1 = int((max(xa, xb) + wide - x0) / width)
                for c in range(max(c0, 0), c1 + 1):
                    if write:
                        row[total], column[total], step[total] = r, c, i
                    total += 1
    return row, column, step


@njit(cache=True)
def _sorted_by(key, order):  # type: ignore[no-untyped-def]
    """Sort an order by small whole numbers, ties as they were (counting sort)."""
    first = np.zeros(key.max() + 2, np.int64)
    for i in range(len(key)):
        first[key[i] + 1] += 1
    for k in range(1, len(first)):
        first[k] += first[k - 1]
    made = np.empty(len(order), np.int64)
    for i in order:
        made[first[key[i]]] = i
        first[key[i]] += 1
    return made


@lean
def cell_at(cells, x, y):  # type: ignore[no-untyped-def]
    """Give the row and the column of the cell of a place; there need be no such cell."""
    return (
        int(np.floor((y - cells.y0) / cells.height)), int(np.floor((x - cells.x0) / cells.width))
    )  # fmt: skip


@lean
def steps_in(row_start, column, first, row, wanted):  # type: ignore[no-untyped-def]
    """Give where the steps near the cell in a row and column begin and end in `Cells.step`."""
    if row < 0 or row + 1 >= len(row_start):
        return 0, 0
    low, high = row_start[row], row_start[row + 1]
    end = high
    while low < high:
        middle = (low + high) >> 1
        if column[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    if low < end and column[low] == wanted:
        return first[low], first[low + 1]
    return 0, 0


@lean
def metres_at(cells, y):  # type: ignore[no-untyped-def]
    """Metres a degree, east and north, at a latitude."""
    row = min(max(int((y - cells.y0) / cells.height), 0), len(cells.east_m) - 1)
    return cells.east_m[row], cells.north_m[row]


@lean
def straight_m(cells, x1, y1, x2, y2):  # type: ignore[no-untyped-def]
    """Metres from place to place, in the plane of the second."""
    kx, ky = metres_at(cells, y2)
    dx, dy = (x2 - x1) * kx, (y2 - y1) * ky
    return np.sqrt(dx * dx + dy * dy)
