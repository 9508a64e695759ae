"""Metro with marks only: how far samples are put from where the train truly was (simulated).

The headline has arrival and departure marked to the second, as the simulator writes them. `hand_*`
has each mark some seconds off (normal, 3 s) and one in twenty missing; `single_*` the same with one
stamp a stop, at arrival. `linear_*` is the peer: linear in time between the marks of the headline.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd

from covermap.core.placing.course import course_of, place_on
from covermap.core.placing.stamps import LineFacts, Stamps, best_chain, station_key
from covermap.simulate.recipe import load_recipe
from covermap.simulate.runs.plan import plan
from covermap.simulate.runs.tracks import make_track
from covermap.simulate.world import make_world

JITTER_S, MISSING = 3.0, 0.05


def main(trips: int) -> dict[str, float]:
    """Give errors in metres over so many trips."""
    world = make_world(load_recipe("sample"))
    source = np.random.default_rng(7)
    found: dict[str, list[np.ndarray]] = {"both": [], "hand": [], "single": [], "linear": []}
    within: list[np.ndarray] = []
    files = (f for f in plan(world, world.recipe.samples) if f.runs.kind == "metro")
    for _, file in zip(range(trips), files, strict=False):
        part = file.parts[0]
        track, course = make_track(world, file.runs, part, source), world.course(part.course)
        keys = [station_key(n) for n in course.station_names]
        stations = pd.DataFrame({"line": 0, "key": keys, "chainage_m": course.station_s})
        time_s = (track.time_ms - track.time_ms[0]) / 1000.0
        at = np.flatnonzero(track.mark != "")
        first = np.r_[True, track.mark[at][1:] != track.mark[at][:-1]]
        for kind, rows in (("both", at), ("hand", at), ("single", at[first])):
            rows = rows if kind == "both" else rows[source.random(len(rows)) >= MISSING]
            sd = 0.0 if kind == "both" else JITTER_S
            moment = np.sort(time_s[rows] + source.normal(0.0, sd, len(rows)))
            stamps = Stamps([station_key(m) for m in track.mark[rows]], moment)
            fact = LineFacts(course.length_m)
            chain = best_chain(stamps, stations, {0: fact})
            if chain is None:
                continue
            placed = place_on(course_of(chain, stamps, fact.motion), time_s, fact)
            known = ~np.isnan(placed.chainage_m)
            error = np.abs(placed.chainage_m - track.s)[known]
            found[kind].append(error)
            if kind == "hand":
                within.append(error <= 2 * placed.error_m[known])
            if kind == "both":
                straight = np.interp(time_s, moment[chain.stamp], chain.chainage_m)
                found["linear"].append(np.abs(straight - track.s)[known])
    made: dict[str, float] = {"samples": sum(map(len, found["both"]))}
    for kind, errors in found.items():
        name = "" if kind == "both" else f"{kind}_"
        every = np.concatenate(errors)
        made[f"{name}median_m"] = round(float(np.median(every)), 1)
        made[f"{name}p95_m"] = round(float(np.percentile(every, 95)), 1)
    made["within_2_errors"] = round(float(np.mean(np.concatenate(within))), 3)
    return made


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)))
