"""One line of a batch, as the filter takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.interval.filter import settle_censored
from covermap.core.interval.model import Priors
from covermap.core.interval.runs import LineRuns, Ordered, Seen, numbered

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_RUNS, MOST_CAMPAIGNS = 8, 6
"""A line has at most so many run and campaign effects: the filter's work grows with their square.

Beyond, runs (campaigns) take turns and share an effect. Runs that share one count as one run, so
an interval gets wider by it, never narrower."""


@dataclass(frozen=True)
class Line:
    """Observations of one line, the samples behind each, and the identities of its campaigns."""

    seen: Seen
    n: Floats
    campaigns: Ints


def line_of(runs: LineRuns, rows: Ordered, k: int, priors: Priors) -> Line:
    """Give line k of a batch; censored observations become normal ones that say the same."""
    start, end = int(runs.line[k]), int(runs.line[k + 1])
    offsets = rows.first[start : end + 1]
    at = slice(int(offsets[0]), int(offsets[-1]))
    length = runs.length_m[start:end]
    step_km = np.zeros(end - start)
    step_km[1:] = (length[1:] + length[:-1]) / 2000.0
    parts = [np.empty(at.stop - at.start, np.int64) for _ in range(3)]
    named = (rows.direction[at], rows.campaign[at], rows.run[at])
    distinct = [numbered(values, part) for values, part in zip(named, parts, strict=True)]
    parts[1] %= MOST_CAMPAIGNS
    parts[2] %= MOST_RUNS
    campaigns = distinct[1][:MOST_CAMPAIGNS]
    sizes = np.array([len(distinct[0]), len(campaigns), min(len(distinct[2]), MOST_RUNS)])
    n = rows.n[at]
    seen = Seen(
        offsets - offsets[0], rows.y_db[at].copy(), parts[2], parts[0], parts[1],
        priors.sample_db2 / n, step_km, sizes,
    )  # fmt: skip
    if rows.censored[at].any():
        theta, constants = np.array(priors.median), constants_of(priors)
        sds = typical_campaign_sds(priors, len(campaigns))
        settle_censored(seen, theta, constants, sds, rows.censored[at])
    return Line(seen, n, campaigns)


def constants_of(priors: Priors) -> Floats:
    """Give the standard deviations of mu and b."""
    return np.array([priors.level_sd_db, priors.run_constant_sd_db])


def typical_campaign_sds(priors: Priors, campaigns: int) -> Floats:
    """Give one standard deviation of c for each campaign: that of the Student t with 4 degrees."""
    return np.full(campaigns, priors.campaign_scale_db * np.sqrt(2.0))


def thinned(seen: Seen, segments: int, block: int = 50) -> Seen:
    """Give blocks of a line, spread evenly over it, about so many segments in all.

    They lie as far from each other as they do on the line: what is left is the same model of
    fewer observations.
    """
    count = len(seen.first) - 1
    every = -(-count // segments)
    if every < 2:
        return seen
    kept = np.arange(count) // block % every == 0
    per_segment = np.diff(seen.first)
    at = np.repeat(kept, per_segment)
    km = np.cumsum(seen.step_km)[kept]
    return Seen(
        np.concatenate([[0], np.cumsum(per_segment[kept])]), seen.y_db[at], seen.run[at],
        seen.direction[at], seen.campaign[at], seen.noise_db2[at], np.diff(km, prepend=km[0]),
        seen.sizes,
    )  # fmt: skip
