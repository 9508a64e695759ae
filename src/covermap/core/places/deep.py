"""When a place is deeply covered: all its key points meet the standard.

The chance that all of them do is not the product of their chances: key points that were surveyed
together share what shifted the whole survey. Each key point's level, given what was measured, is
taken as normal, and what a survey shifts as one factor of all of them (a Gaussian copula with one
factor: O. Vasicek, "Probability of Loss on Loan Portfolio", 1987). The chance of each key point by
itself stays exactly as it was judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from covermap.core.judging.certainty import Spread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

YES, NO, UNDETERMINED = 0, 1, 2
"""Positions in ``tables.DEEP``."""
_NODES = 41
_REACH_SD = 5.0
_AT = np.linspace(-_REACH_SD, _REACH_SD, _NODES)
_WEIGHT = np.exp(-0.5 * _AT**2) / np.exp(-0.5 * _AT**2).sum()
"""States of what all surveys share, in standard deviations, and how likely each is."""


def nodes() -> tuple[Floats, Floats]:
    """Give the states of the shared factor and their weights, which sum to 1."""
    return _AT, _WEIGHT


def shared_part(n: Ints, runs: Ints, spread: Spread) -> Floats:
    """Correlation of each key point's level with what shifts a whole campaign, 0-1.

    Of the posterior's variance, the part that comes from the campaign's shift, as in
    ``certainty.posterior``: with the observation's variance v, that of the campaign c and that of
    the prior p, it is ``p c / ((p + v) v)``; the correlation is its root. All is taken as measured
    in one campaign, which holds key points together the most.

    Examples
    --------
    >>> one = np.array([1])
    >>> float(shared_part(one, one, Spread(-100, 10, 6, 0, 8))[0])  # doctest: +ELLIPSIS
    0.42426406871192...
    """
    campaign, prior = spread.campaign_sd_db**2, spread.prior_sd_db**2
    seen = (
        campaign
        + spread.run_sd_db**2 / np.maximum(runs, 1)
        + spread.sample_sd_db**2 / np.maximum(n, 1)
    )
    made: Floats = np.sqrt(prior * campaign / ((prior + seen) * seen))
    return made


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
    shared: Floats,
    places: int,
    confidence: float,
) -> Places:
    """Say of each place whether all its key points meet the standard.

    Parameters
    ----------
    place, measured, covered, probability, shared
        One entry a key point: number of its place, whether it has samples enough, whether its
        verdict is covered, the chance that it meets the standard (NaN where not measured), and its
        correlation with what surveys share.
    places
        Number of places, each with at least one key point.
    confidence
        Two-sided, as of a pack. `YES`: all are measured, and all meet the standard with at least
        ``1 - (1 - confidence) / 2``. `NO`: they do so with at most ``(1 - confidence) / 2``,
        whatever those not measured would show. Else `UNDETERMINED`.

    Examples
    --------
    >>> made = judge_places(np.array([0, 0, 1]), np.array([True, True, False]),
    ...     np.array([True, False, False]), np.array([0.999, 0.001, np.nan]),
    ...     np.zeros(3), 2, 0.95)
    >>> made.deep.tolist(), made.met.tolist(), made.worst.tolist()
    ([1, 2], [1, 0], [1, -1])
    """
    chance = np.where(measured, np.nan_to_num(probability, nan=0.0), 1.0)
    given_high = _all_meet(place, chance, shared, places)
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


def _all_meet(place: Ints, chance: Floats, shared: Floats, places: int) -> Floats:
    """Chance that all key points of each place meet it, at each state: (states, places)."""
    needed = ndtri(chance)  # -inf and inf stay what they are
    own = np.sqrt(np.maximum(1.0 - shared**2, 1e-12))
    made = np.zeros((_NODES, places))
    for i, state in enumerate(_AT):
        with np.errstate(divide="ignore"):
            logs = np.log(ndtr((needed + shared * state) / own))
        made[i] = np.exp(np.bincount(place, logs, places))
    return made


def _worst(place: Ints, measured: Flags, chance: Floats, places: int) -> Ints:
    worst = np.full(places, -1, np.int64)
    rows = np.flatnonzero(measured)
    order = rows[np.lexsort((rows, chance[rows], place[rows]))]
    first = np.flatnonzero(np.diff(place[order], prepend=-1) != 0)
    worst[place[order[first]]] = order[first]
    return worst
