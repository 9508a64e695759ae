"""`covermap villages`, and a build with villages from raw files to sums."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from commands import covermap
from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace
from handmade import write_build
from workspaces import make_workspace

TOWNSHIP = "320506001"
DECLARED = """
[[villages]]
name = "villages"
files = ["raw/villages.tsv"]
datum = "wgs84"
positions = "raw/positions.tsv"

[[villages]]
name = "points"
files = ["raw/points.tsv"]
datum = "wgs84"
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("villages"))
    told = root / "covermap.toml"
    told.write_text(told.read_text(encoding="utf-8") + DECLARED, encoding="utf-8")
    rows = [f"{TOWNSHIP}{n:03d}\tv{n}" for n in range(201, 209)]
    (root / "raw/villages.tsv").write_text("code\tname\n" + "\n".join(rows) + "\n")
    at = [f"{TOWNSHIP}{201 + n}\t{120.60 + 0.009 * n:.4f}\t{31.30 + 0.0013 * n:.4f}"
          for n in range(6)]  # fmt: skip
    at.append(f"{TOWNSHIP}207\t121.5\t31.0")
    (root / "raw/positions.tsv").write_text("code\tlon\tlat\n" + "\n".join(at) + "\n")
    (root / "raw/points.tsv").write_text(
        f"code\tkind\tlon\tlat\n{TOWNSHIP}201\t村委会\t120.602\t31.3003\n"
        f"{TOWNSHIP}201\tschool\t120.62\t31.303\n"
    )
    build(root, BuildOptions(workers=1, rules=_pack(root)))
    return root


def _pack(root: Path) -> str:
    """A pack of LTE: the workspace has no 5G."""
    from covermap.rules import pack_text

    text = pack_text("village-any-operator")
    (root / "mine.toml").write_text(
        text.replace('technologies = ["nr"]', 'technologies = ["lte"]'), encoding="utf-8"
    )
    return "mine.toml"


def test_villages_are_judged_by_a_whole_build_and_none_is_lost(built: Path) -> None:
    made = Workspace(built).current()
    assert made.rows("villages") == 8
    assert made.rows("village_points") == 2
    rows = made.read("village_verdicts").to_pylist()
    by = {(r["operator"], r["technology"], r["village_id"]): r for r in rows}
    first = by["any", "lte", f"{TOWNSHIP}201"]
    assert first["key_points"] == 2
    assert first["n"] > 0
    assert first["last_period"]
    assert by["any", "lte", f"{TOWNSHIP}208"]["verdict"] == "unmeasured"
    assert {r["verdict"] for r in rows} >= {"lit", "unmeasured"}
    told = {r["problem"] for r in made.read("problems").to_pylist()}
    assert "no_coordinates" in told


def test_sums_are_printed_by_region_with_an_interval(built: Path) -> None:
    said = covermap("villages", built)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].split()[:3] == ["region", "operator", "villages"]
    assert {line.split()[0] for line in lines[1:-1]} == {"all"}
    county = covermap("villages", built, "--level", "county", "--operator", "any", "--json").data
    assert [(r["region_id"], r["villages"]) for r in county] == [("320506", 8)]
    assert sum(county[0][w] for w in ("lit", "weak", "dark", "unmeasured")) == 8


def test_what_to_measure_first_is_listed_and_settled_villages_are_not(built: Path) -> None:
    said = covermap("villages", built, "--to-measure", "5", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert 0 < len(rows) <= 5
    assert {r["operator"] for r in rows} == {"any"}
    settles = [float(r["settles"]) for r in rows]
    assert settles == sorted(settles, reverse=True)
    assert all(r["verdict"] == "unmeasured" or r["basis"] != "measured" for r in rows)
    text = covermap("villages", built, "--to-measure", "2", "--region", TOWNSHIP)
    assert "settles: variance of the number of lit villages (any, any)" in text.out
    assert covermap("villages", built, "--to-measure", "2", "--region", "99").out.count("\n") == 2


def test_what_is_not_there_is_named(built: Path) -> None:
    for options, told in (
        (("--level", "county", "--region", "1"), "320506"), (("--operator", "x"), "any"),
        (("--to-measure", "3", "--operator", "x"), "any/lte"),
    ):  # fmt: skip
        said = covermap("villages", built, *options)
        assert said.code == 2
        assert told in said.errors[0]


def test_a_build_under_a_pack_without_villages_says_so(tmp_path: Path) -> None:
    told = write_build(tmp_path) / "build.json"
    said = covermap("villages", tmp_path)
    assert said.code == 0
    assert "has no villages. Declare [[villages]]" in said.out
    manifest = json.loads(told.read_text(encoding="utf-8"))
    manifest["rules"]["village"] = None
    told.write_text(json.dumps(manifest), encoding="utf-8")
    assert "rule pack project-default has no [village]" in covermap("villages", tmp_path).out
