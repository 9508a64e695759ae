"""Recipes are checked at the door; shipped files are found."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from covermap.errors import ConfigError, NotKnownError
from covermap.resources import resource
from covermap.simulate import facts
from covermap.simulate.lines import make_courses
from covermap.simulate.recipe import SHIPPED, all_once, load_recipe
from covermap.simulate.truth import segment_ends

MINIMAL = """
title = "t"
[[operators]]
plmn = "46000"
name = "a"
name_zh = "b"
color = "#000000"
[[lines]]
id = "road"
line_class = "road"
name = "r"
via = [[120.0, 31.5], [120.1, 31.5]]
[[runs]]
name = "drive"
kind = "drive"
format = "gnettrack"
lines = ["road"]
"""


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_load(name: str) -> None:
    assert load_recipe(name).operators
    assert all_once(load_recipe(name)) == (name == "noise-free")


def test_the_sample_has_what_the_demo_shows() -> None:
    sample = load_recipe("sample")
    assert [o.plmn for o in sample.operators] == ["46000", "46001", "46011", "46015"]
    classes = [line.line_class for line in sample.lines]
    for wanted in ("hsr", "rail", "motorway", "national", "provincial", "waterway"):
        assert wanted in classes
    assert classes.count("metro") == 2
    assert {r.kind for r in sample.runs} >= {"drive", "train", "metro", "probe", "crowd"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "t"', 'title = "t"\nsede = 1', "sede"),
        ('lines = ["road"]', 'lines = ["raod"]', "unknown lines"),
        ('lines = ["road"]', "", "lines = "),
        ('kind = "drive"', 'kind = "fly"', "kind"),
        ('via = [[120.0, 31.5], [120.1, 31.5]]', 'via = [[120.0, 31.5]]', "two points"),
        ('via = [[120.0, 31.5], [120.1, 31.5]]',
         'via = [[120.0, 31.5], [120.1, 31.5]]\ntunnels = [[0.5, 0.4]]', "tunnel"),
        ('plmn = "46000"', 'plmn = "46000"\nshared_with = "99999"', "shared_with"),
        ('title = "t"', "title = ", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_recipe_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert load_recipe(write(tmp_path, MINIMAL)).title == "t"
    with pytest.raises(ConfigError, match=says):
        load_recipe(write(tmp_path, MINIMAL.replace(old, new)))


def test_a_recipe_that_is_not_there_and_a_place_that_is_not_known_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recipe 'smaple'"):
        load_recipe("smaple")
    text = MINIMAL.replace("[[120.0, 31.5], [120.1, 31.5]]", '["Atlantis", "Wuxi"]')
    with pytest.raises(ConfigError, match="Atlantis"):
        make_courses(load_recipe(write(tmp_path, text)))


def test_shipped_files_are_found_and_others_named() -> None:
    assert resource("data", "places.csv").is_file()
    assert resource("tiles").is_dir()
    with pytest.raises(NotKnownError, match=r"places\.csv"):
        resource("data", "nothing.csv")


def test_facts_lie_in_the_region_and_each_has_its_source() -> None:
    towns = facts.towns()
    assert len(towns) == 80
    assert all(118.5 < t.lon < 122 and 30.5 < t.lat < 32.5 for t in towns)
    assert len({(t.lon, t.lat) for t in towns}) == 80
    assert "GeoNames" in resource("data", "README.md").read_text(encoding="utf-8")
    assert [s.name_zh for s in facts.stations("hsr")][:2] == ["上海虹桥", "昆山南"]


def test_lines_run_through_their_stations_and_chainage_grows() -> None:
    for course in make_courses(load_recipe("sample")):
        assert (np.diff(course.s) > 0).all()
        assert (np.diff(course.station_s) > 0).all()
        lon, lat = course.position(np.array([0.0, course.length_m]))
        assert lon[0] == course.lon[0]
        assert lat[1] == course.lat[-1]


def test_carriageways_run_against_each_other_and_apart() -> None:
    a, b = (c for c in make_courses(load_recipe("sample")) if c.line.id == "motorway")
    middle = a.length_m / 2
    there = a.heading_deg(np.array([middle]))[0]
    back = b.heading_deg(np.array([b.length_m - middle]))[0]
    assert abs((there - back) % 360 - 180) < 5
    away = np.hypot(b.x[:, None] - a.x[None, ::50], b.y[:, None] - a.y[None, ::50]).min(axis=0)
    assert np.median(away) == pytest.approx(26.0, abs=2.0)
    # Driving is on the right: seen along carriageway a, carriageway b lies to the left.
    i = a.x.size // 2
    j = int(np.hypot(b.x - a.x[i], b.y - a.y[i]).argmin())
    east, north = b.x[j] - a.x[i], b.y[j] - a.y[i]
    dx, dy = a.x[i + 1] - a.x[i], a.y[i + 1] - a.y[i]
    assert dx * north - dy * east > 0


def test_segments_of_the_truth_are_cut_as_the_product_cuts_them() -> None:
    assert segment_ends(250.0, 100.0).tolist() == [0.0, 100.0, 200.0, 250.0]
    assert segment_ends(200.0, 100.0).tolist() == [0.0, 100.0, 200.0]
    assert segment_ends(30.0, 100.0).tolist() == [0.0, 30.0]
    assert math.isclose(segment_ends(1234.5, 50.0)[-1], 1234.5)
