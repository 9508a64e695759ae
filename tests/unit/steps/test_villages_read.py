"""Villages as they come: key points, joined positions, and everything that can be wrong."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from covermap.errors import ConfigError, DatumError
from covermap.steps.areas import read_villages
from covermap.tables import PROBLEMS, REJECTED, VILLAGE_POINTS, VILLAGES
from covermap.workspace import Villages

POINT = shapely.Point(120.62, 31.30)
BOX = shapely.box(120.60, 31.30, 120.62, 31.32)
ONE, TWO = "320506001201", "320506001202"


def vector(path, geometries, **columns):
    gpd.GeoDataFrame(columns, geometry=geometries, crs=4326).to_parquet(path)
    return path


def table(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(*paths, positions=None, **declared):
    entry = Villages(**{"name": "v", "files": ("x",), "datum": "wgs84", **declared})
    made = read_villages([(entry, list(paths), positions)])
    assert made.villages.schema == VILLAGES.schema
    assert made.points.schema == VILLAGE_POINTS.schema
    assert made.rejected.schema == REJECTED.schema
    assert made.problems.schema == PROBLEMS.schema
    ids = made.villages["village_id"].to_pylist()
    assert len(set(ids)) == len(ids)
    return made


def told(made):
    return {r["problem"]: (r["count"], r["first_line"]) for r in made.problems.to_pylist()}


def at(made):
    return {
        r["village_id"]: None if r["geometry"] is None else shapely.from_wkb(r["geometry"])
        for r in made.villages.to_pylist()
    }


def test_a_table_of_codes_gets_its_positions_from_another_file(tmp_path):
    codes = table(tmp_path / "codes.csv", "统计代码,村名,人口", f"{ONE},甲村,1200", f"{TWO},乙村,")
    where = table(tmp_path / "at.csv", "代码,经度,纬度", f"{ONE},120.62,31.30", "99,120,31")
    made = read(
        codes, positions=where, fields={"code": "统计代码", "name": "村名", "population": "人口"},
        position_fields={"code": "代码"},
    )  # fmt: skip
    assert at(made) == {ONE: POINT, TWO: None}
    assert made.villages["population"].to_pylist() == [1200.0, None]
    assert told(made) == {"no_coordinates": (1, 3), "position_of_no_village": (1, 3)}


def test_a_table_may_hold_positions_itself_in_its_own_datum(tmp_path):
    path = table(tmp_path / "v.csv", "code,lon,lat", f"{ONE},120.62,31.30", f"{TWO},,31")
    made = read(path, datum="gcj02")
    moved = shapely.distance(at(made)[ONE], POINT) * 111_000
    assert 200 < moved < 900
    assert told(made) == {"no_coordinates": (1, 3)}
    with pytest.raises(DatumError, match="positions without a datum; write datum = in villages v"):
        read(path, datum=None)


def test_rows_of_key_points_are_key_points_of_their_village(tmp_path):
    villages = vector(tmp_path / "v.parquet", [POINT], code=[ONE], name=["甲村"])
    points = table(
        tmp_path / "k.csv", "code,kind,key_point,lon,lat", f"{ONE},村委会,,120.62,31.30",
        f"{ONE},小学,甲村小学,120.621,31.301", f"{ONE},村委会,,120.622,31.30",
    )  # fmt: skip
    made = read(villages, points)
    found = [(r["key_point"], r["kind"], r["outside"]) for r in made.points.to_pylist()]
    assert found == [
        ("committee", "committee", False), ("committee 2", "committee", False),
        ("甲村小学", "school", False),
    ]  # fmt: skip
    assert told(made) == {}


def test_key_points_without_a_position_or_a_code_are_rejected_with_their_line(tmp_path):
    path = table(
        tmp_path / "k.csv", "code,kind,lon,lat", f"{ONE},school,,", ",clinic,120.62,31.3",
        f"{ONE},square,120.62,31.3",
    )  # fmt: skip
    made = read(path)
    rejected = [(r["line"], r["reason"]) for r in made.rejected.to_pylist()]
    assert rejected == [(2, "no_position"), (3, "no_identity")]
    assert made.points.num_rows == 1
    # the village itself is told of by its key point alone, and keeps a row
    assert at(made) == {ONE: None}
    assert told(made) == {"village_of_key_points_alone": (1, 4)}


def test_key_points_outside_their_polygon_or_far_from_their_point_are_kept_and_told(tmp_path):
    villages = vector(tmp_path / "v.parquet", [BOX, POINT], code=[ONE, TWO])
    points = table(
        tmp_path / "k.csv", "code,kind,lon,lat", f"{ONE},school,120.61,31.31",
        f"{ONE},clinic,120.63,31.31", f"{TWO},school,120.63,31.30", f"{TWO},clinic,120.7,31.30",
    )  # fmt: skip
    made = read(villages, points)
    outside = [(r["village_id"], r["kind"]) for r in made.points.to_pylist() if r["outside"]]
    assert outside == [(ONE, "clinic"), (TWO, "clinic")]
    assert told(made) == {"key_point_outside_village": (2, 3)}


def test_one_code_for_two_villages_keeps_both_under_identities_of_their_own(tmp_path):
    other = shapely.Point(120.7, 31.4)
    path = vector(tmp_path / "v.parquet", [POINT, other], code=[ONE, ONE], name=["甲村", "乙村"])
    made = read(path)
    ids = made.villages["village_id"].to_pylist()
    assert len(ids) == 2
    assert all(one.startswith(ONE) for one in ids)
    assert made.villages["code"].to_pylist() == [ONE, ONE]
    assert list(told(made)) == ["code_used_again"]


def test_parts_of_one_village_are_joined(tmp_path):
    east = shapely.box(120.62, 31.30, 120.63, 31.32)
    path = vector(tmp_path / "v.parquet", [BOX, east], code=[ONE, ONE], name=["甲村", None])
    made = read(path)
    assert at(made)[ONE].equals(shapely.union_all([BOX, east]))
    assert told(made) == {"village_given_again": (1, 2)}


def test_a_village_under_an_old_and_a_new_code_is_kept_twice_and_told(tmp_path):
    path = vector(
        tmp_path / "v.parquet", [POINT, shapely.Point(120.7, 31.4)], code=[ONE, TWO],
        name=["甲村", "甲村"],
    )  # fmt: skip
    assert told(read(path)) == {"same_name_other_code": (1, 2)}


def test_merged_villages_are_told_by_several_codes_or_one_place(tmp_path):
    path = vector(
        tmp_path / "v.parquet", [POINT, POINT], code=[f"{ONE}、{TWO}", "320506001203"],
        name=["甲村", "丙村"],
    )  # fmt: skip
    made = read(path)
    assert sorted(at(made)) == [ONE, "320506001203"]
    assert told(made) == {"several_codes": (1, 1), "same_place_other_code": (1, 2)}


def test_polygons_that_overlap_or_cross_themselves_are_told_and_kept(tmp_path):
    bow = shapely.Polygon([(121, 31), (121.2, 31.2), (121.2, 31), (121, 31.2)])
    path = vector(
        tmp_path / "v.parquet",
        [BOX, shapely.box(120.61, 31.30, 120.64, 31.32), shapely.box(120.64, 31.3, 120.65, 31.32),
         bow],
        code=[ONE, TWO, "320506001203", "320506001204"],
    )  # fmt: skip
    made = read(path)
    assert made.villages.num_rows == 4
    assert told(made) == {"polygons_overlap": (1, 2), "invalid_polygon": (1, 4)}


def test_features_without_a_geometry_stay(tmp_path):
    path = vector(tmp_path / "v.parquet", [POINT, None], code=[ONE, TWO])
    made = read(path)
    assert at(made) == {ONE: POINT, TWO: None}
    assert made.rejected.num_rows == 0
    assert told(made) == {"no_coordinates": (1, 2)}


def test_a_field_or_column_that_is_not_there_is_one_clear_line(tmp_path):
    codes = table(tmp_path / "codes.csv", "code,name", f"{ONE},a")
    with pytest.raises(ConfigError, match="villages v: fields: 'colour' is not known"):
        read(codes, fields={"colour": "x"})
    with pytest.raises(ConfigError, match="position_fields: code = '代码' is not a column of"):
        read(codes, positions=table(tmp_path / "at.csv", "lon,lat", "1,2"),
             position_fields={"code": "代码", "lon": "lon"})  # fmt: skip


def test_the_order_of_rows_and_files_does_not_matter(tmp_path):
    lines = [f"3205060012{n:02d},v{n % 7},12{n % 3}.5,31.{n}" for n in range(1, 30)]
    lines += [f"3205060012{n:02d},w{n},120.5,31.{n}" for n in range(1, 5)]
    made = []
    for turn in (1, -1):
        folder = tmp_path / f"d{turn}"
        folder.mkdir()
        files = [
            table(folder / f"{name}.csv", "code,name,lon,lat", *part[::turn])
            for name, part in (("a", lines[:20]), ("b", lines[20:]))
        ]
        made.append(read(*files[::turn]))
    assert made[0].villages.equals(made[1].villages)
    assert made[0].villages.num_rows == 33


def test_nothing_declared_gives_empty_tables():
    made = read_villages([])
    assert made.villages.num_rows == made.points.num_rows == made.problems.num_rows == 0
