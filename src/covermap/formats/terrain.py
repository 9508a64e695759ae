"""Terrain from one or several rasters of heights: surveyed whole, read as a mosaic for a region.

Where one raster alone reaches a region, its own map is kept and nothing is resampled. Where several
do, whatever their maps, heights are taken from each at the points of one grid in degrees: the
finest raster first, then by name; voids of one are filled from the next, and only what is a void in
all takes its neighbour's height.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covermap.core.radio.terrain import heights_at
from covermap.errors import InputError
from covermap.formats.dem import (
    LOWEST_M,
    Box,
    Dem,
    Unit,
    filled_from_nearest,
    flags_at,
    nothing_held,
    read_dem,
    unit_of,
    usable,
)
from covermap.formats.rasters import Raster, open_raster

Floats = NDArray[np.float64]

FINEST_M = 20.0
"""Profiles are looked at no finer than this: rasters of smaller pixels are averaged to it."""
_METRES_PER_DEGREE = 111_195.0
_EARTH_M = 6_371_000.0
_EDGE = 65


@dataclass(frozen=True)
class Sheet:
    """A raster of heights, and what is known of it."""

    path: Path
    shown: str
    unit: Unit
    band: int | None
    datum: str | None
    pixel_m: float
    box: Box
    """West, south, east, north, degrees WGS-84."""
    sea: bool
    """Whether its heights below 0 are the sea."""


@dataclass(frozen=True)
class Survey:
    """What was found in a raster."""

    sheet: Sheet
    crs: str
    rows: int
    columns: int
    voids: int
    impossible: int
    sea_floor: int
    lowest_m: float
    highest_m: float
    unit_said: bool
    """Whether the file or the declaration says the unit."""


@dataclass(frozen=True)
class Ground:
    """Heights of a region, for `radio.server`; without any, all paths are flat."""

    heights: NDArray[Any]
    """With a margin that repeats the edge: paths along it bend a little way out."""
    to_pixels: Callable[[Floats, Floats], tuple[Floats, Floats]]
    at: Callable[[Floats, Floats], Floats]
    """Heights at places, m; NaN where no raster knows them."""
    pixel_m: float


def survey_terrain(
    path: Path, shown: str, unit: Unit | None, band: int | None, datum: str | None
) -> Survey:
    """Look at every pixel of a raster, strip by strip.

    Raises
    ------
    InputError
        The unit contradicts the file's own, or no pixel has a height.
    FormatError, DatumError
        As in `rasters.open_raster`.
    """
    voids = wrong = below = 0
    lowest, highest = math.inf, -math.inf
    with open_raster(path, shown, band, datum) as raster:
        taken = unit_of(raster, unit)
        for window in raster.strips():
            values, held = raster.read(*window)
            good, impossible = usable(values, held, taken)
            voids, wrong = voids + int((~good).sum()), wrong + impossible
            below += int((good & (values < 0)).sum())
            lowest = min(lowest, float(values[good].min(initial=math.inf)))
            highest = max(highest, float(values[good].max(initial=-math.inf)))
        if highest == -math.inf:
            raise nothing_held(shown)
        sea = lowest < LOWEST_M
        size_m = 1000 * max(raster.width_km[1], raster.height_km[1])
        said = unit is not None or bool(raster.dataset.units[raster.band - 1])
        sheet = Sheet(path, shown, taken, band, datum, size_m, _box(raster), sea)
        return Survey(
            sheet, raster.crs_name, raster.rows, raster.columns, voids, wrong,
            below if sea else 0, 0.0 if sea else lowest, highest, said,
        )  # fmt: skip


def ground_of(sheets: Sequence[Sheet], box: Box, reach_m: float) -> Ground | None:
    """Read the heights of a box (west, south, east, north); None: no raster has any there.

    Parameters
    ----------
    reach_m
        Longest path that is asked for: how far paths bend out of the box goes with its square.
    """
    dems = [dem for sheet in _in_order(sheets) if (dem := _read(sheet, box)) is not None]
    if not dems:
        return None
    if len(dems) == 1:
        dem = dems[0]
        return _with_margin(dem.heights, dem.to_pixels, dem.at, dem.pixel_m, box, reach_m)
    return _mosaic(dems, box, reach_m)


def _in_order(sheets: Sequence[Sheet]) -> list[Sheet]:
    return sorted(sheets, key=lambda sheet: (round(sheet.pixel_m, 2), sheet.shown))


def _read(sheet: Sheet, box: Box) -> Dem | None:
    """Read a sheet's part of a box; None where it has none."""
    west, south, east, north = sheet.box
    if east < box[0] or west > box[2] or north < box[1] or south > box[3]:
        return None
    try:
        return read_dem(
            sheet.path, sheet.shown, unit=sheet.unit, band=sheet.band, datum=sheet.datum, box=box,
            sea=sheet.sea, finest_m=FINEST_M,
        )  # fmt: skip
    except InputError:  # nothing of it in this box, or voids alone
        return None


