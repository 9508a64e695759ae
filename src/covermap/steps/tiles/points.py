"""Archive of the sites: one point a site."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from covermap.core.tiles.shapes import points
from covermap.core.tiles.tiling import to_world
from covermap.formats.archive import archive_name
from covermap.formats.recipe import Recipe
from covermap.steps.tiles.drawing import (
    Made,
    Way,
    at_zoom,
    bounds_of,
    draw,
    draw_archive,
    stable_ids,
    values_of,
)
from covermap.steps.tiles.earlier import Packer

_SAME_PLACE_DIGITS = 4
"""Cells of a site whose positions agree to so many decimals of a degree (11 m) are one point."""
_QUERY = f"""
SELECT site_id, min(site_name) AS name,
    string_agg(DISTINCT operator, ',' ORDER BY operator) AS operators,
    string_agg(DISTINCT technology, ',' ORDER BY technology) AS technologies,
    count(DISTINCT cell_id) AS cells,
    coalesce(bool_or(redcap), false) AS redcap, coalesce(bool_or(nbiot), false) AS nbiot,
    nullif(coalesce(bool_or(located), false), false) AS located,
    min(uncertainty_m) AS uncertainty_m, min(uncertainty_m / cos(radians(lat))) AS spread_m,
    min(lon) AS lon, min(lat) AS lat,
    site_id || ' ' || round(lon, {_SAME_PLACE_DIGITS}) || ' ' || round(lat, {_SAME_PLACE_DIGITS})
        AS place
FROM sites
GROUP BY site_id, round(lon, {_SAME_PLACE_DIGITS}), round(lat, {_SAME_PLACE_DIGITS})
ORDER BY place
"""


def site_archive(
    build: DuckDBPyConnection, folder: Path, recipe: Recipe, before: Path | None = None
) -> Made:
    """Write the sites of every operator; `before` is an earlier result of the step."""
    sites = build.sql(_QUERY).to_arrow_table()
    ids = stable_ids(sites.column("place").to_pylist())
    shapes = points(*to_world(sites.column("lon").to_numpy(), sites.column("lat").to_numpy()))
    values = values_of(sites, recipe.layers["sites"])
    path = folder / archive_name("sites")
    packer = Packer(before, path.name)

    def ways(zoom: int) -> list[Way]:
        return [Way(lambda: packer.pack(zoom, draw("sites", at_zoom(shapes, zoom), ids, values)))]

    made = draw_archive(path, "sites", recipe, ways, bounds_of(shapes), keep=packer.marked.keep)
    return replace(made, kept=packer.kept)
