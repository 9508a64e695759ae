"""How coarsely lines are drawn: the tolerance they were generalised to, read from the drawing.

Maps for small scales leave out vertices that lie nearer than a tolerance to the line without them
(Douglas & Peucker 1973). So hardly any vertex that is left lies nearer than it to the straight
line between its neighbours, while lines drawn freely have such vertices everywhere. A generalised
line may lie the tolerance away from what it shows, and so may the carriageway beside it.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints

EARTH_RADIUS_M = 6_378_137.0
LOWEST_SHARE = 0.05
"""Share of the vertices that may lie nearer: the rule holds for the whole line, not for three
vertices of it, and vertices were rounded and lines cut afterwards."""
FEWEST = 100
"""With fewer vertices nothing is said."""


def tolerance_m(ways: NDArray[np.object_]) -> float:
    """Tolerance that a drawing was generalised to, m at the equator of the Mercator plane.

    Parameters
    ----------
    ways
        LineStrings as they were read, WGS-84 degrees: joining them adds vertices.

    Returns
    -------
    float
        Near 0 for lines drawn freely, and where fewer than 100 vertices can be looked at. On the
        ground it is this times the cosine of the latitude.
    """
    coordinates, way = shapely.get_coordinates(ways, return_index=True)
    inner = (way[2:] == way[:-2]).nonzero()[0]
    if len(inner) < FEWEST:
        return 0.0
    return float(np.quantile(_heights(_mercator(coordinates), inner), LOWEST_SHARE))


def _mercator(lonlat: Floats) -> Floats:
    lat = np.radians(np.clip(lonlat[:, 1], -85.0, 85.0))
    made: Floats = EARTH_RADIUS_M * np.c_[np.radians(lonlat[:, 0]), np.arctanh(np.sin(lat))]
    return made


def _heights(xy: Floats, first: Ints) -> Floats:
    """Distance of each second vertex of three from the line through the first and the third."""
    a, b, c = xy[first], xy[first + 1], xy[first + 2]
    base, side = c - a, b - a
    cross = base[:, 0] * side[:, 1] - base[:, 1] * side[:, 0]
    length = np.hypot(base[:, 0], base[:, 1])
    made: Floats = np.where(
        length > 0, np.abs(cross) / np.maximum(length, 1e-9), np.hypot(side[:, 0], side[:, 1])
    )
    return made
