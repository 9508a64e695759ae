"""Export writers, each file opened again by the programs that people use."""

import json
import re
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from covermap.errors import ExportError
from covermap.formats.export import FORMATS, choose_format, xlsx
from covermap.formats.export.content import Batch, Content, Field, Summary, Target, safe_text
from covermap.formats.vectors import read_vector

WGS84 = Target("wgs84", "WGS-84", 4326, True)
GCJ02 = Target("gcj02", "GCJ-02, not WGS-84", None, True)
UTM = Target("EPSG:32651", "UTM 51N", 32651, False)

FIELDS = (
    Field("datum", pa.string(), "Datum", "坐标系", "text"),
    Field("simulated", pa.bool_(), "Simulated", "模拟数据", "flag"),
    Field("name", pa.string(), "Name", "名称", "text", "", "what people call it"),
    Field("verdict", pa.string(), "Verdict", "判定", "code"),
    Field("n", pa.int64(), "Samples", "采样数", "integer"),
    Field("share", pa.float64(), "Share", "占比", "share"),
    Field("time", pa.timestamp("ms", tz="UTC"), "Time", "时间", "time"),
)
ROWS = [
    ("=HYPERLINK(1)", "weak", 3, 0.5, 1_700_000_000_123),
    ("京沪", "covered", None, None, None),
    ('a,"b"\n<c>&\'', "none", 7, 1.0, 0),
]
SHAPES = [shapely.Point(121.123456789, 31.2), None, shapely.Point(2.0, -3.5)]


def batch(rows=ROWS, shapes=SHAPES, target=WGS84):
    names, verdicts, n, share, times = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    columns = [
        [target.name] * len(rows), [True] * len(rows), names, verdicts, n, share, times,
    ]  # fmt: skip
    arrays = [pa.array(list(c), f.type) for c, f in zip(columns, FIELDS, strict=True)]
    data = pa.RecordBatch.from_arrays(arrays, names=[f.name for f in FIELDS])
    return Batch(data, np.array([*shapes, None], object)[:-1])


def content(*batches, target=WGS84, **changes):
    batches = batches or (batch(ROWS[:2], SHAPES[:2], target), batch(ROWS[2:], SHAPES[2:], target))
    values = {
        "name": "samples",
        "title": "Samples",
        "title_zh": "采样点",
        "fields": FIELDS,
        "target": target,
        "about": (
            ("datum", "Datum 坐标系", target.name),
            ("simulated", "Simulated 模拟数据", "yes: made by the simulator"),
        ),
        "rows": sum(b.data.num_rows for b in batches),
        "batches": lambda: iter(batches),
        "geometry_types": ("Point",),
        "summary": Summary("By verdict", ("Verdict", "Number"), (("weak", 1), ("none", 2.5))),
    }
    return Content(**{**values, **changes})


def write(tmp_path, name, what=None, suffix=None):
    form = FORMATS[name]
    path = tmp_path / f"out{suffix or form.suffixes[0]}"
    told = []
    rows = form.write(path, what or content(), told.append)
    return path, rows, told


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_writes_all_rows_and_tells_progress(tmp_path, name):
    path, rows, told = write(tmp_path, name)
    assert rows == 3
    assert told == [2, 3]
    assert path.stat().st_size > 100


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("target", [WGS84, GCJ02])
def test_the_same_rows_give_the_same_bytes(tmp_path, name, target, monkeypatch):
    first = write(tmp_path, name, content(target=target))[0].read_bytes()
    real = __import__("time").time
    monkeypatch.setattr("time.time", lambda: real() + 100_000)
    (tmp_path / "again").mkdir()
    second = write(tmp_path / "again", name, content(target=target))[0].read_bytes()
    assert first == second


@pytest.mark.parametrize("name", list(FORMATS))
def test_no_rows_give_a_file_that_opens(tmp_path, name):
    path, rows, _ = write(tmp_path, name, content(batch([], [])))
    assert rows == 0
    if name in ("gpkg", "geojson"):
        assert len(pyogrio.read_dataframe(path)) == 0
    if name == "geoparquet":
        assert len(gpd.read_parquet(path)) == 0
    if name == "csv":
        assert len(pd.read_csv(path)) == 0


