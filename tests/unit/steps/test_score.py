"""How far targets are reached: from hand-made verdicts, each figure known beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from covermap.engine.step import StepContext
from covermap.rules import RulePack, load_pack
from covermap.rules.targets import PeopleTarget
from covermap.steps import score as step
from covermap.store import Tables, write_table
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config

PACK = load_pack("miit-2025")
LAYER = {"operator": "any", "technology": "any"}


def put(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Write rows; what a test does not care about is filled in."""
    table = TABLES[name]
    filled = []
    for row in rows:
        blank: dict[str, Any] = {}
        for column in table.columns:
            if not column.nullable:
                blank[column.name] = "x" if pa.types.is_string(column.type) else (
                    b"" if pa.types.is_binary(column.type) else 0)  # fmt: skip
                if pa.types.is_boolean(column.type):
                    blank[column.name] = False
        filled.append(blank | row)
    data = conform(pa.Table.from_pylist(filled, table.schema), table)
    write_table(folder / f"{name}.parquet", in_order(data, table), table)


def scored(folder: Path, pack: RulePack = PACK) -> list[dict[str, Any]]:
    out = folder / "out"
    out.mkdir()
    step.run(StepContext(Tables(folder), out, Config(), pack))
    return Tables(out).read("scorecard").to_pylist()


