"""Radiation pattern of a base station's antenna: 3GPP TR 38.901 V17.0.0, table 7.3-1.

Gain relative to the maximum, from the azimuth and the elevation of the terminal as the antenna sees
them after its downtilt (equations 7.1-7 and 7.1-8). An antenna without azimuth (NaN) is the same
all round: no horizontal loss. Azimuths clockwise from north, elevations below the horizon positive.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BEAMWIDTH_DEG = 65.0
"""Of both cuts, table 7.3-1."""
FRONT_TO_BACK_DB = 30.0
"""A_max of table 7.3-1."""
SIDE_LOBE_DB = 30.0
"""SLA_V of table 7.3-1."""


@njit(cache=True)
def relative_gain(azimuth_off: float, down: float, tilt: float, wide: float, high: float) -> float:
    """Gain relative to the maximum, dB (<= 0); degrees.

    `azimuth_off` is the terminal's bearing less the antenna's azimuth (NaN: the same all round),
    `down` the terminal's direction below the horizon, `wide` and `high` the beamwidths at -3 dB.
    """
    if math.isnan(azimuth_off):
        return -min(12 * ((down - tilt) / high) ** 2, SIDE_LOBE_DB)
    phi, below, beta = math.radians(azimuth_off), math.radians(down), math.radians(tilt)
    ahead, aside, sunk = (
        math.cos(phi) * math.cos(below),
        math.sin(phi) * math.cos(below),
        math.sin(below),
    )
    elevation = math.degrees(
        math.asin(max(-1.0, min(1.0, sunk * math.cos(beta) - ahead * math.sin(beta))))
    )
    turned = math.degrees(math.atan2(aside, ahead * math.cos(beta) + sunk * math.sin(beta)))
    vertical = min(12 * (elevation / high) ** 2, SIDE_LOBE_DB)
    horizontal = min(12 * (turned / wide) ** 2, FRONT_TO_BACK_DB)
    return -min(vertical + horizontal, FRONT_TO_BACK_DB)


@njit(cache=True)
def _gains(azimuth_off, down, tilt, wide, high):  # type: ignore[no-untyped-def]
    out = np.empty(down.size)
    for i in range(down.size):
        out[i] = relative_gain(azimuth_off[i], down[i], tilt[i], wide[i], high[i])
    return out


def relative_gains_db(
    azimuth_off_deg: ArrayLike,
    down_deg: ArrayLike,
    tilt_deg: ArrayLike = 0.0,
    wide_deg: ArrayLike = BEAMWIDTH_DEG,
    high_deg: ArrayLike = BEAMWIDTH_DEG,
) -> Floats:
    """Gain relative to the maximum, dB (<= 0), of arguments of one shape (or numbers).

    Examples
    --------
    >>> relative_gains_db([0.0, 32.5, 180.0, np.nan], 0.0).round(2).tolist()
    [0.0, -3.0, -30.0, 0.0]
    """
    wide = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (azimuth_off_deg, down_deg, tilt_deg, wide_deg, high_deg))
    )
    return _gains(*(np.ascontiguousarray(a).ravel() for a in wide)).reshape(wide[0].shape) + 0.0


def eirp_dbm(power_dbm: ArrayLike, gain_dbi: ArrayLike, feeder_db: ArrayLike = 0.0) -> Floats:
    """Power radiated in the direction of the maximum, dBm: power + gain - loss of the feeder."""
    return np.asarray(power_dbm, float) + np.asarray(gain_dbi, float) - np.asarray(feeder_db, float)


def reference_signal_dbm(eirp: ArrayLike, resource_elements: ArrayLike) -> Floats:
    """Power of one resource element at the antenna, dBm, of a carrier's whole EIRP.

    RSRP is power per resource element (3GPP TS 36.214 section 5.1.1, TS 38.215 section 5.1.1): the
    carrier's power is shared out equally among its elements, 12 a resource block.

    Examples
    --------
    >>> float(reference_signal_dbm(63.0, 1200).round(2))  # LTE, 20 MHz, 100 resource blocks
    32.21
    """
    return np.asarray(eirp, float) - 10 * np.log10(np.asarray(resource_elements, float))
