"""Vector files: every format, its datum, and what is wrong in it."""

import gzip
import json
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from covermap.core.datum import from_wgs84
from covermap.errors import ArchiveError, DatumError, FormatError, InputError, NotKnownError
from covermap.formats.mending import crosses_antimeridian, split_at_antimeridian
from covermap.formats.vectors import read_vector

LINE = shapely.LineString([(121.4, 31.2), (121.5, 31.25), (121.6, 31.2)])


def frame(*geometries, crs=4326, **columns):
    columns = columns or {"name": [f"线{i}" for i in range(len(geometries))]}
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def geojson(path, *geometries):
    features = [
        {"type": "Feature", "properties": {"name": f"n{i}"}, "geometry": g}
        for i, g in enumerate(geometries)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def line(*points):
    return {"type": "LineString", "coordinates": [list(p) for p in points]}


def kinds(read):
    return {p.problem: p.count for p in read.problems}


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp", ".fgb", ".parquet"])
def test_every_format_gives_the_same_features(tmp_path, suffix):
    path = tmp_path / f"lines{suffix}"
    data = frame(LINE, shapely.reverse(LINE))
    data.to_parquet(path) if suffix == ".parquet" else data.to_file(path, encoding="UTF-8")
    read = read_vector(path)
    by_name = read.table.set_index("name").geometry
    assert read.read == 2
    assert read.table.crs.to_epsg() == 4326
    assert shapely.equals_exact(by_name["线0"], LINE, 1e-9)
    assert shapely.equals_exact(by_name["线1"], shapely.reverse(LINE), 1e-9)
    assert sorted(read.table.index) == [1, 2]


@pytest.mark.parametrize("suffix", [".geojson", ".parquet", ".gpkg"])
def test_a_gzipped_file_is_read_like_the_file(tmp_path, suffix):
    plain = tmp_path / f"a{suffix}"
    frame(LINE).to_parquet(plain) if suffix == ".parquet" else frame(LINE).to_file(plain)
    packed = tmp_path / f"a{suffix}.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_vector(packed).read == 1


def zipped_shapefile(tmp_path, encoding="UTF-8", drop=()):
    frame(LINE).to_file(tmp_path / "a.shp", encoding=encoding)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in sorted(tmp_path.glob("a.*")):
            if part.suffix not in (".zip", *drop):
                archive.write(part, f"folder/{part.name}")
        archive.writestr("__MACOSX/folder/._a.shp", b"x")
        archive.writestr("readme.txt", "hello")
    return tmp_path / "a.zip"


def test_a_zipped_shapefile_is_read_with_all_its_parts(tmp_path):
    read = read_vector(zipped_shapefile(tmp_path))
    assert read.table["name"].tolist() == ["线0"]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("stated", [True, False])
def test_chinese_attributes_of_shapefiles_are_read_stated_or_not(tmp_path, encoding, stated):
    path = tmp_path / "a.shp"
    gpd.GeoDataFrame({"名称": ["沪宁高速"]}, geometry=[LINE], crs=4326).to_file(
        path, encoding=encoding
    )
    if not stated:
        (tmp_path / "a.cpg").unlink()
    read = read_vector(path)
    assert read.table["名称"].tolist() == ["沪宁高速"]
    assert ("encoding_not_stated" in kinds(read)) is not stated


def test_a_shapefile_without_its_dbf_is_one_clear_line(tmp_path):
    frame(LINE).to_file(tmp_path / "a.shp")
    (tmp_path / "a.dbf").unlink()
    with pytest.raises(FormatError, match=r"without its \.dbf"):
        read_vector(tmp_path / "a.shp")


def test_without_crs_and_datum_the_message_says_what_to_write(tmp_path):
    frame(LINE).to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(DatumError, match=r'a\.shp: states no CRS.*datum = "wgs84"'):
        read_vector(tmp_path / "a.shp")
    assert read_vector(tmp_path / "a.shp", datum="wgs84").read == 1


def test_a_declared_datum_overrides_the_file_and_converts_each_vertex(tmp_path):
    x, y = from_wgs84(*shapely.get_coordinates(LINE).T, "gcj02")
    frame(shapely.LineString(np.column_stack((x, y)))).to_file(tmp_path / "a.geojson")
    read = read_vector(tmp_path / "a.geojson", datum="gcj02")
    assert read.datum == "gcj02"
    assert shapely.equals_exact(read.table.geometry.iloc[0], LINE, 1e-8)


def test_a_projected_file_is_converted_by_its_own_crs(tmp_path):
    frame(LINE).to_crs(32651).to_file(tmp_path / "a.gpkg")
    read = read_vector(tmp_path / "a.gpkg")
    assert "UTM zone 51N" in read.datum
    assert shapely.equals_exact(read.table.geometry.iloc[0], LINE, 1e-8)


def test_metres_read_as_degrees_are_named(tmp_path):
    path = geojson(tmp_path / "a.geojson", line((351000, 3450000), (352000, 3451000)))
    with pytest.raises(DatumError, match="If these are metres"):
        read_vector(path)
    assert read_vector(path, datum="EPSG:32651").read == 1


def test_unusable_features_are_rejected_with_number_and_reason(tmp_path):
    path = geojson(
        tmp_path / "a.geojson",
        line((121, 31), (122, 31)),
        None,
        line((121, 31), (121, 31)),
        line((121, 31), (121, 95)),
        {"type": "LineString", "coordinates": []},
    )
    read = read_vector(path)
    assert read.table.index.tolist() == [1]
    assert [(r["line"], r["reason"]) for r in read.rejected.to_pylist()] == [
        (2, "no_geometry"),
        (3, "zero_length"),
        (4, "position_out_of_range"),
        (5, "no_geometry"),
    ]
    assert '"name": "n2"' in read.rejected["raw"][1].as_py()
    assert read.read == 5


def test_a_nan_coordinate_is_a_rejected_feature(tmp_path):
    with np.errstate(invalid="ignore"):
        bad = shapely.LineString([(121, 31), (np.nan, 31), (122, 31)])
    frame(LINE, bad).to_parquet(tmp_path / "a.parquet")
    read = read_vector(tmp_path / "a.parquet")
    assert read.rejected["reason"].to_pylist() == ["no_position"]
    assert read.table.index.tolist() == [1]


def test_repeated_vertices_heights_and_parts_without_length_are_mended_and_counted(tmp_path):
    path = geojson(
        tmp_path / "a.geojson",
        line((121, 31, 5), (121, 31, 5), (122, 31, 7)),
        {"type": "MultiLineString", "coordinates": [[[1, 1], [1, 1]], [[1, 1], [2, 2]]]},
    )
    read = read_vector(path)
    assert kinds(read) == {"height_dropped": 1, "repeated_vertices": 1, "zero_length_part": 1}
    assert [g.wkt for g in read.table.geometry] == [
        "LINESTRING (121 31, 122 31)",
        "MULTILINESTRING ((1 1, 2 2))",
    ]


def test_a_line_over_the_antimeridian_is_split_there(tmp_path):
    path = geojson(
        tmp_path / "a.geojson",
        line((170, 0), (-170, 10)),
        line((-179, 0), (-181, 0), (-179.5, 1)),
        line((-100, 0), (100, 0)),
    )
    read = read_vector(path)
    assert kinds(read) == {"crosses_antimeridian": 3}
    first, second, third = read.table.geometry
    assert first.wkt == "MULTILINESTRING ((170 0, 180 5), (-180 5, -170 10))"
    assert len(second.geoms) == 3
    assert third.bounds[0] == -180
    assert shapely.total_bounds(read.table.geometry.to_numpy())[[0, 2]].tolist() == [-180, 180]


def test_a_polygon_over_the_antimeridian_keeps_its_area():
    ring = shapely.Polygon(
        [(170, 0), (-170, 0), (-170, 10), (170, 10)],
        [[(178, 4), (-178, 4), (-178, 6), (178, 6)]],
    )
    flags = crosses_antimeridian(np.array([ring, shapely.box(-170, 0, -100, 5)], object))
    assert flags.tolist() == [True, False]
    cut = split_at_antimeridian(ring)
    assert cut.is_valid
    assert cut.area == pytest.approx(20 * 10 - 4 * 2)


def test_a_file_with_several_layers_asks_which_one(tmp_path):
    for name in ("roads", "rails"):
        frame(LINE).to_file(tmp_path / "a.gpkg", layer=name)
    with pytest.raises(FormatError, match=r"write layer = one of (rails, roads|roads, rails)"):
        read_vector(tmp_path / "a.gpkg")
    assert read_vector(tmp_path / "a.gpkg", layer="rails").read == 1
    with pytest.raises(NotKnownError, match="no layer 'x'"):
        read_vector(tmp_path / "a.gpkg", layer="x")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", b""),
        ("a.geojson", b"\x00\x01\x02" * 50),
        ("a.gpkg", b"not sqlite"),
        ("a.parquet", b"PAR1 but not"),
        ("a.fgb", b"fgb"),
        ("a.json", b'{"a": 1}'),
        ("a.txt", b"hello"),
    ],
)
def test_a_file_that_is_not_what_its_suffix_says_is_one_clear_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_vector(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_vector(tmp_path / "a.gpkg")


def test_parquet_without_geometry_metadata_is_refused(tmp_path):
    frame(LINE).drop(columns="geometry").to_parquet(tmp_path / "a.parquet")
    with pytest.raises(FormatError, match="without GeoParquet metadata"):
        read_vector(tmp_path / "a.parquet")


def test_truncated_archives_are_refused(tmp_path):
    zipped = zipped_shapefile(tmp_path)
    zipped.write_bytes(zipped.read_bytes()[:200])
    packed = tmp_path / "b.geojson.gz"
    packed.write_bytes(gzip.compress(b'{"type": "FeatureCollection", "features": []}')[:20])
    for path in (zipped, packed):
        with pytest.raises(ArchiveError, match="truncated"):
            read_vector(path)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path):
    packed = tmp_path / "b.geojson.gz"
    packed.write_bytes(gzip.compress(b"\x00" * (80 * 2**20), 9))
    with pytest.raises(ArchiveError, match="zip bomb"):
        read_vector(packed)


def test_an_archive_with_two_vector_files_names_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.geojson", "{}")
        archive.writestr("b.geojson", "{}")
    with pytest.raises(FormatError, match=r"exactly one.*a\.geojson, b\.geojson"):
        read_vector(tmp_path / "a.zip")
