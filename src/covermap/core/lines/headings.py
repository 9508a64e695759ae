"""Direction of travel from positions: between places far enough apart to show one.

A position that stands still, or repeats, has the direction in which it was last left or reached.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.geodesy import (
    Floats,
    Ints,
    metres_per_degree_lat,
    metres_per_degree_lon,
)

STEP_M = 15.0
"""Places nearer than this show no direction: it is the receiver's noise."""
REACH_M = 1000.0
"""Places farther apart than this show none either: the way between them is not known."""


def headings_deg(lon: Floats, lat: Floats, run: Ints, step_m: float = STEP_M) -> Floats:
    """Direction of travel at each position, degrees clockwise from north; NaN where not known.

    Parameters
    ----------
    lon, lat
        Positions in the order of travel, degrees; NaN positions have no direction and are passed
        over.
    run
        Number of the run of each position; runs are contiguous.
    step_m
        Places nearer to each other show no direction.

    Notes
    -----
    The mean of two chords: from the last place at least `step_m` back, and to the next such place.
    """
    back_x, back_y = _chords(lon, lat, run, step_m)
    ahead_x, ahead_y = _chords(lon[::-1], lat[::-1], run[::-1], step_m)
    x, y = back_x - ahead_x[::-1], back_y - ahead_y[::-1]
    heading = np.mod(np.degrees(np.arctan2(x, y)), 360.0)
    unknown = np.isnan(lon) | (np.hypot(x, y) < 1e-6)
    return np.where(unknown, np.nan, np.where(heading >= 360.0, 0.0, heading))


@njit(cache=True)
def _chords(lon: Floats, lat: Floats, run: Ints, step_m: float) -> tuple[Floats, Floats]:
    """Give the unit vector from the last place far enough back to each place; 0: there is none."""
    x, y = np.zeros(len(lon)), np.zeros(len(lon))
    anchor = -1
    east = north = 0.0
    for i in range(len(lon)):
        if np.isnan(lon[i]) or np.isnan(lat[i]):
            continue
        if anchor < 0 or run[i] != run[anchor]:
            anchor, east, north = i, 0.0, 0.0
            continue
        dx = (lon[i] - lon[anchor]) * metres_per_degree_lon(lat[i])
        dy = (lat[i] - lat[anchor]) * metres_per_degree_lat(lat[i])
        step = np.hypot(dx, dy)
        if step >= step_m:
            known = step <= REACH_M
            east = dx / step if known else 0.0
            north = dy / step if known else 0.0
            anchor = i
        x[i], y[i] = east, north
    return x, y
