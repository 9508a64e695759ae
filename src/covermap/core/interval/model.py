"""The model of run means along a line, and its prior.

For segment i, run r, direction d, campaign k::

    y = m_i + D_d,i + c_k + C_k,i + b_r + B_r,i + R_r,i + e,   m_i = mu + T_i + M_i
    e ~ N(0, v0 + s2 / n)

T, M, D, C, B and R are independent Ornstein-Uhlenbeck processes along chainage; mu, c and b are
constants of the line. What is estimated is the share of segments whose persistent level m_i
reaches a threshold.

A state vector holds, in this order, what changes along the line: T, M, one D a direction, one C
a campaign, B and R of each run; then constants: mu, one c a campaign, one b a run.

On real drives (one direction of a motorway predicts the other; six road x operator clusters): share
of 108 sections of 10 km whose observed share lies inside the 95 % predictive interval, and mean
width.

====================================  =========  =========  =========  ========
threshold, dBm                        -110       -105       -100       -95
====================================  =========  =========  =========  ========
this model, theta fitted to the line  .926 .27   .926 .36   .898 .40   .880 .40
theta drawn from its prior            .926 .24   .907 .33   .843 .38   .852 .38
theta: the prior's median             .917 .22   .898 .31   .833 .36   .843 .34
medians fitted on the other road      .935 .34   .926 .44   .907 .50   .898 .51
block bootstrap of 1 km               .769 .16   .833 .27   .852 .35   .870 .38
Wilson                                .537 .11   .648 .15   .676 .17   .676 .17
====================================  =========  =========  =========  ========

Medians of the other road differ most in D: 3 dB on one road, 7.5 dB on the other. They widen the
interval by a quarter for a point of coverage or less, and were not adopted. Tried and judged by the
likelihood of all drives, not by the interval, theta as fitted to this model (gain in the natural
logarithm, sum over six lines of 1400 to 2200 run means):

==================================================  ======
M a Matern-3/2 process, best of four lengths           -38
half of M a Matern-3/2 process                         +21
a constant of each serving cell and run, 4 dB         +665
the same, and D and R of 0.7 times their sd           +906
a constant of each serving cell, both runs, 4 dB      +821
the same, and D and R of 0.7 times their sd          +1082
==================================================  ======

So M is no smoother than an Ornstein-Uhlenbeck process, and the serving cell says much: whole
stretches shift with it. It was not adopted: on the A 27 (42 sections, dense algebra, same columns)
this model holds the other direction in 1.00, 1.00, .95 and .95 of sections; a constant of each cell
and run in 1.00, .98, .98 and .95 with intervals a sixth wider; one of each cell in 1.00, .98, .95
and .93 with the same. What falls short in the table is the A 1, where directions differ by 7.5 dB.
Untried: a mean from the distance to sites (no sites of that area are known).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import gammaincinv

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

PARAMETERS = (
    "persistent_sd_db",
    "persistent_km",
    "trend_sd_db",
    "direction_sd_db",
    "direction_km",
    "campaign_sd_db",
    "run_sd_db",
    "run_km",
    "slow_run_sd_db",
    "noise_db2",
)
"""What is fitted, in the order of a vector theta."""
_TREND_KM, _CAMPAIGN_KM, _SLOW_RUN_KM = 10.0, 3.0, 4.0


@dataclass(frozen=True)
class Priors:
    """Prior of the model: medians of theta, standard deviations of log theta, and constants.

    The figures come from repeated drives on German motorways, roof antennas. They are a project's
    default for the spread of signal, never an official figure.
    """

    median: tuple[float, ...] = (9.6, 2.0, 2.6, 3.0, 0.4, 1.2, 3.6, 0.3, 1.0, 0.15)
    """In the order of `PARAMETERS`: dB for `_db`, km for `_km`, dB^2 for `_db2`."""
    log_sd: tuple[float, ...] = (0.3, 0.35, 0.5, 0.5, 0.4, 0.5, 0.3, 0.35, 0.5, 0.5)
    sample_db2: float = 14.0
    """Variance of one sample around its segment's level in a run, dB^2 (s2)."""
    level_dbm: float = -97.0
    level_sd_db: float = 15.0
    """mu: normal with this mean and standard deviation."""
    run_constant_sd_db: float = 1.0
    """b: normal."""
    campaign_scale_db: float = 1.5
    """c: Student t with `campaign_freedom` degrees of freedom and this scale.

    With antennas or devices that differ from one campaign to the next, take 2.5 to 3."""
    campaign_freedom: float = 4.0
    """Infinite: c is normal."""


