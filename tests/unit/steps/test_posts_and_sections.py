"""Posts, structures, sections and known lines, through the step and its files."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from covermap.errors import ConfigError, DatumError, FormatError
from covermap.steps.lines import read_lines
from covermap.steps.lines.known import remember
from covermap.steps.sections import make_sections
from covermap.tables import POSTS, REGIONS, SECTIONS, STRUCTURES, conform, empty
from covermap.workspace import Lines

EAST_M, NORTH_M = 1 / 67_137, 1 / 111_280


def place(x, y=0.0):
    return 8 + x * EAST_M, 53 + y * NORTH_M


def write_ways(folder, rows):
    columns = {k: [r[1].get(k) for r in rows] for k in ("ref", "tunnel", "bridge")}
    geometry = [shapely.LineString([place(*p) for p in r[0]]) for r in rows]
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")
    frame.to_parquet(folder / "ways.parquet")


WAYS = [
    (((0, 0), (2000, 0)), {"ref": "R 1"}),
    (((2000, 0), (2400, 0)), {"ref": "R 1", "tunnel": "yes"}),
    (((2400, 0), (2700, 0)), {"ref": "R 1", "tunnel": "yes", "bridge": "no"}),
    (((2700, 0), (3000, 0)), {"ref": "R 1", "bridge": "viaduct"}),
    (((3000, 0), (6000, 0)), {"ref": "R 1"}),
]


def declare(**more):
    given = {
        "name": "rail",
        "files": ("ways.parquet",),
        "line_class": "rail",
        "fields": {"ref": "ref", "tunnel": "tunnel", "bridge": "bridge"},
    }
    return Lines(**{**given, **more})


def read(folder, text=None, known=None, **more):
    write_ways(folder, WAYS)
    if text is not None:
        (folder / "posts.csv").write_text(text, encoding="utf-8")
        more = {"posts": "posts.csv", "datum": "wgs84", **more}
    return read_lines(folder, (declare(**more),), known)


def row(figure, x, y=0.0, line=""):
    lon, lat = place(x, y)
    return f"{figure},{lon:.8f},{lat:.8f},{line}\n"


HEAD = "official,lon,lat,line\n"


def posts(made):
    return [
        (round(r["chainage_m"] / 10), r["prefix"], r["official_m"], r["stretch"])
        for r in made.posts.to_pylist()
    ]


def problems(made):
    return {r["problem"]: r["count"] for r in made.problems.to_pylist()}


def rejected(made):
    return [(r["line"], r["reason"]) for r in made.rejected.to_pylist()]


def test_tunnels_and_bridges_are_intervals_over_ways_that_follow_on(tmp_path):
    made = read(tmp_path)
    assert made.structures.schema.equals(STRUCTURES.schema)
    found = [
        (r["kind"], round(r["from_m"], -1), round(r["to_m"], -1))
        for r in made.structures.to_pylist()
    ]
    length = made.lines["length_m"][0].as_py()
    scale = length / 6000
    assert [f[0] for f in found] == ["bridge", "tunnel"]
    assert found[1][1:] == pytest.approx((2000 * scale, 2700 * scale), abs=10)
    tunnel = made.segments.filter(made.segments["tunnel"])["length_m"].to_numpy().sum()
    assert tunnel == pytest.approx(700 * scale, abs=100)


def test_posts_are_projected_and_an_equation_breaks_the_count(tmp_path):
    text = HEAD + row("K9+000", 1000, 8) + row("K10+000=K10+350", 2000) + row("K11+350", 3000)
    made = read(tmp_path, text)
    assert made.posts.schema.equals(POSTS.schema)
    assert posts(made) == [
        (100, "K", 9000, 0), (200, "K", 10000, 0), (200, "K", 10350, 1), (300, "K", 11350, 1)
    ]  # fmt: skip
    assert problems(made)["count_breaks"] == 1
    assert rejected(made) == []


def test_posts_that_cannot_be_used_are_rejected_with_row_and_reason(tmp_path):
    text = HEAD + "".join(
        [
            row("K1+000", 1000), row("K2+000", 2000), row("K7+000", 3000), row("K4+000", 4000),
            row("K4+000", 4000.2), row("K5+000", 5000, 400), row("here", 5000),
            row("K5+500", 5500, 0, "R 2"), "K6+000,,,\n",
        ]
    )  # fmt: skip
    made = read(tmp_path, text)
    assert [p[2] for p in posts(made)] == [1000, 2000, 4000]
    assert rejected(made) == [
        (4, "post_does_not_fit"), (6, "duplicate"), (7, "off_the_lines"), (8, "bad_chainage"),
        (9, "off_the_lines"), (10, "no_position"),
    ]  # fmt: skip


def test_posts_that_run_against_the_chainage_are_told(tmp_path):
    text = HEAD + "".join(row(f"K{9 - k}+000", 1000 * k) for k in range(1, 6))
    made = read(tmp_path, text)
    assert problems(made)["count_against_chainage"] == 1
    assert [p[2] for p in posts(made)] == [8000, 7000, 6000, 5000, 4000]


def test_posts_may_be_given_by_line_and_chainage_in_columns_of_other_names(tmp_path):
    text = "桩号;线路;chainage_m\nDK3+000;r1;1000\nDK4+000;R 1;2000\nDK5+000;R 1;99999\n"
    made = read(tmp_path, text)
    assert posts(made) == [(100, "DK", 3000, 0), (200, "DK", 4000, 0)]
    assert rejected(made) == [(4, "bad_chainage")]
    named = text.replace("桩号", "where")
    again = read(tmp_path, named, post_columns={"official": "where"})
    assert again.posts.equals(made.posts)


def test_posts_may_be_points_of_a_vector_file_or_a_spreadsheet(tmp_path):
    figures, xs = ["K1", "K2"], [1000, 2000]
    points = gpd.GeoDataFrame(
        {"post": figures}, geometry=[shapely.Point(place(x)) for x in xs], crs="EPSG:4326"
    )
    points.to_file(tmp_path / "posts.geojson", driver="GeoJSON", engine="pyogrio")
    want = [(100, "K", 1000, 0), (200, "K", 2000, 0)]
    assert posts(read(tmp_path, posts="posts.geojson")) == want
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "posts.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["桩号", "经度", "纬度"])
        for k in range(2):
            sheet.write_row(k + 1, 0, [figures[k], *place(xs[k])])
    assert posts(read(tmp_path, posts="posts.xlsx", datum="wgs84")) == want


def test_a_file_of_posts_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(FormatError, match="column of official figures"):
        read(tmp_path, "a,b\n1,2\n")
    with pytest.raises(DatumError, match="datum"):
        read(tmp_path, HEAD + row("K1", 0), datum=None)
    with pytest.raises(ConfigError, match="post_columns: no column 'km'"):
        read(tmp_path, HEAD, post_columns={"km": "a"})


def regions(*rows):
    table = pa.Table.from_pylist(
        [
            {"region_id": i, "level": level, "name": name, "input": "r", "simulated": False,
             "geometry": shapely.to_wkb(shapely.box(*place(a, -99), *place(b, 99)))}
            for i, level, name, a, b in rows
        ]
    )  # fmt: skip
    return conform(table, REGIONS)


def test_sections_cover_every_line_by_station_and_by_county(tmp_path):
    made = read(tmp_path)
    stations = pa.table(
        {"line_id": made.lines["line_id"], "name": ["A"], "chainage_m": [2000.5],
         "lon": [8.0], "lat": [53.0]}
    )  # fmt: skip
    counties = regions(
        ("1", "county", "West", -100, 2500), ("2", "county", "East", 2500, 5000),
        ("3", "province", "All", -100, 9000),
    )  # fmt: skip
    table = make_sections(made.lines, made.segments, stations, counties)
    assert table.schema.equals(SECTIONS.schema)
    frame = table.to_pandas()
    length = made.lines["length_m"][0].as_py()
    for _, own in frame.groupby("kind"):
        assert own["from_m"].iloc[0] == 0
        np.testing.assert_array_equal(own["from_m"].iloc[1:], own["to_m"].iloc[:-1])
        assert own["length_m"].sum() == pytest.approx(length, abs=1e-6)
        assert own["route_length_m"].sum() == pytest.approx(length, abs=1e-6)
    counties = frame[frame["kind"] == "county"]
    assert counties["name"].tolist() == ["West", "East", "-"]
    assert counties["region_id"].tolist()[:2] == ["1", "2"]
    assert pd.isna(counties["region_id"].iloc[2])
    stops = frame[frame["kind"] == "station"]
    assert stops["to_m"].iloc[0] == 2000.5
    assert stops["name"].iloc[0] == "K0+000 – A"
    assert frame["section_id"].is_unique


def test_without_counties_there_are_only_sections_between_stations(tmp_path):
    made = read(tmp_path)
    table = make_sections(made.lines, made.segments, made.stations, empty(REGIONS))
    assert table["kind"].to_pylist() == ["station"]
    none = make_sections(
        made.lines.slice(0, 0), made.segments.slice(0, 0), made.stations, empty(REGIONS)
    )
    assert none.num_rows == 0


def test_lines_known_from_before_keep_their_identity_and_the_same_lines_give_the_same_bytes(
    tmp_path,
):
    first = read(tmp_path)
    known = remember(None, first.lines)
    again = read(tmp_path, known=known)
    assert again.lines.equals(first.lines)
    assert again.segments.equals(first.segments)
    assert remember(known, again.lines).equals(known)
    renamed = read(tmp_path, known=known, name="other")
    assert renamed.lines["line_id"].equals(first.lines["line_id"])


def test_a_line_that_is_gone_is_remembered(tmp_path):
    first = read(tmp_path)
    known = remember(remember(None, first.lines), first.lines.slice(0, 0))
    assert known["line_id"].to_pylist() == first.lines["line_id"].to_pylist()
