"""Fit of theta to one line, and draws of it: MAP and Laplace's approximation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from covermap.core.interval.filter import log_likelihood
from covermap.core.interval.line import Line
from covermap.core.interval.model import PARAMETERS, Priors, theta_of

Floats = NDArray[np.float64]

BOUND = 4.0
"""u stays within this many prior standard deviations."""
LEAST_CURVATURE = 0.5
"""The Hessian's eigenvalues are raised to this, so that no draw flies off."""
_STEP = 1e-4


def penalised(line: Line, u: Floats, priors: Priors, campaign_sd: Floats) -> float:
    """Give minus log posterior density of u, up to a constant."""
    constants = np.array([priors.level_sd_db, priors.run_constant_sd_db])
    value = log_likelihood(*line.observed, theta_of(u, priors), constants, campaign_sd)
    return float(0.5 * u @ u - value)


def fitted(line: Line, priors: Priors, campaign_sd: Floats) -> tuple[Floats, Floats]:
    """Give the most probable u, and the Hessian there (L-BFGS, central differences)."""
    size = len(PARAMETERS)

    def value_and_slope(u: Floats) -> tuple[float, Floats]:
        return penalised(line, u, priors, campaign_sd), slope(u)

    def slope(u: Floats) -> Floats:
        shifts = np.eye(size) * _STEP
        up = [penalised(line, u + shift, priors, campaign_sd) for shift in shifts]
        down = [penalised(line, u - shift, priors, campaign_sd) for shift in shifts]
        return (np.array(up) - np.array(down)) / (2.0 * _STEP)

    found = minimize(
        value_and_slope,
        np.zeros(size),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * size,
        options={"maxiter": 40, "ftol": 1e-6, "gtol": 1e-3},
    )
    best: Floats = found.x
    wide = 1e-2
    rows = [
        (slope(best + shift) - slope(best - shift)) / (2 * wide) for shift in np.eye(size) * wide
    ]
    hessian = np.array(rows)
    return best, 0.5 * (hessian + hessian.T)


def laplace_draws(best: Floats, hessian: Floats, normals: Floats) -> Floats:
    """Turn standard normals (draws x parameters) into draws of u around the best one."""
    values, vectors = np.linalg.eigh(hessian)
    scale = 1.0 / np.sqrt(np.maximum(values, LEAST_CURVATURE))
    return np.clip(best + (normals * scale) @ vectors.T, -BOUND, BOUND)
