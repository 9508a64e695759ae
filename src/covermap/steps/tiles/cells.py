"""Archive of one layer's cells: hexagons, rolled up by parent from zoom to zoom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.tiles.pyramid import shown
from covermap.core.tiles.tiling import EXTENT
from covermap.formats.archive import archive_name, compress
from covermap.formats.mvt import encode_layer
from covermap.formats.mvt_values import encode_values
from covermap.formats.recipe import Recipe, Zoom
from covermap.steps.tiles.drawing import Made, Packed, Way, draw_archive, in_threads, rounded
from covermap.steps.tiles.ground import Ground
from covermap.steps.tiles.layer import Layer, Standing
from covermap.steps.tiles.sheets import Sheet, bounds, sheet
from covermap.tables import ANY, VERDICTS

Ints = NDArray[np.int64]
LAST_ZOOM = 13
"""Last zoom of an archive, where the build's resolution is shown by then."""
BATCH_ENTRIES = 50_000
"""Cells that are encoded at a time; what comes out does not depend on it."""


def resolutions_of(recipe: Recipe, finest: int) -> dict[int, int]:
    """Resolution of each zoom of a build: to `LAST_ZOOM`, or where its cells are first shown."""
    listed: tuple[Zoom, ...] = recipe.layers["cells"].zooms
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
) -> Made:
    """Write the cells of one layer."""
    wanted = resolutions_of(recipe, ground.resolution)
    drawing = _Drawing(build, recipe, ground, operator, technology)

    def ways(zoom: int) -> Iterator[Way]:
        resolution = wanted[zoom]
        yield Way(partial(drawing.tiles, zoom, resolution))
        for coarser in range(resolution - 1, -1, -1):
            note = f"resolution {coarser} in place of {resolution}"
            yield Way(partial(drawing.tiles, zoom, coarser), note)

    path = folder / archive_name("cells", operator, technology)
    where = bounds(sheet(ground, ground.resolution, max(wanted)))
    return draw_archive(path, "cells", recipe, ways, where, max(wanted))


class _Drawing:
    """One layer's cells as tiles."""

    def __init__(
        self,
        build: DuckDBPyConnection,
        recipe: Recipe,
        ground: Ground,
        operator: str,
        technology: str,
    ) -> None:
        self.ground, self.listed = ground, recipe.layers["cells"].properties
        # before the layer itself: two layers are never whole in memory
        self.standing = Standing(build, ground, technology) if operator == ANY else None
        self.layer = Layer(build, ground, operator, technology)

    def tiles(self, zoom: int, resolution: int) -> Packed:
        """Tiles of a zoom that shows a resolution."""
        drawn = sheet(self.ground, resolution, zoom)
        work = partial(self._batch, drawn, resolution)
        for tiles in in_threads(work, batches(drawn.tile_starts)):
            yield from tiles

    def _batch(
        self, drawn: Sheet, resolution: int, tiles: tuple[int, int]
    ) -> list[tuple[int, bytes]]:
        first, last = tiles
        starts = drawn.tile_starts[first : last + 1]
        rows = drawn.rows[starts[0] : starts[-1]]
        there = np.flatnonzero(self.layer.has(resolution, rows))
        commands = drawn.commands(int(starts[0]), int(starts[-1]))
        if len(there) < len(rows):
            commands = commands.taken(there)
        starts = np.searchsorted(there, starts - starts[0]).astype(np.int64)
        some = np.flatnonzero(np.diff(starts))
        cells, feature = np.unique(rows[there], return_inverse=True)
        values = encode_values(self.properties(resolution, cells))
        ids = feature_ids(self.ground.cells(resolution)[cells])
        encoded = encode_layer(
            "cells", commands, np.append(starts[some], len(there)), feature, ids, values, EXTENT
        )
        numbers = drawn.tiles[first:last][some].tolist()
        return [(i, compress(data)) for i, data in zip(numbers, encoded, strict=True)]

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
