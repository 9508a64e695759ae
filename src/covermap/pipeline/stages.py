"""The stages of a build: each finds its result in the cache, or makes it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.engine.local import Workers
from covermap.errors import CovermapError, InputError
from covermap.pipeline.inputs import (
    LogInput,
    files_key,
    line_files,
    site_sources,
)
from covermap.pipeline.keys import code_key, file_key, key_of
from covermap.pipeline.parts import COUNTS, IngestWork, PartWork, ingest_one
from covermap.pipeline.progress import StepReport
from covermap.pipeline.publish import Layout
from covermap.steps.areas import read_areas
from covermap.steps.lines import read_lines
from covermap.steps.lines.known import remember
from covermap.steps.merge import merge_evidence
from covermap.steps.sections import make_sections
from covermap.steps.sites import read_sites
from covermap.store import Tables, read_table, whole_folder, write_table
from covermap.tables import (
    KNOWN_LINES,
    PROBLEMS,
    REJECTED,
    SITES,
    TABLES,
    Table,
    conform,
    empty,
    in_order,
)
from covermap.workspace import Config, Measurements, input_files

AreaKind = Literal["places", "villages", "regions"]
AREA_KINDS: tuple[AreaKind, ...] = ("places", "villages", "regions")

OF_LINES = ("lines", "segments", "stations", "structures", "posts")
KNOWN = "known_lines.parquet"
"""What lines are recognised by when they are read again; it stays in the workspace."""

Advance = Callable[[float], None]


class Timed(Protocol):
    """Runs one stage with its progress shown and its time taken."""

    def __call__(self, step: str, total: float, work: Callable[[Advance], StepReport]) -> None:
        """Run it."""


class Cache:
    """Folder of results, each under `<step>-<key>`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.used: set[str] = set()

    def folder(self, step: str, key: str) -> Path:
        """Give the folder of a result, and note that this build uses it."""
        self.used.add(f"{step}-{key}")
        return self.root / f"{step}-{key}"

    @contextmanager
    def view(self, layout: Layout) -> Iterator[Path]:
        """Show the build so far as one folder of links, for a step to read."""
        folder = Path(tempfile.mkdtemp(prefix=".view.", suffix=".part", dir=self.root))
        try:
            for inside, path in layout.files.items():
                link = folder / inside
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(os.path.relpath(path, link.parent))
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


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
            config.positions, config.workspace.salt,
        )  # fmt: skip
        jobs[log] = IngestWork(log, config, now_ms, cache.folder("ingest", key))
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


SMALL_BYTES, SMALL_ROWS = 8 << 20, 300_000
"""Below, starting worker processes (about 2 s) costs more than they save."""
WRITES = {"grid": "cell_evidence", "match": "segment_evidence"}


