"""Profiles taken as they go: equal to a profile laid out point by point along the geodesic."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer
from scipy.ndimage import map_coordinates

from covermap.core.geodesy import inverse, points_at
from covermap.core.radio.diffraction import EARTH_M, K_MEDIAN, bullington
from covermap.core.radio.terrain import bends, heights_at, loss_over

AE = K_MEDIAN * EARTH_M
CRSES = ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035"]


def pixels(crs: str, size_m: float = 90.0):  # type: ignore[no-untyped-def]
    """A map of 90 m pixels round (10 E, 55 N): lon, lat to column, row."""
    turn = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x0, y0 = turn.transform(10.0, 55.0)
    size = size_m / 70_000 if crs == "EPSG:4326" else size_m

    def to_pixels(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = turn.transform(np.asarray(lon, float), np.asarray(lat, float))
        return 1000 + (np.asarray(x) - x0) / size, 1000 - (np.asarray(y) - y0) / size

    return to_pixels


def hills(rough: float, seed: int = 3) -> np.ndarray:
    """Smooth made-up hills of 2001 x 2001 pixels."""
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[0:2001, 0:2001]
    made = np.full(u.shape, 300.0)
    for _ in range(12):
        ku, kv = rng.normal(0, 0.05, 2)
        made += rough * np.cos(ku * u + kv * v + rng.uniform(0, 6))
    return np.rint(made).astype(np.int16)


@pytest.mark.parametrize("crs", CRSES)
def test_the_way_on_the_map_keeps_to_the_great_circle_in_any_projection(crs: str) -> None:
    to_pixels = pixels(crs)
    lon, lat = np.full(24, 10.05), np.full(24, 54.95)
    bend = bends(to_pixels, lon, lat)
    far_lon, far_lat = points_at(lon, lat, np.arange(0, 360, 15.0), np.full(24, 20_000.0))
    start, end = np.stack(to_pixels(lon, lat)), np.stack(to_pixels(far_lon, far_lat))
    azimuth, length = inverse(lon, lat, far_lon, far_lat)
    for t in (0.25, 0.5, 0.75):
        truth = np.stack(to_pixels(*points_at(lon, lat, azimuth, t * length)))
        step = end - start
        squares = np.stack([step[0] ** 2, step[0] * step[1], step[1] ** 2])
        turn = np.stack([(bend[:, :3].T * squares).sum(0), (bend[:, 3:].T * squares).sum(0)])
        bent = start + step * t - turn * t * (1 - t)
        assert np.hypot(*(bent - truth)).max() * 90 < 20.0  # along the way as well: m
        ahead = step / np.hypot(*step)
        aside = (bent - truth)[0] * ahead[1] - (bent - truth)[1] * ahead[0]
        assert np.abs(aside).max() * 90 < 1.0


def laid_out(heights, ends, bend, path_m, first, second, wave, steps):  # type: ignore[no-untyped-def]
    """The plain way: the profile as an array, then Bullington over it."""
    (u0, v0), (u1, v1) = ends
    t = np.linspace(0, 1, steps + 1)
    du, dv = u1 - u0, v1 - v0
    bu = bend[0] * du**2 + bend[1] * du * dv + bend[2] * dv**2
    bv = bend[3] * du**2 + bend[4] * du * dv + bend[5] * dv**2
    u, v = u0 + du * t - bu * t * (1 - t), v0 + dv * t - bv * t * (1 - t)
    ground = map_coordinates(heights, [v, u], order=1)
    return bullington(t * path_m, ground, first, second, wave, AE)


@pytest.mark.parametrize("rough", [0.3, 4.0, 20.0])
def test_the_loss_equals_bullingtons_over_the_profile_laid_out(rough: float) -> None:
    heights = hills(rough)
    plain = heights.astype(float)
    rng = np.random.default_rng(7)
    bend = np.array([2e-6, -1e-6, 3e-6, 1e-6, 2e-6, -3e-6])
    clear = 0
    for _ in range(300):
        ends = rng.uniform(100, 1900, (2, 2))
        path_m = float(np.hypot(*(ends[1] - ends[0]))) * 30.0
        ground = heights_at(heights, ends[:, 0], ends[:, 1])
        first, second = ground[0] + rng.uniform(10, 80), ground[1] + 1.5
        wave, steps = 0.3 / rng.uniform(0.7, 3.6), int(rng.integers(2, 250))
        found = loss_over(heights, *ends[0], *ends[1], bend, path_m, first, second, wave, AE, steps)
        truth = laid_out(plain, ends, bend, path_m, first, second, wave, steps)
        assert found == pytest.approx(truth, abs=1e-9)
        clear += truth == 0
    assert 0 < clear < 300


def test_heights_are_taken_between_the_four_nearest_pixels_of_any_kind_of_number() -> None:
    plain = np.array([[0, 10, 20], [40, 50, 60], [80, 90, 32000]])
    for kind in (np.int16, np.float32, np.int32):
        heights = plain.astype(kind)
        assert heights_at(heights, np.array([0.5]), np.array([0.25])).tolist() == [15.0]
    deep = np.array([[-32000, 32000], [32000, -32000]], np.int16)
    assert heights_at(deep, np.array([0.5]), np.array([0.5])).tolist() == [0.0]


def test_outside_the_grid_no_height_is_known() -> None:
    heights = np.zeros((3, 4), np.int16)
    u, v = np.array([-0.1, 3.0, 2.9, 1.0, np.nan]), np.array([1.0, 1.0, 1.9, 2.0, 1.0])
    assert np.isnan(heights_at(heights, u, v)).tolist() == [True, True, False, True, True]
