"""Logs that do not fit into memory: read in pieces, or told what they need."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from covermap.errors import InputError
from covermap.formats.source import Source
from covermap.steps.ingest import Origin, Room, ingest_into, ingest_source, reject_into
from covermap.workspace import Config, Measurements

NOW_MS = 1_800_000_000_000
SAID = Measurements(
    name="made", files=("a.csv",), format="table", source="drive", datum="wgs84",
    columns={"run_key": "run", "rsrp_dbm": "rsrp", "x": "x", "y": "y", "time": "time"},
)  # fmt: skip
TINY = Room(10**9, piece_bytes=500, rows=20)


def log(rows: int = 300, runs: int = 7) -> str:
    lines = ["time,x,y,run,operator,technology,rsrp"]
    for i in range(rows):
        second, note = 1_752_876_000 + i, "n/a" if i % 50 == 0 else "-95"
        lines.append(f"{second},{-6.3 + i // 9 * 1e-4:.4f},53.3,r{i % runs},27201,LTE,{note}")
    return "\n".join(lines) + "\n"


def at(folder: Path, name: str, content: bytes) -> Source:
    path = folder / name
    path.write_bytes(content)
    return Source(path, None, f"raw/{name}")


def tables(folder: Path) -> dict[str, pa.Table]:
    return {p.stem: pq.read_table(p) for p in sorted(folder.glob("*.parquet"))}


def origin(source: Source, said: Measurements = SAID) -> Origin:
    return Origin(source.shown, said, Config(), NOW_MS)


def check_same(source: Source, folder: Path) -> None:
    whole = ingest_source(source, SAID, Config(), NOW_MS)
    out = folder / "out"
    out.mkdir()
    ingest_into(out, source, origin(source), TINY)
    assert tables(out) == {
        name: getattr(whole, name) for name in ("samples", "rejected", "problems", "runs")
    }
    assert whole.samples.num_rows > 100
    assert [p.name for p in out.iterdir() if p.name.startswith(".")] == []


def test_a_packed_log_is_read_in_pieces(tmp_path: Path) -> None:
    check_same(at(tmp_path, "a.csv.gz", gzip.compress(log().encode())), tmp_path)


def test_a_parquet_log_is_read_in_pieces(tmp_path: Path) -> None:
    table = pyarrow.csv.read_csv(pa.py_buffer(log().encode()))
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=40)
    check_same(Source(tmp_path / "a.parquet", None, "raw/a.parquet"), tmp_path)


def test_a_run_that_does_not_fit_says_what_it_needs(tmp_path: Path) -> None:
    source = at(tmp_path, "a.csv", log().encode())
    with pytest.raises(InputError) as told:
        ingest_into(tmp_path, source, origin(source), Room(30_000, piece_bytes=500))
    text = str(told.value)
    assert text.startswith("raw/a.csv: one run 'r0' has 43 rows")
    assert "columns.run_key" in text
    assert "--memory" in text
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_format_that_is_held_whole_says_what_it_needs(tmp_path: Path) -> None:
    source = at(tmp_path, "a.geojson", b'{"type": "FeatureCollection", "features": []}' * 100)
    said = SAID.model_copy(update={"format": "geojson-points"})
    with pytest.raises(InputError, match=r"held whole.*convert it to CSV or Parquet"):
        ingest_into(tmp_path, source, origin(source, said), Room(10_000))


def test_every_row_of_a_repeated_file_is_rejected_in_pieces(tmp_path: Path) -> None:
    source = at(tmp_path, "a.csv", log().replace("r3,27201,LTE", "r3,27201").encode())
    counted = reject_into(tmp_path, source, origin(source), "the same bytes as b.csv", TINY)
    rejected = pq.read_table(tmp_path / "rejected.parquet")
    assert rejected["line"].to_pylist() == list(range(2, 302))
    assert set(rejected["reason"].to_pylist()) == {"duplicate_file"}
    assert counted.rejected == {"duplicate_file": 300}
    assert pq.read_metadata(tmp_path / "samples.parquet").num_rows == 0
