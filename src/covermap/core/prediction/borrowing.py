"""A layer that nobody measured: its model, calibrated by what other layers taught.

Layers of one technology in one region share what a model gets wrong there (ground, buildings, its
own formulae), and have their own (powers, antennas). So the offset of layer i, against its model at
the model's middle, is ``c + u_i`` with ``c`` and ``u_i`` normal and of equal variance, half of the
prior's each; likewise the slope. Layers that were measured tell c; the u of this one stays unknown.
Without any of them nothing is told but the prior: the model as it is, with its full spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from covermap.core.prediction.calibrate import OFFSET_SD_DB, SLOPE_SD, Calibration
from covermap.core.prediction.covariance import prior
from covermap.core.prediction.layer import Learned
from covermap.core.prediction.rigs import Rigs
from covermap.core.prediction.spread import Spread

Floats = NDArray[np.float64]


def borrowed(middle_dbm: float, others: Sequence[Learned]) -> Learned:
    """Give what can be said of a layer with a model and without measurements.

    Parameters
    ----------
    middle_dbm
        Median of its model's levels in the region.
    others
        What layers of the same technology taught in the same region; those without a model of
        their own, or without measurements, tell nothing.

    Examples
    --------
    >>> said = borrowed(-85.0, [])
    >>> said.calibration.basis, said.calibration.mean_dbm(np.array([-100.0])).tolist()
    ('prior', [-100.0])
    """
    tell = [one for one in others if one.calibration.places and one.calibration.with_model]
    offsets = np.array([_offset_at(one.calibration, middle_dbm) for one in tell])
    slopes = np.array([one.calibration.coefficients[1] - 1.0 for one in tell])
    spread = np.array([np.diag(one.calibration.covariance) for one in tell]).reshape(-1, 2)
    offset, offset_db2 = _of_another(offsets, spread[:, 0], OFFSET_SD_DB**2)
    slope, slope_2 = _of_another(slopes, spread[:, 1], SLOPE_SD**2)
    calibration = Calibration(
        np.array([middle_dbm + offset, 1.0 + slope]), np.diag([offset_db2, slope_2]), middle_dbm,
        Rigs(), "borrowed" if tell else "prior", 0, True,
    )  # fmt: skip
    if not tell:
        return Learned(calibration, prior(True, False), Spread())
    surest = max(tell, key=lambda one: one.calibration.places)
    rigs = replace(surest.calibration.rigs, device_db={}, run_db={})
    return Learned(replace(calibration, rigs=rigs), surest.covariance, surest.spread)


def _offset_at(calibration: Calibration, middle_dbm: float) -> float:
    return float(calibration.mean_dbm(np.array([middle_dbm]))[0]) - middle_dbm


def _of_another(found: Floats, variance: Floats, prior_variance: float) -> tuple[float, float]:
    """Mean and variance of ``c + u`` of a further layer."""
    own = prior_variance / 2.0
    weight = 1.0 / (own + variance)
    precision = 1.0 / own + weight.sum()
    return float((weight * found).sum() / precision), float(1.0 / precision + own)
