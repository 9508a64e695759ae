"""`covermap check`: what it says of files, and the entries it prints."""

import json
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import typer
from shapely.geometry import LineString, Polygon
from typer.testing import CliRunner

import covermap.cli.check as module
from covermap.core.datum import from_wgs84
from covermap.errors import ConfigError, DatumError
from covermap.formats.source import expand
from covermap.steps.ingest import ingest_source
from covermap.workspace import CONFIG_NAME, Config, load_config

HEADER = (
    "Timestamp,Longitude,Latitude,Speed,Operatorname,CellID,NetworkMode,RSRP,RSRQ,SNR,CQI,RSSI\n"
)


def gnettrack(rows: int = 5, lon: float = -8.4) -> str:
    return HEADER + "".join(
        f"2019.11.21_15.38.{i:02d},{lon + i / 1000},51.88,36,B,1,LTE,{-90 - i},-7,9.0,7,-72\n"
        for i in range(rows)
    )


def table(lon: Any, lat: Any) -> str:
    lines = ["time,lon,lat,rsrp,operator,technology"]
    for i, (x, y) in enumerate(zip(lon, lat, strict=True)):
        lines.append(f"2024-05-01T02:00:{i % 60:02d}Z,{x:.7f},{y:.7f},-91,46000,lte")
    return "\n".join(lines) + "\n"


class Checked:
    def __init__(self, result: Any) -> None:
        self.code, self.text, self.errors = result.exit_code, result.stdout, result.stderr
        self.exception = result.exception

    @property
    def entry(self) -> dict[str, Any]:
        return tomllib.loads(self.text.split("covermap.toml:\n", 1)[1])

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found


@pytest.fixture
def check() -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    module.register(app)

    def run(*arguments: str | Path) -> Checked:
        return Checked(CliRunner().invoke(app, ["check", *map(str, arguments)]))

    return run


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_log_is_told_with_its_rows_times_extent_and_problems(check: Any, tmp_path: Path) -> None:
    got = check(put(tmp_path / "drive.csv", gnettrack() + "2019.11.21_15.39.00,1,2\n"))
    assert got.code == 0
    assert "gnettrack: G-NetTrack Pro radio log" in got.text
    assert "6: 5 accepted, 1 rejected: malformed_row 1" in got.text
    assert "2019-11-21 15:38:00 to 2019-11-21 15:38:04" in got.text
    assert "zone is not in the file: declare timezone" in got.text
    assert "-8.40000 51.88000 -8.39600 51.88000" in got.text
    assert "operators     B 5" in got.text
    assert "technologies  LTE 5" in got.text


def test_the_entry_is_a_valid_declaration_once_it_is_filled_in(check: Any, tmp_path: Path) -> None:
    got = check(put(tmp_path / "My Drive (1).csv", gnettrack()))
    text = got.text.split("covermap.toml:\n", 1)[1]
    put(tmp_path / CONFIG_NAME, text)
    with pytest.raises(ConfigError, match=r"measurements #1 timezone is still 'FILL IN'"):
        load_config(tmp_path)
    put(tmp_path / CONFIG_NAME, text.replace("FILL IN", "Europe/Dublin"))
    (entry,) = load_config(tmp_path).measurements
    assert (entry.name, entry.format, entry.datum) == ("my-drive-1", "gnettrack", "wgs84")


def test_check_and_build_agree_on_the_counts(check: Any, tmp_path: Path) -> None:
    lon = [121.4, 121.5, 0.0, 121.6, 121.4]
    path = put(tmp_path / "log.csv", table(lon, [31.2, 31.3, 0.0, 131.4, 31.2]))
    told = check(path, "--json", "--datum", "wgs84").data["files"][0]
    entry = tomllib.loads(check(path, "--json", "--datum", "wgs84").data["entries"][0])
    declared = Config.model_validate(entry).measurements[0]
    (source,) = expand(path, str(path))
    built = ingest_source(source, declared, Config(), 4_000_000_000_000)
    assert told["accepted"] == built.samples.num_rows
    assert sum(told["rejected"].values()) == built.rejected.num_rows > 0
    assert {p["problem"]: p["count"] for p in told["problems"]} == dict(
        zip(built.problems["problem"].to_pylist(), built.problems["count"].to_pylist(), strict=True)
    )


