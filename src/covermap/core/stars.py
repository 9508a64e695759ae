"""Stars: components make points, points make one to five stars.

Every threshold and weight is the caller's. A component earns 0 at its `zero` and 1 at its `full`,
evenly between, and all of its weight at 1. Points are those of the components that are known, over
their weight: what was not tested counts neither for nor against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_STARS = 0
"""Too little is known."""
_ROUNDING = 1e-9
"""A cut-off that is reached but for the rounding of sums is reached."""


@dataclass(frozen=True)
class Part:
    """One component of a formula."""

    weight: float
    zero: float
    full: float


@dataclass(frozen=True)
class Rated:
    """What each earns; arrays of one length."""

    earned: dict[str, Floats]
    """By component: 0-1 before its weight; NaN where it is not known."""
    known_weight: Floats
    points: Floats
    """0-1; NaN where nothing is known."""
    stars: Ints
    """1 to 5, or NO_STARS."""


def earned(values: Floats, part: Part) -> Floats:
    """Give what values of one component earn, 0-1; NaN stays NaN.

    Examples
    --------
    >>> earned(np.array([-115.0, -100.0, -70.0, np.nan]), Part(0.2, -115, -85)).tolist()
    [0.0, 0.5, 1.0, nan]
    >>> earned(np.array([150.0, 90.0]), Part(0.1, 150, 30)).tolist()
    [0.0, 0.5]
    """
    share: Floats = np.clip((values - part.zero) / (part.full - part.zero), 0.0, 1.0)
    return share + 0.0  # -0.0 becomes 0.0


def rate(
    values: Mapping[str, Floats],
    parts: Mapping[str, Part],
    cut_offs: Sequence[float],
    min_weight: float,
) -> Rated:
    """Rate places, lines or areas.

    Parameters
    ----------
    values
        By component: its figure, NaN where it is not known. One entry for each that is rated.
    parts
        Components of the formula; figures of others are left out, and a component without figures
        is not known anywhere.
    cut_offs
        Points from which on there are two, three, four and five stars, ascending.
    min_weight
        Weight that known components must have together; with less there are no stars.

    Examples
    --------
    >>> parts = {"coverage": Part(0.4, 0.8, 1.0), "signal": Part(0.6, -115, -85)}
    >>> made = rate({"coverage": np.array([0.9, np.nan]), "signal": np.array([-85.0, np.nan])},
    ...             parts, (0.3, 0.5, 0.7, 0.9), 0.5)
    >>> made.points.round(3).tolist(), made.stars.tolist()
    ([0.8, nan], [4, 0])
    """
    length = len(next(iter(values.values())))
    unknown = np.full(length, np.nan)
    each = {name: earned(values.get(name, unknown), part) for name, part in parts.items()}
    known, total = np.zeros(length), np.zeros(length)
    for name, part in parts.items():
        here = ~np.isnan(each[name])
        known[here] += part.weight
        total[here] += part.weight * each[name][here]
    with np.errstate(invalid="ignore", divide="ignore"):
        points = np.where(known > 0, total / known, np.nan)
    stars = 1 + np.sum([points >= cut - _ROUNDING for cut in cut_offs], axis=0)
    enough = (known >= min_weight - _ROUNDING) & (known > 0)
    return Rated(each, known, points, np.where(enough, stars, NO_STARS).astype(np.int64))
