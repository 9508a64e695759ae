"""Shares and quantiles of draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.interval.estimands import interval, quantile, reached_m


@pytest.mark.parametrize("draws", [64, 256])
@pytest.mark.parametrize("p", [0.025, 0.5, 0.975])
def test_one_more_draw_falls_below_a_quantile_with_just_its_probability(draws, p):
    """Of uniform draws, one more falls below a level with that level's probability."""
    many = np.random.default_rng(1).random((20_000, draws))
    level = quantile(many, p)
    assert level.mean() == pytest.approx(p, abs=4 * level.std() / np.sqrt(len(many)) + 1e-4)


def test_an_interval_has_its_lower_end_first_and_the_mean_between():
    middle, low, high = interval(np.arange(99.0), 0.9)
    assert (middle, low, high) == pytest.approx((49.0, 4.0, 94.0))


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_length_that_reaches_is_weighed_by_segment(seed, segments):
    random = np.random.default_rng(seed)
    flags = random.random((segments, 16)) < 0.5
    length = random.choice([0.0, 37.0, 100.0], segments)
    bits = np.packbits(flags, axis=1, bitorder="little")
    np.testing.assert_allclose(reached_m(bits, length), length @ flags)
