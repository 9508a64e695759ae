"""How large the errors of a run's positions are, and how alike those of samples that follow.

Errors of a receiver change slowly: samples a second apart repeat each other, and a Markov model
that takes them for independent is far too sure. What N samples say that are correlated by `rho`
from one to the next is what N (1 - rho) / (1 + rho) independent ones say; errors are taken as
larger by the root of that.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.matching.layout import ARC, CHOSEN, LEG, OFFSET, SAMPLE

ENOUGH = 30
"""Fewer samples than this say nothing; so many weigh as much as what was thought before."""
MOST_ALIKE = 0.8
"""Errors are taken to be no more alike: (1 + 0.8) / (1 - 0.8) is 3 squared."""
FACTORS = (0.6, 6.0)
"""Errors are taken to be no smaller or larger than so many times what was thought."""
MAD = 1.4826
"""Standard deviation of a Gaussian over the median of its absolute values."""


@njit(cache=True)
def error_factor(state, column, columns, sigma, given):  # type: ignore[no-untyped-def]
    """Say how many times as large the errors of a solved run are as `sigma`.

    Parameters
    ----------
    state, column, columns
        See ``viterbi.solve``; offsets are those of the best path, left positive.
    sigma
        Standard error of each sample, m.
    given
        Whether `sigma` is known: then only the likeness of errors counts.
    """
    if columns < ENOUGH:
        return 1.0
    size, own, next_to, pairs = np.empty(columns), 0.0, 0.0, 0
    for c in range(columns):
        j = column[c, CHOSEN]
        offset = state[j, OFFSET] / sigma[column[c, SAMPLE]]
        size[c] = abs(offset)
        if c == 0 or column[c, LEG] != column[c - 1, LEG]:
            continue
        i = column[c - 1, CHOSEN]
        if state[i, ARC] == state[j, ARC]:
            before = state[i, OFFSET] / sigma[column[c - 1, SAMPLE]]
            # An error of three sigmas says no more than that.
            a, b = min(max(before, -3.0), 3.0), min(max(offset, -3.0), 3.0)
            own, next_to, pairs = own + 0.5 * (a * a + b * b), next_to + a * b, pairs + 1
    factor = 1.0
    if not given:
        seen = (MAD * np.median(size)) ** 2
        factor = np.sqrt((ENOUGH + columns * seen) / (ENOUGH + columns))
    if own > 0.0:
        alike = min(max(next_to / own, 0.0), MOST_ALIKE) * pairs / (ENOUGH + pairs)
        factor *= np.sqrt((1.0 + alike) / (1.0 - alike))
    return min(max(factor, FACTORS[0]), FACTORS[1])
