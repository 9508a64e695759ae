"""Samples to levels of cells by run, log by log: what predictions are learnt from.

A log's levels are kept while its samples are what they were. Its runs, its floor and its spread are
its own; a run lies in one log. Logs are read some runs at a time.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from covermap.core.cube.samples import cells_of
from covermap.core.prediction.sources import NEEDED, Layer, levels_in
from covermap.engine.step import StepContext
from covermap.engine.whole_runs import BATCH_ROWS, whole_runs
from covermap.shards import shard_file
from covermap.store import Within, is_within, rows_in, whole_folder, write_table
from covermap.tables import CELL_EVIDENCE, CELL_LEVELS, NO_TECHNOLOGY

NAME = CELL_LEVELS.name
SMALL_ROWS = 2_000_000
_TEXTS = (
    "operator", "technology", "run_id", "device_id", "cell_id", "antenna", "source",
    "position_basis", "period",
)  # fmt: skip


@dataclass(frozen=True)
class LogWork:
    """One log's samples, and where its levels go."""

    samples: Path
    folder: Path
    resolution: int
    max_error_m: float
    none_dbm: float
    layers: tuple[Layer, ...]
    within: Within | None


def run(ctx: StepContext) -> None:
    """Write `cell_levels`: one level a cell, layer and run, of all samples that are judged.

    Nothing where nothing is to be predicted.
    """
    if ctx.config.predict is None:
        ctx.write_sorted(NAME, [])
        return
    with tempfile.TemporaryDirectory(prefix=".levels-", dir=ctx.out) as aside:
        work = _work(ctx, Path(aside))
        missing = [one for one in work if not one.folder.is_dir()]
        small = sum(rows_in(one.samples) for one in missing) < SMALL_ROWS
        for done, _ in enumerate(ctx.workers.run(levels_of_log, missing, small=small), start=1):
            ctx.progress(0.9 * done / len(missing), "logs")
        ctx.report["logs_read"], ctx.report["logs_kept"] = len(missing), len(work) - len(missing)
        ctx.write_sorted(NAME, _joined(ctx, [one.folder for one in work]))


def _work(ctx: StepContext, aside: Path) -> list[LogWork]:
    cube = [shard_file(path) for path in ctx.tables.parts(CELL_EVIDENCE.name)]
    layers = {layer for file in cube for layer in file.layers if layer[1] != NO_TECHNOLOGY}
    common = (
        ctx.config.grid.resolution, ctx.config.positions.max_error_m,
        ctx.rules.no_service.level_dbm, tuple(sorted(layers)), ctx.tables.within,
    )  # fmt: skip
    place = ctx.part or (lambda key: aside / key)
    work = []
    for path in ctx.tables.parts("samples"):
        # the file is a link to a result that is named by its content
        said = json.dumps([NAME, path.resolve().parent.name, path.stem, common])
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        work.append(LogWork(path, place(key), *common))
    return work


def levels_of_log(work: LogWork) -> int:
    """Write the levels of one log; give the number of rows."""
    made = [CELL_LEVELS.schema.empty_table()]
    layers = _layers_of(work)
    for samples in _runs_of(work.samples, work.within):
        cells = cells_of(samples, work.max_error_m, work.resolution)
        made.append(levels_in(samples, cells, work.none_dbm, layers))
    with whole_folder(work.folder) as folder:
        return write_table(folder / f"{NAME}.parquet", pa.concat_tables(made), CELL_LEVELS)


def _layers_of(work: LogWork) -> list[Layer]:
    """Operators and technologies of which silence in a log tells: its own, by operator.

    Of an operator without any service in the log it tells of all technologies of the build.
    """
    names = ["operator", "technology"]
    found = pq.read_table(work.samples, columns=names).group_by(names).aggregate([])
    own = {
        (o, t) for o, t in zip(*found.to_pydict().values(), strict=True) if (o, t) in work.layers
    }
    known = {operator for operator, _ in own}
    return sorted(own | {layer for layer in work.layers if layer[0] not in known})


def _runs_of(path: Path, within: Within | None) -> Iterator[pa.Table]:
    """Read samples, whole runs together; those of other periods than are judged are left out."""
    for table in whole_runs(path, NEEDED, _TEXTS):
        yield table if within is None else _judged(table, within)


def _judged(table: pa.Table, within: Within) -> pa.Table:
    words = table.column("period").chunk(0).dictionary if table.num_rows else pa.array([])
    kept = [word for word in words.to_pylist() if is_within(word, within)]
    return table.filter(
        pc.is_in(table.column("period").cast(pa.string()), pa.array(kept, pa.string()))
    )


def _joined(ctx: StepContext, folders: list[Path]) -> Iterator[pa.RecordBatch]:
    """Bring the levels of all logs into the order of the table."""
    connection = ctx.connect()
    try:
        parts = [str(folder / f"{NAME}.parquet") for folder in folders]
        if parts:
            order = ", ".join([*CELL_LEVELS.key, "device_id", "cell_id", "level_dbm"])
            rows = connection.read_parquet(parts).order(order)
            for batch in rows.to_arrow_reader(BATCH_ROWS):
                yield batch.cast(CELL_LEVELS.schema)
    finally:
        connection.close()
