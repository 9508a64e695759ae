"""Propagate: what the sites should give, cell by cell, by the formulae alone: `cell_model`.

The map is taken in units of a few thousand cells, each with the antennas and the terrain within
the radius of it; a shard's units make its file. A shard is kept from build to build until an
antenna, the terrain, the area or a setting that it depends on changes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.cells import parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.core.prediction.area import BLOCK_M, Area, around, groups_of
from covermap.engine.area import area_to_predict
from covermap.engine.step import StepContext
from covermap.formats.terrain import Sheet
from covermap.steps.propagate.antennas import Antennas, Layer, antennas_of
from covermap.steps.propagate.serving import UnitWork, serve_unit
from covermap.steps.propagate.shards import NAME, ShardWork, write_shard
from covermap.store import link_file
from covermap.tables import CELL_MODEL, empty
from covermap.workspace import Predict

__all__ = ["run"]

Ints = NDArray[np.int64]
SMALL_PATHS = 3_000_000
"""Cells times antennas below which worker processes take longer to start than to work."""


@dataclass(frozen=True)
class _Shard:
    """One shard to predict."""

    name: str
    area: Area
    antennas: Antennas
    folder: Path


def run(ctx: StepContext) -> None:
    """Write `cell_model/<shard>.parquet`; without `[predict]`, or without sites, an empty table."""
    predict = ctx.config.predict
    layers, antennas = antennas_of(ctx.tables.read("sites"))
    if predict is None or not layers:
        ctx.write(NAME, empty(CELL_MODEL))
        return
    sheets = _sheets(ctx)
    with tempfile.TemporaryDirectory(prefix=".model.", dir=ctx.out) as aside:
        place = ctx.part or (lambda key: Path(aside) / key)
        shards = _shards(ctx, antennas, layers, place)
        missing = [one for one in shards if not one.folder.is_dir()]
        _serve(ctx, missing, sheets, Path(aside))
        work = [ShardWork(one.antennas, tuple(layers), predict, Path(aside) / one.name, one.folder)
                for one in missing]  # fmt: skip
        for _ in ctx.workers.run(write_shard, work, small=len(work) < 3):
            pass
        if not shards:
            ctx.write(NAME, empty(CELL_MODEL))
        for one in shards:
            link_file(one.folder / f"{NAME}.parquet", ctx.out / NAME / f"{one.name}.parquet")
    ctx.report |= {
        "layers": len(layers), "antennas": len(antennas.lon), "shards_made": len(missing),
        "shards_kept": len(shards) - len(missing),
    }  # fmt: skip


def _sheets(ctx: StepContext) -> tuple[Sheet, ...]:
    """Give the rasters of heights as table `terrain` tells them."""
    declared = ctx.config.terrain
    if declared is None:
        return ()
    return tuple(
        Sheet(
            ctx.root / row["file"], row["file"], row["unit"], declared.band, declared.datum,
            row["pixel_m"], (row["west"], row["south"], row["east"], row["north"]),
            row["sea_floor"] > 0,
        )
        for row in ctx.tables.read("terrain").to_pylist()
    )  # fmt: skip


def _shards(
    ctx: StepContext,
    antennas: Antennas,
    layers: Sequence[Layer],
    place: Callable[[str], Path],
) -> list[_Shard]:
    """Cut the area into shards, each under a key of all that its rows follow from."""
    predict = ctx.config.predict
    assert predict is not None
    area = area_to_predict(ctx, measured=False)
    hashes = {row["file"]: row["sha256"] for row in ctx.tables.read("terrain").to_pylist()}
    common = [NAME, predict.model_dump(mode="json"), list(layers), area.resolution]
    if area.region is not None:
        common.append(hashlib.sha256(shapely.to_wkb(area.region)).hexdigest())
    found = []
    for blocks in groups_of(area.blocks, SHARD_RESOLUTION):
        near = antennas.near(around(blocks, predict.radius_m + 2 * BLOCK_M))
        if not len(near.lon):
            continue
        said = [*common, blocks.tolist(), near.digest(), sorted(hashes.items())]
        key = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
        name = f"{int(parents(blocks[:1], SHARD_RESOLUTION)[0]):x}"
        found.append(_Shard(name, area.of(blocks), near, place(key)))
    return found


def _serve(
    ctx: StepContext, shards: Sequence[_Shard], sheets: tuple[Sheet, ...], aside: Path
) -> None:
    """Find who serves the units of shards, into a folder for each."""
    predict = ctx.config.predict
    assert predict is not None
    work, paths = [], 0
    for shard in shards:
        (aside / shard.name).mkdir()
        for one in _units(shard, predict, sheets, aside / shard.name):
            work.append(one)
            paths += len(one.rows) * len(one.area.blocks) * 7 ** (one.area.resolution - 5)
    work.sort(key=lambda one: -len(one.rows) * len(one.area.blocks))  # the longest first
    cells = flat = 0
    for done, (_, unit) in enumerate(
        ctx.workers.run(serve_unit, work, small=paths < SMALL_PATHS), start=1
    ):
        cells, flat = cells + unit.cells, flat + unit.flat
        ctx.progress(done / len(work), "propagation")
    ctx.report |= {"cells": cells, "cells_without_ground": flat}


def _units(
    shard: _Shard, predict: Predict, sheets: tuple[Sheet, ...], folder: Path
) -> list[UnitWork]:
    """Cut a shard into units of about 17,000 cells, or fewer large ones."""
    fine = min(5, max(SHARD_RESOLUTION, shard.area.resolution - 5))
    units = []
    for blocks in groups_of(shard.area.blocks, fine):
        wide = around(blocks, predict.radius_m + 2 * BLOCK_M)
        rows = np.flatnonzero(np.isin(shard.antennas.block, wide))
        if len(rows):
            name = f"{int(blocks[0]):x}"
            units.append(UnitWork(
                shard.area.of(blocks), shard.antennas.take(rows), rows, sheets, predict, folder,
                name,
            ))  # fmt: skip
    return units
