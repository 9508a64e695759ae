"""What a measurement is made of: the field, the run's own part, and noise.

A level y of a run in a place s is::

    y = f(s) + Z(s) + r(run, s) + c(run) + e          e ~ N(0, v0 + variance of its samples)

f is the calibrated model; Z, what the model does not explain, is what lasts: the sum of a short
and a slow field. r is what one run has of its own there (other lane, other traffic, other load),
c what it has everywhere. All are Gaussian and independent, with exponential covariances
``sd^2 exp(-d / L)``; the short field may be smoother (Matern 3/2). Where serving cells are known a
further field G is shared by places of the same serving cell only.

Parameters are fitted as maxima of a posterior whose prior is what was measured on motorways (100 m
pieces, three operators, two campaigns): with few measurements the prior stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RUN_LENGTH_M = 300.0
"""Correlation length of what a run has of its own."""
NAMES = (
    "short_sd_db", "short_m", "slow_sd_db", "slow_m", "run_sd_db", "noise_sd_db", "group_sd_db",
    "group_m",
)  # fmt: skip
"""Parameters that are fitted, in the order of u."""
PRIOR_ALONE = (9.0, 1500.0, 4.0, 10_000.0, 4.5, 0.6, 3.0, 3000.0)
"""Medians of the prior where no model of path loss explains anything."""
PRIOR_WITH_MODEL = (7.0, 400.0, 3.0, 5000.0, 4.5, 0.6, 3.0, 3000.0)
"""Where a model does: what is left is shadowing (3GPP TR 38.901 table 7.5-6: 4 to 8 dB)."""
PRIOR_SPREAD = (0.4, 0.8, 0.6, 0.6, 0.4, 0.7, 0.5, 0.6)
"""Standard deviations of the logarithms."""
RUN_OFFSET_SD_DB = 1.4
"""Of what a run has everywhere."""


@dataclass(frozen=True)
class Covariance:
    """Parameters of the fields; lengths in metres."""

    short_sd_db: float
    short_m: float
    slow_sd_db: float
    slow_m: float
    run_sd_db: float
    noise_sd_db: float
    group_sd_db: float = 0.0
    """0: serving cells are not used."""
    group_m: float = 3000.0
    run_offset_sd_db: float = RUN_OFFSET_SD_DB
    smooth: bool = False
    """The short field is Matern 3/2."""

    @property
    def packed(self) -> Floats:
        """What kernels take: variances and lengths."""
        return np.array([
            self.short_sd_db**2, self.short_m, self.slow_sd_db**2, self.slow_m, self.run_sd_db**2,
            RUN_LENGTH_M, self.run_offset_sd_db**2, self.noise_sd_db**2, self.group_sd_db**2,
            self.group_m, float(self.smooth),
        ])  # fmt: skip

    @property
    def field_variance_db2(self) -> float:
        """Variance of what lasts, far from measurements."""
        return self.short_sd_db**2 + self.slow_sd_db**2 + self.group_sd_db**2

    @property
    def run_variance_db2(self) -> float:
        """Variance of what one run has of its own in a place."""
        return self.run_sd_db**2 + self.run_offset_sd_db**2 + self.noise_sd_db**2


def prior(with_model: bool, with_groups: bool, smooth: bool = False) -> Covariance:
    """Give the median of the prior."""
    medians = list(PRIOR_WITH_MODEL if with_model else PRIOR_ALONE)
    if not with_groups:
        medians[6] = 0.0
    return Covariance(**dict(zip(NAMES, medians, strict=True)), smooth=smooth)


def moved(start: Covariance, u: Floats) -> Covariance:
    """Give the parameters at `u`, standard deviations of the prior away from `start`."""
    steps = zip(NAMES, PRIOR_SPREAD, u, strict=True)
    return replace(start, **{name: getattr(start, name) * math.exp(s * x) for name, s, x in steps})


@njit(cache=True, inline="always")
def field_at(distance_m: float, same_group: bool, packed: Floats) -> float:
    """Covariance of what lasts at two places."""
    x = distance_m / packed[1]
    if packed[10] > 0.5:
        x *= math.sqrt(3.0)
        short = packed[0] * (1.0 + x) * math.exp(-x)
    else:
        short = packed[0] * math.exp(-x)
    total = short + packed[2] * math.exp(-distance_m / packed[3])
    if same_group:
        total += packed[8] * math.exp(-distance_m / packed[9])
    return total


@njit(cache=True, inline="always")
def run_at(distance_m: float, packed: Floats) -> float:
    """Covariance of what one run has of its own at two places, noise apart."""
    return packed[4] * math.exp(-distance_m / packed[5]) + packed[6]
