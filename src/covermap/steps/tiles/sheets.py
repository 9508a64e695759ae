"""Hexagons of the build's cells cut into the tiles of a zoom: encoded once, used by every layer."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.cells import boundaries
from covermap.core.cube.counts import SHARD_RESOLUTION, shards_of
from covermap.core.tiles.pyramid import group_starts
from covermap.core.tiles.shapes import rings
from covermap.core.tiles.tiling import to_world
from covermap.engine.local import Workers
from covermap.engine.step import in_pieces
from covermap.formats.archive import Bounds
from covermap.formats.mvt import Commands, gathered
from covermap.steps.tiles.drawing import at_zoom, commands, world_bounds
from covermap.steps.tiles.ground import Ground, mapped
from covermap.store import whole_folder

Ints = NDArray[np.int64]
BLOCK_CELLS = 250_000
"""Cells that are cut at a time; what comes out does not depend on it."""
POLYGON = 3


@dataclass(frozen=True)
class Sheet:
    """A zoom's tiles in order of their ids, and the cells in each: all on disk."""

    folder: Path

    @property
    def tiles(self) -> Ints:
        """Tile ids, ascending."""
        return mapped(self.folder / "tiles.npy")

    @property
    def tile_starts(self) -> Ints:
        """First entry of each tile, and the number of entries at the end."""
        return mapped(self.folder / "tile_starts.npy")

    @property
    def rows(self) -> Ints:
        """Row of the cell that each entry is."""
        return mapped(self.folder / "rows.npy")

    def commands(self, entries: Ints) -> Commands:
        """Geometry of some entries, ascending."""
        starts = mapped(self.folder / "starts.npy")
        data = mapped(self.folder / "data.npy")
        whole = len(entries) and entries[-1] - entries[0] + 1 == len(entries)
        if whole:  # the most common case by far: one copy
            ends = starts[entries[0] : entries[-1] + 2]
            drawn = data[ends[0] : ends[-1]].copy(), ends - ends[0]
        else:
            drawn = gathered(data, starts, entries)
        return Commands(np.full(len(entries), POLYGON, np.int8), *drawn)


@dataclass(frozen=True)
class _Block:
    """Neighbouring cells of a resolution, to be cut into the tiles of zooms."""

    ground: Ground
    resolution: int
    zooms: tuple[int, ...]
    first: int
    last: int
    folder: Path


Place = Callable[[str], Path]
"""Folder in which what has this key is kept from build to build."""


def sheet(ground: Ground, resolution: int, zoom: int) -> Sheet:
    """Give a sheet; one that was not made beforehand is made now."""
    folder = _sheet_folder(ground, resolution, zoom)
    if not folder.is_dir():
        make_sheets(ground, {zoom: resolution}, Workers(1))
    return Sheet(folder)


def _sheet_folder(ground: Ground, resolution: int, zoom: int) -> Path:
    return ground.folder / f"sheet.{resolution}.{zoom}"


def make_sheets(
    ground: Ground,
    resolution_of: dict[int, int],
    workers: Workers,
    place: Place | None = None,
    *,
    small: bool = False,
) -> int:
    """Make the sheets of zooms, each at its resolution; give the number of blocks that were cut.

    Blocks end where shards do: what is cut of a shard is kept in `place` under its cells, and taken
    from there as long as these stay the same. Without `place` nothing is kept.
    """
    cut = 0
    for resolution in sorted(set(resolution_of.values())):
        zooms = tuple(z for z, r in resolution_of.items() if r == resolution)
        with tempfile.TemporaryDirectory(dir=ground.folder) as name:
            blocks = _blocks(ground, resolution, zooms, place or Path(name).joinpath)
            missing = [block for block in blocks if not block.folder.is_dir()]
            todo = in_pieces(missing, BLOCK_CELLS, lambda block: block.last - block.first)
            for _ in workers.run(_cut_all, todo, small=small):
                pass
            cut += len(missing)
            for zoom in zooms:
                _bind(blocks, zoom, _sheet_folder(ground, resolution, zoom))
    return cut


