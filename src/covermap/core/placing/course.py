"""The courses of runs by their station marks, and where their samples are on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.placing.hops import Hops, place, stories_of
from covermap.core.placing.profile import Motion, running_time_s
from covermap.core.placing.stamps import Chain, LineFacts, Stamps
from covermap.core.placing.timing import DEPARTURE, Times, Trip, kinds_of, times_of

PLATFORM_SD_M = 20.0
"""Where the tester stands when the train stands: in one of the cars, the station being a point."""
SLACK = 1.1
"""Trains take longer than the shortest time: so many times."""


class Course(NamedTuple):
    """Stops of a run in order: each at a chainage, standing from one time to another.

    On a closed line chainages go on beyond its length.
    """

    line: int
    chainage_m: Floats
    times: Times
    left: NDArray[np.bool_]
    """At each stop, whether the departure was stamped."""
    first_s: float
    last_s: float
    """Times of the first and last stamp: outside, nothing is known."""


class Placed(NamedTuple):
    """Chainage (NaN outside the marks), direction (+1, -1; 0 unknown) and standard error (m)."""

    chainage_m: Floats
    direction: Ints
    error_m: Floats


def courses_of(runs: Sequence[tuple[Chain, Stamps]], fact: LineFacts) -> list[Course]:
    """Make stops of the stamps of runs of one line, with the times ``timing`` finds for them all.

    Stations that were passed without a stamp are stops where the time to pass them shows it.
    """
    trips = [trip_of(chain, stamps, fact) for chain, stamps in runs]
    made = times_of(trips, fact.motion)
    return [
        Course(chain.line, trip.stop_m, times, _left(trip), *_ends(chain, stamps))
        for (chain, stamps), trip, times in zip(runs, trips, made, strict=True)
    ]


def _ends(chain: Chain, stamps: Stamps) -> tuple[float, float]:
    time_s = stamps.time_s[chain.stamp]
    return float(time_s[0]), float(time_s[-1])


def trip_of(chain: Chain, stamps: Stamps, fact: LineFacts) -> Trip:
    """Make stops of the stamps of a run."""
    time_s = stamps.time_s[chain.stamp]
    kept = _stopped_at(chain, time_s, fact.motion)
    number = np.cumsum(kept) - 1
    stop_m = chain.stop_m[kept]
    at = np.mod(stop_m, fact.length_m) if fact.closed else stop_m
    seen = kinds_of(number[chain.stop], time_s, stop_m, fact.motion)
    return Trip(seen, stop_m, np.round(at).astype(np.int64))


def _left(trip: Trip) -> NDArray[np.bool_]:
    made = np.zeros(len(trip.stop_m), np.bool_)
    made[trip.seen.stop[trip.seen.kind == DEPARTURE]] = True
    return made


def _stopped_at(chain: Chain, time_s: Floats, motion: Motion) -> NDArray[np.bool_]:
    """Whether the train stopped at each stop: at those with a stamp, and where it took so long."""
    kept = np.zeros(len(chain.stop_m), np.bool_)
    kept[chain.stop] = True
    for k in np.flatnonzero(np.diff(chain.stop) > 1):
        first, last = int(chain.stop[k]), int(chain.stop[k + 1])
        gaps = np.abs(np.diff(chain.stop_m[first : last + 1]))
        through = float(running_time_s(gaps.sum(), motion))
        with_stops = running_time_s(gaps, motion).sum() + motion.dwell_s * (len(gaps) - 1)
        kept[first:last] |= time_s[k + 1] - time_s[k] > SLACK * 0.5 * (through + with_stops)
    return kept


def place_on(course: Course, time_s: Floats, fact: LineFacts) -> Placed:
    """Place samples by their times.

    Standing at a stop, a sample has the direction of the next move; at the last, of the move
    before. Between stops it moves as ``hops`` says.
    """
    stop_m, times, n = course.chainage_m, course.times, len(course.chainage_m)
    inside = (time_s >= course.first_s) & (time_s <= course.last_s)
    stop = np.clip(np.searchsorted(times.arrive_s, time_s, side="right") - 1, 0, n - 1)
    moves = np.sign(np.diff(stop_m)).astype(np.int64)
    way = np.r_[moves, moves[-1:]] if n > 1 else np.zeros(1, np.int64)
    done, spread = np.zeros(len(time_s)), np.zeros(len(time_s))
    moving = np.flatnonzero(inside & (stop < n - 1))
    if len(moving):
        hops = _hops(course, moves)
        found = place(hops, stories_of(hops, fact.motion), stop[moving], time_s[moving])
        done[moving], spread[moving] = found
    chainage = _on_line(stop_m[stop] + way[stop] * done, fact)
    return Placed(
        np.where(inside, chainage, np.nan),
        np.where(inside, way[stop], 0),
        np.where(inside, np.hypot(PLATFORM_SD_M, spread), np.nan),
    )


def _hops(course: Course, moves: Ints) -> Hops:
    times = course.times
    return Hops(
        np.abs(np.diff(course.chainage_m)), np.r_[False, moves[1:] != moves[:-1]],
        times.arrive_s[:-1], times.arrive_sd_s[:-1], times.depart_s[:-1], times.depart_sd_s[:-1],
        times.arrive_s[1:], times.arrive_sd_s[1:], course.left[:-1],
        times.dwell_s[:-1], times.dwell_sd_s[:-1], times.run_s, times.run_sd_s,
    )  # fmt: skip


def _on_line(chainage_m: Floats, fact: LineFacts) -> Floats:
    """Bring chainages of a closed line back to its length."""
    if fact.closed:
        return np.mod(chainage_m, fact.length_m)
    return np.clip(chainage_m, 0.0, fact.length_m)
