"""Sums over units, draw by draw: how much of a network is continuously covered.

In one draw, each unit's share reaches the rule or not. The route lengths of those that do are
added up in that draw; the interval is that of the sums. What shifted all lines of one campaign in a
draw shifts their sum in that draw: units are never taken as independent.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.estimands import quantile
from covermap.core.judging.estimates import Estimate
from covermap.core.judging.paths import Bits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def sums_by_draw(group: Ints, weight: Ints, passes: Bits, groups: int) -> Ints:
    """Add up, per group and draw, the weights of the units that pass.

    Parameters
    ----------
    group, weight, passes
        One row a unit: number of its group, its weight (mm of route, or 1 to count), and its
        draws, packed.

    Returns
    -------
    int64 array
        Shape (groups, draws).
    """
    draws = 8 * passes.shape[1]
    found = np.zeros((groups, draws), np.int64)
    for u in range(len(group)):
        for k in range(draws):
            found[group[u], k] += weight[u] * ((passes[u, k >> 3] >> (k & 7)) & 1)
    return found


def interval_of(low: Ints, high: Ints, confidence: float) -> Estimate:
    """Summarise sums per draw: with what was never measured taken as bad, and as good.

    The expected sum is that of `low`: nothing that nobody measured is credited.
    """
    tail = (1.0 - confidence) / 2.0
    return Estimate(low.mean(axis=1), quantile(low, tail), quantile(high, 1.0 - tail))


def chance_of(low: Ints, target: float) -> Floats:
    """Share of draws in which the sum reaches the target, what nobody measured taken as bad."""
    return np.asarray((low >= target - 1e-6).mean(axis=1), np.float64)
