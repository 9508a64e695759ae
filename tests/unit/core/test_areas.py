"""Covered shares of polygons, against sums over every pair of cells."""

import numpy as np
import pytest

import villages_reference as plain
from covermap.core.areas import add_cells, no_sums, shares_of

ALIKE, AROUND, NEAR = 0.1, 0.3, 0.8


def cells(count=16, seed=1):
    source = np.random.default_rng(seed)
    near = np.sort(source.integers(0, 8, count))
    return near // 3, near, source.uniform(0.5, 2, count), source.beta(1, 0.7, count)


def weighted_variance(weight, chance, codes, members):
    total = sum(weight[i] ** 2 * chance[i] * (1 - chance[i]) for i in members)
    for i in members:
        for j in members:
            if i < j:
                shared = ALIKE
                for level, strength in ((0, AROUND), (1, NEAR)):
                    shared = strength if codes[level][i] == codes[level][j] else shared
                both = plain.together(chance[i], chance[j], shared)
                total += 2 * weight[i] * weight[j] * (both - chance[i] * chance[j])
    return total


def test_the_variance_is_that_of_every_pair_and_parts_add_up():
    around, near, weight, chance = cells()
    area = np.where(np.arange(16) < 11, 0, 1)
    nested = [(around, AROUND), (near, NEAR)]
    whole = add_cells(area, weight, chance, nested, ALIKE, 3)
    powers = ALIKE ** np.arange(1, whole.total.shape[1] + 1)
    variance = whole.within + (whole.total**2 - whole.squares) @ powers
    for number in (0, 1):
        members = np.flatnonzero(area == number)
        expected = weighted_variance(weight, chance, (around, near), members)
        assert variance[number] == pytest.approx(expected, rel=2e-2)  # 12 terms at 0.8
    parts = no_sums(3)
    for part in (around < 1, around >= 1):
        own = [(code[part], strength) for code, strength in nested]
        parts = parts + add_cells(area[part], weight[part], chance[part], own, ALIKE, 3)
    for name in ("weight", "expected", "within", "total", "squares"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))
    assert whole.weight[2] == variance[2] == 0.0


def test_what_nobody_measured_may_be_all_bad_and_all_good_or_is_left_out():
    chance, weight = np.full(40, 0.97), np.ones(40)
    sums = add_cells(np.zeros(40, int), weight, chance, [(np.arange(40), NEAR)], 0.01, 2)
    whole = np.array([50.0, 10.0])
    bounded = shares_of(sums, whole, 0.01, 0.95, bounded=True)
    excluded = shares_of(sums, whole, 0.01, 0.95, bounded=False)
    assert bounded.expected[0] == pytest.approx(0.97)
    assert bounded.low[0] < 0.97 < bounded.high[0]
    assert bounded.whole_low[0] == pytest.approx(0.8 * bounded.low[0])
    assert bounded.whole_high[0] == pytest.approx(0.8 * bounded.high[0] + 0.2)
    assert excluded.whole_low[0] == bounded.low[0]
    assert np.isnan(bounded.expected[1])
    assert bounded.answers(0.95).tolist() == ["undetermined", "undetermined"]
    assert bounded.answers(0.6).tolist()[0] == "pass"
    assert excluded.answers(0.98).tolist()[0] == "undetermined"
    poor = add_cells(np.zeros(40, int), weight, 0 * chance + 0.01, [], 0.01, 1)
    assert shares_of(poor, np.array([41.0]), 0.01, 0.95, bounded=True).answers(0.95) == ["fail"]
