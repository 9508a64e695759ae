"""When trains stood at each stop, from stamps that are late, early, missing or of one kind only.

All runs of one line are judged together. A train stands at a station for that station's usual time
and runs a section in that section's usual time; the line has a usual dwell, speed and loss of time
at a stop, from which stations and sections differ by what the runs that were there show, and runs
by what their own stamps show. With one stamp a stop only the sum of dwell and running is seen: the
two share what it is off, as far as each of them varies. Least squares over all of it, with weights
that let go of what does not fit (Student's t by reweighting: one late stamp, or one long halt,
moves nothing else). Stops that nobody stamped have times, too, and every time has a standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.placing.profile import Motion, running_time_s
from covermap.core.placing.shared import Block, Solved, solve

Flags = NDArray[np.bool_]

STAMP_SD_S = 3.0
"""A hand's error in stamping a moment that it sees."""
SPEED, SPEED_SD = -0.1, 0.12
"""Logarithm of a line's usual top speed over that of its class, and how far lines differ."""
PULL, PULL_SD = -0.1, 0.2
"""... and of its trains' acceleration."""
STATION_SHARE, RUN_SHARE, STOP_SHARE = 0.25, 0.12, 0.2
"""How far dwells differ: from station to station, from run to run, and from stop to stop beside
that, as shares of the class's dwell."""
SECTION_SHARE, PACE_SHARE = 0.06, 0.03
"""How far running times differ from what the line's speed tells: from section to section, and from
run to run, as shares."""
HOP_SD_S, HOP_SHARE = 2.0, 0.04
"""... and from hop to hop beside that: seconds, and a share."""
PRIOR_COUNT = 10.0
"""How far things differ is learnt from the trips; so many of them are as good as the figures
above."""
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


class Trip(NamedTuple):
    """A run's stamps (one at least), and its stops in order of travel, stamped or not."""

    seen: Seen
    stop_m: Floats
    """Chainage of each stop; on a closed line it goes on beyond the length."""
    station: Ints
    """What tells stations apart: the same whenever a run of the line comes there."""


class Times(NamedTuple):
    """When the train of one trip stood at each stop, and what was usual there."""

    arrive_s: Floats
    depart_s: Floats
    arrive_sd_s: Floats
    """Standard errors of both."""
    depart_sd_s: Floats
    dwell_s: Floats
    """For each stop, how long this run usually stands there; and how far it strays from that."""
    dwell_sd_s: Floats
    run_s: Floats
    """For each hop, how long this run usually takes; and how far it strays from that."""
    run_sd_s: Floats


def times_of(trips: Sequence[Trip], motion: Motion) -> list[Times]:
    """Find the times of every stop of the trips of one line.

    Parameters
    ----------
    trips
        One at least.
    motion
        Of the class: what is taken for usual where the trips do not show it.
    """
    law, every = _Law(trips, motion), range(len(trips))
    common, weights, scales = np.zeros(len(law.prior_sd)), [law.evenly(t) for t in every], EVEN
    for _ in range(ROUNDS):
        blocks = [law.block(t, common, scales) for t in every]
        solved = solve(
            [b._replace(weight=w) for b, w in zip(blocks, weights, strict=True)],
            law.prior_of(scales),
        )
        off = [solved.off(t, block) for t, block in enumerate(blocks)]
        weights = [law.weights(t, off[t][0] / blocks[t].sd) for t in every]
        scales = law.scales(solved, scales, off, weights, [b.sd for b in blocks])
        common = solved.common
    return [law.times(t, solved, scales) for t in every]


class Scales(NamedTuple):
    """How far things differ, as multiples of what is taken for usual."""

    station: float
    section: float
    stop: float
    hop: float


EVEN = Scales(1.0, 1.0, 1.0, 1.0)


