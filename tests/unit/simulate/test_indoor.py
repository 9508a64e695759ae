"""A simulated survey of key places: what it names, what it leaves out, and what is said of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from covermap.pipeline import BuildOptions, build
from covermap.rules import load_pack
from covermap.simulate import indoor
from covermap.simulate.places import OPEN, key_points
from covermap.simulate.recipe import Recipe, load_recipe
from covermap.simulate.world import World, make_world
from covermap.simulate.writers import vectors
from covermap.store import Tables

pytestmark = pytest.mark.slow
EACH = 8

CONFIG = """
[workspace]
name = "indoor"
simulated = true

[rules]
pack = "project-default"

[[places]]
name = "places"
files = ["raw/places.geojson"]
fields = { code = "code", name = "name", scene = "scene", grade = "grade", key_point = "key_point", floor = "floor" }

[[measurements]]
name = "indoor"
files = ["raw/indoor/*.csv"]
format = "table"
source = "drive"
datum = "wgs84"
timezone = "Asia/Shanghai"
columns = { COLUMNS }
"""  # noqa: E501


def recipe() -> Recipe:
    sample = load_recipe("sample")
    sites = sample.sites.model_copy(
        update={"city_m": 4000.0, "county_m": 5000.0, "town_m": 6000.0, "rural_m": 12000.0}
    )
    places = sample.places.model_copy(update={"indoor_samples": EACH})
    return sample.model_copy(update={"sites": sites, "places": places})


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(recipe())


@pytest.fixture(scope="module")
def root(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("indoor")
    (root / "truth").mkdir()
    indoor.write_survey(root, world)
    vectors.write_collection(root / "raw/places.geojson", vectors.place_features(key_points(world)))
    columns = ", ".join(f'{ours} = "{theirs}"' for ours, theirs in indoor.COLUMNS.items())
    (root / "covermap.toml").write_text(CONFIG.replace("COLUMNS", columns), encoding="utf-8")
    build(root, BuildOptions(workers=1))
    return root


def rows(root: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for path in sorted((root / "raw/indoor").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def table(root: Path, name: str) -> list[dict[str, Any]]:
    folder = root / "builds" / (root / "current").read_text(encoding="utf-8").strip()
    return Tables(folder).read(name).to_pylist()


def test_the_log_has_positions_in_the_open_alone(root: Path, world: World) -> None:
    loss = {(p.place, p.name): p.loss_db for p in key_points(world)}
    kinds = {(loss[r["场所"], r["关键点"]] == OPEN, r["经度"] != "") for r in rows(root)}
    assert kinds == {(True, True), (False, False)}


def test_every_key_point_that_truth_calls_surveyed_is_in_the_log(root: Path, world: World) -> None:
    truth = pq.read_table(root / "truth/key_points.parquet").to_pylist()
    code = {(p.place, p.name): p.code for p in key_points(world)}
    seen = {(code[r["场所"], r["关键点"]], r["关键点"], r["运营商"]) for r in rows(root)}
    said = {(t["place_id"], t["key_point"], t["operator"]) for t in truth if t["surveyed"]}
    assert seen == said
    assert len(rows(root)) == EACH * len(said)
    assert (
        0.4 < len(said) / len({(t["place_id"], t["key_point"], t["operator"]) for t in truth}) < 1
    )


def test_every_record_is_accepted_and_counts_for_its_key_point(root: Path) -> None:
    evidence = table(root, "place_evidence")
    assert sum(r["n"] for r in evidence) == len(rows(root))
    assert {r["problem"] for r in table(root, "problems")} <= {"no_position", "position_lost",
        "no_service", "position_held", "repeated_position", "repeated_reading", "long_silence",
        "run_jumps", "blank_operator", "floor_level", "position_interpolated", "stuck_while_moving",
        "position_jump", "impossible_jump"}  # fmt: skip


def test_there_are_places_of_each_kind_and_no_answer_is_against_the_truth(root: Path) -> None:
    """Truth: the best technology that serves meets the pack's level at every key point."""
    needed = {t: load_pack("project-default").standards[t].rsrp_dbm for t in ("lte", "nr")}
    best: dict[tuple[str, str, str], float] = {}
    for one in pq.read_table(root / "truth/key_points.parquet").to_pylist():
        key = (one["place_id"], one["operator"], one["key_point"])
        level = -200.0 if one["rsrp_dbm"] is None else one["rsrp_dbm"]
        best[key] = max(best.get(key, -200.0), level - needed[one["technology"]])
    deep = {}
    for (place, operator, _), margin in best.items():
        deep[place, operator] = deep.get((place, operator), True) and margin >= 0
    answers = {
        (r["place_id"], r["operator"]): r["deep"]
        for r in table(root, "place_verdicts")
        if r["technology"] == "any" and r["operator"].isdigit()
    }
    assert set(answers.values()) == {"yes", "no", "undetermined"}
    decided = {key: answer for key, answer in answers.items() if answer != "undetermined"}
    wrong = [key for key, answer in decided.items() if (answer == "yes") != deep[key]]
    assert len(decided) > 40
    assert len(wrong) <= 0.05 * len(decided)


def test_the_same_recipe_gives_the_same_survey(root: Path, world: World, tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    indoor.write_survey(tmp_path, world)
    names = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*.*"))
    assert names
    assert all((tmp_path / n).read_bytes() == (root / n).read_bytes() for n in names)
