"""Kalman filter along one line: diagonal transition, observations of a segment one by one."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.model import decay, observed_states, state_size, stationary

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

SEEN = 9
"""An observation is the sum of this many states, and noise."""
_LOG_TWO_PI = math.log(2.0 * math.pi)


@njit(cache=True, error_model="numpy")
def begin(
    sizes: Ints, theta: Floats, constants: Floats, campaign_sd: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give sd and correlation length of each state, and mean and covariance before any data."""
    directions, campaigns, runs = sizes[0], sizes[1], sizes[2]
    size = state_size(directions, campaigns, runs)
    sd, length_km = np.empty(size), np.empty(size)
    stationary(theta, constants, campaign_sd, directions, runs, sd, length_km)
    p = np.zeros((size, size))
    for s in range(size):
        p[s, s] = sd[s] * sd[s]
    return sd, length_km, np.zeros(size), p


@njit(cache=True, error_model="numpy")
def predict(phi: Floats, shock: Floats, a: Floats, p: Floats) -> None:
    """Step the state to the next segment."""
    size = len(phi)
    for i in range(size):
        a[i] *= phi[i]
        for j in range(size):
            p[i, j] *= phi[i] * phi[j]
        p[i, i] += shock[i] * shock[i]


@njit(cache=True, error_model="numpy")
def gain_of(p: Floats, where: Ints, noise: float, pz: Floats) -> float:
    """Write P Z and give the variance F of the prediction."""
    for i in range(p.shape[0]):
        total = 0.0
        for s in where:
            total += p[i, s]
        pz[i] = total
    variance = noise
    for s in where:
        variance += pz[s]
    return variance


@njit(cache=True, error_model="numpy")
def update(p: Floats, pz: Floats, variance: float) -> None:
    """Take an observation into the covariance."""
    size = p.shape[0]
    for i in range(size):
        gain = pz[i] / variance
        for j in range(size):
            p[i, j] -= gain * pz[j]


@njit(cache=True, error_model="numpy")
def log_likelihood(
    first: Ints,
    y_db: Floats,
    run: Ints,
    direction: Ints,
    campaign: Ints,
    noise_db2: Floats,
    step_km: Floats,
    sizes: Ints,
    theta: Floats,
    constants: Floats,
    campaign_sd: Floats,
) -> float:
    """Log-likelihood of one line's observations.

    Parameters
    ----------
    first, y_db, run, direction, campaign
        As in :class:`covermap.core.interval.runs.Ordered`, with runs, directions and campaigns
        numbered from 0 within the line.
    noise_db2
        Variance of each observation's noise besides v0.
    step_km
        From the middle of the segment before to the middle of this one.
    sizes
        Numbers of directions, campaigns and runs.
    """
    directions, campaigns = sizes[0], sizes[1]
    sd, length_km, a, p = begin(sizes, theta, constants, campaign_sd)
    size = len(sd)
    phi, shock, pz, where = np.empty(size), np.empty(size), np.empty(size), np.empty(SEEN, np.int64)
    last_step, total = -1.0, 0.0
    for t in range(len(first) - 1):
        if t > 0:
            if step_km[t] != last_step:
                last_step = step_km[t]
                decay(sd, length_km, last_step, phi, shock)
            predict(phi, shock, a, p)
        for o in range(first[t], first[t + 1]):
            observed_states(direction[o], campaign[o], run[o], directions, campaigns, where)
            variance = gain_of(p, where, theta[9] + noise_db2[o], pz)
            error = y_db[o]
            for s in where:
                error -= a[s]
            for i in range(size):
                a[i] += pz[i] / variance * error
            update(p, pz, variance)
            total -= 0.5 * (_LOG_TWO_PI + math.log(variance) + error * error / variance)
    return total


