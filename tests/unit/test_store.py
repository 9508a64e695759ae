"""Tables on disk: whole or absent, and the same bytes for the same rows."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.errors import BuildError, TableError
from covermap.store import (
    MANIFEST,
    ROWS_PER_GROUP,
    Build,
    Tables,
    Workspace,
    whole_folder,
    write_table,
)
from covermap.tables import PROBLEMS, STATIONS, conform, in_order


def stations(count: int) -> pa.Table:
    rows = {
        "line_id": ["l"] * count,
        "name": [f"s{k}" for k in range(count)],
        "chainage_m": [float(k) for k in range(count)],
        "lon": [1.0] * count,
        "lat": [2.0] * count,
    }
    return conform(pa.table(rows), STATIONS)


@pytest.mark.parametrize("cut", [1000, 7777, ROWS_PER_GROUP])
def test_bytes_do_not_depend_on_how_batches_are_cut(tmp_path: Path, cut: int) -> None:
    data = stations(ROWS_PER_GROUP + 5000)
    write_table(tmp_path / "a.parquet", data, STATIONS)
    write_table(tmp_path / "b.parquet", data.to_batches(max_chunksize=cut), STATIONS)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> object:
        yield stations(5).to_batches()[0]
        raise ValueError("disk gone")

    with pytest.raises(ValueError, match="disk gone"):
        write_table(tmp_path / "a.parquet", broken(), STATIONS)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fill() -> None:
        with whole_folder(tmp_path / "x") as folder:
            (folder / "f").write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fill()
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=30, deadline=None)
@given(st.permutations(list(range(12))))
def test_order_of_rows_does_not_matter(order: list[int]) -> None:
    data = stations(12)
    assert in_order(data.take(order), STATIONS).equals(in_order(data, STATIONS))


def test_a_missing_column_without_meaning_of_null_is_an_error() -> None:
    with pytest.raises(TableError, match="line_id is missing"):
        conform(stations(2).drop_columns(["line_id"]), STATIONS)


def test_an_unknown_column_is_an_error() -> None:
    with pytest.raises(TableError, match="unknown columns"):
        conform(stations(2).append_column("x", pa.array([1, 2])), STATIONS)


def test_a_null_without_meaning_is_an_error() -> None:
    data = stations(2).set_column(1, "name", pa.array(["a", None]))
    with pytest.raises(TableError, match="1 nulls"):
        conform(data, STATIONS)


def test_a_table_that_is_not_there_reads_as_empty(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    assert tables.read("problems").schema.equals(PROBLEMS.schema)
    assert tables.connect("problems").execute("SELECT count(*) FROM problems").fetchone() == (0,)


def test_a_name_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no table"):
        Tables(tmp_path).read("../secrets")


def test_nothing_built_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="covermap build"):
        Workspace(tmp_path).current()


def test_a_build_name_is_looked_up_never_joined(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no build"):
        Workspace(tmp_path).build("../..")


def test_a_slow_query_draws_no_bar_into_what_a_command_prints(tmp_path: Path) -> None:
    with Tables(tmp_path).connect("lines") as connection:
        (shown,) = connection.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    assert shown is False


@pytest.mark.parametrize(
    ("said", "simulated"),
    [
        ({"workspace": {"simulated": True}}, True),
        ({"config": {"measurements": [{"simulated": False}, {"simulated": True}]}}, True),
        ({"config": {"villages": [{"simulated": True}]}}, True),
        ({"config": {"population": {"simulated": True}}}, True),
        ({"workspace": {}, "config": {"population": None, "sites": [{"simulated": False}]}}, False),
    ],
)
def test_a_build_is_simulated_when_any_input_is(
    tmp_path: Path, said: dict[str, object], simulated: bool
) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps(said))
    assert Build(tmp_path).simulated == simulated


def test_layers_are_those_of_all_the_tables_asked_for(tmp_path: Path) -> None:
    for name, operator, technology in (
        ("cell_verdicts", "b", "nr"),
        ("segment_verdicts", "a", "lte"),
        ("people_verdicts", "c", "gsm"),
    ):
        table = pa.table({"operator": [operator, operator], "technology": [technology] * 2})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    tables = Tables(tmp_path)
    assert tables.layers("cell_verdicts", "segment_verdicts", "weak_spots") == [
        ("a", "lte"),
        ("b", "nr"),
    ]
    assert tables.layers("cell_verdicts") == [("b", "nr")]  # of two rows
