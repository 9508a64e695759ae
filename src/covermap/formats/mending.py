"""Geometries as they come: which can be used, which are mended, which are refused and why.

Pure functions over arrays of shapely geometries in degrees WGS-84. Each returns arrays of the
same length as its input, so that counts can be taken and rows named.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

Geometries = NDArray[Any]
Flags = NDArray[np.bool_]

_LINES = (1, 5)  # shapely type ids of LineString and MultiLineString
_POLYGONS = (3, 6)


def drop_z(geometries: Geometries) -> tuple[Geometries, Flags]:
    """Drop heights and measures; the flags say which geometries had any."""
    had = shapely.has_z(geometries) | shapely.has_m(geometries)
    return np.where(had, shapely.force_2d(geometries), geometries), had


def has_bad_coordinate(geometries: Geometries) -> Flags:
    """Say which geometries hold a NaN or infinite coordinate."""
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    bad = ~np.isfinite(coordinates).all(axis=1)
    return np.bincount(owner[bad], minlength=len(geometries)) > 0


def is_line(geometries: Geometries) -> Flags:
    """Say which geometries are lines or sets of lines."""
    return np.isin(shapely.get_type_id(geometries), _LINES)


def is_polygon(geometries: Geometries) -> Flags:
    """Say which geometries are polygons or sets of polygons."""
    return np.isin(shapely.get_type_id(geometries), _POLYGONS)


def without_repeats(geometries: Geometries) -> tuple[Geometries, NDArray[np.int64]]:
    """Remove vertices equal to the one before them from lines; count the removed ones.

    A line of which nothing but one place remains is kept as it is: its length, 0, tells.

    Examples
    --------
    >>> lines, removed = without_repeats(shapely.from_wkt(["LINESTRING (0 0, 0 0, 1 1)"]))
    >>> lines[0].wkt, int(removed[0])
    ('LINESTRING (0 0, 1 1)', 1)
    """
    lines = is_line(geometries)
    out = geometries.copy()
    out[lines] = shapely.remove_repeated_points(geometries[lines], 0.0)
    before, after = shapely.get_num_coordinates(geometries), shapely.get_num_coordinates(out)
    return out, (before - after).astype(np.int64)


def without_empty_parts(geometries: Geometries) -> tuple[Geometries, NDArray[np.int64]]:
    """Drop parts of zero length from sets of lines that have other parts; count the dropped."""
    dropped = np.zeros(len(geometries), np.int64)
    several = np.flatnonzero(shapely.get_type_id(geometries) == 5)
    parts, owner = shapely.get_parts(geometries[several], return_index=True)
    bad = shapely.length(parts) == 0
    out = geometries.copy()
    for position in np.unique(owner[bad]):  # rare: a handful of features in a file
        good = parts[(owner == position) & ~bad]
        if good.size:
            row = several[position]
            dropped[row] = np.count_nonzero(bad & (owner == position))
            out[row] = shapely.multilinestrings(list(good))
    return out, dropped


def crosses_antimeridian(geometries: Geometries) -> Flags:
    """Say which lines and polygons step over longitude 180.

    Either they continue beyond +-180 degrees, or two neighbouring vertices are more than 180
    degrees apart (the short way round is taken, RFC 7946 section 3.1.9).
    """
    out = np.zeros(len(geometries), bool)
    west, _, east, _ = shapely.bounds(geometries).T
    with np.errstate(invalid="ignore"):
        wide = (east - west > 180.0) | (east > 180.0) | (west < -180.0)
    for row in np.flatnonzero(wide & (is_line(geometries) | is_polygon(geometries))):
        beyond = east[row] > 180.0 or west[row] < -180.0
        out[row] = beyond or _has_jump(geometries[row])
    return out


def _has_jump(geometry: Any) -> bool:
    paths = _paths(geometry)
    return any(np.abs(np.diff(shapely.get_coordinates(p)[:, 0])).max() > 180.0 for p in paths)


def _paths(geometry: Any) -> Geometries:
    parts = shapely.get_parts(geometry)
    return np.concatenate([shapely.get_rings(parts), parts[is_line(parts)]])


def split_at_antimeridian(geometry: Any) -> Any:
    """Cut one line or polygon at longitude 180 and bring all parts into -180..180.

    Examples
    --------
    >>> split_at_antimeridian(shapely.from_wkt("LINESTRING (170 0, -170 10)")).wkt
    'MULTILINESTRING ((170 0, 180 5), (-180 5, -170 10))'
    """
    cut = _cut_polygon if is_polygon(np.array([geometry]))[0] else _cut_line
    pieces = [p for part in shapely.get_parts(geometry) for p in cut(part)]
    return pieces[0] if len(pieces) == 1 else _collect(pieces)


def _collect(pieces: list[Any]) -> Any:
    lines = is_line(np.array(pieces, object)).all()
    return shapely.multilinestrings(pieces) if lines else shapely.union_all(pieces)


def _cut_line(line: Any) -> list[Any]:
    points = shapely.get_coordinates(line)
    lon, lat = np.unwrap(points[:, 0], period=360.0), points[:, 1]
    turn = np.floor((lon + 180.0) / 360.0)
    pieces: list[list[tuple[float, float]]] = [[(lon[0] - 360 * turn[0], lat[0])]]
    for i in range(1, len(lon)):
        if turn[i] != turn[i - 1]:
            up = turn[i] > turn[i - 1]
            edge = 360.0 * max(turn[i], turn[i - 1]) - 180.0
            at = lat[i - 1] + (lat[i] - lat[i - 1]) * (edge - lon[i - 1]) / (lon[i] - lon[i - 1])
            pieces[-1].append((180.0 if up else -180.0, at))
            pieces.append([(-180.0 if up else 180.0, at)])
        pieces[-1].append((lon[i] - 360.0 * turn[i], lat[i]))
    made = [shapely.LineString(p) for p in pieces if len(p) > 1]
    return [line for line in made if line.length > 0]


def _cut_polygon(polygon: Any) -> list[Any]:
    shell = shapely.get_coordinates(shapely.get_exterior_ring(polygon))
    middle = float(np.unwrap(shell[:, 0], period=360.0).mean())

    def unwrap(ring: Any) -> Any:
        points = shapely.get_coordinates(ring)
        points[:, 0] = np.unwrap(points[:, 0], period=360.0)
        points[:, 0] -= 360.0 * np.round((points[:, 0].mean() - middle) / 360.0)
        return points

    rings = shapely.get_rings(polygon)
    whole = shapely.make_valid(shapely.Polygon(unwrap(rings[0]), [unwrap(r) for r in rings[1:]]))
    pieces: list[Any] = []
    for k in range(-2, 3):
        part = shapely.intersection(whole, shapely.box(360 * k - 180, -90, 360 * k + 180, 90))
        shifted = affinity.translate(part, xoff=-360.0 * k)
        pieces += [p for p in shapely.get_parts(shifted) if p.area > 0]
    return pieces
