"""Exports of a hand-made build: every kind in every format, in every datum, opened again."""

import datetime
import json

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import pytest
import shapely

import handmade
from covermap.core.datum import EARTH_RADIUS_M, to_wgs84
from covermap.errors import BuildError, DatumError, ExportError, NotKnownError
from covermap.formats.export import FORMATS
from covermap.steps.export import KINDS, ExportRequest, Filters, export
from covermap.store import Workspace, write_table, write_text
from covermap.tables import CELL_VERDICTS, TABLES, VERDICTS, conform, in_order

TABLE = {
    "weak-spots": "weak_spots",
    "lines": "line_verdicts",
    "sections": "section_verdicts",
    "segments": "segment_verdicts",
    "profile": "segment_verdicts",
    "network": "network_verdicts",
    "people": "people_verdicts",
    "sites": "site_cells",
    "cells": "cell_verdicts",
    "samples": "samples",
}


def samples(n=50):
    at = datetime.datetime(2026, 5, 1, 8, tzinfo=datetime.UTC)
    rows = [
        {
            "run_id": f"=run/{i // 25}", "seq": i % 25, "campaign": "c", "source": "drive",
            "time": at + datetime.timedelta(seconds=i), "lon": None if i == 3 else 121.4 + i / 1e3,
            "lat": None if i == 3 else 31.2 + i / 2e3,
            "position_basis": "lost" if i == 3 else "fix",
            "operator": ("46000", "46001")[i % 2], "technology": ("lte", "nr", "none")[i % 3],
            "service": i % 3 != 2, "rsrp_dbm": None if i % 3 == 2 else -80.0 - i / 3,
            "pci": None if i % 2 else i, "antenna": "roof", "period": "2026-05", "simulated": True,
        }
        for i in range(n)
    ]  # fmt: skip
    return handmade._table("samples", rows)


def matched(n=50):
    rows = [
        {"run_id": f"=run/{i // 25}", "seq": i % 25, "line_id": "g2" if i % 5 == 0 else None}
        for i in range(n)
    ]
    return handmade._table("matched", rows)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    folder = root / "builds" / "b1"
    handmade.write_tables(folder, rings=3)
    handmade.write(folder, "samples", samples())
    handmade.write(folder, "matched", matched())
    manifest = {
        "id": "b1",
        "workspace": {"name": "hand-made", "simulated": True, "attribution": "nobody"},
        "rules": {"id": "project-default", "version": "1", "title": "Defaults", "title_zh": "默认"},
        "operators": {"46000": {"name": "China Mobile", "name_zh": "中国移动", "color": None}},
    }
    write_text(folder / "build.json", json.dumps(manifest))
    Workspace(root).publish("b1")
    return Workspace(root).current()


def run(build, tmp_path, kind, suffix="parquet", datum="wgs84", name="out", **filters):
    path = tmp_path / f"{name}.{suffix}"
    if kind == "profile":
        filters = {"line": "g2", **filters}  # a profile is always of one line
    result = export(build, ExportRequest(kind, path, None, datum, Filters(**filters)))
    return path, result


def opened(path):
    return gpd.read_parquet(path) if path.suffix == ".parquet" else pyogrio.read_dataframe(path)


def original(build, kind):
    table = build.read(TABLE[kind]).to_pandas()
    if kind == "lines":
        lines = build.read("lines", ["line_id", "geometry"]).to_pandas()
        table = table.merge(lines, on="line_id")
    return table[table["line_id"] == "g2"] if kind == "profile" else table