def _blocks(ground: Ground, resolution: int, zooms: tuple[int, ...], place: Place) -> list[_Block]:
    """Cut the cells of a resolution where their shards end, and large shards once more."""
    cells = ground.cells(resolution)
    ends = np.arange(0, len(cells) + BLOCK_CELLS, BLOCK_CELLS).clip(max=len(cells))
    if resolution >= SHARD_RESOLUTION:
        first = np.append(group_starts(shards_of(cells)), len(cells))
        sizes = np.diff(first)
        parts = -(-sizes // BLOCK_CELLS)
        inner = np.repeat(first[:-1], parts) + BLOCK_CELLS * ranges(np.zeros_like(parts), parts)
        ends = np.append(inner, len(cells))
    blocks = []
    for first_row, last_row in pairwise(np.unique(ends).tolist()):
        said = json.dumps(["sheet", resolution, zooms]).encode()
        key = hashlib.sha256(said + cells[first_row:last_row].tobytes()).hexdigest()[:32]
        blocks.append(_Block(ground, resolution, zooms, first_row, last_row, place(key)))
    return blocks


def _cut_all(blocks: list[_Block]) -> None:
    for block in blocks:
        _cut(block)


def _cut(block: _Block) -> None:
    """Cut a block of cells into the tiles of each zoom."""
    cells = block.ground.cells(block.resolution)[block.first : block.last]
    outline = boundaries(cells)
    shapes = rings(*to_world(outline.lon, outline.lat), outline.starts)
    with whole_folder(block.folder) as folder:
        for zoom in block.zooms:
            placed = at_zoom(shapes, zoom)
            drawn = commands(placed)
            for name, values in (
                ("tile", placed.tile_id), ("row", placed.shape),
                ("data", drawn.data), ("size", np.diff(drawn.starts)),
            ):  # fmt: skip
                np.save(folder / f"{zoom}.{name}.npy", values)
        box = (shapes.x.min(), shapes.y.min(), shapes.x.max(), shapes.y.max())
        np.save(folder / "box.npy", np.array(box))


def _bind(blocks: Sequence[_Block], zoom: int, target: Path) -> None:
    """Bring what blocks gave into the order of tiles and, in each, of cells."""

    def whole(name: str, kind: Any = np.int64) -> NDArray[Any]:
        return np.concatenate(
            [np.zeros(0, kind), *(np.load(b.folder / f"{zoom}.{name}.npy") for b in blocks)]
        )

    tile, sizes, row = whole("tile"), whole("size"), whole("row")
    counts = [np.load(b.folder / f"{zoom}.row.npy", mmap_mode="r").size for b in blocks]
    row += np.repeat(np.array([b.first for b in blocks], np.int64), counts)
    order = np.argsort(tile, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    data, ends = gathered(whole("data", np.uint8), starts, order)
    first = group_starts(tile[order])
    boxes = [np.load(b.folder / "box.npy") for b in blocks]
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        made = Path(name) / "made"
        made.mkdir()
        for said, values in (
            ("tiles", tile[order][first]), ("tile_starts", np.append(first, len(tile))),
            ("rows", row[order]), ("data", data), ("starts", ends),
            ("boxes", np.array(boxes).reshape(-1, 4)),
        ):  # fmt: skip
            np.save(made / f"{said}.npy", values)
        if not target.exists():  # another process may have made the same
            made.rename(target)


def bounds(made: Sheet) -> Bounds | None:
    """West, south, east, north of a sheet's cells; None: there is none."""
    boxes = np.load(made.folder / "boxes.npy")
    if not len(boxes):
        return None
    low, high = boxes.min(axis=0), boxes.max(axis=0)
    return world_bounds(low[0], low[1], high[2], high[3])
