"""Which tracks run beside each other: the share of route length that each piece carries.

Where k courses of one route run side by side, each carries 1/k of the route length: both
carriageways of a motorway and both tracks of a railway half. It is found piece by piece, so a line
that is double only in part is right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from covermap.core.geodesy import Floats, Ints, metres_per_degree_lat, metres_per_degree_lon
from covermap.core.lines.naming import chord_azimuths
from covermap.core.lines.nearest import every_line, line_grid, lines_near, room

Objects = NDArray[np.object_]


def routes_of(line_class: Objects, ref: Objects, name: Objects) -> Ints:
    """Group lines of one class that share a ref or a name into routes; -1 for lines with neither.

    The tracks of a railway often have a number on some and a name on others, so sharing one of
    the two is enough, over any number of steps.
    """
    frame = pd.DataFrame({"class": line_class, "ref": ref, "name": name})
    n = len(frame)
    links = [(np.arange(n), np.arange(n))]
    for column in ("ref", "name"):
        known = np.flatnonzero(frame[column].notna())
        key = frame["class"].astype(str) + "|" + frame[column].astype(str)
        _, first, index = np.unique(
            key.to_numpy(object).astype(str)[known], return_index=True, return_inverse=True
        )
        links.append((known, known[first][index]))
    a, b = (np.concatenate(side) for side in zip(*links, strict=True))
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(n, n))
    label = connected_components(graph, directed=False)[1] if n else np.zeros(0)
    unnamed = (frame["ref"].isna() & frame["name"].isna()).to_numpy()
    return np.where(unnamed, -1, label).astype(np.int64)


class Beside(NamedTuple):
    """Farthest apart that courses side by side are, for each line, m."""

    named_m: Floats
    """To another line of the same route: its name says that they belong together."""
    unnamed_m: Floats
    """To a line of the same class, where one of the two has no name."""


def route_shares(
    pieces: NDArray[np.object_], line: Ints, route: Ints, line_class: Objects, beside: Beside,
    max_angle_deg: float,
) -> Floats:  # fmt: skip
    """Share of each piece's length that counts as route length: 1 / courses side by side.

    Parameters
    ----------
    pieces
        LineStrings (segments), WGS-84 degrees, shape (n,), those of one line in a row, in order.
    line
        Line of each piece. A line is never beside itself.
    route, line_class, beside
        For each line: its route (see :func:`routes_of`), class, and distances.
    max_angle_deg
        Largest angle between the axes of parallel pieces.

    Returns
    -------
    shape (n,), 0 < share <= 1.
    """
    if len(pieces) == 0:
        return np.zeros(0)
    radius = np.maximum(beside.named_m, beside.unnamed_m)
    grid = line_grid(pieces, line, cell_m=float(max(250.0, radius.max())))
    kind = np.unique(line_class.astype(str), return_inverse=True)[1].astype(np.int64)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    lon, lat = middle[:, 0], middle[:, 1]
    courses = 1 + _beside(
        grid, lon, lat, metres_per_degree_lon(lat), metres_per_degree_lat(lat),
        chord_azimuths(pieces), float(np.cos(np.radians(max_angle_deg))),
        np.asarray(line, np.int64), route, kind, beside.named_m, beside.unnamed_m,
        every_line(grid),
    )  # fmt: skip
    return 1.0 / courses


@njit(cache=True)
def _beside(  # type: ignore[no-untyped-def]
    grid, x, y, kx, ky, heading, cos_limit, line, route, kind, named_m, unnamed_m, allowed
):
    """Count other lines of the same route near each piece."""
    made = np.zeros(len(x), np.int64)
    found = room()
    for i in range(len(x)):
        own, angle = line[i], np.radians(heading[i])
        radius = max(named_m[own], unnamed_m[own])
        count, _, _ = lines_near(
            grid, x[i], y[i], kx[i], ky[i], radius, heading[i], cos_limit, allowed, found
        )
        for j in range(count):
            other = found.line[j]
            if other == own or kind[other] != kind[own]:
                continue
            same = route[own] >= 0 and route[other] == route[own]
            either = route[own] < 0 or route[other] < 0
            reach = named_m[own] if same else unnamed_m[own] if either else -1.0
            e, t = found.edge[j], found.along[j]
            east = (grid.x1[e] + t * (grid.x2[e] - grid.x1[e]) - x[i]) * kx[i]
            north = (grid.y1[e] + t * (grid.y2[e] - grid.y1[e]) - y[i]) * ky[i]
            ahead = abs(east * np.sin(angle) + north * np.cos(angle))
            # A line that ends, and lies more ahead than aside, is not beside this piece any more.
            last = e + 1 == len(grid.line) or grid.line[e + 1] != other
            first = e == 0 or grid.line[e - 1] != other
            ended = (t >= 1.0 and last) or (t <= 0.0 and first)
            if ended and ahead > 0.5 * found.distance[j] + 1.0:
                continue
            if found.distance[j] <= reach:
                made[i] += 1
    return made
