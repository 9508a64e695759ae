"""The course of a run by its station marks, and where its samples are on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from covermap.core.geodesy import Floats, Ints
from covermap.core.placing.profile import Motion, progress, progress_error_m, running_time_s
from covermap.core.placing.stamps import Chain, LineFacts, Stamps

STAMP_SD_S = 3.0
"""A hand's error in stamping a moment that it sees."""
PLATFORM_SD_M = 20.0
"""Where the tester stands when the train stands: in one of the cars, the station being a point."""


class Course(NamedTuple):
    """Stops of a run in order: each at a chainage, standing from one time to another.

    On a closed line chainages go on beyond its length.
    """

    line: int
    chainage_m: Floats
    arrive_s: Floats
    depart_s: Floats
    time_sd_s: Floats
    """Standard error of arrival and departure."""
    first_s: float
    last_s: float
    """Times of the first and last stamp: outside, nothing is known."""


class Placed(NamedTuple):
    """Chainage (NaN outside the marks), direction (+1, -1; 0 unknown) and standard error (m)."""

    chainage_m: Floats
    direction: Ints
    error_m: Floats


def course_of(chain: Chain, stamps: Stamps, motion: Motion) -> Course:
    """Make stops of stamps: those of one station in a row are one stop.

    A stop with two stamps or more stands from the first to the last. A stop with one stands for
    the usual dwell, or for as much of it as the time to its neighbours leaves. Where most stops of
    the run have one stamp it is the arrival, as testers are told to stamp; where most have two, one
    of two is missing, and the stamp is put in the middle of the stop.
    """
    time_s, s = stamps.time_s[chain.stamp], chain.chainage_m
    new = np.r_[True, np.abs(np.diff(s)) >= 1.0]
    first = np.flatnonzero(new)
    last = np.r_[first[1:] - 1, len(s) - 1]
    arrive, depart, stop = time_s[first], time_s[last], s[first]
    single = depart - arrive < 1e-9
    spare = np.diff(arrive) - running_time_s(np.abs(np.diff(stop)), motion)
    spare = np.minimum(np.r_[np.inf, spare], np.r_[spare, np.inf])
    dwell = np.where(single, np.clip(spare, 0.0, motion.dwell_s), 0.0)
    before = 0.0 if single.mean() > 0.5 else 0.5
    middle_sd = np.hypot(STAMP_SD_S, dwell / np.sqrt(12.0))
    return Course(
        chain.line, stop, arrive - before * dwell, depart + (1 - before) * dwell,
        np.where(single, np.hypot(middle_sd, motion.dwell_sd_s / 2), STAMP_SD_S),
        float(time_s[0]), float(time_s[-1]),
    )  # fmt: skip


def place_on(course: Course, time_s: Floats, fact: LineFacts) -> Placed:
    """Place samples by their times.

    Standing at a stop, a sample has the direction of the next move; at the last, of the move
    before. Between stops it moves as ``profile.progress`` says.
    """
    n = len(course.chainage_m)
    inside = (time_s >= course.first_s) & (time_s <= course.last_s)
    stop = np.clip(np.searchsorted(course.arrive_s, time_s, side="right") - 1, 0, max(n - 1, 0))
    after = np.minimum(stop + 1, n - 1)
    gap = course.chainage_m[after] - course.chainage_m[stop]
    running = np.maximum(course.arrive_s[after] - course.depart_s[stop], 0.0)
    elapsed = time_s - course.depart_s[stop]
    a = fact.motion.acceleration_mps2
    done, _ = progress(elapsed, np.abs(gap), running, a)
    spread = progress_error_m(
        elapsed, np.abs(gap), running, a, course.time_sd_s[stop], course.time_sd_s[after]
    )
    spread = _near_stop(spread, elapsed, running, np.abs(gap), a, course, stop, after)
    chainage = course.chainage_m[stop] + np.sign(gap) * done
    moves = np.sign(np.diff(course.chainage_m)).astype(np.int64)
    way = np.r_[moves, moves[-1:]] if len(moves) else np.zeros(1, np.int64)
    error = np.hypot(PLATFORM_SD_M, spread)
    return Placed(
        np.where(inside, _on_line(chainage, fact), np.nan),
        np.where(inside, way[stop], 0),
        np.where(inside, error, np.nan),
    )


def _near_stop(
    spread: Floats, elapsed: Floats, running: Floats, gap: Floats, a: float, course: Course,
    stop: Ints, after: Ints,
) -> Floats:  # fmt: skip
    """Add that a train believed to stand may have left already, or not have come."""
    late, _ = progress(elapsed + course.time_sd_s[stop], gap, running, a)
    early, _ = progress(elapsed - course.time_sd_s[after], gap, running, a)
    now, _ = progress(elapsed, gap, running, a)
    return np.maximum(spread, np.maximum(late - now, now - early) * 0.7)


def _on_line(chainage_m: Floats, fact: LineFacts) -> Floats:
    """Bring chainages of a closed line back to its length."""
    if fact.closed:
        return np.mod(chainage_m, fact.length_m)
    return np.clip(chainage_m, 0.0, fact.length_m)
