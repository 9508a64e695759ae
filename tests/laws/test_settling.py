"""What is said to settle a line is tried: the runs are simulated, and the interval looked at."""

from dataclasses import replace
from functools import cache

import numpy as np

from covermap.core.interval.model import IntervalSettings, Priors
from covermap.core.interval.posterior import posterior_paths
from covermap.core.interval.runs import LineRuns
from covermap.core.judging.estimates import LineTest, answers, shares
from covermap.core.judging.pieces import Course, whole_lines
from covermap.core.judging.verdicts import COVERED
from covermap.steps.judge.settling import open_lines, part_runs, whole_lines_again
from covermap.steps.judge.standing import LayerPaths, stand
from interval_reference import simulate

SEGMENTS = 200
TEST = LineTest(0.85, 0.95, "bounded")
PRIORS = Priors()
PLAN = [(1, 0), (-1, 0), (-1, 1), (1, 1)]
"""The run that was made; then one more of its campaign, and two of another."""
COURSE = Course(
    np.array([0, SEGMENTS]), np.arange(SEGMENTS) * 100.0, np.arange(1, SEGMENTS + 1) * 100.0,
    np.full(SEGMENTS, 100.0), np.full(SEGMENTS, 100.0), np.zeros(SEGMENTS, bool),
)  # fmt: skip


def standing_of(runs: LineRuns):
    """How the line stands by these runs, and its paths; every segment is taken as assessed."""
    drawn = posterior_paths(runs, -105.0, IntervalSettings(priors=PRIORS, fit="pooled"), 256)
    paths = LayerPaths(np.ones(SEGMENTS, bool), drawn.persistent, drawn.campaign, drawn.drive)
    verdict = np.full(SEGMENTS, COVERED, np.int8)
    return stand(COURSE, whole_lines(COURSE), verdict, paths, TEST), paths


def share_of(runs: LineRuns):
    standing, _ = standing_of(runs)
    return shares(standing.persistent_mm, standing.assessed_mm)


def width(share):
    low, high = np.quantile(share, (TEST.tail, 1.0 - TEST.tail), axis=1)
    return float((high - low)[0])


def some(runs: LineRuns, keep):
    names = ("y_dbm", "segment", "run", "n", "direction", "campaign", "censored")
    return LineRuns(runs.line, runs.key, runs.length_m, *(getattr(runs, n)[keep] for n in names))


@cache
def tried(seeds: int = 160):
    """Foretold and found, a row a line that is undetermined after one run."""
    rows = []
    for seed in range(seeds):
        random = np.random.default_rng([11, seed])
        level = replace(PRIORS, level_dbm=random.uniform(-96, -88), level_sd_db=1e-3)
        runs = simulate(random, SEGMENTS, PLAN, np.array(PRIORS.median), level, key=seed).runs
        made = runs.run == 0
        standing, paths = standing_of(some(runs, made))
        now = shares(standing.persistent_mm, standing.assessed_mm)
        if answers(now, now, TEST)[0] != "undetermined":
            continue
        lines = open_lines(np.array([0]), standing, TEST)
        whole = whole_lines_again(COURSE, lines, TEST)
        parts = part_runs(COURSE, paths, lines, TEST)
        row = {"now": width(now)}
        for name, candidate, further in (
            ("same", whole[0], runs.run == 1),
            ("new", whole[1], runs.run == 2),
            ("two", whole[2], runs.run >= 2),
        ):
            then = share_of(some(runs, made | further))
            settled = answers(then, then, TEST)[0] != "undetermined"
            row[name] = (candidate.width[0], width(then), candidate.p_settled[0], settled)
        for name, at in (("best", np.argmin(parts.width)), ("worst", np.argmax(parts.width))):
            metres = runs.segment * 100.0
            there = (metres >= parts.from_m[at]) & (metres < parts.to_m[at])
            then = share_of(some(runs, made | ((runs.run == 2) & there)))
            row[name] = (parts.width[at], width(then))
        rows.append(row)
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


def test_a_run_where_it_is_advised_narrows_more_than_one_where_it_is_not():
    found = tried()
    now = found["now"]
    best, worst = found["best"][:, 1] / now, found["worst"][:, 1] / now
    assert len(now) > 60
    assert best.mean() < worst.mean() - 0.05
    assert (best < worst).mean() > 0.65


def test_the_width_that_is_foretold_is_not_undercut_in_the_mean_and_not_far_off():
    found = tried()
    for name in ("same", "new", "two", "best", "worst"):
        foretold, then = (found[name][:, k].mean() / found["now"].mean() for k in (0, 1))
        assert then < foretold + 0.05, name
        assert then > foretold - 0.2, name


def test_more_runs_and_another_campaign_are_foretold_to_narrow_more_and_do():
    found = tried()
    for k in (0, 1):
        same, new, two = (found[name][:, k].mean() for name in ("same", "new", "two"))
        assert two < new < same


def test_the_chance_to_settle_is_near_how_often_it_settles():
    found = tried()
    for name in ("same", "new", "two"):
        said, did = found[name][:, 2].mean(), found[name][:, 3].mean()
        assert abs(said - did) < 0.15, (name, said, did)
