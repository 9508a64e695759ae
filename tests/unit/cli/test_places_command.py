"""`covermap places`: what is printed of key places, their key points and the quotas of scenes."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from commands import covermap
from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace

CONFIG = """
[workspace]
name = "indoor"
simulated = true

[rules]
pack = "miit-2025"

[[places]]
name = "places"
files = ["raw/places.geojson"]
datum = "wgs84"
fields = { code = "code", name = "name", scene = "scene", grade = "grade", key_point = "key_point" }

[[measurements]]
name = "indoor"
files = ["raw/indoor.csv"]
format = "table"
source = "drive"
operator = "46000"
technology = "nr"
columns = { time = "time", place = "place", key_point = "point", rsrp_dbm = "rsrp", sinr_db = "sinr", latency_ms = "ping" }
"""  # noqa: E501
LEVELS = {("P1", "hall"): -70, ("P1", "gate"): -72, ("P2", "hall"): -70, ("P2", "gate"): -130,
          ("P3", "hall"): -71}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places")
    (root / "raw").mkdir()
    (root / "covermap.toml").write_text(CONFIG, encoding="utf-8")
    points = [
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [121.4, 31.2]}, '
        f'"properties": {{"code": "{place}", "name": "Mall {place}", "scene": "重点商超", '
        f'"grade": "key", "key_point": "{point}"}}}}'
        for place in ("P1", "P2", "P3")
        for point in ("hall", "gate")
    ]
    text = '{"type": "FeatureCollection", "features": [' + ",".join(points) + "]}"
    (root / "raw/places.geojson").write_text(text, encoding="utf-8")
    lines = ["time,place,point,rsrp,sinr,ping"]
    for minute, ((place, point), level) in enumerate(LEVELS.items()):
        lines += [
            f"2026-03-01T02:{minute:02d}:{i:02d}Z,{place},{point},{level},12,{20 + i}"
            for i in range(20)
        ]
    lines += ["2026-03-01T02:09:30Z,P3,gaet,-70,12,"]
    (root / "raw/indoor.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = build(root, BuildOptions(workers=1))
    assert made.tables["place_verdicts"] > 0
    return root


def test_each_place_is_told_with_its_answer(served: Path) -> None:
    said = covermap("places", served)
    assert said.code == 0, said.err
    rows = {line.split()[0]: line for line in said.out.splitlines()}
    assert " yes " in rows["P1"]
    assert " no " in rows["P2"]
    assert "gate" in rows["P2"]
    assert " undetermined " in rows["P3"]
    assert "0.0 % to >99.9 %" in rows["P3"] or "0.0 % to " in rows["P3"]
    assert "simulated: made by the simulator, not measured" in said.out


def test_scenes_are_told_beside_their_quotas(served: Path) -> None:
    said = covermap("places", served, "--scenes", "--scene", "mall")
    (row,) = [line.split() for line in said.out.splitlines() if line.startswith("mall")]
    assert row[:8] == ["mall", "key", "all", "all", "3", "1", "1", "1"]
    assert row[-3:] == ["3", "(share)", "no"]


def test_the_key_points_of_a_place_are_told(served: Path) -> None:
    said = covermap("places", served, "--place", "P2")
    verdicts = {line.split()[0]: line.split()[4] for line in said.out.splitlines()[1:3]}
    assert verdicts["gate"] == "weak"


def test_every_column_comes_as_csv_and_json(served: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(covermap("places", served, "--csv").out)))
    assert [r["deep"] for r in rows] == ["yes", "no", "undetermined"]
    (one,) = covermap("places", served, "--deep", "no", "--json").data
    assert (one["place_id"], one["missed"], one["worst_key_point"]) == ("P2", 1, "gate")


def test_a_name_that_is_not_there_is_told_with_those_that_are(served: Path) -> None:
    said = covermap("places", served, "--scene", "zoo")
    assert said.code == 2
    assert "mall" in said.errors[0]


def test_a_key_point_that_nothing_is_known_by_is_told_after_the_build(served: Path) -> None:
    said = covermap("build", served)
    assert "unknown_key_point 1 (P3 / gaet)" in said.out + said.err


def test_tests_count_for_the_place_that_their_samples_name(served: Path) -> None:
    build = Workspace(served).current()
    found = {
        row["scope_id"]: (row["name"], row["tests"])
        for row in build.read("quality_verdicts").to_pylist()
        if row["scope"] == "place" and row["figure"] == "latency_median_ms"
        and (row["operator"], row["technology"]) == ("46000", "nr")
    }  # fmt: skip
    assert found == {"P1": ("Mall P1", 40), "P2": ("Mall P2", 40), "P3": ("Mall P3", 20)}


def test_grades_that_the_pack_does_not_know_are_told(tmp_path: Path, served: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(served, root, ignore=shutil.ignore_patterns("builds", ".cache", "current"))
    text = (root / "raw/places.geojson").read_text(encoding="utf-8")
    (root / "raw/places.geojson").write_text(
        text.replace('"grade": "key"', '"grade": "luxury"'), encoding="utf-8"
    )
    build(root, BuildOptions(workers=1))
    said = covermap("places", root)
    assert "not of the pack's scenes and grades: mall / luxury" in said.out
    assert "not of the pack's" not in covermap("places", served).out
