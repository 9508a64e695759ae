"""Archive of one layer's cells: hexagons, rolled up by parent from zoom to zoom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.cells import boundaries, resolutions
from covermap.core.tiles.clip import Placed
from covermap.core.tiles.pyramid import Tally, roll_up, shown, tally
from covermap.core.tiles.shapes import Shapes, rings
from covermap.core.tiles.tiling import to_world
from covermap.formats.archive import archive_name
from covermap.formats.recipe import Zoom, load_recipe
from covermap.steps.tiles.drawing import (
    Made,
    Pile,
    TileBytes,
    at_zoom,
    bounds_of,
    draw,
    rounded,
    write_pile,
)
from covermap.tables import VERDICTS

Ints = NDArray[np.int64]
LAST_ZOOM = 13
"""Last zoom of an archive, where the build's resolution is shown by then."""
_QUERY = (
    "SELECT cell, area_m2, verdict, n, share, rsrp_mean_dbm, probability FROM cell_verdicts "
    "WHERE operator = ? AND technology = ? ORDER BY cell"
)


class Outlines:
    """Hexagons of a set of cells at any resolution and zoom, each worked out once.

    Layers mostly have the same cells; a layer with others starts anew.
    """

    def __init__(self, resolution: int) -> None:
        self.resolution = resolution
        """Of a layer without cells."""
        self._finest = np.zeros(0, np.int64)
        self._shapes: dict[int, Shapes] = {}
        self._placed: dict[tuple[int, int], Placed] = {}

    def begin(self, finest: Ints) -> None:
        """Say whose hexagons follow: ascending cells of one resolution."""
        if not np.array_equal(finest, self._finest):
            self._finest = finest
            self._shapes.clear()
            self._placed.clear()

    def world(self, cells: Ints, resolution: int) -> Shapes:
        """Hexagons of the layer's cells at a resolution, in world coordinates."""
        if resolution not in self._shapes:
            outline = boundaries(cells)
            x, y = to_world(outline.lon, outline.lat)
            self._shapes[resolution] = rings(x, y, outline.starts)
        return self._shapes[resolution]

    def placed(self, cells: Ints, resolution: int, zoom: int) -> Placed:
        """Cut them into the zoom's tiles."""
        if (resolution, zoom) not in self._placed:
            self._placed[resolution, zoom] = at_zoom(self.world(cells, resolution), zoom)
        return self._placed[resolution, zoom]


def cell_archive(
    build: DuckDBPyConnection, folder: Path, outlines: Outlines, operator: str, technology: str
) -> Made:
    """Write the cells of one layer."""
    data = build.sql(_QUERY, params=[operator, technology]).to_arrow_table()
    cells = data.column("cell").to_numpy()
    outlines.begin(cells)
    recipe = load_recipe("cells")
    finest = int(resolutions(cells[:1])[0]) if len(cells) else outlines.resolution
    zooms = _zooms(recipe.layers["cells"].zooms, finest)
    pile = Pile(recipe.max_tile_bytes)
    drawing = _Drawing(cells, _tally(data), outlines)
    for zoom in zooms if len(cells) else ():
        _add_zoom(pile, drawing, zoom, min(zoom.resolution or 0, finest), zoom is zooms[-1])
    path = folder / archive_name("cells", operator, technology)
    bounds = bounds_of(outlines.world(cells, finest)) if len(cells) else None
    return write_pile(path, "cells", pile, zooms[-1].zoom, bounds)


def _zooms(listed: tuple[Zoom, ...], finest: int) -> tuple[Zoom, ...]:
    """Zooms of a build: to `LAST_ZOOM`, or further where its resolution is first shown later."""
    shows_finest = [z.zoom for z in listed if (z.resolution or 0) >= finest]
    last = max(LAST_ZOOM, min(shows_finest, default=listed[-1].zoom))
    return tuple(z for z in listed if z.zoom <= last)


def _tally(data: pa.Table) -> Tally:
    def numbers(name: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = pc.fill_null(data.column(name), np.nan).to_numpy()
        return values

    return tally(
        size=np.rint(data.column("area_m2").to_numpy()).astype(np.int64),
        verdict=np.asarray(data.column("verdict").to_numpy(), dtype=object),
        n=data.column("n").to_numpy(),
        share=numbers("share"),
        rsrp_dbm=numbers("rsrp_mean_dbm"),
        probability=numbers("probability"),
        runs=np.zeros(data.num_rows, np.int64),
    )


class _Drawing:
    """The layer's cells at any resolution, each rolled up once."""

    def __init__(self, cells: Ints, finest: Tally, outlines: Outlines) -> None:
        self.cells, self.finest, self.outlines = cells, finest, outlines
        self._levels: dict[int, tuple[Ints, pa.Table]] = {}

    def level(self, resolution: int) -> tuple[Ints, pa.Table]:
        """Cells and their properties."""
        if resolution not in self._levels:
            cells, sums = roll_up(self.cells, self.finest, resolution)
            self._levels[resolution] = cells, _properties(cells, resolution, shown(sums))
        return self._levels[resolution]

    def tiles(self, zoom: int, resolution: int) -> TileBytes:
        """Tiles of a zoom that shows a resolution."""
        cells, properties = self.level(resolution)
        placed = self.outlines.placed(cells, resolution, zoom)
        return draw("cells", placed, feature_ids(cells), properties)


def _add_zoom(pile: Pile, drawing: _Drawing, zoom: Zoom, resolution: int, last: bool) -> None:
    """Draw a zoom, at a coarser resolution where a tile would be too large."""
    wanted = resolution
    packed, size = pile.squeeze(drawing.tiles(zoom.zoom, resolution))
    while size > pile.limit and resolution > 0 and not last:
        resolution -= 1
        packed, size = pile.squeeze(drawing.tiles(zoom.zoom, resolution))
    if resolution != wanted:
        pile.notes.append(f"zoom {zoom.zoom}: resolution {resolution} in place of {wanted}")
    pile.add(zoom.zoom, packed)


def _properties(cells: Ints, resolution: int, places: pa.Table) -> pa.Table:
    columns = {name: places.column(name) for name in places.column_names}
    columns |= {f"{v}_m2": columns.pop(v) for v in VERDICTS}
    columns["h3"] = hex_names(cells)
    columns["res"] = pa.array(np.full(len(cells), resolution, np.int64))
    return rounded(pa.table(columns), load_recipe("cells").layers["cells"].properties)


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
