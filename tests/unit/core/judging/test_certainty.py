import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from covermap.core.judging.certainty import (
    Observed,
    Spread,
    level_needed_dbm,
    observed_in_runs,
    posterior,
    probability,
)

SPREAD = Spread(-97.0, 10.0, 1.9, 4.9, 3.7)


def seen(mean, n=1, runs=1, campaigns=1):
    return Observed(*(np.atleast_1d(np.array(x)) for x in (mean, n, runs, campaigns)))


def test_the_posterior_equals_dense_gaussian_algebra():
    """Condition the level on three runs in two campaigns, in full; the model is the same only when
    runs have equal samples and campaigns equal runs, so take 2 campaigns x 1 run x 4 samples."""
    variances = {"campaign": 1.9**2, "run": 4.9**2, "sample": 3.7**2}
    size = 8
    campaign = np.repeat([0, 1], 4)
    same = campaign[:, None] == campaign[None, :]
    covariance = np.full((size, size), 10.0**2)
    covariance += same * (variances["campaign"] + variances["run"])
    covariance += np.eye(size) * variances["sample"]
    y = np.array([-101.0, -99, -98, -100, -95, -97, -96, -94])
    gain = np.full(size, 10.0**2) @ np.linalg.inv(covariance)
    mean = -97.0 + gain @ (y + 97.0)
    variance = 10.0**2 - gain @ np.full(size, 10.0**2)
    got_mean, got_sd = posterior(seen(y.mean(), 8, 2, 2), SPREAD)
    assert got_mean[0] == pytest.approx(mean, abs=1e-9)
    assert got_sd[0] == pytest.approx(variance**0.5, abs=1e-9)


def test_an_unseen_place_keeps_the_prior_and_has_no_probability():
    mean, sd = posterior(seen(np.nan, 0, 0, 0), SPREAD)
    assert (mean[0], sd[0]) == (-97.0, 10.0)
    assert np.isnan(probability(seen(np.nan, 0, 0, 0), -105.0, SPREAD)[0])


@given(st.floats(-140, -60), st.integers(1, 50), st.integers(1, 5), st.integers(1, 3))
def test_more_evidence_never_widens_and_a_higher_level_is_never_less_sure(mean, n, runs, groups):
    before = posterior(seen(mean, n, runs, groups), SPREAD)[1][0]
    for more in ((n + 1, runs, groups), (n, runs + 1, groups), (n, runs, groups + 1)):
        assert posterior(seen(mean, *more), SPREAD)[1][0] <= before
    low = probability(seen(mean, n, runs, groups), -105.0, SPREAD)[0]
    high = probability(seen(mean + 1, n, runs, groups), -105.0, SPREAD)[0]
    assert 0 <= low <= high <= 1


def test_probabilities_are_true_frequencies_when_the_model_is_true():
    rng = np.random.default_rng(7)
    many = 40_000
    level = rng.normal(SPREAD.prior_mean_dbm, SPREAD.prior_sd_db, many)
    shown = level + rng.normal(0, SPREAD.campaign_sd_db, many)
    shown += rng.normal(0, SPREAD.run_sd_db / 2**0.5, many)
    shown += rng.normal(0, SPREAD.sample_sd_db / 10**0.5, many)
    ones = np.ones(many, np.int64)
    p = probability(Observed(shown, 10 * ones, 2 * ones, ones), -105.0, SPREAD)
    for low in np.arange(0, 1, 0.1):
        inside = (p >= low) & (p < low + 0.1)
        assert (level[inside] >= -105.0).mean() == pytest.approx(p[inside].mean(), abs=0.04)


@pytest.mark.parametrize(
    ("rule", "number", "z"),
    [
        ("mean", None, 0.0),
        ("share", 0.95, norm.ppf(0.95)),
        ("share", 0.5, 0.0),
        ("quantile", 0.05, norm.ppf(0.95)),
        ("share", 1.0, norm.ppf(0.999)),
        ("quantile", 1.0, norm.ppf(0.001)),
    ],
)
def test_the_level_needed_leaves_the_rules_share_above_the_threshold(rule, number, z):
    assert level_needed_dbm(-105.0, rule, number, SPREAD.sample_sd_db) == pytest.approx(
        -105 + z * 3.7
    )


def test_runs_weigh_the_same_whatever_their_samples():
    found = observed_in_runs(
        np.array([0, 0, 2, 2]),
        np.array([1, 1, 1, 2]),
        np.array([1, 9, 2, 0]),
        np.array([-100.0, -90.0 * 9, -80.0 * 2, 0.0]),
        3,
    )
    assert found.mean_dbm[0] == -95.0
    assert np.isnan(found.mean_dbm[1])
    assert found.mean_dbm[2] == -80.0
    assert found.n.tolist() == [10, 0, 2]
    assert found.runs.tolist() == [2, 0, 1]
    assert found.campaigns.tolist() == [1, 0, 1]
