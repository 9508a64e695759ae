"""Terrain: GeoTIFF rasters of heights above the sea, read into memory for a region.

Any CRS that PROJ knows; the map is left as it is, nothing is warped. Pixels without a height (no
data, masked, not a number, or one that no ground on Earth has) are voids: they take the height of
the nearest pixel that has one, and are counted. What lies outside the raster has no height (NaN).

Some rasters hold the floor of the sea. Radio goes over the water: where a window reaches deeper
than any shore, all its heights below 0 are taken as 0, and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from covermap.core.radio.terrain import heights_at
from covermap.errors import InputError
from covermap.formats.rasters import Raster, open_raster

Floats = NDArray[np.float64]
Unit = Literal["m", "ft"]
Box = tuple[float, float, float, float]

METRES = {"m": 1.0, "ft": 0.3048}
DEEPEST_M, LOWEST_M, HIGHEST_M = -11_100.0, -450.0, 9000.0
"""The sea is nowhere deeper, no ground lower than the shore of the Dead Sea or above Everest."""
_EDGE = 65
"""Points along each side of a box that its window is found from."""


@dataclass(frozen=True)
class Dem:
    """Heights of a region; rows and columns in the raster's own map."""

    heights: NDArray[Any]
    """Shape (rows, columns), m, without voids; int16 where the file holds whole metres."""
    to_pixels: Callable[[Floats, Floats], tuple[Floats, Floats]]
    """Degrees WGS-84 to column and row: whole numbers at the centres of pixels."""
    pixel_m: float
    """Longest side of a pixel."""
    crs: str
    voids: int
    """Pixels that had no height and took their neighbour's."""
    impossible: int
    """How many of the voids held a height that no ground has."""
    sea_floor: int
    """Pixels below 0 that were taken as the surface of the sea."""

    def at(self, lon: Floats, lat: Floats) -> Floats:
        """Heights at places, m; NaN outside the raster."""
        u, v = self.to_pixels(lon, lat)
        return heights_at(self.heights, u, v)

    @property
    def void_share(self) -> float:
        """Voids in all pixels, 0-1."""
        return self.voids / self.heights.size


def read_dem(
    path: Path,
    shown: str,
    *,
    unit: Unit = "m",
    band: int | None = None,
    datum: str | None = None,
    box: Box | None = None,
) -> Dem:
    """Read heights, all of them or those of a box (west, south, east, north; degrees WGS-84).

    Parameters
    ----------
    path, shown
        The file, and its name in messages.
    unit
        Of the heights in the file.
    band, datum
        As in `rasters.open_raster`.
    box
        One pixel more is read on each side; the part of the box that the raster does not cover is
        not there.

    Raises
    ------
    InputError
        There is no such file, the box lies outside the raster, or no pixel there has a height.
    FormatError, DatumError
        As in `rasters.open_raster`.
    """
    with open_raster(path, shown, band, datum) as raster:
        row0, row1, col0, col1 = _window(raster, box)
        values, held = raster.read(row0, row1, col0, col1)
        size_m = 1000 * max(raster.width_km[1], raster.height_km[1])
        whole = raster.dtype in ("int16", "uint8", "int8", "uint16")
        whole &= unit == "m" and (raster.scale, raster.offset) == (1.0, 0.0)
        crs, pixels = raster.crs_name, raster.pixels
    values *= METRES[unit]
    held &= np.isfinite(values)
    possible = (values >= DEEPEST_M) & (values <= HIGHEST_M)
    good = held & possible
    floor = good & (values < 0) & bool((values[good] < LOWEST_M).any())
    values[floor] = 0.0
    if not good.any():
        raise InputError(
            f"{shown}: no pixel{' of the region' if box else ''} holds a height that ground has "
            f"(up to {HIGHEST_M:.0f} m). Check the file, and its unit."
        )

    def to_pixels(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        x, y = pixels(lon, lat)
        return x - 0.5 - col0, y - 0.5 - row0

    filled = _filled(values, good).astype(np.int16 if whole else np.float32)
    voids, wrong = int((~good).sum()), int((held & ~possible).sum())
    return Dem(filled, to_pixels, size_m, crs, voids, wrong, int(floor.sum()))


def _window(raster: Raster, box: Box | None) -> tuple[int, int, int, int]:
    """Rows and columns of a box and a pixel round it: row0, row1, col0, col1."""
    if box is None:
        return 0, raster.rows, 0, raster.columns
    west, south, east, north = box
    along, up = np.linspace(west, east, _EDGE), np.linspace(south, north, _EDGE)
    lon = np.concatenate([along, along, np.full(_EDGE, west), np.full(_EDGE, east)])
    lat = np.concatenate([np.full(_EDGE, south), np.full(_EDGE, north), up, up])
    x, y = raster.pixels(lon, lat)
    known = np.isfinite(x) & np.isfinite(y)
    sides = []
    for places, size in ((y[known], raster.rows), (x[known], raster.columns)):
        first = int(np.clip(np.floor(places.min(initial=np.inf) - 1.5), 0, size))
        last = int(np.clip(np.ceil(places.max(initial=-np.inf) + 1.5), 0, size))
        sides += [first, last]
    if sides[1] - sides[0] < 2 or sides[3] - sides[2] < 2:
        raise InputError(
            f"{raster.shown}: does not reach the region ({west:.3f} to {east:.3f} E, "
            f"{south:.3f} to {north:.3f} N). Is it the terrain of another one?"
        )
    return sides[0], sides[1], sides[2], sides[3]


def _filled(values: Floats, good: NDArray[np.bool_]) -> Floats:
    """Give each pixel without a height that of the nearest pixel with one."""
    if good.all():
        return values
    row, column = distance_transform_edt(~good, return_distances=False, return_indices=True)
    return np.asarray(values[row, column])
