"""Draws of theta around its fit."""

import numpy as np

from covermap.core.interval.fit import BOUND, laplace_draws
from covermap.core.interval.model import PARAMETERS

SIZE = len(PARAMETERS)


def test_draws_of_theta_have_the_covariance_that_the_factor_stands_for():
    random = np.random.default_rng(0)
    covariance = 0.01 * np.cov(
        random.normal(size=(SIZE, 3 * SIZE)) * np.arange(1, SIZE + 1)[:, None]
    )
    best = np.linspace(-1, 1, SIZE)
    draws = laplace_draws(best, np.linalg.cholesky(covariance), random.normal(size=(200_000, SIZE)))
    np.testing.assert_allclose(draws.mean(axis=0), best, atol=0.01)
    sd = np.sqrt(np.diag(covariance))
    off = (np.cov(draws.T) - covariance) / np.outer(sd, sd)
    assert np.abs(off).max() < 0.02


def test_no_draw_leaves_the_bounds():
    draws = laplace_draws(np.full(SIZE, 3.9), np.eye(SIZE) * 9, np.eye(SIZE))
    assert draws.max() == BOUND
    assert (np.abs(draws) <= BOUND).all()
