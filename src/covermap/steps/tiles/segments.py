"""Archives of segments: one geometry for all layers, properties layer by layer."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.tiles.pyramid import Tally, merged, shown, tally
from covermap.formats.archive import archive_name
from covermap.formats.mvt_values import Values
from covermap.formats.recipe import Recipe
from covermap.steps.tiles.courses import Courses, piece_archive
from covermap.steps.tiles.drawing import Made, values_of
from covermap.tables import VERDICTS

Ints = NDArray[np.int64]
MM_PER_M = 1000
_VERDICT_LIST = ", ".join(f"'{v}'" for v in VERDICTS)
_QUERY = f"""
SELECT list_position([{_VERDICT_LIST}], v.verdict) - 1 AS verdict,
    v.n, v.share, v.rsrp_mean_dbm, v.probability, v.runs
FROM segments AS s
LEFT JOIN (SELECT * FROM segment_verdicts WHERE operator = ? AND technology = ?) AS v
    ON v.line_id = s.line_id AND v.segment = s.segment
ORDER BY s.line_id, s.segment
"""


def segment_archive(
    build: DuckDBPyConnection,
    folder: Path,
    recipe: Recipe,
    courses: Courses,
    operator: str,
    technology: str,
    *,
    before: Path | None = None,
) -> Made:
    """Write the segments of one layer; `before` is an earlier result of the step."""
    sums = _tally(build, courses, operator, technology)

    @cache
    def told(piece_m: float | None) -> Values:
        starts = courses.piece_starts(piece_m)
        return values_of(_properties(courses, sums, starts), recipe.layers["segments"])

    name = archive_name("segments", operator, technology)
    return piece_archive(folder / name, "segments", recipe, courses, told, before)


def _tally(build: DuckDBPyConnection, courses: Courses, operator: str, technology: str) -> Tally:
    data = build.sql(_QUERY, params=[operator, technology]).to_arrow_table()

    def filled(name: str, missing: Any) -> NDArray[Any]:
        values: NDArray[Any] = pc.fill_null(data.column(name), missing).to_numpy()
        return values

    return tally(
        size=np.rint(courses.column("length_m") * MM_PER_M).astype(np.int64),
        verdict=filled("verdict", VERDICTS.index("unmeasured")).astype(np.int8),
        n=filled("n", 0),
        share=filled("share", np.nan),
        rsrp_dbm=filled("rsrp_mean_dbm", np.nan),
        probability=filled("probability", np.nan),
        runs=filled("runs", 0),
    )


def _properties(courses: Courses, sums: Tally, starts: Ints) -> pa.Table:
    places = shown(merged(sums, starts))
    columns = {name: places.column(name) for name in places.column_names}
    for verdict in VERDICTS:
        columns[f"{verdict}_m"] = pc.divide(
            columns.pop(f"{verdict}_size").cast(pa.float64()), float(MM_PER_M)
        )
    ends = np.append(starts[1:], courses.rows.num_rows)[: len(starts)] - 1
    for name, rows in (("line_id", starts), ("line", starts), ("class", starts),
                       ("from_m", starts), ("to_m", ends)):  # fmt: skip
        columns[name] = courses.rows.column(name).take(pa.array(rows))
    return pa.table(columns)
