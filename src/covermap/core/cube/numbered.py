"""Counts as plain rows that an engine can exchange and add up: each names the file it goes to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.cube.columns import texts_of
from covermap.core.cube.counts import Counts, added
from covermap.core.cube.samples import LAYER, group_numbers
from covermap.tables import CELL_EVIDENCE, Table

FILE = "file"
"""Column: number of the file that a row goes to."""
SUMS = ("n", "sum_a", "sum_b")
_INTEGERS = (("cell", pa.int64()), ("bin_a", pa.int16()), ("bin_b", pa.int16()))
NUMBERED = pa.schema(
    [
        (FILE, pa.int64()),
        *((name, pa.string()) for name in (*LAYER, "kind")),
        *_INTEGERS,
        *((name, pa.int64()) for name in SUMS),
    ]
)
"""Columns of such rows; a count of levels has the kind ''. No value is null."""


def numbered(counts: Counts, file: int) -> pa.Table:
    """Give counts as rows of `NUMBERED`; texts are dictionaries."""
    size = len(counts)
    columns: dict[str, pa.Array] = {FILE: pa.array(np.full(size, file, np.int64))}
    for at, name in enumerate((*LAYER, "kind")):
        words = pa.array([(*group, "")[at] for group in counts.groups], pa.string())
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(counts.group), words)
    for name in (*(name for name, _ in _INTEGERS), *SUMS):
        columns[name] = pa.array(getattr(counts, name))
    return pa.table({name: columns[name] for name in NUMBERED.names})


def counts_in(rows: pa.Table, table: Table) -> Counts:
    """Give the counts of a table that are among rows of `NUMBERED`, in any order and repeated.

    Examples
    --------
    >>> len(counts_in(NUMBERED.empty_table(), CELL_EVIDENCE))
    0
    """
    levels = pc.equal(rows.column("kind"), "")
    mine = rows.filter(levels if table is CELL_EVIDENCE else pc.invert(levels))
    if not mine.num_rows:
        return added([])
    groups, group = group_numbers(mine, texts_of(table))
    columns = [mine.column(name).to_numpy() for name in (*(n for n, _ in _INTEGERS), *SUMS)]
    return added([Counts(groups, group, *columns)])
