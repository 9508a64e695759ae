"""Site tables whose masts are shifted against the samples of their cells: told as a problem."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from covermap.core.sites.datum import gcj02_shift
from covermap.engine.step import StepContext
from covermap.tables import PROBLEMS

_MIDDLES = """
SELECT s.input AS name, s.operator, s.technology, s.cell_id, min(s.lon) AS lon, min(s.lat) AS lat,
    sum(round(m.lon * 1e7)::HUGEINT)::DOUBLE / 1e7 / count(*) AS heard_lon,
    sum(round(m.lat * 1e7)::HUGEINT)::DOUBLE / 1e7 / count(*) AS heard_lat
FROM sites s JOIN samples m
    ON s.operator = m.operator AND s.technology = m.technology AND s.cell_id = m.cell_id
WHERE s.located IS NOT TRUE AND m.lon IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""


def tell_shifted(ctx: StepContext) -> None:
    """Write `problems` anew: with `likely_gcj02` of site tables whose masts all lie to one side."""
    connection = ctx.connect("sites", "samples")
    rows = connection.sql(_MIDDLES).to_arrow_table()
    connection.close()
    names = np.array(rows["name"].to_pylist(), object)
    columns = [rows[c].to_numpy() for c in ("lon", "lat", "heard_lon", "heard_lat")]
    found = []
    for name in sorted(set(names)):
        shift = gcj02_shift(*(c[names == name] for c in columns))
        if shift is not None and shift.likely:
            found.append({
                "input": name, "file": f"[[sites]] {name}", "problem": "likely_gcj02",
                "count": shift.cells, "first_line": None, "action": "declared",
                "example": f"masts lie {shift.share * shift.shift_m:.0f} m from the middles of "
                f"their samples, all one way; GCJ-02 lies {shift.shift_m:.0f} m that way",
            })  # fmt: skip
    more = pa.Table.from_pylist(found, PROBLEMS.schema)
    ctx.write("problems", pa.concat_tables([ctx.tables.read("problems"), more]))
