"""Grid: the samples of one log to counts per H3 cell, kept so that a shard can be read alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.core.cube.counts import Counts, added
from covermap.core.cube.samples import NEEDED, TEXTS, cells_of, count_levels, count_tests
from covermap.log_counts import LogCounts
from covermap.tables import CELL_EVIDENCE, CELL_TESTS
from covermap.workspace import Config

BATCH_ROWS = 1 << 20
_HELD_ROWS = 2 << 20
"""Samples that are held at most; then their counts are written and the next are held."""


def grid_log(samples: Path, folder: Path, config: Config) -> dict[str, int]:
    """Count one log's samples per cell; give the number of rows of each table.

    Parameters
    ----------
    samples
        Parquet file of ``tables.SAMPLES``; read a batch at a time.
    folder
        Gets the counts of `cell_evidence` and `cell_tests` (see ``covermap.log_counts``).
    config
        `grid.resolution`, and `positions.max_error_m`: a sample that is lost, or known less well,
        is in no cell.
    """
    with LogCounts(folder, CELL_EVIDENCE) as levels, LogCounts(folder, CELL_TESTS) as tests:
        for some, tested in counts_of(batches(samples), config):
            levels.write(some)
            tests.write(tested)
        return {CELL_EVIDENCE.name: levels.rows, CELL_TESTS.name: tests.rows}


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


def counts_of(samples: Iterator[pa.Table], config: Config) -> Iterator[tuple[Counts, Counts]]:
    """Count levels and tests of samples, about `_HELD_ROWS` samples at a time."""
    levels: list[Counts] = []
    tests: list[Counts] = []
    for batch in samples:
        cells = cells_of(batch, config.positions.max_error_m, config.grid.resolution)
        levels.append(count_levels(batch, cells))
        tests += count_tests(batch, cells)
        if sum(map(len, levels)) >= _HELD_ROWS:
            yield added(levels), added(tests)
            levels, tests = [], []
    if levels:
        yield added(levels), added(tests)
