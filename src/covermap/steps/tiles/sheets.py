"""Hexagons of the build's cells cut into the tiles of a zoom: encoded once, used by every layer."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covermap.core.cells import boundaries
from covermap.core.tiles.pyramid import group_starts
from covermap.core.tiles.shapes import rings
from covermap.core.tiles.tiling import to_world
from covermap.engine.local import Workers
from covermap.formats.archive import Bounds
from covermap.formats.mvt import Commands, gathered
from covermap.steps.tiles.drawing import at_zoom, commands, world_bounds
from covermap.steps.tiles.ground import Ground, mapped

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

    def commands(self, first: int, last: int) -> Commands:
        """Geometry of some entries."""
        starts = np.load(self.folder / "starts.npy", mmap_mode="r")[first : last + 1]
        data = np.load(self.folder / "data.npy", mmap_mode="r")[starts[0] : starts[-1]]
        kind = np.full(last - first, POLYGON, np.int8)
        return Commands(kind, np.array(data), np.asarray(starts - starts[0]))


@dataclass(frozen=True)
class _Block:
    """Some cells of a resolution, to be cut into the tiles of zooms."""

    ground: Ground
    resolution: int
    zooms: tuple[int, ...]
    number: int
    first: int
    last: int
    folder: Path


def sheet(ground: Ground, resolution: int, zoom: int) -> Sheet:
    """Give a sheet; one that was not made beforehand is made now."""
    folder = _sheet_folder(ground, resolution, zoom)
    if not folder.is_dir():
        make_sheets(ground, {zoom: resolution}, Workers(1))
    return Sheet(folder)


def _sheet_folder(ground: Ground, resolution: int, zoom: int) -> Path:
    return ground.folder / f"sheet.{resolution}.{zoom}"


def make_sheets(
    ground: Ground, resolution_of: dict[int, int], workers: Workers, *, small: bool = False
) -> None:
    """Make the sheets of zooms, each at its resolution."""
    for resolution in sorted(set(resolution_of.values())):
        zooms = tuple(z for z, r in resolution_of.items() if r == resolution)
        with tempfile.TemporaryDirectory(dir=ground.folder) as name:
            size = len(ground.cells(resolution))
            blocks = [
                _Block(ground, resolution, zooms, number, first, first + BLOCK_CELLS, Path(name))
                for number, first in enumerate(range(0, max(size, 1), BLOCK_CELLS))
            ]
            for _ in workers.run(_cut, blocks, small=small):
                pass
            for zoom in zooms:
                _bind(Path(name), zoom, len(blocks), _sheet_folder(ground, resolution, zoom))


def _cut(block: _Block) -> None:
    """Cut a block of cells into the tiles of each zoom."""
    cells = block.ground.cells(block.resolution)[block.first : block.last]
    outline = boundaries(cells)
    shapes = rings(*to_world(outline.lon, outline.lat), outline.starts)
    for zoom in block.zooms:
        placed = at_zoom(shapes, zoom)
        drawn = commands(placed)
        for name, values in (
            ("tile", placed.tile_id), ("row", placed.shape + block.first),
            ("data", drawn.data), ("size", np.diff(drawn.starts)),
        ):  # fmt: skip
            np.save(block.folder / f"{zoom}.{block.number}.{name}.npy", values)
    box = (shapes.x.min(), shapes.y.min(), shapes.x.max(), shapes.y.max()) if len(cells) else ()
    np.save(block.folder / f"box.{block.number}.npy", np.array(box))


def _bind(source: Path, zoom: int, blocks: int, target: Path) -> None:
    """Bring what blocks gave into the order of tiles and, in each, of cells."""

    def whole(name: str) -> NDArray[np.int64]:
        return np.concatenate([np.load(source / f"{zoom}.{k}.{name}.npy") for k in range(blocks)])

    tile, sizes = whole("tile"), whole("size")
    order = np.argsort(tile, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    data, ends = gathered(whole("data").view(np.uint8), starts, order)
    first = group_starts(tile[order])
    boxes = [np.load(source / f"box.{k}.npy") for k in range(blocks)]
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        made = Path(name) / "made"
        made.mkdir()
        for said, values in (
            ("tiles", tile[order][first]), ("tile_starts", np.append(first, len(tile))),
            ("rows", whole("row")[order]), ("data", data), ("starts", ends),
            ("boxes", np.array([b for b in boxes if len(b)]).reshape(-1, 4)),
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
