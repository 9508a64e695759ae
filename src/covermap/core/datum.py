"""Datums: WGS-84 to and from GCJ-02, BD-09, CGCS2000 and any EPSG code.

Everything inside the product is WGS-84 longitude and latitude in degrees; inputs and exports are
converted here, at the door.

- ``gcj02``: the obfuscated datum of Chinese web maps. The formulae are those published with
  ``eviltransform`` (2013), which reproduce the maps' own conversion. By convention positions
  outside the rectangle 72.004-137.8347 E, 0.8293-55.8271 N are left unchanged.
- ``bd09``: Baidu's second shift on top of GCJ-02, by Baidu's published formula; the same rectangle.
- ``cgcs2000`` (EPSG:4490): China's national datum. It differs from WGS-84 by centimetres at its
  epoch and by less than a metre today (plate motion); for this use it is taken as equal to WGS-84.
- ``EPSG:n``: through PROJ, axes always in the order east, north.

The inverses of GCJ-02 and BD-09 have no closed form: they are found by iterating the forward
formula until the correction is below 1e-12 degrees (0.1 micrometre).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from scipy.spatial import cKDTree

from covermap.errors import DatumError

DATUMS = ("wgs84", "gcj02", "bd09", "cgcs2000")
"""Datums that have a name; beside them any ``EPSG:n``."""

DATUM_TITLES = {
    "wgs84": "WGS-84 longitude and latitude, degrees",
    "gcj02": "GCJ-02 longitude and latitude, degrees (as on Chinese web maps; not WGS-84)",
    "bd09": "BD-09 longitude and latitude, degrees (as on Baidu maps; not WGS-84)",
    "cgcs2000": "CGCS2000 longitude and latitude, degrees (EPSG:4490)",
}
"""What each named datum is, for people."""

EARTH_RADIUS_M = 6371008.8
"""Mean radius of the Earth (IUGG), for short distances."""

_A = 6378245.0
_EE = 0.00669342162296594323
"""Semi-major axis and squared eccentricity of the Krasovsky 1940 ellipsoid, as GCJ-02 uses it."""
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_BD_PI = math.pi * 3000.0 / 180.0
_TOLERANCE_DEG = 1e-12
_MAX_ITERATIONS = 60

Floats = NDArray[np.float64]


def parse_datum(text: str) -> str:
    """Give a datum's canonical name: ``GCJ-02`` -> ``gcj02``, ``epsg:4326`` -> ``EPSG:4326``.

    Raises
    ------
    DatumError
        Not a datum that this product knows, or an EPSG code that PROJ does not know.

    Examples
    --------
    >>> parse_datum("GCJ-02"), parse_datum("epsg:4326")
    ('gcj02', 'EPSG:4326')
    """
    plain = re.sub(r"[\s_-]", "", text).lower()
    if plain in DATUMS:
        return plain
    match = re.fullmatch(r"epsg:(\d{4,6})", plain)
    if match:
        name = f"EPSG:{match[1]}"
        _transformer(name, forward=True)
        return name
    close = difflib.get_close_matches(plain, DATUMS, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise DatumError(f"datum {text!r} is not known. Write {', '.join(DATUMS)} or EPSG:n.{hint}")


def describe(datum: str) -> str:
    """Say in words what a datum is, for the inside of a file.

    Examples
    --------
    >>> describe("cgcs2000")
    'CGCS2000 longitude and latitude, degrees (EPSG:4490)'
    """
    name = parse_datum(datum)
    if name in DATUM_TITLES:
        return DATUM_TITLES[name]
    crs = CRS.from_user_input(name)
    axes = "longitude and latitude" if crs.is_geographic else "easting and northing"
    return f"{name} {crs.name}: {axes}, {crs.axis_info[0].unit_name}s"


def to_wgs84(x: ArrayLike, y: ArrayLike, datum: str) -> tuple[Floats, Floats]:
    """Convert positions of a datum to WGS-84.

    Parameters
    ----------
    x, y : array_like of float, one shape
        Longitude and latitude in degrees, or easting and northing in the unit of the EPSG code.
    datum : str
        wgs84, gcj02, bd09, cgcs2000 or EPSG:n.

    Returns
    -------
    lon, lat : arrays of float64, the same shape
        Degrees WGS-84. NaN where either input is NaN or infinite, or where PROJ has no answer.

    Raises
    ------
    DatumError
        The datum is not known.

    Examples
    --------
    >>> lon, lat = to_wgs84([121.478], [31.228], "gcj02")
    >>> [round(float(v), 5) for v in (lon[0], lat[0])]
    [121.47348, 31.22994]
    """
    return _convert(x, y, parse_datum(datum), forward=False)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> tuple[Floats, Floats]:
    """Convert WGS-84 longitude and latitude to a datum: the inverse of :func:`to_wgs84`.

    Examples
    --------
    >>> x, y = from_wgs84([2.35], [48.85], "gcj02")  # outside China: unchanged
    >>> float(x[0]), float(y[0])
    (2.35, 48.85)
    """
    return _convert(lon, lat, parse_datum(datum), forward=True)


def _convert(x: ArrayLike, y: ArrayLike, datum: str, *, forward: bool) -> tuple[Floats, Floats]:
    east, north = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    flat_x, flat_y = np.ascontiguousarray(east).ravel(), np.ascontiguousarray(north).ravel()
    if datum in ("gcj02", "bd09"):
        kernel = _shift_all if forward else _unshift_all
        out_x, out_y = kernel(flat_x, flat_y, datum == "bd09")
    elif datum in ("wgs84", "cgcs2000"):
        out_x, out_y = flat_x.copy(), flat_y.copy()
    else:
        out_x, out_y = _transformer(datum, forward=forward).transform(flat_x, flat_y)
    missing = ~(np.isfinite(flat_x) & np.isfinite(flat_y) & np.isfinite(out_x) & np.isfinite(out_y))
    out_x, out_y = np.where(missing, np.nan, out_x), np.where(missing, np.nan, out_y)
    return out_x.reshape(east.shape), out_y.reshape(east.shape)


@lru_cache(maxsize=32)
def _transformer(datum: str, *, forward: bool) -> Transformer:
    try:
        crs = CRS.from_user_input(datum)
    except CRSError:
        raise DatumError(
            f"datum {datum!r}: no such EPSG code. Write one that epsg.org lists, for example "
            "EPSG:4326 or EPSG:32651."
        ) from None
    wgs84 = CRS.from_epsg(4326)
    ends = (wgs84, crs) if forward else (crs, wgs84)
    return Transformer.from_crs(*ends, always_xy=True)


@njit(cache=True)
def _in_china(lon: float, lat: float) -> bool:
    return _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH


@njit(cache=True)
def _gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Apply the published GCJ-02 formula, whatever the place."""
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    root, xy = math.sqrt(abs(x)), x * y
    both = (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * xy + 0.2 * root + both
    d_lat += (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3.0 * pi)) * 2.0 / 3.0
    d_lat += (160.0 * math.sin(y / 12.0 * pi) + 320.0 * math.sin(y * pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * xy + 0.1 * root + both
    d_lon += (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3.0 * pi)) * 2.0 / 3.0
    d_lon += (150.0 * math.sin(x / 12.0 * pi) + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    rad = lat / 180.0 * pi
    magic = 1.0 - _EE * math.sin(rad) ** 2
    root_magic = math.sqrt(magic)
    lat_shift = d_lat * 180.0 / ((_A * (1.0 - _EE)) / (magic * root_magic) * pi)
    lon_shift = d_lon * 180.0 / (_A / root_magic * math.cos(rad) * pi)
    return lon + lon_shift, lat + lat_shift


@njit(cache=True)
def _forward(lon: float, lat: float, bd09: bool) -> tuple[float, float]:
    x, y = _gcj02(lon, lat)
    if not bd09:
        return x, y
    z = math.sqrt(x * x + y * y) + 0.00002 * math.sin(y * _BD_PI)
    theta = math.atan2(y, x) + 0.000003 * math.cos(x * _BD_PI)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


@njit(cache=True)
def _shift_all(lon: Floats, lat: Floats, bd09: bool) -> tuple[Floats, Floats]:
    x, y = lon.copy(), lat.copy()
    for i in range(lon.size):
        if _in_china(lon[i], lat[i]):
            x[i], y[i] = _forward(lon[i], lat[i], bd09)
    return x, y


@njit(cache=True)
def _unshift_all(x: Floats, y: Floats, bd09: bool) -> tuple[Floats, Floats]:
    lon, lat = x.copy(), y.copy()
    for i in range(x.size):
        near = _WEST - 0.1 <= x[i] <= _EAST + 0.1 and _SOUTH - 0.1 <= y[i] <= _NORTH + 0.1
        if not near:
            continue
        a, b = x[i], y[i]
        for _ in range(_MAX_ITERATIONS):
            u, v = _forward(a, b, bd09)
            da, db = x[i] - u, y[i] - v
            a, b = a + da, b + db
            if abs(da) < _TOLERANCE_DEG and abs(db) < _TOLERANCE_DEG:
                break
        if _in_china(a, b):
            lon[i], lat[i] = a, b
    return lon, lat


def distance_shift(lon: ArrayLike, lat: ArrayLike, datum: str = "gcj02") -> Floats:
    """Say how far a position moves when it is in `datum` and is read as WGS-84, in metres.

    For GCJ-02 it is about 430 m over most of China, 0 outside; for BD-09 about 1 km.

    Parameters
    ----------
    lon, lat : array_like of float
        True position, degrees WGS-84. NaN gives NaN.
    datum : str
        A datum whose coordinates are degrees.
    """
    x, y = from_wgs84(lon, lat, datum)
    return _near_distance_m(np.asarray(lon, np.float64), np.asarray(lat, np.float64), x, y)


def _near_distance_m(lon: Floats, lat: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Distance of points close together, on the sphere, by the mid-latitude formula."""
    dx = np.radians(lon2 - lon) * np.cos(np.radians((lat + lat2) / 2.0))
    return np.hypot(dx, np.radians(lat2 - lat)) * EARTH_RADIUS_M


@dataclass(frozen=True)
class DatumFit:
    """How well points lie on known lines, for each datum that their numbers could be in."""

    median_m: dict[str, float]
    """Datum -> median distance of the points to the nearest known vertex, m."""
    points: int
    """Points that were compared."""

    @property
    def best(self) -> str:
        """Datum with the smallest median; the first one tried wins a tie."""
        return min(self.median_m, key=lambda name: self.median_m[name])

    def contradicts(self, declared: str, times: float = 3.0, metres: float = 100.0) -> bool:
        """Whether another datum fits better than the declared one, by so many times and metres."""
        if declared not in self.median_m:
            return False
        here, there = self.median_m[declared], self.median_m[self.best]
        return here - there >= metres and here >= times * there


def compare_datums(
    lon: ArrayLike,
    lat: ArrayLike,
    line_lon: ArrayLike,
    line_lat: ArrayLike,
    datums: Sequence[str] = ("wgs84", "gcj02", "bd09"),
) -> DatumFit | None:
    """Measure which datum makes points fall on known lines.

    Parameters
    ----------
    lon, lat : array_like of float, shape (n,)
        Positions exactly as written in the file, degrees. NaN is left aside. To test positions
        that were converted already, undo it with :func:`from_wgs84` first.
    line_lon, line_lat : array_like of float, shape (m,)
        Vertices of known lines, degrees WGS-84, dense enough (every 50 m or so) that the nearest
        vertex stands for the nearest place on the line.
    datums : sequence of str
        Candidates, all with coordinates in degrees.

    Returns
    -------
    DatumFit or None
        None when there is no usable point or no usable vertex.
    """
    px, py = _finite(lon, lat)
    vx, vy = _finite(line_lon, line_lat)
    if not px.size or not vx.size:
        return None
    origin_lon, origin_lat = float(np.median(px)), float(np.median(py))
    tree = cKDTree(_plane(vx, vy, origin_lon, origin_lat))
    medians: dict[str, float] = {}
    for datum in datums:
        here = _plane(*to_wgs84(px, py, datum), origin_lon, origin_lat)
        medians[datum] = float(np.median(tree.query(here)[0]))
    return DatumFit(medians, int(px.size))


def _finite(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    keep = np.isfinite(a) & np.isfinite(b)
    return a[keep], b[keep]


def _plane(lon: Floats, lat: Floats, lon0: float, lat0: float) -> Floats:
    """Local metric plane (equirectangular about an origin), shape (n, 2), metres."""
    east = np.radians(lon - lon0) * math.cos(math.radians(lat0))
    return np.column_stack((east, np.radians(lat - lat0))) * EARTH_RADIUS_M
