"""The work on one part (one log), as functions of module level that worker processes can run.

Each imports what it needs by itself: starting a worker process is mostly imports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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
    SEGMENT_EVIDENCE,
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
    room_bytes: int
    """Memory for its data."""


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
    from covermap.steps.ingest import Origin, Room, ingest_into, reject_into

    log, room = work.log, Room(work.room_bytes)
    origin = Origin(log.source.shown, log.declaration, work.config, work.now_ms)
    with whole_folder(work.folder) as folder:
        if log.duplicate_of is None:
            made = ingest_into(folder, log.source, origin, room)
        else:
            said = f"the same bytes as {log.duplicate_of}"
            made = reject_into(folder, log.source, origin, said, room)
        counts = {
            "input": log.declaration.name,
            "file": log.source.shown,
            "read": made.accepted + sum(made.rejected.values()),
            "accepted": made.accepted,
            "rejected": made.rejected,
            "problems": made.problems,
        }
        write_text(folder / COUNTS, json.dumps(counts, sort_keys=True, ensure_ascii=False))
    return counts


def grid_one(work: PartWork) -> dict[str, Any]:
    """Count one part's samples per cell."""
    from covermap.steps.grid import grid_log

    with whole_folder(work.folder) as folder:
        return dict(grid_log(work.samples, folder, work.config))


def match_one(work: PartWork) -> dict[str, Any]:
    """Place one part's samples on lines and count them per segment."""
    from covermap.steps.match import LogMatch

    network = _network(work.lines)
    if len(network.line_id) == 0:
        return _match_nothing(work, network, pq.ParquetFile(work.samples))
    log = LogMatch(work.samples, network, work.config)
    with whole_folder(work.folder) as folder:
        write_table(folder / f"{MATCHED.name}.parquet", log.matched(), MATCHED)
        write_table(folder / f"{SEGMENT_EVIDENCE.name}.parquet", log.evidence, SEGMENT_EVIDENCE)
        found = problem_rows(log.problems, work.log.declaration.name, work.log.source.shown)
        ordered = in_order(conform(found, PROBLEMS), PROBLEMS)
        write_table(folder / f"{PROBLEMS.name}.parquet", ordered, PROBLEMS)
    return {"rows": log.evidence.num_rows}


def _match_nothing(work: PartWork, network: Network, file: pq.ParquetFile) -> dict[str, Any]:
    """Note for each sample that there is no line, some samples at a time."""
    from covermap.steps.match import match_part

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in file.iter_batches(columns=["run_id", "seq"]):
            samples = pa.Table.from_batches([batch])
            yield from match_part(samples, network, work.config).matched.to_batches()

    with whole_folder(work.folder) as folder:
        write_table(folder / f"{MATCHED.name}.parquet", rows(), MATCHED)
        for table in (SEGMENT_EVIDENCE, PROBLEMS):
            write_table(folder / f"{table.name}.parquet", empty(table), table)
    return {"rows": 0}


def problem_rows(problems: Sequence[Problem], name: str, shown: str) -> pa.Table:
    """Give problems of one file as rows of the problems table."""
    rows = [{"input": name, "file": shown, **asdict(problem)} for problem in problems]
    return pa.Table.from_pylist(rows, schema=PROBLEMS.schema)


@lru_cache(maxsize=1)
def _network(folder: Path) -> Network:
    from covermap.steps.match import load_network

    return load_network(Tables(folder))
