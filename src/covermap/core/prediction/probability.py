"""Probability that a place meets the standard, from the distribution of its level.

What must hold of a place's samples is the rule's: their mean, a share or a quantile. That is said
as the level m which the place needs (:func:`covermap.core.judging.certainty.level_needed_dbm`, with
the spread of samples as the data tell it), and the probability is that of m: of the level that
lasts, or of what one more drive would measure.
It is about the level, as the probability beside a measured verdict is. It never changes a verdict:
a measured place keeps what was measured, and an unmeasured one stays unmeasured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from covermap.core.prediction.layer import Layer, Prediction
from covermap.core.prediction.spread import Spread

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]

BASES = ("none", "measured", "predicted", "both")
INFORMED = 0.95
"""Without a model of path loss a place is predicted where measurements around it take at least
1 - 0.95 of the field's variance away: beyond, nothing would be said but the layer's mean."""


def lasting(said: Prediction, spread: Spread, needed: float) -> Floats:
    """Probability that the level that lasts reaches `needed`."""
    return _reaches(said.mean_dbm, said.lasting_db2, spread, needed)


def next_drive(said: Prediction, spread: Spread, needed: float) -> Floats:
    """Probability that what one more drive measures there reaches `needed`."""
    return _reaches(said.mean_dbm, said.drive_db2, spread, needed)


def _reaches(mean: Floats, variance: Floats, spread: Spread, needed: float) -> Floats:
    return 1.0 - spread.below(np.full(len(mean), needed), mean, variance)


def share_of_samples(
    said: Prediction, spread: Spread, rsrp_dbm: float, sample_sd_db: float, points: int = 41
) -> Floats:
    """Share of a place's samples that is expected to reach a level.

    The mean of ``Phi((m - R) / w)`` over the distribution of m, at midpoints of equal shares of it.
    """
    total = np.zeros(len(said.mean_dbm))
    for k in range(points):
        level = spread.quantile((k + 0.5) / points, said.mean_dbm, said.lasting_db2)
        total += ndtr((level - rsrp_dbm) / sample_sd_db)
    return total / points


def basis_of(layer: Layer, said: Prediction, measured: Flags, modelled: Flags) -> Codes:
    """Say what a place's probability rests on: codes of `BASES`.

    Parameters
    ----------
    measured
        Places whose own samples suffice for a verdict.
    modelled
        Places for which a model of path loss says something.
    """
    left = said.lasting_db2 / max(layer.covariance.field_variance_db2, 1e-9)
    predicted = modelled | ((left < INFORMED) & np.isfinite(said.distance_m))
    code: Codes = (measured + 2 * predicted).astype(np.int8)
    return code


def joined(basis: Codes, measured_probability: Floats, predicted_probability: Floats) -> Floats:
    """Give the probability that stands beside the verdict; NaN where there is none.

    Where a place was measured and is predicted, too, its prediction rests on its own measurement
    and on those around it: it is taken. Where it was measured only, its own is.
    """
    chosen = np.where(basis == 1, measured_probability, predicted_probability)
    return np.where(basis == 0, np.nan, chosen)


def along(probability: Floats, length_m: Floats) -> tuple[float, float, float]:
    """Length told, expected length that meets the standard, and length without any probability.

    Segments are places: each is asked at its middle. The expectation needs no independence; an
    interval does, and is the matter of the model along lines.

    Examples
    --------
    >>> along(np.array([0.5, 1.0, np.nan]), np.array([100.0, 100.0, 40.0]))
    (200.0, 150.0, 40.0)
    """
    known = np.isfinite(probability)
    good = float((probability[known] * length_m[known]).sum())
    return float(length_m[known].sum()), good, float(length_m[~known].sum())
