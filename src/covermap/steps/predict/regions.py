"""Regions that layers are learnt in: all of the build, or parts of it where it is large.

A region is learnt from the levels of its own shards and of those around them, so that what two
neighbours learn rests in part on the same measurements. Regions follow from the levels alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.core.cells import parents
from covermap.core.cube.counts import SHARD_RESOLUTION, shard_cell, shards_of
from covermap.core.prediction.area import rings_around
from covermap.store import Tables
from covermap.tables import CELL_LEVELS, CELL_MODEL

Ints = NDArray[np.int64]
_OF_MODEL = ["cell", "operator", "technology", "rsrp_dbm", "ghz"]
_REST = (1 << 36) - 1
"""Bits of a cell below those of its shard."""
MOST_LEVELS = 1_000_000
"""Levels that a region has, at most, unless it is one shard."""


@dataclass(frozen=True)
class Region:
    """Shards that one learning holds for."""

    name: str
    """all, or the H3 index of their ancestor."""
    shards: tuple[int, ...]
    """H3 cells of resolution 3 that are asked, ascending."""
    around: tuple[int, ...]
    """These and their neighbours: shards whose levels are learnt from, ascending."""


def regions_of(asked: Ints, weight: dict[int, int]) -> list[Region]:
    """Part the shards that are asked, ascending: all together while there are few levels.

    Parameters
    ----------
    weight
        Levels by shard; see :func:`levels_by_shard`.
    """
    if not len(asked):
        return []
    return [Region(name, *_both(shards)) for name, shards in _parted("all", asked, weight, 0)]


def _parted(
    name: str, shards: Ints, weight: dict[int, int], resolution: int
) -> Iterator[tuple[str, Ints]]:
    total = sum(weight.get(int(shard), 0) for shard in shards)
    if total <= MOST_LEVELS or resolution > SHARD_RESOLUTION:
        yield name, shards
        return
    above = parents(shards, resolution)
    for one in np.unique(above):
        yield from _parted(f"{int(one):x}", shards[above == one], weight, resolution + 1)


def _both(shards: Ints) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(shards.tolist()), tuple(around(shards).tolist())


def around(shards: Ints) -> Ints:
    """Shards and their neighbours, ascending."""
    return rings_around(shards, 1)


def levels_by_shard(tables: Tables) -> dict[int, int]:
    """Count the levels of shards that have any, ascending."""
    found: list[Any] = []
    for path in tables.parts(CELL_LEVELS.name):
        for batch in pq.ParquetFile(path).iter_batches(columns=["cell"]):
            found.append(np.unique(shards_of(batch.column(0).to_numpy()), return_counts=True))
    if not found:
        return {}
    numbers, which = np.unique(np.concatenate([n for n, _ in found]), return_inverse=True)
    count = np.bincount(which, np.concatenate([c for _, c in found])).astype(np.int64)
    shards = [shard_cell(int(number)) for number in numbers]
    return dict(zip(shards, count.tolist(), strict=True))


def read_levels(folder: Path, shards: Ints, resolution: int) -> pa.Table:
    """Read the levels of some shards, in cells of a resolution."""
    tables, wanted = Tables(folder), [_below(shard, resolution) for shard in shards.tolist()]
    parts = tables.parts(CELL_LEVELS.name)
    if not parts or not wanted:
        return CELL_LEVELS.schema.empty_table()
    return pa.concat_tables([pq.read_table(p, filters=wanted) for p in parts]).combine_chunks()


def _below(shard: int, resolution: int) -> list[tuple[str, str, int]]:
    """Bounds of the cells below a shard, as conditions of a row."""
    low = (shard & ~(0xF << 52 | _REST)) | resolution << 52
    return [("cell", ">=", low), ("cell", "<=", low | _REST)]


def read_model(folder: Path, shards: Ints, only: Ints | None = None) -> pa.Table:
    """Read the modelled levels of some shards: cell, operator, technology, rsrp_dbm and ghz.

    Parameters
    ----------
    only
        Cells that are wanted, ascending; None: all. What is not wanted is held a row group long.
    """
    parts = list(model_batches(folder, shards, only))
    if not parts:
        return CELL_MODEL.schema.empty_table().select(_OF_MODEL)
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def model_batches(folder: Path, shards: Ints, only: Ints | None = None) -> Iterator[pa.Table]:
    """Read the same a row group at a time; texts are dictionaries."""
    named = {f"{shard:x}" for shard in shards.tolist()}
    for path in Tables(folder).parts(CELL_MODEL.name):
        if path.stem not in named:
            continue
        file = pq.ParquetFile(path, read_dictionary=["operator", "technology"])
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group, _OF_MODEL)
            if only is None:
                yield rows
            else:
                yield rows.filter(pa.array(among(rows.column("cell").to_numpy(), only)))


def among(cells: Ints, known: Ints) -> NDArray[np.bool_]:
    """Tell which cells are among known ones, ascending."""
    if not len(known):
        return np.zeros(len(cells), bool)
    flags: NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, cells), len(known) - 1)] == (
        cells
    )
    return flags


def of_layer(rows: pa.Table, layer: tuple[str, str]) -> pa.Table:
    """Give the rows of one layer."""
    both = pc.and_(
        pc.equal(rows.column("operator"), layer[0]), pc.equal(rows.column("technology"), layer[1])
    )
    return rows.filter(both)


def layers_in(rows: pa.Table) -> set[tuple[str, str]]:
    """Operators and technologies that occur."""
    words = [rows.column(name).cast(pa.string()) for name in ("operator", "technology")]
    pairs = pa.table(words, names=["operator", "technology"])
    found = pairs.group_by(["operator", "technology"]).aggregate([])
    return {(r["operator"], r["technology"]) for r in found.to_pylist()}