def metres(a, b):
    first, second = shapely.get_coordinates(a), shapely.get_coordinates(b)
    assert first.shape == second.shape
    dx = np.radians(first[:, 0] - second[:, 0]) * np.cos(np.radians(first[:, 1]))
    return np.hypot(dx, np.radians(first[:, 1] - second[:, 1])).max() * EARTH_RADIUS_M


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", list(FORMATS))
def test_every_kind_is_written_in_every_format_with_every_row_in_the_same_bytes_each_time(
    build, tmp_path, kind, name
):
    path, result = run(build, tmp_path, kind, FORMATS[name].suffixes[0][1:], "gcj02")
    rows = len(original(build, kind))
    assert result.rows == rows > 0
    assert (result.format, result.datum) == (name, "gcj02")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    (tmp_path / "again").mkdir()
    again, _ = run(build, tmp_path / "again", kind, path.suffix[1:], "gcj02")
    assert again.read_bytes() == path.read_bytes()
    if name == "csv":
        data = pd.read_csv(path)
        assert len(data) == rows
        assert set(data["datum"]) == {"gcj02"}
        assert data["simulated"].all()
    elif name == "xlsx":
        book = openpyxl.load_workbook(path)
        assert sum(book[s].max_row - 1 for s in book.sheetnames[1:-1]) == rows
    else:
        data = opened(path)
        assert len(data) == rows
        assert set(data["datum"]) == {"gcj02"}


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09", "cgcs2000", "EPSG:4490", "EPSG:32651"])
@pytest.mark.parametrize("suffix", ["parquet", "gpkg", "geojson"])
def test_geometries_come_back_to_a_millimetre_from_every_datum(build, tmp_path, datum, suffix):
    path, _ = run(build, tmp_path, "lines", suffix, datum, operator="46000", technology="lte")
    data = opened(path).sort_values("line_id")
    table = original(build, "lines")
    table = table[(table.operator == "46000") & (table.technology == "lte")]
    given = shapely.from_wkb(table.sort_values("line_id")["geometry"].to_numpy())
    back = shapely.transform(
        data.geometry.to_numpy(), lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], datum))
    )
    assert metres(given, back) < 0.001
    epsg = {"wgs84": 4326, "cgcs2000": 4490, "EPSG:4490": 4490, "EPSG:32651": 32651}.get(datum)
    if epsg:
        assert data.crs.to_epsg() == epsg
    assert set(data["datum"]) == {datum}


@pytest.mark.parametrize("kind", ["weak-spots", "cells", "samples"])
def test_points_and_their_columns_agree_and_come_back_to_a_millimetre(build, tmp_path, kind):
    data = opened(run(build, tmp_path, kind, datum="bd09")[0])
    lon, lat = to_wgs84(data["lon"], data["lat"], "bd09")
    if kind == "samples":
        table = original(build, kind)
        found, given = shapely.points(lon, lat), shapely.points(table["lon"], table["lat"])
        known = np.isfinite(lon)
        assert known.sum() == 49
        assert metres(given[known], found[known]) < 0.001
        assert data.geometry.isna().tolist() == (~known).tolist()
    elif kind == "weak-spots":
        table = original(build, kind).set_index("spot_id").loc[data["spot_id"]]
        found = shapely.points(lon, lat)
        assert metres(shapely.points(table["lon"], table["lat"]), found) < 0.001
    else:
        assert shapely.contains_xy(data.geometry.to_numpy(), data["lon"], data["lat"]).all()


def test_projected_columns_are_named_easting_and_northing(build, tmp_path):
    data = opened(run(build, tmp_path, "samples", datum="EPSG:32651")[0])
    assert {"easting", "northing"} <= set(data.columns)
    assert "lon" not in data
    assert data["easting"].dropna().between(300_000, 400_000).all()


def test_cells_share_their_vertices(build, tmp_path):
    path, _ = run(build, tmp_path, "cells", datum="gcj02", operator="46000", technology="lte")
    data = opened(path)
    assert len(data) > 10
    union = shapely.coverage_union_all(data.geometry.to_numpy())
    assert shapely.coverage_is_valid(data.geometry.to_numpy())
    assert union.area == pytest.approx(data.geometry.area.sum(), rel=1e-9)
    assert data["h3"].str.fullmatch("8a[0-9a-f]{13}").all()


def test_the_weak_spot_workbook_is_made_for_people(build, tmp_path):
    book = openpyxl.load_workbook(run(build, tmp_path, "weak-spots", "xlsx", "gcj02")[0])
    assert book.sheetnames == ["Summary 汇总", "Sections 路段", "Areas 区域", "About 说明"]
    header = [c.value for c in book["Sections 路段"][1]]
    row = dict(zip(header, (c.value for c in book["Sections 路段"][2]), strict=True))
    assert (row["From\n起点里程"], row["To\n终点里程"]) == ("K100+300", "K100+900")
    assert row["Length\n长度 (m)"] == 600
    assert row["Operator name\n运营商"] == "China Mobile 中国移动"
    assert row["Cause\n原因"] == "weak signal 信号弱"
    assert "Longitude\n经度 (°, gcj02)" in header
    assert row["Simulated\n模拟数据"] == "yes 是"
    about = {r[0].value: r[1].value for r in book["About 说明"].iter_rows(max_row=12)}
    assert about["Datum 坐标系"] == "gcj02"
    assert about["Simulated 模拟数据"].startswith("yes")
    assert about["Rules 规则"] == "project-default 1: Defaults; 默认"
    assert about["Sources 数据来源"] == "nobody"


