"""GeoTIFF rasters of people or of heights: opened, checked, read in windows.

Any CRS that PROJ knows, nodata, masks, scale and offset, strips or tiles; never more than a
window is in memory. The geotransform is taken as it is stated, rows that run north and rotated
rasters included: where a pixel lies is a matter of its own corners. Nothing is resampled.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from covermap.core.datum import parse_datum
from covermap.core.geodesy import short_lengths_m, wrapped_deg
from covermap.core.people import quad_areas_m2
from covermap.errors import DatumError, FormatError, InputError

if TYPE_CHECKING:
    from covermap.formats.survey import Held

Floats = NDArray[np.float64]
Kind = Literal["count", "density", "weight"]

DRIVER = "GTiff"
MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF and a BigTIFF begin."""
CACHE_MB = 256
STRIP_PIXELS = 4_000_000
AREA_STEP_KM = 10.0
"""Areas of pixels are computed this far apart and interpolated: off by less than 1e-6."""


@contextmanager
def open_raster(
    path: Path, shown: str, band: int | None = None, datum: str | None = None
) -> Iterator[Raster]:
    """Open one band of a raster for reading in windows.

    Parameters
    ----------
    path, shown
        The file, and its name in messages.
    band
        Number of the band, from 1; needed where there are several.
    datum
        wgs84, cgcs2000 or EPSG:n; it overrides the CRS that the file states.

    Raises
    ------
    InputError
        There is no such file.
    FormatError
        It is no GeoTIFF, has several bands and none is named, holds complex numbers, or does not
        say where its pixels lie.
    DatumError
        No CRS in the file and none declared; or its rows lead beyond a pole, as with a wrong
        sign of the pixel height.
    """
    if not path.is_file():
        raise InputError(f"{shown}: no such file.")
    with rasterio.Env(GDAL_CACHEMAX=CACHE_MB, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)  # told below
                dataset = rasterio.open(path, driver=DRIVER)
        except RasterioError:
            raise FormatError(
                f"{shown}: cannot be read as a GeoTIFF. Convert it (gdal_translate), unpacked."
            ) from None
        with dataset:
            yield Raster(dataset, shown, _band(dataset, shown, band), _crs(dataset, shown, datum))


def _band(dataset: Any, shown: str, band: int | None) -> int:
    if band is None and dataset.count != 1:
        raise FormatError(f"{shown}: has {dataset.count} bands; say which one to read: band = 1.")
    if band is not None and band > dataset.count:
        raise FormatError(f"{shown}: band = {band}, but it has {dataset.count}.")
    number = band or 1
    if dataset.dtypes[number - 1].startswith("complex"):
        raise FormatError(f"{shown}: holds complex numbers; it must be real ones.")
    if dataset.transform.is_identity or dataset.transform.is_degenerate:
        raise FormatError(
            f"{shown}: has no geotransform: where its pixels lie is not said. Georeference it "
            "(gdal_translate -a_ullr)."
        )
    return number


