"""What some runs of a log at a time came to, on disk, brought into the order of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from covermap.steps.ingest.kept import BATCH_ROWS, batches_in, written_ipc
from covermap.steps.ingest.rows import Judged
from covermap.tables import REJECTED, SAMPLES, in_order

MOST_FILES = 256


class _Stretch(NamedTuple):
    """Samples of one run: where they lie."""

    run_id: str
    path: Path
    first: int
    rows: int


class Parts:
    """Samples and rejected rows of some runs at a time.

    Parameters
    ----------
    folder
        For files that live as long as this.
    last_line, most_rows
        The log's last line, and how many rejected rows to hold at a time.
    """

    def __init__(self, folder: Path, last_line: int, most_rows: int) -> None:
        self.reasons: Counter[str] = Counter()
        """Rejected rows by reason."""
        self._folder = folder
        self._lines = max(most_rows, -(-last_line // MOST_FILES), 1)
        self._stretches: list[_Stretch] = []
        self._files: dict[int, pa.RecordBatchFileWriter] = {}
        self._count = 0

    def add(self, made: Judged) -> None:
        """Keep what some runs came to."""
        self.reject(made.rejected)
        if not made.samples.num_rows:
            return
        path = self._folder / f"samples-{self._count}.arrow"
        self._count += 1
        with written_ipc(path, SAMPLES.schema) as writer:
            writer.write_table(made.samples.combine_chunks(), BATCH_ROWS)
        coded = made.samples.column("run_id").combine_chunks().dictionary_encode()
        rows = np.bincount(coded.indices.to_numpy())  # runs lie together, in order of their ids
        first = np.cumsum(rows) - rows
        self._stretches += map(
            _Stretch,
            coded.dictionary.to_pylist(),
            [path] * len(rows),
            first.tolist(),
            rows.tolist(),
        )

    def reject(self, rows: pa.Table) -> None:
        """Keep rejected rows (schema of the table)."""
        if not rows.num_rows:
            return
        self.reasons.update(rows.column("reason").to_pylist())
        file = rows.column("line").to_numpy() // self._lines
        for number in np.unique(file).tolist():
            if number not in self._files:
                self._files[number] = written_ipc(self._path(number), REJECTED.schema)
            self._files[number].write_table(rows.filter(pa.array(file == number)), BATCH_ROWS)

    def samples(self) -> Iterator[pa.RecordBatch]:
        """Yield all samples by run."""
        for path, first, rows in _together(sorted(self._stretches)):
            yield from _rows_of(path, first, rows)

    def rejected(self) -> Iterator[pa.RecordBatch]:
        """Yield all rejected rows by line."""
        for number, writer in sorted(self._files.items()):
            writer.close()
            rows = pa.Table.from_batches(list(batches_in(self._path(number))), REJECTED.schema)
            yield from in_order(rows, REJECTED).combine_chunks().to_batches()

    def _path(self, number: int) -> Path:
        return self._folder / f"rejected-{number}.arrow"


def _together(stretches: list[_Stretch]) -> Iterator[tuple[Path, int, int]]:
    """Join stretches that follow each other in one file."""
    held: tuple[Path, int, int] | None = None
    for one in stretches:
        if held is not None and held[0] == one.path and held[1] + held[2] == one.first:
            held = (held[0], held[1], held[2] + one.rows)
            continue
        if held is not None:
            yield held
        held = (one.path, one.first, one.rows)
    if held is not None:
        yield held


def _rows_of(path: Path, first: int, rows: int) -> Iterator[pa.RecordBatch]:
    """Read some rows of a file; all its batches but the last have `BATCH_ROWS` rows."""
    with pa.OSFile(str(path)) as stream:
        reader = pa.ipc.open_file(stream)
        while rows:
            number, skip = divmod(first, BATCH_ROWS)
            part = reader.get_batch(number).slice(skip, rows)
            yield part
            first, rows = first + part.num_rows, rows - part.num_rows
