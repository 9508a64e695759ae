"""The provinces of China among the real inputs, as regions."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from covermap.formats.vectors import read_vector
from covermap.tables import REGIONS, conform


def provinces_in(data: Path) -> pa.Table:
    """Rows of REGIONS, of `admin/cn_admin_polygons.parquet`."""
    table = read_vector(data / "admin/cn_admin_polygons.parquet").table
    own = table[table["level"].astype(int) == 0]
    rows = [
        {"region_id": str(code), "level": "province", "name": name, "geometry": shape.wkb,
         "input": "cn", "simulated": False}
        for code, name, shape in zip(own["adcode"], own["name"], own.geometry, strict=True)
    ]  # fmt: skip
    return conform(pa.Table.from_pylist(rows), REGIONS)
