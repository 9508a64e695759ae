"""Receivers that report a position only when they have moved so far: a distance filter.

Such a log repeats each position until the device is, say, 100 m away from it. Its repeats are not a
receiver that hangs: they say that the device is still within that distance. They also repeat the
speed of the fix, which says nothing of the time since.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.placing.gap import Gap, course

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_STEPS = 20
"""A run shows a distance filter in so many steps, or not at all."""
LOW, SHARE = 0.05, 0.9
"""The filter's distance is exceeded by all but this share of steps, and `SHARE` of them are ..."""
WIDE = 1.3
"""... at most so many times as long."""
SHORTEST_M = 30.0
"""Shorter steps are of a device that moves slowly, and of noise."""
GAP_STEPS = 1.5
"""Fixes at most so many filter distances apart have nothing unseen between them."""
ASIDE_SHARE = 0.125
"""How far the way leads aside from the straight line: standard error, as a share of its length."""


def filter_distances_m(run: Ints, fix_run: Ints, step_m: Floats) -> Floats:
    """Distance that the receiver of each row's run waits for; NaN where it does not wait.

    Parameters
    ----------
    run
        Run of each row.
    fix_run, step_m
        Run of each fix, and its distance from the fix before; NaN at the first of a run.
    """
    known = np.isfinite(step_m)
    if not known.any():
        return np.full(len(run), np.nan)
    runs = int(run.max()) + 1
    made = np.full(runs, np.nan)
    owner, step = fix_run[known], step_m[known]
    order = np.lexsort((step, owner))
    owner, step = owner[order], step[order]
    count = np.bincount(owner, minlength=runs)
    first = np.cumsum(count) - count
    some = np.flatnonzero(count >= FEWEST_STEPS)
    if not len(some):
        return made[run]
    low = np.zeros(runs)
    low[some] = step[first[some] + (LOW * (count[some] - 1)).astype(np.int64)]
    near = (step >= low[owner]) & (step <= WIDE * low[owner])
    share = np.bincount(owner, near, minlength=runs) / np.maximum(count, 1)
    waits = (count >= FEWEST_STEPS) & (share >= SHARE) & (low >= SHORTEST_M)
    made[waits] = low[waits]
    return made[run]


class Steps(NamedTuple):
    """The step that each row is within; arrays of one length."""

    seconds: Floats
    elapsed_s: Floats
    length_m: Floats
    before_mps: Floats
    after_mps: Floats
    accuracy_m: Floats


def within_step(steps: Steps) -> tuple[Floats, Floats]:
    """Give the share of the step done, and the standard error of the place on its straight line.

    See ``core/placing/gap.py`` for what the time tells.
    """
    done, along = course(Gap(*steps[:5]))
    length = np.maximum(steps.length_m, 1e-9)
    aside = ASIDE_SHARE * steps.length_m
    return done / length, np.sqrt(steps.accuracy_m**2 + along**2 + aside**2)