def _crs(dataset: Any, shown: str, datum: str | None) -> CRS:
    if datum is not None:
        name = parse_datum(datum)
        if name in ("gcj02", "bd09"):
            raise DatumError(f"{shown}: rasters cannot be read in {name}; warp it to WGS-84 first.")
        return CRS.from_user_input({"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}.get(name, name))
    if dataset.crs is None:
        raise DatumError(f'{shown}: states no CRS. Declare it beside files: datum = "EPSG:4326".')
    code = dataset.crs.to_epsg()
    return CRS.from_epsg(code) if code else CRS.from_wkt(dataset.crs.to_wkt())


class Raster:
    """One open band. Pixel coordinates: x columns, y rows, from the corner of the first pixel."""

    def __init__(self, dataset: Any, shown: str, band: int, crs: CRS) -> None:
        self.dataset, self.shown, self.band, self.crs = dataset, shown, band, crs
        self.rows, self.columns = int(dataset.height), int(dataset.width)
        self.scale, self.offset = dataset.scales[band - 1], dataset.offsets[band - 1]
        self.dtype = str(dataset.dtypes[band - 1])
        self._a = dataset.transform
        self._inverse = ~dataset.transform
        same = crs.is_geographic and crs.to_epsg() == 4326
        self._to = None if same else Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        self._from = None if same else Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        self._check_latitudes()
        self.width_km, self.height_km = self._pixel_km()
        self.period = self._period()

    @property
    def crs_name(self) -> str:
        """The CRS in short: EPSG:n, or its name."""
        code = self.crs.to_epsg()
        return f"EPSG:{code}" if code else str(self.crs.name)

    @property
    def rotated(self) -> bool:
        """Whether its rows do not run along the axes of its CRS."""
        return bool(self._a.b != 0 or self._a.d != 0)

    @property
    def south_up(self) -> bool:
        """Whether its first row is its southernmost: the pixel height is positive."""
        return bool(self._a.e > 0)

    def pixels(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Positions (degrees WGS-84) in the pixel plane; inf where the CRS has no such place."""
        x, y = (lon, lat) if self._to is None else self._to.transform(lon, lat)
        return _moved(self._inverse, np.asarray(x, np.float64), np.asarray(y, np.float64))

    def positions(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Degrees WGS-84 of points of the pixel plane; NaN where they are off the map."""
        x, y = _moved(self._a, np.asarray(x, np.float64), np.asarray(y, np.float64))
        lon, lat = (x, y) if self._from is None else self._from.transform(x, y)
        known = np.isfinite(lon) & np.isfinite(lat)
        return np.where(known, lon, np.nan), np.where(known, lat, np.nan)

    def _check_latitudes(self) -> None:
        x, y = np.array([0, self.columns, 0, self.columns]), np.array([0, 0, self.rows, self.rows])
        lon, lat = self.positions(x, y)
        if self.crs.is_geographic and (np.abs(lat).max() > 90.01 or np.ptp(lon) > 360.5):
            hint = (
                " Its pixel height is positive, so that rows run north: a wrong sign of y?"
                if self.south_up
                else ""
            )
            raise DatumError(
                f"{self.shown}: by its geotransform it reaches from {lat.min():.2f} to "
                f"{lat.max():.2f} degrees latitude and {lon.min():.2f} to {lon.max():.2f} "
                f"longitude.{hint} Mend the geotransform (gdal_edit -a_ullr)."
            )

    def _pixel_km(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Least and largest width and height of its pixels, from a few of them."""
        x, y = np.meshgrid(np.linspace(0, self.columns - 1, 7), np.linspace(0, self.rows - 1, 7))
        lon, lat = self.positions(x.ravel(), y.ravel())
        sizes = []
        for dx, dy in ((1, 0), (0, 1)):
            to_lon, to_lat = self.positions(x.ravel() + dx, y.ravel() + dy)
            km = short_lengths_m(lon, np.clip(lat, -89, 89), to_lon, np.clip(to_lat, -89, 89)) / 1e3
            km = km[np.isfinite(km) & (km > 0)]
            sizes.append((float(km.min()), float(km.max())) if km.size else (1.0, 1.0))
        return sizes[0], sizes[1]

    def _period(self) -> float | None:
        """Columns in a whole turn of longitude, of a map that simply repeats; None: it does not.

        True of geographic coordinates and of cylindrical projections (Mercator, plate carrée):
        there x is in proportion to longitude, whatever the latitude.
        """
        if self.rotated:
            return None
        lon, lat = self.positions(np.array([self.columns / 2]), np.array([self.rows / 2]))
        away = -np.copysign(np.array([0.0, 0.5, 1.0, 0.0, 0.5, 1.0]), lon[0])  # not over 180
        x, y = self.pixels(lon[0] + away, np.clip(lat[0] + np.repeat([0.0, 1.0], 3), -80, 80))
        steps = np.diff(x[:3]), np.diff(x[3:])
        turn = 360.0 * abs(x[1] - x[0]) / 0.5
        if not np.isfinite(turn) or turn == 0:
            return None
        same = np.allclose(steps, steps[0][0], rtol=1e-6) and abs(x[3] - x[0]) < 1e-6 * turn
        return float(turn) if same and np.ptp(y[:3]) < 1e-6 * turn else None

    def read(
        self, row0: int, row1: int, col0: int, col1: int, every: int = 1
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Values of a window, scale and offset applied, and which pixels hold one at all.

        With `every`, means of squares of so many rows and columns; the window holds whole ones.

        Raises
        ------
        FormatError
            The file ends too soon or is damaged.
        """
        window = Window(col0, row0, col1 - col0, row1 - row0)
        shape = ((row1 - row0) // every, (col1 - col0) // every)
        try:
            data = self.dataset.read(
                self.band, window=window, masked=True, out_shape=shape,
                resampling=Resampling.average if every > 1 else Resampling.nearest,
            )  # fmt: skip
        except RasterioError:
            raise FormatError(
                f"{self.shown}: rows {row0 + 1} to {row1} cannot be read: the file is damaged or "
                "cut short. Fetch it again."
            ) from None
        held = ~np.ma.getmaskarray(data)
        return data.data.astype(np.float64) * self.scale + self.offset, held

    def amounts(self, kind: Kind, row0: int, row1: int, col0: int, col1: int) -> Floats:
        """Give what the pixels of a window hold: people, or weight times km2; 0 for nothing usable.

        A density is people per km2; a weight is in proportion to it.
        """
        values, held = self.read(row0, row1, col0, col1)
        values[~held | ~np.isfinite(values) | (values < 0)] = 0.0
        return values if kind == "count" else values * self.areas_km2(row0, row1, col0, col1)

    def areas_km2(self, row0: int, row1: int, col0: int, col1: int) -> Floats:
        """Area of each pixel of a window on the ellipsoid; not dependent on how it is cut out."""
        rows, row, row_part = _nodes(row0, row1, self.rows, AREA_STEP_KM / self.height_km[1])
        cols, col, col_part = _nodes(col0, col1, self.columns, AREA_STEP_KM / self.width_km[1])
        x, y = np.meshgrid(cols, rows)
        half = np.array([-0.5, 0.5])
        lon, lat = self.positions(
            x[None, None] + half[None, :, None, None], y[None, None] + half[:, None, None, None]
        )
        lon = lon[:1, :1] + wrapped_deg(lon - lon[:1, :1])
        areas = np.nan_to_num(quad_areas_m2(lon, lat)[0, 0]) / 1e6
        along = areas[row] + (areas[row + 1] - areas[row]) * row_part[:, None]
        return along[:, col] + (along[:, col + 1] - along[:, col]) * col_part

    def strips(self) -> Iterator[tuple[int, int, int, int]]:
        """Windows over the whole raster, along its blocks: row0, row1, col0, col1."""
        high, wide = self.dataset.block_shapes[self.band - 1]
        columns = max(wide, STRIP_PIXELS // high // wide * wide)
        rows = max(high, STRIP_PIXELS // min(columns, self.columns) // high * high)
        for row in range(0, self.rows, rows):
            for col in range(0, self.columns, columns):
                yield row, min(row + rows, self.rows), col, min(col + columns, self.columns)

    def lattice(
        self, step_km: float, margin_km: float, held: Held | None = None
    ) -> tuple[Floats, Floats]:
        """Points over the raster and a margin round it, at most so far apart, degrees WGS-84.

        With `held`, only those within the margin of a pixel that holds something.
        """
        axes, margins = [], []
        for size, (least, most) in ((self.columns, self.width_km), (self.rows, self.height_km)):
            margin = min(margin_km / least, size + margin_km / most)
            count = int(np.ceil((size + 2 * margin) * most / step_km)) + 1
            axes.append(np.linspace(-margin, size + margin, count))
            margins.append(margin)
        x, y = (v.ravel() for v in np.meshgrid(*axes))
        if held is not None:
            near = held.within(x, y, margins[0], margins[1])
            x, y = x[near], y[near]
        lon, lat = self.positions(x, y)
        good = np.isfinite(lon) & (np.abs(lat) <= 90)
        return wrapped_deg(lon[good]), lat[good]


def _moved(affine: Any, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f


def _nodes(
    first: int, last: int, size: int, step: float
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Places at multiples of a step round pixels first..last, and where each pixel lies between."""
    step = max(1, int(step))
    numbers = np.arange(first // step, (last - 1) // step + 2)
    middle = np.arange(first, last) + 0.5
    left = (middle // step).astype(np.int64)
    places = np.clip(numbers * step, 0.5, max(size - 0.5, 0.5)).astype(np.float64)
    left -= int(numbers[0])
    span = places[left + 1] - places[left]
    part = np.divide(middle - places[left], span, out=np.zeros(len(middle)), where=span > 0)
    return places, left, part
