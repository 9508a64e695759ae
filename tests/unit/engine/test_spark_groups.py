from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from covermap.engine.spark.posts import carried, carrying
from covermap.engine.spark.sums import groups_of
from covermap.errors import BuildError

SCHEMA = pa.schema([("file", pa.int64()), ("n", pa.int64())])


@given(st.lists(st.integers(0, 5)), st.integers(1, 7))
def test_sorted_rows_are_cut_into_one_table_a_group_however_the_batches_fall(
    values: list[int], batch_rows: int
) -> None:
    values.sort()
    rows = pa.table({"file": values, "n": range(len(values))}, schema=SCHEMA)
    batches = iter([SCHEMA.empty_table().to_batches(), rows.to_batches(batch_rows)])
    groups = list(groups_of((b for some in batches for b in some), "file", SCHEMA))
    assert [value for value, _ in groups] == sorted(set(values))
    for value, table in groups:
        assert table.column("file").to_pylist() == [value] * values.count(value)
    assert [n for _, t in groups for n in t.column("n").to_pylist()] == list(range(len(values)))


def test_an_error_travels_through_a_text_as_what_it_is() -> None:
    try:
        with carrying():
            raise BuildError("a/b.parquet: damaged")
    except RuntimeError as error:
        told = carried(f"Job aborted: Traceback\n  RuntimeError: {error}\n at java.lang")
    assert isinstance(told, BuildError)
    assert str(told) == "a/b.parquet: damaged"


def test_a_text_without_an_error_of_ours_carries_none() -> None:
    assert carried("Job aborted due to stage failure: ExecutorLostFailure") is None
