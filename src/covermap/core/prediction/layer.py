"""One layer: learnt from its measurements, and asked anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import points_m
from covermap.core.prediction.calibrate import FEW, Calibration, calibrated, rigs_of, rough
from covermap.core.prediction.covariance import Covariance
from covermap.core.prediction.fit import Foretold, fitted, foretold
from covermap.core.prediction.kriging import Known, kriged
from covermap.core.prediction.likelihood import foretell, geometry
from covermap.core.prediction.merging import known_of, merged
from covermap.core.prediction.neighbours import Nearby, nearby, neighbours
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.spread import Spread, learnt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST = 20
"""Measurements below which nothing but the calibration is learnt: the prior stays."""


@dataclass(frozen=True)
class Layer:
    """What was learnt of a layer."""

    calibration: Calibration
    covariance: Covariance
    spread: Spread
    known: Known
    near: Nearby

    @property
    def total_db2(self) -> float:
        """Variance of field and run where nothing was measured near."""
        return self.covariance.field_variance_db2 + self._run_db2

    @property
    def _run_db2(self) -> float:
        return self.covariance.run_sd_db**2 + self.covariance.run_offset_sd_db**2


@dataclass(frozen=True)
class Prediction:
    """Levels at places; arrays of one length."""

    mean_dbm: Floats
    lasting_db2: Floats
    """Variance of the level that lasts."""
    drive_db2: Floats
    """Variance of what the samples of one more run would have as their mean there."""
    distance_m: Floats
    """To the nearest measurement; infinite without any."""


@dataclass(frozen=True)
class Learned:
    """What measurements of a layer taught, apart from themselves."""

    calibration: Calibration
    covariance: Covariance
    spread: Spread


def learn(seen: Observations) -> Layer:
    """Learn a layer from its measurements, and make it ready to be asked.

    Parameters
    ----------
    seen
        In any order; one row a place and run.
    """
    return ready(learned(seen), seen)


def learned(seen: Observations) -> Learned:
    """Learn calibration, covariance and spread from measurements of one layer.

    Notes
    -----
    Serving cells take part where more than one is given. Measurements where the model says nothing
    teach only a layer that has hardly any other: see `modelled`.
    """
    seen = _in_order(seen)
    rigs = rigs_of(seen)
    seen = seen.take(modelled(seen))
    with_model = bool(np.isfinite(seen.predicted_dbm).any())
    with_groups = len(np.unique(seen.group[seen.group >= 0])) > 1
    told = foretold(seen) if len(seen) >= LEAST else foretold(seen, 0)
    # targets come in stretches, one a way of leaving out: every second fits, the others test
    covariance = fitted(_each(seen, rough(seen, rigs)), _part(told, 0), with_model, with_groups)
    calibration = calibrated(seen, covariance, rigs)
    spread = _spread(seen, calibration, covariance, _part(told, 1))
    return Learned(calibration, covariance, spread)


def recalibrated(taught: Learned, seen: Observations) -> Layer:
    """Calibrate a layer by these measurements, with a covariance and spread learnt before."""
    rigs = rigs_of(_in_order(seen))
    calibration = calibrated(_in_order(seen.take(modelled(seen))), taught.covariance, rigs)
    return ready(replace(taught, calibration=calibration), seen)


def modelled(seen: Observations) -> Flags:
    """Tell measurements that a layer is calibrated by: where the model says something, if enough.

    Beyond the reach of every site levels are others than a calibrated model's middle; they would
    shift the offset of all places that have a model.
    """
    told = np.isfinite(seen.predicted_dbm)
    enough = len(np.unique(seen.place[told])) >= FEW
    return told if enough else np.ones(len(seen), bool)


def ready(taught: Learned, seen: Observations) -> Layer:
    """Make a layer ready to be asked near these measurements: all of it, or those of a part."""
    seen, calibration = _in_order(seen), taught.calibration
    one = merged(*calibration.even(seen))
    off = one.seen.level_dbm - calibration.mean_dbm(one.seen.predicted_dbm)
    design = calibration.design(one.seen.predicted_dbm)
    known = known_of(one.seen, off, design, one.share, one.part, one.loose_db)
    near = nearby(known.points, known.share + one.loose_db**2 / taught.covariance.run_variance_db2)
    return Layer(calibration, taught.covariance, taught.spread, known, near)


def _in_order(seen: Observations) -> Observations:
    return seen.take(np.lexsort([seen.level_dbm, seen.run, seen.place]))


def _part(told: Foretold, of: int) -> Foretold:
    return told.take(np.arange(of, len(told.row), 2))


def _each(seen: Observations, calibration: Calibration) -> Known:
    """Measurements for the kernels, one a place and run."""
    even, loose = calibration.even(seen)
    off = even.level_dbm - calibration.mean_dbm(seen.predicted_dbm)
    one = np.ones(len(seen))
    return known_of(seen, off, calibration.design(seen.predicted_dbm), one, one, loose)


def _spread(
    seen: Observations, calibration: Calibration, covariance: Covariance, told: Foretold
) -> Spread:
    if not len(told.row):
        return Spread()
    known = _each(seen, calibration)
    measured = geometry(known, told.row, told.near, covariance.run_offset_sd_db**2)
    mean, variance = foretell(measured, covariance.packed)
    noise = known.variance_db2[told.row] + known.loose_db[told.row] ** 2
    noise += covariance.noise_sd_db**2
    total = covariance.field_variance_db2 + covariance.run_sd_db**2 + covariance.run_offset_sd_db**2
    error = known.residual_db[told.row] - mean
    return learnt(error, np.maximum(variance - noise, 1e-6), noise, total)


def predict(
    layer: Layer,
    lon: Floats,
    lat: Floats,
    predicted_dbm: Floats | None = None,
    group: Ints | None = None,
    samples_db2: Floats | float = 0.0,
) -> Prediction:
    """Predict levels at places.

    Parameters
    ----------
    predicted_dbm
        The model's level at each place, as in what was learnt from; NaN, or nothing: none.
    group
        Serving cell at each place where it is known, -1 where not: it is not, where nobody
        measured.
    samples_db2
        Variance that the samples of a run leave to their mean in a place.
    """
    places = points_m(lon, lat)
    model = np.full(len(places), np.nan) if predicted_dbm is None else predicted_dbm
    groups = np.full(len(places), -1, np.int64) if group is None else group
    at = neighbours(layer.near, places)
    mean, variance, distance = kriged(
        places, groups, layer.calibration.design(model), at, layer.known, layer.covariance.packed,
        layer.calibration.covariance,
    )  # fmt: skip
    run = layer.covariance.run_variance_db2 - layer.covariance.noise_sd_db**2
    drive = layer.spread.variance(variance + run, layer.total_db2)
    lasting = drive * variance / (variance + run)
    noise = layer.covariance.noise_sd_db**2 + samples_db2
    return Prediction(
        mean + layer.calibration.mean_dbm(model), lasting, drive + noise, distance
    )  # fmt: skip
