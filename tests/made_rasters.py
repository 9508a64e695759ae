"""Small rasters of people, written for one test."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine


def write_raster(
    path: Path,
    values: Any,
    west: float = 121.0,
    north: float = 31.5,
    pixel: float = 0.01,
    transform: Affine | None = None,
    **profile: Any,
) -> Path:
    """Write one band (rows x columns), or several, as a GeoTIFF in EPSG:4326 unless told else."""
    data = np.asarray(values)
    bands = data[None] if data.ndim == 2 else data
    about: dict[str, Any] = {
        "crs": "EPSG:4326", "nodata": None, "dtype": bands.dtype, "compress": "deflate",
        "transform": transform or north_up(west, north, pixel),
    } | profile  # fmt: skip
    scale, offset = about.pop("scale", None), about.pop("offset", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", height=bands.shape[1], width=bands.shape[2],
            count=len(bands), **about,
        ) as raster:  # fmt: skip
            raster.write(bands)
            if scale is not None:
                raster.scales, raster.offsets = (scale,), (offset,)
    return path


def north_up(west: float, north: float, pixel: float) -> Affine:
    """Square pixels from the corner in the north-west."""
    return Affine(pixel, 0, west, 0, -pixel, north)


def people(rows: int = 30, columns: int = 40, seed: int = 1) -> Any:
    """People per pixel: uneven, some pixels without any."""
    made = np.random.default_rng(seed).exponential(80.0, (rows, columns)).astype(np.float32)
    made[made < 8] = 0
    return made
