"""Archive of one layer's predictions: hexagons of their own, apart from what was measured.

The cells predicted are others than those measured, and many more: they have a ground of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.cells import areas_m2, resolutions
from covermap.core.tiles.tiling import EXTENT
from covermap.formats.archive import archive_name, compress
from covermap.formats.mvt import encode_layer
from covermap.formats.mvt_values import encode_values
from covermap.formats.recipe import Recipe
from covermap.steps.tiles.cells import batches, feature_ids, hex_names, resolutions_of
from covermap.steps.tiles.drawing import Made, Way, draw_archive, rounded
from covermap.steps.tiles.earlier import Packed
from covermap.steps.tiles.ground import Ground, ground_of, rows_of
from covermap.steps.tiles.sheets import Sheet, bounds, sheet
from covermap.steps.tiles.threads import in_threads
from covermap.store import Tables

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

KIND = "predicted"
PARTS = 10_000
"""Parts that a probability, a level in dB and the like are counted in: sums are whole numbers."""
FIGURES = ("p", "rsrp", "sd", "sinr")
_BLOCK_ROWS = 1 << 20
_PREDICTED = """
SELECT cell, probability AS p, rsrp_dbm AS rsrp, sd_db AS sd, basis = 'both' AS both
FROM cell_prediction WHERE operator = ? AND technology = ?
"""
_MODELLED = "SELECT cell, sinr_db AS sinr FROM cell_model WHERE operator = ? AND technology = ?"


def survey_predicted(tables: Tables, folder: Path, resolution: int) -> Ground:
    """Find every cell that any layer predicts; `resolution` is that of a build without any."""
    found = [np.zeros(0, np.int64)]
    with tables.connect() as build:
        for part in tables.parts("cell_prediction"):
            query = "SELECT DISTINCT cell FROM read_parquet(?) ORDER BY cell"
            rows = build.sql(query, params=[str(part)]).to_arrow_table()
            found.append(rows.column(0).to_numpy())
    cells = np.unique(np.concatenate(found))
    if len(cells):
        resolution = int(resolutions(cells[:1])[0])
    return ground_of(cells, np.rint(areas_m2(cells)).astype(np.int64), folder, resolution)


def predicted_archive(
    build: DuckDBPyConnection,
    folder: Path,
    recipe: Recipe,
    ground: Ground,
    operator: str,
    technology: str,
) -> Made:
    """Write the predictions of one layer."""
    wanted = resolutions_of(recipe.layers[KIND], ground.resolution)
    name = archive_name(KIND, operator, technology)
    layer = _Layer(build, ground, operator, technology)
    tiles = partial(_tiles, ground, layer, recipe)

    def ways(zoom: int) -> Iterator[Way]:
        yield Way(partial(tiles, zoom, wanted[zoom]))
        for coarser in range(wanted[zoom] - 1, -1, -1):
            note = f"resolution {coarser} in place of {wanted[zoom]}"
            yield Way(partial(tiles, zoom, coarser), note)

    where = bounds(sheet(ground, ground.resolution, max(wanted)))
    return draw_archive(folder / name, KIND, recipe, ways, where, max(wanted))


class _Layer:
    """One layer's predictions at any resolution; row i is the ground's cell i.

    Figures are sums of their parts times m2, and the m2 that they are of: all whole numbers.
    """

    def __init__(
        self, build: DuckDBPyConnection, ground: Ground, operator: str, technology: str
    ) -> None:
        self.ground = ground
        area = np.asarray(ground.area_m2)
        finest = {name: np.zeros(len(area), np.int64) for name in _columns()}
        for query in (_PREDICTED, _MODELLED):
            found = build.sql(query, params=[operator, technology])
            for batch in found.to_arrow_reader(_BLOCK_ROWS):
                _add(
                    finest, area, *rows_of(ground.cells(ground.resolution), batch.column(0)), batch
                )
        for name in ("sinr", "sinr_m2"):
            finest[name][finest["cells"] == 0] = 0
        self._levels = {ground.resolution: finest}

    def of(self, resolution: int) -> dict[str, Ints]:
        """Give the sums of every cell of a resolution."""
        if resolution not in self._levels:
            finer = self.of(resolution + 1)
            starts = self.ground.starts(resolution)
            self._levels[resolution] = {
                name: np.add.reduceat(values, starts) if len(starts) else values[:0]
                for name, values in finer.items()
            }
        return self._levels[resolution]


def _columns() -> list[str]:
    return ["area_m2", "cells", "both", *FIGURES, *(f"{name}_m2" for name in FIGURES)]


def _add(
    sums: dict[str, Ints], area: Ints, rows: Ints, known: NDArray[np.bool_], batch: Any
) -> None:
    """Put a batch's figures to the cells that they are of."""
    for name in FIGURES:
        if name in batch.schema.names:
            values = batch.column(name).to_numpy(zero_copy_only=False).astype(np.float64)[known]
            told = np.isfinite(values)
            parts = np.rint(np.where(told, values, 0.0) * PARTS).astype(np.int64)
            sums[name][rows], sums[f"{name}_m2"][rows] = parts * area[rows], told * area[rows]
    if "both" in batch.schema.names:
        sums["both"][rows] = batch.column("both").to_numpy(zero_copy_only=False)[known]
        sums["cells"][rows], sums["area_m2"][rows] = 1, area[rows]


