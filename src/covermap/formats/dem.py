"""Terrain: GeoTIFF rasters of heights above the sea, read into memory for a region.

Any CRS that PROJ knows; the map is left as it is, nothing is warped. Pixels without a height (no
data, masked, not a number, or one that no ground on Earth has) are voids: they take the height of
the nearest pixel that has one, and are counted. What lies outside the raster, or in a void too far
from any height, has none (NaN).

Some rasters hold the floor of the sea. Radio goes over the water: where a raster reaches deeper
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
FILLED_M, FILLED_PIXELS = 1_000.0, 5.0
"""A void farther than both from any height is filled, so that paths may cross it, but not known."""
_EDGE = 65
"""Points along each side of a box that its window is found from."""
_UNITS = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), "m"),
    **dict.fromkeys(("ft", "foot", "feet", "us survey foot", "us_survey_foot", "sfoot"), "ft"),
}


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
    missing: NDArray[np.bool_] | None = None
    """Voids, shape as of the heights; None: there are none."""
    lost: NDArray[np.bool_] | None = None
    """Voids too far from any height for it to be known."""

    def at(self, lon: Floats, lat: Floats) -> Floats:
        """Heights at places, m; NaN where they are not known."""
        u, v = self.to_pixels(lon, lat)
        found = heights_at(self.heights, u, v)
        return found if self.lost is None else np.where(flags_at(self.lost, u, v), np.nan, found)

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
    sea: bool | None = None,
    finest_m: float = 0.0,
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
        size_m = 1000 * max(raster.width_km[1], raster.height_km[1])
        every = max(1, int(finest_m / size_m))
        row0, row1, col0, col1 = _window(raster, box, every)
        values, held = raster.read(row0, row1, col0, col1, every)
        whole = raster.dtype in ("int16", "uint8", "int8", "uint16")
        whole &= unit == "m" and (raster.scale, raster.offset, every) == (1.0, 0.0, 1)
        crs, pixels = raster.crs_name, raster.pixels
    good, wrong = usable(values, held, unit)
    deep = bool((values[good] < LOWEST_M).any()) if sea is None else sea
    floor = good & (values < 0) & deep
    values[floor] = 0.0
    if not good.any():
        raise nothing_held(shown, " of the region" if box else "")

    def to_pixels(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        x, y = pixels(lon, lat)
        return (x - col0) / every - 0.5, (y - row0) / every - 0.5

    far = max(FILLED_PIXELS, FILLED_M / (size_m * every))
    filled, lost = _filled(values, good, far)
    return Dem(
        filled.astype(np.int16 if whole else np.float32), to_pixels, size_m * every, crs,
        int((~good).sum()), wrong, int(floor.sum()), None if good.all() else ~good, lost,
    )  # fmt: skip


def usable(values: Floats, held: NDArray[np.bool_], unit: Unit) -> tuple[NDArray[np.bool_], int]:
    """Turn values to metres, in place; which are heights, and how many no ground can have."""
    values *= METRES[unit]
    held = held & np.isfinite(values)
    possible = (values >= DEEPEST_M) & (values <= HIGHEST_M)
    return held & possible, int((held & ~possible).sum())


def nothing_held(shown: str, where: str = "") -> InputError:
    """Say that no pixel has a height."""
    return InputError(
        f"{shown}: no pixel{where} holds a height that ground has (up to {HIGHEST_M:.0f} m). Check "
        "the file, and its unit."
    )


def unit_of(raster: Raster, declared: Unit | None) -> Unit:
    """Give the unit of a raster's heights: as it says itself, else as declared, else m.

    Raises
    ------
    InputError
        The file says one unit, and another is declared.
    """
    said = [raster.dataset.units[raster.band - 1]]
    if raster.crs.is_compound:
        said.append(raster.crs.sub_crs_list[-1].axis_info[0].unit_name)
    known = [_UNITS[text.casefold()] for text in said if text and text.casefold() in _UNITS]
    if known and declared is not None and known[0] != declared:
        raise InputError(
            f"{raster.shown}: says that its heights are in {known[0]}, and [terrain] unit = "
            f"{declared!r}. Take unit out of [terrain], or mend the file (gdal_edit)."
        )
    unit: Any = known[0] if known else declared or "m"
    return unit


def flags_at(flags: NDArray[np.bool_], u: Floats, v: Floats) -> NDArray[np.bool_]:
    """Flag of the pixel nearest to each place; False outside."""
    rows, columns = flags.shape
    there = (u > -0.5) & (u < columns - 0.5) & (v > -0.5) & (v < rows - 0.5)
    out = np.zeros(len(u), bool)
    out[there] = flags[np.rint(v[there]).astype(np.int64), np.rint(u[there]).astype(np.int64)]
    return out


def _window(raster: Raster, box: Box | None, every: int) -> tuple[int, int, int, int]:
    """Rows and columns of a box and a pixel round it, in whole squares: row0, row1, col0, col1."""
    if box is None:
        return 0, raster.rows // every * every, 0, raster.columns // every * every
    west, south, east, north = box
    along, up = np.linspace(west, east, _EDGE), np.linspace(south, north, _EDGE)
    lon = np.concatenate([along, along, np.full(_EDGE, west), np.full(_EDGE, east)])
    lat = np.concatenate([np.full(_EDGE, south), np.full(_EDGE, north), up, up])
    x, y = raster.pixels(lon, lat)
    known = np.isfinite(x) & np.isfinite(y)
    sides = []
    for places, size in ((y[known], raster.rows), (x[known], raster.columns)):
        low, high = places.min(initial=np.inf) / every, places.max(initial=-np.inf) / every
        first = int(np.clip(np.floor(low - 1.5), 0, size // every))
        last = int(np.clip(np.ceil(high + 1.5), 0, size // every))
        sides += [first * every, last * every]
    if sides[1] - sides[0] < 2 * every or sides[3] - sides[2] < 2 * every:
        raise InputError(
            f"{raster.shown}: does not reach the region ({west:.3f} to {east:.3f} E, "
            f"{south:.3f} to {north:.3f} N). Is it the terrain of another one?"
        )
    return sides[0], sides[1], sides[2], sides[3]


def _filled(
    values: Floats, good: NDArray[np.bool_], far: float
) -> tuple[Floats, NDArray[np.bool_] | None]:
    """Fill voids from the nearest pixel; and say which are too far from any height."""
    if good.all():
        return values, None
    return filled_from_nearest(values, good), distance_transform_edt(~good) > far


def filled_from_nearest(values: Floats, good: NDArray[np.bool_]) -> Floats:
    """Give each pixel that is not good the value of the nearest that is; there is one."""
    if good.all():
        return values
    row, column = distance_transform_edt(~good, return_distances=False, return_indices=True)
    return np.asarray(values[row, column])
