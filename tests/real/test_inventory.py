"""Ways of real maps as lines: route length counts once, whatever the drawing."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from covermap.steps.lines import LinesResult, read_lines
from covermap.workspace import Lines

pytestmark = pytest.mark.real

BOX = (116.0, 36.0, 118.0, 37.5)
"""Around Jinan: tile edges, dual and single carriageways of all three classes."""


def crop(real_data: Path, folder: Path, name: str) -> gpd.GeoDataFrame:
    west, south, east, north = BOX
    table = gpd.read_parquet(real_data / f"lines/{name}.parquet").cx[west:east, south:north]
    table.to_parquet(folder / "ways.parquet")
    return table


def roads_of(folder: Path) -> LinesResult:
    declaration = Lines(
        name="roads",
        files=("ways.parquet",),
        fields={"class": "class", "tunnel": "brunnel"},
    )
    return read_lines(folder, (declaration,))


@pytest.fixture(scope="module")
def roads(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LinesResult]:
    folder = tmp_path_factory.mktemp("roads")
    crop(real_data, folder, "cn_roads_omt_z7_2021")
    return folder, roads_of(folder)


def test_a_motorway_has_half_the_length_of_its_carriageways(roads: tuple[Path, LinesResult]):
    frame = roads[1].lines.drop_columns(["geometry"]).to_pandas()
    km = frame.groupby("class")[["length_m", "route_length_m"]].sum()
    share = km["route_length_m"] / km["length_m"]
    # All of China has 0.513, 0.750, and 0.764.
    assert share["motorway"] == pytest.approx(0.51, abs=0.02)
    assert (share[["trunk", "primary"]] < 0.9).all()


def test_segments_add_up_to_their_lines_to_a_metre(roads: tuple[Path, LinesResult]):
    lines = roads[1].lines.drop_columns(["geometry"]).to_pandas().set_index("line_id")
    sums = roads[1].segments.drop_columns(["geometry"]).to_pandas().groupby("line_id")
    for column in ("length_m", "route_length_m"):
        assert np.abs(sums[column].sum() - lines[column]).max() < 1.0


def test_the_order_of_ways_changes_nothing(roads: tuple[Path, LinesResult]):
    folder, made = roads
    table = gpd.read_parquet(folder / "ways.parquet")
    table.sample(frac=1.0, random_state=5).to_parquet(folder / "ways.parquet")
    again = roads_of(folder)
    assert again.lines.equals(made.lines)
    assert again.segments.equals(made.segments)


def test_connecting_tracks_and_yards_are_aside_with_their_length_told(
    real_data: Path, tmp_path: Path
):
    table = crop(real_data, tmp_path, "cn_rail_ways_osm")
    declaration = Lines(
        name="rail",
        files=("ways.parquet",),
        fields={"class": "cls", "name": "name", "ref": "ref", "service": "service"},
        classes={"hsr": "hsr", "rail": "rail", "subway": "metro", "tram": "tram"},
    )
    made = read_lines(tmp_path, (declaration,))
    problems = {r["problem"]: r for r in made.problems.to_pylist()}
    called = table["service"].isna() & table["name"].str.contains("联络线", na=False)
    assert problems["side_track_by_name"]["count"] >= called.sum() > 0
    assert problems["side_track_by_name"]["example"].endswith(" km")
    names = [n for n in made.lines["name"].to_pylist() if n]
    assert not [n for n in names if "联络线" in n]
    assert [n for n in names if n == "京沪高铁"]