@pytest.mark.parametrize("name", ["geojson", "gpkg", "geoparquet"])
@pytest.mark.parametrize("target", [WGS84, GCJ02, UTM])
def test_gis_files_open_with_every_value_and_geometry(tmp_path, name, target):
    path, _, _ = write(tmp_path, name, content(target=target))
    data = gpd.read_parquet(path) if name == "geoparquet" else pyogrio.read_dataframe(path)
    assert data["name"].tolist() == [r[0] for r in ROWS]
    assert data["datum"].tolist() == [target.name] * 3
    assert data["simulated"].tolist() == [True] * 3
    assert data["n"].fillna(-1).tolist() == [3, -1, 7]
    assert data["share"].fillna(-1).tolist() == [0.5, -1, 1.0]
    assert pd.to_datetime(data["time"], utc=True)[0].isoformat() == (
        "2023-11-14T22:13:20.123000+00:00"
    )
    for found, given in zip(data.geometry, SHAPES, strict=True):
        assert (found is None and given is None) or found.equals_exact(given, 1e-9)
    crs = data.crs
    if target is UTM:
        assert crs.to_epsg() == 32651
    elif target is WGS84:
        assert crs.to_epsg() == 4326
    elif name == "gpkg":
        assert crs.name.startswith("GCJ-02")
        assert crs.to_epsg() is None
    elif name == "geoparquet":
        assert crs is None


def test_geojson_names_the_datum_in_the_file_and_in_each_feature(tmp_path):
    data = json.loads(write(tmp_path, "geojson", content(target=GCJ02))[0].read_text())
    assert data["crs"] is None
    assert data["metadata"]["datum"] == "gcj02"
    assert data["metadata"]["simulated"].startswith("yes")
    assert {f["properties"]["datum"] for f in data["features"]} == {"gcj02"}
    plain = json.loads(write(tmp_path, "geojson")[0].read_text())
    assert plain["crs"]["properties"]["name"] == "urn:ogc:def:crs:OGC:1.3:CRS84"
    assert plain["features"][0]["geometry"]["coordinates"] == [121.123456789, 31.2]


def test_geopackage_says_its_datum_in_system_description_and_metadata(tmp_path):
    path = write(tmp_path, "gpkg", content(target=GCJ02))[0]
    info = pyogrio.read_info(path)
    assert info["layer_name"] == "samples"
    assert info["layer_metadata"]["datum"] == "gcj02"
    assert "GCJ-02, not WGS-84" in info["layer_metadata"]["DESCRIPTION"]
    assert info["geometry_type"] == "Point"


def test_geoparquet_carries_the_note_and_bounds(tmp_path):
    path = write(tmp_path, "geoparquet", content(target=GCJ02))[0]
    meta = pq.read_schema(path).metadata
    assert json.loads(meta[b"covermap"])["datum"] == "gcj02"
    column = json.loads(meta[b"geo"])["columns"]["geometry"]
    assert column["crs"] is None
    assert column["bbox"] == [2.0, -3.5, 121.123456789, 31.2]
    assert column["geometry_types"] == ["Point"]


@pytest.mark.parametrize("name", ["geojson", "gpkg", "geoparquet"])
def test_an_export_in_gcj02_is_read_back_as_gcj02(tmp_path, name):
    shapes = [shapely.Point(121.5, 31.2)] * 3
    path = write(tmp_path, name, content(batch(ROWS, shapes, GCJ02), target=GCJ02))[0]
    back = read_vector(path)
    assert back.datum == "gcj02"
    assert 0.003 < 121.5 - back.table.geometry.iloc[0].x < 0.006


def test_csv_has_the_datum_first_and_opens_in_pandas(tmp_path):
    path = write(tmp_path, "csv", content(target=GCJ02))[0]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    data = pd.read_csv(path)
    assert data.columns[0] == "datum"
    assert data["datum"].tolist() == ["gcj02"] * 3
    assert data["time"][0] == "2023-11-14T22:13:20.123Z"
    assert data["name"][2] == ROWS[2][0]
    assert "wkt" not in data


def test_csv_of_lines_has_their_geometry_as_wkt(tmp_path):
    shapes = [shapely.LineString([(1, 2), (3, 4)]), None, None]
    what = content(batch(ROWS, shapes), name="lines", geometry_types=("LineString",))
    data = pd.read_csv(write(tmp_path, "csv", what)[0])
    assert shapely.from_wkt(data["wkt"][0]).equals(shapes[0])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_texts_that_look_like_formulas_are_made_harmless_in_csv(tmp_path, text):
    assert safe_text(text) == f"'{text}"
    path = write(tmp_path, "csv", content(batch([(text, "weak", -5, -0.5, 0)], [None])))[0]
    data = pd.read_csv(path, dtype=str)
    assert data["name"][0].startswith("'")
    assert (data["n"][0], data["share"][0]) == ("-5", "-0.5")


def workbook(path):
    return openpyxl.load_workbook(path)


