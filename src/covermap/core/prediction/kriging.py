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
    for i in range(len(places)):
        count = fill(places[i], groups[i], near[i], known, packed, matrix, cross)
        if count > 0:
            distance[i] = gap(places[i], known.points[near[i, 0]])
        solve(matrix, cross, weight, count)
        total, explained, off = 0.0, 0.0, models[i].copy()
        for k in range(count):
            total += weight[k] * known.residual_db[near[i, k]]
            explained += weight[k] * cross[k]
            off -= weight[k] * known.model[near[i, k]]
        mean[i] = total
        here = field_at(0.0, True, packed)  # it has some serving cell, known or not
        doubt = 0.0
        for a in range(len(off)):
            for b in range(len(off)):
                doubt += off[a] * off[b] * spread[a, b]
        variance[i] = max(here - explained, JITTER_DB2) + doubt
    return mean, variance, distance


@njit(cache=True)
def gap(a: Floats, b: Floats) -> float:
    """Distance of two points."""
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return math.sqrt(x * x + y * y + z * z)


@njit(cache=True, inline="always")
def between(i: int, j: int, known: Known, packed: Floats) -> float:
    """Covariance of two measurements; of one with itself, its variance."""
    if i == j:
        own = known.share[i] * (run_at(0.0, packed) + packed[7])
        return field_at(0.0, True, packed) + own + known.variance_db2[i]
    d = gap(known.points[i], known.points[j])
    same = known.group[i] >= 0 and known.group[i] == known.group[j]
    value = field_at(d, same, packed)
    if known.run[i] == known.run[j]:
        value += known.part[i] * known.part[j] * run_at(d, packed)
    return value


@njit(cache=True)
def covariances(known: Known, packed: Floats) -> Floats:
    """Covariance matrix of all measurements."""
    size = len(known.run)
    matrix = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            matrix[i, j] = matrix[j, i] = between(i, j, known, packed)
    return matrix


@njit(cache=True)
def fill(
    place: Floats, group: int, near: Ints, known: Known, packed: Floats, matrix: Floats,
    cross: Floats,
) -> int:  # fmt: skip
    """Write covariances of the neighbours (lower half) and to the place; give their number."""
    count = 0
    for a in range(len(near)):
        i = near[a]
        if i < 0:
            break
        count += 1
        same = group >= 0 and known.group[i] == group
        cross[a] = field_at(gap(place, known.points[i]), same, packed)
        for b in range(a + 1):
            matrix[a, b] = between(i, near[b], known, packed)
        matrix[a, a] += JITTER_DB2
    return count


@njit(cache=True)
def solve(matrix: Floats, cross: Floats, weight: Floats, count: int) -> None:
    """Solve ``matrix weight = cross`` by Cholesky; `matrix` (lower half) becomes its factor."""
    factor(matrix, count)
    solved(matrix, cross, weight, count)


@njit(cache=True)
def factor(matrix: Floats, count: int) -> None:
    """Make of a matrix (lower half) its Cholesky factor."""
    for a in range(count):
        for b in range(a + 1):
            total = matrix[a, b]
            for c in range(b):
                total -= matrix[a, c] * matrix[b, c]
            matrix[a, b] = math.sqrt(max(total, JITTER_DB2)) if a == b else total / matrix[b, b]


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
