"""One build: inputs to tables to tiles, each result cached by what it depends on.

A step's result lies in `.cache/<step>-<key>`, where the key is a hash of the code, the inputs'
bytes, the declarations and settings that the step uses, and the keys of the steps before it. A
result that is there is not made again; a changed rule pack therefore re-reads no log. Results
appear whole or not at all, the build is linked together from them, and `current` changes last.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from covermap import __version__
from covermap.engine import workers_of
from covermap.engine.local import Workers
from covermap.errors import BuildError, ConfigError, InputError
from covermap.pipeline.cache import Cache, gather, merge
from covermap.pipeline.cube import make_cube
from covermap.pipeline.extent import extent
from covermap.pipeline.inputs import LogInput, log_inputs
from covermap.pipeline.keys import code_key, key_of
from covermap.pipeline.logs import (
    PartsWork,
    as_read,
    grid_parts,
    ingest_logs,
    match_parts,
    run_parts_of,
)
from covermap.pipeline.parts import PartWork
from covermap.pipeline.progress import Advance, Progress, Silent, StepReport
from covermap.pipeline.publish import Layout, assemble, only_builder, prune, sweep
from covermap.pipeline.vectors import OF_LINES, read_vectors
from covermap.pipeline.whole import OF_PEOPLE, WHOLE_STEPS, Whole
from covermap.rules import RulePack, load_pack
from covermap.store import Tables, Workspace
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, PROBLEMS, REJECTED, RUNS, SEGMENT_EVIDENCE
from covermap.workspace import Config, Judge, load_config


@dataclass(frozen=True)
class BuildOptions:
    """How to build."""

    rules: str | None = None
    """Rule pack in place of the one that covermap.toml names."""
    workers: int | None = None
    """Worker processes; None: one a core."""
    keep_going: bool = False
    """Leave files that cannot be read aside instead of stopping."""
    engine: str = "local"
    """Where parts of the work run: `local`, or `spark`."""
    master: str | None = None
    """Address of the Spark master (`spark` only)."""
    memory_bytes: int | None = None
    """What the build may take; None: 60 % of the machine's memory."""
    first: str | None = None
    """First period that is judged, in place of covermap.toml's."""
    last: str | None = None
    """Last period that is judged, included, in place of covermap.toml's."""


