"""What got worse beyond noise: the right share of false alarms, and real drops found."""

import numpy as np
import pytest
from scipy.special import ndtri

from covermap.core.changes import discoveries, p_no_drop

Z = ndtri(0.975)


def seen(rng, truth, sd):
    """Estimates of a truth, and the ends of their 95 % intervals."""
    found = truth + sd * rng.standard_normal(len(truth))
    return found, found - Z * sd, found + Z * sd


def told(rng, before, after, sd):
    a, low, _ = seen(rng, before, sd)
    b, _, high = seen(rng, after, sd)
    return discoveries(p_no_drop(a, low, b, high, 0.95), 0.05)


def test_where_nothing_changed_one_comparison_in_twenty_tells_anything():
    rng = np.random.default_rng(7)
    truth = rng.uniform(0.5, 0.9, 200)
    alarms = sum(told(rng, truth, truth, 0.02).any() for _ in range(1000))
    assert 30 <= alarms <= 72  # 50 expected, standard deviation 7


def test_of_what_is_told_one_in_twenty_at_most_is_noise_and_real_drops_are_found():
    rng = np.random.default_rng(8)
    truth = rng.uniform(0.5, 0.9, 300)
    fell = np.arange(300) < 30
    shares, found = [], []
    for _ in range(200):
        flags = told(rng, truth, truth - 0.12 * fell, 0.02)
        shares.append((flags & ~fell).sum() / max(1, flags.sum()))
        found.append((flags & fell).mean() * 10)
    assert np.mean(shares) <= 0.055
    assert np.mean(found) > 0.9


def test_what_rose_is_never_told():
    rng = np.random.default_rng(9)
    truth = rng.uniform(0.3, 0.6, 100)
    assert not told(rng, truth, truth + 0.3, 0.02).any()


def test_missing_figures_have_no_probability_and_are_not_told():
    nan, one = np.array([np.nan, 0.9]), np.array([0.9, 0.9])
    p = p_no_drop(nan, one - 0.1, one - 0.5, one, 0.95)
    assert np.isnan(p[0])
    assert not np.isnan(p[1])
    assert discoveries(p, 0.05)[0] == False  # noqa: E712 - a numpy flag


def test_figures_without_any_spread_fell_or_did_not():
    before, after = np.array([0.5, 0.5, 0.5]), np.array([0.4, 0.5, 0.6])
    assert p_no_drop(before, before, after, after, 0.95).tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("seed", range(5))
def test_discoveries_are_those_of_the_plain_rule(seed):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0, 1, 40) ** 3
    p[rng.integers(0, 40, 5)] = np.nan
    known = np.sort(p[~np.isnan(p)])
    passing = [k for k, value in enumerate(known, 1) if value <= k / len(known) * 0.1]
    expected = p <= known[passing[-1] - 1] if passing else np.zeros(40, bool)
    assert discoveries(p, 0.1).tolist() == expected.tolist()


def test_nothing_to_choose_from_gives_nothing():
    assert discoveries(np.zeros(0), 0.05).tolist() == []
    assert discoveries(np.array([np.nan]), 0.05).tolist() == [False]
