import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.lines.coarse import tolerance_m

METRES_PER_DEGREE = np.pi * 6_378_137.0 / 180


def simplified(ways, tolerance):
    # Keeping the topology, shapely keeps vertices that Douglas & Peucker would not.
    return shapely.simplify(ways, tolerance / METRES_PER_DEGREE, preserve_topology=False)


def wandering(rng, n=20, vertices=400):
    """Roads near the equator whose direction wanders slowly, a vertex every 50 m."""
    made = []
    for _ in range(n):
        azimuth = 2 * np.pi * np.cumsum(rng.normal(0, 0.02, vertices))
        xy = np.cumsum(50 * np.c_[np.sin(azimuth), np.cos(azimuth)], axis=0)
        made.append(shapely.LineString(xy / METRES_PER_DEGREE))
    return np.array(made, object)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([50.0, 300.0]))
def test_the_tolerance_of_a_generalised_drawing_is_read_from_it(seed, tolerance):
    ways = wandering(np.random.default_rng(seed))
    coarse = simplified(ways, tolerance)
    assert tolerance_m(coarse) == pytest.approx(tolerance, rel=0.2)
    assert tolerance_m(ways) < 5


def test_on_the_ground_away_from_the_equator_a_mercator_tolerance_is_smaller():
    ways = wandering(np.random.default_rng(2))
    coarse = simplified(ways, 300)
    north = shapely.transform(coarse, lambda xy: xy / [1, 2] + [0, 60])  # as Mercator shrinks it
    assert tolerance_m(north) == pytest.approx(tolerance_m(coarse), rel=0.05)


def test_the_order_and_direction_of_ways_do_not_matter():
    ways = simplified(wandering(np.random.default_rng(4)), 100)
    assert tolerance_m(shapely.reverse(ways[::-1])) == pytest.approx(tolerance_m(ways), rel=1e-9)


def test_few_vertices_say_nothing_and_a_way_back_over_itself_is_no_error():
    ways = simplified(wandering(np.random.default_rng(2)), 100)
    assert tolerance_m(ways[:1]) == 0.0
    assert tolerance_m(np.zeros(0, object)) == 0.0
    spike = shapely.LineString([(0, 0), (0, 0.01), (0, 0)])
    assert tolerance_m(np.array([spike] * 200, object)) == pytest.approx(1113, abs=12)
