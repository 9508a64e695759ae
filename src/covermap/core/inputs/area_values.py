"""Areas as they come: invalid polygons mended, identities made, levels named. Pure functions."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[Any]
Flags = NDArray[np.bool_]

LEVELS = {
    "province": "province", "省": "province", "省级": "province", "自治区": "province",
    "municipality": "province", "直辖市": "province",
    "city": "city", "市": "city", "地级": "city", "地市": "city", "prefecture": "city",
    "county": "county", "district": "county", "县": "county", "区": "county", "区县": "county",
    "township": "township", "town": "township", "street": "township", "乡": "township",
    "镇": "township", "街道": "township", "乡镇": "township",
    "other": "other",
}  # fmt: skip
"""Administrative levels as written -> ours."""


def mend_polygons(geometries: Geometries) -> tuple[Geometries, Flags]:
    """Make polygons valid, keeping what encloses area; points are left alone.

    Rings that cross themselves become several polygons, holes outside the shell and overlapping
    parts are resolved by the even-odd rule (shapely's `make_valid`, "linework").

    Returns
    -------
    mended : array of geometries, same length
        Polygon or MultiPolygon; an empty one where nothing encloses area.
    was_invalid : array of bool

    Examples
    --------
    >>> bow = shapely.from_wkt(["POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"])
    >>> mended, flags = mend_polygons(bow)
    >>> mended[0].area, bool(flags[0])
    (2.0, True)
    """
    polygons = np.isin(shapely.get_type_id(geometries), (3, 6))
    invalid = polygons & ~shapely.is_valid(geometries)
    out = geometries.copy()
    for row in np.flatnonzero(invalid):  # rare: a few features of a file
        parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(geometries[row])))
        areas = [p for p in parts if shapely.get_type_id(p) == 3 and p.area > 0]
        out[row] = areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)
    return out, invalid


def single_points(geometries: Geometries) -> Geometries:
    """Turn sets of one point into that point."""
    out = geometries.copy()
    alone = (shapely.get_type_id(geometries) == 4) & (shapely.get_num_geometries(geometries) == 1)
    out[alone] = shapely.get_geometry(geometries[alone], 0)
    return out


def name_identity(*parts: str | None) -> str:
    """Give an identity to what has only names: the same names, the same identity.

    Examples
    --------
    >>> name_identity("school", "A") == name_identity("school", "A")
    True
    """
    text = "\x1f".join(p or "" for p in parts)
    return "h" + hashlib.sha256(text.encode()).hexdigest()[:12]


def place_text(geometry: Any) -> str:
    """Write where a geometry is, to 1e-5 degrees (1 m): its point, or its centroid.

    Examples
    --------
    >>> place_text(shapely.Point(121.5, 31.25))
    '121.50000 31.25000'
    """
    point = shapely.centroid(geometry)
    return f"{point.x + 0.0:.5f} {point.y + 0.0:.5f}"
