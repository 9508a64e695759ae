"""Nearest lines to points: a uniform grid over short edges, searched by numba kernels.

Positions are in degrees; each query brings the length of a degree east and north at its point, so
distances are metres in the point's own plane (edges should be a few kilometres at most). With
lengths of 1 the grid works in any plane; the tests compare it there with shapely's STRtree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, metres_per_degree_lat, metres_per_degree_lon

NEAREST_LINES = 12
"""How many lines near a point are looked at; the farthest are let go when there are more."""


class EdgeGrid(NamedTuple):
    """Edges sorted into cells, row by row; a named tuple, so that numba can take it."""

    x1: Floats
    y1: Floats
    x2: Floats
    y2: Floats
    line: Ints
    """Line that each edge belongs to."""
    x0: float
    y0: float
    width: float
    height: float
    row_start: Ints
    """Where each row begins in `column` and `edge`; one longer than the rows."""
    column: Ints
    edge: Ints


def edge_grid(
    x1: Floats, y1: Floats, x2: Floats, y2: Floats, line: Ints, width: float, height: float
) -> EdgeGrid:
    """Sort edges into cells of `width` by `height` (units of x and y)."""
    if len(x1) == 0:
        none = np.zeros(0, np.int64)
        return EdgeGrid(
            x1, y1, x2, y2, line, 0.0, 0.0, width, height, np.zeros(1, np.int64), none, none
        )
    x0, y0 = float(min(x1.min(), x2.min())), float(min(y1.min(), y2.min()))
    west = ((np.minimum(x1, x2) - x0) // width).astype(np.int64)
    east = ((np.maximum(x1, x2) - x0) // width).astype(np.int64)
    south = ((np.minimum(y1, y2) - y0) // height).astype(np.int64)
    north = ((np.maximum(y1, y2) - y0) // height).astype(np.int64)
    row, column, edge = _spread(west, east, south, north)
    order = np.lexsort((edge, column, row))
    row_start = np.searchsorted(row[order], np.arange(int(north.max()) + 2))
    return EdgeGrid(
        x1, y1, x2, y2, line, x0, y0, width, height,
        row_start.astype(np.int64), column[order], edge[order],
    )  # fmt: skip


def line_grid(geometry: NDArray[np.object_], line: Ints, cell_m: float) -> EdgeGrid:
    """Sort the edges of LineStrings (degrees) into cells about `cell_m` metres wide.

    `line` gives the line that each LineString belongs to; edges keep the order of the vertices.
    """
    coordinates, piece = shapely.get_coordinates(geometry, return_index=True)
    inner = piece[1:] == piece[:-1]
    x, y = coordinates[:, 0], coordinates[:, 1]
    highest = min(85.0, float(np.abs(y).max(initial=0.0)))
    return edge_grid(
        x[:-1][inner], y[:-1][inner], x[1:][inner], y[1:][inner],
        np.asarray(line, np.int64)[piece[:-1][inner]],
        cell_m / float(metres_per_degree_lon(highest)), cell_m / float(metres_per_degree_lat(0.0)),
    )  # fmt: skip


@njit(cache=True)
def _spread(west: Ints, east: Ints, south: Ints, north: Ints) -> tuple[Ints, Ints, Ints]:
    """Row, column and edge of every cell that an edge's box touches."""
    total = 0
    for i in range(len(west)):
        total += (east[i] - west[i] + 1) * (north[i] - south[i] + 1)
    row = np.empty(total, np.int64)
    column = np.empty(total, np.int64)
    edge = np.empty(total, np.int64)
    k = 0
    for i in range(len(west)):
        for r in range(south[i], north[i] + 1):
            for c in range(west[i], east[i] + 1):
                row[k], column[k], edge[k] = r, c, i
                k += 1
    return row, column, edge


class Found(NamedTuple):
    """Room for the lines near one point: reused from point to point by the kernels."""

    line: Ints
    edge: Ints
    distance: Floats
    along: Floats
    """Place of the foot on the edge, 0 at its start, 1 at its end."""
    cosine: Floats
    """Of the angle between the heading asked for and the edge; NaN without a heading."""


@njit(cache=True)
def room() -> Found:
    """Make room for the lines near one point."""
    return Found(
        np.empty(NEAREST_LINES, np.int64), np.empty(NEAREST_LINES, np.int64),
        np.empty(NEAREST_LINES), np.empty(NEAREST_LINES), np.empty(NEAREST_LINES),
    )  # fmt: skip


