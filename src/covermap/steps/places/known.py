"""The key points of a build, numbered; and what is doubtful about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import lengths_m
from covermap.core.places.attaching import KeyPoint, Known
from covermap.core.places.naming import WHOLE

OUTSIDE_M = 50.0
"""A key point farther than this from its place's polygon lies outside it: surveys of buildings
are that exact."""


def known_points(places: pa.Table) -> Known:
    """Give the key points of the table of places, ready to be looked up."""
    columns = (places.column(c).to_pylist() for c in (
        "place_id", "key_point_id", "code", "name", "key_point", "floor",
    ))  # fmt: skip
    return Known([
        KeyPoint(place, point, tuple(n for n in (code, name) if n), called, floor)
        for place, point, code, name, called, floor in zip(*columns, strict=True)
    ])  # fmt: skip


def doubtful(places: pa.Table) -> Iterator[dict[str, Any]]:
    """Find key points that are described twice, and those outside their place, as problems."""
    rows = places.select(["input", "place_id", "key_point_id", "name"]).to_pylist()
    times = Counter((r["place_id"], r["key_point_id"]) for r in rows)
    again = [r for r in rows if times[r["place_id"], r["key_point_id"]] > 1]
    yield from _told("same_key_point", again, "taken as one key point")
    outside = _outside(places)
    yield from _told("key_point_outside_place", [rows[i] for i in outside], "kept")


def _outside(places: pa.Table) -> NDArray[np.int64]:
    """Rows of key points that lie farther than `OUTSIDE_M` from the outline of their place."""
    shapes = shapely.from_wkb(places.column("geometry").to_numpy(zero_copy_only=False))
    ids = places.column("place_id").to_pylist()
    whole = np.array([p == WHOLE for p in places.column("key_point_id").to_pylist()], bool)
    area = np.isin(shapely.get_type_id(shapes), (3, 6))
    outline = {ids[i]: i for i in np.flatnonzero(whole & area)}
    of = np.array([outline.get(name, -1) for name in ids], np.int64)
    rows = np.flatnonzero((of >= 0) & ~whole)
    if not rows.size:
        return rows
    points, outlines = shapely.point_on_surface(shapes[rows]), shapes[of[rows]]
    near = shapely.get_point(shapely.shortest_line(points, outlines), -1)
    away = lengths_m(
        shapely.get_x(points), shapely.get_y(points), shapely.get_x(near), shapely.get_y(near)
    )
    found: NDArray[np.int64] = rows[away > OUTSIDE_M]
    return found


def _told(kind: str, rows: list[dict[str, Any]], action: str) -> Iterator[dict[str, Any]]:
    for name in sorted({row["input"] for row in rows}):
        mine = [row for row in rows if row["input"] == name]
        first = min(f"{row['name'] or row['place_id']}: {row['key_point_id']}" for row in mine)
        yield {
            "input": name, "file": f"[[places]] {name}", "problem": kind, "count": len(mine),
            "first_line": None, "example": first, "action": action,
        }  # fmt: skip
