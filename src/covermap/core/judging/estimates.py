"""From lengths by draw to shares with intervals, chances and answers.

The interval of a share has its two ends at the quantiles ``(1 - confidence) / 2`` of the draws: one
more draw falls beyond an end with just that probability.
Under `bounded`, length that was never measured may be all bad, for the lower end, or all good, for
the upper one; under `excluded` it is no part of the share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from covermap.core.interval.estimands import quantile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

PASS, FAIL, UNDETERMINED = "pass", "fail", "undetermined"
_SLACK = 1e-9
"""0.95 has no exact binary form: 95 of 100 must reach it."""


@dataclass(frozen=True)
class LineTest:
    """What a unit of line must show."""

    share: float
    confidence: float
    unmeasured: Literal["bounded", "excluded"]
    runs: Literal["pooled", "each"] = "pooled"
    """`pooled`: the answer is about the share of the persistent level; `each`: about the share that
    one more run by itself would find."""

    @property
    def tail(self) -> float:
        """Probability beyond each end."""
        return (1.0 - self.confidence) / 2.0


@dataclass(frozen=True)
class Estimate:
    """Mean of the draws and the ends of their interval, per unit; NaN where nothing is assessed."""

    expected: Floats
    low: Floats
    high: Floats


def estimate(values: Floats, confidence: float) -> Estimate:
    """Summarise draws: shape (units, draws), NaN in rows without anything assessed."""
    tail = (1.0 - confidence) / 2.0
    return Estimate(values.mean(axis=1), quantile(values, tail), quantile(values, 1.0 - tail))


def shares(good_mm: Ints, assessed_mm: Ints) -> Floats:
    """Share of the assessed length that is good, per unit and draw; NaN where none is assessed."""
    whole = np.where(assessed_mm > 0, assessed_mm, 1).astype(np.float64)
    share: Floats = np.where((assessed_mm > 0)[:, None], good_mm / whole[:, None], np.nan)
    return share


def bounds(
    good_mm: Ints, assessed_mm: Ints, length_mm: Ints, test: LineTest
) -> tuple[Floats, Floats]:
    """Share per draw with what was never measured taken as bad, and as good.

    Both are the share of the assessed length under `excluded`. Shape (units, draws).
    """
    if test.unmeasured == "excluded":
        share = shares(good_mm, assessed_mm)
        return share, share
    rest = (length_mm - assessed_mm)[:, None]
    seen = np.where(assessed_mm > 0, length_mm, 0)
    return shares(good_mm, seen), shares(good_mm + rest, seen)


def reached(share: Floats, test: LineTest) -> Flags:
    """Whether a share reaches the rule; False where nothing is assessed."""
    return np.nan_to_num(share, nan=-1.0) >= test.share - _SLACK


def answers(low: Floats, high: Floats, test: LineTest) -> NDArray[np.str_]:
    """Say pass, fail or undetermined of each unit, from shares per draw (see `bounds`).

    `pass`: the lower end of the interval reaches the rule. `fail`: the upper end does not. A unit
    without anything assessed is undetermined.
    """
    lower, upper = quantile(low, test.tail), quantile(high, 1.0 - test.tail)
    seen = ~np.isnan(lower)
    good = seen & reached(lower, test)
    bad = seen & ~reached(upper, test)
    return np.where(good, PASS, np.where(bad, FAIL, UNDETERMINED))


def chance_to_pass(low: Floats, test: LineTest) -> Floats:
    """Share of draws in which a unit reaches the rule; NaN where nothing is assessed."""
    seen = ~np.isnan(low[:, 0])
    return np.where(seen, reached(low, test).mean(axis=1), np.nan)
