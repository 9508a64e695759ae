"""Predict: measurements and modelled levels to what is foretold of every cell and segment.

First each layer is learnt, region by region (see `regions`), from the levels that its runs measured
there and the levels that its sites should give; then every shard is asked, each in all layers. What
was measured stays what it is: verdicts are not touched, and `basis` says what rests on what.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from covermap.core.cells import parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.engine.area import area_to_predict
from covermap.engine.step import StepContext
from covermap.errors import RulePackError
from covermap.steps.predict.asking import AskWork, ask_shard
from covermap.steps.predict.evaluating import Scored, evaluate
from covermap.steps.predict.learning import LearnWork, learn_region
from covermap.steps.predict.regions import Region, levels_by_shard, regions_of
from covermap.steps.predict.segments import middles_of
from covermap.store import link_file, read_table
from covermap.tables import (
    CELL_PREDICTION,
    PREDICTION_LAYERS,
    PREDICTION_RELIABILITY,
    PREDICTION_SCORES,
    SEGMENT_PREDICTION,
    empty,
)

_LEARNT, _ASKED = 0.4, 0.85
"""Shares of the step done when the layers are learnt, and when all cells are asked."""
_ROWS = 100_000


def run(ctx: StepContext) -> None:
    """Write what is foretold of cells and segments, and what was learnt of layers.

    Raises
    ------
    RulePackError
        The pack has no standard for a technology that is predicted.
    """
    area = area_to_predict(ctx)  # none, where `[predict]` is not declared
    asked = np.unique(parents(area.blocks, SHARD_RESOLUTION))
    regions = regions_of(asked, levels_by_shard(ctx.tables))
    with tempfile.TemporaryDirectory(prefix=".learnt-", dir=ctx.out) as aside:
        work = [
            LearnWork(ctx.tables.folder, region, area, ctx.rules, Path(aside) / region.name)
            for region in regions
        ]
        for done, _ in enumerate(ctx.workers.run(learn_region, work, small=True), start=1):
            ctx.progress(_LEARNT * done / len(work), "layers")
        _write_layers(ctx, regions, Path(aside))
        _ask(ctx, _shards(ctx, work))
        _score(ctx, work)


def _write_layers(ctx: StepContext, regions: Sequence[Region], aside: Path) -> None:
    rows = [
        row
        for region in regions
        for row in json.loads((aside / region.name / "rows.json").read_text(encoding="utf-8"))
    ]
    ctx.write(PREDICTION_LAYERS.name, pa.Table.from_pylist(rows, PREDICTION_LAYERS.schema))
    _check_standards(ctx, {row["technology"] for row in rows})
    for basis in ("few", "selected", "borrowed", "prior"):
        ctx.report[f"layers_{basis}"] = sum(row["basis"] == basis for row in rows)


def _check_standards(ctx: StepContext, technologies: set[str]) -> None:
    missing = sorted(technologies - set(ctx.rules.standards))
    if missing:
        raise RulePackError(
            f"rule pack {ctx.rules.id}: no standard for {', '.join(missing)}, which is to be "
            f"predicted. Add [standards.{missing[0]}] to the pack."
        )


def _shards(ctx: StepContext, learnt: Sequence[LearnWork]) -> list[AskWork]:
    """Give each shard its blocks, its segments, and the region that it is told by."""
    middles = middles_of(ctx.tables, ctx.config.predict)
    work = []
    for one in learnt:
        above = parents(one.area.blocks, SHARD_RESOLUTION)
        for shard in one.region.shards:
            blocks = one.area.blocks[above == shard]
            work.append(
                AskWork(
                    ctx.tables.folder, shard, one.region, one.area.of(blocks), one.folder,
                    middles.of_shard(shard), ctx.rules,
                )
            )  # fmt: skip
    return sorted(work, key=lambda one: one.shard)


def _ask(ctx: StepContext, work: Sequence[AskWork]) -> None:
    few = len(work) < 2
    for done, _ in enumerate(ctx.workers.run(ask_shard, work, small=few), start=1):
        ctx.progress(_LEARNT + (_ASKED - _LEARNT) * done / len(work), "cells")
    for one in work:
        made = one.made / f"{CELL_PREDICTION.name}.parquet"
        if made.is_file():
            link_file(made, ctx.out / CELL_PREDICTION.name / f"{one.shard:x}.parquet")
    if not (ctx.out / CELL_PREDICTION.name).is_dir():
        ctx.write(CELL_PREDICTION.name, empty(CELL_PREDICTION))
    parts = [one.made / f"{SEGMENT_PREDICTION.name}.parquet" for one in work]
    ctx.write_sorted(SEGMENT_PREDICTION.name, _segments(ctx, [p for p in parts if p.is_file()]))


def _segments(ctx: StepContext, parts: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    """Bring the segments of all shards into order, and tell which were measured as well."""
    connection = ctx.connect("segment_verdicts")
    try:
        if parts:
            connection.read_parquet([str(p) for p in parts]).create_view("part")
            for batch in connection.sql(_JOINED).to_arrow_reader(_ROWS):
                yield batch.cast(SEGMENT_PREDICTION.schema)
    finally:
        connection.close()


def _score(ctx: StepContext, learnt: Sequence[LearnWork]) -> None:
    """Score what was foretold: parts of the measurements held out, and foretold from the rest."""
    config = ctx.config
    scored = Scored(
        ctx.tables.folder, config.grid.resolution, ctx.rules,
        any(entry.simulated for entry in config.measurements),
    )  # fmt: skip
    made = evaluate(
        scored, [(one.region, one.folder) for one in learnt],
        read_table(ctx.out / f"{PREDICTION_LAYERS.name}.parquet"), workers=ctx.workers,
        progress=lambda done, of: ctx.progress(_ASKED + (1 - _ASKED) * done / max(1, of), "scores"),
    )  # fmt: skip
    ctx.write(PREDICTION_SCORES.name, made.scores)
    ctx.write(PREDICTION_RELIABILITY.name, made.reliability)


_JOINED = f"""
SELECT {", ".join(f"part.{name}" for name in SEGMENT_PREDICTION.names if name != "basis")},
  CASE WHEN verdict <> 'unmeasured' THEN 'both' ELSE part.basis END AS basis
FROM part LEFT JOIN segment_verdicts USING ({", ".join(SEGMENT_PREDICTION.key)})
ORDER BY {", ".join(f"part.{name}" for name in SEGMENT_PREDICTION.key)}"""
