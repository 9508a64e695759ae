"""Tables with a column map: text, spreadsheets, Parquet."""

import datetime as dt
import io
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from covermap.errors import ArchiveError, FormatError, NotKnownError
from covermap.formats.logs import FORMATS

V2X = (
    "pub_time(ms) utmX(m) utmY(m) velocity(m/s) cellid(db) rsrp(db)\n"
    "1722583338971 329231.16 3463455.04 0.5 5C42 -71 \n"
    "1722583339025 329231.17 3463455.05 2.4  0 \n"
)
V2X_MAP = {
    "time": "pub_time(ms)", "x": "utmX(m)", "y": "utmY(m)", "speed_mps": "velocity(m/s)",
    "cell_id": "cellid(db)", "rsrp_dbm": "rsrp(db)",
}  # fmt: skip
MAP = {"time": "when", "x": "lon", "y": "lat", "rsrp_dbm": "level", "speed_mps": "v"}


def test_a_space_separated_vehicle_log_keeps_metres_and_empty_fields(read: Any) -> None:
    got = read(V2X, "table", V2X_MAP)
    assert got.readings["x"].to_pylist() == [329231.16, 329231.17]
    assert got.readings["cell_id"].to_pylist() == ["5C42", None]
    assert got.readings["rsrp_dbm"].to_pylist() == [-71.0, 0.0]
    assert (got.malformed.num_rows, got.problems, got.time_kind) == (0, [], "utc")


def test_more_values_than_names_in_every_row_are_counted_and_the_named_ones_read(read: Any) -> None:
    text = V2X.replace("-71 \n", "-71 1.5 2.5\n").replace(" 0 \n", " 0 3.5 4.5\n")
    got = read(text, "table", V2X_MAP)
    assert got.readings.num_rows == 2
    assert [(p.problem, p.count, p.example) for p in got.problems] == [("extra_field", 2, "1.5")]


def test_semicolons_decimal_commas_and_units(read: Any) -> None:
    text = "when;lon;lat;level;v\r\n2024-05-01 10:00:00;8,5;53,1;-90,5;36\r\n"
    got = read(text, "table", MAP, {"speed_mps": "km/h"})
    (row,) = got.readings.to_pylist()
    assert (row["x"], row["y"], row["rsrp_dbm"]) == (8.5, 53.1, -90.5)
    assert row["speed_mps"] == pytest.approx(10.0)
    assert got.time_kind == "local"


@pytest.mark.parametrize(
    ("column", "unit", "factor"),
    [
        ("speed_mps", "knots", 1852 / 3600), ("speed_mps", "m/s", 1), ("dl_kbps", "Mbit/s", 1000),
        ("ul_kbps", "kbit/s", 1), ("latency_ms", "s", 1000),
    ],
)  # fmt: skip
def test_every_unit_is_brought_to_ours(read: Any, column: str, unit: str, factor: float) -> None:
    got = read("x,y,v\n1,2,6\n", "table", {column: "v"}, {column: unit})
    assert got.readings[column].to_pylist() == [pytest.approx(6 * factor)]


def test_values_that_are_no_numbers_are_blanked_and_counted(read: Any) -> None:
    got = read("when,lon,lat,level,v\n1,NaN,2,bad,1\n1,1,2,-,1\n1,1,2,-90,x\n", "table", MAP)
    assert got.readings["rsrp_dbm"].to_pylist() == [None, None, -90.0]
    assert str(got.readings["x"].to_pylist()[0]) == "nan"
    assert [(p.problem, p.count, p.first_line, p.example) for p in got.problems] == [
        ("not_a_number:rsrp_dbm", 1, 2, "bad"),
        ("not_a_number:speed_mps", 1, 4, "x"),
    ]


def test_a_statement_of_service_is_read(read: Any) -> None:
    text = "x,y,state\n1,2,NO_SERVICE\n1,2,in service\n1,2,maybe\n1,2,\n"
    got = read(text, "table", {"service": "state"})
    assert got.readings["service"].to_pylist() == [False, True, None, None]
    assert [p.problem for p in got.problems] == ["unknown_service"]


def test_outcomes_of_tests_are_read(read: Any) -> None:
    text = "x,y,kd,jt\n1,2,是,0\n1,2,No,TRUE\n1,2,maybe,\n"
    got = read(text, "table", {"stalled": "kd", "connected": "jt"})
    assert got.readings["stalled"].to_pylist() == [True, False, None]
    assert got.readings["connected"].to_pylist() == [False, True, None]
    assert [(p.problem, p.example) for p in got.problems] == [("unknown_stalled", "maybe")]


def test_our_own_names_need_no_map(read: Any) -> None:
    got = read("time,x,y,rsrp_dbm,operator,mark\n0,1,2,-90,46000,Station\n", "table").readings
    assert got["mark"].to_pylist() == ["Station"]


