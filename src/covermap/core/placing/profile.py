"""Motion from stop to stop: accelerate, roll, brake (a trapezoid of speed over time).

A hop of length D that takes T seconds at acceleration a (and braking -a) rolls at the speed v that
solves D = v T - v^2 / a. A hop that is shorter in time than a allows is run at a = 4 D / T^2 (a
triangle). Standard kinematics of train running, e.g. Hansen and Pachl, Railway Timetabling and
Operations, 2nd ed., section 4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from covermap.core.geodesy import Floats


class Motion(NamedTuple):
    """How trains of a class move; project defaults, none of them an operator's figure."""

    top_mps: float
    acceleration_mps2: float
    dwell_s: float = 30.0
    """Stop at a station where the marks do not tell arrival and departure."""
    dwell_sd_s: float = 10.0
    fastest_mps: float = 100.0
    """No train of the class is faster: marks that ask for more are not believed."""


METRO = Motion(80 / 3.6, 1.0, fastest_mps=160 / 3.6)
"""80 km/h and 1.0 m/s2: the design speed of common metro lines, and the service braking that
their vehicles reach (GB 50157 and GB/T 7928 ask for 0.83 m/s2 to start and 1.0 m/s2 to stop)."""
MOTIONS = {
    "metro": METRO,
    "tram": Motion(70 / 3.6, 1.0, 20.0, fastest_mps=110 / 3.6),
    "rail": Motion(160 / 3.6, 0.5, 120.0, 60.0, 250 / 3.6),
    "hsr": Motion(300 / 3.6, 0.4, 120.0, 60.0, 380 / 3.6),
}
ACCELERATION_SD = 0.25
"""Relative: trains of one class accelerate between 0.75 and 1.25 of the figure."""
WANDER_SHARE = 0.02
"""Coasting, curves, signals: how far the course strays from a trapezoid in mid-hop, of its length
(standard error)."""


def running_time_s(distance_m: Floats, motion: Motion) -> Floats:
    """Shortest time from stop to stop, s.

    Examples
    --------
    >>> running_time_s(np.array([100.0, 2000.0]), Motion(20.0, 1.0)).tolist()
    [20.0, 120.0]
    """
    top, a = motion.top_mps, motion.acceleration_mps2
    ramp = top * top / a
    return np.where(
        distance_m >= ramp, distance_m / top + top / a, 2 * np.sqrt(np.maximum(distance_m, 0) / a)
    )


def progress(
    elapsed_s: Floats, distance_m: Floats, running_s: Floats, acceleration_mps2: float
) -> tuple[Floats, Floats]:
    """Metres done, and speed (m/s), after some seconds of hops; all arrays of one shape.

    Before its start a hop has done nothing, after its end all of it. A hop without time is done at
    once.

    Examples
    --------
    >>> done, speed = progress(np.array([0.0, 60.0, 120.0]), np.full(3, 2000.0), np.full(3, 120.0),
    ...     1.0)
    >>> done.tolist(), speed.tolist()
    ([0.0, 1000.0, 2000.0], [0.0, 20.0, 0.0])
    """
    total = np.maximum(running_s, 1e-9)
    a = np.maximum(acceleration_mps2, 4 * distance_m / total**2)
    root = np.sqrt(np.maximum((a * total) ** 2 - 4 * a * distance_m, 0.0))
    top = 2 * distance_m / np.maximum(total + root / np.maximum(a, 1e-12), 1e-9)
    ramp = top / np.maximum(a, 1e-12)
    t = np.clip(elapsed_s, 0.0, total)
    speeding = 0.5 * a * np.minimum(t, ramp) ** 2
    rolling = top * np.clip(t - ramp, 0.0, np.maximum(total - 2 * ramp, 0.0))
    brake = np.clip(t - (total - ramp), 0.0, ramp)
    done = speeding + rolling + top * brake - 0.5 * a * brake**2
    speed = np.minimum(np.minimum(a * t, top), a * (total - t))
    return np.minimum(done, distance_m), np.maximum(speed, 0.0)


def progress_error_m(
    elapsed_s: Floats, distance_m: Floats, running_s: Floats, acceleration_mps2: float,
    start_sd_s: Floats, end_sd_s: Floats,
) -> Floats:  # fmt: skip
    """Give the standard error of the metres done: of the two times, of a, and of the trapezoid.

    A late start moves what follows it, less and less towards the end; a late end the other way.
    """
    total = np.maximum(running_s, 1e-9)
    share = np.clip(elapsed_s / total, 0.0, 1.0)
    _, speed = progress(elapsed_s, distance_m, running_s, acceleration_mps2)
    by_time = speed * np.hypot((1 - share) * start_sd_s, share * end_sd_s)
    low, high = (
        progress(elapsed_s, distance_m, running_s, acceleration_mps2 * f)[0]
        for f in (1 - ACCELERATION_SD, 1 + ACCELERATION_SD)
    )
    wander = 2 * WANDER_SHARE * distance_m * np.sqrt(share * (1 - share))
    made: Floats = np.sqrt(by_time**2 + ((high - low) / 2) ** 2 + wander**2)
    return made
