"""Alerts: what got worse from one build to another, beyond noise.

Told is a figure with an interval (the covered share of a line) that fell so far that noise does
not explain it, and a verdict that fell together with its figure (a line that passed, and fails
now). A line that is known to fail because more was measured, at a share no lower than before, did
not get worse. What only one of the builds has is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.changes import discoveries, p_no_drop
from covermap.core.geodesy import Floats
from covermap.store import Build
from covermap.tables import ANY, conform, in_order
from covermap.tables.alerts import ALERTS
from covermap.tables.places import DEEP
from covermap.tables.villages import VILLAGE_VERDICT_WORDS

_TOLD = pa.schema([field for field in ALERTS.schema if field.name != "simulated"])
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
    figure: str | None = None
    """Column that names the figure; None: the column of the value does."""
    unit: str = "'share'"
    sign: str = "1"
    """-1: less is better."""
    rule: str = "line"
    """Section of the rule pack without which it is not judged; its `confidence` is that of the
    intervals."""


_LESS_IS_BETTER = "figure LIKE 'latency%ms' OR figure = 'stall_share'"
WATCHED = (
    Watched(
        "line", "line_verdicts", "line_id", "share_expected", "share_low", "share_high",
        "coalesce(name, ref)", "answer", ("pass", "undetermined", "fail"),
    ),
    Watched(
        "village", "village_verdicts", "village_id", "probability",
        verdict="verdict", order=VILLAGE_VERDICT_WORDS[:3],
    ),
    Watched(
        "quality", "quality_verdicts", "concat_ws('/', scope, level, scope_id, source)", "value",
        "low", "high", "name", "answer", ("pass", "undetermined", "fail"), "figure",
        "CASE WHEN figure LIKE '%mbps' THEN 'Mbit/s' WHEN figure LIKE '%ms' THEN 'ms' "
        "ELSE 'share' END",
        f"CASE WHEN {_LESS_IS_BETTER} THEN -1 ELSE 1 END", "service",
    ),
    Watched(
        "star", "star_ratings", "concat_ws('/', kind, level, id)", "points", name="name",
        verdict="CAST(stars AS VARCHAR)", order=("5", "4", "3", "2", "1"), unit="'points'",
        rule="stars",
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
    simulated = before.simulated or after.simulated
    parts = [_worse(one, before, after, false_share) for one in WATCHED]
    made = pa.concat_tables([_TOLD.empty_table(), *parts, _probes(before, after)])
    made = made.append_column("simulated", pa.array([simulated] * made.num_rows, pa.bool_()))
    return in_order(conform(made, ALERTS), ALERTS)


def _worse(watched: Watched, before: Build, after: Build, false_share: float) -> pa.Table:
    rules = after.manifest["rules"].get(watched.rule)
    if rules is None:  # the pack does not judge it
        return _TOLD.empty_table()
    rows = _both(watched, before, after)
    sign, was, now = (_floats(rows, name) for name in ("sign", "value_before", "value_after"))
    ends = {name: _floats(rows, name) for name in ("low_before", "high_before", "low_after",
                                                    "high_after")}  # fmt: skip
    facing = np.where(sign > 0, ends["low_before"], ends["high_before"])
    other = np.where(sign > 0, ends["high_after"], ends["low_after"])
    confidence = float(rules.get("confidence", 0.95))  # stars have neither it nor intervals
    p = p_no_drop(sign * was, sign * facing, sign * now, sign * other, confidence)
    beyond = discoveries(p, false_share)
    with np.errstate(invalid="ignore"):
        fell = sign * now < sign * was
    told = beyond | (fell & pc.fill_null(rows.column("lower"), False).to_numpy())
    made = rows.append_column("p_noise", pa.array(p, from_pandas=True))
    made = made.append_column("beyond_noise", pa.array(beyond)).filter(pa.array(told))
    return made.select(_TOLD.names).cast(_TOLD)


def _both(watched: Watched, before: Build, after: Build) -> pa.Table:
    """Bring the rows of both builds together; `lower`: the verdict fell."""
    select = {
        "kind": f"'{watched.kind}'", "subject_id": "subject_id", "name": "b.name",
        "operator": "operator", "technology": "technology",
        "before": "a.verdict", "after": "b.verdict", "figure": "figure", "unit": "b.unit",
        **{f"{n}_before": f"a.{n}" for n in ("value", "low", "high")},
        **{f"{n}_after": f"b.{n}" for n in ("value", "low", "high")},
        "lower": _lower(watched.order), "sign": "b.sign",
    }  # fmt: skip
    columns = ", ".join(f"{sql} AS {name}" for name, sql in select.items())
    with _two(watched.table, before, after) as both:
        both.execute(f"CREATE VIEW a AS {_rows(watched, 'earlier')}")
        both.execute(f"CREATE VIEW b AS {_rows(watched, watched.table)}")
        key = "subject_id, operator, technology, figure"
        return both.sql(
            f"SELECT {columns} FROM a JOIN b USING ({key}) ORDER BY {key}"
        ).to_arrow_table()


def _two(table: str, before: Build, after: Build) -> Any:
    """Open a table of the later build by its name, and of the earlier one as `earlier`."""
    both = after.connect(table)
    parts = [str(part) for part in before.parts(table)]
    both.register("earlier", both.read_parquet(parts) if parts else before.read(table))
    return both


def _probes(before: Build, after: Build) -> pa.Table:
    """Give alarms of fixed devices that are open, and were not in the earlier build."""
    units = (
        "CASE figure WHEN 'level' THEN 'dBm' WHEN 'latency' THEN 'ms' "
        "WHEN 'availability' THEN 'share' ELSE 'Mbit/s' END"
    )
    given = {
        "kind": "'probe'", "subject_id": "device_id", "operator": "operator",
        "technology": f"'{ANY}'", "figure": "figure", "unit": units, "value_before": "usual",
        "value_after": "now", "beyond_noise": "true",
    }  # fmt: skip
    columns = ", ".join(f"{given.get(name, 'NULL')} AS {name}" for name in _TOLD.names)
    key = "device_id, operator, figure"
    with _two("probe_alarms", before, after) as both:
        return (
            both.sql(
                f"SELECT {columns} FROM probe_alarms WHERE open AND ({key}) NOT IN "
                f"(SELECT ({key}) FROM earlier WHERE open) ORDER BY {key}"
            )
            .to_arrow_table()
            .cast(_TOLD)
        )


def _rows(watched: Watched, table: str) -> str:
    numbers = {"value": watched.value, "low": watched.low, "high": watched.high}
    columns = {
        "subject_id": f"CAST({watched.subject} AS VARCHAR)", "operator": "operator",
        "technology": "technology", "name": watched.name, "verdict": watched.verdict or "NULL",
        "figure": watched.figure or repr(watched.value), "unit": watched.unit,
        "sign": watched.sign,
        **{name: f"CAST({sql or 'NULL'} AS DOUBLE)" for name, sql in numbers.items()},
    }  # fmt: skip
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in columns.items())} FROM {table}"


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
