"""One build: inputs to tables to tiles, each result cached by what it depends on.

A step's result lies in `.cache/<step>-<key>`, where the key is a hash of the code, the inputs'
bytes, the declarations and settings that the step uses, and the keys of the steps before it. A
result that is there is not made again; a changed rule pack therefore re-reads no log. Results
appear whole or not at all, the build is linked together from them, and `current` changes last.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from covermap import __version__
from covermap.engine import workers_of
from covermap.engine.local import Workers
from covermap.errors import ConfigError, InputError
from covermap.pipeline.asked import BuildOptions, asked_of
from covermap.pipeline.cache import Cache, gather, merge
from covermap.pipeline.cube import make_cube
from covermap.pipeline.extent import extent
from covermap.pipeline.full_disk import full_disk_told
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
from covermap.pipeline.vectors import AREA_KINDS, OF_LINES, read_vectors
from covermap.pipeline.whole import OF_PEOPLE, WHOLE_STEPS, Whole
from covermap.rules import RulePack, load_pack
from covermap.store import Tables, Workspace
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, PROBLEMS, REJECTED, RUNS, SEGMENT_EVIDENCE
from covermap.workspace import Config, load_config


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
    root: Path,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
    pool: ProcessPoolExecutor | None = None,
) -> BuildResult:
    """Build the workspace at `root` and make the result the one that is served.

    `pool` holds processes of ``engine.early_workers`` for these options, where there are any.

    Raises
    ------
    CovermapError
        A declaration, rule pack or input file cannot be used; the build served before stays.
    """
    options, progress = options or BuildOptions(), progress or Silent()
    config = asked_of(load_config(root), options)
    rules = load_pack(options.rules or config.rules.pack, root)
    if not any((config.measurements, config.sites, config.lines, config.places, config.villages)):
        raise ConfigError(
            f"{root / 'covermap.toml'}: no input is declared. `covermap check FILE` prints the "
            "lines to paste there."
        )
    space = Workspace(root)
    with only_builder(space):
        sweep(space)
        with (
            full_disk_told(space),
            workers_of(
                options.engine,
                options.master,
                options.workers,
                options.memory_bytes,
                space.cache,
                pool,
            ) as workers,
        ):
            return _Builder(space, config, rules, options, progress, workers).run()


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
        whole = Whole(
            self.space.root,
            self.config,
            self.rules,
            self.cache,
            self.layout,
            self.workers,
            self._timed,
        )
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
        for name in (*AREA_KINDS, "sites", "sections", "terrain", "declared_indicators"):
            self.layout.add_table(name, vectors[name])
        for name in OF_PEOPLE:
            self.layout.add_table(name, vectors["people"])
        self.layout.add_table("village_points", vectors["villages"])

    def _publish(
        self, counts: list[dict[str, Any]], unreadable: list[str], started: float
    ) -> BuildResult:
        content = {k: self.cache.name_of(path) for k, path in self.layout.files.items()}
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
        return {name: self.layout.rows(name) for name in names - {"tiles"}}


def _part_name(log: LogInput) -> str:
    text = f"{log.declaration.name}\0{log.source.shown}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
