"""The course of a run by its station marks, and where its samples are on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.placing.profile import Motion, progress, progress_error_m, running_time_s
from covermap.core.placing.stamps import Chain, LineFacts, Stamps
from covermap.core.placing.timing import SLACK, kinds_of, times_of

HALT_SHARE = 0.5
"""A hop that takes so much longer than usual, as a share of the usual, had a halt for sure."""
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
    arrive_sd_s: Floats
    """Standard errors of both."""
    depart_sd_s: Floats
    usual_s: Floats
    """For each hop: the time that the run usually takes for one of its length."""
    first_s: float
    last_s: float
    """Times of the first and last stamp: outside, nothing is known."""


class Placed(NamedTuple):
    """Chainage (NaN outside the marks), direction (+1, -1; 0 unknown) and standard error (m)."""

    chainage_m: Floats
    direction: Ints
    error_m: Floats


def course_of(chain: Chain, stamps: Stamps, motion: Motion) -> Course:
    """Make stops of stamps, with the times that ``timing`` finds for them.

    Stations that were passed without a stamp are stops where the time to pass them shows it.
    """
    time_s = stamps.time_s[chain.stamp]
    kept = _stopped_at(chain, time_s, motion)
    number = np.cumsum(kept) - 1
    stop_m = chain.stop_m[kept]
    seen = kinds_of(number[chain.stop], time_s, stop_m, motion)
    times = times_of(seen, stop_m, motion)
    return Course(chain.line, stop_m, *times, float(time_s[0]), float(time_s[-1]))


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
    usual = np.append(course.usual_s, np.inf)[np.minimum(stop, n - 1)]
    done, halted = _hop(elapsed, np.abs(gap), running, np.minimum(usual, running), a)
    spread = progress_error_m(
        elapsed, np.abs(gap), running, a, course.depart_sd_s[stop], course.arrive_sd_s[after]
    )
    spread = np.hypot(halted, spread)
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


def _hop(
    elapsed: Floats, gap: Floats, running: Floats, usual: Floats, a: float
) -> tuple[Floats, Floats]:
    """Give metres done in hops, and the standard error for halts on the way.

    A hop that takes longer than usual was run slowly, or with a halt somewhere: the longer, the
    more likely. With a halt the place is anywhere between halting last and halting first.
    """
    slow, _ = progress(elapsed, gap, running, a)
    high, _ = progress(elapsed, gap, usual, a)
    low, _ = progress(elapsed - (running - usual), gap, usual, a)
    likely = np.clip((running - usual) / np.maximum(HALT_SHARE * usual, 1e-9), 0.0, 1.0)
    middle = 0.5 * (high + low)
    done = slow + likely * (middle - slow)
    width = (high - low) ** 2 / 12.0
    return done, np.sqrt(
        (1 - likely) * (slow - done) ** 2 + likely * (width + (middle - done) ** 2)
    )


def _near_stop(
    spread: Floats, elapsed: Floats, running: Floats, gap: Floats, a: float, course: Course,
    stop: Ints, after: Ints,
) -> Floats:  # fmt: skip
    """Add that a train believed to stand may have left already, or not have come."""
    late, _ = progress(elapsed + course.depart_sd_s[stop], gap, running, a)
    early, _ = progress(elapsed - course.arrive_sd_s[after], gap, running, a)
    now, _ = progress(elapsed, gap, running, a)
    return np.maximum(spread, np.maximum(late - now, now - early) * 0.7)


def _on_line(chainage_m: Floats, fact: LineFacts) -> Floats:
    """Bring chainages of a closed line back to its length."""
    if fact.closed:
        return np.mod(chainage_m, fact.length_m)
    return np.clip(chainage_m, 0.0, fact.length_m)
