"""Laws of datums: inverses to under a millimetre, order does not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.datum import EARTH_RADIUS_M, from_wgs84, to_wgs84

IN_CHINA = st.tuples(st.floats(72.01, 137.83), st.floats(0.84, 55.82))


def metres(lon, lat, lon2, lat2):
    dx = np.radians(lon2 - lon) * np.cos(np.radians(lat))
    return np.hypot(dx, np.radians(lat2 - lat)) * EARTH_RADIUS_M


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "EPSG:4490", "EPSG:3857"])
@settings(max_examples=60, deadline=None)
@given(points=st.lists(IN_CHINA, min_size=1, max_size=50))
def test_there_and_back_is_the_same_place_to_a_tenth_of_a_millimetre(datum, points):
    lon, lat = np.array(points).T
    back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert metres(lon, lat, *back).max() < 1e-4


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@settings(max_examples=60, deadline=None)
@given(points=st.lists(IN_CHINA, min_size=1, max_size=50))
def test_back_and_there_is_the_same_number(datum, points):
    x, y = np.array(points).T
    lon, lat = to_wgs84(x, y, datum)
    inside = (lon > 72.2) & (lon < 137.6) & (lat > 1.0) & (lat < 55.6)
    again = from_wgs84(lon, lat, datum)
    assert np.all(metres(x, y, *again)[inside] < 1e-4)


def test_the_inverse_holds_on_a_fine_grid_over_all_china():
    lon, lat = np.meshgrid(np.linspace(72.01, 137.83, 700), np.linspace(0.84, 55.82, 600))
    for datum in ("gcj02", "bd09"):
        back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
        assert metres(lon, lat, *back).max() < 1e-4


@settings(max_examples=50, deadline=None)
@given(points=st.lists(IN_CHINA, min_size=2, max_size=40), seed=st.integers(0, 99))
def test_each_point_is_converted_the_same_whatever_its_neighbours(points, seed):
    lon, lat = np.array(points).T
    order = np.random.default_rng(seed).permutation(lon.size)
    for datum in ("gcj02", "bd09", "EPSG:3857"):
        whole = to_wgs84(lon, lat, datum)
        mixed = to_wgs84(lon[order], lat[order], datum)
        alone = to_wgs84(lon[:1], lat[:1], datum)
        assert np.array_equal(whole[0][order], mixed[0])
        assert np.array_equal(whole[1][order], mixed[1])
        assert whole[0][0] == alone[0][0]
