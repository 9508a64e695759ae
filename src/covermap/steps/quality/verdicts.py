"""Counts of tests to figures of service quality, each with its interval and answer.

Only counts are read; another rule pack reads no sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from covermap.core.quality.figures import Binned
from covermap.engine.step import StepContext
from covermap.rules import ServiceRule
from covermap.steps.quality.answers import Judged, figures_of
from covermap.store.tables import UNDATED
from covermap.tables import ANY, MIXED, NO_TECHNOLOGY, QUALITY_VERDICTS, conform, in_order

NAME = QUALITY_VERDICTS.name
RATES = "rates"
"""Tests of both directions together."""
KINDS = ("downlink", "uplink", RATES, "latency", "stall", "connect")
KEY = ("scope", "level", "scope_id", "operator", "technology", "source")
_MBPS = 1_000_000
_MS = 1_000


def run(ctx: StepContext) -> None:
    """Write `quality_verdicts`: every figure of every place, layer and source."""
    made = [QUALITY_VERDICTS.schema.empty_table()]
    with ctx.connect("test_evidence", "regions", "lines", "places") as build:
        _prepare(build, ctx)
        for kind in KINDS:
            made += [conform(one, QUALITY_VERDICTS) for one in _of_kind(build, kind, ctx)]
    ctx.write(NAME, in_order(pa.concat_tables(made), QUALITY_VERDICTS))


def _prepare(build: Any, ctx: StepContext) -> None:
    """Lay out what every kind is taken from: tests as the pack sees them, and names of places."""
    within = ctx.tables.within
    when = "true"
    if within is not None:
        when = f"period BETWEEN '{within[0]}' AND '{within[1]}' AND period <> '{UNDATED}'"
    judged, met = _standards(ctx.rules.service)
    build.execute(
        "CREATE TEMP TABLE base AS SELECT scope, level, scope_id, operator, technology, source, "
        "kind, bin, n, sum, period, device_id, simulated, "
        "regexp_replace(run_id, '/part-[0-9]+$', '') AS run, "
        f"{judged} AS judged, {judged} AND {met} AS met FROM test_evidence WHERE {when}"
    )
    build.execute(
        "CREATE TEMP TABLE named AS SELECT 'region' AS scope, region_id AS scope_id, name "
        "FROM regions UNION ALL SELECT 'line', line_id, coalesce(name, ref) FROM lines "
        "UNION ALL SELECT 'place', place_id, min(name) FROM places GROUP BY place_id"
    )


def _standards(rule: ServiceRule | None) -> tuple[str, str]:
    """Write in SQL whether a standard asks something of a test, and whether it meets it.

    A test without service is asked what any technology is asked, and never meets it.
    """
    if rule is None:
        return "kind IN ('stall', 'connect')", "bin = 1"
    judged, met = ["kind IN ('stall', 'connect')"], ["(kind IN ('stall', 'connect') AND bin = 1)"]
    for kind, name in (("downlink", "downlink_mbps"), ("uplink", "uplink_mbps")):
        rates = {t: getattr(one, name) for t, one in rule.rates.items()}
        asked = {t: round(rate * _MBPS) for t, rate in rates.items() if rate is not None}
        if asked:
            words = ", ".join(f"'{t}'" for t in (*asked, NO_TECHNOLOGY))
            judged.append(f"(kind = '{kind}' AND technology IN ({words}))")
        met += [
            f"(kind = '{kind}' AND technology = '{t}' AND bin >= {rate})"
            for t, rate in asked.items()
        ]
    if rule.latency_ms is not None:
        judged.append("kind = 'latency'")
        met.append(
            f"(kind = 'latency' AND technology <> '{NO_TECHNOLOGY}' "
            f"AND bin <= {round(rule.latency_ms * _MS)})"
        )
    return f"({' OR '.join(judged)})", f"({' OR '.join(met)})"


def _of_kind(build: Any, kind: str, ctx: StepContext) -> Iterator[pa.Table]:
    kinds = "('downlink', 'uplink')" if kind == RATES else f"('{kind}')"
    own = f"SELECT * FROM base WHERE kind IN {kinds}"
    if kind == RATES:
        own += " AND judged"
    build.execute(f"CREATE OR REPLACE TEMP TABLE wide AS {_widened(own)}")
    groups = build.sql(_GROUPS).to_arrow_table()
    if not groups.num_rows:
        return
    build.register("groups", groups)
    rows = build.sql(_ROWS).to_arrow_table()
    build.unregister("groups")
    yield from figures_of(kind, Judged(groups, *_binned(groups.num_rows, rows)), ctx.rules.service)


def _widened(own: str) -> str:
    """Add tests of all operators, all technologies, and of several sources together."""
    layers = (
        f"SELECT * REPLACE (CASE WHEN o THEN '{ANY}' ELSE operator END AS operator, "
        f"CASE WHEN t THEN '{ANY}' ELSE technology END AS technology) FROM ({own}) "
        "CROSS JOIN (VALUES (false, false), (false, true), (true, false), (true, true)) AS g(o, t)"
    )
    keys = ", ".join(KEY[:5])
    return (
        f"WITH layers AS ({layers}), several AS (SELECT {keys} FROM layers GROUP BY {keys} "
        "HAVING count(DISTINCT source) > 1) SELECT * FROM layers UNION ALL "
        f"SELECT * REPLACE ('{MIXED}' AS source) FROM layers SEMI JOIN several ON "
        + " AND ".join(f"layers.{k} IS NOT DISTINCT FROM several.{k}" for k in KEY[:5])
    )


_KEYS = ", ".join(KEY)
_EVERY = ", ".join(f"every.{key}" for key in KEY)
_GROUPS = f"""
WITH seen AS (
  SELECT {_KEYS}, count(DISTINCT run) AS runs, count(DISTINCT device_id) AS devices,
    count(DISTINCT coalesce(device_id, run)) AS apart, min(period) AS first_period,
    max(period) AS last_period, bool_or(simulated) AS simulated
  FROM wide GROUP BY {_KEYS}
), every AS (
  SELECT {_KEYS} FROM seen UNION
  SELECT 'region', regions.level, region_id, operator, technology, source
  FROM regions CROSS JOIN (SELECT * FROM seen WHERE scope = 'all')
)
SELECT row_number() OVER (ORDER BY {_EVERY}) - 1 AS number, every.*, name,
  coalesce(runs, 0) AS runs, coalesce(devices, 0) AS devices,
  coalesce(devices > 0 AND apart > 1, false) AS by_device,
  first_period, last_period, coalesce(simulated, false) AS simulated
