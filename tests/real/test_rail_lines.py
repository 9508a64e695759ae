"""Real railways as lines: Irish lines as published, and the tracks around Shanghai from OSM."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from covermap.steps.lines import LinesResult, read_lines
from covermap.workspace import Lines

pytestmark = pytest.mark.real

BOX = (120.6, 30.7, 122.0, 31.95)


def km(result: LinesResult) -> pd.DataFrame:
    frame: pd.DataFrame = result.lines.drop_columns(["geometry"]).to_pandas()
    frame["km"], frame["route_km"] = frame["length_m"] / 1000, frame["route_length_m"] / 1000
    return frame


def test_the_irish_railways_keep_their_length_and_become_few_lines(real_data: Path):
    path = real_data / "lines/ie_rail_wgs84.geojson"
    made = read_lines(real_data, (Lines(name="ie", files=(str(path),), line_class="rail"),))
    frame = km(made)
    assert frame["km"].sum() == pytest.approx(1917, abs=1)
    assert len(frame) <= 25
    assert frame["km"].max() > 250


@pytest.fixture(scope="module")
def shanghai(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> LinesResult:
    folder = tmp_path_factory.mktemp("shanghai")
    west, south, east, north = BOX
    for name in ("ways", "stations"):
        whole = gpd.read_parquet(real_data / f"lines/cn_rail_{name}_osm.parquet")
        whole.cx[west:east, south:north].to_parquet(folder / f"{name}.parquet")
    declaration = Lines(
        name="rail",
        files=("ways.parquet",),
        fields={"class": "cls", "name": "name", "ref": "ref", "service": "service"},
        classes={"hsr": "hsr", "rail": "rail", "subway": "metro", "tram": "tram"},
        stations="stations.parquet",
    )
    return read_lines(folder, (declaration,))


@pytest.mark.parametrize(
    ("name", "route_km"), [("上海地铁2号线", 64), ("上海地铁9号线", 65), ("上海地铁16号线", 59)]
)
def test_a_metro_line_has_two_tracks_and_the_route_length_of_the_line(
    shanghai: LinesResult, name: str, route_km: float
):
    frame = km(shanghai)
    tracks = frame[(frame["name"] == name) & (frame["km"] > 5)]
    assert len(tracks) == 2
    assert tracks["route_km"].sum() == pytest.approx(route_km, rel=0.04)


def test_high_speed_tracks_count_half_each(shanghai: LinesResult):
    hsr = km(shanghai)
    hsr = hsr[hsr["class"] == "hsr"]
    assert hsr["km"].sum() > 1500
    assert hsr["route_km"].sum() / hsr["km"].sum() == pytest.approx(0.5, abs=0.02)


def test_yards_are_left_aside_and_stations_lie_on_their_lines(shanghai: LinesResult):
    found = {r["problem"]: r["count"] for r in shanghai.problems.to_pylist()}
    assert found["service_track"] == 4462
    stations = shanghai.stations.to_pandas()
    names = shanghai.lines.select(["line_id", "name"]).to_pandas()
    line2 = set(names.loc[names["name"] == "上海地铁2号线", "line_id"])
    stops = set(stations.loc[stations["line_id"].isin(line2), "name"])
    assert {"南京东路", "世纪大道", "静安寺"} <= stops
