"""Motion from stop to stop: accelerate, roll, brake (a trapezoid of speed over time).

A hop of length D that takes T seconds, with acceleration a and braking b, rolls at the speed v that
solves D = v T - v^2 / q, q being the harmonic mean of a and b. A hop that is shorter in time than
q allows has both raised until q = 4 D / T^2 (a triangle). Standard kinematics of train running,
e.g. Hansen and Pachl, Railway Timetabling and Operations, 2nd ed., section 4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats


class Motion(NamedTuple):
    """How trains of a class move; project defaults, none of them an operator's figure."""

    top_mps: float
    acceleration_mps2: float
    dwell_s: float = 30.0
    """Stop at a station where the marks do not tell arrival and departure."""
    dwell_sd_s: float = 10.0
    """How far lines differ in it."""
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


@njit(cache=True)
def done_m(
    elapsed_s: float, distance_m: float, running_s: float, up_mps2: float, down_mps2: float
) -> float:
    """Metres done after some seconds of a hop, with acceleration and braking.

    Before its start a hop has done nothing, after its end all of it. A hop without time is done at
    once.

    Examples
    --------
    >>> [done_m(t, 2000.0, 120.0, 1.0, 1.0) for t in (0.0, 60.0, 120.0)]
    [0.0, 1000.0, 2000.0]
    """
    if elapsed_s <= 0.0:
        return 0.0
    if elapsed_s >= running_s:
        return distance_m
    pull = 2.0 / (1.0 / up_mps2 + 1.0 / down_mps2)
    least = 4.0 * distance_m / running_s**2
    if least > pull:
        up_mps2, down_mps2, pull = up_mps2 * least / pull, down_mps2 * least / pull, least
    root = np.sqrt(max((pull * running_s) ** 2 - 4.0 * pull * distance_m, 0.0))
    top = 2.0 * distance_m / (running_s + root / pull)
    if elapsed_s < top / up_mps2:
        return 0.5 * up_mps2 * elapsed_s**2
    left = running_s - elapsed_s
    if left < top / down_mps2:
        return distance_m - 0.5 * down_mps2 * left**2
    return top * (elapsed_s - 0.5 * top / up_mps2)
