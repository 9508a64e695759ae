"""Calibration: how often the interval holds the truth on simulated lines, beside its peers.

Truth is drawn from the prior: hyperparameters, level, campaigns, runs; 1 to 3 runs in 1 or 2
campaigns with 0 to 40 % gaps, on lines of 5, 20 and 100 km. SIZE is the number of lines of each
length (300). Every line is fitted; with `pooled` as a second argument none is.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from covermap.core.interval.estimands import interval, reached_m
from covermap.core.interval.model import PARAMETERS, IntervalSettings, Priors, theta_of
from covermap.core.interval.posterior import posterior_paths
from interval_peers import block_bootstrap, segment_means, wilson
from interval_reference import simulate

LENGTHS_KM = (5, 20, 100)
THRESHOLD_DBM, RULE = -105.0, 0.95


def one(task: tuple[int, int, IntervalSettings]) -> dict[str, float]:
    """Simulate and assess one line; truth, intervals of all methods, seconds of ours."""
    km, number, settings = task
    rng = np.random.default_rng([km, number])
    priors = Priors()
    theta = theta_of(rng.normal(size=len(PARAMETERS)), priors)
    plan = [(int(rng.choice([-1, 1])), int(rng.integers(2))) for _ in range(rng.integers(1, 4))]
    line = simulate(rng, km * 10, plan, theta, priors, rng.uniform(0, 0.4), key=number)
    began = time.perf_counter()
    bits = posterior_paths(line.runs, THRESHOLD_DBM, settings).persistent
    seconds = time.perf_counter() - began
    mean, low, high = interval(reached_m(bits, line.runs.length_m) / (km * 1000.0))
    level = segment_means(line.runs, km * 10)
    good = level[~np.isnan(level)] >= THRESHOLD_DBM
    wilson_low, wilson_high = wilson(good)
    block_low, block_high = block_bootstrap(good, rng)
    return {
        "km": km, "truth": np.mean(line.level_dbm >= THRESHOLD_DBM), "seconds": seconds,
        "mean": mean, "low": low, "high": high, "wilson_low": wilson_low,
        "wilson_high": wilson_high, "block_low": block_low, "block_high": block_high,
    }  # fmt: skip


def figures(rows: list[dict[str, float]]) -> dict[str, float]:
    """Coverage and width by length and method, and how often an answer is wrong."""
    every = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    truth, made = every["truth"], {}
    for km in LENGTHS_KM:
        at = every["km"] == km
        for name, prefix in (("", ""), ("wilson_", "wilson_"), ("block_", "block_")):
            low, high = every[f"{prefix}low"], every[f"{prefix}high"]
            # a share that is 0 or 1 in every draw is compared with room for rounding
            inside = (low - 1e-9 <= truth) & (truth <= high + 1e-9)
            made[f"{name}inside_{km}km"] = round(float(inside[at].mean()), 4)
            made[f"{name}width_{km}km"] = round(float((high - low)[at].mean()), 4)
    for name, prefix in (("", ""), ("wilson_", "wilson_")):
        passes, fails = every[f"{prefix}low"] >= RULE, every[f"{prefix}high"] < RULE
        made[f"{name}wrong_pass"] = round(float((truth < RULE)[passes].mean()), 4)
        made[f"{name}wrong_fail"] = round(float((truth >= RULE)[fails].mean()), 4)
        made[f"{name}answered"] = round(float((passes | fails).mean()), 4)
    segments = float((every["km"] * 10).sum())
    made["microseconds_per_segment"] = round(float(every["seconds"].sum()) / segments * 1e6, 1)
    return made


def calibrate(lines: int, settings: IntervalSettings, workers: int = 2) -> dict[str, float]:
    """Assess `lines` lines of each length with two processes."""
    tasks = [(km, number, settings) for km in LENGTHS_KM for number in range(lines)]
    with ProcessPoolExecutor(workers) as pool:
        return figures(list(pool.map(one, tasks, chunksize=5)))


def main() -> None:
    """Run, and print one JSON object last."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    fit = "pooled" if "pooled" in sys.argv[2:] else "each"
    began = time.perf_counter()
    made = calibrate(lines, IntervalSettings(fit=fit))
    made["seconds"] = round(time.perf_counter() - began, 1)
    for name, value in made.items():
        print(f"{name:28}{value}")
    print(json.dumps({"fit": fit, "lines": lines, **made}))


if __name__ == "__main__":
    main()
