"""Villages from the tables of a build: evidence in order, verdicts, sums by region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

import villages_reference as plain
from covermap.core.cells import cells_at, centres, descendants, parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import villages as step
from covermap.store import Tables, write_table
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config

VILLAGE = "320506001201"
AT = (120.62, 31.30)
FIELDS = {"input": "v", "simulated": False}


def put(folder: Path, name: str, rows: list[dict[str, Any]], part: str | None = None) -> None:
    table = TABLES[name]
    path = folder / f"{name}.parquet" if part is None else folder / name / f"{part}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = conform(pa.Table.from_pylist(rows or [], schema=table.schema), table)
    write_table(path, in_order(data, table), table)


def put_cells(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    shard = parents(np.array([r["cell"] for r in rows]), SHARD_RESOLUTION).tolist()
    for one in sorted(set(shard)):
        own = [r for r, s in zip(rows, shard, strict=True) if s == one]
        put(folder, name, own, f"{one:x}")


def verdict(cell: int, word: str, p: float | None, operator: str = "46000", **more: Any) -> Any:
    made = {
        "cell": cell, "area_m2": 1.0, "operator": operator, "technology": "nr", "verdict": word,
        "probability": p, "basis": "measured", "n": 5, "n_none": 0, "last_period": "2025-01",
    }  # fmt: skip
    return made | more


def foretold(cell: int, p: float, operator: str = "46000") -> Any:
    return {
        "cell": cell, "operator": operator, "technology": "nr", "rsrp_dbm": -90.0, "sd_db": 5.0,
        "drive_sd_db": 6.0, "probability": p, "basis": "predicted",
    }  # fmt: skip


def village(code: str, at: Any, **more: Any) -> Any:
    wkb = None if at is None else shapely.to_wkb(at if hasattr(at, "wkb") else shapely.Point(at))
    return {"village_id": code, "code": code, "name": f"v{code}", "geometry": wkb} | FIELDS | more


def key_point(code: str, name: str, at: Any) -> Any:
    wkb = shapely.to_wkb(shapely.Point(at))
    return {"village_id": code, "key_point": name, "kind": name, "geometry": wkb,
            "outside": False} | FIELDS  # fmt: skip


def disc(at: Any, radius_m: float) -> list[int]:
    """Cells of resolution 10 whose middle is near, found one by one."""
    around = np.array([at[0], at[0]]), np.array([at[1], at[1]])
    coarse = np.unique(cells_at(around[0], around[1], 6))
    cells = descendants(coarse, 10)
    lon, lat = centres(cells)
    away = plain.ELLIPSOID.inv(np.full(len(lon), at[0]), np.full(len(lon), at[1]), lon, lat)[2]
    return cells[away <= radius_m].tolist()


def judge(folder: Path, pack: str = "village-each-operator", **tables: Any) -> dict[str, Any]:
    for name, rows in tables.items():
        if name.startswith("cell_"):
            put_cells(folder, name, rows)
        else:
            put(folder, name, rows)
    out = folder / "out"
    out.mkdir()
    rules = load_pack(pack)
    step.run(StepContext(Tables(folder), out, Config(), rules, root=folder))
    made = Tables(out)
    names = ("village_verdicts", "village_sums", "village_regions")
    found = {name: made.read(name) for name in names}
    for name, data in found.items():
        assert data.schema.names == list(TABLES[name].names)
        assert data.equals(in_order(data, TABLES[name]))
    return {name: data.to_pylist() for name, data in found.items()}


def of(found: Any, code: str = VILLAGE, operator: str = "46000", technology: str = "nr") -> Any:
    (row,) = [
        r for r in found["village_verdicts"]
        if (r["village_id"], r["operator"], r["technology"]) == (code, operator, technology)
    ]  # fmt: skip
    return row


def test_a_village_is_judged_by_the_cells_within_its_radius_and_no_others(tmp_path):
    inside = disc(AT, 500)
    outside = sorted(set(disc(AT, 900)) - set(inside))
    rows = [verdict(c, "covered", 0.99) for c in inside]
    rows += [verdict(c, "none", 0.01, n_none=5) for c in outside]
    found = of(judge(tmp_path, villages=[village(VILLAGE, AT)], cell_verdicts=rows))
    assert found["verdict"] == "lit"
    assert found["cells"] == found["cells_covered"] == len(inside)
    assert found["n"] == 5 * len(inside)
    assert found["basis"] == "measured"
    assert found["evidence"] == "village"
    assert found["last_period"] == "2025-01"
    expected = plain.share_chance([0.99] * len(inside), 0.8, 0.8, 1.0, 3.0)
    assert found["probability"] == pytest.approx(expected)
    assert found["settles"] == 0.0


def test_a_polygon_is_judged_by_the_cells_whose_middle_it_holds(tmp_path):
    shape = shapely.box(120.600, 31.300, 120.612, 31.306)
    cells = disc((120.606, 31.303), 1500)
    lon, lat = centres(cells)
    within = shapely.contains_xy(shape, lon, lat)
    rows = [verdict(c, "covered" if w else "weak", 0.9) for c, w in zip(cells, within, strict=True)]
    found = of(judge(tmp_path, villages=[village(VILLAGE, shape)], cell_verdicts=rows))
    assert found["cells"] == found["cells_covered"] == within.sum() > 20


def test_a_village_over_the_border_of_shards_takes_cells_of_both(tmp_path):
    # the corner where cells of the shards' resolution meet
    lon = np.linspace(120.0, 121.5, 6001)
    shard = parents(cells_at(lon, np.full(len(lon), 31.3), 10), SHARD_RESOLUTION)
    at = (float(lon[np.flatnonzero(np.diff(shard))[0]]), 31.3)
    near = np.unique(cells_at(at[0] + np.array([-2e-3, 2e-3]), np.array([31.3, 31.3]), 10))
    assert len(np.unique(parents(near, SHARD_RESOLUTION))) == 2
    rows = [verdict(int(c), "covered", 0.99) for c in near]
    found = of(judge(tmp_path, villages=[village(VILLAGE, at)], cell_verdicts=rows))
    assert found["cells"] == 2


def test_measured_key_points_decide_before_the_village_and_name_the_best_and_the_worst(tmp_path):
    points = {"committee": AT, "school": (120.63, 31.30)}
    rows = []
    for name, at in points.items():
        good = name == "committee"
        rows += [verdict(c, "covered" if good else "weak", 0.98 if good else 0.1)
                 for c in disc(at, 100)]  # fmt: skip
    taken = {r["cell"] for r in rows}
    rows += [verdict(c, "covered", 0.99) for c in disc(AT, 500) if c not in taken]
    found = of(
        judge(
            tmp_path, villages=[village(VILLAGE, AT)], cell_verdicts=rows,
            village_points=[key_point(VILLAGE, n, at) for n, at in points.items()],
        )
    )  # fmt: skip
    assert found["verdict"] == "weak"
    assert found["evidence"] == "key points"
    assert found["key_points"] == found["key_points_measured"] == 2
    assert (found["best_key_point"], found["worst_key_point"]) == ("committee", "school")
    assert found["probability"] < 0.2


def test_under_the_rule_that_one_key_point_and_one_operator_are_enough_the_same_is_lit(tmp_path):
    rows = [verdict(c, "covered", 0.98) for c in disc(AT, 100)]
    rows += [verdict(c, "weak", 0.1) for c in disc((120.63, 31.30), 100)]
    rows += [verdict(c, "weak", 0.1, "46001") for c in disc(AT, 100)]
    points = [key_point(VILLAGE, "committee", AT), key_point(VILLAGE, "school", (120.63, 31.30))]
    found = judge(
        tmp_path, "village-any-operator", villages=[village(VILLAGE, AT)], cell_verdicts=rows,
        village_points=points,
    )  # fmt: skip
    assert of(found)["verdict"] == "lit"
    assert of(found, operator="46001")["verdict"] == "weak"
    assert of(found, operator="any")["verdict"] == "lit"
    assert of(found, operator="any", technology="any")["verdict"] == "lit"


def test_key_points_of_other_kinds_than_the_rules_do_not_count(tmp_path):
    rows = [verdict(c, "weak", 0.1) for c in disc((120.63, 31.30), 100)]
    rows += [verdict(c, "covered", 0.99) for c in disc(AT, 500)]
    points = [key_point(VILLAGE, "pig farm", (120.63, 31.30))]
    found = judge(tmp_path, villages=[village(VILLAGE, AT)], cell_verdicts=rows,
                  village_points=points)  # fmt: skip
    assert of(found)["key_points"] == 0
    assert of(found)["verdict"] == "lit"


def test_what_is_not_measured_is_foretold_then_told_by_sites_then_unmeasured(tmp_path):
    codes = [f"32050600120{i}" for i in range(4)]
    at = [(120.62 + 0.1 * i, 31.30) for i in range(3)]
    site = {
        "site_id": "s", "cell_id": "c", "operator": "46000", "technology": "nr",
        "lon": at[1][0] + 0.005, "lat": 31.30, "input": "s", "simulated": False,
    }  # fmt: skip
    blank = {c.name: False for c in TABLES["sites"].columns if str(c.type) == "bool"}
    found = judge(
        tmp_path, villages=[village(c, a) for c, a in zip(codes, [*at, None], strict=True)],
        cell_prediction=[foretold(c, 0.999) for c in disc(at[0], 500)], sites=[blank | site],
    )  # fmt: skip
    told = [of(found, c) for c in codes]
    assert [t["verdict"] for t in told] == ["lit", "unmeasured", "unmeasured", "unmeasured"]
    assert [t["basis"] for t in told] == ["predicted", "site", "site", None]
    assert [t["evidence"] for t in told] == ["prediction", "site", "site", None]
    assert [t["probability"] for t in told][1:] == [0.7, 0.1, None]
    assert all(t["settles"] > 0 for t in told)
    where = {r["village_id"]: r for r in found["village_regions"]}
    assert where[codes[3]]["lon"] is None
    assert where[codes[3]]["township"] == "320506001"


def test_a_build_without_any_evidence_keeps_every_village_unmeasured(tmp_path):
    found = judge(tmp_path, villages=[village(VILLAGE, AT), village("x", None)])
    layers = {(r["operator"], r["technology"]) for r in found["village_verdicts"]}
    assert layers == {("any", "nr"), ("any", "any")}
    assert {r["verdict"] for r in found["village_verdicts"]} == {"unmeasured"}
    rows = [r for r in found["village_sums"] if r["technology"] == "nr"]
    whole = next(r for r in rows if r["scope"] == "all")
    assert (whole["villages"], whole["unmeasured"], whole["assessed"]) == (2, 2, 0)
    assert (whole["lit_low"], whole["lit_high"], whole["expected_lit"]) == (0, 2, None)
    outside = [r for r in rows if r["scope"] == "outside"]
    assert [r["villages"] for r in outside] == [1] * 4


def test_a_pack_without_a_rule_for_villages_judges_none(tmp_path):
    found = judge(tmp_path, "eirene", villages=[village(VILLAGE, AT)])
    assert found == {"village_verdicts": [], "village_sums": [], "village_regions": []}


def country() -> tuple[list[Any], list[Any]]:
    source = np.random.default_rng(2)
    villages, rows = [], []
    for number in range(40):
        code = f"32050{number // 20}{number // 10 % 2:03d}{number:03d}"
        at = (120.0 + 0.03 * number, 31.3)
        villages.append(village(code, at))
        for cell in disc(at, 300) if number % 3 else []:
            good = source.random() < 0.8
            rows.append(verdict(cell, "covered" if good else "weak", 0.95 if good else 0.2))
    return villages, rows


def test_sums_of_every_level_add_up_and_hold_what_is_expected(tmp_path):
    villages, rows = country()
    regions = [
        {"region_id": "x", "code": "320500", "name": "苏州", "level": "city",
         "geometry": shapely.box(0, 0, 1, 1).wkb} | FIELDS
    ]  # fmt: skip
    found = judge(tmp_path, villages=villages, cell_verdicts=rows, regions=regions)
    sums = [r for r in found["village_sums"] if (r["operator"], r["technology"]) == ("46000", "nr")]
    words = ("lit", "weak", "dark", "unmeasured")
    for row in sums:
        assert sum(row[w] for w in words) == row["villages"]
        assert row["lit_low"] <= row["lit_high"] <= row["villages"]
        assert row["expected_low"] <= row["expected_lit"] <= row["expected_high"]
        assert row["lit_high"] == row["expected_high"] + row["villages"] - row["assessed"]
    for level in ("province", "city", "county", "township"):
        own = [r for r in sums if r["level"] == level]
        for word in ("villages", *words):
            assert sum(r[word] for r in own) == next(r for r in sums if r["scope"] == "all")[word]
    assert [r["region_id"] for r in sums if r["level"] == "county"] == ["320500", "320501"]
    assert [r["name"] for r in sums if r["level"] == "city"] == ["苏州"]
    counted = [r["verdict"] for r in found["village_verdicts"]
               if (r["operator"], r["technology"]) == ("46000", "nr")]  # fmt: skip
    whole = next(r for r in sums if r["scope"] == "all")
    assert [whole[w] for w in words] == [counted.count(w) for w in words]
    assert whole["unmeasured"] == 14


def test_the_order_of_rows_does_not_change_a_byte(tmp_path):
    villages, rows = country()
    made = []
    for name, turn in (("a", 1), ("b", -1)):
        folder = tmp_path / name
        folder.mkdir()
        judge(folder, villages=villages[::turn], cell_verdicts=rows[::turn])
        made.append({p.name: p.read_bytes() for p in (folder / "out").iterdir()})
    assert made[0] == made[1]


def test_villages_without_a_statistical_code_belong_where_they_lie(tmp_path):
    square = shapely.box(120, 31, 121, 32)
    regions = [
        {"region_id": name, "code": None, "name": name.upper(), "level": level,
         "geometry": square.wkb} | FIELDS
        for name, level in (("c1", "county"), ("p1", "province"))
    ]  # fmt: skip
    found = judge(
        tmp_path, villages=[village("SIM1", AT), village("SIM2", (119.0, 31.0))], regions=regions
    )
    told = {r["village_id"]: (r["county"], r["province"]) for r in found["village_regions"]}
    assert told == {"SIM1": ("c1", "p1"), "SIM2": (None, None)}
    counties = [(r["scope"], r["region_id"], r["name"], r["villages"])
                for r in found["village_sums"]
                if r["level"] == "county" and r["technology"] == "nr"]  # fmt: skip
    assert counties == [("outside", None, None, 1), ("region", "c1", "C1", 1)]
