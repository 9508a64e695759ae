"""Laws of ingest, on random dirty readings."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.formats.logs.base import malformed_table
from covermap.tables import REJECT_REASONS, TECHNOLOGIES
from made_readings import T0_MS, counts, ingest, readings

NAN = float("nan")
LEVEL = st.sampled_from([None, -90.0, -101.5, -24.0, -200.0, -140.0, 2147483647.0, NAN, 0.0])
DIRTY = st.fixed_dictionaries(
    {
        "run_key": st.sampled_from([None, "a", "b"]),
        "time_ms": st.sampled_from([None, 0, T0_MS, T0_MS, T0_MS + 1000, T0_MS + 2000, 10**14]),
        "time_text": st.sampled_from([None, "t"]),
        "x": st.sampled_from([None, NAN, 0.0, -17.44, -17.44, -17.439, 14.66, 400.0]),
        "y": st.sampled_from([None, 0.0, 14.66, 14.66, 14.66, -17.44, 120.0]),
        "operator": st.sampled_from([None, "", "60801", "60801", "Yas", "0"]),
        "technology": st.sampled_from([None, "4G", "4G", "3G", "GSM", "--", "EVDO", "NB-IoT"]),
        "service": st.sampled_from([None, None, True, False]),
        "mark": st.sampled_from([None, None, None, "A"]),
        "rsrp_dbm": LEVEL,
        "sinr_db": st.sampled_from([None, 3.0, 99.0]),
        "rssi_dbm": LEVEL,
        "speed_mps": st.sampled_from([None, 0.0, 9.0, -1.0]),
        "dl_kbps": st.sampled_from([None, None, 100.0, -5.0]),
        "pci": st.sampled_from([None, 5, 9999]),
    }
)
ROWS = st.lists(DIRTY, max_size=25)
KIND = st.sampled_from(["utc", "local", "none"])


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def with_lines(rows):
    """Rows with a raw text that is equal just where all their values are."""
    return [{**r, "raw": repr(sorted(r.items(), key=str))} for r in rows]


@settings(max_examples=150, deadline=None)
@given(ROWS, KIND, st.integers(0, 3), st.sampled_from([None, "60802"]))
def test_accepted_and_rejected_rows_are_the_rows_read(rows, kind, bad, operator):
    broken = malformed_table(range(900, 900 + bad), ["d"] * bad, ["r"] * bad)
    made = ingest(
        with_lines(rows), time_kind=kind, malformed=broken, operator=operator,
        timezone="Europe/Dublin",
    )  # fmt: skip
    assert made.samples.num_rows + made.rejected.num_rows == len(rows) + bad
    assert len(set(made.rejected["line"].to_pylist())) == made.rejected.num_rows
    assert set(made.rejected["reason"].to_pylist()) <= set(REJECT_REASONS)
    assert sum(made.runs["read"].to_pylist()) == len(rows) + bad
    assert sum(made.runs["accepted"].to_pylist()) == made.samples.num_rows


@settings(max_examples=150, deadline=None)
@given(ROWS, KIND, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows, kind, random):
    table = readings(with_lines(rows))
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = table.take(pa.array(order, pa.int64()))
    lines = pa.array(range(2, 2 + len(rows)), pa.int64())
    shuffled = shuffled.set_column(0, shuffled.schema.field(0), lines)
    one = ingest(table, time_kind=kind, timezone="Europe/Dublin")
    other = ingest(shuffled, time_kind=kind, timezone="Europe/Dublin")
    assert parquet(one.samples) == parquet(other.samples)
    assert parquet(one.runs) == parquet(other.runs)
    without_line = [n for n in one.rejected.column_names if n not in ("line", "detail")]
    by_text = [(n, "ascending") for n in without_line]
    assert one.rejected.select(without_line).sort_by(by_text) == other.rejected.select(
        without_line
    ).sort_by(by_text)
    changed = {"clock_backwards"}  # it is about the order of the file
    first, second = counts(one), counts(other)
    assert {k: v for k, v in first.items() if k not in changed} == {
        k: v for k, v in second.items() if k not in changed
    }


@settings(max_examples=150, deadline=None)
@given(ROWS, KIND)
def test_every_sample_is_whole_and_possible(rows, kind):
    for s in ingest(with_lines(rows), time_kind=kind, operator="60802").samples.to_pylist():
        assert s["technology"] in (*TECHNOLOGIES, "none")
        assert s["service"] == (s["technology"] != "none")
        assert (s["position_basis"] == "lost") == (s["lon"] is None) == (s["lat"] is None)
        assert (s["lon"] is None) == (s["position_error_m"] is None)
        assert s["rsrp_dbm"] is None or -156 <= s["rsrp_dbm"] <= -15
        if s["service"]:
            assert any(s[n] is not None for n in ("rsrp_dbm", "dl_kbps"))
        else:
            assert s["rsrp_dbm"] is None


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_rows_without_service_are_rejected_only_as_duplicates_or_for_their_time(rows):
    silent = [{**r, "service": False} for r in rows]
    made = ingest(with_lines(silent), operator="60802")
    allowed = {"duplicate", "bad_time", "no_time", "time_in_future", "time_too_old"}
    assert set(made.rejected["reason"].to_pylist()) <= allowed


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_samples_of_two_files_do_not_depend_on_each_other(rows):
    half = len(rows) // 2
    parts = {"0.csv": with_lines(rows[:half]), "1.csv": with_lines(rows[half:])}
    one = {file: ingest(parts[file], file=file) for file in parts}
    other = {file: ingest(parts[file], file=file) for file in reversed(parts)}
    for file in parts:
        assert parquet(one[file].samples) == parquet(other[file].samples)
    ids = [set(made.runs["run_id"].to_pylist()) for made in one.values()]
    assert not ids[0] & ids[1]