@dataclass
class BuildResult:
    """What a build gave."""

    id: str
    folder: Path
    files: list[dict[str, Any]]
    """Per log: input, file, read, accepted, rejected by reason, problems."""
    unreadable: list[str]
    """Messages of files that were left aside (`keep_going`)."""
    steps: list[StepReport] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON types; accepted + rejected = read for each file and in all."""
        rejected: dict[str, int] = {}
        for one in self.files:
            for reason, count in one["rejected"].items():
                rejected[reason] = rejected.get(reason, 0) + count
        return {
            "build": self.id,
            "read": sum(one["read"] for one in self.files),
            "accepted": sum(one["accepted"] for one in self.files),
            "rejected": dict(sorted(rejected.items())),
            "files": self.files,
            "unreadable": self.unreadable,
            "tables": self.tables,
            "steps": [asdict(step) for step in self.steps],
        }


def build(
    root: Path, options: BuildOptions | None = None, progress: Progress | None = None
) -> BuildResult:
    """Build the workspace at `root` and make the result the one that is served.

    Raises
    ------
    CovermapError
        A declaration, rule pack or input file cannot be used; the build served before stays.
    """
    options, progress = options or BuildOptions(), progress or Silent()
    config = _chosen(load_config(root), options)
    rules = load_pack(options.rules or config.rules.pack, root)
    if not any((config.measurements, config.sites, config.lines, config.places, config.villages)):
        raise ConfigError(
            f"{root / 'covermap.toml'}: no input is declared. `covermap check FILE` prints the "
            "lines to paste there."
        )
    space = Workspace(root)
    with only_builder(space):
        sweep(space)
        try:
            with workers_of(
                options.engine, options.master, options.workers, options.memory_bytes, space.cache
            ) as workers:
                return _Builder(space, config, rules, options, progress, workers).run()
        except (OSError, duckdb.Error) as error:
            if not _disk_is_full(error):
                raise
            sweep(space)
            raise _full(space) from None


def _disk_is_full(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return os.strerror(errno.ENOSPC) in str(error)  # as Arrow and DuckDB pass it on


def _full(space: Workspace) -> BuildError:
    free = shutil.disk_usage(space.root).free / 1e6
    return BuildError(
        f"{space.root}: the disk is full ({free:,.0f} MB left after clearing up). What was built "
        "before is untouched, and steps that were done are kept. Free some space there and run "
        "`covermap build` again."
    )


def _chosen(config: Config, options: BuildOptions) -> Config:
    """Put the periods that were asked for in the place of those declared."""
    asked = {k: v for k in ("first", "last") if (v := getattr(options, k)) is not None}
    if not asked:
        return config
    try:
        judge = Judge.model_validate(config.judge.model_dump() | asked)
    except ValidationError:
        said = " ".join(f"--{k} {v}" for k, v in asked.items())
        raise ConfigError(
            f"{said}: not a period. Write it as grid.period says: 2025-01, 2025-01-31, 2025-Q1 "
            "or 2025."
        ) from None
    return config.model_copy(update={"judge": judge})


class _Builder:
    """One run of the pipeline: holds what is common to its stages."""

    def __init__(
        self,
        space: Workspace,
        config: Config,
        rules: RulePack,
        options: BuildOptions,
        progress: Progress,
        workers: Workers,
    ) -> None:
        self.space, self.config, self.rules = space, config, rules
        self.options, self.progress = options, progress
        self.cache = Cache(space.cache)
        self.workers = workers
        self.layout = Layout()
        self.steps: list[StepReport] = []

    def run(self) -> BuildResult:
        started = time.time()
        logs, unopened = log_inputs(self.space.root, self.config)
        if unopened and not self.options.keep_going:
            raise InputError("\n".join(unopened))
        ingested, counts, unreadable = ingest_logs(
            logs, self.config, self.cache, self.workers, self.options.keep_going, self._timed,
            int(started * 1000),
        )  # fmt: skip
        logs, unreadable = list(ingested), [*unopened, *unreadable]
        vectors = read_vectors(self.space.root, self.config, self.cache, self._timed)
        cells = self._evidence("grid", grid_parts, ingested, vectors["lines"])
        segments = self._evidence("match", match_parts, ingested, vectors["lines"])
        self._gather(ingested, segments, vectors)
        for table in (CELL_EVIDENCE, CELL_TESTS):
            make_cube(
                self.cache, self.layout, table, list(cells.values()), self.workers, self._timed
            )
        segment_evidence = merge(
            self.cache, SEGMENT_EVIDENCE, list(segments.values()), self.workers.memory_bytes,
            self._timed,
        )  # fmt: skip
        self.layout.add_table("segment_evidence", segment_evidence)
        for log in logs:
            part = _part_name(log)
            self.layout.add_part("samples", part, ingested[log])
            self.layout.add_part("matched", part, segments[log])
        whole = Whole(self.config, self.rules, self.cache, self.layout, self.workers, self._timed)
        for step in WHOLE_STEPS:
            whole.make(step)
        return self._publish(counts, unreadable, started)

    def _timed(self, step: str, total: float, work: Callable[[Advance], StepReport]) -> None:
        self.progress.start(step, total)
        began = time.perf_counter()
        report = work(self.progress.advance)
        report.seconds = round(time.perf_counter() - began, 3)
        self.steps.append(report)
        self.progress.end(report)

    def _evidence(
        self,
        step: str,
        work: PartsWork,
        ingested: dict[LogInput, Path],
        lines: Path,
    ) -> dict[LogInput, Path]:
        if step == "grid":
            settings: list[Any] = [self.config.grid, self.config.positions]
        else:
            settings = [self.config.matching, self.config.positions, lines.name]
        jobs = {}
        for log, folder in ingested.items():
            key = key_of(code_key(), step, folder.name, as_read(log.declaration), settings)
            target = self.cache.folder(step, key)
            jobs[log] = PartWork(log, folder / "samples.parquet", lines, self.config, target)
        run_parts_of(step, work, jobs, self.workers, self._timed)
        return {log: job.folder for log, job in jobs.items()}

    def _gather(
        self,
        ingested: dict[LogInput, Path],
        matched: dict[LogInput, Path],
        vectors: dict[str, Path],
    ) -> None:
        """Bring rejected rows, problems and runs of every input into one table each."""
        areas = [f for name, f in vectors.items() if name not in ("reports", "sections")]
        logs = list(ingested.values())
        for table, folders in (
            (REJECTED, [*logs, *areas]),
            (PROBLEMS, [*logs, *matched.values(), *areas]),
            (RUNS, logs),
        ):
            self.layout.add_table(table.name, gather(self.cache, table, folders))
        for name in OF_LINES:
            self.layout.add_table(name, vectors["lines"])
        for name in ("sites", "places", "villages", "regions", "sections"):
            self.layout.add_table(name, vectors[name])
        for name in OF_PEOPLE:
            self.layout.add_table(name, vectors["people"])

    def _publish(
        self, counts: list[dict[str, Any]], unreadable: list[str], started: float
    ) -> BuildResult:
        content = {inside: path.parent.name for inside, path in self.layout.files.items()}
        name = key_of(code_key(), content, self.rules, self.config)[:12]
        rows = dict(sorted(self._rows().items()))
        manifest: dict[str, Any] = {
            "id": name,
            "covermap": __version__,
            "workspace": self.config.workspace.model_dump(mode="json", exclude={"salt"}),
            "rules": self.rules.model_dump(mode="json"),
            "config": self.config.model_dump(mode="json", exclude={"workspace": {"salt"}}),
            "operators": {k: v.model_dump(mode="json") for k, v in self.config.operators.items()},
            "datum": "WGS-84",
            "files": counts,
            "unreadable": unreadable,
            "bounds": self._bounds(),
            "tables": rows,
            "cache": sorted(self.cache.used),
            "made": {
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
                "seconds": round(time.time() - started, 1),
                "steps": [asdict(step) for step in self.steps],
            },
        }
        folder = assemble(self.space, name, self.layout, manifest)
        self.space.publish(name)
        prune(self.space)
        return BuildResult(name, folder, counts, unreadable, self.steps, rows)

    def _bounds(self) -> list[float] | None:
        with self.cache.view(self.layout) as view:
            return extent(Tables(view))

    def _rows(self) -> dict[str, int]:
        names = {inside.split("/")[0].removesuffix(".parquet") for inside in self.layout.files}
        with self.cache.view(self.layout) as view:
            tables = Tables(view)
            return {name: tables.rows(name) for name in names - {"tiles"}}


def _part_name(log: LogInput) -> str:
    text = f"{log.declaration.name}\0{log.source.shown}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
