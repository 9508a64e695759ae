"""Alerts: what got worse from one build to another, beyond noise.

Told is a figure with an interval (the covered share of a line) that fell so far that noise does
not explain it, and a verdict that fell together with its figure (a line that passed, and fails
now). A line that is known to fail because more was measured, at a share no lower than before, did
not get worse. What only one of the builds has is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.changes import discoveries, p_no_drop
from covermap.core.geodesy import Floats
from covermap.store import Build
from covermap.tables import conform, in_order
from covermap.tables.alerts import ALERTS
from covermap.tables.places import DEEP
from covermap.tables.villages import VILLAGE_VERDICT_WORDS

FALSE_SHARE = 0.05
"""Of the drops that are told as beyond noise, the share that may be noise."""


@dataclass(frozen=True)
class Watched:
    """A figure of a table, more of which is better; with its interval and verdict, if any."""

    kind: str
    table: str
    subject: str
    """Column of its identity; SQL may bring several together."""
    value: str
    low: str | None = None
    high: str | None = None
    name: str = "NULL"
    verdict: str | None = None
    order: tuple[str, ...] = ()
    """Verdicts, best first; others are not compared."""
    where: str = "true"


WATCHED = (
    Watched(
        "line", "line_verdicts", "line_id", "share_expected", "share_low", "share_high",
        "coalesce(name, ref)", "answer", ("pass", "undetermined", "fail"),
    ),
    Watched(
        "village", "village_verdicts", "village_id", "probability",
        verdict="verdict", order=VILLAGE_VERDICT_WORDS[:3],
    ),
    # the figure of a place is the probability that it is deep if what is not measured is good: a
    # key point that nobody measured this time makes no place worse
    Watched(
        "place", "place_verdicts", "place_id", "probability_high", name="name",
        verdict="deep", order=(DEEP[0], DEEP[2], DEEP[1]),
    ),
)  # fmt: skip


def compare(before: Build, after: Build, false_share: float = FALSE_SHARE) -> pa.Table:
    """Give what got worse from one build to another.

    Parameters
    ----------
    false_share
        Of the drops told as beyond noise, the share that may be noise, 0-1. It holds over all
        figures of one kind together.

    Returns
    -------
    pa.Table
        Schema ALERTS.
    """
    confidence = float(after.manifest["rules"]["line"]["confidence"])
    simulated = before.simulated or after.simulated
    parts = [_worse(one, before, after, confidence, false_share) for one in WATCHED]
    made = pa.concat_tables([ALERTS.schema.empty_table().drop(["simulated"]), *parts])
    made = made.append_column("simulated", pa.array([simulated] * made.num_rows, pa.bool_()))
    return in_order(conform(made, ALERTS), ALERTS)


def _worse(
    watched: Watched, before: Build, after: Build, confidence: float, false_share: float
) -> pa.Table:
    rows = _both(watched, before, after)
    names = ("value_before", "low_before", "value_after", "high_after")
    seen = [_floats(rows, name) for name in names]
    p = p_no_drop(seen[0], seen[1], seen[2], seen[3], confidence)
    beyond = discoveries(p, false_share)
    fell = pc.fill_null(pc.less(rows.column("value_after"), rows.column("value_before")), False)
    lower = pc.and_(fell, pc.fill_null(rows.column("lower"), False))
    told = pc.or_(pa.array(beyond), lower.combine_chunks())
    made = rows.drop(["lower"])
    made = made.append_column("p_noise", pa.array(p, from_pandas=True))
    made = made.append_column("beyond_noise", pa.array(beyond)).filter(told)
    return made.select([n for n in ALERTS.names if n != "simulated"]).cast(
        pa.schema([f for f in ALERTS.schema if f.name != "simulated"])
    )


def _both(watched: Watched, before: Build, after: Build) -> pa.Table:
    """Bring the rows of both builds together; `lower`: the verdict fell."""
    select = {
        "kind": f"'{watched.kind}'", "subject_id": "subject_id", "name": "b.name",
        "operator": "operator", "technology": "technology",
        "before": "a.verdict", "after": "b.verdict",
        **{f"{n}_before": f"a.{n}" for n in ("value", "low", "high")},
        **{f"{n}_after": f"b.{n}" for n in ("value", "low", "high")},
        "lower": _lower(watched.order),
    }  # fmt: skip
    columns = ", ".join(f"{sql} AS {name}" for name, sql in select.items())
    with after.connect(watched.table) as both:
        both.execute(f"CREATE VIEW b AS {_rows(watched, watched.table)}")
        parts = [str(part) for part in before.parts(watched.table)]
        earlier = both.read_parquet(parts) if parts else before.read(watched.table)
        both.register("earlier", earlier)
        both.execute(f"CREATE VIEW a AS {_rows(watched, 'earlier')}")
        key = "subject_id, operator, technology"
        return both.sql(
            f"SELECT {columns} FROM a JOIN b USING ({key}) ORDER BY {key}"
        ).to_arrow_table()


def _rows(watched: Watched, table: str) -> str:
    ends = (watched.low or "NULL", watched.high or "NULL")
    return (
        f"SELECT CAST({watched.subject} AS VARCHAR) AS subject_id, operator, technology, "
        f"{watched.name} AS name, {watched.verdict or 'NULL'} AS verdict, "
        f"CAST({watched.value} AS DOUBLE) AS value, CAST({ends[0]} AS DOUBLE) AS low, "
        f"CAST({ends[1]} AS DOUBLE) AS high FROM {table} WHERE {watched.where}"
    )


def _lower(order: tuple[str, ...]) -> str:
    if not order:
        return "false"
    ranks = ", ".join(f"'{word}'" for word in order)
    return f"list_position([{ranks}], b.verdict) > list_position([{ranks}], a.verdict)"


def _floats(rows: pa.Table, name: str) -> Floats:
    made: Floats = rows.column(name).to_numpy(zero_copy_only=False).astype(float)
    return made


def as_payload(before: Build, after: Build, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Give what a webhook is sent: both builds, and the alerts."""
    return {
        "workspace": after.manifest.get("workspace", {}).get("name"),
        "build": after.id,
        "against": before.id,
        "rules": {"build": _pack(after), "against": _pack(before)},
        "alerts": rows,
    }


def _pack(build: Build) -> str:
    rules = build.manifest["rules"]
    return f"{rules['id']} {rules['version']}"


def packs_differ(before: Build, after: Build) -> str | None:
    """Say that two builds were judged by different rules; None: they were not."""
    if before.manifest["rules"] == after.manifest["rules"]:
        return None
    return (
        f"judged by different rules ({_pack(before)} and {_pack(after)}): what changed may come "
        "from them alone"
    )
