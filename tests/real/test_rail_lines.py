"""Real railways as lines: Irish lines as published, and the tracks around Shanghai from OSM."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.lines.network import network_of
from covermap.core.lines.segments import course_vertices, positions_at
from covermap.steps.lines import LinesResult, read_lines
from covermap.steps.match import match_part
from covermap.workspace import Config, Lines
from made_drives import samples

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


def links(result: LinesResult) -> pd.DataFrame:
    frame: pd.DataFrame = result.links.to_pandas()
    return frame.assign(km=frame["length_m"] / 1000)


def test_connecting_tracks_can_be_matched_and_no_route_length_is_another(shanghai: LinesResult):
    connecting = links(shanghai)[lambda f: f["kind"] == "connecting"]
    found = connecting.groupby("class")["km"].sum()
    assert found["hsr"] == pytest.approx(31.2, abs=0.5)
    assert found["rail"] == pytest.approx(176.0, abs=1)
    assert len(connecting) == 20
    # Two tracks of one that is called so and is a line: Shanghai's airport link, 59 km.
    told = {r["problem"]: r for r in shanghai.problems.to_pylist()}["long_connecting_track"]
    assert (told["count"], told["example"]) == (2, "市域铁机场联络线: 58.7 km")
    routes = km(shanghai).groupby("class")["route_km"].sum()
    assert routes["hsr"] == pytest.approx(800.0, abs=0.1)
    assert routes["rail"] == pytest.approx(359.4, abs=0.1)
    assert routes["metro"] == pytest.approx(1125.8, abs=0.1)


def test_other_side_tracks_can_be_matched_where_a_line_leads_to_them(shanghai: LinesResult):
    frame = links(shanghai)
    sums = frame.groupby("kind")["km"].sum()
    assert sums["siding"] == pytest.approx(242.9, abs=2)
    assert sums["yard"] == pytest.approx(990.0, abs=5)
    told = {r["problem"]: r for r in shanghai.problems.to_pylist()}
    assert told["side_track_to_match"]["count"] == len(frame)
    assert told["side_track_joins_no_line"]["example"] == "30.5 km"
    assert told["crossover_of_one_line"]["count"] == 190


def test_a_run_over_each_connecting_track_lies_on_it_and_is_evidence_of_no_line(
    shanghai: LinesResult,
):
    """Runs are simulated along the real tracks: one a second at 30 m/s, error 5 m."""
    network = network_of(shanghai.lines, shanghai.segments, shanghai.stations,
                         shanghai.structures, shanghai.links)  # fmt: skip
    connecting = links(shanghai)[lambda f: f["kind"] == "connecting"]
    right = total = credited = 0
    for k, link in enumerate(connecting.to_dict("records")):
        course = course_vertices(np.array([shapely.from_wkb(link["geometry"])], object))
        place = np.arange(0.0, link["length_m"], 30.0)
        lon, lat = positions_at(course, np.zeros(len(place), np.int64), place)
        error = np.random.default_rng(k).normal(0, 5, (2, len(place)))
        lon = lon + error[0] / metres_per_degree_lon(lat)
        lat = lat + error[1] / metres_per_degree_lat(lat)
        run = samples(
            [(0, 0)] * len(place), lon=lon.tolist(), lat=lat.tolist(), position_error_m=5.0,
            antenna="in-train",
        )  # fmt: skip
        got = match_part(run, network, Config())
        right += got.matched.column("link_id").to_pylist().count(link["link_id"])
        total += len(place)
        credited += sum(got.evidence.column("n").to_pylist())
    assert total > 6000
    assert right / total > 0.98
    # Where the track leaves a line, it is on either.
    assert credited / total < 0.001


def test_the_tracks_on_both_sides_of_nanjing_east_yard_are_one_railway(
    real_data: Path, tmp_path: Path
):
    """Up and down tracks of the old line to Shanghai, 250 to 520 m apart over 3 km."""
    whole = gpd.read_parquet(real_data / "lines/cn_rail_ways_osm.parquet")
    whole.cx[118.4:119.4, 31.8:32.4].to_parquet(tmp_path / "ways.parquet")
    entry = Lines(
        name="rail", files=("ways.parquet",), classes={"hsr": "hsr", "rail": "rail"},
        fields={"class": "cls", "name": "name", "ref": "ref", "service": "service"},
    )  # fmt: skip
    made = read_lines(tmp_path, (entry,))
    name = dict(zip(*(made.lines.column(c).to_pylist() for c in ("line_id", "name")), strict=True))
    pieces = made.segments.to_pandas()
    pieces = pieces[pieces["line_id"].map(name) == "京沪线"]
    lon, lat = shapely.get_coordinates(shapely.centroid(shapely.from_wkb(pieces["geometry"]))).T
    yard = pieces[(lon > 118.88) & (lon < 118.905) & (lat > 32.11) & (lat < 32.14)]
    assert yard["line_id"].nunique() == 2
    assert yard["length_m"].sum() > 5000
    assert (yard["route_length_m"] <= 0.5 * yard["length_m"] + 1e-6).all()
    # Farther apart, at the other end of the town (up to 1.2 km), they are two ways.
    town = pieces[(lon > 118.83) & (lon < 118.85)]
    assert (town["route_length_m"] > 0.99 * town["length_m"]).any()
