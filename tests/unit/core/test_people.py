"""Sharing pixels out to polygons by exact area."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from covermap.core.cells import cells_at, outlines
from covermap.core.geodesy import ellipsoid
from covermap.core.people import extents, overlap_sums, quad_areas_m2, torn, unwrap

Rings = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


def rings(*polygons: shapely.Polygon) -> Rings:
    parts = [shapely.get_coordinates(p)[:-1] for p in polygons]
    points = np.concatenate(parts)
    starts = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
    return points[:, 0].copy(), points[:, 1].copy(), starts


def slow_sum(polygon: shapely.Polygon, values: NDArray[np.float64]) -> float:
    """Pixel by pixel: the share of its area inside, by shapely."""
    total = 0.0
    for (row, col), value in np.ndenumerate(values):
        total += value * polygon.intersection(shapely.box(col, row, col + 1, row + 1)).area
    return total


def polygon_of(seed: int, size: float) -> shapely.Polygon:
    source = np.random.default_rng(seed)
    angle = np.sort(source.uniform(0, 2 * np.pi, 7))
    middle = source.uniform(-1, 9, 2)
    return shapely.Polygon(middle + size * np.column_stack([np.cos(angle), np.sin(angle)]))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("size", [0.2, 1.5, 6.0])
def test_sums_equal_those_of_shapely_pixel_by_pixel(seed: int, size: float) -> None:
    values = np.random.default_rng(99).uniform(0, 100, (8, 9))
    polygon = polygon_of(seed, size)
    found = overlap_sums(*rings(polygon), values, 0, 0)[0]
    assert found == pytest.approx(slow_sum(polygon, values), rel=1e-12, abs=1e-9)
    assert overlap_sums(*rings(polygon.reverse()), values, 0, 0)[0] == pytest.approx(found)


def test_edges_on_the_lines_between_pixels_count_no_pixel_twice() -> None:
    values = np.arange(12.0).reshape(3, 4)
    whole, left, right = shapely.box(0, 0, 4, 3), shapely.box(0, 0, 2, 3), shapely.box(2, 0, 4, 3)
    found = overlap_sums(*rings(whole, left, right), values, 0, 0)
    assert found.tolist() == [values.sum(), values[:, :2].sum(), values[:, 2:].sum()]


def test_a_polygon_around_the_whole_window_takes_all_of_it() -> None:
    values = np.random.default_rng(1).uniform(0, 1, (5, 7))
    found = overlap_sums(*rings(shapely.box(-1e6, -1e6, 1e6, 1e6)), values, 0, 0)
    assert found[0] == pytest.approx(values.sum(), rel=1e-12)


def test_what_lies_beside_the_window_gets_nothing() -> None:
    values = np.ones((4, 4))
    beside = [shapely.box(x, y, x + 1, y + 1) for x, y in ((-2, 1), (5, 1), (1, -2), (1, 5))]
    assert overlap_sums(*rings(*beside), values, 0, 0).tolist() == [0.0] * 4


def test_the_sum_does_not_depend_on_how_the_window_is_cut_out() -> None:
    values = np.random.default_rng(3).uniform(0, 1e5, (40, 50))
    hexagon = shapely.Point(20.3, 15.7).buffer(4.2, quad_segs=2)
    x, y, starts = rings(hexagon)
    whole = overlap_sums(x, y, starts, values, 0, 0)
    assert overlap_sums(x, y, starts, values[10:25, 13:31], 10, 13).tolist() == whole.tolist()


@pytest.mark.parametrize("pixels_per_degree", [3.0, 11.7, 240.0])
def test_cells_that_tile_the_plane_keep_the_total(pixels_per_degree: float) -> None:
    lon, lat = np.meshgrid(np.arange(9.9, 11.1, 0.005), np.arange(49.9, 51.1, 0.005))
    cells = np.unique(cells_at(lon.ravel(), lat.ravel(), 7))
    found = outlines(cells)
    x, y = (found.lon - 10.0) * pixels_per_degree, (51.0 - found.lat) * pixels_per_degree
    size = int(pixels_per_degree)
    values = np.random.default_rng(4).exponential(300.0, (size, size))
    sums = overlap_sums(x, y, found.starts, values, 0, 0)
    assert sums.sum() == pytest.approx(values.sum(), rel=1e-12)
    assert sums.min() >= 0


def test_a_ring_that_is_not_finite_gets_nothing() -> None:
    x, y = np.array([0.0, np.inf, 1.0]), np.array([0.0, 0.0, 1.0])
    assert overlap_sums(x, y, np.array([0, 3]), np.ones((2, 2)), 0, 0).tolist() == [0.0]
    assert np.isnan(extents(x, y, np.array([0, 3]))).all()


def test_a_ring_over_the_edge_of_a_round_map_is_made_whole() -> None:
    x = np.array([359.5, 0.5, 0.5, 359.5])
    assert unwrap(x, np.array([0, 4]), 360.0).tolist() == [359.5, 360.5, 360.5, 359.5]


def test_a_ring_that_the_map_tears_is_told() -> None:
    whole, torn_one = shapely.box(0, 0, 1, 1), shapely.Polygon(
        [(-500, 0), (500, 0), (500, 1), (499, 2), (-499, 2), (-500, 1)]
    )  # fmt: skip
    assert torn(*rings(whole, torn_one)).tolist() == [False, True]


def test_areas_of_pixels_are_those_of_the_ellipsoid() -> None:
    lon, lat = np.meshgrid(np.linspace(20, 20.5, 6), np.linspace(61, 60.4, 7))
    found = quad_areas_m2(lon, lat)
    for row, col in ((0, 0), (3, 2), (5, 4)):
        corners = [(row, col), (row, col + 1), (row + 1, col + 1), (row + 1, col)]
        # parallels are no geodesics: put vertices along them
        ring = shapely.segmentize(shapely.Polygon([(lon[c], lat[c]) for c in corners]), 1e-3)
        area = abs(ellipsoid().geometry_area_perimeter(ring)[0])
        assert found[row, col] == pytest.approx(area, rel=1e-7)