@dataclass(frozen=True)
class IntervalSettings:
    """How the posterior of a batch of lines is drawn."""

    priors: Priors = field(default_factory=Priors)
    fit: Literal["each", "pooled"] = "each"
    """`each`: theta is fitted to every line; `pooled`: it is drawn from its prior, the same for
    all lines."""
    campaign_shared: float = 0.75
    """Share of the variance of c that lines of one campaign have in common, 0-1.

    An assumption, not measured: 1 makes sums over lines widest, 0 makes lines independent."""
    drive: Literal["new_campaign", "same_campaign"] = "new_campaign"
    """Which further drive is predicted: one of a new campaign, or one more of these campaigns."""
    drive_samples: float = 0.0
    """Samples a segment of that drive; 0: as many as the line's own runs had on average."""
    pooled_spread: float = 1.0
    """Pooled only: theta is spread over the draws by this many prior standard deviations; 0: it is
    the prior's median, and intervals are too narrow."""


def theta_of(u: Floats, priors: Priors) -> Floats:
    """Give theta for u, in prior standard deviations of log theta: ``median exp(log_sd u)``."""
    return np.asarray(priors.median) * np.exp(np.asarray(priors.log_sd) * u)


def campaign_sds(priors: Priors, groups: int) -> Floats:
    """Give standard deviations of c, dB, one a stratum: together a Student t.

    A Student t is a normal whose variance is ``scale^2 freedom / chi2``. The chi-square is cut into
    strata of equal probability; each stratum has the mean of its variances, so that the variance
    of the mixture is that of the Student t.

    Examples
    --------
    >>> sds = campaign_sds(Priors(), 16)
    >>> bool(abs((sds**2).mean() - 2 * 1.5**2) < 0.1)
    True
    """
    if not np.isfinite(priors.campaign_freedom):
        return np.full(groups, priors.campaign_scale_db)
    fine = 4096 // groups
    at = (np.arange(groups * fine) + 0.5) / (groups * fine)
    half = priors.campaign_freedom / 2.0
    inverse = half / gammaincinv(half, at)  # quantiles of chi-square are twice those of gamma
    return priors.campaign_scale_db * np.sqrt(inverse.reshape(groups, fine).mean(axis=1))


@njit(cache=True, error_model="numpy")
def moving_size(directions: int, campaigns: int, runs: int) -> int:
    """Give the number of states that change along the line: they come first."""
    return 2 + directions + campaigns + 2 * runs


@njit(cache=True, error_model="numpy")
def state_size(directions: int, campaigns: int, runs: int) -> int:
    """Give the number of states."""
    return moving_size(directions, campaigns, runs) + 1 + campaigns + runs


@njit(cache=True, error_model="numpy")
def stationary(
    sizes: Ints, theta: Floats, constants: Floats, campaign_sd: Floats
) -> tuple[Floats, Floats]:
    """Give standard deviation and correlation length of every state; 0 km: a constant.

    `sizes` holds the numbers of directions, campaigns and runs, `constants` the standard
    deviations of mu and b, `campaign_sd` that of each campaign's c.
    """
    directions, campaigns, runs = sizes[0], sizes[1], sizes[2]
    size = state_size(directions, campaigns, runs)
    sd, length_km = np.empty(size), np.zeros(size)
    sd[0], length_km[0] = theta[2], _TREND_KM
    sd[1], length_km[1] = theta[0], theta[1]
    at = 2
    for s in range(at, at + directions):
        sd[s], length_km[s] = theta[3], theta[4]
    at += directions
    for s in range(at, at + campaigns):
        sd[s], length_km[s] = theta[5], _CAMPAIGN_KM
    at += campaigns
    for s in range(at, at + 2 * runs, 2):
        sd[s], length_km[s] = theta[8], _SLOW_RUN_KM
        sd[s + 1], length_km[s + 1] = theta[6], theta[7]
    at += 2 * runs
    sd[at] = constants[0]
    sd[at + 1 : at + 1 + campaigns] = campaign_sd
    sd[at + 1 + campaigns :] = constants[1]
    return sd, length_km


@njit(cache=True, error_model="numpy")
def decay(
    sd: Floats, length_km: Floats, step_km: float, phi: Singles | Floats, shock: Singles | Floats
) -> None:
    """Write ``phi = exp(-step / L)`` and the shock's standard deviation ``sd sqrt(1 - phi^2)``."""
    for s in range(len(sd)):
        fade = np.exp(-step_km / length_km[s]) if length_km[s] > 0.0 else 1.0
        phi[s] = fade
        shock[s] = sd[s] * np.sqrt(1.0 - fade * fade)


@njit(cache=True, error_model="numpy")
def observed_states(direction: int, campaign: int, run: int, sizes: Ints, where: Ints) -> None:
    """Write the nine states whose sum an observation sees."""
    directions, campaigns, runs = sizes[0], sizes[1], sizes[2]
    fixed = moving_size(directions, campaigns, runs)
    own = 2 + directions + campaigns + 2 * run
    where[0], where[1], where[2] = 0, 1, 2 + direction
    where[3], where[4], where[5] = 2 + directions + campaign, own, own + 1
    where[6], where[7], where[8] = fixed, fixed + 1 + campaign, fixed + 1 + campaigns + run
