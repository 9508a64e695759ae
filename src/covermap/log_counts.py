"""Counts of one log as a file that is written a piece at a time and read a shard at a time.

Between steps, not for users: plain Arrow, because each row is written once and read about once.
The index beside it says where each shard and period lies, and the digest of what its rows say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from covermap.core.cube.columns import digest_of, groups_in, stretches
from covermap.core.cube.counts import ROW_FIELDS, Counts, Group, added, shard_cell
from covermap.shards import open_file
from covermap.store import reading
from covermap.tables import Table

BATCH_ROWS = 1 << 15
"""Rows that are read together: few, because what is read of a log is a shard of many."""
INDEX = pa.schema(
    [
        ("shard", pa.int64()),
        ("period", pa.string()),
        ("first", pa.int64()),
        ("rows", pa.int64()),
        ("digest", pa.string()),
    ]
)
_KINDS = (pa.int32(), pa.int64(), pa.int16(), pa.int16(), pa.int64(), pa.int64(), pa.int64())
_ROWS = pa.schema(list(zip(ROW_FIELDS, _KINDS, strict=True)))
_GROUPS, _BATCH = b"covermap.groups", b"covermap.batch_rows"


@dataclass(frozen=True)
class Stretch:
    """Rows of a log's counts that are of one shard and period."""

    path: Path
    shard: int
    period: str
    first: int
    rows: int
    digest: str


class LogCounts:
    """Write `<table>.arrow` and `<table>.index.parquet` into a folder.

    Parameters
    ----------
    folder
        Filled inside `whole_folder`: nobody looks before all is written.
    """

    def __init__(self, folder: Path, table: Table) -> None:
        self._path = path_of(folder, table)
        self._number: dict[Group, int] = {}
        self._index: list[Stretch] = []
        self.rows = 0
        said = _ROWS.with_metadata({_BATCH: str(BATCH_ROWS)})
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        self._writer = pa.ipc.new_file(str(self._path), said, options=options)
        self._left: list[pa.RecordBatch] = []

    def __enter__(self) -> Self:
        """Write into the files."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is left, and the index."""
        if kind is None:
            self._flush(last=True)
            self._write_index()
        self._writer.close()

    def _write_index(self) -> None:
        columns = [[getattr(one, name) for one in self._index] for name in INDEX.names]
        said = INDEX.with_metadata({_GROUPS: json.dumps(list(self._number)).encode()})
        index = [pa.array(c, f.type) for c, f in zip(columns, INDEX, strict=True)]
        pq.write_table(pa.table(index, said), _index_path(self._path))

    def write(self, counts: Counts) -> None:
        """Write counts, as `added` gives them; another piece may have the same shards."""
        for shard, period, first, rows in stretches(counts):
            digest = digest_of(counts.take(slice(first, first + rows)))
            at = self.rows + first
            self._index.append(Stretch(self._path, shard_cell(shard), period, at, rows, digest))
        number = np.zeros(len(counts.groups), np.int32)
        for k in groups_in(counts).tolist():
            number[k] = self._number.setdefault(counts.groups[k], len(self._number))
        group = number[counts.group]
        columns = [pa.array(getattr(counts, name)) for name in ROW_FIELDS[1:]]
        self._left.append(pa.record_batch([pa.array(group), *columns], _ROWS))
        self.rows += len(counts)
        self._flush(last=False)

    def _flush(self, *, last: bool) -> None:
        """Write whole batches of `BATCH_ROWS`, and the rest at the end."""
        held = pa.Table.from_batches(self._left, _ROWS).combine_chunks()
        whole = held.num_rows if last else held.num_rows - held.num_rows % BATCH_ROWS
        self._writer.write_table(held.slice(0, whole), max_chunksize=BATCH_ROWS)
        self._left = held.slice(whole).to_batches()


def path_of(folder: Path, table: Table) -> Path:
    """Give the file of a log's counts."""
    return folder / f"{table.name}.arrow"


def _index_path(path: Path) -> Path:
    return path.with_suffix(".index.parquet")


def index_of(folder: Path, table: Table) -> list[Stretch]:
    """Give where the rows of each shard and period lie.

    Raises
    ------
    BuildError
        The index is damaged.
    """
    path = path_of(folder, table)
    rows = open_file(_index_path(path)).read().to_pylist()
    return [Stretch(path, **row) for row in rows]


def read_stretches(wanted: Sequence[Stretch]) -> dict[int, Counts]:
    """Read rows of one log's counts.

    Parameters
    ----------
    wanted
        Some of what `index_of` gives, at least one.

    Returns
    -------
    dict
        Counts by first row.

    Raises
    ------
    BuildError
        The file is damaged.
    """
    path = wanted[0].path
    low, high = min(one.first for one in wanted), max(one.first + one.rows for one in wanted)
    said = open_file(_index_path(path)).schema_arrow.metadata
    spelt = [tuple(group) for group in json.loads(said[_GROUPS])]
    groups = tuple(sorted(spelt))
    number = np.array([groups.index(group) for group in spelt], np.int32)
    with reading(path), pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        size = int(file.schema.metadata[_BATCH])
        first = low // size
        some = [file.get_batch(k) for k in range(first, -(-high // size))]
    rows = pa.Table.from_batches(some, _ROWS).combine_chunks()
    group, *columns = (rows.column(name).to_numpy() for name in ROW_FIELDS)
    whole = Counts(groups, number[group], *columns)
    found = {}
    for one in wanted:
        at = one.first - first * size
        found[one.first] = whole.take(slice(at, at + one.rows))
    return found


def read_log_counts(folder: Path, table: Table) -> Counts:
    """Read all that a log counted, added up."""
    every = index_of(folder, table)
    return added(list(read_stretches(every).values()) if every else [])