@njit(cache=True)
def lines_near(grid, x, y, kx, ky, radius, heading, cos_limit, allowed, found):  # type: ignore[no-untyped-def]
    """Fill `found` with the nearest edge of each line within `radius` of a point.

    Parameters
    ----------
    grid
        The edges.
    x, y
        The point; `kx`, `ky` metres per unit there.
    radius
        Metres.
    heading
        Degrees clockwise from north; NaN: every direction will do.
    cos_limit
        Edges whose axis is at an angle to the heading with a smaller cosine are passed over.
    allowed
        For each line, whether it may be found.

    Returns
    -------
    count : int
        Lines found, in no special order.
    turned, barred : bool
        Whether an edge within the radius was passed over for its direction, or its line.
    """
    count = 0
    turned = barred = False
    sine, cosine = np.sin(np.radians(heading)), np.cos(np.radians(heading))
    wide, high = radius / kx, radius / ky
    rows = len(grid.row_start) - 1
    r0 = max(0, int(np.floor((y - high - grid.y0) / grid.height)))
    r1 = min(rows - 1, int(np.floor((y + high - grid.y0) / grid.height)))
    c0 = int(np.floor((x - wide - grid.x0) / grid.width))
    c1 = int(np.floor((x + wide - grid.x0) / grid.width))
    for r in range(r0, r1 + 1):
        start, stop = grid.row_start[r], grid.row_start[r + 1]
        k = start + np.searchsorted(grid.column[start:stop], c0)
        while k < stop and grid.column[k] <= c1:
            e = grid.edge[k]
            k += 1
            ax, ay = (grid.x1[e] - x) * kx, (grid.y1[e] - y) * ky
            dx, dy = (grid.x2[e] - grid.x1[e]) * kx, (grid.y2[e] - grid.y1[e]) * ky
            length2 = dx * dx + dy * dy
            t = 0.0 if length2 == 0.0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / length2))
            distance = np.hypot(ax + t * dx, ay + t * dy)
            if distance > radius:
                continue
            if not allowed[grid.line[e]]:
                barred = True
                continue
            angle = np.nan
            if heading == heading and length2 > 0.0:
                angle = (dx * sine + dy * cosine) / np.sqrt(length2)
                if abs(angle) < cos_limit:
                    turned = True
                    continue
            count = _keep(found, count, grid.line[e], e, distance, t, angle)
    return count, turned, barred


@njit(cache=True)
def _keep(found, count, line, edge, distance, t, angle):  # type: ignore[no-untyped-def]
    """Put an edge among the found: the nearest of its line, ties to the lower edge number."""
    slot = -1
    for j in range(count):
        if found.line[j] == line:
            better = distance < found.distance[j]
            if distance == found.distance[j] and edge < found.edge[j]:
                better = True
            if not better:
                return count
            slot = j
    if slot < 0 and count < NEAREST_LINES:
        slot = count
        count += 1
    elif slot < 0:
        worst = 0
        for j in range(1, count):
            if found.distance[j] > found.distance[worst]:
                worst = j
        if distance >= found.distance[worst]:
            return count
        slot = worst
    found.line[slot] = line
    found.edge[slot] = edge
    found.distance[slot] = distance
    found.along[slot] = t
    found.cosine[slot] = angle
    return count


def every_line(grid: EdgeGrid) -> NDArray[np.bool_]:
    """Allow every line of a grid."""
    return np.ones(int(grid.line.max(initial=-1)) + 1, np.bool_)


class Nearest(NamedTuple):
    """The nearest edge to each point: -1 and NaN where none is within the radius."""

    edge: Ints
    distance_m: Floats
    along: Floats


def nearest_edges(
    grid: EdgeGrid, lon: Floats, lat: Floats, radius_m: float,
    heading_deg: Floats | None = None, max_angle_deg: float = 90.0,
) -> Nearest:  # fmt: skip
    """Nearest edge to each point, within a radius and (where a heading is given) near its axis.

    Positions in degrees; the arrays that come back are as long as the points.
    """
    heading = np.full(len(lon), np.nan) if heading_deg is None else heading_deg
    return Nearest(
        *_nearest(
            grid, lon, lat, metres_per_degree_lon(lat), metres_per_degree_lat(lat), radius_m,
            heading, float(np.cos(np.radians(max_angle_deg))), every_line(grid),
        )
    )  # fmt: skip


@njit(cache=True)
def _nearest(grid, x, y, kx, ky, radius, heading, cos_limit, allowed):  # type: ignore[no-untyped-def]
    edge = np.full(len(x), -1, np.int64)
    distance = np.full(len(x), np.nan)
    along = np.full(len(x), np.nan)
    found = room()
    for i in range(len(x)):
        count, _, _ = lines_near(
            grid, x[i], y[i], kx[i], ky[i], radius, heading[i], cos_limit, allowed, found
        )
        for j in range(count):
            nearer = edge[i] < 0 or found.distance[j] < distance[i]
            if not nearer and found.distance[j] == distance[i] and found.edge[j] < edge[i]:
                nearer = True
            if nearer:
                edge[i], distance[i] = found.edge[j], found.distance[j]
                along[i] = found.along[j]
    return edge, distance, along


class PerLine(NamedTuple):
    """The nearest edge of each line near each point: one row a point and line, by point and line.

    Of another length than the points.
    """

    point: Ints
    edge: Ints
    distance_m: Floats
    along: Floats


def nearest_per_line(grid: EdgeGrid, lon: Floats, lat: Floats, radius_m: float) -> PerLine:
    """Nearest edge of every line within a radius of each point (the 12 nearest lines at most)."""
    point, edge, distance, along = _nearest_per_line(
        grid,
        lon,
        lat,
        metres_per_degree_lon(lat),
        metres_per_degree_lat(lat),
        radius_m,
        every_line(grid),
    )
    order = np.lexsort((grid.line[edge], point))
    return PerLine(point[order], edge[order], distance[order], along[order])


@njit(cache=True)
def _nearest_per_line(grid, x, y, kx, ky, radius, allowed):  # type: ignore[no-untyped-def]
    room_for = len(x) * NEAREST_LINES
    point = np.empty(room_for, np.int64)
    edge = np.empty(room_for, np.int64)
    distance = np.empty(room_for)
    along = np.empty(room_for)
    found = room()
    n = 0
    for i in range(len(x)):
        count, _, _ = lines_near(
            grid, x[i], y[i], kx[i], ky[i], radius, np.nan, 0.0, allowed, found
        )
        for j in range(count):
            point[n], edge[n] = i, found.edge[j]
            distance[n], along[n] = found.distance[j], found.along[j]
            n += 1
    return point[:n], edge[:n], distance[:n], along[:n]