def test_a_table_gets_a_proposed_column_map(check: Any, tmp_path: Path) -> None:
    entry = check(put(tmp_path / "a.csv", table([8.5], [53.1]))).entry["measurements"][0]
    assert entry["columns"] == {
        "time": "time", "x": "lon", "y": "lat", "operator": "operator",
        "technology": "technology", "rsrp_dbm": "rsrp",
    }  # fmt: skip
    assert entry["format"] == "table"
    assert "timezone" not in entry


def test_like_files_share_one_entry_and_unlike_ones_have_their_own(
    check: Any, tmp_path: Path
) -> None:
    paths = [put(tmp_path / f"{n}.csv", gnettrack(lon=x)) for n, x in (("a", -8.4), ("b", -8.2))]
    other = put(tmp_path / "c.csv", table([8.5], [53.1]))
    entries = check(*paths, other).entry["measurements"]
    assert [e["files"] for e in entries] == [[str(p) for p in paths], [str(other)]]


def test_tables_of_other_columns_have_their_own_entries(check: Any, tmp_path: Path) -> None:
    other = (
        "timestamp,longitude,latitude,rsrp,plmn,rat,device_id\n1714528800,8.5,53.1,-9,26201,lte,a\n"
    )
    paths = [put(tmp_path / "a.csv", table([8.5], [53.1])), put(tmp_path / "b.csv", other)]
    first, second = check(*paths).entry["measurements"]
    assert first["columns"]["x"] == "lon"
    assert second["columns"]["x"] == "longitude"
    assert second["columns"]["device"] == second["columns"]["run_key"] == "device_id"


def test_a_log_without_any_position_is_judged_all_the_same(check: Any, tmp_path: Path) -> None:
    text = "time,lon,lat,mark,operator,network,rsrp\n2024-05-01 10:00:00,,,Hall,46000,lte,-91\n"
    got = check(put(tmp_path / "metro.csv", text))
    assert "1: 1 accepted" in got.text
    assert "no row has a position" in got.text
    assert got.entry["measurements"][0]["columns"]["mark"] == "mark"


def spreadsheet(path: Path, header: list[str]) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "cover"
    page = book.create_sheet("data")
    page.append(header)
    page.append(["2024-05-01 10:00:00", 8.5, 53.1, -91, "26201", "lte"])
    book.save(path)
    return path


def test_the_sheet_that_holds_measurements_is_found(check: Any, tmp_path: Path) -> None:
    path = spreadsheet(tmp_path / "a.xlsx", ["time", "lon", "lat", "rsrp", "plmn", "rat"])
    got = check(path)
    assert "1: 1 accepted" in got.text
    assert got.entry["measurements"][0]["sheet"] == "data"


def test_a_spreadsheet_of_something_else_or_damaged_is_refused(check: Any, tmp_path: Path) -> None:
    path = spreadsheet(tmp_path / "a.xlsx", ["a", "b", "c", "d", "e", "f"])
    got = check(path)
    assert (got.code, "no sheet of cover, data is recognised" in got.errors) == (2, True)
    put(path, path.read_bytes()[:3000])
    assert "truncated or damaged" in check(path).errors


def test_members_of_an_archive_are_told_together_and_each(check: Any, tmp_path: Path) -> None:
    path = tmp_path / "runs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("d/one.csv", gnettrack(3))
        archive.writestr("d/two.csv", gnettrack(4))
    got = check(path)
    assert "7: 7 accepted, 0 rejected" in got.text
    assert "d/one.csv: 3 rows, 3 accepted, from 2019-11-21 15:38:00" in got.text
    data = check(path, "--json").data["files"][0]
    assert (data["rows"], [m["rows"] for m in data["members"]]) == (7, [3, 4])
    assert data["operators"] == {"B": 7}


def road(bend: float = 0.02) -> LineString:
    along = np.linspace(0, 0.2, 60)
    return LineString(np.column_stack([121.2 + along, 31.2 + bend * np.sin(along * 40)]))


