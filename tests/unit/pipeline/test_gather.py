"""Tables of many inputs brought into one, in key order, whatever lies between what."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.errors import BuildError
from covermap.pipeline.cache import Cache, gather
from covermap.store import write_table
from covermap.tables import PROBLEMS, empty, in_order

ROWS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from("xy"), st.sampled_from("pq"), st.integers(0, 3)
    ),
    max_size=6,
)


def problems(rows: list[tuple[str, str, str, int]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    names = ("input", "file", "problem", "count")
    full = dict(zip(names, columns, strict=True)) | {"action": ["kept"] * len(rows)}
    arrays = [pa.array(full.get(c.name, [None] * len(rows)), c.type) for c in PROBLEMS.columns]
    return in_order(pa.Table.from_arrays(arrays, schema=PROBLEMS.schema), PROBLEMS)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=5))
def test_the_rows_of_all_folders_are_there_once_and_in_order(tmp_path_factory, parts):
    root = tmp_path_factory.mktemp("g")
    tables = [problems(rows) for rows in parts]
    folders = []
    for number, table in enumerate(tables):
        folders.append(root / f"part-{number}")
        write_table(folders[-1] / "problems.parquet", table, PROBLEMS)
    made = gather(Cache(root), PROBLEMS, folders) / "problems.parquet"
    expected = in_order(pa.concat_tables([empty(PROBLEMS), *tables]), PROBLEMS)
    assert pq.read_table(made) == expected


@pytest.mark.parametrize("damage", ["cut short", "pages"])
def test_a_damaged_part_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "p" / "problems.parquet"
    write_table(path, problems([("a", "x", "p", 1)]), PROBLEMS)
    whole = path.read_bytes()
    start = 4 if damage == "pages" else 0
    length = pq.read_metadata(path).serialized_size + 8 if damage == "pages" else 0
    path.write_bytes(
        whole[:start] + b"\xff" * (len(whole) - start - length) + whole[len(whole) - length :]
    )
    with pytest.raises(BuildError, match=r"problems\.parquet: not a whole Parquet file"):
        gather(Cache(tmp_path), PROBLEMS, [tmp_path / "p"])