def _mosaic(dems: Sequence[Dem], box: Box, reach_m: float) -> Ground:
    """Take heights from rasters in turn, at the points of one grid in degrees."""
    pixel_m = min(dem.pixel_m for dem in dems)
    west, south, east, north = box
    narrow = max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
    step = np.array([pixel_m / narrow, pixel_m]) / _METRES_PER_DEGREE
    columns = math.ceil((east - west) / step[0]) + 2
    rows = math.ceil((north - south) / step[1]) + 2
    lon, lat = np.meshgrid(west + step[0] * np.arange(columns), north - step[1] * np.arange(rows))
    lon, lat = lon.ravel(), lat.ravel()
    heights = np.full(lon.size, np.nan)
    for voids_too in (False, True):
        for dem in dems:
            left = np.flatnonzero(np.isnan(heights))
            if len(left):
                heights[left] = _heights(dem, lon[left], lat[left], voids_too)
    unknown = np.isnan(heights).reshape(rows, columns)
    whole = filled_from_nearest(heights.reshape(rows, columns), ~unknown).astype(np.float32)

    def to_pixels(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        return (lon - west) / step[0], (north - lat) / step[1]

    def at(lon: Floats, lat: Floats) -> Floats:
        u, v = to_pixels(lon, lat)
        return np.where(flags_at(unknown, u, v), np.nan, heights_at(whole, u, v))

    return _with_margin(whole, to_pixels, at, pixel_m, box, reach_m)


def _heights(dem: Dem, lon: Floats, lat: Floats, voids_too: bool) -> Floats:
    """Heights of one raster, to the outer edge of its pixels: those of the next begin there."""
    u, v = dem.to_pixels(lon, lat)
    rows, columns = dem.heights.shape
    inside = (u >= -0.5) & (u <= columns - 0.5) & (v >= -0.5) & (v <= rows - 0.5)
    found = heights_at(
        dem.heights, np.clip(u, 0, columns - 1.000001), np.clip(v, 0, rows - 1.000001)
    )
    out = dem.lost if voids_too else dem.missing
    if out is not None:
        inside &= ~flags_at(out, u, v)
    return np.where(inside, found, np.nan)


def _with_margin(
    heights: NDArray[Any], to_pixels: Any, at: Any, pixel_m: float, box: Box, reach_m: float
) -> Ground:
    """Repeat the edge as far as a great circle may bend out: d^2 tan(lat) / 8 R, and twice that."""
    steep = math.tan(math.radians(min(max(abs(box[1]), abs(box[3])), 85.0)))
    wide = 2 + math.ceil(2 * reach_m**2 * max(steep, 1.0) / (8 * _EARTH_M) / pixel_m)

    def shifted(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        u, v = to_pixels(lon, lat)
        return u + wide, v + wide

    return Ground(np.pad(heights, wide, mode="edge"), shifted, at, pixel_m)


def _box(raster: Raster) -> Box:
    """Bounds of a raster from points along its edges; all longitudes where it is torn or polar."""
    along_x, along_y = (np.linspace(0, size, _EDGE) for size in (raster.columns, raster.rows))
    x = np.concatenate([along_x, along_x, np.zeros(_EDGE), np.full(_EDGE, raster.columns)])
    y = np.concatenate([np.zeros(_EDGE), np.full(_EDGE, raster.rows), along_y, along_y])
    lon, lat = raster.positions(x, y)
    whole = bool(np.isfinite(lon).all())
    if not whole or (np.ptp(lon) > 180 and not raster.crs.is_geographic):
        return -180.0, -90.0, 180.0, 90.0
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())
