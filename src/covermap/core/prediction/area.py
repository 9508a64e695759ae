"""Which cells are predicted: those near a site or a measurement, or those of a region.

A cell is near a point when its centre is. Whatever lies far from all else, such as a site at
(0, 0), adds the cells of its own disk and nothing between. Cells come block by block (ancestors of
resolution 5, about 250 km2), so that a country is never in memory at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import h3ronpy
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.arrays import ranges
from covermap.core.cells import cells_at, centres, descendants, parents
from covermap.core.geodesy import points_m

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

BLOCK_RESOLUTION = 5
BLOCK_M = 16_000.0
"""No descendant of a block has its centre farther from the block's."""
_RING_M = 10_000.0
"""What each ring of blocks adds to the least distance that a disk of blocks reaches."""
_BLOCK_DEG = 0.15
_LATTICE_DEG = 0.045
"""5 km: less than the inner radius of any block, so that a lattice misses none."""


@dataclass(frozen=True)
class Disks:
    """Points, in the order of their blocks, and how far from them cells are predicted."""

    lon: Floats
    lat: Floats
    block: Ints
    radius_m: float

    def blocks(self) -> Ints:
        """Blocks that may hold a cell within a disk, ascending."""
        wide = around(np.unique(self.block), self.radius_m + BLOCK_M)
        far = self._tree(slice(None)).query(points_m(*centres(wide)))[0]
        return wide[far <= self.radius_m + BLOCK_M]

    def hold(self, blocks: Ints, lon: Floats, lat: Floats) -> Flags:
        """Which places, all of them in some blocks, lie within a disk."""
        near = around(blocks, self.radius_m + 2 * BLOCK_M)
        first, end = np.searchsorted(self.block, near), np.searchsorted(self.block, near, "right")
        rows = ranges(first, end - first)
        if not len(rows) or not len(lon):
            return np.zeros(len(lon), bool)
        far, _ = self._tree(rows).query(
            points_m(lon, lat), distance_upper_bound=np.nextafter(self.radius_m, np.inf)
        )
        return np.isfinite(far)

    def near(self, blocks: Ints) -> Disks:
        """Give the points that cells of some blocks can be near."""
        wide = around(blocks, self.radius_m + 2 * BLOCK_M)
        some = np.isin(self.block, wide)
        return Disks(self.lon[some], self.lat[some], self.block[some], self.radius_m)

    def _tree(self, rows: Any) -> cKDTree:
        return cKDTree(points_m(self.lon[rows], self.lat[rows]))


@dataclass(frozen=True)
class Area:
    """Cells to predict."""

    resolution: int
    blocks: Ints
    """Ancestors that hold any of them, and maybe some that hold none; ascending."""
    disks: tuple[Disks, ...] = ()
    region: Any | None = None
    """Polygon, degrees WGS-84: in place of the disks."""

    def cells(self, blocks: Ints) -> Ints:
        """Cells to predict in some of the blocks, ascending."""
        if not len(blocks):
            return np.zeros(0, np.int64)
        below = descendants(blocks, self.resolution)
        lon, lat = centres(below)
        if self.region is not None:
            shapely.prepare(self.region)
            return below[shapely.contains_xy(self.region, lon, lat)]
        held = np.zeros(len(below), bool)
        for disks in self.disks:
            left = np.flatnonzero(~held)
            held[left] = disks.hold(blocks, lon[left], lat[left])
        return below[held]

    def of(self, blocks: Ints) -> Area:
        """Give the part that lies in some of the blocks: what it is known by is less."""
        return Area(self.resolution, blocks, tuple(d.near(blocks) for d in self.disks), self.region)


def disks_of(lon: Floats, lat: Floats, radius_m: float) -> Disks:
    """Make disks round points; equal points are one."""
    points = np.unique(np.column_stack([lon, lat]), axis=0).reshape(-1, 2)
    block = cells_at(points[:, 0], points[:, 1], BLOCK_RESOLUTION)
    order = np.argsort(block, kind="stable")
    return Disks(points[order, 0], points[order, 1], block[order], radius_m)


def area_near(resolution: int, *disks: Disks) -> Area:
    """Cells within any of the disks.

    Examples
    --------
    >>> disks = disks_of(np.zeros(5000), np.zeros(5000), 1000.0)
    >>> area = area_near(9, disks)
    >>> len(area.cells(area.blocks))
    42
    """
    some = tuple(d for d in disks if len(d.lon) and d.radius_m > 0)
    none = np.zeros(0, np.int64)
    return Area(resolution, np.unique(np.concatenate([none, *(d.blocks() for d in some)])), some)


def area_of(resolution: int, region: Any) -> Area:
    """Cells whose centre lies in a polygon (degrees WGS-84)."""
    west, south, east, north = shapely.bounds(region)
    south, north = max(south - 0.2, -90.0), min(north + 0.2, 90.0)
    wide = 0.2 / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
    lon, lat = (v.ravel() for v in np.meshgrid(
        np.arange(max(west - wide, -180.0), min(east + wide, 180.0) + _LATTICE_DEG, _LATTICE_DEG),
        np.arange(south, north + _LATTICE_DEG, _LATTICE_DEG).clip(max=90.0),
    ))  # fmt: skip
    blocks = np.unique(cells_at(lon, lat, BLOCK_RESOLUTION))
    lon, lat = centres(blocks)
    across = _BLOCK_DEG / np.maximum(np.cos(np.radians(lat)), 0.01)
    boxes = shapely.box(lon - across, lat - _BLOCK_DEG, lon + across, lat + _BLOCK_DEG)
    shapely.prepare(region)
    return Area(resolution, blocks[shapely.intersects(region, boxes)], (), region)


def around(blocks: Ints, distance_m: float) -> Ints:
    """Blocks that have their centre within a distance of another's, and some more; ascending."""
    return rings_around(blocks, math.ceil(distance_m / _RING_M))


def rings_around(cells: Ints, rings: int) -> Ints:
    """Cells and so many rings of neighbours round each, once and ascending."""
    disks = pa.array(h3ronpy.grid_disk(pa.array(cells.view(np.uint64)), rings))
    return np.unique(disks.flatten().to_numpy(zero_copy_only=False).view(np.int64))


def groups_of(blocks: Ints, resolution: int) -> list[Ints]:
    """Cut ascending blocks where their ancestor of a coarser resolution changes."""
    if not len(blocks):
        return []
    above = parents(blocks, resolution)
    return np.split(blocks, np.flatnonzero(above[1:] != above[:-1]) + 1)
