"""How sure it is that a place meets its standard.

First version, each place on its own: a normal posterior of the place's persistent level. The
persistent level has a normal prior; what was observed differs from it by a campaign, a run and a
sample effect, independent and normal. That neighbouring pieces of a line are correlated is not
used, so a place's probability is honest about itself and says nothing of its neighbours.
It is about the level; a SINR that fails, as measured, makes it 0 (see `fails_by_sinr`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_SHARE = 0.999
"""A share of 1 asks for more than any normal spread can promise; it is taken as 0.999."""


@dataclass(frozen=True)
class Spread:
    """Spread, dB, of what one drive shows around the persistent level, and that level's prior."""

    prior_mean_dbm: float
    prior_sd_db: float
    campaign_sd_db: float
    run_sd_db: float
    sample_sd_db: float


@dataclass(frozen=True)
class Observed:
    """What was seen of each place: arrays of one length.

    `mean_dbm` is NaN, and the counts 0, where nothing was.
    """

    mean_dbm: Floats
    n: Ints
    runs: Ints
    campaigns: Ints


def posterior(seen: Observed, spread: Spread) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each place's persistent level, dBm and dB.

    The observation's variance is ``campaign_sd^2 / campaigns + run_sd^2 / runs + sample_sd^2 / n``;
    prior and observation are combined by their precisions (Bayes' rule for normals). Without an
    observation the prior stays.

    Examples
    --------
    >>> seen = Observed(np.array([-90.0]), np.array([1]), np.array([1]), np.array([1]))
    >>> mean, sd = posterior(seen, Spread(-100.0, 10.0, 6.0, 0.0, 8.0))
    >>> float(mean[0]), round(float(sd[0]), 3)
    (-95.0, 7.071)
    """
    none = seen.n == 0
    variance = (
        spread.campaign_sd_db**2 / np.maximum(seen.campaigns, 1)
        + spread.run_sd_db**2 / np.maximum(seen.runs, 1)
        + spread.sample_sd_db**2 / np.maximum(seen.n, 1)
    )
    precision = np.where(none, 0.0, 1.0 / variance)
    prior_precision = spread.prior_sd_db**-2
    total = precision + prior_precision
    weighted = np.where(none, 0.0, seen.mean_dbm) * precision
    return (weighted + spread.prior_mean_dbm * prior_precision) / total, total**-0.5


def level_needed_dbm(
    rsrp_dbm: float,
    rule: Literal["mean", "share", "quantile"],
    number: float | None,
    sample_sd_db: float,
) -> float:
    """Give the persistent level at which a place just meets its rule, dBm.

    ``mean``: the threshold itself. ``share`` s: samples scatter around the level with
    `sample_sd_db`, and a share s of them reaches the threshold when the level exceeds it by the
    normal quantile of s times that spread. ``quantile`` q: the same with ``s = 1 - q``.

    Examples
    --------
    >>> round(level_needed_dbm(-98, "share", 0.95, 4.0), 2)
    -91.42
    """
    if rule == "mean" or number is None:
        return rsrp_dbm
    share = number if rule == "share" else 1.0 - number
    bounded = min(max(share, 1.0 - _MOST_SHARE), _MOST_SHARE)
    return rsrp_dbm + float(ndtri(bounded)) * sample_sd_db


def probability(seen: Observed, needed_dbm: float, spread: Spread) -> Floats:
    """Probability that each place's persistent level reaches `needed_dbm`; NaN where unseen.

    Examples
    --------
    >>> seen = Observed(np.array([-90.0, np.nan]), *(np.array([k, 0]) for k in (9, 1, 1)))
    >>> probability(seen, -105.0, Spread(-97, 10, 2, 5, 4)).round(3).tolist()
    [0.997, nan]
    """
    mean, sd = posterior(seen, spread)
    return np.where(seen.n == 0, np.nan, ndtr((mean - needed_dbm) / sd))


def observed_in_runs(
    place: Ints, campaign: Ints, n: Ints, level_sum_dbm: Floats, places: int
) -> Observed:
    """Give what runs saw of each place: the mean of the runs' means.

    Parameters
    ----------
    place, campaign, n, level_sum_dbm
        One row a place and run, in any fixed order: number of the place (0 to places - 1) and of
        the campaign, samples, and sum of their levels (no service at its floor).
    places
        Number of places: the length of what is given back.
    """
    used = n > 0
    place, campaign, n = place[used], campaign[used], n[used]
    means = np.bincount(place, level_sum_dbm[used] / n, places)
    runs = np.bincount(place, minlength=places)
    samples = np.zeros(places, np.int64)
    np.add.at(samples, place, n)
    pairs = np.unique(np.column_stack([place, campaign]), axis=0)
    campaigns = np.bincount(pairs[:, 0], minlength=places)
    with np.errstate(invalid="ignore"):
        mean_dbm = means / runs
    return Observed(mean_dbm, samples, runs.astype(np.int64), campaigns.astype(np.int64))