@pytest.mark.parametrize("truth", ["wgs84", "gcj02"])
def test_in_china_the_datum_is_found_by_known_lines(check: Any, tmp_path: Path, truth: str) -> None:
    lines = tmp_path / "roads.geojson"
    gpd.GeoDataFrame(geometry=[road()], crs="EPSG:4326").to_file(lines, driver="GeoJSON")
    at = [road().interpolate(d, normalized=True) for d in np.linspace(0.05, 0.95, 80)]
    x, y = from_wgs84([p.x for p in at], [p.y for p in at], truth)
    path = put(tmp_path / "log.csv", table(x, y))
    without = check(path)
    assert "cannot be told apart by the numbers; test with --lines" in without.text
    assert without.entry["measurements"][0]["datum"] == "FILL IN"
    got = check(path, "--lines", lines)
    assert got.entry["measurements"][0]["datum"] == truth
    medians = check(path, "--lines", lines, "--json").data["files"][0]["median_distance_to_lines_m"]
    assert medians[truth] < 60 < min(v for k, v in medians.items() if k != truth)


def test_lines_cannot_tell_datums_apart_where_they_are_the_same(check: Any, tmp_path: Path) -> None:
    lines = tmp_path / "roads.geojson"
    way = LineString([(8.4, 53.1), (8.6, 53.1)])
    gpd.GeoDataFrame(geometry=[way], crs="EPSG:4326").to_file(lines, driver="GeoJSON")
    got = check(put(tmp_path / "a.csv", table([8.45, 8.5], [53.1, 53.1])), "--lines", lines)
    assert "not decisive" in got.text
    assert got.entry["measurements"][0]["datum"] == "wgs84"


def test_lines_far_away_say_nothing(check: Any, tmp_path: Path) -> None:
    lines = tmp_path / "roads.geojson"
    gpd.GeoDataFrame(geometry=[road()], crs="EPSG:4326").to_file(lines, driver="GeoJSON")
    got = check(put(tmp_path / "a.csv", gnettrack()), "--lines", lines)
    assert "none near the positions" in got.text


def test_metres_are_judged_only_in_a_datum_that_is_told(check: Any, tmp_path: Path) -> None:
    text = "time(ms) utmX(m) utmY(m) rsrp(db)\n1722583338971 329231.1 3463455.0 -71\n"
    path = put(tmp_path / "v2x.txt", text + "1722583339971 329241.1 3463455.0 -72\n")
    blind = check(path)
    assert "not judged, because the datum is not known: give --datum" in blind.text
    assert "metres, like UTM" in blind.text
    assert blind.entry["measurements"][0]["datum"] == "FILL IN"
    told = check(path, "--datum", "EPSG:32651")
    assert "2: 2 accepted" in told.text
    assert "read as EPSG:32651: 121.2" in told.text
    entry = told.entry["measurements"][0]
    assert (entry["datum"], entry["operator"], entry["technology"]) == (
        "EPSG:32651", "FILL IN", "FILL IN",
    )  # fmt: skip


def test_exchanged_coordinates_are_noticed(check: Any, tmp_path: Path) -> None:
    got = check(put(tmp_path / "a.csv", table([31.2, 31.3], [121.4, 121.5])))
    assert "longitude and latitude look exchanged" in got.text
    assert "position_swapped 2" in got.text


def test_a_site_table_is_told_as_one(check: Any, tmp_path: Path) -> None:
    header = "经度,纬度,基站名称,小区标识,PCI,方位角\n"
    text = header + "121.40,31.20,站一,1,5,0\n121.41,31.21,站二,2,6,120\n"
    got = check(put(tmp_path / "cells.csv", text.encode("gb18030")))
    assert "china-site-table" in got.text
    assert "2: 2 accepted" in got.text
    entry = got.entry["sites"][0]
    assert (entry["format"], entry["datum"]) == ("china-site-table", "FILL IN")


def test_a_chinese_log_is_not_taken_for_a_site_table(check: Any, tmp_path: Path) -> None:
    header = "采集时间,经度,纬度,运营商,网络制式,小区标识,PCI,跟踪区码,RSRP(dBm)\n"
    row = "2024-05-01 10:00:00,118.8,32.1,46000,5G,99,5,61,-91\n"
    got = check(put(tmp_path / "log.csv", (header + row).encode("gb18030")))
    assert got.entry["measurements"][0]["format"] == "table"
    assert "1: 1 accepted" in got.text


