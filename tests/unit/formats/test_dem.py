"""Terrain rasters: any map, feet, voids, sea floor, partial cover."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from rasterio.transform import Affine

from covermap.core.radio.terrain import bends
from covermap.errors import DatumError, FormatError, InputError
from covermap.formats.dem import read_dem
from made_rasters import write_raster

NORTH_UP = Affine(0.01, 0, 10.0, 0, -0.01, 51.0)


def slope() -> np.ndarray:
    """100 x 100 pixels of heights that rise by 2 m a column and 1 m a row."""
    v, u = np.mgrid[0:100, 0:100]
    return (2 * u + v).astype(np.int16)


def test_heights_lie_between_the_centres_of_pixels(tmp_path: Path) -> None:
    dem = read_dem(write_raster(tmp_path / "a.tif", slope(), transform=NORTH_UP), "a.tif")
    assert dem.heights.dtype == np.int16
    found = dem.at(np.array([10.005, 10.010, 10.105]), np.array([50.995, 50.995, 50.9]))
    assert found == pytest.approx([0.0, 1.0, 20 + 9.5])
    assert (dem.voids, dem.impossible, dem.sea_floor) == (0, 0, 0)
    assert dem.pixel_m == pytest.approx(1113, rel=0.01)


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32632", "EPSG:3035", "EPSG:4258"])
def test_a_raster_in_any_map_gives_the_same_heights(tmp_path: Path, crs: str) -> None:
    turn = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = turn.transform(10.0, 51.0)
    pixel = 0.01 if crs == "EPSG:4258" else 1000.0
    path = write_raster(
        tmp_path / "a.tif", slope(), crs=crs,
        transform=Affine(pixel, 0, x - 50 * pixel, 0, -pixel, y + 50 * pixel),
    )  # fmt: skip
    dem = read_dem(path, "a.tif")
    assert dem.at(np.array([10.0]), np.array([51.0])) == pytest.approx([2 * 49.5 + 49.5], abs=0.01)
    assert bends(dem.to_pixels, np.array([10.0]), np.array([51.0])).shape == (1, 6)


def test_a_box_is_read_with_a_pixel_more_and_gives_what_the_whole_gives(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", slope(), transform=NORTH_UP)
    part = read_dem(path, "a.tif", box=(10.2, 50.4, 10.4, 50.6))
    assert part.heights.shape[0] < 30
    lon, lat = np.random.default_rng(1).uniform((10.2, 50.4), (10.4, 50.6), (50, 2)).T
    assert part.at(lon, lat).tolist() == pytest.approx(read_dem(path, "a.tif").at(lon, lat))


def test_outside_the_raster_there_is_no_height(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", slope(), transform=NORTH_UP)
    part = read_dem(path, "a.tif", box=(10.9, 50.0, 11.5, 50.5))
    assert np.isnan(part.at(np.array([11.2, 10.95]), np.array([50.2, 50.2]))).tolist() == [
        True, False,
    ]  # fmt: skip


def test_feet_become_metres(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", slope(), transform=NORTH_UP)
    feet = read_dem(path, "a.tif", unit="ft")
    assert feet.heights.dtype == np.float32
    assert feet.heights.max() == pytest.approx(297 * 0.3048)


def test_voids_take_the_height_of_the_nearest_pixel_and_are_counted(tmp_path: Path) -> None:
    values = slope()
    values[10:13, 20:23] = -32768
    values[50, 50] = 32767
    dem = read_dem(write_raster(tmp_path / "a.tif", values, transform=NORTH_UP), "a.tif")
    assert (dem.voids, dem.impossible) == (10, 10)
    assert dem.heights[50, 50] in (149, 148, 151, 152)
    assert np.abs(dem.heights[10:13, 20:23] - slope()[10:13, 20:23]).max() <= 4
    assert dem.void_share == 0.001
    told = write_raster(tmp_path / "b.tif", values, transform=NORTH_UP, nodata=-32768)
    assert (read_dem(told, "b.tif").voids, read_dem(told, "b.tif").impossible) == (10, 1)


def test_holes_of_floating_point_rasters_are_voids_too(tmp_path: Path) -> None:
    values = slope().astype(np.float32) + 0.25
    values[3, 3:6] = np.nan
    dem = read_dem(write_raster(tmp_path / "a.tif", values, transform=NORTH_UP), "a.tif")
    assert (dem.voids, dem.heights.dtype) == (3, np.float32)
    assert np.isfinite(dem.heights).all()
    assert dem.heights[0, 0] == 0.25


def test_the_floor_of_the_sea_is_its_surface_and_low_land_stays(tmp_path: Path) -> None:
    values = slope() - 150
    low = read_dem(write_raster(tmp_path / "a.tif", values, transform=NORTH_UP), "a.tif")
    assert (low.heights.min(), low.sea_floor) == (-150, 0)
    values[0, 0] = -2000
    sea = read_dem(write_raster(tmp_path / "b.tif", values, transform=NORTH_UP), "b.tif")
    assert sea.heights.min() == 0
    assert sea.sea_floor == (values < 0).sum()
    assert sea.voids == 0


def test_a_raster_without_any_height_or_of_another_region_is_refused(tmp_path: Path) -> None:
    empty = np.full((10, 10), -32768, np.int16)
    path = write_raster(tmp_path / "a.tif", empty, transform=NORTH_UP, nodata=-32768)
    with pytest.raises(InputError, match="no pixel holds a height"):
        read_dem(path, "a.tif")
    path = write_raster(tmp_path / "b.tif", slope(), transform=NORTH_UP)
    with pytest.raises(InputError, match="does not reach the region"):
        read_dem(path, "b.tif", box=(20.0, 20.0, 21.0, 21.0))
    with pytest.raises(InputError, match="no such file"):
        read_dem(tmp_path / "c.tif", "c.tif")


def test_a_raster_that_is_not_placed_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", slope(), transform=NORTH_UP, crs=None)
    with pytest.raises(DatumError):
        read_dem(path, "a.tif")
    (tmp_path / "b.tif").write_bytes(b"no raster")
    with pytest.raises(FormatError):
        read_dem(tmp_path / "b.tif", "b.tif")
