"""What got worse beyond noise, between two states that are each known with an interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from covermap.core.geodesy import Floats

Flags = NDArray[np.bool_]


def p_no_drop(
    before: Floats, before_low: Floats, after: Floats, after_high: Floats, confidence: float
) -> Floats:
    """Probability that what fell is noise: that no figure lower than before is behind it.

    Each state counts with the side of its interval that faces the other: how far below `before`
    the earlier figure may have been, and how far above `after` the later one may be. The sides are
    taken as normal and the states as independent. Where the later one rests on the same
    measurements and some more, the true spread of the difference is smaller: fewer drops are told,
    never more.

    Parameters
    ----------
    before, before_low, after, after_high
        Arrays of one shape, one unit: estimates, and the ends of their two-sided intervals.
    confidence
        Of these intervals, 0-1.

    Returns
    -------
    Floats
        0-1; NaN where any figure is NaN.

    Examples
    --------
    >>> one = lambda *values: np.array(values)
    >>> p = p_no_drop(one(0.97, 0.97), one(0.95, 0.95), one(0.90, 0.965), one(0.93, 0.98), 0.95)
    >>> p.round(4).tolist()
    [0.0001, 0.3475]
    """
    z = ndtri((1 + confidence) / 2)
    spread = np.hypot(before - before_low, after_high - after) / z
    drop = after - before
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(spread > 0, ndtr(drop / spread), np.where(drop < 0, 0.0, 1.0))
    missing = np.isnan(drop) | np.isnan(spread)
    made: Floats = np.where(missing, np.nan, found)
    return made


def discoveries(p: Floats, false_share: float) -> Flags:
    """Choose what to tell of, so that at most this share of it is expected to be noise.

    Of many figures some fall far by chance alone. Benjamini and Hochberg, J. R. Statist. Soc. B 57
    (1995), 289-300: the largest k with p_(k) <= k / n * false_share, and all below it.

    Parameters
    ----------
    p
        Shape (n,), 0-1; NaN is no figure and never chosen.
    false_share
        0-1.

    Examples
    --------
    >>> discoveries(np.array([0.001, 0.5, 0.02, np.nan, 0.04]), 0.05).tolist()
    [True, False, True, False, False]
    """
    known = np.flatnonzero(~np.isnan(p))
    chosen = np.zeros(len(p), bool)
    order = known[np.argsort(p[known], kind="stable")]
    bound = np.arange(1, len(order) + 1) / max(1, len(order)) * false_share
    below = np.flatnonzero(p[order] <= bound)
    if len(below):
        chosen[p <= p[order[below[-1]]]] = True
    return chosen
