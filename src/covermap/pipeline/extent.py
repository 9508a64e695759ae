"""The extent of a build: where its map starts."""

from __future__ import annotations

import numpy as np
import shapely

from covermap.store import Tables


def extent(tables: Tables) -> list[float] | None:
    """Give west, south, east, north in degrees WGS-84 of samples, else of lines, else of sites."""
    for name in ("samples", "sites"):
        connection = tables.connect(name)
        row = connection.execute(
            f"SELECT min(lon), min(lat), max(lon), max(lat) FROM {name}"  # a name of ours
        ).fetchone()
        if name == "sites" and tables.rows("lines"):
            return _of_lines(tables)
        if row[0] is not None:
            return [round(float(v), 6) for v in row]
    return None


def _of_lines(tables: Tables) -> list[float]:
    geometry = tables.read("lines", ["geometry"]).column("geometry")
    bounds = shapely.total_bounds(shapely.from_wkb(np.array(geometry.to_pylist(), dtype=object)))
    return [round(float(v), 6) for v in bounds]
