"""Places, villages and regions: field maps, identities, mended and refused geometries."""

import geopandas as gpd
import pytest
import shapely

from covermap.core.datum import from_wgs84
from covermap.errors import ConfigError, DatumError
from covermap.steps.areas import AreasResult, read_areas, read_villages
from covermap.tables import PLACES, PROBLEMS, REGIONS, REJECTED, VILLAGES
from covermap.workspace import Areas, Villages

BOW = shapely.Polygon([(121, 31), (121.2, 31.2), (121.2, 31), (121, 31.2)])
BOX = shapely.box(121, 31, 121.1, 31.1)


def write(path, geometries, crs=4326, **columns):
    columns = columns or {"name": [f"n{i}" for i in range(len(geometries))]}
    gpd.GeoDataFrame(columns, geometry=geometries, crs=crs).to_parquet(path)
    return path


def read(kind, *paths, **values):
    if kind == "villages":
        declared = Villages(**{"name": "a", "files": ("x",), **values})
        made = read_villages([(declared, list(paths), None)])
        return AreasResult(made.villages, made.rejected, made.problems)
    return read_areas(kind, list(paths), Areas(**{"name": "a", "files": ("x",), **values}))


def shapes(result):
    return [shapely.from_wkb(g) for g in result.table["geometry"].to_pylist()]


def problems(result):
    return {r["problem"]: (r["count"], r["first_line"]) for r in result.problems.to_pylist()}


def rejected(result):
    return [(r["line"], r["reason"]) for r in result.rejected.to_pylist()]


def test_villages_are_points_or_polygons_in_the_tables_form(tmp_path):
    path = write(
        tmp_path / "v.parquet",
        [shapely.Point(121, 31), BOX],
        code=["310101001", None],
        name=["甲村", "乙村"],
        population=[1200.0, None],
    )
    result = read("villages", path)
    assert result.table.schema == VILLAGES.schema
    assert result.rejected.schema == REJECTED.schema
    assert result.problems.schema == PROBLEMS.schema
    by_name = {r["name"]: r for r in result.table.to_pylist()}
    assert by_name["甲村"]["village_id"] == "310101001"
    assert by_name["甲村"]["population"] == 1200.0
    assert by_name["乙村"]["village_id"].startswith("h")
    assert by_name["乙村"]["population"] is None


def test_a_field_map_names_the_attributes(tmp_path):
    path = write(
        tmp_path / "p.parquet",
        [shapely.Point(121, 31), shapely.Point(121.001, 31)],
        场景=["医院", "医院"],
        名称=["一院", "一院"],
        关键点=["大厅", "急诊"],
    )
    fields = {"scene": "场景", "name": "名称", "key_point": "关键点"}
    result = read("places", path, fields=fields)
    assert result.table.schema == PLACES.schema
    assert len(set(result.table["place_id"].to_pylist())) == 1
    assert sorted(result.table["key_point"].to_pylist()) == ["大厅", "急诊"]
    assert result.table["scene"].to_pylist() == ["医院", "医院"]


def test_a_field_or_attribute_that_is_not_there_is_one_clear_line(tmp_path):
    path = write(tmp_path / "p.parquet", [BOX])
    with pytest.raises(ConfigError, match=r"villages a: fields: 'colour' is not known"):
        read("villages", path, fields={"colour": "x"})
    with pytest.raises(ConfigError, match=r"name = '名称' is not an attribute of .*p\.parquet"):
        read("villages", path, fields={"name": "名称"})


def test_invalid_polygons_are_mended_and_counted(tmp_path):
    result = read("regions", write(tmp_path / "r.parquet", [BOX, BOW, BOW], code=["1", "2", "3"]))
    assert result.table.schema == REGIONS.schema
    assert problems(result) == {"invalid_polygon": (2, 2)}
    assert all(s.is_valid for s in shapes(result))
    assert shapes(result)[1].area == pytest.approx(0.02)


def test_what_cannot_be_used_is_rejected_with_its_reason(tmp_path):
    flat = shapely.Polygon([(121, 31), (122, 31), (121, 31)])
    line = shapely.LineString([(121, 31), (122, 31)])
    geometries = [BOX, line, flat, shapely.Point(121, 31), None, shapely.box(122, 31, 123, 32)]
    path = write(tmp_path / "r.parquet", geometries, code=["1", "2", "3", "4", "5", None])
    result = read("regions", path)
    assert rejected(result) == [
        (2, "no_geometry"),
        (3, "no_area"),
        (4, "no_geometry"),
        (5, "no_geometry"),
        (6, "no_identity"),
    ]
    assert result.table.num_rows + result.rejected.num_rows == len(geometries)
    assert "LineString: regions are polygons" in result.rejected["detail"][0].as_py()