class _Law:
    """The equations of trips.

    What all trips share is counted from the class's usual values: dwell (s), logarithms of speed
    and acceleration, then stations' dwells (s), then sections' times (s). A trip's own are arrival
    and departure of each stop in turn (s after its first stamp), and how it differs in dwell (s)
    and pace (share).
    """

    def __init__(self, trips: Sequence[Trip], motion: Motion) -> None:
        self.trips, self.motion = trips, motion
        self.station, self.section, count, length_m = _shared(trips)
        usual = running_time_s(length_m, motion)
        dwell = motion.dwell_s
        self.prior_sd = np.r_[
            motion.dwell_sd_s, SPEED_SD, PULL_SD, np.full(count, STATION_SHARE * dwell),
            SECTION_SHARE * usual,
        ]  # fmt: skip
        self.first_section = 3 + count

    def prior_of(self, scales: Scales) -> Floats:
        made = self.prior_sd.copy()
        made[3 : self.first_section] *= scales.station
        made[self.first_section :] *= scales.section
        return made

    def rows(self, t: int) -> int:
        n = len(self.trips[t].stop_m)
        return len(self.trips[t].seen.stop) + 2 * n - 1 + 2

    def evenly(self, t: int) -> Floats:
        return np.ones(self.rows(t))

    def _hops(self, t: int, common: Floats) -> tuple[Floats, Floats, Floats]:
        """Give the usual running time of each hop, and its slopes by speed and acceleration."""
        length = np.abs(np.diff(self.trips[t].stop_m))

        def at(speed: float, pull: float) -> Floats:
            return running_time_s(length, quicker(self.motion, speed, pull))

        x, y, step = SPEED + float(common[1]), PULL + float(common[2]), 1e-3
        now = at(x, y)
        return now, (at(x + step, y) - now) / step, (at(x, y + step) - now) / step

    def block(self, t: int, common: Floats, scales: Scales) -> Block:
        """Give the equations of a trip, made linear about what is known of all."""
        (stop, kind, time_s), stop_m, _ = self.trips[t]
        n, k = len(stop_m), len(stop)
        own, shared = np.zeros((self.rows(t), 2 * n + 2)), np.zeros((self.rows(t), len(common)))
        right, sd = np.zeros(len(own)), np.ones(len(own))
        at = np.arange(k)
        own[at, 2 * stop + kind] = 1.0
        right[at], sd[at] = time_s - time_s[0], STAMP_SD_S
        at, j = k + np.arange(n), np.arange(n)
        own[at, 2 * j + 1], own[at, 2 * j], own[at, 2 * n] = 1.0, -1.0, -1.0
        shared[at, 0], shared[at, 3 + self.station[t]] = -1.0, -1.0
        right[at], sd[at] = self.motion.dwell_s, scales.stop * STOP_SHARE * self.motion.dwell_s
        at, j = k + n + np.arange(n - 1), np.arange(n - 1)
        now, by_speed, by_pull = self._hops(t, common)
        own[at, 2 * j + 2], own[at, 2 * j + 1], own[at, 2 * n + 1] = 1.0, -1.0, -now
        shared[at, 1], shared[at, 2] = -by_speed, -by_pull
        shared[at, self.first_section + self.section[t]] = -1.0
        right[at] = now - by_speed * common[1] - by_pull * common[2]
        sd[at] = scales.hop * (HOP_SD_S + HOP_SHARE * now)
        own[-2, -2], sd[-2] = 1.0, RUN_SHARE * self.motion.dwell_s
        own[-1, -1], sd[-1] = 1.0, PACE_SHARE
        return Block(own, shared, right, sd, np.ones(len(sd)))

    def _parts(self, t: int) -> tuple[slice, slice]:
        """Tell the equations of stops from those of hops."""
        first, n = len(self.trips[t].seen.stop), len(self.trips[t].stop_m)
        return slice(first, first + n), slice(first + n, first + 2 * n - 1)

    def weights(self, t: int, off: Floats) -> Floats:
        """Give the weights of Student's t for what a trip is off by, in standard errors."""
        weight = np.asarray((FREEDOM + 1.0) / (FREEDOM + off * off))
        hops = self._parts(t)[1]
        weight[hops][off[hops] < 0] = 1.0  # trains may be late, but not faster than they can
        weight[-2:] = 1.0
        return weight

    def scales(
        self, solved: Solved, old: Scales, off: list[tuple[Floats, Floats]],
        weights: list[Floats], sds: list[Floats],
    ) -> Scales:  # fmt: skip
        """Learn how far things differ: expected squares about what was found, beside the usual."""
        size = (solved.common**2 + np.diag(solved.cov)) / self.prior_sd**2
        found = [_mean_of(size[3 : self.first_section]), _mean_of(size[self.first_section :])]
        for kind in (0, 1):
            squares = []
            for t, ((o, var), w) in enumerate(zip(off, weights, strict=True)):
                rows = self._parts(t)[kind]
                squares.append((w * (o**2 + var) / sds[t] ** 2)[rows] * old[2 + kind] ** 2)
            found.append(_mean_of(np.concatenate(squares)))
        return Scales(*found)

    def times(self, t: int, solved: Solved, scales: Scales) -> Times:
        own, var = solved.own[t], np.diag(solved.own_cov[t])
        common, n = solved.common, len(self.trips[t].stop_m)
        ordered = np.maximum.accumulate(own[: 2 * n]) + self.trips[t].seen.time_s[0]
        error = np.sqrt(np.maximum(var[: 2 * n], 0.0))
        at = 3 + self.station[t]
        dwell = self.motion.dwell_s + common[0] + common[at] + own[2 * n]
        dwell_var = solved.cov[0, 0] + solved.cov[at, at] + 2 * solved.cov[0, at] + var[2 * n]
        now, by_speed, by_pull = self._hops(t, common)
        at = self.first_section + self.section[t]
        run = now * (1.0 + own[2 * n + 1]) + common[at]
        slopes = np.zeros((n - 1, len(common)))
        slopes[:, 1], slopes[:, 2], slopes[np.arange(n - 1), at] = by_speed, by_pull, 1.0
        run_var = np.einsum("ij,jk,ik->i", slopes, solved.cov, slopes) + now**2 * var[2 * n + 1]
        return Times(
            ordered[0::2], ordered[1::2], error[0::2], error[1::2],
            dwell, np.sqrt(dwell_var + (scales.stop * STOP_SHARE * self.motion.dwell_s) ** 2),
            run, np.sqrt(run_var + (scales.hop * (HOP_SD_S + HOP_SHARE * now)) ** 2),
        )  # fmt: skip


