from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.tiles.tiling import (
    EXTENT,
    MAX_LATITUDE_DEG,
    on_lattice,
    tile_bounds,
    to_lonlat,
    to_world,
    unwrapped,
)

LON = st.floats(-180, 180)
LAT = st.floats(-MAX_LATITUDE_DEG, MAX_LATITUDE_DEG)


@given(LON, LAT)
def test_a_position_comes_back_from_the_world_square(lon: float, lat: float) -> None:
    back = to_lonlat(*to_world(lon, lat))
    assert back[0] == pytest.approx(lon, abs=1e-9)
    assert back[1] == pytest.approx(lat, abs=1e-9)


def test_the_projection_is_the_one_that_the_web_uses() -> None:
    from pyproj import Transformer

    lon, lat = np.array([121.4737, -73.5, 0.0]), np.array([31.2304, -60.25, 84.0])
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    around = 2 * np.pi * 6378137.0
    world = to_world(lon, lat)
    np.testing.assert_allclose(world[0], x / around + 0.5, atol=1e-12)
    np.testing.assert_allclose(world[1], 0.5 - y / around, atol=1e-12)


def test_latitudes_beyond_the_square_are_drawn_at_its_edge() -> None:
    _, y = to_world([0.0, 0.0], [90.0, -90.0])
    np.testing.assert_allclose(y, [0.0, 1.0], atol=1e-12)


def test_a_missing_position_stays_missing() -> None:
    assert np.isnan(to_world(np.nan, np.nan)).all()


@given(st.integers(0, 15), st.integers(0, 2**27))
def test_tiles_of_one_zoom_share_their_edges(zoom: int, number: int) -> None:
    tiles = 1 << zoom
    x, y = number % tiles, (number * 7) % tiles
    west, south, east, north = tile_bounds(zoom, x, y)
    assert west < east
    assert south < north
    if x + 1 < tiles:
        assert tile_bounds(zoom, x + 1, y)[0] == east
    if y + 1 < tiles:
        assert tile_bounds(zoom, x, y + 1)[3] == south


def test_the_lattice_of_a_zoom_has_its_extent_in_each_tile() -> None:
    assert on_lattice([0.0, 0.25, 1.0], 2).tolist() == [0, EXTENT, 4 * EXTENT]


def test_halves_are_rounded_upwards_everywhere() -> None:
    half = 0.5 / EXTENT
    assert on_lattice([half, 3 * half, -half], 0).tolist() == [1, 2, 0]


def test_a_part_over_the_antimeridian_is_brought_into_one_piece() -> None:
    x = np.array([0.5, 0.51, 0.99, 0.01, 0.02, 0.98])
    starts = np.array([0, 2, 6])
    np.testing.assert_allclose(unwrapped(x, starts), [0.5, 0.51, 0.99, 1.01, 1.02, 0.98])


def test_parts_without_vertices_do_no_harm() -> None:
    starts = np.array([0, 0, 2, 2])
    np.testing.assert_allclose(unwrapped(np.array([0.9, 0.1]), starts), [0.9, 1.1])
    assert len(unwrapped(np.zeros(0), np.array([0]))) == 0
