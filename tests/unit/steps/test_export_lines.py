"""Exports of what lies along lines: sections, segments, sums."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio
import pytest

import handmade
from commands import covermap
from covermap.store import Workspace


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
    assert [r["properties"]["from"] for r in own] == ["K100+000", "K109+000"]
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
    assert rows[3]["properties"]["from"] == "K100+300"
    assert {r["geometry"]["type"] for r in rows} == {"LineString"}


def test_sums_have_no_place_and_are_of_no_single_line(space: Path) -> None:
    rows = features(space, "network", "--technology", "any")
    assert {r["geometry"] for r in rows} == {None}
    assert {r["properties"]["target"] for r in rows} == {None, 20.0}
    said = covermap("export", "network", space, "--to", space / "n.csv", "--line", "G2")
    assert said.code == 2
    assert "leave --line out" in said.err


def test_a_line_without_posts_is_exported_with_its_own_chainage(space: Path) -> None:
    rows = features(space, "segments", "--technology", "any", "--line", "m1")
    assert [r["properties"]["from"] for r in rows[:3]] == ["K0+000", "K0+100", "K0+200"]


def test_a_profile_tells_every_layer_along_one_line(space: Path) -> None:
    path = space / "g2.csv"
    said = covermap("export", "profile", space, "--to", path, "--line", "京沪高速")
    assert said.code == 0, said.err
    rows = pd.read_csv(path, encoding="utf-8-sig", dtype={"operator": str})
    assert len(rows) == 240 * len(handmade.LAYERS)
    assert rows["line_id"].unique().tolist() == ["g2"]
    for _, own in rows.groupby(["operator", "technology"]):
        assert own["from_m"].to_list() == [100.0 * k for k in range(240)]
        assert own["from"].iloc[[0, 119, 120]].to_list() == ["K100+000", "K111+900", "K112+500"]
    held = Workspace(space).current().read("segment_verdicts").to_pandas()
    held = held[held["line_id"] == "g2"].set_index(["operator", "technology", "segment"])
    own = rows.set_index(["operator", "technology", "segment"])
    for name in ("verdict", "probability", "n", "runs", "rsrp_mean_dbm", "rsrp_p5_dbm",
                 "rsrp_p50_dbm"):  # fmt: skip
        same = own[name].sort_index().eq(held[name].sort_index())
        assert (same | held[name].sort_index().isna()).all(), name
    west, east = handmade.LINE_COURSE[0][0], handmade.LINE_COURSE[-1][0]
    assert own["lon"].between(west, east).all()


def test_a_profile_is_of_one_line(space: Path) -> None:
    said = covermap("export", "profile", space, "--to", space / "p.csv")
    assert said.code == 2
    assert "name it with --line" in said.err
    assert not (space / "p.csv").exists()


@pytest.mark.parametrize("kind", ["lines", "sections", "segments", "profile", "network"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "gpkg", "kml", "parquet"])
def test_every_format_holds_every_kind(space: Path, kind: str, suffix: str) -> None:
    path = space / f"{kind}.{suffix}"
    line = ("--line", "g2") if kind == "profile" else ()
    asked = ("--technology", "any", "--datum", "gcj02", *line)
    said = covermap("export", kind, space, "--to", path, *asked)
    assert said.code == 0, said.err
    rows = int(said.out.split(": ")[1].split(" rows")[0])
    assert rows > 0
    if suffix == "xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        assert rows in {sum(1 for _ in book[s].rows) - 1 for s in book.sheetnames}
        return
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}.get(suffix, pyogrio.read_dataframe)
    assert len(read(path)) == rows
