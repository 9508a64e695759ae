"""Archives of lines by answer: every piece of a line carries what is said of the whole line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from covermap.formats.archive import archive_name
from covermap.formats.mvt_values import Values
from covermap.formats.recipe import Recipe
from covermap.steps.tiles.courses import Courses, piece_archive
from covermap.steps.tiles.drawing import Made, values_of

_QUERY = """
SELECT CASE WHEN coalesce(v.covered_km + v.weak_km + v.none_km, 0) > 0 THEN v.answer
        ELSE 'unmeasured' END AS answer,
    v.* EXCLUDE (answer, line_id)
FROM (SELECT DISTINCT line_id FROM segments) AS l
LEFT JOIN (SELECT * FROM line_verdicts WHERE operator = ? AND technology = ?) AS v USING (line_id)
ORDER BY line_id
"""
"""A line of which nothing is measured is told apart, whatever the rule makes of it."""


def line_archive(
    build: DuckDBPyConnection,
    folder: Path,
    recipe: Recipe,
    courses: Courses,
    operator: str,
    technology: str,
    *,
    before: Path | None = None,
) -> Made:
    """Write the lines of one layer; `before` is an earlier result of the step."""
    drawn = recipe.layers["lines"]
    verdicts = _verdicts(build, operator, technology)

    @cache
    def told(piece_m: float | None) -> Values:
        starts = courses.piece_starts(piece_m)
        of_line = verdicts.take(pa.array(courses.line_numbers[starts]))
        columns = {name: of_line.column(name) for name in of_line.column_names}
        for name in ("line_id", "line", "class"):
            columns[name] = courses.rows.column(name).take(pa.array(starts))
        return values_of(pa.table(columns), drawn)

    name = archive_name("lines", operator, technology)
    return piece_archive(folder / name, "lines", recipe, courses, told, before)


def _verdicts(build: DuckDBPyConnection, operator: str, technology: str) -> pa.Table:
    """Verdict of each line in the layer, in the order of `Courses.line_numbers`."""
    return build.sql(_QUERY, params=[operator, technology]).to_arrow_table()
