"""Continuous coverage of polygons, from the tables of a build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from covermap.core.cells import areas_m2, cells_at, centres, descendants, parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import area_verdicts as step
from covermap.store import Tables, write_table
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config

TOWN, RING = shapely.box(120.60, 31.28, 120.64, 31.31), shapely.box(120.60, 31.28, 120.62, 31.31)
EMPTY = shapely.box(110, 30, 110.1, 30.1)


def put(folder: Path, name: str, rows: list[dict[str, Any]], part: str | None = None) -> None:
    table = TABLES[name]
    path = folder / f"{name}.parquet" if part is None else folder / name / f"{part}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = conform(pa.Table.from_pylist(rows, schema=table.schema), table)
    write_table(path, in_order(data, table), table)


def cells() -> Any:
    found = descendants(np.unique(cells_at([120.61, 120.63, 120.62], [31.29] * 3, 5)), 9)
    lon, lat = centres(found)
    return found[shapely.contains_xy(shapely.buffer(TOWN, 0.01), lon, lat)]


def assessed(folder: Path, turn: int = 1, pack: str = "miit-2025") -> list[dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    found = cells()
    lon, _ = centres(found)
    west = lon < 120.62
    rows = [
        {"cell": c, "area_m2": a, "operator": o, "technology": "nr", "n": 5, "n_none": 0,
         "verdict": "covered" if w else "weak", "probability": 0.999 if w else 0.05,
         "basis": "measured", "last_period": "2025-01"}
        for c, a, w in zip(found.tolist(), areas_m2(found), west, strict=True)
        for o in ("46000", "any")
    ]  # fmt: skip
    shard = parents(np.array([r["cell"] for r in rows]), SHARD_RESOLUTION).tolist()
    for one in sorted(set(shard)):
        own = [r for r, s in zip(rows, shard, strict=True) if s == one]
        put(folder, "cell_verdicts", own[::turn], f"{one:x}")
    put(folder, "cell_people", [{"cell": c, "people": 10.0} for c in found.tolist()])
    shapes = {"town": TOWN, "ring": RING, "empty": EMPTY}
    put(folder, "regions", [
        {"region_id": name, "level": "other", "name": name, "geometry": shape.wkb, "input": "r",
         "simulated": False}
        for name, shape in list(shapes.items())[::turn]
    ])  # fmt: skip
    people = {"region_id": "ring", "scope": "region", "level": "other", "operator": "46000",
              "technology": "nr", "people": 500.0, "area_km2": 1.0, "simulated": False}  # fmt: skip
    km2 = {f"{v}_km2": 0.0 for v in ("covered", "weak", "none", "unmeasured")}
    put(folder, "people_verdicts", [people | km2])
    out = folder / "out"
    out.mkdir()
    step.run(StepContext(Tables(folder), out, Config(), load_pack(pack), root=folder))
    return Tables(out).read("area_verdicts").to_pylist()


def test_each_polygon_has_its_km2_by_verdict_its_share_with_an_interval_and_an_answer(tmp_path):
    rows = {r["region_id"]: r for r in assessed(tmp_path) if r["operator"] == "46000"}
    for row in rows.values():
        parts = sum(row[f"{v}_km2"] for v in ("covered", "weak", "none", "unmeasured"))
        assert parts == pytest.approx(row["area_km2"])
    town, ring, empty = rows["town"], rows["ring"], rows["empty"]
    assert town["area_km2"] == pytest.approx(3.81 * 3.33, rel=0.01)
    assert town["area_share_expected"] == pytest.approx(0.52, abs=0.05)
    assert town["area_share_low"] < town["area_share_expected"] < town["area_share_high"]
    assert town["answer"] == town["area_answer"] == "fail"
    assert ring["covered_km2"] > 0.97 * ring["area_km2"]
    assert ring["answer"] == "pass"
    assert ring["people_share_expected"] > 0.99
    assert ring["unmeasured_people"] == pytest.approx(500 - ring["covered_people"])
    assert ring["people_answer"] is None  # the pack asks for area alone
    assert town["people"] is None
    assert empty["unmeasured_km2"] == pytest.approx(empty["area_km2"])
    assert (empty["answer"], empty["area_share_expected"]) == ("undetermined", None)
    assert (empty["area_low"], empty["area_high"]) == (None, None)


def test_the_order_of_rows_does_not_change_a_byte(tmp_path):
    for name, turn in (("a", 1), ("b", -1)):
        assessed(tmp_path / name, turn)
    one, other = ((tmp_path / n / "out/area_verdicts.parquet").read_bytes() for n in "ab")
    assert one == other


def test_a_pack_without_a_rule_for_areas_assesses_none(tmp_path):
    assert assessed(tmp_path, pack="eirene") == []
