"""One line of a batch, as the filter takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.interval.filter import settle_censored
from covermap.core.interval.model import Priors
from covermap.core.interval.runs import LineRuns, Ordered, numbered

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_RUNS, MOST_CAMPAIGNS = 8, 6
"""A line has at most so many run and campaign effects: the filter's work grows with their square.

Beyond, runs (campaigns) take turns and share an effect. Runs that share one count as one run, so
an interval gets wider by it, never narrower."""

Observed = tuple[Ints, Floats, Ints, Ints, Ints, Floats, Floats, Ints]


@dataclass(frozen=True)
class Line:
    """Observations of one line, with runs, directions and campaigns numbered from 0."""

    first: Ints
    y_db: Floats
    run: Ints
    direction: Ints
    campaign: Ints
    n: Floats
    noise_db2: Floats
    step_km: Floats
    sizes: Ints
    """Numbers of directions, campaigns and runs."""
    campaigns: Ints
    """Identities of the campaigns."""

    @property
    def observed(self) -> Observed:
        """The arguments that every function of the filter begins with."""
        return (
            self.first,
            self.y_db,
            self.run,
            self.direction,
            self.campaign,
            self.noise_db2,
            self.step_km,
            self.sizes,
        )


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
    made = Line(
        offsets - offsets[0], rows.y_db[at].copy(), parts[2], parts[0], parts[1], n,
        priors.sample_db2 / n, step_km, sizes, campaigns,
    )  # fmt: skip
    if rows.censored[at].any():
        _settle(made, rows.censored[at], priors)
    return made


def _settle(line: Line, censored: NDArray[np.bool_], priors: Priors) -> None:
    sds = np.full(int(line.sizes[1]), priors.campaign_scale_db * np.sqrt(2.0))
    first, y_db, run, direction, campaign, noise, step, sizes = line.observed
    theta, constants = np.array(priors.median), constants_of(priors)
    settle_censored(first, y_db, run, direction, campaign, noise, censored, step, sizes,
                    theta, constants, sds)  # fmt: skip


def constants_of(priors: Priors) -> Floats:
    """Give the standard deviations of mu and b."""
    return np.array([priors.level_sd_db, priors.run_constant_sd_db])
