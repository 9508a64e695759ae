"""What would settle an undetermined unit: how much narrower further runs would make its interval.

Linear Bayes on the share (Goldstein and Wooff, 2007). In draw k of the posterior, S is the share
that persists, and O the share that one more drive would observe, of the unit or of a part of it.
In a linear normal model the variance of S after a drive does not depend on what it will observe:

    Var(S | O) = Var(S) (1 - Corr(S, O)^2)

One further run is a draw of O. n runs of one campaign share all but their own part of the
variance: with O_1 of a run in the campaigns already made, and V the variance of a run alone, the
mean of n runs has the variance ``Var(O) - V (1 - 1 / n)``.

Shares end at 0 and 1 and their draws are skew, so the later interval is not taken as normal. For
each O that may be observed, the draws are moved along the regression of S on O (Beaumont, Zhang
and Balding, Genetics 162, 2002) and cut off at 0 and 1: the width is the mean over these, the
chance to settle the share of them that gives an answer.

Only the share that a drive shows is used, not its levels segment by segment, so a run narrows more
than is said here: in simulation a run that leaves 0.79 of the width by this reckoning left 0.70.
Which part of a line to drive is told rightly: see ``tests/laws/test_settling.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from covermap.core.judging.estimates import LineTest, reached

Floats = NDArray[np.float64]

Action = Literal["same_campaign", "new_campaign"]


@dataclass(frozen=True)
class Draws:
    """Shares of units per draw: arrays of one shape, draws along the last axis."""

    persistent: Floats
    campaign: Floats
    """In the state during the campaigns that were made."""
    drive: Floats
    """That one run of a new campaign observes."""


@dataclass(frozen=True)
class Foreseen:
    """What is expected of each unit's interval after the runs."""

    width: Floats
    p_settled: Floats
    """Probability that the answer is then pass or fail."""


def run_variance(draws: Draws) -> Floats:
    """Variance of an observed share that is one run's own: beyond its campaign's.

    What a drive of a new campaign shows beyond the persistent state, less what the campaigns made
    show beyond it.
    """
    own = np.var(draws.drive - draws.persistent, axis=-1)
    return np.maximum(own - np.var(draws.campaign - draws.persistent, axis=-1), 0.0)


def left_after(draws: Draws, action: Action, runs: int) -> Floats:
    """Give the part of the share's standard deviation that is left after further runs, 0-1.

    Parameters
    ----------
    action
        `same_campaign`: runs that share the state of the campaigns made; `new_campaign`: runs of
        one new campaign.
    runs
        How many, all of one campaign.
    """
    alone = run_variance(draws)
    if action == "same_campaign":
        return left_by(draws.persistent, draws.campaign, alone / runs)
    return left_by(draws.persistent, draws.drive, -alone * (1.0 - 1.0 / runs))


def left_by(share: Floats, seen: Floats, more: Floats | float = 0.0) -> Floats:
    """Give the part of a share's standard deviation that is left once `seen` is known, 0-1.

    `more` is added to the variance of what is seen. 1 where nothing is to be learned.
    """
    prior = np.var(share, axis=-1)
    variance = np.maximum(np.var(seen, axis=-1) + more, 0.0)
    shared = np.maximum(_covariance(share, seen), 0.0)
    known = (prior > 0.0) & (variance > 0.0)
    whole = np.where(known, prior * variance, 1.0)
    return np.sqrt(np.clip(1.0 - np.where(known, shared**2 / whole, 0.0), 0.0, 1.0))


def foresee(
    share: Floats, seen: Floats, left: Floats, gap: Floats | float, test: LineTest
) -> Foreseen:
    """Give the width expected once `seen` is known, and the chance that the answer is known then.

    Parameters
    ----------
    share, seen
        Draws of the share of the whole unit, and of what is observed: shape (units, draws).
    left
        Per unit: the part of the share's standard deviation that is left (see `left_by`).
    gap
        Per unit: the share that stays unmeasured and is bounded: it may be all bad, or all good.
    """
    spread, seen_sd = np.std(share, axis=-1), np.std(seen, axis=-1)
    middle = share.mean(axis=-1, keepdims=True)
    step = _ratio(seen - seen.mean(axis=-1, keepdims=True), seen_sd)
    rest = share - middle - step * _ratio(_covariance(share, seen), seen_sd)[..., None]
    rest = _ratio(rest, np.std(rest, axis=-1)) * (left * spread)[..., None]
    # nothing learned: the draws themselves
    rest = np.where((left < 1.0)[..., None], rest, share - middle)
    centre = middle + step * (np.sqrt(1.0 - left**2) * spread)[..., None]
    ends = np.quantile(rest, (test.tail, 1.0 - test.tail), axis=-1)[..., None]
    most = 1.0 - np.asarray(gap)[..., None]
    low, high = np.clip(centre + ends[0], 0.0, most), np.clip(centre + ends[1], 0.0, most)
    high = high + 1.0 - most
    settled = reached(low, test) | ~reached(high, test)
    return Foreseen((high - low).mean(axis=-1), settled.mean(axis=-1))


def _covariance(first: Floats, second: Floats) -> Floats:
    a, b = (x - x.mean(axis=-1, keepdims=True) for x in (first, second))
    return np.asarray((a * b).mean(axis=-1))


def _ratio(values: Floats, by: Floats) -> Floats:
    """Divide, with 0 where the divisor is 0."""
    divisor = by[..., None] if values.ndim > by.ndim else by
    return np.divide(values, divisor, out=np.zeros_like(values), where=divisor > 1e-12)
