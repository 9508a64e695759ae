"""Is the stated spread the true one? Scale and tails, learnt from measurements foretold.

The covariance is a model: residuals of radio levels have heavier tails than a normal, and a field
with one covariance everywhere is too sure in one place and too unsure in another. So measurements
that the fit did not see are foretold from others outside their block, and their errors tell

- by how much the variance of field and run must be scaled, in three bands of how much of it the
  measurements around left over, and
- the degrees of freedom of the Student t that stands for the normal.

Both are maxima of the posterior; the prior of a scale's logarithm is N(0, 0.25^2): "as stated".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, stdtr, stdtrit

Floats = NDArray[np.float64]

MIDDLES = (0.175, 0.55, 0.875)
"""Middles of the bands: shares of the variance that are left over."""
DEGREES = (4.0, 5.0, 6.0, 8.0, 12.0, 20.0, 40.0, 200.0)
_PRIOR_LOG_SD = 0.25


@dataclass(frozen=True)
class Spread:
    """What errors of foretold measurements made of the stated spread."""

    scale: tuple[float, ...] = (1.0, 1.0, 1.0)
    """Of the standard deviation, by band of the share left over."""
    degrees: float = 200.0
    """Of freedom of the t distribution; 200 is a normal."""
    n: int = 0
    """Measurements that told it."""

    def variance(self, modelled: Floats, total: float) -> Floats:
        """Give the variance to be stated for a modelled variance, out of `total` without data."""
        share = np.clip(modelled / max(total, 1e-9), 0.0, None)
        # between the middles of the bands the scale changes steadily: no step on the map
        return modelled * np.interp(share, MIDDLES, self.scale) ** 2

    def below(self, level: Floats, mean: Floats, variance: Floats) -> Floats:
        """Probability of a level below `level`."""
        return np.asarray(stdtr(self.degrees, (level - mean) / self._unit(variance)))

    def quantile(self, share: float, mean: Floats, variance: Floats) -> Floats:
        """Level below which a share lies."""
        return np.asarray(mean + stdtrit(self.degrees, share) * self._unit(variance))

    def _unit(self, variance: Floats) -> Floats:
        """Scale of the t distribution that has this variance."""
        return np.sqrt(variance * (self.degrees - 2.0) / self.degrees)


def learnt(error_db: Floats, modelled: Floats, noise: Floats, total: float) -> Spread:
    """Learn scale and tails from errors.

    Parameters
    ----------
    error_db
        Measured less foretold.
    modelled
        Variance stated for field and run, dB^2.
    noise
        Variance of the measurement's own noise, which is not scaled.
    total
        Variance of field and run without any measurement near.
    """
    if not len(error_db):
        return Spread()
    band = np.argmin(np.abs((modelled / total)[:, None] - np.array(MIDDLES)), axis=1)
    best: tuple[float, tuple[float, ...], float] = (np.inf, (1.0,) * 3, DEGREES[-1])
    for degrees in DEGREES:
        scales, cost = [], 0.0
        for k in range(3):
            some = band == k
            scale, value = _scale(error_db[some], modelled[some], noise[some], degrees)
            scales.append(scale)
            cost += value
        # light tails unless the errors say otherwise
        cost += 2.0 * (4.0 / degrees)
        if cost < best[0] - 1e-9:
            best = (cost, tuple(scales), degrees)
    return Spread(best[1], best[2], len(error_db))


def _scale(error: Floats, modelled: Floats, noise: Floats, degrees: float) -> tuple[float, float]:
    def cost(log_scale: float) -> float:
        variance = modelled * np.exp(2.0 * log_scale) + noise
        unit = variance * (degrees - 2.0) / degrees
        fit = 0.5 * (degrees + 1.0) * np.log1p(error**2 / (degrees * unit)) + 0.5 * np.log(unit)
        constant = gammaln(0.5 * (degrees + 1.0)) - gammaln(0.5 * degrees) - 0.5 * np.log(degrees)
        return float(fit.sum() - len(error) * constant + 0.5 * (log_scale / _PRIOR_LOG_SD) ** 2)

    found = minimize_scalar(cost, bounds=(-1.2, 1.2), method="bounded", options={"xatol": 1e-5})
    at = round(float(found.x), 4)
    return float(np.exp(at)), cost(at)
