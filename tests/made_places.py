"""Key places made by hand: their tables, and the steps that judge them, without a pipeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely

from covermap.engine.step import StepContext
from covermap.rules import RulePack, load_pack
from covermap.steps.places import count_places, judge_key_places
from covermap.store import Tables, write_table
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config

PACK = load_pack("miit-2025")
CENTRE = (121.47, 31.23)
DAY = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
GOOD, BAD, NONE, FEW, ABSENT = "good", "bad", "none", "few", "absent"
LEVELS = {GOOD: -70.0, FEW: -70.0, BAD: -125.0}


def place(place_id: str, points: Sequence[str | None], **changes: Any) -> list[dict[str, Any]]:
    """Rows of `places`: a place and its key points, all at one position."""
    base = {
        "place_id": place_id, "scene": "hospital", "grade": "tertiary", "floor": None,
        "code": place_id, "name": f"Place {place_id}", "population": None, "input": "places",
        "geometry": shapely.to_wkb(shapely.Point(CENTRE)), "simulated": False,
    }  # fmt: skip
    return [base | {"key_point": name, "key_point_id": name or "-"} | changes for name in points]


def samples(
    where: tuple[str | None, str | None, str | None],
    what: str,
    operator: str = "46000",
    technology: str = "nr",
    **changes: Any,
) -> list[dict[str, Any]]:
    """Rows of `samples`: what one stay at one key point gave, without positions."""
    count = {ABSENT: 0, FEW: 2}.get(what, 20)
    named = dict(zip(("place", "key_point", "floor"), where, strict=True))
    base = {
        "run_id": "indoor/a", "campaign": "indoor", "source": "drive", "time": DAY,
        "position_basis": "lost", "operator": operator, "service": what != NONE,
        "technology": "none" if what == NONE else technology, "rsrp_dbm": LEVELS.get(what),
        "sinr_db": None if what == NONE else 12.0, "antenna": "handheld", "period": "2026-03",
        "simulated": False, **named,
    }  # fmt: skip
    return [base | changes for _ in range(count)]


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows of a table, in its order."""
    made = pa.Table.from_pylist([dict(row) for row in rows], schema=TABLES[name].schema)
    return in_order(conform(made, TABLES[name]), TABLES[name])


def run(folder: Path, rules: RulePack = PACK, **tables: list[dict[str, Any]]) -> Tables:
    """Write tables, and run both steps on them."""
    given = {"runs": [RUN], "problems": [], **tables}
    given["samples"] = [
        row | {"seq": i} for i, row in enumerate(given.get("samples", []))
    ]  # fmt: skip
    before = folder / "before"
    for name, rows in given.items():
        write_table(before / f"{name}.parquet", table(name, rows), TABLES[name])
    return again(folder, rules, count=True)


def again(
    folder: Path,
    rules: RulePack,
    *,
    count: bool = False,
    within: tuple[str, str] | None = None,
) -> Tables:
    """Judge (and count) what is in a folder that `run` made, in all periods or some."""
    before, out = folder / "before", folder / "out"
    out.mkdir(exist_ok=True)
    context = StepContext(Tables(before, within), out, Config(), rules)
    if count:
        count_places(context)
        for name in ("named_points", "place_evidence", "problems"):
            (out / f"{name}.parquet").replace(before / f"{name}.parquet")
    judge_key_places(context)
    return Tables(out)


RUN = {
    "run_id": "indoor/a", "input": "indoor", "file": "raw/indoor.csv", "campaign": "indoor",
    "source": "drive", "operator": None, "read": 0, "accepted": 0, "rejected": 0,
    "distance_m": 0.0,
}  # fmt: skip


def by_layer(tables: Tables, name: str, column: str) -> dict[tuple[str, ...], Any]:
    """One column of verdicts by place (and key point), operator and technology."""
    found = {}
    for row in tables.read(name).to_pylist():
        point = (row["key_point_id"],) if "key_point_id" in row else ()
        found[(row["place_id"], *point, row["operator"], row["technology"])] = row[column]
    return found
