"""Fit of theta to one line, and draws of it: MAP and Laplace's approximation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from covermap.core.interval.filter import log_likelihood
from covermap.core.interval.line import Line, constants_of
from covermap.core.interval.model import PARAMETERS, Priors, theta_of

Floats = NDArray[np.float64]

BOUND = 4.0
"""u stays within this many prior standard deviations."""
LEAST_CURVATURE = 0.5
"""The Hessian's eigenvalues are raised to this, so that no draw flies off."""
_STEP = 1e-5
_WIDE = 0.05


def penalised(line: Line, u: Floats, priors: Priors, campaign_sd: Floats) -> float:
    """Give minus log posterior density of u, up to a constant."""
    theta = theta_of(u, priors)
    value = log_likelihood(*line.observed, theta, constants_of(priors), campaign_sd)
    return float(0.5 * u @ u - value)


def fitted(line: Line, priors: Priors, campaign_sd: Floats) -> tuple[Floats, Floats]:
    """Give the most probable u, and the Hessian there (L-BFGS, differences)."""
    size = len(PARAMETERS)

    def value_and_slope(u: Floats) -> tuple[float, Floats]:
        here = penalised(line, u, priors, campaign_sd)
        there = [penalised(line, u + shift, priors, campaign_sd) for shift in np.eye(size) * _STEP]
        return here, (np.array(there) - here) / _STEP

    found = minimize(
        value_and_slope,
        np.zeros(size),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * size,
        options={"maxiter": 20, "ftol": 1e-5, "gtol": 1e-2},
    )
    best: Floats = found.x
    return best, _hessian(line, best, priors, campaign_sd)


def _hessian(line: Line, best: Floats, priors: Priors, campaign_sd: Floats) -> Floats:
    """Second differences: value at the best, one step up each axis, and up each pair of axes."""
    size = len(best)
    shifts = np.eye(size) * _WIDE
    here = penalised(line, best, priors, campaign_sd)
    up = [penalised(line, best + shift, priors, campaign_sd) for shift in shifts]
    made = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            both = penalised(line, best + shifts[i] + shifts[j], priors, campaign_sd)
            made[i, j] = made[j, i] = (both - up[i] - up[j] + here) / _WIDE**2
    return made


def laplace_draws(best: Floats, hessian: Floats, normals: Floats) -> Floats:
    """Turn standard normals (draws x parameters) into draws of u around the best one."""
    values, vectors = np.linalg.eigh(hessian)
    scale = 1.0 / np.sqrt(np.maximum(values, LEAST_CURVATURE))
    return np.clip(best + (normals * scale) @ vectors.T, -BOUND, BOUND)