def test_parts_of_one_region_are_joined(tmp_path):
    parts = [BOX, shapely.box(121.1, 31, 121.2, 31.1), shapely.box(130, 40, 131, 41)]
    path = write(tmp_path / "r.parquet", parts, code=["1", "1", "2"], name=["甲", "甲", "乙"])
    result = read("regions", path)
    assert result.table["region_id"].to_pylist() == ["1", "2"]
    assert shapes(result)[0].area == pytest.approx(0.02)
    assert problems(result) == {"region_in_parts": (2, 1)}


@pytest.mark.parametrize(
    ("written", "level"),
    [("省", "province"), ("District", "county"), ("镇", "township"), (None, "city")],
)
def test_levels_are_read_in_chinese_and_english_with_a_declared_default(tmp_path, written, level):
    path = write(tmp_path / "r.parquet", [BOX], code=["1"], level=[written])
    assert read("regions", path, level="city").table["level"].to_pylist() == [level]


def test_an_unknown_level_is_other_and_counted(tmp_path):
    result = read("regions", write(tmp_path / "r.parquet", [BOX], code=["1"], level=["galaxy"]))
    assert result.table["level"].to_pylist() == ["other"]
    assert problems(result) == {"unknown_level": (1, 1)}


def test_a_bad_population_is_blanked_and_counted(tmp_path):
    path = write(
        tmp_path / "v.parquet",
        [shapely.Point(121, 31 + i / 100) for i in range(3)],
        name=["a", "b", "c"],
        population=["12", "many", "-4"],
    )
    result = read("villages", path)
    assert sorted(result.table["population"].to_pylist(), key=str) == [12.0, None, None]
    assert problems(result) == {"bad_population": (2, 2)}


def test_duplicates_are_rejected_and_repeated_identities_joined(tmp_path):
    points = [shapely.Point(121, 31), shapely.Point(121, 31), shapely.Point(122, 31)]
    result = read("villages", write(tmp_path / "v.parquet", points, code=["1", "1", "1"]))
    assert rejected(result) == [(2, "duplicate")]
    assert problems(result) == {"village_given_again": (1, 3)}
    assert result.table.num_rows == 1


def test_numeric_codes_in_columns_with_gaps_stay_whole_numbers(tmp_path):
    path = write(
        tmp_path / "v.parquet", [shapely.Point(121, 31), BOX], code=[310101001.0, float("nan")]
    )
    assert "310101001" in read("villages", path).table["code"].to_pylist()


def test_gcj02_places_are_converted_vertex_by_vertex(tmp_path):
    x, y = from_wgs84(*shapely.get_coordinates(BOX).T, "gcj02")
    shifted = shapely.Polygon(list(zip(x, y, strict=True)))
    path = write(tmp_path / "r.parquet", [shifted], code=["1"])
    result = read("regions", path, datum="gcj02")
    assert shapely.equals_exact(shapes(result)[0], BOX, 1e-8)


def test_a_file_without_crs_and_datum_is_refused(tmp_path):
    with pytest.raises(DatumError, match="states no CRS"):
        read("regions", write(tmp_path / "r.parquet", [BOX], crs=None, code=["1"]))


def test_the_order_of_features_does_not_matter(tmp_path):
    points = [shapely.Point(121 + i / 10, 31) for i in range(5)]
    names = [f"v{i}" for i in range(5)]
    one = read("villages", write(tmp_path / "a.parquet", points, name=names))
    other = read("villages", write(tmp_path / "b.parquet", points[::-1], name=names[::-1]))
    assert one.table.equals(other.table)


def test_files_are_shown_relative_to_the_workspace(tmp_path):
    path = write(tmp_path / "r.parquet", [BOW], code=["1"])
    result = read_areas("regions", [path], Areas(name="a", files=("x",)), root=tmp_path)
    assert result.problems["file"].to_pylist() == ["r.parquet"]


def test_a_file_of_which_nothing_can_be_used_gives_an_empty_table(tmp_path):
    result = read("regions", write(tmp_path / "r.parquet", [shapely.Point(121, 31)], code=["1"]))
    assert result.table.num_rows == 0
    assert result.table.schema == REGIONS.schema
    assert rejected(result) == [(1, "no_geometry")]
