"""Rows of every cell in every layer: those of the table of verdicts, and what it leaves out.

The table has no row of a cell in a layer without a sample there. An export says of such a cell what
it is: unmeasured, with its area.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from covermap.store import Build
from covermap.tables import CELL_VERDICTS

TABLE = CELL_VERDICTS.name
VIEW = "every_cell"
ORDER = "part, operator, technology, cell"
"""That of the table's files one after the other, each in the order of its key."""
_OTHERWISE = {"verdict": "'unmeasured'", "n": "0", "n_none": "0"}
"""What is said without a row; of all other columns nothing."""


def _column(name: str) -> str:
    if name in ("cell", "area_m2"):
        return f"c.{name}"
    if name in ("operator", "technology"):
        return f"l.{name}"
    return (
        f"coalesce(v.{name}, {_OTHERWISE[name]}) AS {name}" if name in _OTHERWISE else f"v.{name}"
    )


_ROWS = f"""
CREATE VIEW {VIEW} AS
SELECT c.part, {", ".join(map(_column, CELL_VERDICTS.names))}
FROM (SELECT min(filename) AS part, cell, min(area_m2) AS area_m2 FROM {TABLE} GROUP BY cell) c
CROSS JOIN layers l
LEFT JOIN {TABLE} v ON v.cell = c.cell AND v.operator = l.operator AND v.technology = l.technology
"""


def layers_of(build: Build) -> Any:
    """Operators and technologies of the build, as an Arrow table."""
    found = build.layers(TABLE, "segment_verdicts")
    return pa.table({"operator": [o for o, _ in found], "technology": [t for _, t in found]})


def connect(build: Build, layers: Any, parts: Sequence[Path]) -> Any:
    """Open some files of the table with DuckDB: view `every_cell`, in the layers given."""
    connection = build.connect()
    connection.register("layers", layers)
    if parts:
        rows = connection.read_parquet([str(part) for part in parts], filename=True)
        rows.create_view(TABLE)
        connection.execute(_ROWS)
    else:
        schema = CELL_VERDICTS.schema.append(pa.field("part", pa.string()))
        connection.register(VIEW, schema.empty_table())
    return connection
