"""When a place is deeply covered: all its key points meet the standard.

The chance that all of them do is not the product of their chances: key points that were surveyed
together share what shifted their run, and those of all places what shifted the campaign. Each key
point's level, given what was measured, is taken as normal; what a run and a campaign shifted are
two factors of it, one of the place and one of all places (a Gaussian copula with factors: O.
Vasicek, "Probability of Loss on Loan Portfolio", 1987). The chance of each key point by itself
stays as it was judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from covermap.core.judging.certainty import Spread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

YES, NO, UNDETERMINED = 0, 1, 2
"""Positions in ``tables.DEEP``."""


def _states(reach_sd: float, count: int) -> tuple[Floats, Floats]:
    at = np.linspace(-reach_sd, reach_sd, count)
    weight = np.exp(-0.5 * at**2)
    return at, weight / weight.sum()


_AT, _WEIGHT = _states(4.5, 25)
"""States of what all places share, in standard deviations, and how likely each is."""
_RUN_AT, _RUN_WEIGHT = _states(4.0, 17)
"""The same of what the key points of one place share."""


_TABLE_REACH, _TABLE_STEPS = 8.0, 256
_TABLE = ndtr(np.arange(-_TABLE_REACH, _TABLE_REACH + 2.0 / _TABLE_STEPS, 1.0 / _TABLE_STEPS))


def nodes() -> tuple[Floats, Floats]:
    """Give the states of what all places share and their weights, which sum to 1."""
    return _AT, _WEIGHT


@dataclass(frozen=True)
class Surveys:
    """How key points were surveyed: arrays of one length."""

    n: Ints
    runs: Ints
    together: Floats
    """Of their runs, how much is one and the same for their place (see `together`), 0-1."""
    needed_dbm: float
    """Level that key points need; of several technologies, the highest."""
    spread: Spread


@dataclass(frozen=True)
class _Observed:
    """What each key point's level follows from, given its place's shift; dB from the prior's mean.

    The shift of a place is that of the campaign and of the runs that all its key points share.
    """

    z: Floats
    """Normal quantile of its own chance."""
    seen: Floats
    """What was seen of it, as its chance tells."""
    spread: Floats
    """Variance of what is seen, given the shift."""
    shift: Floats
    """Variance of the shift."""
    gain: Floats
    """Posterior mean of the level by what is seen less the shift."""
    sd: Floats
    """Posterior standard deviation of the level, given the shift."""


def _observed(chance: Floats, by: Surveys) -> _Observed:
    """Part what was observed of each key point: ``certainty.posterior`` has the model.

    All is taken as measured in one campaign, which holds places together the most.
    """
    prior, campaign = by.spread.prior_sd_db**2, by.spread.campaign_sd_db**2
    run = by.spread.run_sd_db**2 / np.maximum(by.runs, 1)
    sample = by.spread.sample_sd_db**2 / np.maximum(by.n, 1)
    noise, given = campaign + run + sample, sample + (1.0 - by.together) * run
    z = ndtri(chance)
    whole_sd = np.sqrt(prior * noise / (prior + noise))
    needed = by.needed_dbm - by.spread.prior_mean_dbm
    seen = (np.clip(z, -_TABLE_REACH, _TABLE_REACH) * whole_sd + needed) * (prior + noise) / prior
    return _Observed(
        z, seen, prior + given, noise - given, prior / (prior + given),
        np.sqrt(prior * given / (prior + given)),
    )  # fmt: skip


def together(place: Ints, point: Ints, run: Ints, points: int, of: Ints) -> Floats:
    """Tell how much of the runs of a place's key points is one and the same, 0-1, per key point.

    1: every run visited all of them. 0: each key point has runs of its own, as probes have.

    Parameters
    ----------
    place, point, run
        Which run saw which key point, of which place; in any order.
    points, of
        Number of key points, and the place of each.

    Examples
    --------
    >>> at = np.array([0, 1]), np.array([5, 5])
    >>> together(np.zeros(2, int), *at, 2, np.zeros(2, int)).tolist()
    [1.0, 1.0]
    """
    places = int(of.max(initial=-1)) + 1
    pairs = np.unique(np.column_stack([point, run]), axis=0)
    each = np.bincount(pairs[:, 0], minlength=points)
    most = np.zeros(places, np.int64)
    np.maximum.at(most, of, each)
    total = np.bincount(of, each, places)
    distinct = np.unique(np.column_stack([place, run]), axis=0)
    single = np.bincount(distinct[:, 0], minlength=places)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = (total - single) / (total - most)
    shared: Floats = np.where(total > most, part, 0.0)
    return shared[of]


@dataclass(frozen=True)
class Places:
    """Per place: how sure it is, and what its key points are; arrays of one length."""

    deep: NDArray[np.int8]
    """YES, NO or UNDETERMINED."""
    probability: Floats
    """That all key points meet the standard; NaN where one was not measured."""
    low: Floats
    high: Floats
    """The same with key points that were not measured taken as missing, or meeting, it."""
    given_low: Floats
    given_high: Floats
    """The same at each state of what surveys share: arrays of (states, places)."""
    key_points: Ints
    met: Ints
    missed: Ints
    worst: Ints
    """Number of the measured key point least likely to meet it; -1: none measured."""


def judge_places(
    place: Ints,
    measured: Flags,
    covered: Flags,
    probability: Floats,
    by: Surveys,
    places: int,
    confidence: float,
) -> Places:
    """Say of each place whether all its key points meet the standard.

    Parameters
    ----------
    place, measured, covered, probability, by
        One entry a key point: number of its place, whether it has samples enough, whether its
        verdict is covered, the chance that it meets the standard (NaN where not measured), and how
        it was surveyed.
    places
        Number of places, each with at least one key point.
    confidence
        Two-sided, as of a pack. `YES`: all are measured, and all meet the standard with at least
        ``1 - (1 - confidence) / 2``. `NO`: they do so with at most ``(1 - confidence) / 2``,
        whatever those not measured would show. Else `UNDETERMINED`.

    Examples
    --------
    >>> one = np.ones(3, int)
    >>> made = judge_places(np.array([0, 0, 1]), np.array([True, True, False]),
    ...     np.array([True, False, False]), np.array([0.999, 0.001, np.nan]),
    ...     Surveys(one, one, one, -105.0, Spread(-97, 10, 2, 5, 4)), 2, 0.95)
    >>> made.deep.tolist(), made.met.tolist(), made.worst.tolist()
    ([1, 2], [1, 0], [1, -1])
    """
    chance = np.where(measured, np.nan_to_num(probability, nan=0.0), 1.0)
    given_high = _all_meet(place, measured, chance, by, places)
    key_points = np.bincount(place, minlength=places)
    seen = np.bincount(place[measured], minlength=places)
    complete = seen == key_points
    given_low = np.where(complete, given_high, 0.0)
    high, low = _WEIGHT @ given_high, _WEIGHT @ given_low
    tail = (1.0 - confidence) / 2.0
    deep = np.full(places, UNDETERMINED, np.int8)
    deep[complete & (low >= 1.0 - tail)] = YES
    deep[high <= tail] = NO
    met = np.bincount(place[measured & covered], minlength=places)
    return Places(
        deep, np.where(complete, low, np.nan), low, high, given_low, given_high,
        key_points, met, seen - met, _worst(place, measured, chance, places),
    )  # fmt: skip


def _all_meet(place: Ints, measured: Flags, chance: Floats, by: Surveys, places: int) -> Floats:
    """Chance that all measured key points of each place meet it, at each state: (states, places).

    What shifted a place's samples is inferred from all its key points together; what is left of the
    campaign's part of it is the state.
    """
    rows = np.flatnonzero(measured)
    rows = rows[np.argsort(place[rows], kind="stable")]
    ends = np.searchsorted(place[rows], np.arange(places + 1)).astype(np.int64)
    found = _observed(chance, by)
    made = np.empty((places, len(_AT)))
    needed = by.needed_dbm - by.spread.prior_mean_dbm
    _meet(
        ends, found.z[rows], found.seen[rows], found.spread[rows], found.shift[rows],
        found.gain[rows], found.sd[rows], needed, by.spread.campaign_sd_db,
        _AT, _RUN_AT, _RUN_WEIGHT, made,
    )  # fmt: skip
    return np.ascontiguousarray(made.T)


@njit(cache=True, nogil=True)
def _below(z: float) -> float:
    """Give the normal distribution function, from a table: 5e-7 off at the most."""
    if z >= _TABLE_REACH:
        return 1.0
    if z <= -_TABLE_REACH:
        return 0.0
    at = (z + _TABLE_REACH) * _TABLE_STEPS
    i = int(at)
    return float(_TABLE[i] + (at - i) * (_TABLE[i + 1] - _TABLE[i]))


@njit(cache=True, nogil=True)
def _meet(
    ends: Ints, z: Floats, seen: Floats, spread: Floats, shift: Floats, gain: Floats, sd: Floats,
    needed: float, campaign_sd: float, at: Floats, run_at: Floats, run_weight: Floats,
    made: Floats,
) -> None:  # fmt: skip
    """Fill the chance of each place at each state."""
    for p in range(len(ends) - 1):
        first, end = ends[p], ends[p + 1]
        prior, inverse, weighted = 0.0, 0.0, 0.0
        for i in range(first, end):
            prior = max(prior, shift[i])
            inverse += 1.0 / spread[i]
            weighted += seen[i] / spread[i]
        variance = prior / (1.0 + prior * inverse)
        root = math.sqrt(variance)
        # of the shift's error, the part (1 - gain of the estimate) x campaign is that of all places
        shared = (1.0 - variance * inverse) * campaign_sd / root if root > 0.0 else 0.0
        shared = min(shared, 1.0)
        alone = math.sqrt(1.0 - shared**2)
        for j in range(len(at)):
            total = 0.0
            for h in range(len(run_at)):
                shifted = variance * weighted + root * (alone * run_at[h] - shared * at[j])
                all_meet = 1.0
                for i in range(first, end):
                    margin = z[i]
                    if not math.isinf(z[i]):
                        margin = (gain[i] * (seen[i] - shifted) - needed) / sd[i]
                    all_meet *= _below(margin)
                    if all_meet == 0.0:
                        break
                total += all_meet * run_weight[h]
            made[p, j] = total


def _worst(place: Ints, measured: Flags, chance: Floats, places: int) -> Ints:
    worst = np.full(places, -1, np.int64)
    rows = np.flatnonzero(measured)
    order = rows[np.lexsort((rows, chance[rows], place[rows]))]
    first = np.flatnonzero(np.diff(place[order], prepend=-1) != 0)
    worst[place[order[first]]] = order[first]
    return worst
