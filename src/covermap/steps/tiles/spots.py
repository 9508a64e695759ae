"""Archive of one layer's weak spots: sections and areas, a point in each, and sums by H3 cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.cells import cells_at, centres
from covermap.core.tiles.pyramid import group_starts
from covermap.core.tiles.shapes import from_geometry, points
from covermap.core.tiles.tiling import to_world, unwrapped
from covermap.core.weak.spots import CAUSES
from covermap.formats.archive import archive_name
from covermap.formats.recipe import Drawn, Recipe
from covermap.steps.tiles.cells import feature_ids, hex_names
from covermap.steps.tiles.drawing import (
    Made,
    Tiles,
    Way,
    at_zoom,
    bounds_of,
    draw,
    draw_archive,
    joined,
    stable_ids,
    values_of,
)
from covermap.steps.tiles.earlier import Packed, Packer

Ints = NDArray[np.int64]
_QUERY = """
SELECT spot_id, kind, cause, line_name AS line, from_m, to_m, length_m, area_m2, n,
    rsrp_mean_dbm AS rsrp, probability_weak AS p, outlook, lon, lat, geometry,
    CAST(round(coalesce(length_m, 0) * 1000) AS BIGINT) AS length_mm,
    CAST(round(coalesce(area_m2, 0)) AS BIGINT) AS whole_m2
FROM weak_spots WHERE operator = ? AND technology = ? ORDER BY spot_id
"""
_IN_FULL, _POINTS, _SUMS = "weak_spots", "weak_spot_points", "weak_spot_sums"
MM_PER_M = 1000


def spot_archive(
    build: DuckDBPyConnection,
    folder: Path,
    recipe: Recipe,
    operator: str,
    technology: str,
    *,
    before: Path | None = None,
) -> Made:
    """Write the weak spots of one layer; `before` is an earlier result of the step."""
    path = folder / archive_name("weak_spots", operator, technology)
    spots = build.sql(_QUERY, params=[operator, technology]).to_arrow_table()
    packer = Packer(before, path.name)
    drawing = _Spots(spots, recipe, packer)
    made = draw_archive(
        path, "weak_spots", recipe, drawing.ways, bounds_of(drawing.shapes),
        keep=packer.marked.keep,
    )  # fmt: skip
    return replace(made, kept=packer.kept)


class _Spots:
    """One layer's weak spots, as each vector layer draws them."""

    def __init__(self, spots: pa.Table, recipe: Recipe, packer: Packer) -> None:
        self.spots, self.layers, self.packer = spots, recipe.layers, packer
        self.told = {n: values_of(spots, d) for n, d in recipe.layers.items() if n != _SUMS}
        self.ids = stable_ids(spots.column("spot_id").to_pylist())
        self.lon, self.lat = spots.column("lon").to_numpy(), spots.column("lat").to_numpy()
        flat = from_geometry(shapely.from_wkb(spots.column("geometry").to_numpy()))
        x, y = to_world(flat.x, flat.y)
        self.shapes = flat.at(unwrapped(x, flat.part_starts), y)

    def ways(self, zoom: int) -> Iterator[Way]:
        """Everything that the recipe lists; where that is too much, without the spots in full."""
        listed = [n for n, d in self.layers.items() if d.zooms[0].zoom <= zoom <= d.zooms[-1].zoom]
        yield Way(partial(self.tiles, zoom, listed))
        for dropped in (_IN_FULL, _POINTS):
            if dropped in listed and len(listed) > 1:
                listed = [name for name in listed if name != dropped]
                yield Way(partial(self.tiles, zoom, listed), f"{' and '.join(listed)} alone")

    def tiles(self, zoom: int, listed: list[str]) -> Packed:
        """Tiles of a zoom with some of the vector layers."""
        return self.packer.pack(zoom, joined(self.one(zoom, n, self.layers[n]) for n in listed))

    def one(self, zoom: int, name: str, drawn: Drawn) -> Tiles:
        """Tiles of one vector layer."""
        said = drawn.at(zoom)
        if name == _SUMS:
            cells, sums = summed(self.spots, cells_at(self.lon, self.lat, said.resolution or 0))
            shapes = points(*to_world(*centres(cells)))
            return draw(name, at_zoom(shapes, zoom), feature_ids(cells), values_of(sums, drawn))
        shapes = self.shapes if name == _IN_FULL else points(*to_world(self.lon, self.lat))
        return draw(name, at_zoom(shapes, zoom, said.simplify), self.ids, self.told[name])


def summed(spots: pa.Table, cell: Ints) -> tuple[Ints, pa.Table]:
    """Add weak spots up by cell and cause: the cells, ascending, and their sums.

    Columns: `h3`, `spots`, `length_m`, `area_m2`, `n`, and of each cause `<cause>_spots`,
    `<cause>_m` and `<cause>_m2`. Lengths are whole mm and areas whole m2 until they are shown, so
    that the sums are the same at every zoom.
    """
    order = np.argsort(cell, kind="stable")
    starts = group_starts(cell[order])
    cells = cell[order][starts]
    cause = np.asarray(spots.column("cause").to_numpy(), dtype=object)
    one, mm = np.ones(len(cell), np.int64), spots.column("length_mm").to_numpy()
    m2 = spots.column("whole_m2").to_numpy()

    def add(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.add.reduceat(values[order], starts) if len(starts) else values

    columns: dict[str, pa.Array] = {
        "h3": hex_names(cells), "spots": pa.array(add(one)),
        "length_m": pa.array(add(mm) / MM_PER_M), "area_m2": pa.array(add(m2)),
        "n": pa.array(add(spots.column("n").to_numpy())),
    }  # fmt: skip
    for name in CAUSES:
        of = (cause == name).astype(np.int64)
        columns[f"{name}_spots"] = pa.array(add(of))
        columns[f"{name}_m"] = pa.array(add(of * mm) / MM_PER_M)
        columns[f"{name}_m2"] = pa.array(add(of * m2))
    return cells, pa.table(columns)
