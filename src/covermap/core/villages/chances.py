"""Chances: that enough of a village's cells meet the standard, and enough of its key points.

Cells of a village are judged one by one, and what is not known of one is largely not known of the
next: the same run, the same campaign passed by. Errors of cells, in standard deviations, are taken
as normal with one correlation between any two cells of a village. Key points are taken the same
way. The correlations are the pack's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, roots_hermitenorm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NODES = 15
_LEAST = 1e-9
_HALF_ROOT = sqrt(0.5)


@dataclass(frozen=True)
class CellModel:
    """How cells of one village go together."""

    correlation: float
    """Of the errors of two cells of a village, 0-1, both not included."""
    spread: float
    """Standard deviation of cells within a village before any was seen, in those of a cell's
    error."""
    prior_cells: float
    """How many cells that is worth."""


def share_chance(
    cells: Ints, margin: Floats, margin_2: Floats, share: float, model: CellModel
) -> Floats:
    """Probability that at least a share of a unit's cells meets the standard; NaN without cells.

    Cell i meets it where ``a_i + E_i > 0``: a_i is the standard normal quantile of its
    probability, E its standard normal error. With v the variance of a over the unit's cells (drawn
    towards the prior spread), r the correlation and t^2 = v + 1 - r, the share of a large unit's
    cells that meet it, given the common part of the errors, is ``Phi((a + sqrt(r) E0) / t)``; it
    reaches s where ``a + sqrt(r) E0 >= z_s t``. The mean of a over m cells that stand for the unit
    errs by ``t / sqrt(m)``. So the chance is ``Phi((mean(a) - z_s t) / sqrt(r + t^2 / m))``.

    Examples
    --------
    >>> model = CellModel(0.8, 1.0, 3.0)
    >>> found = share_chance(np.array([9, 0]), np.array([18.0, 0]), np.array([36.0, 0]), 0.5, model)
    >>> found.round(3).tolist()
    [0.985, nan]
    """
    m = np.maximum(cells, 1)
    mean = margin / m
    around = np.maximum(margin_2 - m * mean * mean, 0.0)
    variance = (around + model.prior_cells * model.spread**2) / (m - 1 + model.prior_cells)
    t2 = variance + 1.0 - model.correlation
    beyond = mean - ndtri(min(max(share, 0.001), 0.999)) * np.sqrt(t2)
    return np.where(cells > 0, ndtr(beyond / np.sqrt(model.correlation + t2 / m)), np.nan)


def enough_chance(
    starts: Ints, probability: Floats, weight: Ints, need: Ints, correlation: float
) -> Floats:
    """Probability that units of enough weight are good, group by group.

    Units are good together more often than by chance: given a common standard normal factor z they
    are independent, each with ``Phi((a + sqrt(r) z) / sqrt(1 - r))`` for ``a = Phi^-1(p)``, the
    correlation r between any two. The weight that is good is added up exactly given z; z is
    integrated by Gauss-Hermite quadrature.

    Parameters
    ----------
    starts
        Units of group g are `starts[g]` to `starts[g + 1]`.
    probability, weight
        Per unit; weights are whole numbers, at least 1.
    need
        Per group: weight that is enough.

    Examples
    --------
    >>> one = np.array([0, 2]), np.array([0.5, 0.5]), np.array([1, 1])
    >>> round(float(enough_chance(*one, np.array([2]), 0.5)[0]), 3)  # 1/4 + asin(r) / 2 pi
    0.333
    """
    nodes, weights = roots_hermitenorm(_NODES)
    margin = ndtri(np.clip(probability, _LEAST, 1.0 - _LEAST))
    return _enough(
        starts, margin, weight, need, correlation, nodes, weights / weights.sum()
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _enough(
    starts: Ints, margin: Floats, weight: Ints, need: Ints, correlation: float, nodes: Floats,
    weights: Floats,
) -> Floats:  # fmt: skip
    out = np.empty(len(need))
    common, own = sqrt(correlation), sqrt(1.0 - correlation)
    for g in range(len(need)):
        a, b = starts[g], starts[g + 1]
        out[g] = 0.0
        for k in range(len(nodes)):
            held = np.zeros(need[g] + 1)  # chance of each weight; the last: enough
            held[0] = 1.0
            for u in range(a, b):
                good = 0.5 * erfc(-(margin[u] + common * nodes[k]) / own * _HALF_ROOT)
                for w in range(need[g] - 1, -1, -1):
                    moved = held[w] * good
                    held[w] -= moved
                    held[min(w + weight[u], need[g])] += moved
            out[g] += weights[k] * held[need[g]]
    return out
