"""Archive of one layer's cells: hexagons, rolled up by parent from zoom to zoom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.tiles.marks import Marks, mark_of, mark_runs
from covermap.core.tiles.pyramid import shown
from covermap.core.tiles.tiling import EXTENT
from covermap.formats.archive import archive_name, compress
from covermap.formats.mvt import encode_layer
from covermap.formats.mvt_values import encode_values
from covermap.formats.recipe import Drawn, Recipe, Zoom
from covermap.steps.tiles.drawing import Made, Way, draw_archive, rounded
from covermap.steps.tiles.earlier import NONE, Earlier, Marked, Packed, open_earlier
from covermap.steps.tiles.ground import Ground
from covermap.steps.tiles.layer import Layer, Standing
from covermap.steps.tiles.sheets import Sheet, bounds, sheet
from covermap.steps.tiles.threads import in_threads
from covermap.tables import ANY, VERDICTS

Ints = NDArray[np.int64]
LAST_ZOOM = 13
"""Last zoom of an archive, where the build's resolution is shown by then."""
BATCH_ENTRIES = 50_000
"""Cells that are encoded at a time; what comes out does not depend on it."""


def resolutions_of(drawn: Drawn, finest: int) -> dict[int, int]:
    """Resolution of each zoom of a build: to `LAST_ZOOM`, or where its cells are first shown."""
    listed: tuple[Zoom, ...] = drawn.zooms
    shows_finest = [z.zoom for z in listed if (z.resolution or 0) >= finest]
    last = max(LAST_ZOOM, min(shows_finest, default=listed[-1].zoom))
    return {z.zoom: min(z.resolution or 0, finest) for z in listed if z.zoom <= last}


def cell_archive(
    build: DuckDBPyConnection,
    folder: Path,
    recipe: Recipe,
    ground: Ground,
    operator: str,
    technology: str,
    *,
    before: Path | None = None,
) -> Made:
    """Write the cells of one layer; `before` is an earlier result of the step, if there is one."""
    wanted = resolutions_of(recipe.layers["cells"], ground.resolution)
    name = archive_name("cells", operator, technology)
    earlier = open_earlier(before, name)
    drawing = _Drawing(build, recipe, ground, operator, technology, earlier)

    def ways(zoom: int) -> Iterator[Way]:
        resolution = wanted[zoom]
        yield Way(partial(drawing.tiles, zoom, resolution))
        for coarser in range(resolution - 1, -1, -1):
            note = f"resolution {coarser} in place of {resolution}"
            yield Way(partial(drawing.tiles, zoom, coarser), note)

    where = bounds(sheet(ground, ground.resolution, max(wanted)))
    keep = drawing.marked.keep
    made = draw_archive(folder / name, "cells", recipe, ways, where, max(wanted), keep)
    return replace(made, kept=sum(drawing.kept))


