"""Calibration: how often the interval holds the truth on simulated lines, beside its peers.

Truth is drawn from the prior: spreads, level, campaigns, runs; 1 to 3 runs in 1 or 2 campaigns
with 0 to 40 % gaps, on lines of 5, 20 and 100 km. SIZE is the number of lines of each length (300).
Every line is fitted, as rule packs ship it. Beside that stand the same lines `pooled`, and in
tables a third as many with 1, 2 and 4 runs, and from worlds that the model does not know. In all of
them campaigns share three quarters of their variance between lines.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from covermap.core.interval.estimands import interval, reached_m
from covermap.core.interval.model import PARAMETERS, IntervalSettings, Priors, theta_of
from covermap.core.interval.posterior import posterior_paths
from interval_peers import block_bootstrap, segment_means, wilson
from interval_reference import WORLDS, Simulated, simulate

LENGTHS_KM = (5, 20, 100)
LONG_KM = (20, 100)
THRESHOLD_DBM, RULE = -105.0, 0.95
PLANS = {1: [(1, 0)], 2: [(1, 0), (-1, 0)], 4: [(1, 0), (-1, 0), (1, 1), (-1, 1)]}
"""Runs as (direction, campaign): one; out and back; the same again in a second campaign."""
FITS = ("each", "pooled")
Rows = list[dict[str, float]]


@dataclass(frozen=True)
class Task:
    """One line to simulate."""

    km: int
    number: int
    runs: int = 0
    """0: drawn, 1 to 3."""
    world: str = "model"


def line_of(task: Task) -> Simulated:
    """Simulate the line of a task; the same whatever else is assessed."""
    about = [task.runs, WORLDS.index(task.world)] if task.runs or task.world != "model" else []
    rng, priors = np.random.default_rng([task.km, task.number, *about]), Priors()
    theta = theta_of(rng.normal(size=len(PARAMETERS)), priors)
    plan = PLANS.get(task.runs) or [
        (int(rng.choice([-1, 1])), int(rng.integers(2))) for _ in range(rng.integers(1, 4))
    ]
    gaps = rng.uniform(0, 0.4)
    return simulate(rng, task.km * 10, plan, theta, priors, gaps, key=task.number, world=task.world)


def one(task: Task) -> dict[str, float]:
    """Simulate and assess one line: its truth, and the intervals of all methods."""
    line, made = line_of(task), {"km": float(task.km)}
    made["truth"] = float(np.mean(line.level_dbm >= THRESHOLD_DBM))
    for fit in FITS:
        bits = posterior_paths(line.runs, THRESHOLD_DBM, IntervalSettings(fit=fit)).persistent
        _, low, high = interval(reached_m(bits, line.runs.length_m) / (task.km * 1000.0))
        made[f"{fit}_low"], made[f"{fit}_high"] = low, high
    level = segment_means(line.runs, task.km * 10)
    good = level[~np.isnan(level)] >= THRESHOLD_DBM
    made["wilson_low"], made["wilson_high"] = wilson(good)
    rng = np.random.default_rng([task.km, task.number])
    made["block_low"], made["block_high"] = block_bootstrap(good, rng)
    return made


def assessed(rows: Rows, method: str, km: int) -> tuple[float, float]:
    """Give how often a method holds the truth on lines of one length, and its mean width."""
    low, high, truth = (
        np.array([row[name] for row in rows if row["km"] == km])
        for name in (f"{method}_low", f"{method}_high", "truth")
    )
    # a share that is 0 or 1 in every draw is compared with room for rounding
    inside = (low - 1e-9 <= truth) & (truth <= high + 1e-9)
    return round(float(inside.mean()), 4), round(float((high - low).mean()), 4)


def wrong(rows: Rows, method: str) -> dict[str, float]:
    """Give how often `pass` and `fail` are wrong, and how often either is said."""
    low, high, truth = (
        np.array([row[name] for row in rows])
        for name in (f"{method}_low", f"{method}_high", "truth")
    )
    passes, fails = low >= RULE, high < RULE
    return {
        "wrong_pass": round(float((truth < RULE)[passes].mean()), 4) if passes.any() else 0.0,
        "wrong_fail": round(float((truth >= RULE)[fails].mean()), 4) if fails.any() else 0.0,
        "answered": round(float((passes | fails).mean()), 4),
    }


def figures(rows: Rows) -> dict[str, float]:
    """Name the figures of all methods; those of the method that packs ship have no prefix."""
    made: dict[str, float] = {}
    for method in (*FITS, "wilson", "block"):
        prefix = "" if method == FITS[0] else f"{method}_"
        for km in LENGTHS_KM:
            made[f"{prefix}inside_{km}km"], made[f"{prefix}width_{km}km"] = assessed(
                rows, method, km
            )
        made |= {prefix + name: value for name, value in wrong(rows, method).items()}
    return made


def table(rows: Rows, name: str) -> dict[str, float]:
    """Print one row of a table of long lines; name its figures."""
    made: dict[str, float] = {}
    shown = f"{name:10}"
    for method in (*FITS, "wilson", "block"):
        for km in LONG_KM:
            held, width = assessed(rows, method, km)
            shown += f"  {held:.3f} ({width:.2f})"
            if method == FITS[0]:
                made[f"inside_{km}km_{name}"] = held
    print(shown)
    return made


def tables(assess: Callable[[list[Task]], Rows], lines: int) -> dict[str, float]:
    """Assess lines by their number of runs, and of worlds that the model does not know."""
    made: dict[str, float] = {}
    print("inside (width) at 20 and 100 km: each, pooled, Wilson, block bootstrap")
    for runs in PLANS:
        tasks = [Task(km, k, runs) for km in LONG_KM for k in range(lines)]
        made |= table(assess(tasks), f"{runs}runs")
    for world in WORLDS[1:]:
        tasks = [Task(km, k, 0, world) for km in LONG_KM for k in range(lines)]
        made |= table(assess(tasks), world)
    return made


def microseconds(segments: int = 2000) -> dict[str, float]:
    """Time a line of so many segments, one core, per segment: median of five."""
    made, priors = {}, Priors()
    theta = np.array(priors.median)
    for runs, plan in PLANS.items():
        line = simulate(np.random.default_rng(runs), segments, plan, theta, priors, 0.1).runs
        for fit in FITS:
            spent = []
            for _ in range(6):
                began = time.process_time()
                posterior_paths(line, THRESHOLD_DBM, IntervalSettings(fit=fit))
                spent.append(time.process_time() - began)
            name = f"us_per_segment_{runs}runs" + ("" if fit == FITS[0] else f"_{fit}")
            made[name] = round(float(np.median(spent[1:])) / segments * 1e6, 1)
    return made


def calibrate(lines: int, workers: int = 2) -> dict[str, float]:
    """Assess `lines` lines of each length, and the tables, with two processes."""
    with ProcessPoolExecutor(workers) as pool:

        def assess(tasks: list[Task]) -> Rows:
            return list(pool.map(one, tasks, chunksize=5))

        made = figures(assess([Task(km, k) for km in LENGTHS_KM for k in range(lines)]))
        return made | tables(assess, max(1, lines // 3))


def main() -> None:
    """Run, and print one JSON object last."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    began = time.perf_counter()
    made = calibrate(lines) | microseconds()
    made["seconds"] = round(time.perf_counter() - began, 1)
    for name, value in made.items():
        print(f"{name:32}{value}")
    print(json.dumps({"fit": FITS[0], "lines": lines, **made}))


if __name__ == "__main__":
    main()