def test_the_summary_of_lines_adds_up_to_the_table(build, tmp_path):
    book = openpyxl.load_workbook(run(build, tmp_path, "lines", "xlsx")[0])
    rows = [[c.value for c in r] for r in book["Summary 汇总"].iter_rows()]
    start = next(i for i, r in enumerate(rows) if r[0] == "Class 类别")
    sums = [r for r in rows[start + 1 :] if r[0]]
    table = original(build, "lines")
    assert sum(r[3] for r in sums) == len(table)
    assert sum(r[4] for r in sums) == pytest.approx(table["length_km"].sum())
    assert sum(r[6] for r in sums) == pytest.approx(table["weak_km"].sum())


@pytest.mark.parametrize("kind", KINDS)
def test_filters_keep_what_they_name(build, tmp_path, kind):
    data = opened(run(build, tmp_path, kind, operator="46000", technology="lte")[0])
    table = original(build, kind)
    expected = table[(table.operator == "46000") & (table.technology == "lte")]
    assert len(data) == len(expected) > 0
    assert set(data["operator"]) == {"46000"}


@pytest.mark.parametrize("line", ["g2", "G2", "京沪高速", "G 2"])
def test_a_line_is_found_by_identity_number_or_name(build, tmp_path, line):
    data = opened(run(build, tmp_path, "lines", line=line)[0])
    assert set(data["line_id"]) == {"g2"}
    spots = opened(run(build, tmp_path, "weak-spots", line=line)[0])
    assert set(spots["kind"]) == {"section"}
    points = opened(run(build, tmp_path, "samples", line=line)[0])
    assert len(points) == 10


def test_limit_takes_the_first_and_top_the_largest_of_each_layer(build, tmp_path):
    assert len(opened(run(build, tmp_path, "cells", limit=7)[0])) == 7
    top = opened(run(build, tmp_path, "lines", top=1)[0])
    table = original(build, "lines")
    for (operator, technology), rows in table.groupby(["operator", "technology"]):
        worst = rows.loc[(rows.weak_km + rows.none_km).idxmax(), "line_id"]
        found = top[(top.operator == operator) & (top.technology == technology)]
        assert found["line_id"].tolist() == [worst]


@pytest.mark.parametrize(
    ("kind", "filters", "message"),
    [
        ("cells", {"line": "g2"}, "cells lie on no line"),
        ("cells", {"top": 3}, "--top is for weak-spots and lines"),
    ],
)
def test_filters_that_make_no_sense_are_refused(build, tmp_path, kind, filters, message):
    with pytest.raises(ExportError, match=message):
        run(build, tmp_path, kind, **filters)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            {"operator": "4600"},
            r"no operator '4600' in the build's line_verdicts\. There are: 46000",
        ),
        ({"technology": "5g"}, "no technology '5g'"),
        ({"line": "G22"}, "no line 'G22' in the build. Did you mean G2"),
        ({"operator": "x' OR '1'='1"}, "no operator"),
    ],
)
def test_names_that_are_not_there_are_told(build, tmp_path, filters, message):
    with pytest.raises(NotKnownError, match=message):
        run(build, tmp_path, "lines", **filters)


def test_a_kind_or_datum_that_is_not_known_is_told(build, tmp_path):
    with pytest.raises(NotKnownError, match="nothing called 'roads'"):
        run(build, tmp_path, "roads")
    with pytest.raises(DatumError, match="datum 'gcj' is not known"):
        run(build, tmp_path, "lines", datum="gcj")


