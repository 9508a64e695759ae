"""When a train stood at each stop, from stamps that are late, early, missing or of one kind only.

All times of a run are found together: a train stands for about its usual dwell and runs from stop
to stop in about its usual multiple of the shortest time, and both are the run's own. Least squares
over arrivals, departures, the usual dwell and the multiple, with weights that let go of what does
not fit (Student's t by reweighting: one late stamp, or one long halt, moves nothing else). Stops
that nobody stamped have times, too, and every time has a standard error.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.placing.profile import Motion, running_time_s

Flags = NDArray[np.bool_]

STAMP_SD_S = 3.0
"""A hand's error in stamping a moment that it sees."""
SLACK, SLACK_SD = 1.1, 0.1
"""Trains take longer than the shortest time: so many times, of a line as a whole."""
HOP_SD_S, HOP_SD_SHARE = 3.0, 0.06
"""How far one hop of a run strays from the run's multiple: seconds, and a share of its time."""
DWELL_SHARE = 0.25
"""How far one dwell of a run strays from the run's usual, as a share of the class's dwell."""
FREEDOM = 4.0
"""Degrees of freedom of Student's t: the weight of what does not fit."""
ROUNDS = 15

ARRIVAL, DEPARTURE = 0, 1


class Seen(NamedTuple):
    """Stamps at stops; arrays of one length."""

    stop: Ints
    """Number of the stop, in order of travel."""
    kind: Ints
    """ARRIVAL or DEPARTURE."""
    time_s: Floats
    sd_s: Floats


class Times(NamedTuple):
    """When the train stood at each stop."""

    arrive_s: Floats
    depart_s: Floats
    arrive_sd_s: Floats
    depart_sd_s: Floats
    usual_s: Floats
    """For each hop, the time that this run usually takes for one of its length."""


def times_of(seen: Seen, stop_m: Floats, motion: Motion) -> Times:
    """Find the times of every stop.

    Parameters
    ----------
    seen
        Stamps; one at least.
    stop_m
        Chainage of every stop in order of travel, those without a stamp among them.
    motion
        Of the class: shortest times, and the dwell where the run does not show its own.
    """
    n = len(stop_m)
    shortest = running_time_s(np.abs(np.diff(stop_m)), motion)
    base = float(seen.time_s[0])
    rows, right, sd = _equations(seen, shortest, motion, n, base)
    weight, solution = np.ones(len(sd)), np.zeros(rows.shape[1])
    hops = slice(len(seen.stop) + n, len(sd) - 2)
    for _ in range(ROUNDS):
        root = np.sqrt(weight) / sd
        solution[:] = np.linalg.lstsq(rows * root[:, None], right * root, rcond=None)[0]
        off = (rows @ solution - right) / sd
        weight = (FREEDOM + 1.0) / (FREEDOM + off * off)
        weight[hops][off[hops] < 0] = 1.0  # trains may be late, but not faster than they can
        weight[-2:] = 1.0  # what is known of the class beforehand
    normal = (rows * (weight / sd**2)[:, None]).T @ rows
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(normal, hermitian=True)), 0.0))
    ordered = np.maximum.accumulate(solution[: 2 * n]) + base
    usual = solution[-1] * shortest
    return Times(ordered[0::2], ordered[1::2], error[0 : 2 * n : 2], error[1 : 2 * n : 2], usual)


def _equations(
    seen: Seen, shortest: Floats, motion: Motion, n: int, base: float
) -> tuple[Floats, Floats, Floats]:
    """Give rows of the system, right sides and standard errors.

    Unknowns: arrival and departure of each stop in turn, the usual dwell, the multiple.
    """
    stamps, hops = len(seen.stop), n - 1
    rows = np.zeros((stamps + n + hops + 2, 2 * n + 2))
    right, sd = np.zeros(len(rows)), np.zeros(len(rows))
    at = np.arange(stamps)
    rows[at, 2 * seen.stop + seen.kind] = 1.0
    right[at], sd[at] = seen.time_s - base, seen.sd_s
    at, stop = stamps + np.arange(n), np.arange(n)
    rows[at, 2 * stop + 1], rows[at, 2 * stop], rows[at, 2 * n] = 1.0, -1.0, -1.0
    sd[at] = DWELL_SHARE * motion.dwell_s
    at, hop = stamps + n + np.arange(hops), np.arange(hops)
    rows[at, 2 * hop + 2], rows[at, 2 * hop + 1], rows[at, 2 * n + 1] = 1.0, -1.0, -shortest
    sd[at] = HOP_SD_S + HOP_SD_SHARE * shortest
    rows[-2, 2 * n], right[-2], sd[-2] = 1.0, motion.dwell_s, motion.dwell_sd_s
    rows[-1, 2 * n + 1], right[-1], sd[-1] = 1.0, SLACK, SLACK_SD
    return rows, right, sd


def kinds_of(stop: Ints, time_s: Floats, stop_m: Floats, motion: Motion) -> Seen:
    """Tell arrivals from departures among the stamps of a run.

    Where most stops have one stamp it is the arrival, as testers are told to stamp. Where most have
    two, the first is the arrival and the last the departure; of a stop with one, the other is
    missing, and which it is follows from the times of the others.

    Parameters
    ----------
    stop, time_s
        Stop of each stamp, ascending, and its time.
    stop_m
        Chainage of every stop.
    """
    first = np.r_[True, stop[1:] != stop[:-1]]
    last = np.r_[first[1:], True]
    lone = first & last
    if lone[first].mean() > 0.5:
        return _seen(stop[first], np.zeros(int(first.sum()), np.int64), time_s[first])
    kind = np.where(first, ARRIVAL, DEPARTURE)
    use = first | last
    sure = use & ~lone
    if lone.any():
        made = times_of(_seen(stop[sure], kind[sure], time_s[sure]), stop_m, motion)
        early = np.abs(time_s - made.arrive_s[stop]) <= np.abs(time_s - made.depart_s[stop])
        kind = np.where(lone, np.where(early, ARRIVAL, DEPARTURE), kind)
    return _seen(stop[use], kind[use], time_s[use])


def _seen(stop: Ints, kind: Ints, time_s: Floats) -> Seen:
    return Seen(stop, kind, time_s, np.full(len(stop), STAMP_SD_S))
