"""GeoParquet 1.1, streamed by row groups; the note is the file's metadata key `covermap`.

The CRS is PROJJSON where it has an EPSG code and null ("undefined", as the specification has it)
for GCJ-02 and BD-09.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from covermap.formats.export.content import Batch, Content, Tell

ROWS_PER_GROUP = 100_000


def write(path: Path, content: Content, tell: Tell) -> int:
    """Write the file; give the number of rows."""
    rows = 0
    fields = [pa.field(f.name, f.type) for f in content.fields]
    schema = pa.schema([*fields, pa.field("geometry", pa.binary())])
    bounds = np.array([np.inf, np.inf, -np.inf, -np.inf])
    # Without a stored Arrow schema every reader finds `geo` among the file's own metadata.
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for batch in content.batches():
            writer.write_table(_table(batch, schema), row_group_size=ROWS_PER_GROUP)
            bounds = _wider(bounds, batch.geometry)
            rows += batch.data.num_rows
            tell(rows)
        note = json.dumps(content.note, ensure_ascii=False)
        geo = json.dumps(_geo(content, bounds))
        writer.add_key_value_metadata({"covermap": note, "geo": geo})
    return rows


def _table(batch: Batch, schema: pa.Schema) -> pa.Table:
    wkb = pa.array(shapely.to_wkb(batch.geometry), pa.binary())
    return pa.Table.from_arrays([*batch.data.columns, wkb], schema=schema)


def _wider(bounds: Any, geometry: Any) -> Any:
    if not len(geometry):
        return bounds
    here = shapely.total_bounds(geometry)
    low, high = np.fmin(bounds[:2], here[:2]), np.fmax(bounds[2:], here[2:])
    return np.concatenate([low, high])


def _geo(content: Content, bounds: Any) -> dict[str, Any]:
    target = content.target
    crs = target.crs().to_json_dict() if target.epsg is not None else None
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": list(content.geometry_types),
        "crs": crs,
    }
    if np.isfinite(bounds).all():
        column["bbox"] = [float(b) for b in bounds]
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