def only(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    found = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
    assert len(found) == 1, found
    return found[0]


def region(name: str, level: str) -> dict[str, Any]:
    return {"region_id": name, "level": level, "name": name.upper()}


def test_a_target_that_nothing_tells_of_keeps_its_row(tmp_path: Path) -> None:
    rows = scored(tmp_path)
    assert {row["target"] for row in rows} == set(PACK.targets)
    for row in rows:
        assert (row["value"], row["low"], row["high"], row["basis"]) == (None,) * 4
        named = row["target"] not in ("villages", "traffic-5g")
        assert row["answer"] == ("undetermined" if named else "untold")
    assert only(rows, target="hsr")["target_value"] == 30_000
    assert only(rows, target="tests")["target_value"] == 0.95
    assert only(rows, part="hospital.secondary")["target_value"] == 8000
    assert only(rows, part="hospital.tertiary")["target_value"] is None


def test_a_pack_without_targets_has_an_empty_scorecard(tmp_path: Path) -> None:
    assert scored(tmp_path, PACK.model_copy(update={"targets": {}})) == []


def lines(folder: Path) -> None:
    """Three metro lines: one passes, one is not settled, one was never measured."""
    own = {"class": "metro"} | LAYER
    about = (("m1", 20.0, 20.0, "pass"), ("m2", 30.0, 25.0, "undetermined"),
             ("m3", 50.0, None, "undetermined"))  # fmt: skip
    put(folder, "line_verdicts", [
        own | {"line_id": n, "route_length_km": km, "assessed_km": seen, "answer": answer}
        for n, km, seen, answer in about
    ])  # fmt: skip
    counties = (("m1", "a", 20.0), ("m2", "a", 10.0), ("m2", "b", 20.0), ("m3", "b", 50.0))
    put(folder, "section_verdicts", [
        own | {"section_id": f"{n}{r}", "line_id": n, "kind": "county", "region_id": r,
               "route_length_km": km, "assessed_km": km, "answer": "pass"}
        for n, r, km in counties
    ])  # fmt: skip
    sums = (("class", None, 1.4, 1, 2, 28.0, 20.0, 50.0), ("region_class", "a", 1.4, 1, 2, 24.0,
            20.0, 30.0), ("region_class", "b", 0.4, 0, 1, 8.0, 0.0, 20.0))  # fmt: skip
    put(folder, "network_verdicts", [
        own | {"scope": scope, "region_id": r, "units": 2, "units_expected": e, "units_low": lo,
               "units_high": hi, "continuous_km": km, "continuous_low_km": km_low,
               "continuous_high_km": km_high, "target": None if r else 200.0, "p_target": 0.0}
        for scope, r, e, lo, hi, km, km_low, km_high in sums
    ])  # fmt: skip
    put(folder, "regions", [region("a", "county"), region("b", "county")])


def pack_of_lines(unit: str, value: float) -> RulePack:
    target = PACK.line_targets["metro"].model_copy(update={"unit": unit, "value": value})
    return PACK.model_copy(update={"targets": {"metro": target}})


def test_lines_that_nobody_measured_may_be_covered_or_not(tmp_path: Path) -> None:
    lines(tmp_path)
    row = only(scored(tmp_path, pack_of_lines("lines", 2)), scope="all")
    assert (row["value"], row["low"], row["high"]) == (1.4, 1.0, 3.0)
    assert (row["total"], row["undetermined"], row["answer"]) == (3.0, 2.0, "undetermined")
    assert (row["rows"], row["of"], row["basis"]) == (3, "line_verdicts", "measured")
    assert row["reached"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("value", "answer"),
    [(20.0, "pass"), (20.001, "undetermined"), (100.0, "undetermined"), (100.001, "part")],
)
def test_kilometres_pass_by_their_lower_end_and_a_part_of_a_nation_cannot_fail(
    tmp_path: Path, value: float, answer: str
) -> None:
    lines(tmp_path)
    row = only(scored(tmp_path, pack_of_lines("km", value)), scope="all")
    assert (row["value"], row["low"], row["high"], row["total"]) == (28.0, 20.0, 100.0, 100.0)
    assert (row["undetermined"], row["answer"]) == (80.0, answer)
    assert row["p_target"] is None, "the probability in the table is of another figure"


def test_regions_are_ranked_by_their_share_and_have_no_target_of_their_own(tmp_path: Path) -> None:
    lines(tmp_path)
    rows = scored(tmp_path, pack_of_lines("km", 50))
    a, b = only(rows, region_id="a"), only(rows, region_id="b")
    assert [(r["value"], r["total"], r["undetermined"], r["rank"]) for r in (a, b)] == [
        (24.0, 30.0, 10.0, 1), (8.0, 70.0, 70.0, 2),
    ]  # fmt: skip
    assert b["high"] == 70.0, "20 km that may be covered, and 50 that nobody measured"
    assert (a["answer"], a["target_value"], a["name"], a["level"]) == (
        "untold",
        None,
        "A",
        "county",
    )
    assert only(rows, scope="all")["rank"] is None


SCENE = {"scene": "hospital", "operator": "all", "technology": "any"}


def scenes(folder: Path) -> None:
    """Tertiary hospitals, all of which are asked for; and universities without a quota here."""
    put(folder, "scene_sums", [
        SCENE | {"grade": "tertiary", "places": 10, "deep": 6, "not_deep": 1, "undetermined": 3,
                 "expected": 6.5, "low": 5.0, "high": 9.0, "quota_kind": "all", "quota": 10.0,
                 "reached": "no", "p_reached_low": 0.0, "p_reached_high": 0.0},
        SCENE | {"grade": "secondary", "places": 4, "deep": 4, "not_deep": 0, "undetermined": 0,
                 "expected": 4.0, "low": 4.0, "high": 4.0, "quota_kind": "count", "quota": 8000.0,
                 "reached": "undetermined", "p_reached_low": 0.0, "p_reached_high": 0.0},
        SCENE | {"grade": "C", "places": 2, "deep": 0, "not_deep": 0, "undetermined": 2,
                 "expected": 0.0, "low": 0.0, "high": 2.0, "quota_kind": None, "quota": None,
                 "reached": None, "p_reached_low": None, "p_reached_high": None},
    ])  # fmt: skip


def test_places_are_those_of_all_scenes_and_each_quota_has_its_row(tmp_path: Path) -> None:
    scenes(tmp_path)
    rows = [r for r in scored(tmp_path) if r["kind"] in ("places", "scenes")]
    row = only(rows, target="places")
    assert (row["value"], row["low"], row["high"], row["total"]) == (10.5, 9.0, 15.0, 16.0)
    assert (row["undetermined"], row["answer"]) == (5.0, "part")
    tertiary = only(rows, part="hospital.tertiary")
    assert (tertiary["value"], tertiary["target_value"], tertiary["answer"]) == (6.5, 10.0, "fail")
    assert only(rows, part="hospital.secondary")["answer"] == "part"
    assert not [r for r in rows if r["part"] == "hospital.C"]
    whole = only(rows, target="scenes", part=None)
    assert (whole["value"], whole["low"], whole["high"], whole["total"]) == (0.0, 0.0, 18.0, 19.0)
    assert (whole["unit"], whole["answer"]) == ("quotas", "fail")


def test_villages_are_told_beside_no_figure_and_in_each_region(tmp_path: Path) -> None:
    own = {"operator": "46000", "technology": "nr"}
    put(tmp_path, "village_sums", [
        own | {"scope": "all", "level": "all", "region_id": None, "villages": 10, "lit": 4,
               "weak": 1, "dark": 2, "unmeasured": 3, "assessed": 7, "expected_lit": 4.5,
               "expected_low": 4.0, "expected_high": 5.0, "lit_low": 4.0, "lit_high": 8.0,
               "last_period": "2025-06"},
        own | {"scope": "region", "level": "county", "region_id": "a", "name": "A", "villages": 3,
               "lit": 0, "weak": 0, "dark": 0, "unmeasured": 3, "assessed": 0, "lit_low": 0.0,
               "lit_high": 3.0},
    ])  # fmt: skip
    put(tmp_path, "village_verdicts", [
        own | {"village_id": "v1", "verdict": "lit", "basis": "measured"},
        own | {"village_id": "v2", "verdict": "lit", "basis": "predicted"},
    ])  # fmt: skip
    rows = [r for r in scored(tmp_path) if r["target"] == "villages"]
    row = only(rows, scope="all")
    assert (row["value"], row["low"], row["high"], row["total"]) == (4.5, 4.0, 8.0, 10.0)
    assert (row["undetermined"], row["answer"], row["basis"]) == (3.0, "untold", "both")
    assert row["last"] == "2025-06"
    county = only(rows, region_id="a")
    assert (county["value"], county["total"], county["undetermined"]) == (None, 3.0, 3.0)
    assert (county["basis"], county["rank"]) == (None, None)


def people(level: str, name: str, area: tuple[float, float], who: tuple[float, float]) -> Any:
    """Row with km2 and people covered, and unmeasured, of 100 each."""
    return {
        "scope": "region", "level": level, "region_id": name, "name": name, "operator": "all",
        "technology": "redcap", "people": 100.0, "covered_people": who[0],
        "unmeasured_people": who[1], "area_km2": 100.0, "covered_km2": area[0],
        "unmeasured_km2": area[1],
    }  # fmt: skip


def test_areas_are_counted_by_their_answers(tmp_path: Path) -> None:
    own = {"operator": "all", "technology": "redcap", "area_km2": 100.0}
    put(tmp_path, "area_verdicts", [
        own | {"level": level, "region_id": name, "name": name, "answer": answer,
               "unmeasured_km2": unseen}
        for level, name, answer, unseen in (
            ("city", "good", "pass", 2.0), ("county", "open", "undetermined", 8.0),
            ("county", "bad", "fail", 4.0), ("county", "unseen", "undetermined", 100.0),
            ("province", "other", "pass", 0.0),
        )
    ])  # fmt: skip
    rows = [r for r in scored(tmp_path) if r["target"] == "redcap"]
    row = only(rows, scope="all")
    assert (row["value"], row["low"], row["high"], row["total"]) == (1.0, 1.0, 3.0, 4.0)
    assert (row["target_value"], row["answer"], row["undetermined"]) == (4.0, "fail", 2.0)
    answers = {r["region_id"]: r["answer"] for r in rows if r["scope"] == "region"}
    assert answers == {"good": "pass", "open": "undetermined", "bad": "fail",
                       "unseen": "undetermined"}  # fmt: skip
    unseen = only(rows, region_id="unseen")
    assert (unseen["basis"], unseen["value"], unseen["undetermined"]) == (None, None, 1.0)


def test_people_where_nobody_measured_may_be_covered_or_not(tmp_path: Path) -> None:
    put(tmp_path, "people_verdicts", [people("county", "a", (0.0, 0.0), (60.0, 30.0))])
    target = PeopleTarget(
        kind="people", technologies=("redcap",), value=0.8, year=2027, source="test"
    )
    pack = PACK.model_copy(update={"targets": {"someone": target}})
    row = only(scored(tmp_path, pack), scope="region")
    assert (row["value"], row["low"], row["high"], row["total"]) == (60.0, 60.0, 90.0, 100.0)
    assert (row["target_value"], row["answer"], row["undetermined"]) == (80.0, "undetermined", 30.0)


def test_sites_and_declared_figures_are_told_as_what_they_are(tmp_path: Path) -> None:
    put(tmp_path, "region_sites", [
        {"scope": "all", "level": "all", "region_id": None, "operator": "all", "technology": "nr",
         "sites": 50, "per_10000": 41.0},
    ])  # fmt: skip
    put(tmp_path, "declared_indicators", [
        {"indicator": "5g_traffic_share", "region_id": None, "period": p, "value": v, "unit": None,
         "source": "someone"} for p, v in (("2024", 50.0), ("2025", 60.0))
    ])  # fmt: skip
    rows = scored(tmp_path)
    sites = only(rows, target="sites")
    assert (sites["value"], sites["answer"], sites["basis"]) == (41.0, "pass", "inventory")
    assert sites["level"] is None
    traffic = only(rows, target="traffic-5g")
    assert (traffic["value"], traffic["unit"], traffic["last"]) == (60.0, "%", "2025")
    assert (traffic["answer"], traffic["basis"]) == ("untold", "declared")


def test_the_layer_that_the_pack_groups_by_is_told_first_and_all_sources_before_one(
    tmp_path: Path,
) -> None:
    scenes(tmp_path)
    layers = (("46000", "any"), ("any", "any"), ("all", "lte"), ("all", "any"))
    put(tmp_path, "scene_sums", [
        SCENE | {"grade": "tertiary", "operator": o, "technology": t, "quota_kind": None,
                 "quota": None, "reached": None, "p_reached_low": None, "p_reached_high": None}
        for o, t in layers
    ])  # fmt: skip
    for wanted in ("all", "any"):
        folder = tmp_path / wanted
        folder.mkdir()
        (folder / "scene_sums.parquet").hardlink_to(tmp_path / "scene_sums.parquet")
        grouping = PACK.grouping.model_copy(update={"operator": wanted})
        rows = scored(folder, PACK.model_copy(update={"grouping": grouping}))
        row = only(rows, target="places", headline=True)
        assert (row["operator"], row["technology"]) == (wanted, "any")
        assert len([r for r in rows if r["target"] == "places"]) == len(layers)


def test_regions_are_told_of_the_levels_that_the_pack_groups_by(tmp_path: Path) -> None:
    rows = [people("county", "a", (0.0, 0.0), (60.0, 30.0)),
            people("township", "b", (0.0, 0.0), (60.0, 30.0))]  # fmt: skip
    put(tmp_path, "people_verdicts", rows)
    target = PeopleTarget(
        kind="people", technologies=("redcap",), value=0.8, year=2027, source="test"
    )
    for grouping, told in ((PACK.grouping, {None, "a"}), (None, {None, "a", "b"})):
        folder = tmp_path / str(len(told))
        folder.mkdir()
        (folder / "people_verdicts.parquet").hardlink_to(tmp_path / "people_verdicts.parquet")
        changed = {"targets": {"someone": target}, "grouping": grouping}
        found = scored(folder, PACK.model_copy(update=changed))
        assert {row["region_id"] for row in found} == told
