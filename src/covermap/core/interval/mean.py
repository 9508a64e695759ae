"""Mean and spread of the persistent level along one line, without draws, in double precision."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.filter import SEEN, gains
from covermap.core.interval.model import decay, observed_states, state_size, stationary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def smoothed_level(
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
) -> tuple[Floats, Floats]:
    """Give mean and variance of m less its prior mean in every segment, dB and dB^2.

    Parameters as in :func:`covermap.core.interval.filter.log_likelihood`. Fixed-interval smoothing
    by the backward recursion of r and N (Durbin and Koopman, Time Series Analysis by State Space
    Methods, 4.4), observations one by one.
    """
    segments, observed = len(first) - 1, first[-1]
    directions, campaigns, runs = sizes[0], sizes[1], sizes[2]
    size = state_size(directions, campaigns, runs)
    gain, weight = np.empty((observed, size)), np.empty(observed)
    reach = np.empty((segments, 2, size))
    gains(first, run, direction, campaign, noise_db2, step_km, sizes, theta, constants,
          campaign_sd, gain, weight, reach)  # fmt: skip
    sd, length_km, phi = np.empty(size), np.empty(size), np.empty(size)
    shock, a, r = np.empty(size), np.zeros(size), np.zeros(size)
    where = np.empty(SEEN, np.int64)
    stationary(theta, constants, campaign_sd, directions, runs, sd, length_km)
    mean, variance, error = np.empty(segments), np.empty(segments), np.empty(observed)
    for t in range(segments):
        if t > 0:
            decay(sd, length_km, step_km[t], phi, shock)
            a *= phi
        mean[t] = a[0] + a[1] + a[2]
        for o in range(first[t], first[t + 1]):
            observed_states(direction[o], campaign[o], run[o], directions, campaigns, where)
            error[o] = y_db[o]
            for s in where:
                error[o] -= a[s]
            a += gain[o] * error[o]
    n, nk = np.zeros((size, size)), np.empty(size)
    for t in range(segments - 1, -1, -1):
        for o in range(first[t + 1] - 1, first[t] - 1, -1):
            observed_states(direction[o], campaign[o], run[o], directions, campaigns, where)
            _back(r, n, nk, where, gain[o], weight[o], error[o])
        hp = reach[t, 0]
        mean[t] += np.sum(hp * r)
        variance[t] = hp[0] + hp[1] + hp[2]
        for i in range(size):
            variance[t] -= hp[i] * np.sum(n[i] * hp)
        if t > 0:
            decay(sd, length_km, step_km[t], phi, shock)
            r *= phi
            for i in range(size):
                n[i] *= phi[i] * phi
    return mean, variance


@njit(cache=True, error_model="numpy")
def _back(
    r: Floats, n: Floats, nk: Floats, where: Ints, gain: Floats, weight: float, error: float
) -> None:
    """Step r and N back over one observation: ``r = Z v / F + L' r``, ``N = Z Z' / F + L' N L``."""
    push = weight * error - np.sum(gain * r)
    spread = weight
    for i in range(len(r)):
        nk[i] = np.sum(n[i] * gain)
    spread += np.sum(gain * nk)
    for s in where:
        r[s] += push
    for i in where:
        n[i] -= nk
    for j in where:
        n[:, j] -= nk
    for i in where:
        for j in where:
            n[i, j] += spread
