"""Cloud Optimized GeoTIFF: one band of figures in tiles with overviews, read by range.

The same figures give the same bytes: no time is written, and one thread compresses.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from covermap.errors import ExportError

Floats = NDArray[np.float64]
NODATA = -9999.0
BLOCK = 512
"""Side of a tile, pixels."""
_CACHE_MB = 128


@dataclass(frozen=True)
class Grid:
    """A raster's pixels: north up, edges at whole multiples of the pixel."""

    crs: CRS
    pixel: float
    """Side of a pixel in units of the CRS."""
    west: float
    north: float
    columns: int
    rows: int

    @property
    def transform(self) -> Affine:
        """Pixels to the CRS."""
        return Affine(self.pixel, 0.0, self.west, 0.0, -self.pixel, self.north)

    def centres(self, window: Window) -> tuple[Floats, Floats]:
        """Longitude and latitude (WGS-84) of the centres of a window's pixels, row by row."""
        x = self.west + self.pixel * (window.col_off + 0.5 + np.arange(window.width))
        y = self.north - self.pixel * (window.row_off + 0.5 + np.arange(window.height))
        x, y = (v.ravel() for v in np.meshgrid(x, y))
        if self.crs == CRS.from_epsg(4326):
            return x, y
        return _turn(self.crs, "EPSG:4326").transform(x, y)

    def places(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Columns and rows of positions (WGS-84)."""
        x, y = _turn("EPSG:4326", self.crs).transform(lon, lat)
        return (x - self.west) / self.pixel, (self.north - y) / self.pixel

    def windows(self) -> Iterator[Window]:
        """Tiles, row by row."""
        for row in range(0, self.rows, BLOCK):
            for column in range(0, self.columns, BLOCK):
                yield Window(
                    column, row, min(BLOCK, self.columns - column), min(BLOCK, self.rows - row)
                )


def grid_of(lon: Floats, lat: Floats, crs: CRS, pixel: float, margin: float) -> Grid:
    """Make the grid that holds positions (WGS-84) and a margin in units of the CRS."""
    x, y = _turn("EPSG:4326", crs).transform(lon, lat)
    west, south = (np.floor((np.min(v) - margin) / pixel) for v in (x, y))
    east, north = (np.ceil((np.max(v) + margin) / pixel) for v in (x, y))
    return Grid(
        crs, pixel, float(west * pixel), float(north * pixel), int(east - west),
        int(north - south),
    )  # fmt: skip


def write_cog(
    path: Path,
    grid: Grid,
    pieces: Iterator[tuple[Window, NDArray[np.float32]]],
    description: str,
    unit: str,
    tags: Mapping[str, str],
) -> None:
    """Write a band as Cloud Optimized GeoTIFF; windows that are not given have no data.

    Parameters
    ----------
    pieces
        Windows of :meth:`Grid.windows` with their figures, shape (rows, columns); `NODATA`: none.
    description, unit
        Of the band.
    tags
        Said of the file as a whole.

    Raises
    ------
    ExportError
        GDAL cannot write it.
    """
    profile: dict[str, Any] = {
        "driver": "GTiff", "width": grid.columns, "height": grid.rows, "count": 1,
        "dtype": "float32", "crs": grid.crs.to_wkt(), "transform": grid.transform,
        "nodata": NODATA, "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK,
        "compress": "zstd", "zstd_level": 1, "sparse_ok": True, "bigtiff": "if_safer",
    }  # fmt: skip
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".raster.") as aside,
        rasterio.Env(GDAL_CACHEMAX=_CACHE_MB, GDAL_NUM_THREADS=1),
    ):
        plain = Path(aside) / "plain.tif"
        try:
            with rasterio.open(plain, "w", **profile) as raster:
                for window, values in pieces:
                    raster.write(values, 1, window=window)
                raster.set_band_description(1, description)
                raster.units = (unit,)
                raster.colorinterp = (ColorInterp.gray,)
                raster.update_tags(**tags)
            rasterio.shutil.copy(
                plain, path, driver="COG", blocksize=BLOCK, compress="deflate", level=6,
                predictor="floating_point", resampling="average", bigtiff="if_safer",
                num_threads=1,
            )  # fmt: skip
        except RasterioError as error:
            raise ExportError(f"{path}: cannot be written as GeoTIFF: {error}") from None


def _turn(a: CRS | str, b: CRS | str) -> Transformer:
    return Transformer.from_crs(a, b, always_xy=True)
