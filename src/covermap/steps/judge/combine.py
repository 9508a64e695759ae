"""Bring the groups' results into the build's tables, in key order, and sum them up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.engine.step import StepContext
from covermap.steps.judge.network import UNIT_ROWS, network_rows
from covermap.tables import (
    ALL,
    ANY,
    LINE_VERDICTS,
    NO_TECHNOLOGY,
    SECTION_VERDICTS,
    SETTLING,
    Table,
    empty,
)

_CAMPAIGNS = f"""
CREATE TEMP TABLE campaigns AS WITH own AS (
  SELECT DISTINCT operator, technology, class, campaign
  FROM segment_evidence JOIN lines USING (line_id) WHERE technology <> '{NO_TECHNOLOGY}'),
served AS (SELECT * FROM own UNION SELECT operator, '{ANY}', class, campaign FROM own)
SELECT * FROM served
UNION SELECT '{ANY}', technology, class, campaign FROM served
UNION SELECT '{ALL}', technology, class, campaign FROM served"""


def combine(ctx: StepContext, folders: list[Path], connection: Any) -> None:
    """Write every table of lines from the results of groups, in the order of their lines."""
    ctx.report["segments"] = ctx.write_sorted("segment_verdicts", _segments(folders))
    for table in (LINE_VERDICTS, SECTION_VERDICTS, SETTLING):
        ctx.report[table.name] = ctx.write(table.name, _joined(folders, table))
    for table in (LINE_VERDICTS, SECTION_VERDICTS):
        written = str(ctx.out / f"{table.name}.parquet")
        connection.read_parquet([written]).create_view(table.name)
    connection.execute(_CAMPAIGNS)
    units = [pq.ParquetFile(f / "units.parquet").read() for f in folders]
    connection.register("units", pa.concat_tables([UNIT_ROWS.empty_table(), *units]))
    ctx.write("network_verdicts", network_rows(connection, ctx.rules))


def _segments(folders: list[Path]) -> Iterator[pa.RecordBatch]:
    """Give the segments layer by layer; each group holds one row group a layer, in one order."""
    files = [pq.ParquetFile(folder / "segment_verdicts.parquet") for folder in folders]
    layers = files[0].num_row_groups if files else 0
    for layer in range(layers):
        for file in files:
            yield from file.read_row_group(layer).to_batches()


def _joined(folders: list[Path], table: Table) -> pa.Table:
    made = [pq.ParquetFile(folder / f"{table.name}.parquet").read() for folder in folders]
    return pa.concat_tables([empty(table), *made])