class _Drawing:
    """One layer's cells as tiles."""

    def __init__(
        self,
        build: DuckDBPyConnection,
        recipe: Recipe,
        ground: Ground,
        operator: str,
        technology: str,
        earlier: Earlier | None,
    ) -> None:
        self.ground, self.listed = ground, recipe.layers["cells"].properties
        self.earlier, self.marked = earlier, Marked()
        self.seed = mark_of(recipe.layers["cells"].model_dump_json())
        self.kept: list[int] = []
        """Tiles of each batch that an earlier archive had already."""
        # before the layer itself: two layers are never whole in memory
        self.standing = Standing(build, ground, technology) if operator == ANY else None
        self.layer = Layer(build, ground, operator, technology)
        self._marked: int | None = None
        """Resolution whose cells' marks are held."""

    def tiles(self, zoom: int, resolution: int) -> Packed:
        """Tiles of a zoom that shows a resolution."""
        drawn = sheet(self.ground, resolution, zoom)
        self.marked.by_zoom[zoom] = drawn.tiles, self._marks(drawn, resolution)
        found = np.full(len(drawn.tiles), NONE, np.int64)
        if self.earlier is not None:
            found = self.earlier.find(*self.marked.by_zoom[zoom])
        work = partial(self._batch, drawn, resolution, found)
        for tiles in in_threads(work, batches(drawn.tile_starts)):
            yield from tiles

    def _marks(self, drawn: Sheet, resolution: int) -> Marks:
        """Mark of each tile of a sheet."""
        if self._marked != resolution:
            self._of_cells = self.layer.marks(resolution)
            if self.standing is not None:
                self.standing.stir(resolution, self._of_cells)
            self._marked = resolution
        return mark_runs(self.seed, self._of_cells, drawn.rows, drawn.tile_starts)

    def _batch(
        self, drawn: Sheet, resolution: int, found: Ints, tiles: tuple[int, int]
    ) -> list[tuple[int, bytes]]:
        """Give the tiles of a batch: those that were found earlier as they are, others made."""
        packed: dict[int, bytes] = {}
        for at in range(*tiles):
            if self.earlier is not None and found[at] != NONE:
                data = self.earlier.tile(int(found[at]))
                if data is not None:
                    packed[at] = data
        self.kept.append(len(packed))
        missing = np.array([at for at in range(*tiles) if at not in packed], np.int64)
        packed |= self._made(drawn, resolution, missing)
        return [(int(drawn.tiles[at]), packed[at]) for at in sorted(packed)]

    def _made(self, drawn: Sheet, resolution: int, tiles: Ints) -> dict[int, bytes]:
        """Make some tiles of a sheet, ascending."""
        if not len(tiles):
            return {}
        first, sizes = drawn.tile_starts[tiles], np.diff(drawn.tile_starts)[tiles]
        entries = ranges(first, sizes)
        commands = drawn.commands(entries)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        cells, feature = np.unique(drawn.rows[entries], return_inverse=True)
        values = encode_values(self.properties(resolution, cells))
        ids = feature_ids(self.ground.cells(resolution)[cells])
        encoded = encode_layer("cells", commands, starts, feature, ids, values, EXTENT)
        return {at: compress(data) for at, data in zip(tiles.tolist(), encoded, strict=True)}

    def properties(self, resolution: int, rows: Ints) -> pa.Table:
        """Properties of some cells of a resolution."""
        places = shown(self.layer.of(resolution, rows))
        columns = {name: places.column(name) for name in places.column_names}
        columns |= shares_of(places, self.ground.hexagon_m2(resolution)[rows])
        for verdict in VERDICTS:
            columns[f"{verdict}_m2"] = columns.pop(f"{verdict}_size")
            columns[f"{verdict}_cells"] = columns.pop(f"{verdict}_count")
        if self.standing is not None:
            columns |= self.standing.columns(resolution, rows)
        columns["h3"] = hex_names(self.ground.cells(resolution)[rows])
        columns["res"] = pa.array(np.full(len(rows), resolution, np.int64))
        return rounded(pa.table(columns), self.listed)


def shares_of(places: pa.Table, hexagon_m2: Ints) -> dict[str, pa.Array]:
    """Give what share of each hexagon's own area has samples, and what share is measured.

    Land without a sample is in no cell of the build, and so in no sum: these two tell how much of
    that there is. The finest cells of a hexagon do not fill it exactly (together they are up to
    0.2 % larger or smaller where resolutions are coarse), so a hexagon that is measured
    everywhere can come out above 1: it is told as 1.
    """
    sizes = [places.column(f"{v}_size").to_numpy() for v in VERDICTS if v != "unmeasured"]
    sums = {"seen": places.column("seen_size").to_numpy(), "measured": np.sum(sizes, axis=0)}
    return {k: pa.array(np.minimum(area / hexagon_m2, 1.0)) for k, area in sums.items()}


def batches(tile_starts: Ints) -> list[tuple[int, int]]:
    """Cut tiles into runs of about `BATCH_ENTRIES` entries: first tile, and the one after."""
    group = tile_starts[:-1] // BATCH_ENTRIES
    cuts = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(group)]
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def hex_names(cells: Ints) -> pa.Array:
    """H3 indexes as they are written: 15 hexadecimal digits."""
    octets = cells.astype(">i8").view(np.uint8).reshape(-1, 8)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    text = digits[np.stack([octets >> 4, octets & 15], axis=2).reshape(len(cells), 16)[:, 1:]]
    return pa.array(np.ascontiguousarray(text).view("S15").ravel()).cast(pa.string())


def feature_ids(cells: Ints) -> Ints:
    """Stable feature ids below 2**47: resolution, base cell and the first twelve digits.

    The whole index needs 60 bits, and a browser's numbers keep 53. Nothing is lost down to
    resolution 12, the finest of a build.
    """
    return (cells >> 9) & ((1 << 47) - 1)
