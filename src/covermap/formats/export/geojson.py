"""GeoJSON, one feature a line, streamed.

WGS-84 and EPSG codes are named by the `crs` member of GeoJSON 2008, which GIS programs still read.
GCJ-02 and BD-09 have no such name: their `crs` is null, and the datum stands in the `metadata`
member and in the `datum` property of every feature. (RFC 7946 knows WGS-84 only; a reader that
ignores all three takes them for WGS-84.)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import shapely

from covermap.formats.export.content import Batch, Content, Target, Tell
from covermap.formats.export.plain import plain_rows

WGS84_URN = "urn:ogc:def:crs:OGC:1.3:CRS84"


def write(path: Path, content: Content, tell: Tell) -> int:
    """Write the file; give the number of rows."""
    rows = 0
    names = [f.name for f in content.fields]
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        sink.write(_head(content))
        for batch in content.batches():
            lines = _features(batch, names)
            sink.write((",\n" if rows and lines else "") + ",\n".join(lines))
            rows += batch.data.num_rows
            tell(rows)
        sink.write("\n]}\n")
    return rows


def _head(content: Content) -> str:
    members: dict[str, Any] = {
        "type": "FeatureCollection",
        "name": content.name,
        "crs": crs_member(content.target),
        "metadata": content.note,
    }
    text = json.dumps(members, ensure_ascii=False)
    return f'{text[:-1]}, "features": [\n'


def crs_member(target: Target) -> dict[str, Any] | None:
    """Give the `crs` member: a named CRS, or null for a datum that has no registered name."""
    if target.epsg is None:
        return None
    urn = WGS84_URN if target.epsg == 4326 else f"urn:ogc:def:crs:EPSG::{target.epsg}"
    return {"type": "name", "properties": {"name": urn}}


def _features(batch: Batch, names: list[str]) -> list[str]:
    shapes = shapely.to_geojson(batch.geometry)
    return [
        f'{{"type": "Feature", "properties": {json.dumps(row, ensure_ascii=False)}, '
        f'"geometry": {shape or "null"}}}'
        for row, shape in zip(plain_rows(batch.data, names), shapes, strict=True)
    ]
