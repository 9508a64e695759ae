"""Cells to predict: equal to a plain look at every cell, and no farther than they should be."""

from __future__ import annotations

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.cells import areas_m2, cells_at, centres, descendants, parents
from covermap.core.geodesy import lengths_m
from covermap.core.prediction.area import BLOCK_RESOLUTION, area_near, area_of, disks_of, groups_of


def plain(lon: np.ndarray, lat: np.ndarray, radius_m: float, resolution: int) -> np.ndarray:
    """Every cell of a wide neighbourhood of each point, by its own geodesic."""
    found = []
    for x, y in zip(lon, lat, strict=True):
        block = h3.int_to_str(int(cells_at(np.array([x]), np.array([y]), 3)[0]))
        wide = np.array([h3.str_to_int(c) for c in h3.grid_disk(block, 1)], np.int64)
        cells = descendants(np.unique(wide), resolution)
        at = centres(cells)
        far = lengths_m(np.full(len(cells), x), np.full(len(cells), y), *at)
        found.append(cells[far <= radius_m])
    return np.unique(np.concatenate(found))


@settings(max_examples=12)
@given(
    st.floats(-179.9, 179.9), st.floats(-80, 80), st.sampled_from([900.0, 4_000.0, 20_000.0]),
    st.integers(0, 2**31),
)  # fmt: skip
def test_cells_near_points_are_those_of_a_plain_look_at_every_cell(
    lon: float, lat: float, radius_m: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    lons, lats = lon + rng.uniform(-0.05, 0.05, 3), lat + rng.uniform(-0.05, 0.05, 3)
    area = area_near(7, disks_of(lons, lats, radius_m))
    assert area.cells(area.blocks).tolist() == plain(lons, lats, radius_m, 7).tolist()


def test_cells_of_two_kinds_of_disks_are_each_there_once_and_in_order() -> None:
    one = disks_of(np.array([10.0]), np.array([50.0]), 5_000.0)
    two = disks_of(np.array([10.05]), np.array([50.0]), 1_500.0)
    area = area_near(9, one, two)
    cells = area.cells(area.blocks)
    each = [a.cells(a.blocks) for a in (area_near(9, one), area_near(9, two))]
    assert cells.tolist() == np.union1d(*each).tolist()
    assert len(cells) < sum(map(len, each))


def test_thousands_of_sites_at_zero_cost_one_disk_and_bring_in_nothing_between() -> None:
    lon = np.append(np.zeros(5_000), 121.5)
    lat = np.append(np.zeros(5_000), 31.2)
    area = area_near(8, disks_of(lon, lat, 10_000.0))
    assert len(area.blocks) < 40
    at = centres(area.cells(area.blocks))
    far = [lengths_m(np.full(len(at[0]), x), np.full(len(at[0]), y), *at)
           for x, y in ((0, 0), (121.5, 31.2))]  # fmt: skip
    assert np.minimum(*far).max() <= 10_000.0
    whole = areas_m2(area.cells(area.blocks)).sum()
    assert whole == pytest.approx(2 * np.pi * 10_000**2, rel=0.03)


def test_a_part_of_the_area_gives_the_cells_of_that_part() -> None:
    rng = np.random.default_rng(3)
    area = area_near(8, disks_of(rng.uniform(9, 11, 40), rng.uniform(49, 51, 40), 9_000.0))
    groups = groups_of(area.blocks, 3)
    assert len(groups) > 1
    parts = [area.of(some).cells(some) for some in groups]
    assert np.concatenate(parts).tolist() == area.cells(area.blocks).tolist()
    assert [len(np.unique(parents(p, 3))) for p in parts if len(p)] == [1] * len(
        [p for p in parts if len(p)]
    )


def test_a_region_has_the_cells_whose_centre_lies_in_it() -> None:
    region = shapely.Polygon([(9.9, 50.0), (10.4, 50.1), (10.2, 50.5), (9.95, 50.2)])
    area = area_of(7, region)
    wide = np.unique(cells_at(*(v.ravel() for v in np.meshgrid(
        np.arange(9.5, 10.8, 0.05), np.arange(49.7, 50.8, 0.05))), BLOCK_RESOLUTION))  # fmt: skip
    below = descendants(wide, 7)
    inside = shapely.contains_xy(region, *centres(below))
    assert area.cells(area.blocks).tolist() == below[inside].tolist()
    assert inside.sum() > 200


def test_nothing_near_anything_is_no_cell() -> None:
    area = area_near(9, disks_of(np.zeros(0), np.zeros(0), 1_000.0))
    assert area.cells(area.blocks).tolist() == []
    assert groups_of(area.blocks, 3) == []
