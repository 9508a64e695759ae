"""The fast filter and smoothers against dense Gaussian algebra."""

from __future__ import annotations

import numpy as np
import pytest

from covermap.core.interval.filter import log_likelihood
from covermap.core.interval.line import constants_of, line_of
from covermap.core.interval.mean import smoothed_level
from covermap.core.interval.model import IntervalSettings, Priors
from covermap.core.interval.posterior import posterior_paths
from covermap.core.interval.runs import LineRuns, ordered
from interval_reference import dense, simulate

PRIORS = Priors(campaign_freedom=np.inf)
THETA = np.array(PRIORS.median)
PLAN = [(1, 7), (-1, 7), (1, 9)]


@pytest.fixture(scope="module")
def runs() -> LineRuns:
    """40 segments, the last one shorter, 3 runs in two campaigns, with gaps."""
    rng = np.random.default_rng(3)
    made = simulate(rng, 40, PLAN, THETA, PRIORS, gaps=0.3, campaign_sd=1.5).runs
    made.length_m[-1] = 37.0
    return made


def line(runs: LineRuns):
    return line_of(runs, ordered(runs, PRIORS.level_dbm), 0, PRIORS)


def arguments(runs: LineRuns, theta=THETA):
    sds = np.full(2, PRIORS.campaign_scale_db)
    return (*line(runs).observed, theta, constants_of(PRIORS), sds)


def test_the_log_likelihood_is_that_of_dense_algebra_to_13_digits(runs: LineRuns):
    for scale in (1.0, 0.5, 2.0):
        theta = THETA * scale
        expected = dense(runs, theta, PRIORS, PRIORS.campaign_scale_db).log_likelihood
        assert log_likelihood(*arguments(runs, theta)) == pytest.approx(expected, rel=1e-13)


def test_mean_and_variance_are_those_of_dense_algebra(runs: LineRuns):
    expected = dense(runs, THETA, PRIORS, PRIORS.campaign_scale_db)
    mean, variance = smoothed_level(*arguments(runs))
    np.testing.assert_allclose(
        mean, expected.mean, rtol=0, atol=1e-12 * np.abs(expected.mean).max()
    )
    np.testing.assert_allclose(variance, np.diag(expected.covariance), rtol=1e-10)


def test_drawn_paths_have_the_mean_and_covariance_of_dense_algebra(runs: LineRuns):
    expected = dense(runs, THETA, PRIORS, PRIORS.campaign_scale_db)
    draws = 16384
    made = posterior_paths(runs, -105, IntervalSettings(PRIORS), draws, levels=True).level_db
    made = made.astype(np.float64) - PRIORS.level_dbm
    sd = np.sqrt(np.diag(expected.covariance))
    assert np.abs((made.mean(axis=1) - expected.mean) / sd).max() < 4.5 / np.sqrt(draws)
    scaled = np.cov(made) / np.outer(sd, sd)
    wanted = expected.covariance / np.outer(sd, sd)
    assert np.abs(scaled - wanted).max() < 6 / np.sqrt(draws)


def test_bits_say_which_levels_reach_the_threshold(runs: LineRuns):
    threshold = float(np.median(runs.y_dbm))
    made = posterior_paths(runs, threshold, IntervalSettings(PRIORS), 64, levels=True)
    bits = np.unpackbits(made.persistent, axis=1, bitorder="little").astype(bool)
    sure = np.abs(made.level_db - threshold) > 1e-3
    assert (bits == (made.level_db >= threshold))[sure].all()
    assert 0 < bits.mean() < 1
