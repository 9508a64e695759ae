"""Sums of villages and their intervals, against sums over every pair."""

import numpy as np
import pytest
from scipy.stats import norm

import villages_reference as plain
from covermap.core.villages.sums import Nested, filled, interval, settles, variances

CORRELATIONS = np.array([0.05, 0.1, 0.3, 0.6])


def country(count=14, seed=3):
    source = np.random.default_rng(seed)
    township = np.sort(source.integers(0, 6, count))
    county, province = township // 2, township // 4
    township[source.random(count) < 0.2] = -1
    code = np.column_stack([np.zeros(count, int), province, county, township])
    return Nested(code, CORRELATIONS), source.beta(0.6, 0.5, count)


def test_variances_are_those_of_every_pair_of_villages():
    nested, chance = country()
    found = variances(chance, nested)
    for level in range(4):
        column = nested.code[:, level]
        for code, value in enumerate([*range(column.max() + 1), -1]):
            members = np.flatnonzero(column == value)
            if value == -1:
                continue
            expected = plain.variance(chance, nested.code, CORRELATIONS, members)
            assert found[level][code] == pytest.approx(expected, rel=3e-3, abs=1e-6)


def test_villages_of_which_nothing_is_known_are_not_counted():
    nested, chance = country()
    chance[[2, 5]] = np.nan
    known = np.flatnonzero(~np.isnan(chance))
    expected = plain.variance(np.nan_to_num(chance), nested.code, CORRELATIONS, known)
    assert variances(chance, nested)[0][0] == pytest.approx(expected, rel=3e-3)


def test_what_measuring_a_village_settles_is_its_squared_covariance_with_all():
    nested, chance = country()
    found = settles(chance, nested)
    everyone = np.arange(len(chance))
    whole = plain.variance(chance, nested.code, CORRELATIONS, everyone)
    for i in (0, 6, 13):
        own = chance[i] * (1 - chance[i])
        rest = plain.variance(chance, nested.code, CORRELATIONS, np.delete(everyone, i))
        covariance = (whole - rest - own) / 2 + own
        assert found[i] == pytest.approx(covariance**2 / own, rel=1e-2)


def test_the_order_of_villages_does_not_matter():
    nested, chance = country(60)
    order = np.random.default_rng(1).permutation(60)
    other = variances(chance[order], Nested(nested.code[order], CORRELATIONS))
    for a, b in zip(variances(chance, nested), other, strict=True):
        assert a == pytest.approx(b, rel=1e-12)


def test_unknown_villages_are_filled_from_the_nearest_region_that_is_known():
    code = np.array([[0, 0, 0, 0]] * 4 + [[0, 0, 0, 1]] * 2 + [[0, 1, 1, 2]])
    chance = np.array([1, 1, 1, np.nan, 0.0, np.nan, np.nan])
    found = filled(chance, Nested(code, CORRELATIONS), 1.0)
    assert found[[0, 4]].tolist() == [1.0, 0.0]
    assert found[3] > 0.85
    assert found[5] < 0.5
    assert 0.5 < found[6] < 0.85
    assert filled(np.array([np.nan]), Nested(code[:1], CORRELATIONS), 1.0)[0] == 0.5


def test_intervals_hold_what_is_drawn_from_the_model():
    source = np.random.default_rng(6)
    township = np.repeat(np.arange(24), 20)
    code = np.column_stack([np.zeros(480, int), township // 12, township // 4, township])
    nested, chance = Nested(code, CORRELATIONS), source.beta(2, 1, 480)
    spread = [
        np.sqrt(np.diff(CORRELATIONS, prepend=0.0)[k]) * source.standard_normal((800, 480))[
            :, code[:, k]
        ]
        for k in range(4)
    ]  # fmt: skip
    own = np.sqrt(1 - CORRELATIONS[-1]) * source.standard_normal((800, 480))
    lit = norm.ppf(chance) + sum(spread) + own > 0
    for level, low_enough in ((0, 0.93), (1, 0.93), (2, 0.94)):
        column = code[:, level]
        size = column.max() + 1
        expected = np.bincount(column, chance, size)
        low, high = interval(
            np.bincount(column), expected, variances(chance, nested)[level][:size], 0.95
        )
        drawn = np.array([np.bincount(column, row, size) for row in lit])
        held = ((drawn >= low) & (drawn <= high)).mean()
        assert low_enough < held < 0.985
        assert (low <= expected).all()
        assert (expected <= high).all()


def test_an_interval_is_within_the_number_and_whole():
    count, expected = np.array([1, 3, 10, 0]), np.array([0.5, 3.0, 9.99, 0.0])
    low, high = interval(count, expected, np.array([0.25, 0.0, 5.0, 0.0]), 0.95)
    assert low.tolist() == [0, 3, 0, 0] or low[2] >= 0
    assert high.tolist()[0] == 1
    assert (high <= count).all()
    assert (low == np.rint(low)).all()
