"""Stars from the tables of a build: places, lines and areas, with their arithmetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commands import covermap
from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace
from workspaces import make_workspace

SURVEY = """
[rules]
pack = "miit-2025"

[[places]]
name = "places"
files = ["raw/places.geojson"]
datum = "wgs84"
fields = { code = "code", name = "name", key_point = "key_point" }

[[regions]]
name = "regions"
files = ["raw/regions.geojson"]
datum = "wgs84"
level = "county"
fields = { code = "code", name = "name" }

[[measurements]]
name = "indoor"
files = ["raw/indoor.table"]
format = "table"
source = "drive"
operator = "46000"
technology = "nr"
columns = { time = "time", place = "place", key_point = "point", rsrp_dbm = "rsrp", latency_ms = "ping", dl_kbps = "down" }
units = { dl_kbps = "Mbit/s" }
"""  # noqa: E501


def feature(kind: str, coordinates: Any, **about: str) -> dict[str, Any]:
    shape = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": shape, "properties": about}


def write(path: Path, features: list[dict[str, Any]]) -> None:
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8"
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("stars") / "w")
    toml = root / "covermap.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + SURVEY, encoding="utf-8")
    write(root / "raw/places.geojson", [
        feature("Point", [120.61, 31.3], code="P1", name="Mall", key_point=point)
        for point in ("hall", "gate", "garage", "roof")
    ] + [feature("Point", [120.62, 31.3], code="P2", name="Kiosk", key_point="hall")])  # fmt: skip
    square = [[120.5, 31.2], [120.8, 31.2], [120.8, 31.4], [120.5, 31.4], [120.5, 31.2]]
    write(root / "raw/regions.geojson", [feature("Polygon", [square], code="320500", name="here")])
    lines = ["time,place,point,rsrp,ping,down"]
    for minute, (point, level) in enumerate((("hall", -85), ("gate", -95), ("garage", -130))):
        for second in range(0, 60, 4):
            when = f"2026-03-01T02:{minute:02d}:{second:02d}Z"
            lines.append(f"{when},P1,{point},{level},{60 + second % 8 * 5},{120 if second else 50}")
    for second in range(5):  # fewer than the pack asks for, of samples and of tests
        lines.append(f"2026-03-01T03:00:{8 * second:02d}Z,P2,hall,-80,{60 + second},150")
    (root / "raw/indoor.table").write_text("\n".join(lines) + "\n", encoding="utf-8")
    build(root, BuildOptions(workers=1))
    return root


def ratings(root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Workspace(root).current().read("star_ratings").to_pylist()
    return found


def one(root: Path, kind: str, operator: str = "46000") -> dict[str, Any]:
    (row,) = [
        r for r in ratings(root)
        if (r["kind"], r["operator"], r["technology"]) == (kind, operator, "any")
        and r["id"] != "P2"
    ]  # fmt: skip
    return row


def test_a_place_is_rated_by_its_key_points_and_tests(root: Path) -> None:
    row = one(root, "place")
    assert row["coverage"] == pytest.approx(2 / 3)
    assert row["signal"] == pytest.approx((-85 - 95 - 130) / 3)
    assert row["latency"] == pytest.approx(60, abs=25)
    assert (row["stalls"], row["stalls_points"]) == (None, None)
    assert (row["rate"], row["tests"]) == (pytest.approx(42 / 45), 45)  # 50 Mbit/s miss it
    weights = {"coverage": 0.4, "signal": 0.2, "rate": 0.2, "latency": 0.1}
    points = sum(weight * row[f"{n}_points"] for n, weight in weights.items()) / 0.9
    assert (row["points"], row["known_weight"]) == (pytest.approx(points), pytest.approx(0.9))
    assert row["stars_low"] <= row["stars"] <= row["stars_high"]
    assert row["n"] == 45
    assert "own formula" in row["formula"]


def test_too_few_samples_and_tests_give_no_stars(root: Path) -> None:
    (row,) = [r for r in ratings(root) if (r["id"], r["operator"], r["technology"])
              == ("P2", "46000", "any")]  # fmt: skip
    assert (row["n"], row["tests"]) == (5, 5)
    assert (row["stars"], row["points"], row["coverage"], row["rate"]) == (None,) * 4
    assert row["why"] == "nothing is known"


def test_the_arithmetic_is_written_out_and_adds_up(root: Path) -> None:
    for row in ratings(root):
        if row["stars"] is None:
            continue
        terms, rest = row["why"].split(") / ", 1)
        total = 0.0
        for term in terms.removeprefix("(").split(" + "):
            share, weight = term.rsplit(": ", 1)[1].split(" x ")
            total += float(share) * float(weight)
        weight, points = rest.split(";")[0].split(" = ")
        assert total / float(weight) == pytest.approx(float(points), abs=2e-3)
        assert f"{row['stars']} of 5 stars" in row["why"]


def test_lines_and_areas_are_rated_too(root: Path) -> None:
    build = Workspace(root).current()
    line = one(root, "line")
    (verdict,) = [
        v for v in build.read("line_verdicts").to_pylist()
        if (v["operator"], v["technology"], v["line_id"]) == ("46000", "any", line["id"])
    ]  # fmt: skip
    assert line["coverage"] == pytest.approx(verdict["covered_share"])
    pieces = [
        s for s in build.read("segment_verdicts").to_pylist()
        if (s["operator"], s["technology"]) == ("46000", "any") and s["verdict"] != "unmeasured"
    ]  # fmt: skip
    metres = sum(s["length_m"] for s in pieces)
    wanted = sum(s["rsrp_mean_dbm"] * s["length_m"] for s in pieces) / metres
    assert line["signal"] == pytest.approx(wanted, abs=1e-4)
    area = one(root, "area")
    assert (area["level"], area["id"], area["name"]) == ("county", "320500", "here")
    assert 0 < area["coverage"] <= 1
    assert -140 < area["signal"] < -40
    assert area["stars_low"] < area["stars_high"]  # most of the county is not measured


def test_a_pack_without_stars_gives_none(root: Path) -> None:
    said = covermap("stars", root)
    assert said.code == 0, said.err
    build(root, BuildOptions(workers=1, rules="project-default"))
    assert ratings(root) == []
    assert "has no [stars]" in covermap("stars", root).out
    build(root, BuildOptions(workers=1))


def test_stars_are_printed_with_why(root: Path) -> None:
    said = covermap("stars", root, "--kind", "place", "--why")
    assert said.code == 0, said.err
    row = next(line for line in said.out.splitlines() if line.startswith("place"))
    assert "*" in row
    assert "P1 46000: (coverage 0.667: 0.000 x 0.4" in said.out
    assert "own formula (not official)" in said.out
    (found,) = covermap("stars", root, "--id", "P1", "--operator", "46000", "--json").data
    assert found["kind"] == "place"
    assert covermap("stars", root, "--kind", "zoo").code == 2
