"""Metro with marks only: how far samples are put from where the train truly was (simulated).

Trains and ways of stamping are those of ``metro_trips``. Runs of one line are judged together; of
`fleet` also each by itself (`fleet_alone`). `linear` is the peer: linear in time between the same
stamps. `within1` and `within2` are the shares of samples off by at most their stated standard
error, and twice that (0.68 and 0.95 of a normal one).

`make bench NAME=metro SIZE=trips` takes trains that nothing was tuned on; a second argument `dev`
takes those that figures were chosen on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from covermap.core.placing.chains import chains_of
from covermap.core.placing.course import courses_of, place_on
from covermap.core.placing.stamps import LineFacts
from metro_trips import DEVELOPMENT, FINAL, STAMPING, WORLDS, Trip, stamps_of

LISTED = {**{k: (k, False) for k in WORLDS}, "fleet_alone": ("fleet", True)}


def main(trips: int, seed: int = FINAL) -> dict[str, float]:
    """Give errors in metres over so many trips of each world."""
    made: dict[str, float] = {"trips": trips, "seed": seed}
    worlds = {name: make(trips, seed) for name, make in WORLDS.items()}
    for name, (world, alone) in LISTED.items():
        for kind in STAMPING:
            if alone and kind != "single":
                continue
            source = np.random.default_rng(seed + 7)
            results = [r for line in worlds[world] for r in placed(line, kind, source, alone)]
            error, linear, stated = (np.concatenate([r[k] for r in results]) for k in range(3))
            made |= {f"{name}_{kind}_{k}": v for k, v in figures(error, linear, stated).items()}
    return made


def figures(error: np.ndarray, linear: np.ndarray, stated: np.ndarray) -> dict[str, float]:
    """Sum up errors of samples."""
    return {
        "median_m": round(float(np.median(error)), 1),
        "p95_m": round(float(np.percentile(error, 95)), 1),
        "linear_p95_m": round(float(np.percentile(linear, 95)), 1),
        "within1": round(float(np.mean(error <= stated)), 3),
        "within2": round(float(np.mean(error <= 2 * stated)), 3),
    }


def placed(
    line: list[Trip], kind: str, source: np.random.Generator, alone: bool
) -> list[tuple[np.ndarray, ...]]:
    """Place the trips of a line by their stamps: errors, those of the peer, and the stated ones."""
    fact = LineFacts(line[0].length_m)
    runs = []
    for trip in line:
        stamps = stamps_of(trip, kind, source)
        (chain,) = chains_of(stamps, trip.stations, {0: fact})
        runs.append((chain, stamps))
    courses = [courses_of([r], fact)[0] for r in runs] if alone else courses_of(runs, fact)
    made = []
    for trip, course, (chain, stamps) in zip(line, courses, runs, strict=True):
        got = place_on(course, trip.time_s, fact)
        known = ~np.isnan(got.chainage_m)
        straight = np.interp(trip.time_s, stamps.time_s[chain.stamp], chain.chainage_m)
        made.append((
            np.abs(got.chainage_m - trip.at_m)[known],
            np.abs(straight - trip.at_m)[known],
            got.error_m[known],
        ))  # fmt: skip
    return made


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(json.dumps(main(size, DEVELOPMENT if "dev" in sys.argv[2:] else FINAL)))
