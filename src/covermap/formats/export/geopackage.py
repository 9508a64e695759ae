"""GeoPackage, written in batches; the note is the layer's description and metadata.

GCJ-02 and BD-09 get a spatial reference system of their own name, with no relation to WGS-84.
`last_change` is fixed, so that the same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import shapely

from covermap.formats.export.content import Batch, Content, Tell

FIXED_DATE = "2000-01-01T00:00:00.000Z"


def write(path: Path, content: Content, tell: Tell) -> int:
    """Write the file; give the number of rows."""
    rows = 0
    with _fixed_date():
        for batch in content.batches():
            _append(path, content, batch, first=rows == 0)
            rows += batch.data.num_rows
            tell(rows)
    return rows


@contextmanager
def _fixed_date() -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _append(path: Path, content: Content, batch: Batch, *, first: bool) -> None:
    types = content.geometry_types
    shared: dict[str, Any] = {
        "layer": content.name,
        "driver": "GPKG",
        "geometry_name": "geometry",
        "geometry_type": types[0] if len(types) == 1 else "Unknown",
        # GDAL takes a WKT 2 of an unknown datum for WGS 84 here; WKT 1 keeps its name.
        "crs": content.target.crs().to_wkt("WKT1_GDAL"),
    }
    if not first:
        pyogrio.write_arrow(_table(batch), path, append=True, **shared)
        return
    options = {
        "IDENTIFIER": content.title,
        "DESCRIPTION": f"Datum: {content.target.title}. {content.title_zh}",
    }
    pyogrio.write_arrow(
        _table(batch), path, layer_metadata=content.note, layer_options=options, **shared
    )


def _table(batch: Batch) -> pa.Table:
    wkb = pa.array(shapely.to_wkb(batch.geometry), pa.binary())
    names = [*batch.data.schema.names, "geometry"]
    return pa.Table.from_arrays([*batch.data.columns, wkb], names=names)
