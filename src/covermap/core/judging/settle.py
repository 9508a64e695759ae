"""What would settle an undetermined unit: how much narrower further runs would make its interval.

Linear Bayes on the share (Goldstein and Wooff, 2007). In draw k of the posterior, S is the share
that persists, and O the share that one more drive would observe. In a linear normal model the
variance of S after a drive does not depend on what it will observe:

    Var(S | O) = Var(S) (1 - Corr(S, O)^2)

One further run is a draw of O. n runs of one campaign share all but their own part of the
variance: with O_1 of a run in the campaigns already made, and V the variance of a run alone, the
mean of n runs has the variance ``Var(O) - V (1 - 1 / n)``. It is the expected width of an
interval, in the mean over what may be observed; the share alone is used, not where on the line it
comes from, so a run narrows at least as much as is said here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """Shares of one unit per draw: arrays of one length."""

    persistent: Floats
    campaign: Floats
    """In the state during the campaigns that were made."""
    drive: Floats
    """That one run of a new campaign observes."""


def run_variance(draws: Draws) -> float:
    """Variance of an observed share that is one run's own: beyond its campaign's.

    What a drive of a new campaign shows beyond the persistent state, less what the campaigns made
    show beyond it.
    """
    own = float(np.var(draws.drive - draws.persistent) - np.var(draws.campaign - draws.persistent))
    return max(own, 0.0)


def left_after(draws: Draws, action: str, runs: int) -> float:
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
        seen, variance = draws.campaign, float(np.var(draws.campaign)) + alone / runs
    else:
        seen = draws.drive
        variance = max(float(np.var(draws.drive)) - alone * (1.0 - 1.0 / runs), 0.0)
    prior = float(np.var(draws.persistent))
    if prior <= 0.0 or variance <= 0.0:
        return 1.0
    shared = float(np.mean((draws.persistent - draws.persistent.mean()) * (seen - seen.mean())))
    return float(np.sqrt(max(1.0 - shared * shared / (prior * variance), 0.0)))


def chance_to_settle(
    expected: float, width_now: float, width_then: float, gap: float, share: float, z: float
) -> float:
    """Probability that the answer is pass or fail once the interval has its later width.

    Where the middle will then be is normal around where it is now, with the variance that the
    runs take away. `gap` is the share of the unit that stays unmeasured and is bounded: it may be
    all bad, or all good. `z`: half the width in standard deviations.

    Examples
    --------
    >>> chance_to_settle(0.8, 0.2, 0.2, 0.0, 0.85, 1.96)  # nothing is learned: it stays
    0.0
    >>> round(chance_to_settle(0.9, 0.2, 0.1, 0.0, 0.95, 1.96), 3)
    0.512
    """
    moved = np.sqrt(max(width_now**2 - width_then**2, 0.0)) / (2.0 * z)
    passes, fails = share + width_then / 2.0, share - width_then / 2.0 - gap
    if moved <= 0.0:
        return float(expected >= passes or expected < fails)
    chance = ndtr((expected - passes) / moved) + ndtr((fails - expected) / moved)
    return float(min(chance, 1.0))


def normal_half_width(confidence: float) -> float:
    """Give half the width of a normal's interval, in standard deviations."""
    return float(ndtri((1.0 + confidence) / 2.0))
