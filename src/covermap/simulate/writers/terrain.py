"""The relief as a terrain model: GeoTIFF of heights, m, in the plane that the world is made in."""

from __future__ import annotations

from pathlib import Path

import rasterio
from rasterio.transform import Affine

from covermap.simulate.frame import PLANE
from covermap.simulate.relief import Relief


def write_terrain(path: Path, relief: Relief) -> None:
    """Write the lattice itself: a pixel's centre is a node, so nothing is resampled."""
    rows, columns = relief.height_m.shape
    half = relief.step_m / 2
    top = relief.y0 + (rows - 1) * relief.step_m + half
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
        crs=PLANE, compress="deflate", predictor=3,
        transform=Affine(relief.step_m, 0, relief.x0 - half, 0, -relief.step_m, top),
    ) as raster:  # fmt: skip
        raster.write(relief.height_m[::-1].astype("float32"), 1)
        raster.units = ("m",)
        raster.update_tags(DESCRIPTION="Simulated by covermap: no real terrain")
