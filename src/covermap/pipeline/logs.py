"""What is done to each log by itself: read it, grid it, match it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from covermap.engine.local import Workers
from covermap.errors import CovermapError, InputError
from covermap.pipeline.cache import Cache
from covermap.pipeline.inputs import LogInput
from covermap.pipeline.keys import code_key, key_of
from covermap.pipeline.parts import COUNTS, IngestWork, PartWork, ingest_one, match_one
from covermap.pipeline.progress import Advance, StepReport, Timed
from covermap.pipeline.sums import grid_sums
from covermap.store import Tables
from covermap.workspace import Config, Measurements

SMALL_BYTES, SMALL_ROWS = 8 << 20, 300_000
"""Below, bringing worker processes to work costs more than they save."""
WRITES = {"grid": "cell_evidence", "match": "segment_evidence"}


def ingest_logs(
    logs: list[LogInput],
    config: Config,
    cache: Cache,
    workers: Workers,
    keep_going: bool,
    timed: Timed,
    now_ms: int,
) -> tuple[dict[LogInput, Path], list[dict[str, Any]], list[str]]:
    """Ingest every log that the cache does not hold.

    Returns
    -------
    folders, counts, unreadable
        Result folder of each log that could be read; counts per log; messages of those that
        could not (only with `keep_going`, else they are raised together).
    """
    jobs: dict[LogInput, IngestWork] = {}
    for log in logs:
        key = key_of(
            code_key(), log.sha256, log.source.shown, log.duplicate_of, as_read(log.declaration),
            config.positions, config.grid.period, config.workspace.salt,
        )  # fmt: skip
        jobs[log] = IngestWork(log, config, now_ms, cache.folder("ingest", key), workers.data_bytes)
    failed: dict[LogInput, str] = {}

    def work(advance: Advance) -> StepReport:
        report = StepReport("ingest", parts=len(jobs))
        missing = [job for job in jobs.values() if not job.folder.is_dir()]
        report.cached = len(jobs) - len(missing)
        done = set(jobs) - {job.log for job in missing}
        advance(sum(log.weight for log in done))
        for position, message in workers.run(_ingest_or_say, missing, small=_light(missing)):
            job = missing[position]
            advance(job.log.weight)
            if message:
                failed[job.log] = message
        report.read = {"files": len(jobs)}
        read = [job for log, job in jobs.items() if log not in failed]
        report.wrote = _rows_of(("samples", "rejected"), read)
        return report

    timed("ingest", sum(log.weight for log in logs), work)
    if failed and not keep_going:
        raise InputError("\n".join(failed[log] for log in logs if log in failed))
    folders = {log: job.folder for log, job in jobs.items() if log not in failed}
    counts = [json.loads((f / COUNTS).read_text(encoding="utf-8")) for f in folders.values()]
    return folders, counts, [failed[log] for log in logs if log in failed]


def as_read(declaration: Measurements) -> Any:
    """Give what a declaration says about reading: what counts at judging alone is left out."""
    return declaration.model_dump(mode="json", exclude={"level_offset_db"})


def _rows_of(names: Sequence[str], jobs: Iterable[IngestWork | PartWork]) -> dict[str, int]:
    folders = [Tables(job.folder) for job in jobs]
    return {name: sum(folder.rows(name) for folder in folders) for name in names}


def _light(jobs: Sequence[IngestWork]) -> bool:
    packed = any(job.log.source.member or job.log.source.path.suffix == ".gz" for job in jobs)
    return sum(job.log.weight for job in jobs) * (10 if packed else 1) < SMALL_BYTES


def _ingest_or_say(work: IngestWork) -> str | None:
    try:
        ingest_one(work)
    except CovermapError as error:
        return str(error)
    return None


PartsWork = Callable[[Workers, Sequence[PartWork], bool], Iterator[int]]
"""Work on parts, small or not; gives how many more are done."""


def grid_parts(workers: Workers, jobs: Sequence[PartWork], small: bool) -> Iterator[int]:
    """Count the samples of parts per cell."""
    for parts, _ in workers.add_up(grid_sums(jobs), small=small):
        yield parts


def match_parts(workers: Workers, jobs: Sequence[PartWork], small: bool) -> Iterator[int]:
    """Place the samples of parts on lines."""
    for _ in workers.run(match_one, jobs, small=small):
        yield 1


def run_parts_of(
    step: str,
    work: PartsWork,
    jobs: dict[LogInput, PartWork],
    workers: Workers,
    timed: Timed,
) -> None:
    """Do a step's work on every part that the cache does not hold."""

    def run(advance: Advance) -> StepReport:
        report = StepReport(step, parts=len(jobs))
        missing = [job for job in jobs.values() if not job.folder.is_dir()]
        report.cached = len(jobs) - len(missing)
        advance(report.cached)
        rows = sum(pq.read_metadata(job.samples).num_rows for job in jobs.values())
        for parts in work(workers, missing, rows < SMALL_ROWS):
            advance(parts)
        report.read = {"samples": rows}
        report.wrote = _rows_of([WRITES[step]], jobs.values())
        return report

    timed(step, float(len(jobs)), run)
