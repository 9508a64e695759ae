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

Only the share that a drive shows is used, not its levels segment by segment, so a run narrows a
little more than is said here: in simulation one foretold to leave 0.79 of the width left 0.73, and
0.15 of lines were settled where 0.21 were foretold (``tests/laws/test_settling.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from covermap.core.interval.estimands import quantile
from covermap.core.judging.estimates import LineTest, reached

Floats = NDArray[np.float64]

Action = Literal["same_campaign", "new_campaign"]
_NOTHING = 1e-12
"""A variance below this is that of rounding."""


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


def seen_by(draws: Draws, action: Action, runs: int) -> Floats:
    """Give draws of the mean share that further runs of one campaign would observe.

    Parameters
    ----------
    action
        `same_campaign`: runs that share the state of the campaigns made; `new_campaign`: runs of
        one new campaign.
    runs
        How many, all of one campaign.
    """
    beyond = draws.drive - draws.persistent
    middle = beyond.mean(axis=-1, keepdims=True)
    whole, alone = np.var(beyond, axis=-1), run_variance(draws)
    if action == "same_campaign":
        part = _ratio(alone / runs, whole)
        return draws.campaign + (beyond - middle) * np.sqrt(part)[..., None]
    part = _ratio(whole - alone * (1.0 - 1.0 / runs), whole)
    return draws.persistent + middle + (beyond - middle) * np.sqrt(part)[..., None]


def foresee(share: Floats, seen: Floats, gap: Floats | float, test: LineTest) -> Foreseen:
    """Give the width expected once `seen` is known, and the chance that the answer is known then.

    Parameters
    ----------
    share, seen
        Draws of the share of the whole unit, and of what is observed: shape (units, draws).
    gap
        Per unit: the share that stays unmeasured and is bounded: it may be all bad, or all good.
    """
    rest = _rest(share, seen)
    ends = (quantile(rest, p)[..., None] for p in (test.tail, 1.0 - test.tail))
    open_ = np.asarray(gap)[..., None]
    low, high = (np.clip(share - rest + end, 0.0, 1.0 - open_) for end in ends)
    high = high + open_
    settled = reached(low, test) | ~reached(high, test)
    return Foreseen((high - low).mean(axis=-1), settled.mean(axis=-1))


def _rest(share: Floats, seen: Floats) -> Floats:
    """Give what the regression on `seen` does not tell of each draw's share; its mean is 0."""
    a, b = (x - x.mean(axis=-1, keepdims=True) for x in (share, seen))
    slope = _ratio((a * b).mean(axis=-1), (b * b).mean(axis=-1))
    return np.asarray(a - slope[..., None] * b)


def _ratio(values: Floats, by: Floats) -> Floats:
    """Divide, with 0 where the divisor is 0."""
    values, by = np.asarray(values), np.asarray(by)
    return np.divide(values, by, out=np.zeros_like(values), where=by > _NOTHING)
