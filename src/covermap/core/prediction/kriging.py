"""Kriging from the nearest measurements: mean and variance of what lasts at a place.

With the neighbours' residuals z, their covariance K (field, runs, noise) and k to the place::

    mean = k' K^-1 z        variance = C(0) - k' K^-1 k + d' V d,    d = x0 - X' K^-1 k

V is the covariance of the calibration's coefficients (universal kriging with coefficients known
from elsewhere: Cressie, Statistics for spatial data, 3.4), so that far from all measurements the
calibrated model comes back with its own uncertainty and the full spread of the field.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.prediction.covariance import field_at, run_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

JITTER_DB2 = 1e-6


class Known(NamedTuple):
    """Measurements for the kernels; arrays of one length."""

    points: Floats
    residual_db: Floats
    variance_db2: Floats
    """Of its samples alone."""
    share: Floats
    """Sum of the squared weights of the runs in it: 1 where it is of one."""
    run: Ints
    """Its main run."""
    part: Floats
    """Weight of its main run: 1 where it is of one."""
    loose_db: Floats
    """Standard deviation of what its main run has everywhere, beyond what any run has."""
    group: Ints
    """Serving cell, or -1."""
    model: Floats
    """Rows of the design: 1, and the model's level less its middle (0 where there is none)."""


@njit(cache=True, nogil=True)
def kriged(
    places: Floats, groups: Ints, models: Floats, near: Ints, known: Known, packed: Floats,
    spread: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Mean and variance of the residual of what lasts, and distance to the nearest measurement.

    Parameters
    ----------
    places, groups, models
        Points in space; serving cells, -1 where not known (anywhere but where measured); rows of
        the design.
    near
        Rows of the measurements of each place, -1 behind the last.
    packed
        :attr:`covermap.core.prediction.covariance.Covariance.packed`.
    spread
        Covariance of the calibration's coefficients.
    """
    size = near.shape[1]
    mean, variance = np.zeros(len(places)), np.empty(len(places))
    distance = np.full(len(places), np.inf)
    matrix, cross, weight = np.empty((size, size)), np.empty(size), np.empty(size)
    # places follow each other on the map: most pairs of neighbours were pairs of the one before
    full, before, at = np.empty((size, size)), np.empty((size, size)), np.empty(size, np.int64)
    ones, last = near[:0].ravel(), 0
    points, group, run, part = known.points, known.group, known.run, known.part
    loose = known.loose_db
    own = known.share * (run_at(0.0, packed) + packed[7]) + known.variance_db2 + loose**2
    residual, model = known.residual_db, known.model
    here = field_at(0.0, True, packed)  # it has some serving cell, known or not
    for i in range(len(places)):
        some = near[i]
        count = 0
        for a in range(size):
            j = some[a]
            if j < 0:
                break
            count += 1
            same = groups[i] >= 0 and group[j] == groups[i]
            cross[a] = field_at(apart(places, i, points, j), same, packed)
        _found(some, count, ones, last, at)
        for a in range(count):
            for b in range(a):
                if at[a] >= 0 and at[b] >= 0:
                    full[a, b] = before[at[a], at[b]]
                else:
                    full[a, b] = between(points, group, run, part, loose, some[a], some[b], packed)
                full[b, a] = matrix[a, b] = full[a, b]
            matrix[a, a] = here + own[some[a]] + JITTER_DB2
        full, before, ones, last = before, full, some, count
        if count > 0:
            distance[i] = apart(places, i, points, some[0])
        factor(matrix, count)
        solved(matrix, cross, weight, count)
        total, explained, off = 0.0, 0.0, models[i].copy()
        for k in range(count):
            total += weight[k] * residual[some[k]]
            explained += weight[k] * cross[k]
            off -= weight[k] * model[some[k]]
        mean[i] = total
        doubt = 0.0
        for a in range(len(off)):
            for b in range(len(off)):
                doubt += off[a] * off[b] * spread[a, b]
        variance[i] = max(here - explained, JITTER_DB2) + doubt
    return mean, variance, distance


@njit(cache=True, inline="always")
def _found(some: Ints, count: int, ones: Ints, last: int, at: Ints) -> None:
    """Write where each of some rows is among the first of others, -1 where it is not."""
    for a in range(count):
        at[a] = -1
        for b in range(last):
            if ones[b] == some[a]:
                at[a] = b
                break


@njit(cache=True, inline="always")
def apart(some: Floats, i: int, others: Floats, j: int) -> float:
    """Distance of point i of some from point j of others (no row is taken out: that is slow)."""
    x, y = some[i, 0] - others[j, 0], some[i, 1] - others[j, 1]
    z = some[i, 2] - others[j, 2]
    return math.sqrt(x * x + y * y + z * z)


@njit(cache=True, inline="always")
def between(
    points: Floats, group: Ints, run: Ints, part: Floats, loose: Floats, i: int, j: int,
    packed: Floats,
) -> float:  # fmt: skip
    """Covariance of two measurements, other than one with itself.

    It takes the arrays of :class:`Known` one by one: to take them out of it costs more than this.
    """
    d = apart(points, i, points, j)
    value = field_at(d, group[i] >= 0 and group[i] == group[j], packed)
    if run[i] == run[j]:
        value += part[i] * part[j] * run_at(d, packed) + loose[i] * loose[j]
    return value


@njit(cache=True)
def covariances(known: Known, packed: Floats) -> Floats:
    """Covariance matrix of all measurements."""
    size = len(known.run)
    matrix = np.empty((size, size))
    points, group, run, part = known.points, known.group, known.run, known.part
    loose = known.loose_db
    own = known.share * (run_at(0.0, packed) + packed[7]) + known.variance_db2 + loose**2
    for i in range(size):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = between(points, group, run, part, loose, i, j, packed)
        matrix[i, i] = field_at(0.0, True, packed) + own[i]
    return matrix


@njit(cache=True)
def factor(matrix: Floats, count: int) -> None:
    """Make of a matrix (lower half) its Cholesky factor.

    Column by column, taken off all that is right of it: loops that a processor does several
    steps of at once, each element's steps in their order.
    """
    column = np.empty(count)
    for c in range(count):
        root = math.sqrt(max(matrix[c, c], JITTER_DB2))
        matrix[c, c] = root
        for a in range(c + 1, count):
            matrix[a, c] /= root
            column[a] = matrix[a, c]
        for a in range(c + 1, count):
            by = column[a]
            row = matrix[a]
            for b in range(c + 1, a + 1):
                row[b] -= by * column[b]


@njit(cache=True)
def solved(matrix: Floats, right: Floats, out: Floats, count: int) -> None:
    """Write the solution for one right side; `matrix` is a factor."""
    for a in range(count):
        total = right[a]
        for c in range(a):
            total -= matrix[a, c] * out[c]
        out[a] = total / matrix[a, a]
    for a in range(count - 1, -1, -1):
        total = out[a]
        for c in range(a + 1, count):
            total -= matrix[c, a] * out[c]
        out[a] = total / matrix[a, a]
