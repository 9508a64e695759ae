import sys
from unittest import mock

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from covermap.cli.app import _gather, _run

ROADS = (
    "Edge ID\tFrom Node ID\tTo Node ID\tTwo Way\tSpeed (m/s)\tVertex Count\tLINESTRING()\n"
    "884147800250\t1\t2\t1\t13.4\t3\t"
    "LINESTRING(-122.107083 47.667483, -122.105083 47.667483, -122.103083 47.667483)\n"
    "884147800251\t2\t3\t0\t13.4\t2\tLINESTRING(-122.103083 47.667483, -122.103083 47.668483)\n"
)
DRIVE = (
    "Date (UTC)\tTime (UTC)\tLatitude\tLongitude\n"
    "17-Jan-2009\t20:27:37\t47.667483\t-122.107083\n"
    "17-Jan-2009\t20:27:47\t47.667483\t-122.105083\n"
    "17-Jan-2009\t20:28:07\t47.668483\t-122.103053\n"
)


@pytest.fixture
def run(tmp_path, capsys):
    """Run `covermap match` on edges and points; give exit code, table of edges, and stderr."""

    def go(edges, points, *more):
        out = tmp_path / "out.csv"
        options = ["--network", str(edges), "--points", str(points), "--out", str(out), *more]
        with mock.patch.object(sys, "argv", ["covermap", "match", *options]):
            _gather("match")
            code = _run()
        made = pd.read_csv(out, dtype=str) if out.exists() else None
        return code, made, capsys.readouterr().err

    return go


@pytest.fixture
def files(tmp_path):
    (tmp_path / "road_network.txt").write_text(ROADS)
    (tmp_path / "gps_data.txt").write_text(DRIVE)
    return tmp_path / "road_network.txt", tmp_path / "gps_data.txt"


def test_published_files_of_newson_and_krumm_are_taken_unchanged(run, files, tmp_path):
    code, made, _ = run(*files, "--points-out", str(tmp_path / "points.csv"))
    assert code == 0
    assert list(made["edge_id"]) == ["884147800250", "884147800251"]
    assert made["enter_time"][0] == "2009-01-17T20:27:37.000Z"
    points = pd.read_csv(tmp_path / "points.csv")
    assert list(points["edge_id"]) == [884147800250, 884147800250, 884147800251]


def test_other_files_of_the_same_edges_give_the_same_path(run, files, tmp_path):
    _, expected, _ = run(*files)
    wkt = [line.split("\t")[6] for line in ROADS.splitlines()[1:]]
    frame = gpd.GeoDataFrame(
        {"osm_id": ["884147800250", "884147800251"], "oneway": ["B", "F"]},
        geometry=shapely.from_wkt(wkt), crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "edges.gpkg")
    frame.to_file(tmp_path / "edges.geojson")
    frame.to_parquet(tmp_path / "edges.parquet")
    frame.to_wkt().rename(columns={"geometry": "wkt"}).to_csv(tmp_path / "edges.csv", index=False)
    for kind in ("gpkg", "geojson", "parquet", "csv"):
        _, made, _ = run(tmp_path / f"edges.{kind}", files[1])
        pd.testing.assert_frame_equal(made, expected)


def test_epoch_milliseconds_and_names_x_y_are_understood(run, files, tmp_path):
    points = tmp_path / "p.csv"
    points.write_text(
        "t,x,y\n1232224057000,-122.107083,47.667483\n1232224087000,-122.103053,47.668483\n"
    )
    code, made, _ = run(files[0], points)
    assert code == 0
    assert made["enter_time"][0] == "2009-01-17T20:27:37.000Z"


@pytest.mark.parametrize(
    ("edges", "points", "text"),
    [
        (ROADS.replace("LINESTRING(-122.103083", "LINE(-122"), DRIVE, "line 3"),
        (ROADS.replace("\t0\t13.4", "\tmaybe\t13.4"), DRIVE, "'maybe' is not a one-way flag"),
        (ROADS, DRIVE.replace("Latitude", "North"), "no columns for longitude and latitude"),
        (ROADS, DRIVE.replace("20:27:47", "noon"), "is not a time"),
        (ROADS, DRIVE.replace("-122.105083", "east"), "line 3: lon 'east' is not a number"),
        (ROADS, DRIVE.replace("-122.105083", "-1222"), "is not longitude and latitude"),
    ],
)
def test_bad_input_gives_one_clear_line(run, tmp_path, edges, points, text):
    (tmp_path / "e.txt").write_text(edges)
    (tmp_path / "p.txt").write_text(points)
    code, _, error = run(tmp_path / "e.txt", tmp_path / "p.txt")
    assert code == 2
    assert text in error
    assert error.count("\n") == 1
