"""Archive of one layer's weak spots: sections and areas, and a point in each."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import shapely
from duckdb import DuckDBPyConnection

from covermap.core.tiles.shapes import Shapes, from_geometry, points
from covermap.core.tiles.tiling import to_world, unwrapped
from covermap.formats.archive import archive_name
from covermap.formats.recipe import load_recipe
from covermap.steps.tiles.drawing import (
    Made,
    TileBytes,
    at_zoom,
    bounds_of,
    draw,
    joined,
    pile_of,
    rounded,
    stable_ids,
    write_pile,
)

_QUERY = """
SELECT spot_id, kind, cause, line_name AS line, from_m, to_m, length_m, area_m2, n,
    rsrp_mean_dbm AS rsrp, probability_weak AS p, outlook, lon, lat, geometry
FROM weak_spots WHERE operator = ? AND technology = ? ORDER BY spot_id
"""


def spot_archive(build: DuckDBPyConnection, folder: Path, operator: str, technology: str) -> Made:
    """Write the weak spots of one layer."""
    spots = build.sql(_QUERY, params=[operator, technology]).to_arrow_table()
    recipe = load_recipe("weak_spots")
    ids = stable_ids(spots.column("spot_id").to_pylist())
    shapes = {"weak_spots": _geometry(spots), "weak_spot_points": _points(spots)}
    tables = {name: rounded(spots, drawn.properties) for name, drawn in recipe.layers.items()}

    def tiles(zoom: int) -> TileBytes:
        return joined(
            draw(name, at_zoom(shapes[name], zoom, drawn.at(zoom).simplify), ids, tables[name])
            for name, drawn in recipe.layers.items()
            if drawn.zooms[0].zoom <= zoom <= drawn.zooms[-1].zoom
        )

    pile = pile_of(recipe, tiles)
    path = folder / archive_name("weak_spots", operator, technology)
    return write_pile(path, "weak_spots", pile, recipe.zooms[1], bounds_of(shapes["weak_spots"]))


def _geometry(spots: pa.Table) -> Shapes:
    flat = from_geometry(shapely.from_wkb(spots.column("geometry").to_numpy()))
    x, y = to_world(flat.x, flat.y)
    return flat.at(unwrapped(x, flat.part_starts), y)


def _points(spots: pa.Table) -> Shapes:
    return points(*to_world(spots.column("lon").to_numpy(), spots.column("lat").to_numpy()))
