"""Bad vector files: features are mended or rejected by name; a useless file stops the build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow.compute as pc
import pytest
from shapely import from_wkb
from shapely.geometry import LineString

from commands import covermap
from covermap.store import Workspace

pytestmark = pytest.mark.slow  # whole builds

Course = list[list[float]]
GOOD: Course = [[120.60, 31.32], [120.62, 31.33]]
EXCHANGED: Course = [[31.32, 120.60], [31.33, 120.62]]
FEATURES: dict[str, Course | None] = {
    "good": GOOD,
    "repeated": [[120.7, 31.3], [120.7, 31.3], [120.71, 31.3], [120.71, 31.3]],
    "no length": [[120.8, 31.3], [120.8, 31.3]],
    "one vertex": [[120.8, 31.3]],
    "over 180": [[179.99, -16.5], [-179.99, -16.5]],
    "exchanged": EXCHANGED,
    "not a number": [[120.9, 31.3], [float("nan"), 31.3]],
    "nothing": None,
}


def geojson(courses: dict[str, Course | None]) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"name": name, "ref": name},
            "geometry": c and {"type": "LineString", "coordinates": c},
        }
        for name, c in courses.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def declare(space: Path, name: str, content: str | bytes | None = None, **more: str) -> Path:
    path = space / "more" / name
    path.parent.mkdir(exist_ok=True)
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    fields = 'fields = { name = "name", ref = "ref" }'
    keys = {"name": "more", "files": [f"more/{name}"], "line_class": "national", **more}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    with (space / "covermap.toml").open("a", encoding="utf-8") as stream:
        stream.write("\n".join(["", "[[lines]]", *lines, fields]))
    return path


def without_crs(path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["r"], "ref": ["S2"]}, geometry=[LineString(GOOD)])
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(path)


def fails(space: Path) -> str:
    """Give the one error line of a build that could not be made; the old one stays."""
    before = Workspace(space).current_id
    said = covermap("build", space, "--workers", "1")
    assert said.code == 2, said
    (line,) = said.errors
    assert Workspace(space).current_id == before
    return line


def test_bad_features_are_mended_or_rejected_and_named(space: Path) -> None:
    declare(space, "a.geojson", geojson(FEATURES))
    said = covermap("build", space, "--workers", "1")
    assert said.code == 0, said.err
    build = Workspace(space).current()
    lines = build.read("lines").filter(pc.equal(build.read("lines")["input"], "more")).to_pylist()
    rejected = build.read("rejected").filter(pc.equal(build.read("rejected")["input"], "more"))
    names = list(FEATURES)
    reasons = {names[r["line"] - 1]: r["reason"] for r in rejected.to_pylist()}
    assert reasons == {
        "no length": "zero_length", "one vertex": "no_geometry", "nothing": "no_geometry",
        "exchanged": "position_out_of_range", "not a number": "no_position",
    }  # fmt: skip
    assert {r["name"] for r in lines} | set(reasons) == set(FEATURES)
    assert not {r["name"] for r in lines} & set(reasons)
    assert "more/a.geojson: 1 rejected: zero_length; the first is no. 3" in said.out
    assert "1 rejected: position_out_of_range; the first is no. 6" in said.out
    assert "exchanged, or in metres?" in said.out
    problems = build.read("problems")
    counted = problems.filter(pc.equal(problems["input"], "more")).to_pylist()
    found = {p["problem"]: (p["count"], p["first_line"], p["action"]) for p in counted}
    assert found["repeated_vertices"][1:] == (2, "removed")
    assert found["crosses_antimeridian"] == (1, 5, "split")


def test_a_line_over_longitude_180_is_as_long_as_it_is_on_earth(space: Path) -> None:
    declare(space, "a.geojson", geojson({"over 180": FEATURES["over 180"]}))
    assert covermap("build", space, "--workers", "1").code == 0
    rows: list[dict[str, Any]] = Workspace(space).current().read("lines").to_pylist()
    mine = [r for r in rows if r["name"] == "over 180"]
    assert sum(r["length_m"] for r in mine) == pytest.approx(2134.8, abs=5)
    for one in mine:
        west, _, east, _ = from_wkb(one["geometry"]).bounds
        assert east - west < 0.02


BAD = {
    "an empty file": ("a.geojson", b"", "the file is empty (0 bytes)"),
    "binary": ("a.geojson", bytes(range(256)) * 20, "it is not what .geojson stands for"),
    "a truncated file": ("a.geojson", geojson({"r": GOOD})[:70], "Failed to read GeoJSON"),
    "every feature exchanged": ("a.geojson", geojson({"r": EXCHANGED}), "if latitude comes first"),
    "metres": ("a.geojson", geojson({"r": [[329231.0, 3463455.0], [329531.0, 3463455.0]]}),
               'write datum = "EPSG:n"'),
    "no features": ("a.geojson", geojson({}), "the file has no features"),
    "other attributes": ("a.geojson", geojson({"r": GOOD}).replace('"ref"', '"code"'),
                         "no attribute 'ref'. There are: name, code"),
    "a truncated GeoPackage": ("a.gpkg", b"SQLite format 3\x00" + bytes(900), "cannot be read"),
    "a truncated Parquet": ("a.parquet", b"PAR1" + bytes(900), "Parquet"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_vector_file_of_no_use_stops_the_build_with_one_line(space: Path, kind: str) -> None:
    name, content, message = BAD[kind]
    declare(space, name, content)
    line = fails(space)
    assert f"more/{name}" in line
    assert message in line


@pytest.mark.parametrize("name", ["a.shp", "a.gpkg"])
def test_a_file_without_crs_is_refused_until_a_datum_is_declared(space: Path, name: str) -> None:
    without_crs(declare(space, name))
    line = fails(space)
    assert f"more/{name}: states no CRS and none is declared. Write datum = " in line
    config = space / "covermap.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('name = "more"', 'name = "more"\ndatum = "wgs84"'))
    assert covermap("build", space, "--workers", "1").code == 0


def test_check_leaves_the_datum_of_a_file_without_crs_to_be_filled_in(space: Path) -> None:
    path = declare(space, "a.shp")
    without_crs(path)
    said = covermap("check", path)
    assert said.code == 0
    assert 'datum = "FILL IN"' in said.out


def test_a_shapefile_without_its_siblings_is_told(space: Path) -> None:
    path = declare(space, "a.shp")
    without_crs(path)
    path.with_suffix(".dbf").unlink()
    assert "a Shapefile without its .dbf beside it" in fails(space)


def test_a_layer_that_is_not_there_is_told_with_those_that_are(space: Path) -> None:
    declare(space, "a.geojson", geojson({"r": GOOD}), layer="rails")
    assert "no layer 'rails'. There are: a." in fails(space)