def run_parts_of(
    step: str,
    work: Callable[[PartWork], dict[str, Any]],
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
        for _ in workers.run(work, missing, small=rows < SMALL_ROWS):
            advance(1)
        report.read = {"samples": rows}
        report.wrote = _rows_of([WRITES[step]], jobs.values())
        return report

    timed(step, float(len(jobs)), run)


def merge(cache: Cache, table: Table, folders: Sequence[Path], timed: Timed) -> Path:
    """Add up the evidence of all parts."""
    key = key_of(code_key(), table.name, sorted(folder.name for folder in folders))
    target = cache.folder("merge", key)

    def work(advance: Advance) -> StepReport:
        report = StepReport(f"merge {table.name}", parts=1)
        if target.is_dir():
            report.cached = 1
        else:
            parts = [folder / f"{table.name}.parquet" for folder in folders]
            report.read = {"parts": len(parts)}
            with whole_folder(target) as out:
                write_table(out / f"{table.name}.parquet", merge_evidence(parts, table), table)
        advance(1)
        report.wrote = {table.name: Tables(target).rows(table.name)}
        return report

    timed(f"merge {table.name}", 1.0, work)
    return target


def gather(cache: Cache, table: Table, folders: Sequence[Path]) -> Path:
    """Bring the rows of many folders' tables into one, in key order."""
    key = key_of(code_key(), "gather", table.name, sorted(folder.name for folder in folders))
    target = cache.folder("gather", key)
    if not target.is_dir():
        tables = [Tables(folder).read(table.name) for folder in folders]
        data = pa.concat_tables([empty(table), *tables])
        with whole_folder(target) as out:
            write_table(out / f"{table.name}.parquet", in_order(data, table), table)
    return target


def read_vectors(root: Path, config: Config, cache: Cache, timed: Timed) -> dict[str, Path]:
    """Read lines, sites, places, villages and regions; give each one's result folder."""
    found: dict[str, Path] = {}

    def work(advance: Advance) -> StepReport:
        report = StepReport("lines, sites, areas", parts=6)
        found["lines"] = _lines(root, config, cache)
        advance(1)
        found["sites"] = _sites(root, config, cache)
        advance(1)
        for kind in AREA_KINDS:
            found[kind] = _areas(kind, root, config, cache)
            advance(1)
        found["sections"] = _sections(found["lines"], found["regions"], cache)
        advance(1)
        for name in OF_LINES:
            report.wrote[name] = Tables(found["lines"]).rows(name)
        for name in ("sites", *AREA_KINDS, "sections"):
            report.wrote[name] = Tables(found[name]).rows(name)
        return report

    timed("lines, sites, areas", 6.0, work)
    return found


def _write(folder: Path, tables: dict[str, pa.Table]) -> None:
    with whole_folder(folder) as out:
        for name, data in tables.items():
            table = TABLES[name]
            ordered = in_order(conform(data, table), table)
            write_table(out / f"{name}.parquet", ordered, table)


def _lines(root: Path, config: Config, cache: Cache) -> Path:
    files = [path for entry in config.lines for path in line_files(root, entry)]
    content = [files_key(root, files), [_dump(entry) for entry in config.lines]]
    register = root / KNOWN
    key = key_of(code_key(), "lines", content, _register_key(register))
    if (cache.root / f"lines-{key}").is_dir():
        return cache.folder("lines", key)
    known = read_table(register) if register.is_file() else None
    made = read_lines(root, config.lines, known)
    if config.lines:
        write_table(register, remember(known, made.lines), KNOWN_LINES)
    # Read again with what is known now, the same lines come out: the result stands under that key.
    folder = cache.folder("lines", key_of(code_key(), "lines", content, _register_key(register)))
    _write(folder, {
        "lines": made.lines, "segments": made.segments, "stations": made.stations,
        "structures": made.structures, "posts": made.posts,
        "rejected": made.rejected, "problems": made.problems,
    })  # fmt: skip
    return folder


def _register_key(register: Path) -> str | None:
    return file_key(register) if register.is_file() else None


def _sections(lines: Path, regions: Path, cache: Cache) -> Path:
    key = key_of(code_key(), "sections", lines.name, regions.name)
    folder = cache.folder("sections", key)
    if not folder.is_dir():
        of_lines = Tables(lines)
        made = make_sections(
            of_lines.read("lines"), of_lines.read("segments"), of_lines.read("stations"),
            Tables(regions).read("regions"),
        )  # fmt: skip
        _write(folder, {"sections": made})
    return folder


def _sites(root: Path, config: Config, cache: Cache) -> Path:
    inputs = [(entry, site_sources(root, entry)) for entry in config.sites]
    content = [(_dump(e), [(s.shown, s.sha256()) for s in sources]) for e, sources in inputs]
    folder = cache.folder("sites", key_of(code_key(), "sites", content))
    if not folder.is_dir():
        made = [read_sites(sources, entry, config) for entry, sources in inputs]
        _write(folder, {
            "sites": pa.concat_tables([empty(SITES), *(m.sites for m in made)]),
            "rejected": pa.concat_tables([empty(REJECTED), *(m.rejected for m in made)]),
            "problems": pa.concat_tables([empty(PROBLEMS), *(m.problems for m in made)]),
        })  # fmt: skip
    return folder


def _areas(kind: AreaKind, root: Path, config: Config, cache: Cache) -> Path:
    entries = getattr(config, kind)
    where = f"covermap.toml [[{kind}]]"
    inputs = [(entry, input_files(root, entry.files, where)) for entry in entries]
    content = [(_dump(entry), files_key(root, files)) for entry, files in inputs]
    folder = cache.folder(kind, key_of(code_key(), kind, content))
    if not folder.is_dir():
        made = [read_areas(kind, files, entry, root) for entry, files in inputs]
        _write(folder, {
            kind: pa.concat_tables([empty(TABLES[kind]), *(m.table for m in made)]),
            "rejected": pa.concat_tables([empty(REJECTED), *(m.rejected for m in made)]),
            "problems": pa.concat_tables([empty(PROBLEMS), *(m.problems for m in made)]),
        })  # fmt: skip
    return folder


def _dump(entry: Any) -> Any:
    return entry.model_dump(mode="json")
