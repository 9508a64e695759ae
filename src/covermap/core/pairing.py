"""Which tracks run beside each other: the share of route length that each piece carries.

Where k courses of one route run side by side, each carries 1/k of the route length: both
carriageways of a motorway and both tracks of a railway half. It is found piece by piece, so a line
that is double only in part is right.
"""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, metres_per_degree_lat, metres_per_degree_lon
from covermap.core.naming import chord_azimuths
from covermap.core.nearest import every_line, line_grid, lines_near, room


def route_shares(
    pieces: NDArray[np.object_], line: Ints, route: Ints, max_distance_m: Floats,
    max_angle_deg: float,
) -> Floats:  # fmt: skip
    """Share of each piece's length that counts as route length: 1 / courses side by side.

    Parameters
    ----------
    pieces
        LineStrings (segments), WGS-84 degrees, shape (n,).
    line
        Line of each piece. A line is never beside itself.
    route
        Courses are counted together only if they are of one route (class and name), shape (n,).
    max_distance_m
        Farthest that a parallel course may be, for each piece, m.
    max_angle_deg
        Largest angle between the axes of parallel pieces.

    Returns
    -------
    shape (n,), 0 < share <= 1.
    """
    if len(pieces) == 0:
        return np.zeros(0)
    grid = line_grid(pieces, line, cell_m=float(max(250.0, max_distance_m.max())))
    route_of = np.zeros(int(line.max()) + 1, np.int64)
    route_of[line] = route
    middle = shapely.get_coordinates(shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    lon, lat = middle[:, 0], middle[:, 1]
    beside = _beside(
        grid, lon, lat, metres_per_degree_lon(lat), metres_per_degree_lat(lat),
        max_distance_m, chord_azimuths(pieces), float(np.cos(np.radians(max_angle_deg))),
        np.asarray(line, np.int64), route_of, every_line(grid),
    )  # fmt: skip
    return 1.0 / (1.0 + beside)


@njit(cache=True)
def _beside(grid, x, y, kx, ky, radius, heading, cos_limit, line, route_of, allowed):  # type: ignore[no-untyped-def]
    """Count other lines of the same route near each piece."""
    made = np.zeros(len(x), np.int64)
    found = room()
    for i in range(len(x)):
        count, _, _ = lines_near(
            grid, x[i], y[i], kx[i], ky[i], radius[i], heading[i], cos_limit, allowed, found
        )
        for j in range(count):
            other = found.line[j]
            if other != line[i] and route_of[other] == route_of[line[i]]:
                made[i] += 1
    return made
