"""Metro trains made for tests: where they truly were at each second, and when they were stamped.

Three worlds, each a list of lines, each line a list of trips. `plain`: trains of the simulator,
each dwell 30 s, each hop at full speed. `varied`: one trip a line, and nothing in common between
its hops: dwells of 35 s (standard deviation 12), 70 to 100 % of full speed, each hop with its own
acceleration and braking, coasting, and one hop in thirty with a halt of 20 to 90 s at a signal.
`fleet`: eight trips a line, four each way, whose trains differ by line (top speed 65 to 100 km/h,
acceleration, braking, coasting), whose sections have their own speed limits and whose stations
their own dwells; trips differ in dwell and pace, hops and stops beside that; one stop in forty is
held at the platform, one hop in forty halts at a signal; the tester stands in one of the cars.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from covermap.core.placing.stamps import Stamps, station_key
from covermap.simulate.recipe import load_recipe
from covermap.simulate.runs.plan import plan
from covermap.simulate.runs.tracks import make_track
from covermap.simulate.world import make_world

JITTER_S, MISSING = 3.0, 0.05
STAMPING = ("both", "hand", "single")
DEVELOPMENT, FINAL = 11, 20261121
"""Seeds: figures of the placing were chosen on the first, and are reported on the second."""


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


def stamps_of(trip: Trip, kind: str, source: np.random.Generator) -> Stamps:
    """Stamp a trip.

    `both`: arrival and departure to the second. `hand`: each some seconds off, one in twenty
    missing. `single`: at arrival only, as far off and as many missing.
    """
    at = np.arange(len(trip.stamp))
    if kind == "single":
        names = np.array(trip.stamp)
        at = at[np.r_[True, names[1:] != names[:-1]] & trip.arrival]
    if kind != "both":
        at = at[source.random(len(at)) >= MISSING]
    off = source.normal(0.0, JITTER_S if kind != "both" else 0.0, len(at))
    return Stamps([station_key(trip.stamp[k]) for k in at], np.sort(trip.stamp_s[at] + off))


def plain(trips: int, seed: int) -> list[list[Trip]]:
    """Trips of the simulator, those of one line together."""
    world = make_world(load_recipe("sample"))
    source = np.random.default_rng(seed)
    files = (f for f in plan(world, world.recipe.samples) if f.runs.kind == "metro")
    lines: dict[str, list[Trip]] = {}
    for _, file in zip(range(trips), files, strict=False):
        part = file.parts[0]
        track, course = make_track(world, file.runs, part, source), world.course(part.course)
        time_s = (track.time_ms - track.time_ms[0]) / 1000.0
        at = np.flatnonzero(track.mark != "")
        made = Trip(
            stations_of(course.station_names, course.station_s), course.length_m, time_s, track.s,
            [str(m) for m in track.mark[at]], time_s[at],
            np.abs(track.s[at][:, None] - course.station_s).min(axis=1) < 1.0,
        )  # fmt: skip
        lines.setdefault(str(part.course), []).append(made)
    return list(lines.values())


def stations_of(names: list[str], at_m: np.ndarray) -> pd.DataFrame:
    """Give a table of stations of line 0."""
    return pd.DataFrame({"line": 0, "key": [station_key(n) for n in names], "chainage_m": at_m})


def varied(trips: int, seed: int) -> list[list[Trip]]:
    """Trips whose hops have nothing in common, each on a line of its own."""
    source = np.random.default_rng(seed)
    made = []
    for _ in range(trips):
        stop_m = _stops(source)
        dwells = np.maximum(15.0, source.gamma((35 / 12) ** 2, 12**2 / 35, len(stop_m)))
        hops = [
            Hop(gap, 80 / 3.6 * source.uniform(0.7, 1.0), *source.uniform(0.7, 1.1, 2),
                source.uniform(0.0, 0.05), *_halt(source, 1 / 30))
            for gap in np.diff(stop_m)
        ]  # fmt: skip
        made.append([_trip(stop_m, False, dwells, hops, 0.0)])
    return made


def fleet(trips: int, seed: int) -> list[list[Trip]]:
    """Trips of trains and lines with habits, eight a line."""
    source = np.random.default_rng(seed + 1)
    made = []
    for _ in range(-(-trips // 8)):
        stop_m = _stops(source)
        n = len(stop_m)
        usual = np.maximum(18.0, source.gamma((33 / 9) ** 2, 9**2 / 33, (2, n)))
        top, limit = source.uniform(65, 100) / 3.6, source.uniform(0.7, 1.0, (2, n - 1))
        pull, brake = source.uniform(0.7, 1.2, 2)
        coasting = source.uniform(0.0, 0.05)
        trains = []
        for k in range(8):
            back = k % 2
            longer, pace = source.normal(0.0, 4.0), source.normal(1.0, 0.03)
            dwells = np.maximum(12.0, usual[back] + longer + source.gamma(4.0, 3.0, n) - 12.0)
            dwells += np.where(source.random(n) < 1 / 40, source.exponential(40.0, n), 0.0)
            speed = np.minimum(top * limit[back] * pace * source.normal(1.0, 0.03, n - 1), top)
            ups, downs = (b * source.normal(1.0, 0.05, n - 1).clip(0.8, 1.2) for b in (pull, brake))
            gaps = np.diff(stop_m)[::-1] if back else np.diff(stop_m)
            hops = [
                Hop(*values, coasting, *_halt(source, 1 / 40))
                for values in zip(gaps, speed, ups, downs, strict=True)
            ]
            trains.append(_trip(stop_m, bool(back), dwells, hops, source.normal(0.0, 20.0)))
        made.append(trains)
    return made


WORLDS = {"plain": plain, "varied": varied, "fleet": fleet}


class Hop(NamedTuple):
    """How a train runs from one stop to the next."""

    gap_m: float
    top_mps: float
    up_mps2: float
    down_mps2: float
    coasting_mps2: float
    halt_share: float
    """Where it halts, as a share of the gap; 0: it does not."""
    halt_s: float


def _halt(source: np.random.Generator, often: float) -> tuple[float, float]:
    share, wait = source.uniform(0.2, 0.8), source.uniform(20.0, 90.0)
    return (share if source.random() < often else 0.0), wait


def _stops(source: np.random.Generator) -> np.ndarray:
    gaps = source.lognormal(np.log(1250.0), 0.35, source.integers(17, 30))
    return np.r_[200.0, 200.0 + np.cumsum(gaps)]


def _trip(
    stop_m: np.ndarray, back: bool, dwells: np.ndarray, hops: list[Hop], car_m: float
) -> Trip:
    """Run a train over its stops, up or down the line; the tester is `car_m` from its middle."""
    names = [f"station {k:02d}" for k in range(len(stop_m))]
    order = np.arange(len(stop_m))[::-1] if back else np.arange(len(stop_m))
    times, places, stamp_s, now = [], [], [], 0.0
    for k, at in enumerate(order):
        here, dwell = stop_m[at], dwells[k]
        stamp_s += [now, now + dwell]
        times += [now, now + dwell]
        places += [here, here]
        now += dwell
        if k < len(hops):
            t, s = run(hops[k])
            times += list(now + t)
            places += list(here + (-s if back else s))
            now += t[-1]
    time_s = np.arange(0.0, now)
    return Trip(
        stations_of(names, stop_m), float(stop_m[-1] + 200.0), time_s,
        np.interp(time_s, times, places) + car_m, [names[k] for k in order for _ in range(2)],
        np.array(stamp_s), np.ones(2 * len(order), bool),
    )  # fmt: skip


def run(hop: Hop) -> tuple[np.ndarray, np.ndarray]:
    """Run one hop in steps of 0.1 s: speed up, roll and coast, perhaps halt, brake."""
    gap_m, top, faster, slower, coasting, share, wait = hop
    halt = share * gap_m
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
