"""Fit of theta to one line, and draws of it: Fisher scoring and Laplace's approximation.

With v the errors of the filter's predictions, F their variances and ' a derivative by u::

    slope        1/2 sum (F'/F) (v^2/F - 1) - sum v' v / F - u
    information  sum v' v'^T / F + 1/2 sum F' F'^T / F^2 + I

(Harvey, Forecasting, structural time series models and the Kalman filter, 3.4; the last terms are
the prior's, standard normal in u). Both need one filter pass more than there are parameters, and
the information is positive definite wherever it is taken: a step solves one linear system, and its
inverse is the covariance of u given the line.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.filter import Kept, filtered
from covermap.core.interval.line import constants_of, thinned
from covermap.core.interval.model import PARAMETERS, Priors, theta_of
from covermap.core.interval.runs import Seen

Floats = NDArray[np.float64]

BOUND = 4.0
"""u stays within this many prior standard deviations."""
LONGEST_STEP = 1.5
"""In one step of scoring, no coordinate of u moves further."""
STEPS = 3
SEGMENTS = 400
"""Of a longer line, blocks spread over it are fitted, this many segments in all."""
_SHIFT = 1e-4


def fitted(seen: Seen, priors: Priors, campaign_sd: Floats) -> tuple[Floats, Floats]:
    """Give the most probable u, and a factor of its covariance: ``u + factor @ normals``."""
    seen, constants = thinned(seen, SEGMENTS), constants_of(priors)
    size = len(PARAMETERS)
    u, shifts = np.zeros(size), np.vstack([np.zeros(size), np.eye(size) * _SHIFT])
    information = np.eye(size)
    for _ in range(STEPS):
        thetas = theta_of(u + shifts, priors)
        slope, information = scored(seen, thetas, _SHIFT, constants, campaign_sd)
        information += np.eye(size)
        step = np.linalg.solve(information, slope - u)
        u = np.clip(u + np.clip(step, -LONGEST_STEP, LONGEST_STEP), -BOUND, BOUND)
    return u, np.linalg.cholesky(np.linalg.inv(information))


def laplace_draws(best: Floats, factor: Floats, normals: Floats) -> Floats:
    """Turn standard normals (draws x parameters) into draws of u around the best one."""
    return np.clip(best + normals @ factor.T, -BOUND, BOUND)


@njit(cache=True, error_model="numpy")
def scored(
    seen: Seen, thetas: Floats, shift: float, constants: Floats, campaign_sd: Floats
) -> tuple[Floats, Floats]:
    """Give slope and information of the log-likelihood in u.

    `thetas` holds theta at u, then with each coordinate of u raised by `shift` in its turn.
    """
    count, observed = len(thetas), len(seen.y_db)
    error, variance = np.empty((count, observed)), np.empty((count, observed))
    none, no_reach = np.empty((0, 0)), np.empty((0, 0, 0))
    for k in range(count):
        kept = Kept(error[k], variance[k], none, no_reach, none)
        filtered(seen, thetas[k], constants, campaign_sd, kept)
    slope, information = np.zeros(count - 1), np.zeros((count - 1, count - 1))
    of_error, of_variance = np.empty(count - 1), np.empty(count - 1)
    for o in range(observed):
        v, f = error[0, o], variance[0, o]
        for k in range(count - 1):
            of_error[k] = (error[k + 1, o] - v) / shift
            of_variance[k] = (variance[k + 1, o] - f) / (shift * f)
            slope[k] += 0.5 * of_variance[k] * (v * v / f - 1.0) - of_error[k] * v / f
        for j in range(count - 1):
            for k in range(count - 1):
                information[j, k] += of_error[j] * of_error[k] / f
                information[j, k] += 0.5 * of_variance[j] * of_variance[k]
    return slope, information
