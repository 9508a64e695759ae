"""Merge: counts of many parts added up to one table, in key order, in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from covermap.core.judging.histogram import SUM_COLUMNS
from covermap.tables import Table

_ROWS_PER_BATCH = 122_880


def merge_evidence(
    parts: list[Path],
    table: Table,
    beside: Path | None = None,
    *,
    threads: int = 2,
    memory: str = "2GB",
) -> Iterator[pa.RecordBatch]:
    """Add up the counts of equal keys over all parts; stream them in key order.

    Every column but the counts is part of the identity of a row (a campaign beside its run), the
    table's key gives the order, nulls last. The result does not depend on the order, the number or
    the cut of the parts. What does not fit into `memory` is spilled to a temporary folder, in the
    folder `beside` if given, that is removed at the end.

    Parameters
    ----------
    parts
        Parquet files of `table`'s schema; none gives no batch.
    table
        ``tables.SEGMENT_EVIDENCE``, or another whose counts add up.
    """
    if not parts:
        return
    with tempfile.TemporaryDirectory(prefix=".merge-", dir=beside) as spill:
        connection = duckdb.connect(
            config={"threads": threads, "memory_limit": memory, "temp_directory": spill}
        )
        connection.execute("SET enable_progress_bar=false")
        try:
            connection.read_parquet([str(p) for p in parts]).create_view("part")
            reader = connection.sql(_sum_query(table)).to_arrow_reader(_ROWS_PER_BATCH)
            for batch in reader:
                yield batch.cast(table.schema)
        finally:
            connection.close()


def _sum_query(table: Table) -> str:
    by = [c.name for c in table.columns if c.name not in SUM_COLUMNS]
    order = [*table.key, *(name for name in by if name not in table.key)]
    columns = [
        f"sum({c.name})::BIGINT AS {c.name}" if c.name in SUM_COLUMNS else c.name
        for c in table.columns
    ]
    return (
        f"SELECT {', '.join(columns)} FROM part GROUP BY {', '.join(by)} "
        f"ORDER BY {', '.join(f'{name} ASC NULLS LAST' for name in order)}"
    )
