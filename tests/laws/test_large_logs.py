"""Law: a log read in pieces, some runs at a time, gives the bytes of the log read whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from covermap.formats.pieces import text_pieces
from covermap.formats.source import Source
from covermap.steps.ingest import Ingested, Origin, Room, ingest_into, ingest_source
from covermap.store import write_table
from covermap.tables import TABLES
from covermap.workspace import Config, Measurements

NOW_MS = 1_760_000_000_000
TABLE_NAMES = ("samples", "rejected", "problems", "runs")
SAID = Measurements(
    name="made", files=("a.csv",), format="table", source="drive", datum="wgs84",
    timezone="Europe/Dublin",
    columns={"time": "time", "x": "lon", "y": "lat", "run_key": "run", "rsrp_dbm": "rsrp",
             "speed_mps": "speed", "sinr_db": "sinr"},
)  # fmt: skip
HEADER = "time,lon,lat,run,operator,technology,rsrp,sinr,speed,mark"

TIMES = st.sampled_from(
    ["2025-07-18 22:00:00", "2025-07-18 22:00:00", "2025-07-18 22:00:01", "2025-07-18 22:00:02",
     "2025-07-18 22:00:40", "2025-07-19 03:00:00", "2025-10-26 01:30:00", "2024-10-27 01:30:00",
     "2024-10-27 03:30:00", "", "noon", "1970-01-01 00:00:00", "2099-01-01 00:00:00",
     "1752876000000", "2025-07-18T22:00:03Z"]
)  # fmt: skip
FIELDS = st.tuples(
    TIMES,
    st.sampled_from(["-6.3", "-6.3", "-6.3001", "-6.31", "-6.4", "53.35", "0", "", "x", "400"]),
    st.sampled_from(["53.35", "53.35", "53.3501", "53.36", "-6.3", "0", "nan"]),
    st.sampled_from(["a", "a", "b", "a-1", "", "ü"]),
    st.sampled_from(["27201", "27201", "27203", "", "0", "-"]),
    st.sampled_from(["LTE", "4G", "GSM", "--", "EVDO", ""]),
    st.sampled_from(["-90", "-101.5", "-24", "-200", "-140", "", "n/a", "low"]),
    st.sampled_from(["3", "99", ""]),
    st.sampled_from(["0", "9", "12.5", "-1", ""]),
    st.sampled_from(["", "", "", '"A, B"', '"a\nb"', '5" mast', '"open', 'end"']),
)
LINES = st.one_of(
    FIELDS.map(",".join),
    FIELDS.map(lambda f: ",".join(f) + ","),
    FIELDS.map(lambda f: ",".join(f) + ",more"),
    st.sampled_from(["", "a,b", "  ", "é,ß"]),
)
BODY = st.lists(LINES, min_size=1, max_size=40)
ENDS = st.sampled_from(["\n", "\r\n"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])


def parquet(table: pa.Table, name: str, folder: Path) -> bytes:
    write_table(folder / "x.parquet", table, TABLES[name])
    return (folder / "x.parquet").read_bytes()


def whole(made: Ingested, folder: Path) -> dict[str, bytes]:
    return {name: parquet(getattr(made, name), name, folder) for name in TABLE_NAMES}


def in_pieces(source: Source, said: Measurements, folder: Path, room: Room) -> dict[str, bytes]:
    out = folder / "out"
    out.mkdir()
    counted = ingest_into(out, source, Origin(source.shown, said, Config(), NOW_MS), room)
    assert sorted(p.name for p in out.iterdir()) == sorted(f"{n}.parquet" for n in TABLE_NAMES)
    assert counted.accepted == pq.read_metadata(out / "samples.parquet").num_rows
    assert sum(counted.rejected.values()) == pq.read_metadata(out / "rejected.parquet").num_rows
    return {name: (out / f"{name}.parquet").read_bytes() for name in TABLE_NAMES}


def check_equal(content: bytes, said: Measurements, piece: int, name: str = "a.csv") -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        path = folder / name
        path.write_bytes(content)
        source = Source(path, None, f"raw/{name}")
        expected = whole(ingest_source(source, said, Config(), NOW_MS), folder)
        # a group has at least one run, whose rows may be more than asked for at a time
        room = Room(10**9, piece_bytes=piece, rows=3)
        assert in_pieces(source, said, folder, room) == expected


@settings(max_examples=80, deadline=None)
@given(BODY, ENDS, ENCODINGS, st.integers(1, 400))
@example(
    ["2025-07-18 22:00:00,-6.3,53.35,a,27201,LTE,-90,3,0,,",
     "2025-07-18 22:00:00,-6.3,53.35,a,27201,LTE,-90,3,0,,more"],
    "\n", "utf-8", 1,
)  # fmt: skip
def test_a_dirty_log_read_in_pieces_gives_the_bytes_of_the_whole(lines, end, encoding, piece):
    text = end.join([HEADER, *lines]) + end
    check_equal(text.encode(encoding, "replace"), SAID, piece)


@settings(max_examples=40, deadline=None)
@given(st.lists(FIELDS.map(",".join), min_size=4, max_size=30), st.integers(1, 300), st.booleans())
def test_surplus_fields_are_judged_by_the_whole_log(lines, piece, every):
    body = [line + (",more" if every or i > 3 else "") for i, line in enumerate(lines)]
    check_equal("\n".join([HEADER, *body]).encode(), SAID, piece)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "é", "经度", "\r", "x\r", '"']), max_size=30),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-16", "gb18030", "latin-1"]),
    st.integers(1, 40),
)
def test_the_pieces_of_a_text_are_the_text(lines, end, encoding, size):
    content = end.join(["head", *lines]).encode(encoding, "replace")
    content += b"" if encoding == "utf-16" else "经\n".encode()  # several encodings in one file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        source = Source(path, None, "a.csv")
        pieces = list(text_pieces(source, size))
        expected = source.read_text()
    assert "\n".join(p.text for p in pieces) == expected.text
    assert tuple(p for piece in pieces for p in piece.problems) == expected.problems
