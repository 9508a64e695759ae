"""Samples of one log some whole runs at a time: what a run is told of must not be cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HELD_ROWS = 1 << 20
"""Samples that are taken together, about: whole runs, or one that is longer."""
BATCH_ROWS = 1 << 17


def whole_runs(
    path: Path, columns: Sequence[str], texts: Sequence[str], held_rows: int = HELD_ROWS
) -> Iterator[pa.Table]:
    """Read samples, whole runs together, in their order.

    Parameters
    ----------
    path
        Parquet file of ``tables.SAMPLES``.
    columns
        What to read; `run_id` among them.
    texts
        Which of them to give as dictionaries.
    held_rows
        Samples that are taken together, about.
    """
    held: list[pa.RecordBatch] = []
    file = pq.ParquetFile(path, read_dictionary=list(texts))
    for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
        if held and sum(one.num_rows for one in held) >= held_rows:
            first = _new_run(held[-1], batch)
            if first is not None:
                yield _table([*held, batch.slice(0, first)])
                held, batch = [], batch.slice(first)
        held.append(batch)
    if held:
        yield _table(held)


def _new_run(before: pa.RecordBatch, batch: pa.RecordBatch) -> int | None:
    """Row at which a run begins that is not that of the row before; None: there is none."""
    last = before.column("run_id")[-1].as_py()
    other = pc.not_equal(batch.column("run_id").cast(pa.string()), last)
    first = pc.index(other, pa.scalar(True)).as_py()
    return None if first < 0 else int(first)


def _table(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
