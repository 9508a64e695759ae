"""Rasters of heights as one ground: seams, voids, edges, fine pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from covermap.core.radio.terrain import heights_at
from covermap.formats.terrain import Sheet, ground_of, survey_terrain
from made_rasters import write_raster

PIXEL = 0.001


def slope(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Heights that rise to the east and to the north: 1 m for 0.001 degrees."""
    return (lon - 10) * 1000 + (lat - 50) * 1000


def tile(
    path: Path, west: float, columns: int = 100, rows: int = 100, pixel: float = PIXEL,
    holes: tuple[slice, slice] | None = None, more: float = 0.0,
) -> Sheet:  # fmt: skip
    """Write a tile of the slope from 50 degrees north, and survey it."""
    lon = west + pixel * (np.arange(columns) + 0.5)
    lat = 50 + pixel * (rows - np.arange(rows) - 0.5)
    heights = (slope(*np.meshgrid(lon, lat)) + more).astype(np.float32)
    if holes is not None:
        heights[holes] = -9999
    write_raster(path, heights, west, 50 + pixel * rows, pixel, nodata=-9999)
    return survey_terrain(path, path.name, "m", None, None).sheet


def test_tiles_that_only_touch_have_no_seam(tmp_path: Path) -> None:
    sheets = [tile(tmp_path / "a.tif", 10.0), tile(tmp_path / "b.tif", 10.1)]
    ground = ground_of(sheets, (10.05, 50.02, 10.15, 50.08), 10_000)
    lon, lat = np.linspace(10.06, 10.14, 801), np.full(801, 50.05)
    assert ground is not None
    found = ground.at(lon, lat)
    assert np.abs(found - slope(lon, lat)).max() < 1.0
    u, v = ground.to_pixels(lon, lat)
    assert heights_at(ground.heights, u, v) == pytest.approx(found, abs=1e-6)


def test_a_void_of_one_raster_is_filled_from_another_before_it_is_from_its_neighbours(
    tmp_path: Path,
) -> None:
    hole = (slice(40, 60), slice(40, 60))
    holed = tile(tmp_path / "a.tif", 10.0, holes=hole)
    whole = tile(tmp_path / "b.tif", 10.0, columns=50, rows=50, pixel=0.002, more=7.0)
    box = (10.01, 50.01, 10.09, 50.09)
    middle = (np.array([10.05]), np.array([50.05]))
    ground = ground_of([whole, holed], box, 5_000)
    assert ground is not None
    assert ground.at(*middle) == pytest.approx(slope(*middle) + 7, abs=0.5)
    beside = (np.array([10.02]), np.array([50.02]))
    assert ground.at(*beside) == pytest.approx(slope(*beside), abs=0.5)  # the finer one comes first


def test_a_small_void_takes_its_neighbours_height_and_a_wide_one_is_not_known(
    tmp_path: Path,
) -> None:
    small = tile(tmp_path / "a.tif", 10.0, holes=(slice(48, 52), slice(48, 52)))
    wide = tile(tmp_path / "b.tif", 10.0, holes=(slice(20, 80), slice(20, 80)))
    box, middle = (10.0, 50.0, 10.1, 50.1), (np.array([10.05]), np.array([50.05]))
    for sheet, known in ((small, True), (wide, False)):
        ground = ground_of([sheet], box, 5_000)
        assert ground is not None
        assert bool(np.isfinite(ground.at(*middle))[0]) is known
        assert np.isfinite(heights_at(ground.heights, *ground.to_pixels(*middle))).all()


def test_outside_all_rasters_nothing_is_known_and_far_from_them_there_is_no_ground(
    tmp_path: Path,
) -> None:
    sheet = tile(tmp_path / "a.tif", 10.0)
    ground = ground_of([sheet], (10.05, 50.02, 10.2, 50.08), 5_000)
    assert ground is not None
    assert np.isnan(ground.at(np.array([10.15]), np.array([50.05]))).all()
    assert ground_of([sheet], (20.0, 50.0, 20.1, 50.1), 5_000) is None
    assert ground_of([], (10.0, 50.0, 10.1, 50.1), 5_000) is None


def test_paths_along_an_edge_may_bend_a_little_out_of_the_raster(tmp_path: Path) -> None:
    ground = ground_of([tile(tmp_path / "a.tif", 10.0)], (10.0, 50.0, 10.1, 50.1), 20_000)
    assert ground is not None
    u, v = ground.to_pixels(np.array([10.0, 10.1]), np.array([50.1, 50.0]))
    rows, columns = ground.heights.shape
    assert u.min() >= 1.5 <= v.min()
    assert u.max() <= columns - 2.5 >= v.max() - (columns - rows)


def test_pixels_finer_than_a_profile_looks_are_averaged(tmp_path: Path) -> None:
    sheet = tile(tmp_path / "a.tif", 10.0, columns=400, rows=400, pixel=0.00003)
    assert sheet.pixel_m < 4
    ground = ground_of([sheet], (10.002, 50.002, 10.01, 50.01), 1_000)
    assert ground is not None
    assert 15 < ground.pixel_m < 21
    at = np.array([10.004, 10.008]), np.array([50.003, 50.009])
    assert ground.at(*at) == pytest.approx(slope(*at), abs=0.05)


def test_a_raster_of_the_sea_floor_is_0_over_the_sea_in_every_part_of_it(tmp_path: Path) -> None:
    heights = np.full((100, 100), -30.0, np.float32)
    heights[:, :10] = -2000
    write_raster(tmp_path / "a.tif", heights, 10.0, 50.1, PIXEL)
    found = survey_terrain(tmp_path / "a.tif", "a.tif", None, None, None)
    assert (found.sheet.sea, found.sea_floor, found.lowest_m) == (True, 10_000, 0.0)
    shallow = ground_of([found.sheet], (10.06, 50.02, 10.08, 50.08), 5_000)
    assert shallow is not None
    assert shallow.heights.max() == shallow.heights.min() == 0
