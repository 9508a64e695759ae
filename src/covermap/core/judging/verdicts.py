"""Verdicts of places from summed counts, and the rule they are judged by.

A verdict is a small integer, the position of its name in ``tables.VERDICTS``:
0 covered, 1 weak, 2 none, 3 unmeasured. Lower is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from covermap.tables import VERDICTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]

COVERED, WEAK, NONE, UNMEASURED = (
    VERDICTS.index(v) for v in ("covered", "weak", "none", "unmeasured")
)


@dataclass(frozen=True)
class PlaceTest:
    """What the samples of a place must show, in one technology."""

    rsrp_dbm: float
    sinr_db: float | None
    rule: Literal["mean", "share", "quantile"]
    number: float | None
    """The share or the quantile of the rule; None for `mean`."""
    min_samples: int
    none_level_dbm: float
    """Level at which a sample without service enters means and quantiles."""
    none_share: float
    """From this share of samples without service on, the verdict is `none`."""
    exceed: bool = False
    """The share of the rule must be exceeded: exactly that much is not enough."""


@dataclass(frozen=True)
class Sums:
    """Per place: counts and figures of one technology; NaN is 'not known'."""

    n: Ints
    """Samples with a level, and those without service."""
    n_none: Ints
    n_meets: Ints
    rsrp_mean_dbm: Floats
    sinr_mean_db: Floats
    rsrp_quantile_dbm: Floats
    """The rule's quantile (any values under another rule)."""
    sinr_quantile_db: Floats


def judge(sums: Sums, test: PlaceTest) -> Codes:
    """Verdict of each place.

    In this order: fewer samples than the rule's minimum, `unmeasured`; a share of no service that
    reaches `none_share`, `none`; else `covered` or `weak` by the rule:

    * ``mean``: the mean level in dB reaches the threshold, and so does the mean SINR where any
      SINR was reported;
    * ``share``: at least this share of the samples (more than it, if the rule says `exceed`)
      meets the standard;
    * ``quantile``: this quantile of the level, and of the SINR where reported, reaches it.
    """
    verdict = np.where(_passes(sums, test), COVERED, WEAK).astype(np.int8)
    verdict[without_service(sums.n, sums.n_none, test.none_share)] = NONE
    verdict[sums.n < test.min_samples] = UNMEASURED
    return verdict


def _passes(sums: Sums, test: PlaceTest) -> Flags:
    if test.rule == "share":
        return meets_share(sums.n, sums.n_meets, test)
    level, sinr = sums.rsrp_mean_dbm, sums.sinr_mean_db
    if test.rule == "quantile":
        level, sinr = sums.rsrp_quantile_dbm, sums.sinr_quantile_db
    good = level >= test.rsrp_dbm
    if test.sinr_db is None:
        return good
    return good & (np.isnan(sinr) | (sinr >= test.sinr_db))


def fails_by_sinr(verdict: Codes, sinr_mean_db: Floats, test: PlaceTest) -> Flags:
    """Tell which weak places miss the standard's SINR, as measured.

    The models are of the level alone: such a place is weak however strong its level is, so its
    probability of meeting the standard is 0.
    """
    if test.sinr_db is None:
        return np.zeros(len(verdict), np.bool_)
    return (verdict == WEAK) & (sinr_mean_db < test.sinr_db)


def meets_share(n: Ints, n_meets: Ints, test: PlaceTest) -> Flags:
    """Whether enough of the samples meet the standard, under a `share` rule."""
    share = test.number or 0.0
    if test.exceed:
        return ~reaches_share(n, n - n_meets, 1.0 - share) & (n > 0)
    return reaches_share(n, n_meets, share)


def reaches_share(n: Ints, part: Ints, share: float) -> Flags:
    """Whether a part of the samples is at least a share of them; False without samples.

    Examples
    --------
    >>> reaches_share(np.array([20, 20, 0]), np.array([19, 18, 0]), 0.95).tolist()
    [True, False, False]
    """
    # 0.95 x 20 must be 19 although 0.95 has no exact binary form
    return (n > 0) & (part >= share * n - 1e-9)


def without_service(n: Ints, n_none: Ints, none_share: float) -> Flags:
    """Whether samples without service make up `none_share` of a place's samples."""
    return reaches_share(n, n_none, none_share)