def _mean_of(squares: Floats) -> float:
    """Give the root of the mean of squares, with those that are taken for usual among them."""
    return float(np.sqrt((PRIOR_COUNT + squares.sum()) / (PRIOR_COUNT + len(squares))))


def quicker(motion: Motion, speed: float, pull: float) -> Motion:
    """Give trains whose speed and acceleration are others by their logarithms."""
    return motion._replace(
        top_mps=motion.top_mps * float(np.exp(speed)),
        acceleration_mps2=motion.acceleration_mps2 * float(np.exp(pull)),
    )


def _shared(trips: Sequence[Trip]) -> tuple[list[Ints], list[Ints], int, Floats]:
    """Give numbers to stations and sections, both directions apart, and the sections' lengths.

    A station is numbered together with the direction of the next move.
    """
    lengths = [np.diff(trip.stop_m) for trip in trips]
    ways = [np.sign(np.r_[m, m[-1:]]) if len(m) else np.zeros(1) for m in lengths]
    stops = [np.stack([t.station, w], axis=1) for t, w in zip(trips, ways, strict=True)]
    hops = [np.stack([t.station[:-1], t.station[1:]], axis=1) for t in trips]
    stations, station = np.unique(np.concatenate(stops), axis=0, return_inverse=True)
    _, first, section = np.unique(
        np.concatenate(hops), axis=0, return_index=True, return_inverse=True
    )
    cuts = np.cumsum([len(t.stop_m) for t in trips])[:-1]
    return (
        np.split(station.ravel(), cuts),
        np.split(section.ravel(), cuts - np.arange(1, len(trips))),
        len(stations), np.abs(np.concatenate(lengths))[first],
    )  # fmt: skip


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
        return Seen(stop[first], np.zeros(int(first.sum()), np.int64), time_s[first])
    kind = np.where(first, ARRIVAL, DEPARTURE)
    use = first | last
    sure = use & ~lone
    if lone.any():
        seen = Seen(stop[sure], kind[sure], time_s[sure])
        made = times_of([Trip(seen, stop_m, np.round(stop_m).astype(np.int64))], motion)[0]
        early = np.abs(time_s - made.arrive_s[stop]) <= np.abs(time_s - made.depart_s[stop])
        kind = np.where(lone, np.where(early, ARRIVAL, DEPARTURE), kind)
    return Seen(stop[use], kind[use], time_s[use])
