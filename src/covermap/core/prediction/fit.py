"""Fit of the covariance to how well measurements foretell others, near and far.

The objective is the sum of the log densities of measurements given others (leave-one-out and
leave-block-out predictive density: Rasmussen and Williams, Gaussian processes for machine learning,
5.4.2). A fifth of the targets is foretold from all others, a fifth each from those outside their
block of 0.4, 2 and 6 km, and a fifth from other runs alone, of those that have one near: else what
a run has of its own would be taken for the field. So what is maximised is what the field is used
for, at every distance, and a covariance not quite of the right form errs least where it matters.
The square of a standardised error counts as a line beyond 3: a few wrong measurements do not widen
all.

Variances are taken at their posterior mean, ``exp(2 s u + 2 s^2 var(u))`` of a log-normal, and not
at its mode: the mode of a variance of which the measurements tell little is too small, and with it
the spread that is stated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.prediction.covariance import (
    NAMES,
    PRIOR_SPREAD,
    RUN_LENGTH_M,
    Covariance,
    moved,
    prior,
)
from covermap.core.prediction.kriging import Known
from covermap.core.prediction.likelihood import (
    Geometry,
    density,
    density_and_slopes,
    geometry,
)
from covermap.core.prediction.neighbours import nearby, neighbours
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.places import blocks_of, parts_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCKS_M = (400.0, 2000.0, 6000.0)
TARGETS = 2000
"""Measurements that are foretold, at most; half of them fit, half tell the spread."""
NEIGHBOURS = 20
RUNS_A_PLACE = 3
"""More of them take no part in the fit."""
BOUND = 3.0
_SALT = 77
_STEP = 0.5
_STEPS, _CLOSE = 60, 2e-6
"""Of the search: at most so many, and none shorter."""


@dataclass(frozen=True)
class Foretold:
    """Measurements to be foretold, and from which others; arrays of one length."""

    row: Ints
    near: Ints
    """Rows of the others, -1 behind the last."""

    def take(self, rows: Ints | slice) -> Foretold:
        """Give some rows."""
        return Foretold(self.row[rows], self.near[rows])


def foretold(seen: Observations, targets: int = TARGETS) -> Foretold:
    """Choose measurements to be foretold and those that foretell them, the same in every run."""
    points, part = seen.points, targets // (2 + len(BLOCKS_M))
    rank = parts_of(np.arange(len(seen)), 1 << 40, _SALT)
    few = _few_a_place(seen.place, rank)
    some = few[np.argsort(rank[few], kind="stable")][:part]
    every = nearby(points, seen.variance_db2, few)
    rows, near = [some], [neighbours(every, points[some], some, NEIGHBOURS)]
    for at, side in enumerate(BLOCKS_M):
        fold = parts_of(blocks_of(seen.lon, seen.lat, side), 2, _SALT + at)
        for k in (0, 1):
            among, out = few[fold[few] != k], few[fold[few] == k]
            out = out[np.argsort(rank[out], kind="stable")][: part // 2]
            rows.append(out)
            near.append(
                neighbours(nearby(points, seen.variance_db2, among), points[out], count=NEIGHBOURS)
            )
    for row, others in _from_other_runs(seen, few, rank, part // 2):
        rows.append(row)
        near.append(others)
    return Foretold(np.concatenate(rows), np.concatenate(near))


def _from_other_runs(
    seen: Observations, few: Ints, rank: Ints, count: int
) -> Iterator[tuple[Ints, Ints]]:
    """Choose measurements near which other runs measured, to be foretold from those runs."""
    points, fold = seen.points, parts_of(np.ascontiguousarray(seen.run), 2, _SALT)
    for k in (0, 1):
        among, out = few[fold[few] != k], few[fold[few] == k]
        if not len(among) or not len(out):
            continue
        far = cKDTree(points[among]).query(points[out], distance_upper_bound=RUN_LENGTH_M)[0]
        out = out[np.isfinite(far)]
        out = out[np.argsort(rank[out], kind="stable")][:count]
        every = nearby(points, seen.variance_db2, among)
        yield out, neighbours(every, points[out], count=NEIGHBOURS)


def _few_a_place(place: Ints, rank: Ints) -> Ints:
    """Rows of at most `RUNS_A_PLACE` runs a place, ascending: one parking lot is not the city."""
    order = np.lexsort([rank, place])
    start = np.r_[True, place[order][1:] != place[order][:-1]]
    first = np.flatnonzero(start)
    number = np.arange(len(place)) - first[np.cumsum(start) - 1] if len(place) else order
    return np.sort(order[number < RUNS_A_PLACE])


def fitted(known: Known, told: Foretold, with_model: bool, with_groups: bool) -> Covariance:
    """Give the covariance of the greatest posterior density, its short field rough or smooth.

    Parameters
    ----------
    known
        All measurements, one row a place and run, with residuals from the model.
    told
        See :func:`foretold`.
    """
    starts = [prior(with_model, with_groups, shape) for shape in (False, True)]
    if not len(told.row):
        return starts[0]
    measured = geometry(known, told.row, told.near, starts[0].run_offset_sd_db ** 2)
    with ThreadPoolExecutor(2) as pool:  # the kernel lets go of Python
        rough, smooth = pool.map(partial(greatest, measured), starts)
    return smooth[0] if smooth[1] < rough[1] else rough[0]


def greatest(measured: Geometry, start: Covariance) -> tuple[Covariance, float]:
    """Covariance of the greatest posterior density from a start, and minus its logarithm.

    Steps are those of Fisher's scoring, damped as Levenberg and Marquardt do (Nocedal and Wright,
    Numerical optimization, 10.3): along the expected curvature, which is never negative.
    """
    with_groups = start.group_sd_db > 0
    free = [k for k in range(len(NAMES)) if with_groups or not NAMES[k].startswith("group")]

    def cost(u: Floats) -> float:
        return float(-density(measured, moved(start, u).packed) + 0.5 * u @ u)

    # as many digits as the optimum has: the last ones differ between processors
    u = np.round(_least(measured, start, free), 4)
    least = cost(u)
    wider = u.copy()
    for k in (k for k in free if NAMES[k].endswith("_db")):
        wider[k] += PRIOR_SPREAD[k] * round(_variance(cost, u, k, least), 3)
    return moved(start, wider), least


def _least(measured: Geometry, start: Covariance, free: list[int]) -> Floats:
    """Give u of the greatest posterior density."""
    u, damping = np.zeros(len(NAMES)), 1e-3
    value, slope, curve = _slopes(measured, start, u, free)
    for _ in range(_STEPS):
        inside = (np.abs(u[free]) < BOUND) | (slope * u[free] > 0)
        to, step = u.copy(), np.zeros(len(free))
        damped = curve + damping * np.diag(np.diag(curve))
        step[inside] = -np.linalg.solve(damped[np.ix_(inside, inside)], slope[inside])
        to[free] = np.clip(u[free] + step, -BOUND, BOUND)
        moved_by = float(np.abs(to - u).max())
        found = _slopes(measured, start, to, free)
        if found[0] <= value:
            u, (value, slope, curve), damping = to, found, damping / 5.0
        else:
            damping = max(damping, 1e-3) * 5.0
        if moved_by < _CLOSE:
            break
    return u


def _slopes(
    measured: Geometry, start: Covariance, u: Floats, free: list[int]
) -> tuple[float, Floats, Floats]:
    """Minus the log posterior density, its slopes and expected curvature by what is free."""
    value, slope, curve = density_and_slopes(measured, moved(start, u).packed)
    own = np.ix_(free, free)
    return float(0.5 * u @ u - value), u[free] - slope[free], curve[own] + np.eye(len(free))


def _variance(cost: Callable[[Floats], float], u: Floats, k: int, least: float) -> float:
    """Posterior variance of one coordinate of u, by the curvature there: at most the prior's, 1."""
    ends = []
    for sign in (-1.0, 1.0):
        moved_u = u.copy()
        moved_u[k] += sign * _STEP
        ends.append(cost(moved_u))
    return 1.0 / max((ends[0] + ends[1] - 2.0 * least) / _STEP**2, 1.0)
