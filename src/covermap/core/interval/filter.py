"""Kalman filter along one line: diagonal transition, observations of a segment one by one."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.model import decay, moving_size, observed_states, stationary
from covermap.core.interval.runs import Seen

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

SEEN = 9
"""An observation is the sum of this many states, and noise."""
_NOISE = 9
"""Place of v0 in theta."""


class Kept(NamedTuple):
    """What the filter writes for those after it; the last three only when they have rows.

    h are two levels: the persistent one, mu + T + M, and the campaigns', with the mean of their C
    and c besides.
    """

    error: Floats
    """Of each observation: what was seen less what was predicted."""
    variance: Floats
    """Variance F of that."""
    gain: Singles | Floats
    """Observations x states: ``P Z / F``. It does not depend on what was observed."""
    reach: Singles | Floats
    """Segments x 2 x states: ``h P`` of the predicted P. Nor does this."""
    mean: Floats
    """Segments x 2: ``h a`` of the predicted a."""


@njit(cache=True, error_model="numpy")
def filtered(
    seen: Seen,
    theta: Floats,
    constants: Floats,
    campaign_sd: Floats,
    kept: Kept,
) -> None:
    """Predict each observation of a line from those before it.

    Parameters
    ----------
    seen
        The line's observations.
    theta, constants, campaign_sd
        As in :func:`covermap.core.interval.model.stationary`.
    kept
        Written.
    """
    sd, length_km, a, p = begin(seen.sizes, theta, constants, campaign_sd)
    size = len(sd)
    phi, shock, pz, where = np.empty(size), np.empty(size), np.empty(size), np.empty(SEEN, np.int64)
    last_step = -1.0
    for t in range(len(seen.first) - 1):
        if t > 0:
            if seen.step_km[t] != last_step:
                last_step = seen.step_km[t]
                decay(sd, length_km, last_step, phi, shock)
            predict(phi, shock, a, p)
        if len(kept.reach):
            _keep_levels(a, p, seen.sizes, t, kept)
        for o in range(seen.first[t], seen.first[t + 1]):
            observed_states(seen.direction[o], seen.campaign[o], seen.run[o], seen.sizes, where)
            variance = gain_of(p, where, theta[_NOISE] + seen.noise_db2[o], pz)
            error = seen.y_db[o] - expected(a, where)
            update(a, p, pz, error, variance)
            kept.error[o], kept.variance[o] = error, variance
            if len(kept.gain):
                for i in range(size):
                    kept.gain[o, i] = pz[i] / variance


@njit(cache=True, error_model="numpy")
def begin(
    sizes: Ints, theta: Floats, constants: Floats, campaign_sd: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give sd and correlation length of each state, and mean and covariance before any data."""
    sd, length_km = stationary(sizes, theta, constants, campaign_sd)
    return sd, length_km, np.zeros(len(sd)), np.diag(sd * sd)


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
def expected(a: Floats, where: Ints) -> float:
    """Give the prediction of an observation."""
    total = 0.0
    for s in where:
        total += a[s]
    return total


@njit(cache=True, error_model="numpy")
def update(a: Floats, p: Floats, pz: Floats, error: float, variance: float) -> None:
    """Take an observation into mean and covariance."""
    size = p.shape[0]
    for i in range(size):
        gain = pz[i] / variance
        a[i] += gain * error
        for j in range(size):
            p[i, j] -= gain * pz[j]


@njit(cache=True, error_model="numpy")
def _keep_levels(a: Floats, p: Floats, sizes: Ints, t: int, kept: Kept) -> None:
    directions, campaigns, runs = sizes[0], sizes[1], sizes[2]
    fixed = moving_size(directions, campaigns, runs)
    own = 0.0
    for k in range(campaigns):
        own += (a[2 + directions + k] + a[fixed + 1 + k]) / campaigns
    kept.mean[t, 0] = a[0] + a[1] + a[fixed]
    kept.mean[t, 1] = kept.mean[t, 0] + own
    for i in range(p.shape[0]):
        level, own = p[0, i] + p[1, i] + p[fixed, i], 0.0
        for k in range(campaigns):
            own += p[2 + directions + k, i] + p[fixed + 1 + k, i]
        kept.reach[t, 0, i] = level
        kept.reach[t, 1, i] = level + own / campaigns


@njit(cache=True, error_model="numpy")
def settle_censored(
    seen: Seen,
    theta: Floats,
    constants: Floats,
    campaign_sd: Floats,
    censored: NDArray[np.bool_],
) -> None:
    """Replace censored observations by normal ones that say the same, in place.

    "No service" says that the level is `y_db` or lower. Given what the filter knows when it
    comes there, the level is a normal cut off above; the normal observation that turns the
    prediction into that mean and variance (moment matching, as in assumed-density filtering)
    takes its place: `y_db` becomes its value and its variance is added to `noise_db2`. Where a
    level below the floor was expected anyway, that variance is large.
    """
    sd, length_km, a, p = begin(seen.sizes, theta, constants, campaign_sd)
    size = len(sd)
    phi, shock, pz, where = np.empty(size), np.empty(size), np.empty(size), np.empty(SEEN, np.int64)
    for t in range(len(seen.first) - 1):
        if t > 0:
            decay(sd, length_km, seen.step_km[t], phi, shock)
            predict(phi, shock, a, p)
        for o in range(seen.first[t], seen.first[t + 1]):
            observed_states(seen.direction[o], seen.campaign[o], seen.run[o], seen.sizes, where)
            variance = gain_of(p, where, theta[_NOISE] + seen.noise_db2[o], pz)
            mean = expected(a, where)
            if censored[o]:
                value, more = _as_normal(mean, variance, seen.y_db[o])
                seen.y_db[o] = value
                seen.noise_db2[o] += more
                variance += more
            update(a, p, pz, seen.y_db[o] - mean, variance)


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
