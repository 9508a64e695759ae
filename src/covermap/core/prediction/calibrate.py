"""Offset and slope of a model of path loss, fitted to measurements robustly and honestly.

    level = offset + slope (model - middle) + antenna + device + Z + run + noise

Prior: the model as it is, ``slope ~ N(1, 0.25^2)``, ``offset - middle ~ N(0, 8^2)`` (published
models err by 6 to 12 dB untuned); without a model, ``offset ~ N(-97, 15^2)``; antennas, devices and
runs as :mod:`covermap.core.prediction.rigs` says. Measurements near each other say the same thing:
errors are those of the correlated field, so a thousand measurements in one street do not make the
fit sure. Large errors are given less weight (Huber's, at 1.5 standard deviations of the whitened
error): what they exceed is taken as noise of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from covermap.core.prediction.covariance import Covariance, prior
from covermap.core.prediction.kriging import covariances
from covermap.core.prediction.merging import known_of, merged
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.places import parts_of, thinned
from covermap.core.prediction.rigs import Rigs, columns_of, reference_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Basis = Literal["prior", "borrowed", "selected", "few", "fitted"]

MOST = 800
"""Measurements that the fit takes, at most: thinned until so few are left."""
FEW = 30
"""With fewer places measured the fit is told as resting on few."""
OFFSET_SD_DB, SLOPE_SD = 8.0, 0.25
ALONE_DBM, ALONE_SD_DB = -97.0, 15.0
_HUBER = 1.5
_TURNS = 8
_THIN_M = 250.0
_SALT = 31
_APART_SD_DB = 15.0
"""Of levels 10 km apart, when antennas are compared."""


@dataclass(frozen=True)
class Calibration:
    """What turns a model's level into the mean of a layer."""

    coefficients: Floats
    """Offset, dBm, at `middle_dbm`; and slope."""
    covariance: Floats
    """Of the coefficients, 2 x 2."""
    middle_dbm: float
    """The model's level at which the offset holds; 0 without a model."""
    rigs: Rigs
    """What antennas, devices and runs show above the level that is told."""
    basis: Basis
    """`prior`: nothing was measured; `borrowed`: nothing, but other layers tell; `selected`: only
    where devices had nothing better, which does not tell of other places, so other layers calibrate
    it where they can; `few`: fewer than 30 places were measured."""
    places: int
    """Measured places."""
    with_model: bool
    """Whether there is a model at any of them."""

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """Mean and variance of offset and slope before anything is measured."""
        at, sd = (self.middle_dbm, OFFSET_SD_DB) if self.with_model else (ALONE_DBM, ALONE_SD_DB)
        return np.array([at, 1.0]), np.array([sd, SLOPE_SD]) ** 2

    def design(self, predicted_dbm: Floats) -> Floats:
        """Give the rows of the design for places where the model says so much (NaN: nothing)."""
        return design_of(predicted_dbm, self.middle_dbm)

    def mean_dbm(self, predicted_dbm: Floats) -> Floats:
        """Give the calibrated level where the model says `predicted_dbm`.

        Where it says nothing, that of its middle: what it says on average.
        """
        return self.design(predicted_dbm) @ self.coefficients

    def even(self, seen: Observations) -> tuple[Observations, Floats]:
        """Give measurements as the reference would show them, and how loose that is, dB."""
        shown, loose = self.rigs.shown(seen.antenna, seen.device, seen.run)
        return replace(seen, level_dbm=seen.level_dbm - shown), loose


def design_of(predicted_dbm: Floats, middle_dbm: float) -> Floats:
    """Rows of 1 and the model's level less its middle; 0 where it has none."""
    off = np.nan_to_num(np.asarray(predicted_dbm, np.float64) - middle_dbm, nan=0.0)
    return np.column_stack([np.ones(len(off)), off])


def uncalibrated(seen: Observations) -> Calibration:
    """Take the prior for what measurements would tell."""
    with_model = bool(np.isfinite(seen.predicted_dbm).any())
    middle = float(np.nanmedian(seen.predicted_dbm)) if with_model else 0.0
    places = len(np.unique(seen.place))
    none = Calibration(
        np.zeros(2), np.zeros((2, 2)), middle, Rigs(), _basis(places), places, with_model
    )
    mean, variance = none.prior
    return replace(none, coefficients=mean, covariance=np.diag(variance))


