"""The work on one part (one log), as functions of module level that worker processes can run.

Each imports what it needs by itself: starting a worker process is mostly imports.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.formats.problem import Problem
from covermap.pipeline.inputs import LogInput
from covermap.store import Tables, whole_folder, write_table, write_text
from covermap.tables import (
    MATCHED,
    PROBLEMS,
    REJECTED,
    RUNS,
    SAMPLES,
    SEGMENT_EVIDENCE,
    Table,
    conform,
    empty,
    in_order,
)
from covermap.workspace import Config

if TYPE_CHECKING:
    from covermap.steps.match import Network

COUNTS = "counts.json"


@dataclass(frozen=True)
class IngestWork:
    """One log to ingest into `folder`."""

    log: LogInput
    config: Config
    now_ms: int
    folder: Path


@dataclass(frozen=True)
class PartWork:
    """One part's samples to grid or match into `folder`."""

    log: LogInput
    samples: Path
    lines: Path
    config: Config
    folder: Path


def ingest_one(work: IngestWork) -> dict[str, Any]:
    """Read, check and place one log; give its counts."""
    from covermap.steps.ingest import ingest_source

    if work.log.duplicate_of is not None:
        tables = _reject_whole(work.log)
    else:
        made = ingest_source(work.log.source, work.log.declaration, work.config, work.now_ms)
        tables = {
            "samples": made.samples,
            "rejected": made.rejected,
            "problems": made.problems,
            "runs": made.runs,
        }
    counts = _counts(work.log, tables)
    with whole_folder(work.folder) as folder:
        for table in (SAMPLES, REJECTED, PROBLEMS, RUNS):
            write_table(folder / f"{table.name}.parquet", tables[table.name], table)
        write_text(folder / COUNTS, json.dumps(counts, sort_keys=True, ensure_ascii=False))
    return counts


def _counts(log: LogInput, tables: dict[str, pa.Table]) -> dict[str, Any]:
    reasons = tables["rejected"].column("reason").value_counts().to_pylist()
    problems = tables["problems"].to_pylist()
    accepted, rejected = tables["samples"].num_rows, tables["rejected"].num_rows
    return {
        "input": log.declaration.name,
        "file": log.source.shown,
        "read": accepted + rejected,
        "accepted": accepted,
        "rejected": {r["values"]: r["counts"] for r in sorted(reasons, key=lambda r: r["values"])},
        "problems": {p["problem"]: p["count"] for p in problems},
    }


def _reject_whole(log: LogInput) -> dict[str, pa.Table]:
    from covermap.formats.logs import FORMATS, ReadOptions

    options = ReadOptions(
        columns=log.declaration.columns, units=log.declaration.units, sheet=log.declaration.sheet
    )
    read = FORMATS[log.declaration.format].read(log.source, options)
    rows = pa.concat_tables(
        [t.select(["line", "raw"]).cast(_LINE_RAW) for t in (read.readings, read.malformed)]
    )
    size = rows.num_rows
    rejected = pa.table(
        {
            "input": pa.repeat(pa.scalar(log.declaration.name), size),
            "file": pa.repeat(pa.scalar(log.source.shown), size),
            "line": rows.column("line"),
            "reason": pa.repeat(pa.scalar("duplicate_file"), size),
            "detail": pa.repeat(pa.scalar(f"the same bytes as {log.duplicate_of}"), size),
            "raw": rows.column("raw"),
        }
    )
    return {
        "samples": empty(SAMPLES),
        "rejected": in_order(conform(rejected, REJECTED), REJECTED),
        "problems": empty(PROBLEMS),
        "runs": empty(RUNS),
    }


_LINE_RAW = pa.schema([("line", pa.int64()), ("raw", pa.string())])


def grid_one(work: PartWork) -> dict[str, Any]:
    """Count one part's samples per cell."""
    from covermap.steps.grid import grid_log

    with whole_folder(work.folder) as folder:
        return dict(grid_log(work.samples, folder, work.config))


def match_one(work: PartWork) -> dict[str, Any]:
    """Place one part's samples on lines and count them per segment."""
    from covermap.steps.match import match_part

    samples = pq.ParquetFile(work.samples).read()
    made = match_part(samples, _network(work.lines), work.config)
    found = problem_rows(made.problems, work.log.declaration.name, work.log.source.shown)
    _write(work.folder, {MATCHED: made.matched, SEGMENT_EVIDENCE: made.evidence, PROBLEMS: found})
    return {"rows": made.evidence.num_rows}


def problem_rows(problems: Sequence[Problem], name: str, shown: str) -> pa.Table:
    """Give problems of one file as rows of the problems table."""
    rows = [{"input": name, "file": shown, **asdict(problem)} for problem in problems]
    return pa.Table.from_pylist(rows, schema=PROBLEMS.schema)


@lru_cache(maxsize=1)
def _network(folder: Path) -> Network:
    from covermap.steps.match import load_network

    return load_network(Tables(folder))


def _write(folder: Path, tables: dict[Table, pa.Table]) -> None:
    with whole_folder(folder) as partial:
        for table, data in tables.items():
            ordered = in_order(conform(data, table), table)
            write_table(partial / f"{table.name}.parquet", ordered, table)