def _tiles(ground: Ground, layer: _Layer, recipe: Recipe, zoom: int, resolution: int) -> Packed:
    """Tiles of a zoom that shows a resolution."""
    drawn = sheet(ground, resolution, zoom)
    sums = layer.of(resolution)
    work = partial(_batch, ground, sums, recipe, drawn, resolution)
    for tiles in in_threads(work, batches(drawn.tile_starts)):
        yield from tiles


def _batch(
    ground: Ground,
    sums: dict[str, Ints],
    recipe: Recipe,
    drawn: Sheet,
    resolution: int,
    tiles: tuple[int, int],
) -> list[tuple[int, bytes]]:
    numbers = np.arange(*tiles)
    sizes = np.diff(drawn.tile_starts)[numbers]
    entries = ranges(drawn.tile_starts[numbers], sizes)
    rows = drawn.rows[entries]
    there = np.flatnonzero(sums["cells"][rows])
    commands = drawn.commands(entries[there])
    starts = np.searchsorted(there, np.concatenate([[0], np.cumsum(sizes)])).astype(np.int64)
    some = np.flatnonzero(np.diff(starts))
    cells, feature = np.unique(rows[there], return_inverse=True)
    values = encode_values(_properties(ground, sums, recipe, resolution, cells))
    ids = feature_ids(ground.cells(resolution)[cells])
    encoded = encode_layer(
        KIND, commands, np.append(starts[some], len(there)), feature, ids, values, EXTENT
    )
    told = [int(drawn.tiles[at]) for at in numbers[some]]
    return [(tile, compress(data)) for tile, data in zip(told, encoded, strict=True)]


def _properties(
    ground: Ground, sums: dict[str, Ints], recipe: Recipe, resolution: int, rows: Ints
) -> pa.Table:
    columns: dict[str, Any] = {
        "h3": hex_names(ground.cells(resolution)[rows]),
        "res": np.full(len(rows), resolution, np.int64),
    }
    for name in FIGURES:
        of = sums[f"{name}_m2"][rows]
        mean = sums[name][rows] / np.maximum(of, 1) / PARTS
        columns[name] = pa.array(mean, mask=of == 0)
    for name in ("area_m2", "cells", "both"):
        columns[name] = sums[name][rows]
    # the finest cells of a hexagon do not fill it exactly: up to 0.2 % over, told as 1
    columns["part"] = np.minimum(sums["area_m2"][rows] / ground.hexagon_m2(resolution)[rows], 1.0)
    return rounded(pa.table(columns), recipe.layers[KIND].properties)
