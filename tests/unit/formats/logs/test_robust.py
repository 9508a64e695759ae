"""Whatever the bytes are: a reading that adds up, or one clear line. Never a traceback."""

import io
import json
import random
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covermap.errors import ArchiveError, CovermapError, FormatError
from covermap.formats.logs import FORMATS, MALFORMED, ReadOptions
from covermap.formats.source import Limits, Source, expand
from covermap.tables import REJECT_REASONS, TABLES

RADIO = (
    "Timestamp,Longitude,Latitude,Operatorname,Node,CellID,NetworkTech,Level,Qual,SNR\r\n"
    '2025.07.18_22.11.08,-17.4,14.6,"So, l",21,11,4G,-81,-8,0.0\r\n'
    "2025.07.18_22.11.09,-17.4,14.6,NO_COVERAGE,,-1,--,-200,-,-\r\n"
)
SAMPLES: dict[str, tuple[str, dict[str, str]]] = {
    "gnettrack": (RADIO, {}),
    "tower-collector": (
        "mcc,mnc,lac,cell_id,psc,asu,dbm,ta,lat,lon,accuracy,speed,bearing,altitude,measured_at,"
        "net_type,neighboring,device\n"
        '460,1,61,99,5,40,-100,2,31.2,121.4,4,13,270,8,"2024-05-01T02:00:00.500Z",LTE,false,"A"\n',
        {},
    ),
    "geojson-points": (
        json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {
            "type": "Point", "coordinates": [10.5, 53]}, "properties": {"t": 1631520958151,
            "mcc": 262, "mnc": 3, "rsrp": -84}}]}),
        {"time": "t", "operator": "mcc+mnc", "rsrp_dbm": "rsrp"},
    ),
    "table": (
        "t x y v\n2024-05-01T02:00:00Z 1.5 2.5 -90\n1714528800 1 2 x\n",
        {"time": "t", "rsrp_dbm": "v"},
    ),
}  # fmt: skip
INSERTS = st.sampled_from(
    [b'"', b"\n", b"\r", b",", b"\t", b" ", b"\x00", b"\xff", b"-", b"e300", b"9" * 25, b"NaN",
     b"{", b"]", "京".encode(), "京".encode("gb18030"), b"\xef\xbb\xbf", b"%",
     b"\\ud800", b"2024-99-99"]
)  # fmt: skip
edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), INSERTS), min_size=1, max_size=6)


def edited(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, cut, insert in changes:
        at = int(where * len(data))
        data = data[:at] + insert + data[at + cut :]
    return data


def assert_one_line(error: CovermapError) -> None:
    assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("name", list(SAMPLES))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=edits)
def test_damaged_logs_are_read_or_refused_and_never_crash(
    name: str, changes: list[tuple[float, int, bytes]], tmp_path_factory: Any
) -> None:
    text, columns = SAMPLES[name]
    path = tmp_path_factory.mktemp("log") / "log.txt"
    path.write_bytes(edited(text.encode(), changes))
    source = Source(path, None, "log.txt")
    for known in FORMATS.values():
        assert 0 <= known.sniff(source) <= 1
    try:
        got = FORMATS[name].read(source, ReadOptions(columns))
    except CovermapError as error:
        assert_one_line(error)
        return
    assert got.readings.schema == TABLES["readings"].schema
    assert got.malformed.schema == MALFORMED
    assert set(got.malformed["reason"].to_pylist()) <= set(REJECT_REASONS)
    lines = got.readings["line"].to_pylist() + got.malformed["line"].to_pylist()
    assert name == "geojson-points" or len(set(lines)) == len(lines)


def test_numbers_and_letters_that_no_table_can_hold_are_no_crash(read: Any) -> None:
    feature = (
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [1' + "0" * 400 + ", 2]},"
        ' "properties": {"rsrp": -90, "na\\ud800me": "\\udfff"}}'
    )
    got = read('{"type": "FeatureCollection", "features": [' + feature + "]}", "geojson-points",
               {"rsrp_dbm": "rsrp", "device": "na?me"})  # fmt: skip
    assert got.readings["x"].to_pylist() == [None]
    assert got.readings["device"].to_pylist() == ["?"]
    with pytest.raises(FormatError, match="JSON that cannot be read"):
        read('{"type": ' + "1" * 5000 + "}", "geojson-points")


def test_a_spreadsheet_that_unpacks_to_far_more_is_refused(put: Any) -> None:
    book = openpyxl.Workbook()
    book.active.append(["x", "y", "rsrp_dbm"])
    for _ in range(200):
        book.active.append([1, 2, -90])
    out = io.BytesIO()
    book.save(out)
    source = put(out.getvalue(), "a.xlsx")
    small = Source(source.path, None, "a.xlsx", Limits(total_bytes=3000))
    with pytest.raises(ArchiveError, match="when unpacked"):
        FORMATS["table"].read(small, ReadOptions())
    assert FORMATS["table"].read(source, ReadOptions()).readings.num_rows == 200


def test_a_parquet_file_of_endless_equal_rows_is_refused(
    put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"x": [1.0] * 50, "y": [1.0] * 50, "rsrp_dbm": [-9.0] * 50}), out)
    monkeypatch.setattr("covermap.formats.logs.sheets.MOST_ROWS", 40)
    with pytest.raises(FormatError, match="50 rows, more than 40"):
        FORMATS["table"].read(put(out.getvalue(), "a.parquet"), ReadOptions())


def test_a_map_for_a_format_that_has_its_own_names_is_refused_and_not_ignored(read: Any) -> None:
    with pytest.raises(FormatError, match="names its columns itself"):
        read(RADIO, "gnettrack", {"rsrp_dbm": "Level"})


def test_reading_does_not_depend_on_the_order_of_rows(tmp_path: Any) -> None:
    rows = [
        f"2025.07.18_22.11.{i:02d},{i / 7},14.6,Sol,21,{i},4G,-8{i % 10},-8,0" for i in range(50)
    ]
    header = RADIO.split("\r\n")[0]
    tables = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        path = tmp_path / f"{seed}.csv"
        path.write_text("\n".join([header, *rows]))
        (source,) = expand(path, path.name)
        got = FORMATS["gnettrack"].read(source, ReadOptions()).readings
        tables.append(got.drop_columns(["line"]).sort_by("raw"))
    assert tables[0] == tables[1]
