"""The fast filter and smoothers against dense Gaussian algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from covermap.core.interval.filter import Kept, filtered
from covermap.core.interval.fit import scored
from covermap.core.interval.line import constants_of, line_of, thinned
from covermap.core.interval.model import PARAMETERS, IntervalSettings, Priors, stationary, theta_of
from covermap.core.interval.posterior import posterior_paths
from covermap.core.interval.runs import LineRuns, Seen, ordered
from covermap.core.interval.smoother import smooth_mean
from interval_reference import dense, simulate, smoothed_variance

PRIORS = Priors(campaign_freedom=np.inf)
THETA = np.array(PRIORS.median)
POOLED = IntervalSettings(PRIORS, fit="pooled", pooled_spread=0.0)
PLAN = [(1, 7), (-1, 7), (1, 9)]


@pytest.fixture(scope="module")
def runs() -> LineRuns:
    """40 segments, the last one shorter, 3 runs in two campaigns, with gaps."""
    rng = np.random.default_rng(3)
    made = simulate(rng, 40, PLAN, THETA, PRIORS, gaps=0.3, campaign_sd=1.5).runs
    made.length_m[-1] = 37.0
    return made


def seen_of(runs: LineRuns) -> Seen:
    return line_of(runs, ordered(runs, PRIORS.level_dbm), 0, PRIORS).seen


def kept_of(seen: Seen, theta: np.ndarray) -> tuple[Kept, np.ndarray, np.ndarray]:
    """What the filter keeps, in double precision, and sd and length of the states."""
    sds = np.full(seen.sizes[1], PRIORS.campaign_scale_db)
    sd, length_km = stationary(seen.sizes, theta, constants_of(PRIORS), sds)
    segments, observed = len(seen.first) - 1, len(seen.y_db)
    kept = Kept(
        np.empty(observed), np.empty(observed), np.empty((observed, len(sd))),
        np.empty((segments, 2, len(sd))), np.empty((segments, 2)),
    )  # fmt: skip
    filtered(seen, theta, constants_of(PRIORS), sds, kept)
    return kept, sd, length_km


def log_likelihood(seen: Seen, theta: np.ndarray) -> float:
    kept, *_ = kept_of(seen, theta)
    logs = np.log(2 * np.pi * kept.variance)
    return float(-0.5 * (logs + kept.error**2 / kept.variance).sum())


def test_the_log_likelihood_is_that_of_dense_algebra_to_13_digits(runs: LineRuns):
    for scale in (1.0, 0.5, 2.0):
        expected = dense(runs, THETA * scale, PRIORS, PRIORS.campaign_scale_db).log_likelihood
        assert log_likelihood(seen_of(runs), THETA * scale) == pytest.approx(expected, rel=1e-13)


def test_mean_and_variance_are_those_of_dense_algebra(runs: LineRuns):
    expected, seen = dense(runs, THETA, PRIORS, PRIORS.campaign_scale_db), seen_of(runs)
    kept, sd, length_km = kept_of(seen, THETA)
    smooth_mean(seen, sd, length_km, kept)
    for found, wanted in zip(
        kept.mean.T, (expected.mean, expected.campaign_mean), strict=True
    ):  # the persistent level, and that during both campaigns
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())
    variance = smoothed_variance(seen, length_km, kept)
    np.testing.assert_allclose(variance, np.diag(expected.covariance), rtol=1e-10)


def test_the_slope_is_that_of_the_log_likelihood_and_the_information_its_expectation():
    """Information: variance of the slope over data drawn from theta itself."""
    rng, size, shift = np.random.default_rng(8), len(PARAMETERS), 1e-4
    at = theta_of(np.vstack([np.zeros(size), shift * np.eye(size)]), PRIORS)
    slopes, informations, sds = [], [], np.full(2, PRIORS.campaign_scale_db)
    for _ in range(400):
        made = simulate(rng, 60, PLAN, THETA, PRIORS, campaign_sd=PRIORS.campaign_scale_db)
        seen = seen_of(made.runs)
        slope, information = scored(seen, at, shift, constants_of(PRIORS), sds)
        slopes.append(slope)
        informations.append(information)
    there = [log_likelihood(seen, theta) for theta in at]
    risen = (np.array(there[1:]) - there[0]) / shift
    np.testing.assert_allclose(slope, risen, atol=1e-2)
    mean = np.mean(informations, axis=0)
    ratio = np.var(slopes, axis=0) / np.diag(mean)
    assert 0.75 < ratio.min() <= ratio.max() < 1.3


def test_blocks_of_a_thinned_line_lie_where_they_lay(runs: LineRuns):
    """The likelihood of what is left is that of dense algebra on it."""
    seen = thinned(seen_of(runs), 20, block=5)
    kept = np.arange(40) // 5 % 2 == 0
    at = kept[runs.segment]
    fields = ("y_dbm", "segment", "run", "n", "direction", "campaign", "censored")
    part = LineRuns(runs.line, runs.key, runs.length_m, *(getattr(runs, f)[at] for f in fields))
    expected = dense(part, THETA, PRIORS, PRIORS.campaign_scale_db).log_likelihood
    assert log_likelihood(seen, THETA) == pytest.approx(expected, rel=1e-13)


def test_drawn_paths_have_the_mean_and_covariance_of_dense_algebra(runs: LineRuns):
    expected = dense(runs, THETA, PRIORS, PRIORS.campaign_scale_db)
    draws = 16384
    made = posterior_paths(runs, -105, POOLED, draws, levels=True).level_db
    made = made.astype(np.float64) - PRIORS.level_dbm
    sd = np.sqrt(np.diag(expected.covariance))
    assert np.abs((made.mean(axis=1) - expected.mean) / sd).max() < 4.5 / np.sqrt(draws)
    scaled = np.cov(made) / np.outer(sd, sd)
    wanted = expected.covariance / np.outer(sd, sd)
    assert np.abs(scaled - wanted).max() < 6 / np.sqrt(draws / 2)  # pairs about the mean


@pytest.mark.parametrize("samples", [3.0, 0.2])
def test_draws_during_campaigns_and_of_a_further_drive_are_those_of_dense_algebra(
    runs: LineRuns, samples: float
):
    """Per segment how often the threshold is reached, and how much the share varies.

    With a fifth of a sample a segment the noise of samples is most of what a drive shows.
    """
    expected, draws = dense(runs, THETA, PRIORS, PRIORS.campaign_scale_db), 16384
    rng, threshold = np.random.default_rng(2), float(np.median(runs.y_dbm))
    settings = replace(POOLED, drive_samples=samples)
    made = posterior_paths(runs, threshold, settings, draws)
    noise = (THETA[9] + PRIORS.sample_db2 / samples) * np.eye(40)
    drive = expected.covariance + expected.further + noise
    for bits, mean, covariance in (
        (made.campaign, expected.campaign_mean, expected.campaign_covariance),
        (made.drive, expected.mean, drive),
    ):
        reached = np.unpackbits(bits, axis=1, bitorder="little").astype(bool)
        margin = (PRIORS.level_dbm + mean - threshold) / np.sqrt(np.diag(covariance))
        assert np.abs(reached.mean(axis=1) - ndtr(margin)).max() < 4.5 * 0.5 / np.sqrt(draws / 2)
        plain = rng.multivariate_normal(PRIORS.level_dbm + mean, covariance, 8 * draws)
        spread = (plain >= threshold).mean(axis=1).std()
        assert reached.mean(axis=0).std() == pytest.approx(spread, rel=0.03)


def test_bits_say_which_levels_reach_the_threshold(runs: LineRuns):
    threshold = float(np.median(runs.y_dbm))
    made = posterior_paths(runs, threshold, POOLED, 64, levels=True)
    bits = np.unpackbits(made.persistent, axis=1, bitorder="little").astype(bool)
    sure = np.abs(made.level_db - threshold) > 1e-3
    assert (bits == (made.level_db >= threshold))[sure].all()
    assert 0 < bits.mean() < 1
