"""Log density of measurements given their neighbours, its slopes, and its expected curvature.

With neighbours' residuals r, their covariance K, k to the measurement and c its own variance::

    w = K^-1 k    a = K^-1 r    m = w' r    v = c - w' k
    dm = dk' a - w' dK a        dv = dc - 2 w' dk + w' dK w

for the derivative by any parameter, so all slopes cost about as much as one more evaluation
(Rasmussen and Williams, Gaussian processes for machine learning, 5.4.1). The expected curvature is
Fisher's: ``sum of dm dm' / v + dv dv' / (2 v^2)``. Distances do not change while parameters do:
they are measured once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.prediction.covariance import (
    PRIOR_SPREAD,
    RUN_LENGTH_M,
)
from covermap.core.prediction.kriging import JITTER_DB2, Known, apart, factor, solved

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LINE_FROM = 3.0
"""The square of a standardised error counts as a line beyond."""
LEAST_DB2 = 1e-3
PARAMETERS = 8
_KINDS = 7
"""Parts of a covariance that parameters move: short, its length, slow, its length, run, group, its
length. Noise moves what a measurement has alone."""
_SPREAD = np.array(PRIOR_SPREAD)


class Geometry(NamedTuple):
    """Measurements to be foretold and their neighbours, as far as no parameter changes it.

    Row t is of a measurement; pairs are those of its neighbours, a > b, in the order
    ``a (a - 1) / 2 + b``.
    """

    residual_db: Floats
    own: Floats
    """Of the measurement: share, and variance that is not fitted (two columns)."""
    near_db: Floats
    """Residuals of the neighbours."""
    near_own: Floats
    """Shares, and variances that are not fitted, of the neighbours: [t, a, 0 or 1]."""
    size: Ints
    """Number of neighbours."""
    far: Floats
    """Distance to each neighbour, m."""
    run: Floats
    """Share of the variance of what a run has there that is common with each neighbour."""
    offset_db2: Floats
    """Common variance of what the run has everywhere."""
    group: Flags
    pair_far: Floats
    pair_run: Floats
    pair_offset_db2: Floats
    pair_group: Flags


@njit(cache=True, nogil=True)
def geometry(known: Known, rows: Ints, near: Ints, offset_db2: float) -> Geometry:
    """Measure what is between measurements and their neighbours (rows; -1 behind the last).

    `offset_db2` is the variance of what any run has everywhere.
    """
    many, size = near.shape
    pairs = size * (size - 1) // 2
    own, near_own = np.empty((many, 2)), np.ones((many, size, 2))
    near_db, far, common = np.zeros((many, size)), np.zeros((many, size)), np.zeros((many, size))
    offset, same = np.zeros((many, size)), np.zeros((many, size), np.bool_)
    count = np.zeros(many, np.int64)
    pair_far, pair_run = np.zeros((many, pairs)), np.zeros((many, pairs))
    pair_offset, pair_same = np.zeros((many, pairs)), np.zeros((many, pairs), np.bool_)
    points, run, part, groups = known.points, known.run, known.part, known.group
    share, residual, loose = known.share, known.residual_db, known.loose_db
    variance = known.variance_db2 + share * offset_db2 + loose**2
    for t in range(many):
        i = rows[t]
        own[t, 0], own[t, 1] = share[i], variance[i]
        for a in range(size):
            j = near[t, a]
            if j < 0:
                break
            count[t] += 1
            near_db[t, a] = residual[j]
            near_own[t, a, 0], near_own[t, a, 1] = share[j], variance[j]
            far[t, a] = apart(points, i, points, j)
            same[t, a] = groups[i] >= 0 and groups[i] == groups[j]
            if run[i] == run[j]:
                common[t, a] = part[i] * part[j] * math.exp(-far[t, a] / RUN_LENGTH_M)
                offset[t, a] = part[i] * part[j] * offset_db2 + loose[i] * loose[j]
            for b in range(a):
                p, k = a * (a - 1) // 2 + b, near[t, b]
                pair_far[t, p] = apart(points, j, points, k)
                pair_same[t, p] = groups[j] >= 0 and groups[j] == groups[k]
                if run[j] == run[k]:
                    decay = math.exp(-pair_far[t, p] / RUN_LENGTH_M)
                    pair_run[t, p] = part[j] * part[k] * decay
                    pair_offset[t, p] = part[j] * part[k] * offset_db2 + loose[j] * loose[k]
    return Geometry(
        residual[rows], own, near_db, near_own, count, far, common, offset, same, pair_far,
        pair_run, pair_offset, pair_same,
    )  # fmt: skip


@njit(cache=True, inline="always")
def _parts(far: float, own: float, group: bool, packed: Floats, out: Floats) -> None:
    """Write the parts of a covariance, each as it is or as its length moves it."""
    x = far / packed[1]
    if packed[10] > 0.5:
        x *= math.sqrt(3.0)
        decay = packed[0] * math.exp(-x)
        out[0], out[1] = decay * (1.0 + x), decay * x * x
    else:
        out[0] = packed[0] * math.exp(-x)
        out[1] = out[0] * x
    x = far / packed[3]
    out[2] = packed[2] * math.exp(-x)
    out[3] = out[2] * x
    out[4] = packed[4] * own
    out[5] = out[6] = 0.0
    if group:
        x = far / packed[9]
        out[5] = packed[8] * math.exp(-x)
        out[6] = out[5] * x


@njit(cache=True, nogil=True)
def density(g: Geometry, packed: Floats) -> float:
    """Sum of the log densities of measurements given their neighbours, errors cut to a line."""
    total, _, _ = _summed(g, packed, False)
    return total


@njit(cache=True, nogil=True)
def density_and_slopes(g: Geometry, packed: Floats) -> tuple[float, Floats, Floats]:
    """Give the same, its slopes by u (in the order of `covariance.NAMES`), and Fisher's curvature.

    u is in standard deviations of the logarithm of each parameter; see `covariance.moved`.
    """
    return _summed(g, packed, True)


@njit(cache=True, nogil=True)
def foretell(g: Geometry, packed: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of measurements given their neighbours: noise and run included."""
    many, work = len(g.residual_db), _work(g.far.shape[1])
    mean, variance = np.empty(many), np.empty(many)
    for t in range(many):
        mean[t], variance[t] = _one(g, t, packed, work)
    return mean, variance


