"""Intervals of service quality hold the truth as often as they say, with few runs, too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from covermap.core.quality.alarms import Days, alarms
from covermap.core.quality.bins import edges_of
from covermap.core.quality.clusters import (
    mean_bounds,
    mean_chance,
    ratio,
    share_bounds,
    shares,
)
from covermap.core.quality.figures import Binned, quantile_bounds

WORLDS = 1500
TESTS = 20


def sizes(rng, runs, unequal):
    """Tests of each run of each world: alike, or from a third to three times as many."""
    spread = np.exp(rng.normal(0, 0.7 if unequal else 0, (WORLDS, runs)))
    return np.maximum(1, np.rint(TESTS * spread)).astype(np.int64)


def group_of(n):
    return np.repeat(np.arange(len(n)), n.shape[1])


def rates(rng, n, run_sd, test_sd=0.6):
    """Sums of lognormal rates of each run, Mbit/s, and their true mean."""
    total = np.zeros(n.shape)
    run = rng.normal(0, run_sd, n.shape)
    for at in np.ndindex(n.shape):
        total[at] = np.exp(np.log(100) + run[at] + rng.normal(0, test_sd, n[at])).sum()
    return total, 100 * np.exp((run_sd**2 + test_sd**2) / 2)


@pytest.mark.slow
@pytest.mark.parametrize("run_sd", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("runs", [3, 5, 10, 25])
def test_intervals_of_mean_rates_hold_the_truth(runs, run_sd):
    rng = np.random.default_rng([runs, int(10 * run_sd)])
    n = sizes(rng, runs, unequal=False)
    total, truth = rates(rng, n, run_sd)
    of = ratio(group_of(n), WORLDS, n.ravel(), total.ravel())
    low, high = mean_bounds(of, 0.95)
    held = ((low <= truth) & (truth <= high)).mean()
    assert 0.92 <= held <= 0.97  # 1,500 worlds: 0.56 % standard error
    chance = mean_chance(of, np.full(WORLDS, truth))
    assert abs(chance.mean() - 0.5) < 0.06  # runs of lognormal rates: the mean is mostly too low
    assert ((chance > 0.025) & (chance < 0.975)).mean() == pytest.approx(held)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 5, 10, 25])
def test_runs_of_unequal_size_make_intervals_rather_too_wide(runs):
    rng = np.random.default_rng(runs)
    n = sizes(rng, runs, unequal=True)
    total, truth = rates(rng, n, 0.3)
    low, high = mean_bounds(ratio(group_of(n), WORLDS, n.ravel(), total.ravel()), 0.95)
    assert 0.94 <= ((low <= truth) & (truth <= high)).mean() <= 0.99


@pytest.mark.slow
def test_an_interval_that_takes_every_test_for_itself_is_false():
    rng = np.random.default_rng(1)
    n = sizes(rng, 8, unequal=False)
    total, truth = rates(rng, n, 0.3)
    mean = total.sum(1) / n.sum(1)
    error = truth * np.sqrt(np.exp(0.3**2 + 0.6**2) - 1) / np.sqrt(n.sum(1))
    held = (np.abs(mean - truth) < 1.96 * error).mean()
    assert held < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("alike", [0.02, 0.2])
@pytest.mark.parametrize("truth", [0.5, 0.9, 0.97])
@pytest.mark.parametrize("runs", [5, 15, 40])
def test_intervals_of_shares_hold_the_truth(runs, truth, alike):
    """`alike`: correlation of tests in a run."""
    rng = np.random.default_rng([runs, int(100 * truth), int(100 * alike)])
    n = sizes(rng, runs, unequal=False)
    strength = 1 / alike - 1
    met = rng.binomial(n, rng.beta(truth * strength, (1 - truth) * strength, n.shape))
    of = shares(group_of(n), WORLDS, n.ravel(), met.ravel())
    low, high = share_bounds(of, 0.95)
    held = ((low <= truth) & (truth <= high)).mean()
    # of a share near 1 few runs show how runs differ: the interval is wide then
    assert 0.925 <= held <= (0.97 if truth == 0.5 and runs > 5 else 1)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "runs"), [(0.5, 5), (0.5, 20), (0.95, 12), (0.95, 40)])
def test_intervals_of_quantiles_hold_the_truth(share, runs):
    rng = np.random.default_rng([runs, int(100 * share)])
    worlds, run_sd, test_sd = 400, 0.2, 0.3
    value = np.exp(
        np.log(50_000) + rng.normal(0, run_sd, (worlds, runs, 1))
        + rng.normal(0, test_sd, (worlds, runs, TESTS))
    )  # fmt: skip
    value = value.ravel().astype(np.int64)
    group = np.repeat(np.arange(worlds), runs * TESTS)
    cluster = np.repeat(np.arange(worlds * runs), TESTS)
    edge = edges_of(value, upper=True)
    order = np.lexsort((edge, group))
    ones = np.ones(len(value), np.int64)
    _, low, high = quantile_bounds(
        Binned(worlds, group[order], cluster[order], edge[order], ones, value[order]), share, 0.95
    )
    truth = np.exp(np.log(50_000) + stats.norm.ppf(share) * np.hypot(run_sd, test_sd))
    missed = (low > truth).mean() + (high < truth).mean()  # no end: no miss
    assert 0.005 <= missed <= 0.08
    assert np.isnan(high).mean() < 0.05 or share > 0.9


def a_year_of_days(rng, kind, devices=1500, days=365):
    if kind == "heavy":
        return rng.standard_t(4, (devices, days))
    value = rng.normal(size=(devices, days))
    if kind == "like the day before":
        for day in range(1, days):
            value[:, day] = 0.3 * value[:, day - 1] + np.sqrt(1 - 0.09) * value[:, day]
    return value


def watched(value):
    devices, days = value.shape
    told = Days(np.repeat(np.arange(devices), days), np.tile(np.arange(days), devices),
                value.ravel())  # fmt: skip
    return alarms(told, np.full(devices, 1e-9), falling=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "stated"), [("normal", 0.05), ("heavy", 0.12), ("like the day before", 0.35)]
)
def test_false_alarms_are_as_rare_as_is_stated(kind, stated):
    value = a_year_of_days(np.random.default_rng(7), kind)
    rate = len(watched(value).first) / len(value)
    assert 0.5 * stated < rate < 1.3 * stated


@pytest.mark.slow
def test_a_fall_by_two_deviations_is_found_within_days():
    value = a_year_of_days(np.random.default_rng(8), "normal", days=120)
    value[:, 60:] -= 2
    found = watched(value)
    delay = found.raised % 120 - 60
    first = np.full(len(value), 1000)
    np.minimum.at(first, found.raised[delay >= 0] // 120, delay[delay >= 0])
    assert (first < 60).mean() > 0.97
    assert np.median(first) <= 5
    assert np.quantile(first, 0.9) <= 11
