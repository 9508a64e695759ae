"""Where a mast may stand, by the levels of its cells: a posterior over a polar grid of places.

If the mast's place is given, the level of a cell, in dB beside what is expected at a distance d,

    y = a - b log10(d / 1 km) + (harmonics of the azimuth from the mast) + e,

is linear in what is not known: the cell's power a, its decay b, and four harmonics that stand for
the antenna's pattern. These have normal priors, and e is shadowing: normal and correlated
exponentially along the ground (Gudmundson, Electronics Letters 27, 1991), of a variance that is not
known either (inverse gamma). All of it integrates out in closed form and leaves a multivariate
Student t for each place of the mast (Gelman et al., Bayesian Data Analysis, 3rd ed., sections 3.2
and 14.8): what does not fit widens the answer. Fits of the log-distance law find cells better than
centroids of samples do (Yang et al., "Accuracy Characterization of Cell Tower Localization",
UbiComp 2010).

The pattern is no sum of two harmonics, and decay no straight line. The more places, the more such
errors of the model weigh: the evidence of n places is therefore taken to the power COARSE /
(COARSE + n), as Miller and Dunson do ("Robust Bayesian Inference via Coarsening", JASA 114, 2019).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL_AT_1_KM_DBM = -88.0
"""Expected, per resource element of 10 MHz: 33 dBm radiated, less 117 dB in the middle of LOS and
NLOS of TR 38.901 table 7.4.1-1 (UMa, 1.8 GHz: 99 and 136 dB), less 4 dB for pattern and car."""
DECAY_DB = 33.0
"""Expected, per decade of distance: between 22 (LOS) and 39 (NLOS) of the same table."""
SD_DB = (10.0, 5.0, 10.0, 10.0, 5.0, 5.0)
"""Prior spread of power, decay, first (cosine, sine) and second harmonic. The first harmonic of a
sector of 65 degrees (TR 38.901 table 7.3-1) is near 14 dB."""
SHADOW_SD_DB, SHADOW_WEIGHT = 7.0, 8.0
"""Shadowing (TR 38.901: 4 to 8 dB), and as how many places its prior counts."""
SHORT_SHARE, SHORT_M = 0.4, 100.0
LONG_SHARE, LONG_M = 0.5, 2000.0
"""Of shadowing's variance: 37 to 120 m in TR 38.901 table 7.5-6; terrain and towns last longer. The
rest belongs to each place alone."""
KIND_SHARE = 0.7
"""Variance between kinds of receivers (a train's seat, a roof), as a share of shadowing's."""
SAMPLE_SHARE = 0.3
"""Variance of one sample; the median of n has 1 / n of it (14 dB^2 on motorways)."""
NEAR_M = 200.0
"""Added to the distance in squares: under a mast with a downtilt the level grows no further."""
COARSE = 100.0
"""Places from which on errors of the model outweigh chance: chosen on a simulated world so that
the radii hold (see the tests)."""

REACH_M = 35_000.0
"""No cell reaches farther: 63 steps of GSM's timing advance (TS 45.010 section 5.6)."""
FIRST_RING_M, RINGS, RAYS = 30.0, 32, 24
FINE = 3
"""Sectors of the grid that matter are divided by this, each way."""
KEPT = 1e-3
"""A sector matters with more than this of the weight of the heaviest."""
SCALE_LEAST_M = 1_000.0
"""Prior of the mast's place: Student t with 2 degrees of freedom in the plane, as wide as its
places, or this."""
COLUMNS, VARYING, BLOCK = 1 + len(SD_DB), len(SD_DB) - 1, 16
"""Level and unknowns; those that depend on the mast's place; places of the mast taken at once."""
_STEPS = 40


@njit(cache=True, nogil=True)
def shadowing(x: Floats, y: Floats, n: Floats, kind: Ints) -> Floats:
    """Covariance between places of a cell, as a share of shadowing's variance."""
    m = len(x)
    out = np.empty((m, m))
    for i in range(m):
        for j in range(i):
            d = math.hypot(x[i] - x[j], y[i] - y[j])
            k = SHORT_SHARE * math.exp(-d / SHORT_M) + LONG_SHARE * math.exp(-d / LONG_M)
            out[i, j] = out[j, i] = k + (KIND_SHARE if kind[i] == kind[j] else 0.0)
        out[i, i] = 1.0 + KIND_SHARE + SAMPLE_SHARE / n[i]
    return out


@njit(cache=True, nogil=True)
def factors(px: Floats, py: Floats, x: Floats, y: Floats, out: Floats) -> None:
    """Fill what the unknowns but the power are multiplied with, of a block of places of the mast.

    `out` has shape (places, VARYING x BLOCK): in blocks, decades of distance (negative), cosine and
    sine of the azimuth, cosine and sine of twice the azimuth.
    """
    b = BLOCK
    for i in range(len(x)):
        for k in range(b):
            dx, dy = x[i] - px[k], y[i] - py[k]
            square = dx * dx + dy * dy
            far = math.sqrt(max(square, 1e-12))
            sure = far / (far + NEAR_M)
            cosine, sine = dy / far, dx / far
            out[i, k] = -0.5 * math.log10((square + NEAR_M * NEAR_M) * 1e-6)
            out[i, b + k], out[i, 2 * b + k] = sure * cosine, sure * sine
            out[i, 3 * b + k] = sure * (cosine * cosine - sine * sine)
            out[i, 4 * b + k] = sure * 2 * sine * cosine


@njit(cache=True, nogil=True)
def whiten(root: Floats, columns: Floats) -> None:
    """Divide columns by a lower Cholesky factor, in place."""
    for i in range(len(columns)):
        row = columns[i]
        for j in range(i):
            k, other = root[i, j], columns[j]
            for c in range(len(row)):
                row[c] -= k * other[c]
        k = 1.0 / root[i, i]
        for c in range(len(row)):
            row[c] *= k


@njit(cache=True, nogil=True)
def gram_of(fixed: Floats, varying: Floats, k: int, out: Floats) -> None:
    """Products of the whitened columns of the `k`-th place of a block: level, power, the others."""
    out[:] = 0.0
    row = np.empty(COLUMNS)
    for i in range(len(fixed)):
        row[0] = fixed[i, 0] - DECAY_DB * varying[i, k]
        row[1] = fixed[i, 1]
        for c in range(VARYING):
            row[2 + c] = varying[i, c * BLOCK + k]
        for p in range(COLUMNS):
            for q in range(p + 1):
                out[p, q] += row[p] * row[q]


@njit(cache=True, nogil=True)
def log_evidence(gram: Floats, m: int) -> float:
    """Logarithm of how well whitened columns fit, less what no place of the mast changes.

    The unknowns are integrated out by a Cholesky factor of the information on them.

    Parameters
    ----------
    gram
        Products of columns: the level beside what is expected, then the factors of the unknowns.
    m
        How many places the columns have.
    """
    scale = SHADOW_SD_DB * SHADOW_SD_DB
    p = COLUMNS - 1
    root = np.empty((p, p))
    b = np.empty(p)
    rest, log_det = gram[0, 0], 0.0
    for i in range(p):
        b[i] = gram[i + 1, 0]
        for j in range(i):
            total = gram[i + 1, j + 1]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = total / root[j, j]
            b[i] -= root[i, j] * b[j]
        total = gram[i + 1, i + 1] + scale / (SD_DB[i] * SD_DB[i])
        for k in range(i):
            total -= root[i, k] * root[i, k]
        root[i, i] = math.sqrt(total)
        b[i] /= root[i, i]
        rest -= b[i] * b[i]
        log_det += math.log(root[i, i] * SD_DB[i] / SHADOW_SD_DB)
    fit = math.log1p(max(rest, 0.0) / (scale * SHADOW_WEIGHT))
    return -log_det - 0.5 * (SHADOW_WEIGHT + m) * fit


@njit(cache=True, nogil=True)
def ring_m(ring: float) -> float:
    """Outer radius of a ring of the grid, m; 0 of the one before the first."""
    return FIRST_RING_M * (REACH_M / FIRST_RING_M) ** (ring / (RINGS - 1)) if ring >= 0 else 0.0


@njit(cache=True, nogil=True)
def grid() -> Floats:
    """Sectors of rings around the middle: inner and outer radius (m), first and last angle."""
    out = np.empty((RINGS * RAYS, 4))
    for k in range(RINGS * RAYS):
        ring, ray = k // RAYS, k % RAYS
        out[k, 0], out[k, 1] = ring_m(ring - 1.0), ring_m(float(ring))
        out[k, 2] = 2 * math.pi * (ray + 0.5 * (ring % 2)) / RAYS
        out[k, 3] = out[k, 2] + 2 * math.pi / RAYS
    return out


@njit(cache=True, nogil=True)
def divided(sectors: Floats) -> Floats:
    """Each sector as `FINE` by `FINE` smaller ones."""
    out = np.empty((len(sectors) * FINE * FINE, 4))
    for k in range(len(out)):
        low, high, begin, end = sectors[k // (FINE * FINE)]
        i, j = (k // FINE) % FINE, k % FINE
        out[k, 0] = low + (high - low) * i / FINE
        out[k, 1] = low + (high - low) * (i + 1) / FINE
        out[k, 2] = begin + (end - begin) * j / FINE
        out[k, 3] = begin + (end - begin) * (j + 1) / FINE
    return out


@njit(cache=True, nogil=True)
def middles(sectors: Floats) -> tuple[Floats, Floats]:
    """Middles of sectors, m east and north of the grid's middle."""
    r = np.sqrt(0.5 * (sectors[:, 0] ** 2 + sectors[:, 1] ** 2))
    turn = 0.5 * (sectors[:, 2] + sectors[:, 3])
    return r * np.cos(turn), r * np.sin(turn)


@njit(cache=True, nogil=True)
def log_weights(
    sectors: Floats, x: Floats, y: Floats, fixed: Floats, root: Floats, scale: float
) -> Floats:
    """Logarithm of the weight of sectors: area, prior and evidence.

    `fixed` has the whitened columns that do not depend on the mast: level and power.
    """
    px, py = middles(sectors)
    area = 0.5 * (sectors[:, 1] ** 2 - sectors[:, 0] ** 2) * (sectors[:, 3] - sectors[:, 2])
    out = np.log(area) - 2 * np.log(1.0 + (px * px + py * py) / (scale * scale))
    m = len(x)
    varying, gram = np.empty((m, VARYING * BLOCK)), np.empty((COLUMNS, COLUMNS))
    some_x, some_y = np.zeros(BLOCK), np.zeros(BLOCK)
    for begin in range(0, len(sectors), BLOCK):
        count = min(BLOCK, len(sectors) - begin)
        some_x[:count], some_y[:count] = px[begin : begin + count], py[begin : begin + count]
        factors(some_x, some_y, x, y, varying)
        whiten(root, varying)
        for k in range(count):
            gram_of(fixed, varying, k, gram)
            out[begin + k] += COARSE / (COARSE + m) * log_evidence(gram, m)
    return out


@njit(cache=True, nogil=True)
def weigh(
    x: Floats, y: Floats, level: Floats, n: Floats, kind: Ints, scale: float
) -> tuple[Floats, Floats, Floats]:
    """Weigh the places where a cell's mast may stand: their x, y and weight (sum 1).

    Parameters
    ----------
    x, y, level, n, kind
        Places where the cell was heard: m from the middle of the prior, level as of a resource
        element (dBm), samples, kind of receiver.
    scale
        Spread of the prior, m.
    """
    root = np.linalg.cholesky(shadowing(x, y, n, kind)).astype(np.float64)
    fixed = np.ones((len(x), 2))
    fixed[:, 0] = level - LEVEL_AT_1_KM_DBM
    whiten(root, fixed)
    coarse = grid()
    log_w = log_weights(coarse, x, y, fixed, root, scale)
    matter = log_w > log_w.max() + math.log(KEPT)
    fine = divided(coarse[matter])
    sectors = np.concatenate((coarse[~matter], fine))
    log_w = np.concatenate((log_w[~matter], log_weights(fine, x, y, fixed, root, scale)))
    w = np.exp(log_w - log_w.max())
    gx, gy = middles(sectors)
    return gx, gy, w / w.sum()


@njit(cache=True, nogil=True)
def middle_of(gx: Floats, gy: Floats, w: Floats, share: float) -> tuple[float, float, float]:
    """Give the geometric median of weighted places, and the radius around it of a share of them.

    Weiszfeld's steps from the mean, a fixed number of them: the same places give the same bytes.
    """
    mx, my = (gx * w).sum(), (gy * w).sum()
    for _ in range(_STEPS):
        sx, sy, s = 0.0, 0.0, 0.0
        for i in range(len(w)):
            k = w[i] / max(math.hypot(gx[i] - mx, gy[i] - my), 1.0)
            sx, sy, s = sx + k * gx[i], sy + k * gy[i], s + k
        mx, my = sx / s, sy / s
    d = np.hypot(gx - mx, gy - my)
    order = np.argsort(d)
    held = 0.0
    for i in order:
        held += w[i]
        if held >= share:
            return mx, my, d[i]
    return mx, my, d[order[-1]]


@njit(cache=True, nogil=True)
def masts(
    x: Floats, y: Floats, level: Floats, n: Floats, kind: Ints, first: Ints, share: float
) -> Floats:
    """Locate cells; shape (cells, 3): x and y, m, and the radius that holds a share of the weight.

    Parameters
    ----------
    x, y, level, n, kind
        As of :func:`weigh`, one cell after the other, each from an origin of its own.
    first
        Where each cell begins in them, and their number at the end.
    share
        Of the weight, within the radius.
    """
    out = np.empty((len(first) - 1, 3))
    for k in range(len(out)):
        a, b = first[k], first[k + 1]
        mx, my = x[a:b].mean(), y[a:b].mean()
        dx, dy = x[a:b] - mx, y[a:b] - my
        scale = max(np.sqrt(dx * dx + dy * dy).mean(), SCALE_LEAST_M)
        gx, gy, w = weigh(dx, dy, level[a:b], n[a:b], kind[a:b], scale)
        east, north, radius = middle_of(gx, gy, w, share)
        out[k, 0], out[k, 1], out[k, 2] = east + mx, north + my, radius
    return out
