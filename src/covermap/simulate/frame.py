"""The plane that the world is made in: metres east and north of 120.25 E, 31.55 N.

Lambert conformal conic on WGS-84 with standard parallels 31 and 32 N: over the region its scale
differs from 1 by less than 1e-3. Distances of the radio field are taken in this plane; lengths
along lines (chainage) are geodesic.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod, Transformer

Floats = NDArray[np.float64]

PLANE = "+proj=lcc +lat_0=31.55 +lon_0=120.25 +lat_1=31 +lat_2=32 +datum=WGS84 +units=m"
GEOD = Geod(ellps="WGS84")


@lru_cache(maxsize=2)
def _transformer(inverse: bool) -> Transformer:
    ends = (PLANE, "EPSG:4326") if inverse else ("EPSG:4326", PLANE)
    return Transformer.from_crs(*ends, always_xy=True)


def to_plane(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude (degrees WGS-84) to plane metres; same length.

    Examples
    --------
    >>> x, y = to_plane([120.25], [31.55])
    >>> abs(float(x[0])) < 1e-6 and abs(float(y[0])) < 1e-6
    True
    """
    x, y = _transformer(False).transform(np.asarray(lon, float), np.asarray(lat, float))
    return np.asarray(x), np.asarray(y)


def to_lonlat(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Plane metres to longitude and latitude (degrees WGS-84); same length."""
    lon, lat = _transformer(True).transform(np.asarray(x, float), np.asarray(y, float))
    return np.asarray(lon), np.asarray(lat)


def chainage(lon: Floats, lat: Floats) -> Floats:
    """Give geodesic metres along a course from its first vertex; same length, first is 0."""
    _, _, step = GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    return np.concatenate([[0.0], np.cumsum(step)])
