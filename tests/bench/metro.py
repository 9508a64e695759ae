"""Metro with marks only: how far samples are put from where the train truly was (simulated).

Two worlds. `plain_*` are the simulator's trains: each dwell 30 s, each hop at full speed, close to
what the placing takes for granted. `varied_*` are made here and are not: dwells of 35 s (standard
deviation 12), hops at 70 to 100 % of full speed, each with its own acceleration and braking,
coasting, and one hop in thirty with a halt of 20 to 90 s at a signal.

In each, three ways of stamping. `both`: arrival and departure to the second. `hand`: each some
seconds off (normal, 3 s) and one in twenty missing. `single`: one stamp a stop, at arrival, as far
off, and one in twenty missing. `linear` is the peer: linear in time between the same stamps.
`within` is the share of samples off by at most twice their stated standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from covermap.core.placing.course import course_of, place_on
from covermap.core.placing.stamps import LineFacts, Stamps, best_chain, station_key
from covermap.simulate.recipe import load_recipe
from covermap.simulate.runs.plan import plan
from covermap.simulate.runs.tracks import make_track
from covermap.simulate.world import make_world

JITTER_S, MISSING = 3.0, 0.05
STAMPING = ("both", "hand", "single")


class Trip(NamedTuple):
    """What truly happened: where at each second, and the true time of each stamp."""

    stations: pd.DataFrame
    length_m: float
    time_s: np.ndarray
    at_m: np.ndarray
    stamp: list[str]
    stamp_s: np.ndarray
    arrival: np.ndarray
    """Whether the stamp can be an arrival: a log that begins on the way has none at first."""


def main(trips: int) -> dict[str, float]:
    """Give errors in metres over so many trips of each world."""
    made: dict[str, float] = {"trips": trips}
    for world, every in (("plain", plain(trips)), ("varied", varied(trips))):
        source = np.random.default_rng(7)
        found = {kind: [] for kind in STAMPING}
        for trip in every:
            for kind in STAMPING:
                found[kind].append(placed(trip, kind, source))
        for kind, results in found.items():
            error, linear, stated = (np.concatenate([r[k] for r in results]) for k in range(3))
            name = f"{world}_{kind}"
            made[f"{name}_median_m"] = round(float(np.median(error)), 1)
            made[f"{name}_p95_m"] = round(float(np.percentile(error, 95)), 1)
            made[f"{name}_linear_p95_m"] = round(float(np.percentile(linear, 95)), 1)
            made[f"{name}_within"] = round(float(np.mean(error <= 2 * stated)), 3)
    return made


def placed(trip: Trip, kind: str, source: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Place a trip by its stamps; errors, those of the peer, and the stated ones."""
    at = np.arange(len(trip.stamp))
    if kind == "single":
        names = np.array(trip.stamp)
        at = at[np.r_[True, names[1:] != names[:-1]] & trip.arrival]
    if kind != "both":
        at = at[source.random(len(at)) >= MISSING]
    off = source.normal(0.0, JITTER_S if kind != "both" else 0.0, len(at))
    moment = np.sort(trip.stamp_s[at] + off)
    stamps = Stamps([station_key(trip.stamp[k]) for k in at], moment)
    fact = LineFacts(trip.length_m)
    chain = best_chain(stamps, trip.stations, {0: fact})
    assert chain is not None
    got = place_on(course_of(chain, stamps, fact.motion), trip.time_s, fact)
    known = ~np.isnan(got.chainage_m)
    straight = np.interp(trip.time_s, moment[chain.stamp], chain.chainage_m)
    return (
        np.abs(got.chainage_m - trip.at_m)[known],
        np.abs(straight - trip.at_m)[known],
        got.error_m[known],
    )


def plain(trips: int) -> Iterator[Trip]:
    """Trips of the simulator."""
    world = make_world(load_recipe("sample"))
    source = np.random.default_rng(7)
    files = (f for f in plan(world, world.recipe.samples) if f.runs.kind == "metro")
    for _, file in zip(range(trips), files, strict=False):
        part = file.parts[0]
        track, course = make_track(world, file.runs, part, source), world.course(part.course)
        time_s = (track.time_ms - track.time_ms[0]) / 1000.0
        at = np.flatnonzero(track.mark != "")
        yield Trip(
            stations_of(course.station_names, course.station_s), course.length_m, time_s, track.s,
            [str(m) for m in track.mark[at]], time_s[at],
            np.abs(track.s[at][:, None] - course.station_s).min(axis=1) < 1.0,
        )  # fmt: skip


def stations_of(names: list[str], at_m: np.ndarray) -> pd.DataFrame:
    """Give a table of stations of line 0."""
    return pd.DataFrame({"line": 0, "key": [station_key(n) for n in names], "chainage_m": at_m})


def varied(trips: int) -> Iterator[Trip]:
    """Trips of trains that differ from hop to hop, over lines of 18 to 30 stations."""
    source = np.random.default_rng(11)
    for _ in range(trips):
        gaps = source.lognormal(np.log(1250.0), 0.35, source.integers(17, 30))
        stop_m = np.r_[200.0, 200.0 + np.cumsum(gaps)]
        names = [f"station {k:02d}" for k in range(len(stop_m))]
        times, places, stamp_s, now = [], [], [], 0.0
        for k, here in enumerate(stop_m):
            dwell = max(15.0, source.gamma((35 / 12) ** 2, 12**2 / 35))
            stamp_s += [now, now + dwell]
            times += [now, now + dwell]
            places += [here, here]
            now += dwell
            if k < len(gaps):
                t, s = hop(gaps[k], source)
                times += list(now + t)
                places += list(here + s)
                now += t[-1]
        time_s = np.arange(0.0, now)
        stamp = [n for n in names for _ in range(2)]
        yield Trip(
            stations_of(names, stop_m), float(stop_m[-1] + 200.0), time_s,
            np.interp(time_s, times, places), stamp, np.array(stamp_s),
            np.ones(len(stamp), bool),
        )  # fmt: skip


def hop(gap_m: float, source: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Run one hop in steps of 0.1 s: speed up, roll and coast, perhaps halt, brake."""
    top = 80 / 3.6 * source.uniform(0.7, 1.0)
    faster, slower = source.uniform(0.7, 1.1), source.uniform(0.7, 1.1)
    coasting = source.uniform(0.0, 0.05)
    halt = source.uniform(0.2, 0.8) * gap_m if source.random() < 1 / 30 else 0.0
    wait = source.uniform(20.0, 90.0)
    v = s = t = 0.0
    times, places, rolling = [0.0], [0.0], False
    while s < gap_m - 0.05:
        aim = halt if s < halt else gap_m
        if rolling:
            v = max(v - coasting * 0.1, 0.6 * top)
        else:
            v = min(v + faster * 0.1, top)
            rolling = v >= top
        v = min(v, max((2 * slower * (aim - s)) ** 0.5, 0.5))
        s, t = s + v * 0.1, t + 0.1
        if 0.0 < halt <= s + 0.05:
            times.append(t)
            places.append(s)
            t, v, rolling, halt = t + wait, 0.0, False, 0.0
        times.append(t)
        places.append(min(s, gap_m))
    return np.array(times), np.array(places)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)))
