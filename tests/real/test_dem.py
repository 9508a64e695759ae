"""The real elevation rasters: heights of known places, voids and sea floor counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from covermap.formats.dem import read_dem

pytestmark = pytest.mark.real


def test_china_has_its_mountains_and_its_plain_and_no_sea_floor(real_data: Path) -> None:
    path = real_data / "rasters/china_z6_dem_3857_i16.tif"
    dem = read_dem(path, path.name)
    # Everest, Lhasa, Zhengzhou, Turpan: pixels of 2 km cut peaks down.
    found = dem.at(np.array([86.925, 91.1, 113.6, 89.2]), np.array([27.988, 29.65, 34.7, 42.8]))
    assert found[0] > 7000
    assert found[1:3] == pytest.approx([3650, 105], abs=250)
    assert dem.heights.min() == 0
    assert dem.sea_floor > 900_000
    assert 0 < dem.void_share < 0.02


def test_a_box_in_ireland_is_a_window_of_the_whole(real_data: Path) -> None:
    path = real_data / "rasters/ireland_z6_dem_3857_i16.tif"
    kerry = read_dem(path, path.name, box=(-10.2, 51.5, -8.0, 52.5))
    assert kerry.heights.size < 15_000
    assert 400 < kerry.at(np.array([-9.743]), np.array([51.999]))[0] < 1040
    assert kerry.crs == "EPSG:3857"
