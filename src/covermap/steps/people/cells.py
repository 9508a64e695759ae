"""People of every cell that has evidence, shard by shard: what is known is not done again."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import centres, parents, resolutions
from covermap.core.cube.counts import shards_of
from covermap.engine.step import StepContext, in_pieces
from covermap.errors import InputError
from covermap.formats.rasters import open_raster
from covermap.shards import distinct_cells
from covermap.steps.people.sharing import reach, share_out
from covermap.store import Tables, whole_folder
from covermap.tables import CELL_PEOPLE, LEVELS
from covermap.workspace import Population

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BATCH = 1_000_000
CELLS_AT_A_TIME = 200_000
"""Cells that one worker is given: whole shards of them."""
FINEST_FIRST = ("township", "county", "city", "province", "other")
"""Of several regions that a cell lies in, which one `cell_people` names."""
HELD = "people.npy"


def run(ctx: StepContext) -> None:
    """Share the declared rasters out to the distinct cells of the evidence: table `cell_people`.

    Raises
    ------
    InputError
        The rasters lie over none of the cells.
    """
    cells, people = np.zeros(0, np.int64), np.zeros(0)
    declared = ctx.config.population
    if declared is not None:
        cells = distinct_cells(ctx.tables)
        people = _people(ctx, declared, cells)
    ctx.write_sorted("cell_people", _batches(cells, people, counting_regions(ctx.tables)))


@dataclass(frozen=True)
class ShareWork:
    """Shards to share the rasters out to: the folder of each one's result, and its cells."""

    root: Path
    rasters: tuple[dict[str, Any], ...]
    """Rows of the table `population`: file, factor."""
    declared: Population
    shards: tuple[tuple[Path, Ints], ...]


def share_shards(work: ShareWork) -> int:
    """Write the people of each shard's cells; NaN where a cell lies over no raster at all."""
    with ExitStack() as stack:
        opened = [(row["factor"], stack.enter_context(_opened(work, row))) for row in work.rasters]
        near = [reach(raster) for _, raster in opened]
        for folder, cells in work.shards:
            people, over = np.zeros(len(cells)), np.zeros(len(cells), bool)
            for (factor, raster), around in zip(opened, near, strict=True):
                shared = share_out(raster, work.declared.kind, cells, around)
                people += shared.people * factor
                over |= shared.over
            with whole_folder(folder) as partial:
                np.save(partial / HELD, np.where(over, people, np.nan))
    return len(work.shards)


def _opened(work: ShareWork, row: dict[str, Any]) -> Any:
    declared = work.declared
    return open_raster(work.root / row["file"], row["file"], declared.band, declared.datum)


def _people(ctx: StepContext, declared: Population, cells: Ints) -> Floats:
    rasters = tuple(ctx.tables.read("population", ["file", "sha256", "factor"]).to_pylist())
    with tempfile.TemporaryDirectory(dir=ctx.out, prefix=".people.") as aside:
        place = ctx.part or (lambda key: Path(aside) / key)
        made = json.dumps([rasters, declared.kind, declared.band, declared.datum], sort_keys=True)
        shards = [(place(_key(made, own)), own) for own in _by_shard(cells)]
        missing = [one for one in shards if not one[0].is_dir()]
        todo = in_pieces(missing, CELLS_AT_A_TIME, lambda one: len(one[1]))
        items = [ShareWork(ctx.root, rasters, declared, tuple(group)) for group in todo]
        done = 0
        for _, count in ctx.workers.run(share_shards, items, small=len(items) < 2):
            done += count
            ctx.progress(done / max(1, len(shards)), "people of cells")
        parts = [np.load(folder / HELD) for folder, _ in shards]
    people = np.concatenate([np.zeros(0), *parts])
    off = np.isnan(people)
    if len(cells) and off.all():
        raise InputError(_elsewhere(cells, [row["file"] for row in rasters]))
    people[off] = 0.0
    people *= _factors(ctx.tables, cells)
    ctx.report["cells"] = len(cells)
    ctx.report["cells_off_the_raster"] = int(off.sum())
    ctx.report["people"] = round(float(people.sum()))
    return people


def _factors(tables: Tables, cells: Ints) -> Floats:
    """Give what the totals of regions multiply each cell's people by; 1 where there are none."""
    known = tables.read("counting_cells", ["cell", "factor"])
    factor = pa.compute.fill_null(known.column("factor"), 1.0).to_numpy()
    row, inside = rows_of(cells, known.column("cell").to_numpy())
    made: Floats = np.append(factor, 1.0)[np.where(inside, row, len(factor))]
    return made


def _key(made: str, cells: Ints) -> str:
    return hashlib.sha256(made.encode() + b"\0" + cells.tobytes()).hexdigest()


def _by_shard(cells: Ints) -> Iterator[Ints]:
    """Cut ascending cells where their shard changes."""
    if len(cells):
        yield from np.split(cells, np.flatnonzero(np.diff(shards_of(cells))) + 1)


def _elsewhere(cells: Ints, files: list[str]) -> str:
    lon, lat = centres(cells)
    return (
        f"{', '.join(files)}: covers none of the {len(cells)} cells with samples, which lie at "
        f"{lon.min():.2f} to {lon.max():.2f} E, {lat.min():.2f} to {lat.max():.2f} N. Is it the "
        "raster of this country, and the sign of its pixel height right? Mend [population]."
    )


def counting_regions(tables: Tables) -> pa.Table:
    """Give counting cells, ascending, and the finest region of each: columns cell, region_id."""
    known = tables.read("counting_cells", ["cell", *LEVELS])
    finest = pa.compute.coalesce(*(known.column(level) for level in FINEST_FIRST))
    return pa.table({"cell": known.column("cell"), "region_id": finest})


def _batches(cells: Ints, people: Floats, regions: pa.Table) -> Iterator[pa.RecordBatch]:
    counting = regions.column("cell").to_numpy()
    names = regions.column("region_id").combine_chunks()
    for first in range(0, len(cells), BATCH):
        part = slice(first, first + BATCH)
        row, known = rows_of(cells[part], counting)
        region = names.take(pa.array(row, mask=~known))
        yield pa.record_batch([cells[part], people[part], region], schema=CELL_PEOPLE.schema)


def rows_of(cells: Ints, counting: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Row of each cell's counting cell, and whether there is one (else the row means nothing)."""
    if len(counting) == 0 or len(cells) == 0:
        return np.zeros(len(cells), np.int64), np.zeros(len(cells), bool)
    above = parents(cells, int(resolutions(counting[:1])[0]))
    row = np.minimum(np.searchsorted(counting, above), len(counting) - 1)
    return row, counting[row] == above
