"""Sums over lines that one campaign measured: how often their interval holds the truth."""

from functools import cache

import numpy as np
import pytest

from covermap.core.interval.model import IntervalSettings, Priors
from covermap.core.interval.posterior import posterior_paths
from covermap.core.interval.runs import LineRuns
from covermap.core.judging.networks import interval_of, sums_by_draw
from covermap.core.judging.paths import length_by_draw, pack
from interval_reference import simulate

pytestmark = pytest.mark.slow

PRIORS = Priors()
SETTINGS = IntervalSettings(priors=PRIORS, fit="pooled")
THRESHOLD_DBM, RULE, LINES, DRAWS = -105.0, 0.8, 24, 512


def world(seed: int):
    """Lines of 3 to 8 km that one campaign drove once: what was seen, and the true km."""
    random = np.random.default_rng([23, seed])
    scale = PRIORS.campaign_scale_db * np.sqrt(4.0 / random.chisquare(4.0))
    common, parts, truth = random.normal(), [], 0
    for k in range(LINES):
        segments = int(random.integers(30, 81))
        line = simulate(random, segments, [(1, 0)], np.array(PRIORS.median), PRIORS,
                        campaign_sd=0.0, key=1000 * seed + k)  # fmt: skip
        own = np.sqrt(1.0 - SETTINGS.campaign_shared) * random.normal()
        shift = scale * (np.sqrt(SETTINGS.campaign_shared) * common + own)
        level = random.normal(-92.0, 6.0) - line.level_dbm.mean()  # lines near the rule
        parts.append((segments, line.runs, shift + level))
        good = float(np.mean(line.level_dbm + level >= THRESHOLD_DBM)) >= RULE
        truth += good * segments * 100_000
    return parts, truth


def joined(parts, campaigns) -> LineRuns:
    """One batch of all lines."""
    ends = np.concatenate([[0], np.cumsum([segments for segments, _, _ in parts])])
    runs = [r for _, r, _ in parts]
    sizes = [len(r.y_dbm) for r in runs]

    def column(name):
        return np.concatenate([getattr(r, name) for r in runs])

    return LineRuns(
        ends, column("key"), column("length_m"),
        column("y_dbm") + np.repeat([shift for _, _, shift in parts], sizes),
        column("segment") + np.repeat(ends[:-1], sizes), column("run"), column("n"),
        column("direction"), np.repeat(campaigns, sizes), column("censored"),
    )  # fmt: skip


def interval(parts, campaigns, seed):
    """Ends of the interval of the kilometres of the lines that reach the rule, mm."""
    runs = joined(parts, campaigns)
    bits = posterior_paths(runs, THRESHOLD_DBM, SETTINGS, DRAWS, seed).persistent
    segment = np.arange(len(bits))
    good = length_by_draw(runs.line, segment, np.full(len(bits), 100_000), segment >= 0, bits)
    whole = np.diff(runs.line) * 100_000
    passes = pack(good >= RULE * whole[:, None])
    sums = sums_by_draw(np.zeros(LINES, np.int64), whole, passes, 1)
    found = interval_of(sums, sums, 0.95)
    return found.low[0], found.high[0]


@cache
def tried(seeds: int = 150):
    """Inside and width of each world: one campaign on all lines, and each line taken apart."""
    rows = []
    for seed in range(seeds):
        parts, truth = world(seed)
        for campaigns in (np.zeros(LINES, np.int64), np.arange(1, LINES + 1)):
            low, high = interval(parts, campaigns, seed)
            rows.append((low <= truth <= high, (high - low) / 1e6))
    return np.array(rows, float).reshape(seeds, 2, 2)


def test_the_interval_of_a_sum_holds_the_truth_as_often_as_it_says():
    inside = tried()[:, 0, 0].mean()
    assert 0.93 <= inside <= 0.985, inside


def test_lines_of_one_campaign_taken_as_independent_hold_the_truth_too_seldom():
    found = tried()
    assert found[:, 1, 0].mean() < 0.88, found[:, 1, 0].mean()
    assert found[:, 0, 1].mean() > 1.25 * found[:, 1, 1].mean()
