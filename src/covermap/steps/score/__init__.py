"""Score: verdicts and the pack's targets to one row a target, region and layer.

Each kind of target is answered by a query of the table that holds its verdicts, so that every
figure can be traced to rows (see `queries.of_target`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.score import UNDETERMINED, ranks, target_answers
from covermap.engine.step import StepContext
from covermap.rules import Grouping
from covermap.steps.score.asked import READS, Asked, quotas_of
from covermap.steps.score.queries import of_target
from covermap.tables import ALL, ANY, SCORECARD, conform, nan_as_null

__all__ = ["OF_SCORE", "READS", "run"]

OF_SCORE = ("targets", "grouping", "scenes", "service", "line")
"""Sections of the rule pack that a scorecard depends on."""
_SAME_LEVEL = ("target", "part", "level", "operator", "technology", "source")


def run(ctx: StepContext) -> None:
    """Write the scorecard: empty where the pack has no targets."""
    parts = [SCORECARD.schema.empty_table()]
    with ctx.connect(*READS) as connection:
        for name, target in sorted(ctx.rules.targets.items()):
            asked = Asked(connection, ctx.rules, name, target)
            parts.append(_told(of_target(asked), asked, ctx))
        rows = _with_headlines(connection, pa.concat_tables(parts), ctx.rules.grouping)
    ctx.write(SCORECARD.name, _with_ranks(rows.combine_chunks()))
    ctx.report["targets"] = len(ctx.rules.targets)


def _told(found: pa.Table, asked: Asked, ctx: StepContext) -> pa.Table:
    """Bring what a query found into the table: target, answer, and a row where there is none."""
    about = {"target": asked.name, "kind": asked.target.kind, "year": asked.target.year}
    missing = _missing(found, asked, ctx)
    if missing:
        more = pa.Table.from_pylist(missing, found.schema)
        found = pa.concat_tables([found, more])
    for name, value in about.items():
        found = found.append_column(name, pa.repeat(pa.scalar(value), found.num_rows))
    low, high, target, total, value = (
        found.column(n).to_numpy() for n in ("low", "high", "target_value", "total", "value")
    )
    answer = target_answers(low, high, target, total)
    if asked.has_figure:  # of all that there is; how much that is, is not known
        whole = np.array([scope == "all" for scope in found.column("scope").to_pylist()], bool)
        answer = np.where(whole & np.isnan(target), UNDETERMINED, answer)
    found = found.append_column("answer", pa.array(answer.tolist(), pa.string()))
    with np.errstate(invalid="ignore", divide="ignore"):
        reached = np.where(target > 0, value / target, np.nan)
    found = found.append_column("reached", nan_as_null(reached))
    found = found.append_column("headline", pa.repeat(pa.scalar(value=False), found.num_rows))
    return conform(found, SCORECARD)


def _missing(found: pa.Table, asked: Asked, ctx: StepContext) -> list[dict[str, object]]:
    """Rows of a target, and of each quota, that nothing in the build tells of."""
    there = set(found.filter(pc.equal(found.column("scope"), "all")).column("part").to_pylist())
    wanted = {None: (asked.unit, asked.figure), **quotas_of(asked)}
    empty: dict[str, object] = {
        "scope": "all", "operator": ANY, "technology": ANY, "rows": 0, "of": asked.table,
        "simulated": ctx.config.workspace.simulated,
    }  # fmt: skip
    return [
        empty | {"part": part, "unit": unit, "target_value": figure}
        for part, (unit, figure) in wanted.items() if part not in there
    ]  # fmt: skip


def _with_headlines(connection: Any, rows: pa.Table, grouping: Grouping | None) -> pa.Table:
    """Mark, of each target and region, the row of the layer that is told first."""
    connection.register("told", rows)
    first = {
        "operator": (grouping.operator if grouping else ALL, ALL, ANY),
        "technology": (grouping.technology if grouping else ANY, ANY),
        "source": ("mixed",),
    }
    order = ", ".join(
        f"coalesce(list_position(${name}, {name}), {len(wanted) + 1}), {name} NULLS FIRST"
        for name, wanted in first.items()
    )
    found = connection.sql(
        "SELECT * REPLACE (row_number() OVER (PARTITION BY target, part, scope, level, region_id "
        f"ORDER BY {order}) = 1 AS headline) FROM told",
        params={name: list(wanted) for name, wanted in first.items()},
    )
    return conform(found.to_arrow_table(), SCORECARD)


def _with_ranks(rows: pa.Table) -> pa.Table:
    """Rank regions of one level by their share of all, where there is an all, else by value."""
    value, total = (rows.column(n).to_numpy() for n in ("value", "total"))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, value / total, np.where(total == 0, np.nan, value))
    keys = (pc.fill_null(rows.column(n).cast(pa.string()), "") for n in _SAME_LEVEL)
    group = pc.binary_join_element_wise(*keys, "\0").combine_chunks().dictionary_encode()
    region = np.array([scope == "region" for scope in rows.column("scope").to_pylist()], bool)
    place = ranks(group.indices.to_numpy().astype(np.int64), np.where(region, share, np.nan))
    at = rows.column_names.index("rank")
    return rows.set_column(at, "rank", pa.array(place.astype(np.int32), mask=place == 0))
