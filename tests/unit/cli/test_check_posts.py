"""`covermap check` of files of kilometre posts."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from commands import covermap

EAST_M, NORTH_M = 1 / 67_137, 1 / 111_280
HEAD = "official,lon,lat,line\n"


def place(x: float, y: float = 0.0) -> tuple[float, float]:
    return 8 + x * EAST_M, 53 + y * NORTH_M


def row(figure: str, x: float, y: float = 0.0, line: str = "") -> str:
    lon, lat = place(x, y)
    return f"{figure},{lon:.8f},{lat:.8f},{line}\n"


@pytest.fixture
def ways(tmp_path: Path) -> Path:
    shapes = [shapely.LineString([place(a), place(b)]) for a, b in ((0, 3000), (3000, 6000))]
    path = tmp_path / "ways.geojson"
    gpd.GeoDataFrame({"ref": ["R 1"] * 2}, geometry=shapes, crs=4326).to_file(
        path, driver="GeoJSON"
    )
    return path


def findings(path: Path, *more: Any) -> tuple[int, list[tuple[int, str, str, str]]]:
    done = covermap("check", path, "--json", *more)
    (file,) = json.loads(done.out)["files"]
    assert file["kind"] == "posts"
    for one in file["findings"]:
        assert one["file"] == str(path)
        assert one["rule"]
        assert one["do"]
        assert one["measured"]
    rows = [(f["line"], f["value"], f["finding"], f["level"]) for f in file["findings"]]
    return done.code, rows


def put(path: Path, *rows: str) -> Path:
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


EVEN = [row(f"K{k}+000", 1000 * k) for k in range(6)]


def test_good_posts_have_no_findings_with_and_without_their_line(tmp_path, ways):
    path = put(tmp_path / "posts.csv", *EVEN)
    assert findings(path) == findings(path, "--lines", ways) == (0, [])
    text = covermap("check", path).out
    assert "official kilometre posts" in text
    assert "findings      none" in text
    assert f'# posts = "{path}"' in text


def test_an_equation_is_a_note_and_no_fault(tmp_path, ways):
    rows = [*EVEN[:2], row("K1+500=K1+850", 1500), row("K2+350", 2000), row("K3+350", 3000)]
    path = put(tmp_path / "posts.csv", *rows)
    assert findings(path) == (0, [])
    note = (4, "K1+500=K1+850", "equation", "note")
    assert findings(path, "--lines", ways) == (0, [note])


def test_everything_that_is_wrong_is_told_with_its_line(tmp_path, ways):
    rows = [
        row("K0+000", 0), row("K0+500", 500), row("K1+000", 1000), row("K1+500", 1500),
        row("K7+000", 2000), row("K2+500", 2500), row("K2+500", 2500.2), row("K4+000", 4000),
        row("K4+850", 4500), row("K5+350", 5000), row("K5+850", 5500, 400), row("here", 5000),
        row("K5+500", 5500, 0, "R 2"), "K6+000,,,\n",
    ]  # fmt: skip
    code, found = findings(put(tmp_path / "posts.csv", *rows), "--lines", ways)
    assert code == 1
    assert found == [
        (6, "K7+000", "post_does_not_fit", "error"),
        (8, "K2+500", "duplicate", "error"),
        (9, "K4+000", "gap", "warning"),
        (10, "K4+850", "count_break", "warning"),
        (12, "K5+850", "off_the_lines", "error"),
        (13, "here", "bad_chainage", "error"),
        (14, "K5+500", "off_the_lines", "error"),
        (15, "K6+000", "no_position", "error"),
    ]


def test_a_count_that_runs_backwards_is_told(tmp_path, ways):
    rows = [*EVEN[:4], row("K9+000", 4000), row("K8+000", 5000)]
    code, found = findings(put(tmp_path / "posts.csv", *rows), "--lines", ways)
    assert code == 1
    assert [(line, kind) for line, _, kind, _ in found] == [
        (6, "count_break"),
        (7, "runs_backwards"),
    ]


def test_without_lines_figures_are_compared_with_each_other(tmp_path):
    rows = [*EVEN[:3], row("K2+000", 2500), row("K3+000", 4000), "K9,,,\n"]
    code, found = findings(put(tmp_path / "posts.csv", *rows))
    assert code == 1
    assert [(line, kind) for line, _, kind, _ in found] == [
        (5, "same_figure"), (6, "count_break"), (7, "no_position"),
    ]  # fmt: skip


def test_posts_by_line_and_chainage_need_no_geometry(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text(
        "桩号;线路;chainage_m\nDK3+000;R1;1000\nDK4+000;R1;2000\nDK6+000;R1;3000\nDK7+000;R1;4000\n",
        encoding="utf-8",
    )
    assert findings(path) == (1, [(4, "DK6+000", "count_break", "warning")])


def test_a_finding_says_what_was_measured_by_which_rule_and_what_to_do(tmp_path, ways):
    path = put(tmp_path / "posts.csv", *EVEN[:2], row("K2+350", 2000), row("K3+350", 3000))
    done = covermap("check", path, "--lines", ways)
    assert done.code == 1
    assert (
        f"warning: {path}: line 4: K2+350: count_break: 1000 m along the line after K1+000, "
        "figures +1350 m (rule: neighbours differ by as much as they are apart, to 5 % or 30 m). "
        "To do: if the line was rebuilt here give an equation"
    ) in done.out


def test_posts_as_points_of_geojson_are_known_as_posts(tmp_path):
    points = [shapely.Point(place(1000 * k)) for k in range(3)]
    path = tmp_path / "posts.geojson"
    frame = gpd.GeoDataFrame({"post": ["K0", "K1", "K1+900"]}, geometry=points, crs=4326)
    frame.to_file(path, driver="GeoJSON")
    assert findings(path) == (1, [(3, "K1+900", "count_break", "warning")])


def test_a_table_whose_figures_are_bare_numbers_is_no_file_of_posts(tmp_path):
    path = tmp_path / "stops.csv"
    path.write_text("post,lon,lat\n100,8.0,53.0\n200,8.1,53.0\n", encoding="utf-8")
    assert covermap("check", path).code == 2
