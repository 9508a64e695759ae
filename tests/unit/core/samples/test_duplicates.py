import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.samples.duplicates import exact_duplicates

CELL = st.sampled_from([None, "a", "b"])


def plain(rows):
    """Reference: a row is marked if an equal row has a lower line."""
    return [
        any(r["raw"] == o["raw"] and r["v"] == o["v"] and o["line"] < r["line"] for o in rows)
        for r in rows
    ]


@given(st.lists(st.tuples(CELL, CELL), max_size=12), st.randoms())
def test_duplicates_are_those_of_the_plain_comparison_in_any_order(values, random):
    rows = [{"line": i + 1, "raw": a, "v": b} for i, (a, b) in enumerate(values)]
    random.shuffle(rows)
    schema = pa.schema([("line", pa.int64()), ("raw", pa.string()), ("v", pa.string())])
    table = pa.Table.from_pylist(rows, schema=schema)
    assert exact_duplicates(table).tolist() == plain(rows)


def test_equal_text_with_different_values_is_no_duplicate():
    table = pa.table({"line": [1, 2], "raw": ["x", "x"], "v": [1.0, 2.0]})
    assert not exact_duplicates(table).any()
