"""Places within a distance of points."""

import numpy as np
import pytest

import villages_reference as plain
from covermap.core.villages.near import Near


@pytest.mark.parametrize(
    ("middle", "spread", "radius_m"),
    [((121.0, 31.0), 0.02, 500.0), ((179.999, -17.0), 0.02, 700.0), ((25.0, 78.0), 0.1, 900.0),
     ((0.0, 0.0), 0.2, 5000.0)],
)  # fmt: skip
def test_pairs_are_those_that_geodesics_give(middle, spread, radius_m):
    source = np.random.default_rng(4)
    lon, place_lon = (middle[0] + source.uniform(-spread, spread, n) for n in (60, 50))
    lat, place_lat = (middle[1] + source.uniform(-spread, spread, n) for n in (60, 50))
    place_lon[7] = np.nan
    lon = np.where(lon > 180, lon - 360, lon)
    point, place = Near(place_lon, place_lat, radius_m).pairs(lon, lat)
    expected = plain.pairs_within(lon, lat, place_lon, place_lat, radius_m)
    assert list(zip(point.tolist(), place.tolist(), strict=True)) == expected
    assert len(expected) > 10


def test_nothing_is_near_where_there_are_no_places_or_points():
    none, one = np.zeros(0), np.zeros(1)
    assert len(Near(none, none, 10.0).pairs(one, one)[0]) == 0
    assert len(Near(one, one, 10.0).pairs(none, none)[0]) == 0
    assert len(Near(one, one, 10.0).pairs(np.array([np.nan]), one)[0]) == 0


def test_a_radius_beyond_what_the_formula_holds_for_is_refused():
    with pytest.raises(ValueError, match="radius 50000"):
        Near(np.zeros(1), np.zeros(1), 50_000.0)
