"""A made-up population raster in the form of WorldPop's: people per pixel, GeoTIFF, WGS-84.

Real towns with their people spread round them as a bell, a thin and uneven countryside, nobody in
the hills. No figure of it is real.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.simulate import facts
from covermap.simulate.frame import to_plane
from covermap.simulate.noise import rng, smooth_waves
from covermap.simulate.world import World

PIXEL_DEG = 1 / 60
NODATA = -99999.0
RURAL_PER_KM2 = 150.0
EMPTY_ABOVE_M = 120.0
UNKNOWN_TOWN = 20_000
"""People of a town whose number is not known."""


def write_population(path: Path, world: World) -> None:
    """Write people per pixel of 1/60 degree over the whole area; nodata in the hills."""
    people = _people(world)
    area = world.recipe.area
    with rasterio.open(
        path, "w", driver="GTiff", width=people.shape[1], height=people.shape[0], count=1,
        dtype="float32", crs="EPSG:4326", nodata=NODATA, compress="deflate",
        transform=Affine(PIXEL_DEG, 0, area.west, 0, -PIXEL_DEG, area.north),
    ) as raster:  # fmt: skip
        raster.write(people, 1)
        raster.update_tags(DESCRIPTION="Simulated by covermap: nobody lives here")


def _people(world: World) -> NDArray[np.float32]:
    area = world.recipe.area
    columns = int(np.ceil((area.east - area.west) / PIXEL_DEG))
    rows = int(np.ceil((area.north - area.south) / PIXEL_DEG))
    lon, lat = np.meshgrid(
        area.west + (np.arange(columns) + 0.5) * PIXEL_DEG,
        area.north - (np.arange(rows) + 0.5) * PIXEL_DEG,
    )
    x, y = to_plane(lon, lat)
    wave = smooth_waves(rng(world.recipe.seed, "population"), 6000.0, 32)
    density = RURAL_PER_KM2 * np.exp(0.8 * wave.at(x.ravel(), y.ravel()).reshape(x.shape))
    for town in facts.towns():
        at = to_plane([town.lon], [town.lat])
        away2 = (x - at[0][0]) ** 2 + (y - at[1][0]) ** 2
        spread = 2.0 * np.pi * (town.radius_m / 1e3) ** 2
        bell = np.exp(-0.5 * away2 / town.radius_m**2)
        density += (town.population or UNKNOWN_TOWN) / spread * bell
    km2 = metres_per_degree_lon(lat) * metres_per_degree_lat(lat) * PIXEL_DEG**2 / 1e6
    height = world.relief.at(x.ravel(), y.ravel()).reshape(x.shape)
    made: NDArray[np.float32] = np.rint(density * km2).astype(np.float32)
    made[height > EMPTY_ABOVE_M] = NODATA
    return made