@pytest.mark.parametrize(
    ("columns", "units", "message"),
    [
        ({**MAP, "rsrp": "level"}, {}, "no column of ours is 'rsrp'; did you mean 'rsrp_dbm'"),
        ({**MAP, "sinr_db": "q"}, {}, "the file has no column 'q'; it has when, lon, lat"),
        ({"x": "lon", "rsrp_dbm": "level"}, {}, "nothing is mapped to y"),
        ({"x": "lon", "y": "lat"}, {}, "no level, rate, latency or service"),
        (MAP, {"speed_mps": "furlongs"}, "it can be m/s, km/h, knots, mph"),
        (MAP, {"operator": "x"}, "'operator' has no units"),
        ({**MAP, "x": "lon+lat"}, {}, "only two columns of text or of time can be joined"),
    ],
)
def test_a_map_that_does_not_fit_is_refused_with_what_there_is(
    read: Any, columns: dict[str, str], units: dict[str, str], message: str
) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read("when,lon,lat,level,v\n1,2,3,4,5\n", "table", columns, units)
    assert "\n" not in str(caught.value)


def test_one_column_is_no_table(read: Any) -> None:
    with pytest.raises(FormatError, match="which is one column"):
        read("hello\nworld\n", "table", MAP)


def spreadsheet() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("empty")
    page = book.add_worksheet("data")
    when = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    page.write_row(1, 0, ["when", "lon", "lat", "le\nvel", "v"])
    page.write_datetime(2, 0, dt.datetime(2024, 5, 1, 10, 0, 30), when)
    page.write_row(2, 1, [121.5, 31, -95, 20])
    page.write_row(4, 0, ["2024-05-01 10:00:31", 121.5, 31.25, "-", 20])
    book.close()
    return out.getvalue()


def test_a_spreadsheet_is_read_with_the_rows_numbered_as_in_the_sheet(read: Any) -> None:
    mapping = {**MAP, "rsrp_dbm": "le vel"}
    got = read(spreadsheet(), "table", mapping, name="a.xlsx", sheet="data")
    assert got.readings["line"].to_pylist() == [3, 5]
    assert got.readings["time_ms"].to_pylist() == [1714557630000, 1714557631000]
    assert got.readings["rsrp_dbm"].to_pylist() == [-95.0, None]
    assert got.time_kind == "local"


def test_wrong_sheets_and_damaged_spreadsheets_are_one_clear_line(read: Any) -> None:
    with pytest.raises(NotKnownError, match="no sheet is named 'x'; there are empty, data"):
        read(spreadsheet(), "table", MAP, name="a.xlsx", sheet="x")
    with pytest.raises(FormatError, match="sheet 'empty' is empty"):
        read(spreadsheet(), "table", MAP, name="a.xlsx")
    with pytest.raises(ArchiveError, match="truncated or damaged"):
        read(spreadsheet()[:2000], "table", MAP, name="a.xlsx")
    with pytest.raises(FormatError, match="not a readable spreadsheet"):
        read(b"\xd0\xcf\x11\xe0" + b"x" * 3000, "table", MAP, name="a.xls")


def test_parquet_is_read_with_its_types(read: Any) -> None:
    moment = dt.datetime(2024, 5, 1, 2, 0, 0, 500_000, tzinfo=dt.UTC)
    data = pa.table(
        {
            "when": pa.array([moment], pa.timestamp("us", "Asia/Shanghai")),
            "lon": [121.5], "lat": [31.25], "level": pa.array([-91], pa.int8()), "v": [None],
            "blob": [b"x"],
        }
    )  # fmt: skip
    out = io.BytesIO()
    pq.write_table(data, out)
    got = read(out.getvalue(), "table", {**MAP, "speed_mps": "v"}, name="a.parquet")
    (row,) = got.readings.to_pylist()
    assert (row["time_ms"], got.time_kind) == (1714528800500, "utc")
    assert (row["x"], row["y"], row["rsrp_dbm"], row["speed_mps"]) == (121.5, 31.25, -91.0, None)
    with pytest.raises(FormatError, match="not a readable Parquet file"):
        read(out.getvalue()[:-100], "table", MAP, name="b.parquet")


def test_geoparquet_points_give_their_position(read: Any) -> None:
    frame = gpd.GeoDataFrame({"level": [-90.0]}, geometry=gpd.points_from_xy([8.5], [53.25]))
    out = io.BytesIO()
    frame.to_parquet(out)
    got = read(out.getvalue(), "table", {"rsrp_dbm": "level"}, name="a.parquet")
    assert (got.readings["x"].to_pylist(), got.readings["y"].to_pylist()) == ([8.5], [53.25])


def test_packed_tables_read_like_plain_ones(read: Any) -> None:
    import gzip

    plain = read(V2X, "table", V2X_MAP)
    packed = read(gzip.compress(V2X.encode()), "table", V2X_MAP, name="log.txt.gz")
    assert packed.readings == plain.readings


def test_what_is_no_table_is_not_taken_for_one(put: Any) -> None:
    sniff = FORMATS["table"].sniff
    assert sniff(put('{"type": "FeatureCollection"}\n{}')) == 0
    assert sniff(put(b"\x00\x01\x02" * 100)) == 0
    assert sniff(put("a,b,c\n1,2,3\n")) == 0.3
