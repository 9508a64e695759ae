"""Exports of what lies along lines: sections, segments, sums."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import handmade
from commands import covermap


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("along")
    handmade.write_build(root)
    return root


def features(space: Path, kind: str, *more: str) -> list[dict]:
    path = space / f"{kind}.geojson"
    said = covermap("export", kind, space, "--to", path, "--operator", "any", *more)
    assert said.code == 0, said.err
    return json.loads(path.read_text(encoding="utf-8"))["features"]


def test_sections_have_their_part_of_the_course_and_follow_each_other(space: Path) -> None:
    rows = features(space, "sections", "--technology", "any")
    own = [r for r in rows if r["properties"]["kind"] == "station"]
    assert [r["properties"]["from"] for r in own] == ["K0+000", "K9+000"]
    first, second = (r["geometry"]["coordinates"] for r in own)
    assert first[-1] == second[0]
    assert first[0] == pytest.approx(handmade.LINE_COURSE[0])
    assert own[0]["properties"]["share_low"] == pytest.approx(0.72)
    assert own[0]["properties"]["simulated"] is True


def test_one_section_alone_lies_where_it_does_among_all(space: Path) -> None:
    whole = features(space, "sections", "--technology", "any")
    alone = features(space, "sections", "--technology", "any", "--limit", "1")
    assert alone[0]["geometry"] == whole[0]["geometry"]


def test_segments_are_exported_with_chainage_and_their_geometry(space: Path) -> None:
    rows = features(space, "segments", "--technology", "any", "--line", "G2")
    assert len(rows) == 240
    assert rows[3]["properties"]["from"] == "K0+300"
    assert {r["geometry"]["type"] for r in rows} == {"LineString"}


def test_sums_have_no_place_and_are_of_no_single_line(space: Path) -> None:
    rows = features(space, "network", "--technology", "any")
    assert {r["geometry"] for r in rows} == {None}
    assert {r["properties"]["target"] for r in rows} == {None, 20.0}
    said = covermap("export", "network", space, "--to", space / "n.csv", "--line", "G2")
    assert said.code == 2
    assert "leave --line out" in said.err


@pytest.mark.parametrize("kind", ["lines", "sections", "segments", "network"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "gpkg", "kml", "parquet"])
def test_every_format_holds_every_kind(space: Path, kind: str, suffix: str) -> None:
    path = space / f"{kind}.{suffix}"
    said = covermap("export", kind, space, "--to", path, "--technology", "any", "--datum", "gcj02")
    assert said.code == 0, said.err
    assert path.stat().st_size > 200
