"""What stars are made of: the figures of each place, line and area, per layer."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from covermap.core.cells import parents, resolutions
from covermap.tables import LEVELS

READS = (
    "place_verdicts", "key_point_verdicts", "line_verdicts", "segment_verdicts", "people_verdicts",
    "cell_verdicts", "counting_cells", "quality_verdicts",
)  # fmt: skip
SUM = """sum(CAST(round(1e3 * rsrp_mean_dbm * {part}) AS HUGEINT)) FILTER (verdict <> 'unmeasured')
    / sum(CAST(round(1e3 * {part}) AS HUGEINT))
      FILTER (verdict <> 'unmeasured' AND rsrp_mean_dbm IS NOT NULL)"""
"""Mean level by length or area. Whole numbers are added up: their sum does not depend on order."""
_PLACES = """
SELECT 'place' AS kind, CAST(NULL AS VARCHAR) AS level, p.place_id AS id, p.name,
  p.operator, p.technology, p.met / nullif(p.met + p.missed, 0) AS coverage,
  p.met / p.key_points AS coverage_low, (p.met + p.unmeasured) / p.key_points AS coverage_high,
  k.signal, p.n, p.simulated
FROM place_verdicts p JOIN (
  SELECT place_id, operator, technology,
    sum(CAST(round(1e6 * rsrp_mean_dbm) AS HUGEINT)) FILTER (verdict <> 'unmeasured')
    / (1e6 * count(rsrp_mean_dbm) FILTER (verdict <> 'unmeasured')) AS signal
  FROM key_point_verdicts GROUP BY place_id, operator, technology
) k USING (place_id, operator, technology)
"""
_LINES = f"""
SELECT 'line', NULL, l.line_id, coalesce(l.name, l.ref), l.operator, l.technology, l.covered_share,
  l.share_if_rest_bad, l.share_if_rest_good, s.signal, s.n, l.simulated
FROM line_verdicts l JOIN (
  SELECT line_id, operator, technology, CAST(sum(n) AS BIGINT) AS n,
    {SUM.format(part="length_m")} AS signal
  FROM segment_verdicts GROUP BY line_id, operator, technology
) s USING (line_id, operator, technology)
"""
_AREAS = """
SELECT 'area', v.level, v.region_id, v.name, v.operator, v.technology,
  v.covered_km2 / nullif(v.area_km2 - v.unmeasured_km2, 0), v.covered_km2 / nullif(v.area_km2, 0),
  (v.covered_km2 + v.unmeasured_km2) / nullif(v.area_km2, 0), c.signal, coalesce(c.n, 0),
  v.simulated
FROM people_verdicts v LEFT JOIN ({cells}) c
  ON c.level = v.level AND c.region_id = v.region_id AND c.operator = v.operator
  AND c.technology = v.technology
WHERE v.scope = 'region'
"""
_OF_LEVEL = """
SELECT '{level}' AS level, {level} AS region_id, operator, technology,
  CAST(sum(n) AS BIGINT) AS n,
  {signal} AS signal
FROM cell_verdicts JOIN counted USING (cell) WHERE {level} IS NOT NULL
GROUP BY {level}, operator, technology
"""
_TESTS = {"rate": "tests_share", "latency": "latency_median_ms", "stalls": "stall_share"}
"""Component -> the figure of quality_verdicts that it is."""


def figures(connection: Any) -> pa.Table:
    """Give one row for each place, line and area in each layer, in the order of the table.

    Columns: kind, level, id, name, operator, technology; coverage and signal; rate, latency and
    stalls; each but signal with `_low` and `_high`, those of tests with `_tests`; n, simulated.
    Tests of several sources together are taken where there are such.
    """
    _count_cells(connection)
    signal = SUM.format(part="area_m2")
    cells = " UNION ALL ".join(_OF_LEVEL.format(level=level, signal=signal) for level in LEVELS)
    rated = " UNION ALL ".join((_PLACES, _LINES, _AREAS.format(cells=cells)))
    tests = ", ".join(
        f"q.{name}.{part} AS {name}{end}"
        for name in _TESTS
        for part, end in (("value", ""), ("low", "_low"), ("high", "_high"), ("tests", "_tests"))
    )
    most = ", ".join(
        "arg_max(struct_pack(value, low, high, tests), (tests, source)) "
        f"FILTER (figure = '{figure}') AS {name}"
        for name, figure in _TESTS.items()
    )
    return connection.sql(f"""
        WITH r AS ({rated}), q AS (
          SELECT CASE scope WHEN 'region' THEN 'area' ELSE scope END AS kind, level,
            scope_id AS id, operator, technology, {most}
          FROM quality_verdicts WHERE scope <> 'all' AND value IS NOT NULL
          GROUP BY scope, level, scope_id, operator, technology
        )
        SELECT r.*, {tests} FROM r LEFT JOIN q ON q.kind = r.kind AND q.id = r.id
          AND q.level IS NOT DISTINCT FROM r.level AND q.operator = r.operator
          AND q.technology = r.technology
        ORDER BY r.kind, r.level, r.operator, r.technology, r.id
    """).to_arrow_table()  # fmt: skip


def _count_cells(connection: Any) -> None:
    """Lay out the regions of each cell that has a verdict: those of its counting cell."""
    cells = connection.sql("SELECT DISTINCT cell FROM cell_verdicts ORDER BY cell").to_arrow_table()
    counting = connection.sql("SELECT cell FROM counting_cells LIMIT 1").to_arrow_table()
    above = cells.column("cell").to_numpy()
    if counting.num_rows and len(above):
        above = parents(above, int(resolutions(counting.column("cell").to_numpy())[0]))
    connection.register("above", pa.table({"cell": cells.column("cell"), "parent": above}))
    levels = ", ".join(LEVELS)
    connection.execute(
        f"CREATE TEMP TABLE counted AS SELECT above.cell, {levels} FROM above "
        "JOIN counting_cells ON counting_cells.cell = above.parent"
    )
