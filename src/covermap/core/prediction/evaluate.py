"""How good predictions are: blocks and runs held out, foretold from the rest, and scored.

Random points are never held out: the next sample of the same street is no test of a prediction.
A place held out is scored by the mean level that the runs there measured, less what antennas and
devices show by what is known of them without it; its stated variance is that of such a mean: what
lasts, and what its runs have of their own, by their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covermap.core.prediction.layer import Layer, learn, predict
from covermap.core.prediction.merging import merged
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.places import blocks_of, parts_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK_M = 2000.0
FOLDS = 5
DISTANCES_M = (0.0, 250.0, 500.0, 1000.0, 2000.0, np.inf)
"""Edges of the bands of distance to the nearest measurement."""
TENTHS = 10
_SALT = 5


@dataclass(frozen=True)
class Held:
    """Places held out: what was measured and what was said; arrays of one length."""

    place: Ints
    lon: Floats
    lat: Floats
    level_dbm: Floats
    mean_dbm: Floats
    low_dbm: Floats
    """Lower end of the 90 % interval."""
    high_dbm: Floats
    covered: Floats
    """Probability that the measured level would reach the threshold."""
    distance_m: Floats
    """To the nearest measurement that was not held out."""

    def take(self, rows: Any) -> Held:
        """Give some rows."""
        return Held(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class Scores:
    """Scores of places held out; NaN where there is nothing to be scored."""

    n: int
    rmse_db: float
    bias_db: float
    """Foretold less measured."""
    inside_90: float
    """Share of places whose level lies in its 90 % interval."""
    width_90_db: float
    brier: float
    weak: int
    """Places measured below the threshold."""
    weak_recall: float
    """Share of weak places that were given less than 0.5."""
    weak_precision: float
    """Share of places given less than 0.5 that are weak."""


def block_parts(seen: Observations, side_m: float = BLOCK_M, folds: int = FOLDS) -> Ints:
    """Deal square blocks of the map out to folds: the part of each measurement."""
    return parts_of(blocks_of(seen.lon, seen.lat, side_m), folds, _SALT)


def run_parts(seen: Observations, folds: int = FOLDS) -> Ints:
    """Deal runs out to folds: the part of each measurement."""
    return parts_of(np.ascontiguousarray(seen.run), folds, _SALT)


def held_out(
    seen: Observations,
    part: Ints,
    threshold_dbm: float,
    learner: Callable[[Observations], Layer] = learn,
    with_groups: bool = False,
) -> Held:
    """Hold out each part in turn, learn from all others, and foretell its places.

    Parameters
    ----------
    part
        Of each measurement; those of a part below 0 are never held out.
    threshold_dbm
        The level that a place must reach.
    with_groups
        Tell the serving cell at places held out: known where somebody was, not on a map.
    """
    made = []
    for k in np.unique(part[part >= 0]):
        layer = learner(seen.take(part != k))
        one = merged(*layer.calibration.even(seen.take(part == k)))
        truth = one.seen
        group = truth.group if with_groups else None
        said = predict(layer, truth.lon, truth.lat, truth.predicted_dbm, group)
        own = said.drive_db2 - said.lasting_db2
        variance = said.lasting_db2 + one.share * own + truth.variance_db2 + one.loose_db**2
        spread = layer.spread
        made.append(Held(
            truth.place, truth.lon, truth.lat, truth.level_dbm, said.mean_dbm,
            spread.quantile(0.05, said.mean_dbm, variance),
            spread.quantile(0.95, said.mean_dbm, variance),
            1.0 - spread.below(np.full(len(variance), threshold_dbm), said.mean_dbm, variance),
            said.distance_m,
        ))  # fmt: skip
    if not made:
        none = np.zeros(0)
        return Held(none.astype(np.int64), *([none] * 8))
    return Held(*(np.concatenate([getattr(m, f.name) for m in made]) for f in fields(Held)))


def scored(held: Held, threshold_dbm: float) -> Scores:
    """Score places held out."""
    n = len(held.place)
    if n == 0:
        none = float("nan")
        return Scores(0, none, none, none, none, none, 0, none, none)
    off = held.mean_dbm - held.level_dbm
    reached = held.level_dbm >= threshold_dbm
    inside = (held.level_dbm >= held.low_dbm) & (held.level_dbm <= held.high_dbm)
    said_weak, hits = held.covered < 0.5, (held.covered < 0.5) & ~reached
    return Scores(
        n, float(np.sqrt(np.mean(off**2))), float(off.mean()), float(inside.mean()),
        float((held.high_dbm - held.low_dbm).mean()),
        float(np.mean((held.covered - reached) ** 2)), int((~reached).sum()),
        _share(hits.sum(), (~reached).sum()), _share(hits.sum(), said_weak.sum()),
    )  # fmt: skip


def _share(some: int, of: int) -> float:
    return float(some / of) if of else float("nan")


def by_distance(held: Held, threshold_dbm: float) -> list[tuple[float, float, Scores]]:
    """Score places held out by band of their distance to the nearest measurement, m."""
    made = []
    for low, high in pairwise(DISTANCES_M):
        some = (held.distance_m >= low) & (held.distance_m < high)
        made.append((low, high, scored(held.take(some), threshold_dbm)))
    return made


def reliability(covered: Floats, reached: NDArray[np.bool_]) -> tuple[Ints, Floats, Floats]:
    """Places, mean probability and share that reached the threshold, by tenth of probability.

    A tenth without places has NaN.

    Examples
    --------
    >>> n, said, seen = reliability(np.array([0.05, 0.95, 1.0]), np.array([False, True, False]))
    >>> n.tolist(), seen[[0, 9]].tolist()
    ([1, 0, 0, 0, 0, 0, 0, 0, 0, 2], [0.0, 0.5])
    """
    tenth = np.minimum((np.asarray(covered) * TENTHS).astype(np.int64), TENTHS - 1)
    n = np.bincount(tenth, minlength=TENTHS)
    with np.errstate(invalid="ignore"):
        said = np.bincount(tenth, covered, TENTHS) / n
        seen = np.bincount(tenth, reached, TENTHS) / n
    return n, said, seen
