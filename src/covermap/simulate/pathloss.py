"""Path loss and antenna of the made-up world: scalar numba functions (d in m, f in GHz, dB).

- RMa and UMa of `core.radio.pathloss` (3GPP TR 38.901): the mean in dB of LOS and NLOS weighted by
  the probability of line of sight, so that the field is smooth; the spread around it is shadowing's
  part.
- Antenna: 3GPP TR 36.814 V9.2.0, table A.2.1.1-2 (70 and 10 degrees, 25 and 20 dB), another one on
  purpose than what coverage is predicted with: real antennas are not the predictor's, either.
"""

from __future__ import annotations

from numba import njit

from covermap.core.radio import pathloss as radio
from covermap.core.radio.pathloss import BUILDING_M, RMA, STREET_M, TERMINAL_M, UMA


@njit(cache=True)
def mean_loss(d2: float, mast: float, ghz: float, urban: bool) -> float:
    """Mean path loss, dB, at a horizontal distance (taken as at least 10 m)."""
    return radio.mean_loss(UMA if urban else RMA, d2, mast, TERMINAL_M, ghz, STREET_M, BUILDING_M)


@njit(cache=True)
def antenna_gain(azimuth_off: float, elevation_off: float) -> float:
    """Gain relative to the maximum, dB (<= 0), at degrees off the axis."""
    off = (azimuth_off + 180.0) % 360.0 - 180.0
    horizontal = min(12 * (off / 70.0) ** 2, 25.0)
    vertical = min(12 * (elevation_off / 10.0) ** 2, 20.0)
    return -min(horizontal + vertical, 25.0)
