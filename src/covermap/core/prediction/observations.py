"""Samples or counts to one level per place and run, with what is not known of it.

Samples x of a run in a cell scatter around the run's level there with `sample_sd_db` w, which is
estimated over all cells (:func:`sample_sd`). The level is Huber's estimate of location (influence
cut at 2 w: one sample out of line moves it little). A sample at the receiver's floor, or without
service, says that x is at most the floor: it counts with its expectation under the normal
distribution cut off there (the EM steps of a censored normal; Tobin, Econometrica 26, 1958), and
a weak prior, as wide as the layer, keeps a cell in which all are censored from running away.

Its variance is ``1 / information``: w^2 / n without censoring, more with it. That samples of one
run in one cell share fades, and runs and devices their offsets, is no matter of n: the model of
:mod:`covermap.core.prediction.covariance` has terms for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import points_m

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SAMPLE_SD_DB = 3.74
"""Spread of samples in 100 m before any are seen (sd^2 = 14 dB^2, measured on motorways)."""
PRIOR_GROUPS = 10.0
"""The spread before any are seen weighs as much as so many cells."""
LAYER_SD_DB = 15.0
"""Spread of the level over a layer, before any is known: for cells with censored samples only."""
_HUBER = 2.0
_TURNS = 100
_REACH_DB = 200.0
_LEAST_SAMPLES = 6
"""Of a cell and run, to tell the spread in it."""


@dataclass(frozen=True)
class Rows:
    """Samples, or counts of equal ones; arrays of one length.

    ``place`` and ``run`` are any whole numbers (a cell, say); ``level_dbm`` is the mean level of
    the row's ``n`` samples, or the floor where they are ``censored`` (at most that).
    """

    place: Ints
    run: Ints
    level_dbm: Floats
    n: Ints
    censored: Flags


@dataclass(frozen=True)
class Levels:
    """One level per place and run, ascending by place, then run; arrays of one length."""

    place: Ints
    run: Ints
    level_dbm: Floats
    variance_db2: Floats
    """Of the level, by its samples alone: ``1 / information``."""
    n: Ints

    def take(self, rows: Any) -> Levels:
        """Give some rows."""
        return Levels(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class Observations:
    """Levels with where and by what they were measured; arrays of one length.

    Rows of one ``place`` are of one position. ``antenna`` is an index of `rigs.ANTENNAS`;
    ``device`` and ``group`` (of the serving cell) are numbers, -1 where not known.
    ``predicted_dbm`` is a model's level there, NaN where it has none.
    """

    place: Ints
    run: Ints
    antenna: Ints
    device: Ints
    group: Ints
    lon: Floats
    lat: Floats
    level_dbm: Floats
    variance_db2: Floats
    predicted_dbm: Floats

    def take(self, rows: Any) -> Observations:
        """Give some rows."""
        return Observations(*(getattr(self, f.name)[rows] for f in fields(self)))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.place)

    @property
    def points(self) -> Floats:
        """Positions in space, m."""
        return points_m(self.lon, self.lat)


def levels_of(rows: Rows, sample_sd_db: float) -> Levels:
    """Give the level of each place and run.

    Parameters
    ----------
    rows
        In any order. Rows without samples, or without a level, are passed over.
    sample_sd_db
        Of samples of a run around its level in a place; see :func:`sample_sd`.

    Examples
    --------
    >>> rows = Rows(np.zeros(3, int), np.zeros(3, int), np.array([-90.0, -92.0, -60.0]),
    ...             np.array([5, 5, 1]), np.zeros(3, bool))
    >>> float(levels_of(rows, 4.0).level_dbm[0].round(2))
    -90.2
    """
    rows, first = _grouped(rows)
    if not len(first):
        none = np.zeros(0)
        return Levels(rows.place, rows.run, none, none, rows.n)
    layer = float(np.median(rows.level_dbm))
    end = np.r_[first[1:], len(rows.n)]
    level, variance = _locate(
        first, end, rows.level_dbm, rows.n, rows.censored, sample_sd_db, layer
    )
    n = np.add.reduceat(rows.n, first)
    return Levels(rows.place[first], rows.run[first], level, variance, n)


def sample_sd(rows: Rows) -> float:
    """Spread of samples around the level of their run in a place, dB.

    The mean of the variances within places and runs that have at least 6 samples, none censored;
    the upper and lower tenth of them are left out (a cell of two roads, a phone that lies still),
    and the value known before, 3.74 dB, weighs as much as ten cells.
    """
    rows, first = _grouped(rows)
    if not len(first):
        return SAMPLE_SD_DB
    n = np.add.reduceat(rows.n, first)
    mean = np.add.reduceat(rows.n * rows.level_dbm, first) / n
    which = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(rows.n)]))
    off = (rows.level_dbm - mean[which]) ** 2 * rows.n
    square = np.add.reduceat(off, first) / np.maximum(n - 1, 1)
    usable = (n >= _LEAST_SAMPLES) & ~np.logical_or.reduceat(rows.censored, first)
    found = np.sort(square[usable])
    cut = len(found) // 10
    kept = found[cut : len(found) - cut]
    total = kept.sum() + PRIOR_GROUPS * SAMPLE_SD_DB**2
    return float(math.sqrt(total / (len(kept) + PRIOR_GROUPS)))


def _grouped(rows: Rows) -> tuple[Rows, Ints]:
    """Rows with samples, by place and run, and the first of each."""
    kept = np.flatnonzero((rows.n > 0) & np.isfinite(rows.level_dbm))
    keys = (rows.censored, rows.n, rows.level_dbm, rows.run, rows.place)
    order = kept[np.lexsort([key[kept] for key in keys])]
    rows = Rows(*(getattr(rows, f.name)[order] for f in fields(rows)))
    new = np.ones(len(order), np.bool_)
    new[1:] = (rows.place[1:] != rows.place[:-1]) | (rows.run[1:] != rows.run[:-1])
    return rows, np.flatnonzero(new)


@njit(cache=True)
def _locate(
    first: Ints, end: Ints, level: Floats, n: Ints, censored: Flags, sd: float, layer: float
) -> tuple[Floats, Floats]:
    """Huber's location of each group by Newton's steps, kept between bounds that close in."""
    found, variance = np.empty(len(first)), np.empty(len(first))
    for g in range(len(first)):
        rows = slice(first[g], end[g])
        total, any_censored = np.sum(n[rows] * level[rows]), np.any(censored[rows])
        prior = 1.0 / LAYER_SD_DB**2 if any_censored else 0.0
        at = total / np.sum(n[rows])
        low, high = at - _REACH_DB, at + _REACH_DB
        for _ in range(_TURNS):
            slope, curve, _ = _slopes(at, level[rows], n[rows], censored[rows], sd, prior, layer)
            if abs(slope) < 1e-10:
                break
            low, high = (at, high) if slope > 0 else (low, at)
            to = at + slope / max(curve, 1e-12)
            if not low < to < high:
                to = 0.5 * (low + high)
            if abs(to - at) < 1e-10:
                break
            at = to
        found[g] = at
        _, _, information = _slopes(at, level[rows], n[rows], censored[rows], sd, prior, layer)
        variance[g] = 1.0 / information
    return found, variance


@njit(cache=True)
def _slopes(
    at: float, level: Floats, n: Ints, censored: Flags, sd: float, prior: float, layer: float
) -> tuple[float, float, float]:
    """Slope and curvature of the log posterior, and information as if no sample were cut."""
    slope, curve, information = -prior * (at - layer), prior, prior
    for i in range(len(level)):
        z = (level[i] - at) / sd
        if censored[i]:
            ratio = hazard(z)
            slope -= n[i] * ratio / sd
            curve += n[i] * ratio * (ratio + z) / sd**2
            information += n[i] * ratio * (ratio + z) / sd**2
        else:
            slope += n[i] * min(max(z, -_HUBER), _HUBER) / sd
            curve += n[i] / sd**2 if abs(z) <= _HUBER else 0.0
            information += n[i] / sd**2
    return slope, curve, information


@njit(cache=True)
def hazard(z: float) -> float:
    """Give the density over the share of a standard normal below z, ``phi(z) / Phi(z)``."""
    if z < -30.0:  # the ratio's asymptote: both vanish beyond
        return -z - 1.0 / z
    below = 0.5 * math.erfc(-z / math.sqrt(2.0))
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) / below
