"""Bins, quantiles, means and shares of clustered tests, beside plain slow references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from covermap.core.quality.bins import edges_of
from covermap.core.quality.clusters import (
    mean_bounds,
    mean_chance,
    ratio,
    share_bounds,
    share_chance,
    shares,
)
from covermap.core.quality.figures import Binned, extremes, quantile, quantile_bounds


def binned(*groups):
    """Counts of groups; a group is a list of clusters, a cluster a list of what tests measured."""
    rows, cluster = [], 0
    for number, clusters in enumerate(groups):
        for values in clusters:
            rows += [(number, int(edge), cluster, int(v)) for v, edge in
                     zip(values, edges_of(np.array(values, np.int64)), strict=True)]  # fmt: skip
            cluster += 1
    rows.sort()
    group, edge, own, total = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    return Binned(len(groups), group, own, edge, np.ones(len(rows), np.int64), total)


@given(st.lists(st.integers(0, 10**14), min_size=1), st.integers(0, 999), st.integers(0, 11))
def test_a_standard_of_three_digits_is_answered_exactly_by_bins(values, digits, power):
    standard, values = digits * 10**power, np.array(values, np.int64)
    assert ((edges_of(values) >= standard) == (values >= standard)).all()
    assert ((edges_of(values, upper=True) <= standard) == (values <= standard)).all()


@given(st.integers(0, 10**14))
def test_a_bin_is_at_most_one_percent_wide(value):
    low, high = (edges_of(np.array([value], np.int64), upper=u)[0] for u in (False, True))
    assert low <= value <= high <= low + max(1, low / 100)


def plain_interval(n, total):
    """Take mean, standard error and degrees of freedom by matrices."""
    n, total = np.array(n, float), np.array(total, float)
    share, mean = n / n.sum(), total.sum() / n.sum()
    error = np.sqrt((((total - mean * n) ** 2) / (1 - share)).sum()) / n.sum()
    leave = np.eye(len(n)) - np.outer(share, np.ones(len(n)))
    form = leave.T @ np.diag(1 / (1 - share)) @ leave @ np.diag(share**2)
    return mean, error, np.trace(form) ** 2 / np.trace(form @ form)


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(1, 1000)), min_size=2, max_size=9))
def test_means_of_groups_are_those_of_matrices(clusters):
    n, rate = map(np.array, zip(*clusters, strict=True))
    total = n * rate
    mean, error, df = plain_interval(n, total)
    of = ratio(np.zeros(len(n), np.int64), 1, n, total)
    assert of.value[0] == pytest.approx(mean)
    assert np.sqrt(of.variance[0]) == pytest.approx(error, abs=1e-6 * mean)
    assert of.df[0] == pytest.approx(df)
    if error > 1e-6 * mean:
        low, high = mean_bounds(of, 0.9)
        reach = stats.t.ppf(0.95, df) * error / mean
        assert (low[0], high[0]) == pytest.approx((mean * np.exp(-reach), mean * np.exp(reach)))
        chance = mean_chance(of, low)
        assert chance[0] == pytest.approx(0.95)


def test_clusters_of_one_size_have_the_t_interval_of_their_means():
    of = ratio(np.zeros(5, np.int64), 1, np.full(5, 7), 7 * np.array([3.0, 4, 5, 6, 7]))
    assert of.df[0] == pytest.approx(4)
    assert np.sqrt(of.variance[0]) == pytest.approx(np.std([3, 4, 5, 6, 7], ddof=1) / np.sqrt(5))


def test_groups_are_apart_from_each_other():
    group, n = np.array([0, 2, 0, 2, 2]), np.array([3, 5, 2, 7, 1])
    total = np.array([30.0, 5, 12, 9, 4])
    both = ratio(group, 3, n, total)
    for number in (0, 2):
        own = group == number
        one = ratio(np.zeros(own.sum(), np.int64), 1, n[own], total[own])
        assert both.value[number] == one.value[0]
        assert both.variance[number] == pytest.approx(one.variance[0])
        assert both.df[number] == pytest.approx(one.df[0])
    assert np.isnan(both.value[1])
    assert both.tests.tolist() == [5, 0, 13]


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_one_run_says_nothing_of_how_runs_differ(rate):
    of = shares(np.array([0]), 1, np.array([1000]), np.array([int(1000 * rate)]))
    assert of.own.value[0] == rate
    assert np.isnan(share_bounds(of, 0.95)).all()
    assert np.isnan(share_chance(of, np.array([0.5]))).all()
    mean = ratio(np.array([0]), 1, np.array([1000]), np.array([5.0]))
    assert np.isnan(mean_bounds(mean, 0.95)).all()


def test_means_that_do_not_vary_at_all_have_no_interval():
    of = ratio(np.zeros(3, np.int64), 1, np.array([5, 5, 5]), np.zeros(3))
    assert of.value[0] == 0
    assert np.isnan(mean_bounds(of, 0.95)).all()


def test_all_tests_of_few_runs_passing_is_not_certainty():
    of = shares(np.zeros(4, np.int64), 1, np.full(4, 250), np.full(4, 250))
    low, high = share_bounds(of, 0.95)
    assert low[0] == pytest.approx(stats.beta.ppf(0.025, 4, 1))  # as four tests, not as 1,000
    assert high[0] == 1
    none = share_bounds(shares(np.zeros(4, np.int64), 1, np.full(4, 250), np.zeros(4, int)), 0.95)
    assert (none[0][0], none[1][0]) == pytest.approx((0, 1 - low[0]))
    chance = share_chance(of, np.array([0.95]))[0]
    assert chance == pytest.approx(stats.beta.sf(0.95, 4.5, 0.5))


def test_runs_of_equal_shares_count_as_one_test_each():
    of = shares(np.zeros(10, np.int64), 1, np.full(10, 100), np.full(10, 50))
    low, high = share_bounds(of, 0.95)
    assert high[0] - low[0] > 0.5


def test_a_share_holds_both_itself_and_what_is_hedged():
    met = np.array([20, 20, 19, 20, 15])
    of = shares(np.zeros(5, np.int64), 1, np.full(5, 20), met)
    low, high = share_bounds(of, 0.95)
    assert low[0] < of.hedged.value[0] < of.own.value[0] == met.sum() / 100 < high[0] < 1
    assert 0.3 < share_chance(of, np.array([0.95]))[0] < 0.6
    assert share_chance(of, low)[0] > 0.97


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_are_those_of_sorted_tests(values, share):
    some = binned([[1]], [values], [[7]])
    k = max(1, int(np.ceil(share * len(values) - 1e-9 * len(values))))
    expected = edges_of(np.sort(np.array(values, np.int64))[k - 1 : k])[0]
    assert quantile(some, np.full(3, share)).tolist() == [1, expected, 7]


def plain_ends(clusters, share, confidence):
    """Try every value: those at or below which the share may lie."""
    values = sorted({v for one in clusters for v in one})
    n = np.array([len(one) for one in clusters])
    kept = []
    for value in values:
        met = np.array([sum(v <= value for v in one) for one in clusters])
        low, high = share_bounds(shares(np.zeros(len(n), np.int64), 1, n, met), confidence)
        kept.append((high[0] >= share, low[0] > share))
    first = next((v for v, (maybe, _) in zip(values, kept, strict=True) if maybe), None)
    last = next((v for v, (_, surely) in zip(values, kept, strict=True) if surely), None)
    return None if first == values[0] else first, last


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_ends_of_quantiles_are_those_found_by_trying_every_value(share):
    rng = np.random.default_rng(4)
    groups = [
        [rng.integers(10, 900, rng.integers(3, 30)).tolist() for _ in range(runs)]
        for runs in (6, 12, 40)
    ]
    _, low, high = quantile_bounds(binned(*groups), share, 0.9)
    for number, clusters in enumerate(groups):
        first, last = plain_ends(clusters, share, 0.9)
        assert first is None if np.isnan(low[number]) else first == low[number]
        assert last is None if np.isnan(high[number]) else last == high[number]
    assert np.isfinite(high[2]) or share > 0.9


def test_a_high_percentile_of_few_runs_has_no_upper_end():
    rng = np.random.default_rng(5)
    value, low, high = quantile_bounds(
        binned([rng.integers(10, 900, 40).tolist() for _ in range(5)]), 0.95, 0.95
    )
    assert low[0] < value[0]
    assert np.isnan(high[0])


def test_one_test_of_10_gbit_among_a_thousand_is_told_and_kept_in_the_mean():
    rng = np.random.default_rng(6)
    rates = rng.normal(200e6, 40e6, 1000).astype(np.int64)
    some = binned([rates.tolist()], [[*rates.tolist(), 10_000_000_000]])
    found = extremes(some)
    assert found.count.tolist() == [0, 1]
    assert found.largest[1] == 10e9
    assert found.mean_without[1] == pytest.approx(rates.mean())
    mean = some.ratio(some.total).value
    assert mean[1] - mean[0] == pytest.approx((10e9 - rates.mean()) / 1001)


@pytest.mark.parametrize("rates", [[5], [5, 90], [0] * 39 + [400], [1, 2, 4, 8, 16, 32]])
def test_few_tests_or_failed_ones_do_not_make_a_good_one_stand_out(rates):
    clusters = [[r * 1000 for r in rates]]
    expected = int(len(rates) == 2)  # 90 beside 5: told, for what it is worth
    assert extremes(binned(clusters)).count.tolist() == [expected]