@njit(cache=True, nogil=True)
def _summed(g: Geometry, packed: Floats, with_slopes: bool) -> tuple[float, Floats, Floats]:
    work, a = _work(g.far.shape[1]), np.empty(g.far.shape[1])
    by_mean, by_variance = np.empty(PARAMETERS), np.empty(PARAMETERS)
    total, slopes = 0.0, np.zeros(PARAMETERS)
    curve = np.zeros((PARAMETERS, PARAMETERS))
    for t in range(len(g.residual_db)):
        mean, variance = _one(g, t, packed, work)
        z = (g.residual_db[t] - mean) / math.sqrt(variance)
        cut = min(max(z, -LINE_FROM), LINE_FROM)
        total -= cut * (z - 0.5 * cut) + 0.5 * math.log(variance)
        if not with_slopes:
            continue
        solved(work.matrix, g.near_db[t], a, g.size[t])
        _moves(g, t, packed, work.weight, a, work.near_parts, work.parts, by_mean, by_variance)
        for k in range(PARAMETERS):
            slopes[k] += by_mean[k] * cut / math.sqrt(variance)
            slopes[k] += 0.5 * by_variance[k] * (cut * z - 1.0) / variance
            for m in range(k + 1):
                curve[k, m] += by_mean[k] * by_mean[m] / variance
                curve[k, m] += 0.5 * by_variance[k] * by_variance[m] / variance**2
    for k in range(PARAMETERS):
        for m in range(k):
            curve[m, k] = curve[k, m]
    return total, slopes, curve


class _Work(NamedTuple):
    """Room for one measurement after the other."""

    matrix: Floats
    cross: Floats
    weight: Floats
    near_parts: Floats
    parts: Floats
    one: Floats


