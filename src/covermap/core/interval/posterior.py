"""The posterior of a batch of lines: for each segment and draw, whether the level is reached.

One draw index is one state of the world on all lines: shares of lines, sections and networks, and
of `any` and `all` operators, are length-weighted counts of bits of the same draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.interval.effects import DRAWS, LANES, Further, World
from covermap.core.interval.fit import fitted, laplace_draws
from covermap.core.interval.line import Line, constants_of, line_of, typical_campaign_sds
from covermap.core.interval.model import (
    PARAMETERS,
    IntervalSettings,
    Priors,
    campaign_sds,
    theta_of,
)
from covermap.core.interval.normals import fill_normals, mixed
from covermap.core.interval.runs import LineRuns, ordered
from covermap.core.interval.smoother import Drawn, draw_line

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_FURTHER = 0x5EED
_THETA = 0x7E7A
_STRATA = 0x57A7


@dataclass(frozen=True)
class Paths:
    """Posterior paths against a threshold: arrays of segments x draws / 8 bytes.

    Bit ``k % 8`` of byte ``k // 8`` says whether in draw k the level of the segment reaches the
    threshold. Lines without any observation have no bit set: they have no posterior.
    """

    persistent: Bytes
    """The persistent level m."""
    campaign: Bytes
    """The level during the campaigns: m plus the mean of their c + C."""
    drive: Bytes
    """What one further drive would observe."""
    level_db: Singles
    """Persistent level, dBm (segments x draws), when asked for; else no rows."""


def posterior_paths(
    runs: LineRuns,
    threshold_dbm: float,
    settings: IntervalSettings,
    draws: int = 256,
    seed: int = 0,
    levels: bool = False,
) -> Paths:
    """Draw paths of every line of a batch.

    Parameters
    ----------
    runs
        What was observed.
    threshold_dbm
        Level that a segment must reach.
    settings
        Prior, fit, and what lines have in common.
    draws
        Number of paths, a multiple of 32.
    seed
        With the lines' keys and the campaigns' identities it fixes every random number.
    levels
        Also give the levels themselves (tests, strip charts): 4 bytes a segment and draw.

    Returns
    -------
    Paths
        The same bytes for a line whatever the batch it comes in and the order of observations.

    Raises
    ------
    ValueError
        When `draws` is not a multiple of 32.
    """
    if draws < DRAWS or draws % DRAWS:
        raise ValueError(f"draws = {draws} is not a multiple of {DRAWS}")
    segments = int(runs.line[-1])
    bits = [np.zeros((segments, draws // 8), np.uint8) for _ in range(3)]
    level = np.empty((segments if levels else 0, draws), np.float32)
    rows = ordered(runs, settings.priors.level_dbm)
    world = _Draws(settings, draws, seed)
    for k in range(len(runs.line) - 1):
        start, end = int(runs.line[k]), int(runs.line[k + 1])
        if rows.first[end] == rows.first[start]:
            level[start:end] = np.nan
            continue
        line = line_of(runs, rows, k, settings.priors)
        at = slice(start, end)
        _draw(line, int(runs.key[k]), threshold_dbm, world, [b[at] for b in bits], level[at])
    level += np.float32(settings.priors.level_dbm)
    return Paths(bits[0], bits[1], bits[2], level)


class _Draws:
    """What all lines have in common: strata of campaign scales, normals of campaigns."""

    def __init__(self, settings: IntervalSettings, draws: int, seed: int) -> None:
        self.settings, self.draws, self.seed = settings, draws, seed
        self.groups = draws // DRAWS
        self.strata = campaign_sds(settings.priors, self.groups)
        self.pooled = self._pooled()
        self._campaigns: dict[int, tuple[Floats, Singles]] = {}
        self.further = self.campaign(_FURTHER)

    def campaign(self, identity: int) -> tuple[Floats, Singles]:
        """Give one campaign's standard deviation of each group, and normal of each draw."""
        if identity not in self._campaigns:
            key = keyed(self.seed, identity)
            normals = np.empty(self.groups * LANES, np.float32)
            fill_normals(key, normals)
            order = np.empty(self.groups + self.groups % 2, np.float32)
            fill_normals(keyed(int(key), _STRATA), order)
            sds = self.strata[np.argsort(order[: self.groups], kind="stable")]
            self._campaigns[identity] = (sds, normals)
        return self._campaigns[identity]

    def _pooled(self) -> Floats:
        u = theta_normals(keyed(self.seed, _THETA), self.groups)
        return theta_of(u * self.settings.pooled_spread, self.settings.priors)


def keyed(seed: int, identity: int) -> np.uint64:
    """Mix a seed and an identity (any 64-bit whole numbers) into a key."""
    mask = (1 << 64) - 1
    return np.uint64(mixed(np.uint64(seed & mask), np.uint64(identity & mask)))


def theta_normals(key: np.uint64, groups: int) -> Floats:
    """Give normals of groups x parameters."""
    normals = np.empty(groups * len(PARAMETERS), np.float32)
    fill_normals(key, normals)
    return normals.reshape(groups, len(PARAMETERS)).astype(np.float64)


def thetas_of(line: Line, key: np.uint64, world: _Draws) -> Floats:
    """Give one theta a group: the pooled ones, or draws around the line's own fit."""
    if world.settings.fit == "pooled":
        return world.pooled
    priors: Priors = world.settings.priors
    best, factor = fitted(line.seen, priors, typical_campaign_sds(priors, len(line.campaigns)))
    return theta_of(
        laplace_draws(best, factor, theta_normals(keyed(int(key), _THETA), world.groups)), priors
    )


def _draw(
    line: Line,
    identity: int,
    threshold_dbm: float,
    world: _Draws,
    bits: list[Bytes],
    level: Singles,
) -> None:
    settings = world.settings
    priors, key = settings.priors, keyed(world.seed, identity)
    campaigns = [world.campaign(int(c)) for c in line.campaigns]
    samples = settings.drive_samples or 1.0 / float(np.mean(1.0 / line.n))
    new = 1.0 if settings.drive == "new_campaign" else 0.0
    own = World(
        thetas_of(line, key, world), constants_of(priors),
        np.stack([sds for sds, _ in campaigns], axis=1),
        np.stack([normals for _, normals in campaigns]), settings.campaign_shared,
    )  # fmt: skip
    further = Further(world.further[0] * new, world.further[1], priors.sample_db2 / samples)
    drawn = Drawn(bits[0], bits[1], bits[2], level)
    draw_line(line.seen, own, further, threshold_dbm - priors.level_dbm, key, drawn)