def test_a_failed_export_leaves_the_old_file_and_nothing_else(build, tmp_path):
    path = tmp_path / "out.kml"
    path.write_text("old")
    with pytest.raises(ExportError, match="KML holds degrees only"):
        run(build, tmp_path, "lines", "kml", "EPSG:32651")
    assert path.read_text() == "old"

    def stop(done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(build, ExportRequest("lines", path), stop)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.kml"]


def test_a_folder_that_is_not_there_is_told(build, tmp_path):
    with pytest.raises(ExportError, match="there is no folder"):
        export(build, ExportRequest("lines", tmp_path / "no" / "a.csv"))
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        export(build, ExportRequest("lines", tmp_path / "a.csv"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "profile"])
def test_a_build_without_rows_gives_an_empty_file(tmp_path, kind):
    folder = tmp_path / "builds" / "b0"
    folder.mkdir(parents=True)
    write_text(folder / "build.json", "{}")
    empty = Workspace(tmp_path).build("b0")
    for name, form in FORMATS.items():
        path, result = run(empty, tmp_path, kind, form.suffixes[0][1:])
        assert result.rows == 0, name
        assert path.stat().st_size > 0


@pytest.mark.parametrize("filters", [{}, {"limit": 250}, {"operator": "46001", "limit": 31}])
def test_cells_are_told_of_in_every_layer_with_a_row_in_the_table_or_without(tmp_path, filters):
    made = handmade.cell_verdicts(handmade.cells_around(4))
    whole = in_order(conform(made, CELL_VERDICTS), CELL_VERDICTS)
    some = handmade.with_samples(whole)
    assert some.num_rows < whole.num_rows
    out = {}
    for name, rows in (("whole", whole), ("some", some)):
        folder = tmp_path / name / "builds" / "b"
        high = pa.array(rows.column("cell").to_numpy() > np.median(whole.column("cell")))
        for part, keep in (("1", pc.invert(high)), ("2", high)):
            write_table(
                folder / "cell_verdicts" / f"{part}.parquet", rows.filter(keep), CELL_VERDICTS
            )
        write_text(folder / "build.json", "{}")
        build = Workspace(tmp_path / name).build("b")
        out[name], result = run(build, tmp_path, "cells", "csv", name=name, **filters)
        assert result.rows == min(filters.get("limit", whole.num_rows), whole.num_rows)
        book = openpyxl.load_workbook(
            run(build, tmp_path, "cells", "xlsx", name=name, **filters)[0]
        )
        sheet = book[book.sheetnames[0]]
        listed = [row for row in sheet.iter_rows(values_only=True) if row[2] in VERDICTS]
        assert sum(row[3] for row in listed) == result.rows
    assert out["whole"].read_bytes() == out["some"].read_bytes()
    assert len(pd.read_csv(out["some"])) == result.rows


def test_formulas_in_texts_of_a_csv_are_made_harmless(build, tmp_path):
    data = pd.read_csv(run(build, tmp_path, "samples", "csv")[0])
    assert data["run_id"].str.startswith("'=run/").all()


def test_progress_goes_from_nothing_to_all_rows(build, tmp_path):
    told = []
    export(build, ExportRequest("cells", tmp_path / "a.csv"), lambda d, t: told.append((d, t)))
    rows = build.rows("cell_verdicts")
    assert told[0] == (0, rows)
    assert told[-1] == (rows, rows)


def test_every_column_of_every_export_says_what_it_means():
    from covermap.steps.export.columns import fields_of

    for kind in KINDS:
        for degrees in (True, False):
            fields = fields_of(kind, "wgs84", degrees)
            assert all(f.doc and f.title_zh for f in fields)
            assert len({f.name for f in fields}) == len(fields)
            known = {c.name: c.type for c in TABLES[TABLE[kind]].columns}
            assert all(known.get(f.name, f.type) == f.type for f in fields)


def test_without_a_build_the_message_says_what_to_run(tmp_path):
    with pytest.raises(BuildError, match="Run `covermap build`"):
        Workspace(tmp_path).current()


def test_a_spot_that_may_not_last_is_to_be_driven_again_before_anything_else(build, tmp_path):
    spots = opened(run(build, tmp_path, "weak-spots")[0]).set_index("outlook")
    again = spots["next_step"].str.startswith("Drive again")
    assert again.to_dict() == {"lasting": False, "unsure": True, "passing": True}
    assert spots.loc["passing", "outlook_text"] == "probably a passing fade 疑似瞬时衰落"