@njit(cache=True)
def _work(size: int) -> _Work:
    return _Work(
        np.empty((size, size)), np.empty(size), np.empty(size), np.empty((size, _KINDS)),
        np.empty((size * (size - 1) // 2, _KINDS)), np.empty(_KINDS),
    )  # fmt: skip


@njit(cache=True)
def _one(g: Geometry, t: int, packed: Floats, work: _Work) -> tuple[float, float]:
    """Mean and variance of one; its factor, weights and parts stay in `work`."""
    count, matrix, cross, one = g.size[t], work.matrix, work.cross, work.one
    parts, near_parts, weight = work.parts, work.near_parts, work.weight
    field, alone = packed[0] + packed[2] + packed[8], packed[4] + packed[7]
    far, run, group, offset = g.pair_far[t], g.pair_run[t], g.pair_group[t], g.pair_offset_db2[t]
    for i in range(count):
        _parts(g.far[t, i], g.run[t, i], g.group[t, i], packed, one)
        near_parts[i] = one
        cross[i] = one[0] + one[2] + one[4] + one[5] + g.offset_db2[t, i]
        matrix[i, i] = field + g.near_own[t, i, 0] * alone + g.near_own[t, i, 1] + JITTER_DB2
        for j in range(i):
            p = i * (i - 1) // 2 + j
            _parts(far[p], run[p], group[p], packed, one)
            parts[p] = one
            matrix[i, j] = one[0] + one[2] + one[4] + one[5] + offset[p]
    factor(matrix, count)
    solved(matrix, cross, weight, count)
    mean, variance = 0.0, field + g.own[t, 0] * alone + g.own[t, 1]
    for i in range(count):
        mean += weight[i] * g.near_db[t, i]
        variance -= weight[i] * cross[i]
    return mean, max(variance, LEAST_DB2)


@njit(cache=True, inline="always")
def _moves(
    g: Geometry, t: int, packed: Floats, w: Floats, a: Floats, near_parts: Floats, parts: Floats,
    by_mean: Floats, by_variance: Floats,
) -> None:  # fmt: skip
    """Write the slopes of mean and variance by the parameters."""
    count = g.size[t]
    mean, variance = np.zeros(_KINDS), np.zeros(_KINDS)
    noise_mean, noise_variance = 0.0, g.own[t, 0]
    same_mean, same_variance = 0.0, 1.0  # of what all measurements have in full: the field
    for i in range(count):
        for k in range(_KINDS):
            mean[k] += a[i] * near_parts[i, k]
            variance[k] -= 2.0 * w[i] * near_parts[i, k]
        crossed, square = w[i] * a[i], w[i] * w[i]
        same_mean -= crossed
        same_variance += square
        noise_mean -= crossed * g.near_own[t, i, 0]
        noise_variance += square * g.near_own[t, i, 0]
        for j in range(i):
            crossed, square = w[i] * a[j] + w[j] * a[i], 2.0 * w[i] * w[j]
            p = i * (i - 1) // 2 + j
            for k in range(_KINDS):
                mean[k] -= crossed * parts[p, k]
                variance[k] += square * parts[p, k]
    _by_parameter(mean, same_mean, noise_mean, packed, by_mean)
    _by_parameter(variance, same_variance, noise_variance, packed, by_variance)


@njit(cache=True, inline="always")
def _by_parameter(parts: Floats, same: float, own: float, packed: Floats, out: Floats) -> None:
    """Join what parts of covariances give: standard deviations move variances twice as much."""
    out[0] = 2.0 * (parts[0] + same * packed[0])
    out[1] = parts[1]
    out[2] = 2.0 * (parts[2] + same * packed[2])
    out[3] = parts[3]
    out[4] = 2.0 * (parts[4] + own * packed[4])
    out[5] = 2.0 * own * packed[7]
    out[6] = 2.0 * (parts[5] + same * packed[8])
    out[7] = parts[6]
    for k in range(PARAMETERS):
        out[k] *= _SPREAD[k]