@njit(cache=True, error_model="numpy")
def gains(
    first: Ints,
    run: Ints,
    direction: Ints,
    campaign: Ints,
    noise_db2: Floats,
    step_km: Floats,
    sizes: Ints,
    theta: Floats,
    constants: Floats,
    campaign_sd: Floats,
    gain: Singles | Floats,
    weight: Singles | Floats,
    reach: Singles | Floats,
) -> None:
    """Write what paths need of the filter: it does not depend on what was observed.

    `gain` (observations x states) is ``P Z / F``, `weight` (observations) ``1 / F``, `reach`
    (segments x 2 x states) ``h P`` of the predicted P for the two levels of
    :func:`level_states`: the persistent one and the campaigns'.
    """
    directions, campaigns = sizes[0], sizes[1]
    sd, length_km, a, p = begin(sizes, theta, constants, campaign_sd)
    size = len(sd)
    phi, shock, pz, where = np.empty(size), np.empty(size), np.empty(size), np.empty(SEEN, np.int64)
    last_step = -1.0
    for t in range(len(first) - 1):
        if t > 0:
            if step_km[t] != last_step:
                last_step = step_km[t]
                decay(sd, length_km, last_step, phi, shock)
            predict(phi, shock, a, p)
        for i in range(size):
            level = p[0, i] + p[1, i] + p[2, i]
            own = 0.0
            for k in range(2 * campaigns):
                own += p[3 + directions + k, i]
            reach[t, 0, i] = level
            reach[t, 1, i] = level + own / campaigns
        for o in range(first[t], first[t + 1]):
            observed_states(direction[o], campaign[o], run[o], directions, campaigns, where)
            variance = gain_of(p, where, theta[9] + noise_db2[o], pz)
            for i in range(size):
                gain[o, i] = pz[i] / variance
            weight[o] = 1.0 / variance
            update(p, pz, variance)


@njit(cache=True, error_model="numpy")
def settle_censored(
    first: Ints,
    y_db: Floats,
    run: Ints,
    direction: Ints,
    campaign: Ints,
    noise_db2: Floats,
    censored: NDArray[np.bool_],
    step_km: Floats,
    sizes: Ints,
    theta: Floats,
    constants: Floats,
    campaign_sd: Floats,
) -> None:
    """Replace censored observations by normal ones that say the same, in place.

    "No service" says that the level is `y_db` or lower. Given what the filter knows when it
    comes there, the level is a normal cut off above; the normal observation that turns the
    prediction into that mean and variance (moment matching, as in assumed-density filtering)
    takes its place: `y_db` becomes its value and its variance is added to `noise_db2`. Where a
    level below the floor was expected anyway, that variance is large.
    """
    directions, campaigns = sizes[0], sizes[1]
    sd, length_km, a, p = begin(sizes, theta, constants, campaign_sd)
    size = len(sd)
    phi, shock, pz, where = np.empty(size), np.empty(size), np.empty(size), np.empty(SEEN, np.int64)
    for t in range(len(first) - 1):
        if t > 0:
            decay(sd, length_km, step_km[t], phi, shock)
            predict(phi, shock, a, p)
        for o in range(first[t], first[t + 1]):
            observed_states(direction[o], campaign[o], run[o], directions, campaigns, where)
            variance = gain_of(p, where, theta[9] + noise_db2[o], pz)
            mean = 0.0
            for s in where:
                mean += a[s]
            if censored[o]:
                value, more = _as_normal(mean, variance, y_db[o])
                y_db[o] = value
                noise_db2[o] += more
                variance += more
            for i in range(size):
                a[i] += pz[i] / variance * (y_db[o] - mean)
            update(p, pz, variance)


@njit(cache=True, error_model="numpy")
def _as_normal(mean: float, variance: float, ceiling: float) -> tuple[float, float]:
    """Value and variance of the observation that stands for "at most `ceiling`"."""
    beta = (ceiling - mean) / math.sqrt(variance)
    if beta < -8.0:  # the ratio's asymptote: its terms cancel beyond
        ratio = -beta - 1.0 / beta
    else:
        below = 0.5 * math.erfc(-beta / math.sqrt(2.0))
        ratio = math.exp(-0.5 * beta * beta) / math.sqrt(2.0 * math.pi) / below
    left = max(1.0 - ratio * (beta + ratio), 1e-6)
    left = min(left, 1.0 - 1e-9)
    cut_mean, cut_variance = mean - math.sqrt(variance) * ratio, variance * left
    more = cut_variance / (1.0 - left)
    value = mean + (cut_mean - mean) / (1.0 - left)
    return value, more