def rigs_of(seen: Observations) -> Rigs:
    """Learn what antennas, devices and runs show from all measurements of a layer.

    Parameters
    ----------
    seen
        One row a place and run.

    Notes
    -----
    Towns are walked and motorways driven: levels differ by that as well, by more than a stationary
    field would. So the field is taken as wide as places may differ, and what tells is how antennas
    differ where they were near each other.
    """
    covariance = replace(prior(False, False), slow_sd_db=_APART_SD_DB)
    reference = reference_of(seen.place, seen.antenna)
    rows = np.union1d(_spread(seen, MOST // 4), _together(seen))
    some = seen.take(rows)
    columns = columns_of(reference, some.place, some.antenna, some.device, some.run)
    own = columns.design(some.antenna, some.device, some.run)
    none = np.zeros(own.shape[1])
    if not own.any():
        return columns.rigs(none, none)
    start = uncalibrated(some)
    away = np.isnan(some.predicted_dbm) & start.with_model
    x = np.column_stack([start.design(some.predicted_dbm), away, own])
    mean, variance = start.prior
    of_rigs = columns.prior
    mean = np.r_[mean, 0.0, of_rigs[0]]
    variance = np.r_[variance, ALONE_SD_DB**2, of_rigs[1]]
    # offsets that have no column are errors that a run has in common
    loose = columns.rigs(none, none).shown(some.antenna, some.device, some.run)[1]
    found, spread = _robust(
        x, some.level_dbm, _errors(some, x, loose, covariance), mean, np.diag(1.0 / variance)
    )
    return columns.rigs(found[3:], np.diag(spread)[3:])


def rough(seen: Observations, rigs: Rigs) -> Calibration:
    """Calibrate by a median alone, to have residuals of which to learn the covariance.

    The slope stays as it is: one fitted with a covariance that is not known would take the field's
    part, and what is left would look like less of a field.
    """
    start = replace(uncalibrated(seen), rigs=rigs)
    if not len(seen):
        return start
    one = merged(*start.even(seen)).seen
    shift = float(np.median(one.level_dbm - start.mean_dbm(one.predicted_dbm)))
    shift *= len(one) / (len(one) + FEW)
    return replace(start, coefficients=start.coefficients + np.array([shift, 0.0]))


def calibrated(seen: Observations, covariance: Covariance, rigs: Rigs) -> Calibration:
    """Fit offset and slope to measurements.

    Parameters
    ----------
    seen
        One row a place and run.
    covariance
        Of the errors.
    rigs
        See :func:`rigs_of`.
    """
    start = replace(uncalibrated(seen), rigs=rigs)
    if not len(seen):
        return start
    some, loose = start.even(seen.take(_spread(seen)))
    x = start.design(some.predicted_dbm)
    mean, variance = start.prior
    errors = _errors(some, x, loose, covariance)
    found, spread = _robust(x, some.level_dbm, errors, mean, np.diag(1.0 / variance))
    return replace(start, coefficients=found, covariance=spread)


def _errors(seen: Observations, x: Floats, loose_db: Floats, covariance: Covariance) -> Floats:
    none, one = np.zeros(len(seen)), np.ones(len(seen))
    return covariances(known_of(seen, none, x, one, one, loose_db), covariance.packed)


def _basis(places: int) -> Basis:
    if places == 0:
        return "prior"
    return "few" if places < FEW else "fitted"


def _spread(seen: Observations, most: int = MOST) -> Ints:
    """Rows for a fit: spread over the map, of each antenna and neighbourhood the surest."""
    rows, side = np.arange(len(seen)), _THIN_M
    points = np.column_stack([seen.points, 1e9 * seen.antenna])
    while len(rows) > most:
        rows = rows[thinned(points[rows], side, seen.variance_db2[rows])]
        side *= 1.4
    return rows


def _together(seen: Observations) -> Ints:
    """Rows of places where several antennas were, one an antenna, of at most `MOST` / 4 places."""
    order = np.lexsort([seen.variance_db2, seen.antenna, seen.place])
    place, antenna = seen.place[order], seen.antenna[order]
    first = np.r_[True, (place[1:] != place[:-1]) | (antenna[1:] != antenna[:-1])]
    order, place = order[first[: len(order)]], place[first[: len(order)]]
    numbers, which, count = np.unique(place, return_inverse=True, return_counts=True)
    several = numbers[count > 1]
    rank = parts_of(several, 1 << 40, _SALT)
    chosen = several[np.argsort(rank, kind="stable")[: MOST // 4]]
    return order[np.isin(numbers, chosen)[which]]


def _robust(
    x: Floats, y: Floats, errors: Floats, mean: Floats, precision: Floats
) -> tuple[Floats, Floats]:
    """Generalised least squares with a normal prior; outliers get more noise, turn by turn."""
    extra = np.zeros(len(y))
    found: Floats = mean
    spread: Floats = np.asarray(np.linalg.inv(precision), np.float64)
    for _ in range(_TURNS):
        factor = cho_factor(errors + np.diag(extra), lower=True)
        weighted = cho_solve(factor, x)
        spread = np.asarray(np.linalg.inv(x.T @ weighted + precision), np.float64)
        found = spread @ (weighted.T @ y + precision @ mean)
        inverse = solve_triangular(factor[0], np.eye(len(y)), lower=True)
        diagonal = (inverse**2).sum(axis=0)
        # error of each given all others, and its variance, noise added so far apart
        off = cho_solve(factor, y - x @ found) / diagonal
        own = np.maximum(1.0 / diagonal - extra, 1e-6)
        more = np.maximum((np.abs(off) / _HUBER) * np.sqrt(own) - own, 0.0)
        if np.abs(more - extra).max() < 0.05 * own.mean():
            break
        extra = more
    return found, spread
