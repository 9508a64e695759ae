"""Which tracks run beside each other: the share of route length that each piece carries.

Where k tracks run side by side, each carries 1/k of the route length: both carriageways of a
motorway and both tracks of a railway half. It is found piece by piece, so a line that is double
only in part is right. A course that goes out on one carriageway and back on the other is beside
itself.

Names say what belongs together, but not what does not: the two tracks of a line may be called
"up" and "down", or be written in two scripts. So two single tracks of different names near each
other are the two tracks of one line; where either has its partner already, they are two lines.
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

from covermap.core.geodesy import (
    Floats,
    Ints,
    metres_per_degree_lat,
    metres_per_degree_lon,
    short_lengths_m,
)
from covermap.core.lines.naming import chord_azimuths
from covermap.core.lines.nearest import every_line, line_grid, lines_near, room

Objects = NDArray[np.object_]

CELL_M = 125.0
"""Width of a cell of the search grid."""
LEG_M = 1000.0
"""Lines are compared leg by leg: far longer than tracks are apart, far shorter than a way back."""


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
    single_m: Floats
    """To a line of the same class and another name, where both are single tracks."""
    drawn_m: Floats
    """To a line of the same class, where one of the two has no name, both are single tracks, and
    they are not drawn in the same direction, as carriageways never are."""


def tracks_beside(
    pieces: NDArray[np.object_], line: Ints, route: Ints, line_class: Objects, beside: Beside,
    max_angle_deg: float, drawn: Floats, drawn_angle_deg: float,
) -> Ints:  # fmt: skip
    """Count the tracks that run side by side at each piece; 1 / n of its length is route length.

    Parameters
    ----------
    pieces
        LineStrings (segments), WGS-84 degrees, shape (n,), those of one line in their order.
    line
        Line of each piece. A line is beside itself only where it comes back.
    route, line_class, beside
        For each line: its route (see :func:`routes_of`), class, and distances.
    max_angle_deg, drawn_angle_deg
        Largest angle between the axes of parallel pieces; the second for those that are taken
        together by the direction they are drawn in.
    drawn
        For each line +1 or -1: it is drawn along (against) the direction of travel; 0: not known.

    Returns
    -------
    shape (n,), 1 or more.
    """
    if len(pieces) == 0:
        return np.zeros(0, np.int64)
    line = np.asarray(line, np.int64)
    leg, owner = _legs(pieces, line, len(route))
    grid = line_grid(pieces, leg, CELL_M)
    kind = np.unique(line_class.astype(str), return_inverse=True)[1].astype(np.int64)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    lon, lat = middle[:, 0], middle[:, 1]
    piece_of = shapely.get_coordinates(pieces, return_index=True)[1]
    piece_of = piece_of[:-1][piece_of[1:] == piece_of[:-1]]
    place = lon, lat, metres_per_degree_lon(lat), metres_per_degree_lat(lat), chord_azimuths(pieces)
    tracks = np.ones(len(pieces), np.int64)
    narrow = float(np.cos(np.radians(max_angle_deg)))
    wide = float(np.cos(np.radians(max(max_angle_deg, drawn_angle_deg))))
    # First what names allow; then what is still single with what is single beside it.
    for first in (True, False):
        tracks = _tracks(
            grid, *place, narrow, wide, leg, owner, route, kind, *beside, drawn,
            every_line(grid), piece_of, tracks, first,
        )  # fmt: skip
    return tracks


def _legs(pieces: NDArray[np.object_], line: Ints, n: int) -> tuple[Ints, Ints]:
    """Leg of each piece, and line of each leg; a number is left free after each line's last."""
    start = shapely.get_coordinates(shapely.get_point(pieces, 0))
    end = shapely.get_coordinates(shapely.get_point(pieces, -1))
    length = short_lengths_m(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    order = np.argsort(line, kind="stable")
    along = np.cumsum(length[order])
    first = np.searchsorted(line[order], np.arange(n))
    begin = np.r_[0.0, along][first]
    number = np.empty(len(line), np.int64)
    number[order] = ((along - begin[line[order]] - 0.5 * length[order]) // LEG_M).astype(np.int64)
    legs = np.zeros(n, np.int64)
    np.maximum.at(legs, line, number + 1)
    base = np.cumsum(legs + 1) - (legs + 1)
    return base[line] + number, np.repeat(np.arange(n), legs + 1)


@njit(cache=True)
def _tracks(  # type: ignore[no-untyped-def]
    grid, x, y, kx, ky, heading, narrow, wide, leg, owner, route, kind, named_m, unnamed_m,
    single_m, drawn_m, drawn, allowed, piece_of, tracks, first_look,
):  # fmt: skip
    """Count the tracks at the middle of each piece, itself included.

    At the first look names decide; at the second, pieces found single look for single ones.
    """
    made = tracks.copy()
    found = room()
    taken = np.empty(len(found.line), np.int64)
    for i in range(len(x)):
        if not first_look and tracks[i] > 1:
            continue
        own, angle = owner[leg[i]], np.radians(heading[i])
        radius = max(named_m[own], unnamed_m[own]) if route[own] >= 0 else unnamed_m[own]
        if not first_look:
            radius = max(single_m[own], drawn_m[own])
        count, _, _ = lines_near(
            grid, x[i], y[i], kx[i], ky[i], radius, heading[i], narrow if first_look else wide,
            allowed, found,
        )  # fmt: skip
        taken[0] = leg[i]
        n = 1
        for j in range(count):
            other = owner[found.line[j]]
            if found.line[j] == leg[i] or kind[other] != kind[own]:
                continue
            e, t = found.edge[j], found.along[j]
            if not first_look and tracks[piece_of[e]] > 1:
                continue
            same = other == own or (route[own] >= 0 and route[other] == route[own])
            plain = same or route[own] < 0 or route[other] < 0
            if not first_look:
                if plain:
                    along = found.cosine[j] * drawn[own] * drawn[other] > 0.0
                    reach = -1.0 if along else drawn_m[own]
                else:
                    reach = single_m[own] if abs(found.cosine[j]) >= narrow else -1.0
            elif same and route[own] >= 0:
                reach = named_m[own]
            else:
                reach = unnamed_m[own] if plain else -1.0
            if found.distance[j] > reach:
                continue
            east = (grid.x1[e] + t * (grid.x2[e] - grid.x1[e]) - x[i]) * kx[i]
            north = (grid.y1[e] + t * (grid.y2[e] - grid.y1[e]) - y[i]) * ky[i]
            ahead = abs(east * np.sin(angle) + north * np.cos(angle))
            # A leg that ends, and lies more ahead than aside, is not beside this piece any more.
            last = e + 1 == len(grid.line) or grid.line[e + 1] != found.line[j]
            first = e == 0 or grid.line[e - 1] != found.line[j]
            ended = (t >= 1.0 and last) or (t <= 0.0 and first)
            if ended and ahead > 0.5 * found.distance[j] + 1.0:
                continue
            if n < len(taken):
                taken[n] = found.line[j]
                n += 1
        made[i] = _runs(taken, n)
    return made


@njit(cache=True)
def _runs(taken, n):  # type: ignore[no-untyped-def]
    """Count runs of consecutive numbers: legs that follow each other are one track."""
    runs = 0
    for a in range(n):
        begins = True
        for b in range(n):
            if taken[b] == taken[a] - 1:
                begins = False
        runs += begins
    return runs
