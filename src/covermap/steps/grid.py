"""Grid: the samples of one log to counts per H3 cell, kept so that a shard can be read alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.core.cube.columns import as_rows, digest_of, stretches
from covermap.core.cube.counts import Counts, added, shard_cell
from covermap.core.cube.samples import (
    NEEDED,
    TEXTS,
    cells_of,
    count_levels,
    count_tests,
    placed,
)
from covermap.store import CodedWriter
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, Table
from covermap.workspace import Config

BATCH_ROWS = 1 << 20
_HELD_ROWS = 4 << 20
"""Counts of batches are added up when so many rows are held."""
_GROUP_ROWS = 1 << 14
"""Rows of a part's row group: small, because what is read of a part is a shard of many."""
INDEX = pa.schema(
    [
        ("shard", pa.int64()),
        ("period", pa.string()),
        ("first", pa.int64()),
        ("rows", pa.int64()),
        ("digest", pa.string()),
    ]
)
"""Where in a part the rows of each shard and period lie, and the digest of what they say."""


def grid_log(samples: Path, folder: Path, config: Config) -> dict[str, int]:
    """Count one log's samples per cell; give the number of rows of each table.

    Parameters
    ----------
    samples
        Parquet file of ``tables.SAMPLES``; read a batch at a time.
    folder
        Gets, for `cell_evidence` and `cell_tests`, the rows (`<name>.parquet`) and where in them
        each shard and period lies (`<name>.index.parquet`).
    config
        `grid.resolution`, and `positions.max_error_m`: a sample that is lost, or known less well,
        is in no cell.
    """
    levels, tests = counts_of(batches(samples), config)
    return {
        table.name: write_part(folder, table, counts)
        for table, counts in ((CELL_EVIDENCE, levels), (CELL_TESTS, tests))
    }


def batches(samples: Path, row_groups: Sequence[int] | None = None) -> Iterator[pa.Table]:
    """Read what is needed of a file of samples, a batch at a time, texts as dictionaries.

    Parameters
    ----------
    row_groups
        Numbers of the row groups to read; None: all.
    """
    file = pq.ParquetFile(samples, read_dictionary=list(TEXTS))
    for batch in file.iter_batches(BATCH_ROWS, row_groups, columns=list(NEEDED)):
        yield pa.Table.from_batches([batch])


def counts_of(samples: Iterator[pa.Table], config: Config) -> tuple[Counts, Counts]:
    """Count levels and tests of samples."""
    levels: list[Counts] = []
    tests: list[Counts] = []
    for batch in samples:
        known = placed(batch, config.positions.max_error_m)
        cells = cells_of(known, config.grid.resolution)
        levels.append(count_levels(known, cells))
        tests += count_tests(known, cells)
        if sum(map(len, levels)) > _HELD_ROWS:
            levels = [added(levels)]
    return added(levels), added(tests)


def write_part(folder: Path, table: Table, counts: Counts) -> int:
    """Write one part of a table of the cube, and its index; give the number of rows."""
    with CodedWriter(folder / f"{table.name}.parquet", table) as writer:
        writer.write(as_rows(counts, table), _GROUP_ROWS)
    found = [
        (shard_cell(shard), period, first, size, digest_of(counts.take(slice(first, first + size))))
        for shard, period, first, size in stretches(counts)
    ]
    columns = list(zip(*found, strict=True)) or [()] * len(INDEX)
    index = pa.table([pa.array(c, f.type) for c, f in zip(columns, INDEX, strict=True)], INDEX)
    pq.write_table(index, folder / f"{table.name}.index.parquet")
    return len(counts)
