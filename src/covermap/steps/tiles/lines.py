"""Archives of lines by answer: every piece of a line carries what is said of the whole line."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from covermap.formats.archive import archive_name
from covermap.formats.recipe import Recipe, Zoom
from covermap.steps.tiles.courses import Courses, piece_ways
from covermap.steps.tiles.drawing import (
    Made,
    Packed,
    bounds_of,
    draw,
    draw_archive,
    packed,
    rounded,
)

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
) -> Made:
    """Write the lines of one layer."""
    drawn = recipe.layers["lines"]
    verdicts = _verdicts(build, operator, technology)

    def tiles(said: Zoom) -> Packed:
        starts = courses.piece_starts(said.piece_m)
        of_line = verdicts.take(pa.array(courses.line_numbers[starts]))
        columns = {name: of_line.column(name) for name in of_line.column_names}
        for name in ("line_id", "line", "class"):
            columns[name] = courses.rows.column(name).take(pa.array(starts))
        table = rounded(pa.table(columns), drawn.properties)
        return packed([draw("lines", courses.placed(said), courses.ids[starts], table)])

    path = folder / archive_name("lines", operator, technology)
    ways = partial(piece_ways, drawn, tiles)
    return draw_archive(path, "lines", recipe, ways, bounds_of(courses.shapes))


def _verdicts(build: DuckDBPyConnection, operator: str, technology: str) -> pa.Table:
    """Verdict of each line in the layer, in the order of `Courses.line_numbers`."""
    return build.sql(_QUERY, params=[operator, technology]).to_arrow_table()