FROM every LEFT JOIN seen ON {" AND ".join(f"every.{k} IS NOT DISTINCT FROM seen.{k}" for k in KEY)}
LEFT JOIN named ON every.scope = named.scope AND every.scope_id = named.scope_id
ORDER BY number
"""
"""Groups of tests, numbered in order; regions without any test have those of the whole."""
_ROWS = f"""
WITH told AS (
  SELECT number, CASE WHEN by_device THEN coalesce(device_id, run) ELSE run END AS cluster,
    bin, n, sum, judged, met
  FROM wide JOIN groups ON {" AND ".join(f"wide.{k} IS NOT DISTINCT FROM groups.{k}" for k in KEY)}
)
SELECT number, dense_rank() OVER (ORDER BY number, cluster) - 1 AS cluster, bin,
  CAST(sum(n) AS BIGINT) AS n, CAST(sum(sum) AS BIGINT) AS sum,
  CAST(coalesce(sum(n) FILTER (judged), 0) AS BIGINT) AS judged,
  CAST(coalesce(sum(n) FILTER (met), 0) AS BIGINT) AS met
FROM told GROUP BY number, told.cluster, bin ORDER BY number, bin, cluster
"""
"""Counts of groups by cluster and bin."""


def _binned(groups: int, rows: pa.Table) -> tuple[Binned, np.ndarray, np.ndarray]:
    number, cluster, edge, n, total, judged, met = (
        column.to_numpy().astype(np.int64) for column in rows.columns
    )
    return Binned(groups, number, cluster, edge, n, total), judged, met