def test_the_workbook_has_summary_rows_and_about_with_the_datum(tmp_path):
    book = workbook(write(tmp_path, "xlsx", content(target=GCJ02))[0])
    assert book.sheetnames == ["Summary 汇总", "Samples 采样点", "About 说明"]
    sheet = book["Samples 采样点"]
    assert [c.value for c in sheet[1]][:3] == ["Name\n名称", "Verdict\n判定", "Samples\n采样数"]
    assert [c.value for c in sheet[1]][-2:] == ["Simulated\n模拟数据", "Datum\n坐标系"]
    assert sheet.max_row == 4
    assert sheet["A2"].value == "=HYPERLINK(1)"
    assert sheet["A2"].data_type == "s"
    assert sheet["A1"].comment.text == "what people call it"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G4"
    rules = [r for ranges in sheet.conditional_formatting for r in ranges.rules]
    assert {'"weak"', '"covered"', '"none"'} <= {r.formula[0] for r in rules}
    about = {r[0].value: r[1].value for r in book["About 说明"].iter_rows(max_row=2)}
    assert about["Datum 坐标系"] == "gcj02"
    summary = [c.value for row in book["Summary 汇总"].iter_rows() for c in row if c.value]
    assert "yes: made by the simulator" in summary
    assert "By verdict" in summary


def test_no_cell_of_a_workbook_is_a_formula(tmp_path):
    with zipfile.ZipFile(write(tmp_path, "xlsx")[0]) as archive:
        sheets = [n for n in archive.namelist() if re.match(r"xl/worksheets/sheet\d", n)]
        assert all(b"<f>" not in archive.read(n) for n in sheets)


def test_a_workbook_holds_no_date_of_the_day(tmp_path):
    with zipfile.ZipFile(write(tmp_path, "xlsx")[0]) as archive:
        stamps = re.findall(
            r">(\d{4}-\d\d-\d\dT[^<]*)<", archive.read("docProps/core.xml").decode()
        )
        assert set(stamps) == {"2000-01-01T00:00:00Z"}
        assert {m.date_time[0] for m in archive.infolist()} == {1980}


def test_rows_of_each_kind_get_their_own_sheet(tmp_path):
    what = content(
        sheet_by="verdict",
        sheets=(("weak", "弱", ()), ("covered", "好", ("n",)), ("none", "无", ())),
    )
    book = workbook(write(tmp_path, "xlsx", what)[0])
    assert book.sheetnames == ["Summary 汇总", "弱", "好", "无", "About 说明"]
    assert [book[n].max_row for n in ("弱", "好", "无")] == [2, 2, 2]
    assert [book[n].max_column for n in ("弱", "好", "无")] == [7, 6, 7]
    assert book["无"]["A2"].value == ROWS[2][0]


def test_more_rows_than_a_sheet_holds_are_refused_with_advice(tmp_path):
    with pytest.raises(ExportError, match=r"1048576 rows .* Use --format csv, gpkg or geoparquet"):
        write(tmp_path, "xlsx", content(rows=xlsx.MAX_ROWS))


def test_kml_is_well_formed_and_says_its_datum(tmp_path):
    path = write(tmp_path, "kml", content(target=GCJ02))[0]
    text = path.read_text()
    assert "Datum 坐标系: gcj02" in text
    data = pyogrio.read_dataframe(path)
    assert len(data) == 3
    assert data["datum"].tolist() == ["gcj02"] * 3
    assert data["Name"].tolist() == [r[0] for r in ROWS]
    assert data["n"].tolist()[0] == "3"
    assert data.geometry.iloc[0].equals_exact(SHAPES[0], 1e-9)
    assert "<styleUrl>#weak</styleUrl>" in text


def test_kml_holds_every_kind_of_geometry(tmp_path):
    hole = shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 2), (2, 2), (2, 1)]])
    shapes = [hole, shapely.LineString([(1, 2), (3, 4)]), shapely.MultiPolygon([hole])]
    path = write(tmp_path, "kml", content(batch(ROWS, shapes)))[0]
    for found, given in zip(pyogrio.read_dataframe(path).geometry, shapes, strict=True):
        assert shapely.force_2d(found).equals(given)


def test_kml_refuses_metres(tmp_path):
    with pytest.raises(ExportError, match="KML holds degrees only, and EPSG:32651 is in metres"):
        write(tmp_path, "kml", content(target=UTM))


def test_formats_are_chosen_by_suffix_or_name(tmp_path):
    assert choose_format(tmp_path / "a.XLSX", None).name == "xlsx"
    assert choose_format(tmp_path / "a.parquet", None).name == "geoparquet"
    assert choose_format(tmp_path / "a.txt", "csv").name == "csv"
    with pytest.raises(ExportError, match=r"no export format has the suffix '\.txt'"):
        choose_format(tmp_path / "a.txt", None)
    with pytest.raises(ExportError, match="no export format 'shp'"):
        choose_format(tmp_path / "a.shp", "shp")