def test_vector_files_are_told_with_their_geometry_and_attributes(
    check: Any, tmp_path: Path
) -> None:
    lines, areas = tmp_path / "roads.geojson", tmp_path / "towns.gpkg"
    frame = {"ref": ["A 1"], "fclass": ["motorway"], "other": [1]}
    gpd.GeoDataFrame(frame, geometry=[road()], crs="EPSG:4326").to_file(lines, driver="GeoJSON")
    square = Polygon([(8, 53), (8.1, 53), (8.1, 53.1), (8, 53.1)])
    gpd.GeoDataFrame({"name": ["x"]}, geometry=[square], crs="EPSG:4326").to_file(areas)
    got = check(lines, areas)
    assert "LineString 1" in got.text
    assert "attributes    ref, fclass, other" in got.text
    assert got.entry["lines"][0]["fields"] == {"ref": "ref", "class": "fclass"}
    assert got.entry["regions"][0]["fields"] == {"name": "name"}
    assert "datum" not in got.entry["regions"][0]


def bad_files(folder: Path) -> dict[str, Path]:
    archive = folder / "cut.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.csv", gnettrack())
    half = '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": 1'
    events = "Timestamp\tLongitude\tLatitude\tOperatorname\tLevel\tEventType\n1\t2\t3\tB\t-90\tX\n"
    return {
        "the file is empty": put(folder / "empty.csv", b""),
        "binary data where text is expected": put(folder / "noise.csv", bytes(range(256)) * 40),
        "truncated or damaged archive": put(archive, archive.read_bytes()[:-30]),
        "no format is recognised": put(folder / "prose.txt", "Dear all,\nsee you\n"),
        "log of events": put(folder / "events.txt", events),
        "Failed to read GeoJSON": put(folder / "half.geojson", half),
        "no such file": folder / "missing.csv",
    }  # fmt: skip


@pytest.mark.parametrize("message", [
    "the file is empty", "binary data where text is expected", "truncated or damaged archive",
    "no format is recognised", "log of events", "Failed to read GeoJSON", "no such file",
])  # fmt: skip
def test_a_file_nothing_can_be_done_with_is_one_line_and_code_2(
    check: Any, tmp_path: Path, message: str
) -> None:
    path = bad_files(tmp_path)[message]
    got = check(path)
    assert got.code == 2
    (line,) = got.errors.strip().splitlines()
    assert line.startswith(f"Error: {path}")
    assert message in line


def test_a_bad_file_does_not_keep_the_others_from_being_told(check: Any, tmp_path: Path) -> None:
    good = put(tmp_path / "a.csv", gnettrack())
    got = check(put(tmp_path / "empty.csv", b""), good, "--json")
    assert got.code == 2
    assert [f["file"] for f in got.data["files"]] == [str(good)]
    assert len(got.data["errors"]) == 1


def test_a_folder_stands_for_the_files_in_it(check: Any, tmp_path: Path) -> None:
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    put(tmp_path / "raw" / "deep" / "b.csv", gnettrack())
    put(tmp_path / "raw" / "a.csv", gnettrack())
    put(tmp_path / "raw" / ".hidden", b"x")
    got = check(tmp_path / "raw", "--json").data
    assert [Path(f["file"]).name for f in got["files"]] == ["a.csv", "b.csv"]
    assert isinstance(check(tmp_path / "raw" / "none").exception, SystemExit)
    (tmp_path / "empty").mkdir()
    assert "empty: a folder, not a file" in check(tmp_path / "empty").errors


def test_an_unknown_datum_is_refused(check: Any, tmp_path: Path) -> None:
    got = check(put(tmp_path / "a.csv", gnettrack()), "--datum", "wgs48")
    assert isinstance(got.exception, DatumError)


def test_an_indoor_survey_is_proposed_without_a_datum(check: Any, tmp_path: Path) -> None:
    path = tmp_path / "indoor.csv"
    path.write_text(
        "时间,场所,关键点,楼层,运营商,制式,RSRP\n"
        "2026-03-01 10:00:00,市民中心,大厅,1F,46000,NR,-90\n",
        encoding="utf-8",
    )
    got = check(path)
    (entry,) = got.entry["measurements"]
    assert "datum" not in entry
    assert (entry["columns"]["key_point"], entry["columns"]["floor"]) == ("关键点", "楼层")
    assert "1 accepted" in got.text


def test_points_with_key_points_are_proposed_as_places(check: Any, tmp_path: Path) -> None:
    path = tmp_path / "places.geojson"
    data = {"名称": ["市民中心"], "场景": ["政务中心"], "关键点": ["大厅"]}
    gpd.GeoDataFrame(data, geometry=gpd.points_from_xy([121.4], [31.2]), crs=4326).to_file(path)
    (entry,) = check(path).entry["places"]
    assert entry["fields"] == {"scene": "场景", "name": "名称", "key_point": "关键点"}
