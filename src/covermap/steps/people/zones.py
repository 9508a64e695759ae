"""Regions as zones: which region of each level the centre of a cell lies in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.cells import cells_at, centres, descendants
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.tables import LEVELS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]

LATTICE_DEG = 0.2
MARGIN_DEG = 1.0
"""Points 22 km apart, 111 km beyond a region's extent, meet every cell of resolution 3 with a
finer cell in it."""
SHARDS_AT_A_TIME = 32


@dataclass(frozen=True)
class Zones:
    """Regions in the order of their identities."""

    region_id: NDArray[np.object_]
    level: NDArray[np.object_]
    geometry: NDArray[np.object_]


def zones_of(regions: pa.Table) -> Zones:
    """Take the table of regions."""
    regions = regions.sort_by("region_id")
    columns = (regions.column(c).to_numpy(zero_copy_only=False) for c in ("region_id", "level"))
    region_id, level = (np.asarray(c, object) for c in columns)
    geometry = np.asarray(shapely.from_wkb(regions.column("geometry").to_pylist()), object)
    shapely.prepare(geometry)
    return Zones(region_id, level, geometry)


@dataclass(frozen=True)
class Placed:
    """Cells of the counting resolution that lie in a region."""

    cell: Ints
    """Ascending."""
    zone: Codes
    """Cells x levels (`LEVELS`): row of the region, -1 for none."""
    overlaps: int
    """How many times a centre lay in a second region of one level; the first identity has it."""


def place(zones: Zones, resolution: int) -> Placed:
    """Find every cell of a resolution whose centre lies in a region; on a border counts as in."""
    shards = _shards(zones)
    cells, codes, overlaps = [np.zeros(0, np.int64)], [np.zeros((0, len(LEVELS)), np.int32)], 0
    for first in range(0, len(shards), SHARDS_AT_A_TIME):
        below = descendants(shards[first : first + SHARDS_AT_A_TIME], resolution)
        found, twice = _codes(zones, *centres(below))
        inside = (found >= 0).any(axis=1)
        cells.append(below[inside])
        codes.append(found[inside])
        overlaps += twice
    return Placed(np.concatenate(cells), np.concatenate(codes), overlaps)


def _shards(zones: Zones) -> Ints:
    """Cells of resolution 3 that may hold a cell in a region."""
    found = [np.zeros(0, np.int64)]
    for west, south, east, north in shapely.bounds(zones.geometry):
        farthest = min(max(abs(south), abs(north)) + MARGIN_DEG, 89.0)
        margin = MARGIN_DEG / np.cos(np.radians(farthest))
        lat = np.arange(south - MARGIN_DEG, north + MARGIN_DEG + LATTICE_DEG, LATTICE_DEG)
        until = min(east + margin, west - margin + 360) + LATTICE_DEG
        lon = np.arange(west - margin, until, LATTICE_DEG)
        x, y = np.meshgrid(lon, np.clip(lat, -90, 90))
        found.append(np.unique(cells_at(x.ravel(), y.ravel(), SHARD_RESOLUTION)))
    return np.unique(np.concatenate(found))


def _codes(zones: Zones, lon: Floats, lat: Floats) -> tuple[Codes, int]:
    codes = np.full((len(lon), len(LEVELS)), -1, np.int32)
    overlaps = 0
    box = shapely.box(lon.min(), lat.min(), lon.max(), lat.max())
    for zone in np.flatnonzero(shapely.intersects(box, shapely.envelope(zones.geometry))):
        w, s, e, n = shapely.bounds(zones.geometry[zone])
        near = np.flatnonzero((lon >= w) & (lon <= e) & (lat >= s) & (lat <= n))
        inside = near[shapely.intersects_xy(zones.geometry[zone], lon[near], lat[near])]
        level = LEVELS.index(zones.level[zone])
        free = codes[inside, level] < 0
        overlaps += int((~free).sum())
        codes[inside[free], level] = zone
    return codes, overlaps
