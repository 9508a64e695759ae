"""Offset and slope of a model of path loss, fitted to measurements robustly and honestly.

    level = offset + slope (model - middle) + device + Z + run + noise

Prior: the model as it is, ``slope ~ N(1, 0.25^2)``, ``offset - middle ~ N(0, 8^2)`` (published
models err by 6 to 12 dB untuned); without a model, ``offset ~ N(-97, 15^2)``. Each device has an
offset ~ N(0, 3^2) around them. Measurements near each other say the same thing: errors are those of
the correlated field, so a thousand measurements in one street do not make the fit sure. Large
errors are given less weight (Huber's, at 1.5 standard deviations of the whitened error): what they
exceed is taken as noise of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from covermap.core.prediction.covariance import Covariance
from covermap.core.prediction.kriging import covariances
from covermap.core.prediction.merging import known_of
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.places import thinned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Basis = Literal["prior", "borrowed", "selected", "few", "fitted"]

MOST = 600
"""Measurements that the fit takes, at most: thinned until so few are left."""
FEW = 30
"""With fewer places measured the fit is told as resting on few."""
OFFSET_SD_DB, SLOPE_SD = 8.0, 0.25
ALONE_DBM, ALONE_SD_DB = -97.0, 15.0
DEVICE_SD_DB = 3.0
_HUBER = 1.5
_TURNS = 8
_DEVICES = 200
_THIN_M = 250.0


@dataclass(frozen=True)
class Calibration:
    """What turns a model's level into the mean of a layer."""

    coefficients: Floats
    """Offset, dBm, at `middle_dbm`; and slope."""
    covariance: Floats
    """Of the coefficients, 2 x 2."""
    middle_dbm: float
    """The model's level at which the offset holds; 0 without a model."""
    device_db: dict[int, float]
    """What each device shows above the mean of devices."""
    basis: Basis
    """`prior`: nothing was measured; `borrowed`: nothing, but other layers tell; `selected`: only
    where devices had nothing better, which does not tell of other places, so other layers calibrate
    it where they can; `few`: fewer than 30 places were measured."""
    places: int
    """Measured places."""
    with_model: bool
    """Whether there is a model at any of them."""

    def design(self, predicted_dbm: Floats) -> Floats:
        """Give the rows of the design for places where the model says so much (NaN: nothing)."""
        return design_of(predicted_dbm, self.middle_dbm)

    def mean_dbm(self, predicted_dbm: Floats) -> Floats:
        """Give the calibrated level where the model says `predicted_dbm`.

        Where it says nothing, that of its middle: what it says on average.
        """
        return self.design(predicted_dbm) @ self.coefficients

    def of_devices(self, device: Ints) -> Floats:
        """Give the offset of each row's device, dB; 0 where it is not known."""
        numbers, which = np.unique(device, return_inverse=True)
        return np.array([self.device_db.get(int(d), 0.0) for d in numbers] or [0.0])[which]


def design_of(predicted_dbm: Floats, middle_dbm: float) -> Floats:
    """Rows of 1 and the model's level less its middle; 0 where it has none."""
    off = np.nan_to_num(np.asarray(predicted_dbm, np.float64) - middle_dbm, nan=0.0)
    return np.column_stack([np.ones(len(off)), off])


def rough(seen: Observations) -> Calibration:
    """Calibrate by medians alone, to have residuals of which to learn the covariance."""
    with_model = bool(np.isfinite(seen.predicted_dbm).any())
    middle = float(np.nanmedian(seen.predicted_dbm)) if with_model else 0.0
    at = middle if with_model else ALONE_DBM
    off = seen.level_dbm - np.where(np.isfinite(seen.predicted_dbm), seen.predicted_dbm, at)
    size = len(off)
    shift = float(np.median(off)) * size / (size + FEW) if size else 0.0
    spread = np.diag(_prior(with_model, at)[1])
    return Calibration(
        np.array([at + shift, 1.0]), spread, middle, {}, _basis(size), size, with_model
    )  # fmt: skip


def calibrated(seen: Observations, share: Floats, covariance: Covariance) -> Calibration:
    """Fit offset, slope and devices to measurements, one row a place.

    Parameters
    ----------
    seen
        One row a place; see :func:`covermap.core.prediction.merging.merged`.
    share
        Sum of the squared weights of the runs in each.
    covariance
        Of the errors.
    """
    start = rough(seen)
    if not len(seen):
        return start
    rows = _some(seen, share)
    seen_some, share = seen.take(rows), share[rows]
    with_model = bool(np.isfinite(seen.predicted_dbm).any())
    devices = _often(seen_some.device)
    x = np.column_stack(
        [start.design(seen_some.predicted_dbm), seen_some.device[:, None] == devices[None, :]]
    )
    mean, variance = _prior(with_model, start.middle_dbm if with_model else ALONE_DBM)
    mean = np.r_[mean, np.zeros(len(devices))]
    precision = np.diag(np.r_[1.0 / variance, np.full(len(devices), DEVICE_SD_DB**-2.0)])
    none = np.zeros(len(share))
    known = known_of(seen_some, none, x, share, np.sqrt(share))
    errors = covariances(known, covariance.packed)
    found, spread = _robust(x, seen_some.level_dbm, errors, mean, precision)
    shifts = {int(d): float(v) for d, v in zip(devices, found[2:], strict=True)}
    return Calibration(
        found[:2], spread[:2, :2], start.middle_dbm, shifts, start.basis, len(seen), with_model
    )


def _prior(with_model: bool, at_dbm: float) -> tuple[Floats, Floats]:
    """Mean and variance of offset and slope."""
    offset_sd = OFFSET_SD_DB if with_model else ALONE_SD_DB
    return np.array([at_dbm, 1.0]), np.array([offset_sd, SLOPE_SD]) ** 2


def _basis(places: int) -> Basis:
    if places == 0:
        return "prior"
    return "few" if places < FEW else "fitted"


def _some(seen: Observations, share: Floats) -> Ints:
    """Rows for the fit: spread over the map, of each neighbourhood the surest."""
    rows, side = np.arange(len(seen)), _THIN_M
    points = seen.points
    while len(rows) > MOST:
        rows = rows[thinned(points[rows], side, share[rows] + seen.variance_db2[rows])]
        side *= 1.4
    return rows


def _often(device: Ints) -> Ints:
    """Devices that have an offset of their own: those seen most often, ascending."""
    numbers, count = np.unique(device[device >= 0], return_counts=True)
    return np.sort(numbers[np.argsort(-count, kind="stable")][:_DEVICES])


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
