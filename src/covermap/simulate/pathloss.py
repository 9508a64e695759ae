"""Path loss and antenna: published formulae as scalar numba functions (d in m, f in GHz, dB).

- RMa and UMa, LOS and NLOS: 3GPP TR 38.901 V16.1.0, table 7.4.1-1; LOS probability: table 7.4.2-1
  (UMa for a terminal at 13 m or lower). The mean loss is the mean in dB of LOS and NLOS weighted
  by that probability, so that the field is smooth; the spread around it is shadowing's part.
- Defaults of table 7.4.1-1: average building height 5 m, street width 20 m.
- Antenna: 3GPP TR 36.814 V9.2.0, table A.2.1.1-2 (70 and 10 degrees, 25 and 20 dB).
- Diffraction over terrain: knife edge, ITU-R P.526-15, equation 31.
"""

from __future__ import annotations

import math

from numba import njit

TERMINAL_M = 1.5
_BUILDING_M = 5.0
_STREET_M = 20.0
_LIGHT = 3.0e8
"""Speed of light as table 7.4.1-1 takes it for the breakpoint, m/s."""


@njit(cache=True)
def rma_los(d2: float, d3: float, mast: float, ghz: float) -> float:
    """RMa line of sight, dB: PL1 up to the breakpoint 2 pi h_BS h_UT f / c, PL2 beyond."""
    breakpoint_m = 2 * math.pi * mast * TERMINAL_M * ghz * 1e9 / _LIGHT
    if d2 <= breakpoint_m:
        return _rma_pl1(d3, ghz)
    at = math.sqrt(breakpoint_m**2 + (mast - TERMINAL_M) ** 2)
    return _rma_pl1(at, ghz) + 40 * math.log10(d3 / at)


@njit(cache=True)
def _rma_pl1(d3: float, ghz: float) -> float:
    rough = _BUILDING_M**1.72
    return (
        20 * math.log10(40 * math.pi * d3 * ghz / 3)
        + min(0.03 * rough, 10.0) * math.log10(d3)
        - min(0.044 * rough, 14.77)
        + 0.002 * math.log10(_BUILDING_M) * d3
    )


@njit(cache=True)
def rma_nlos(d2: float, d3: float, mast: float, ghz: float) -> float:
    """RMa without line of sight, dB; never below the loss with it."""
    loss = (
        161.04
        - 7.1 * math.log10(_STREET_M)
        + 7.5 * math.log10(_BUILDING_M)
        - (24.37 - 3.7 * (_BUILDING_M / mast) ** 2) * math.log10(mast)
        + (43.42 - 3.1 * math.log10(mast)) * (math.log10(d3) - 3)
        + 20 * math.log10(ghz)
        - (3.2 * math.log10(11.75 * TERMINAL_M) ** 2 - 4.97)
    )
    return max(loss, rma_los(d2, d3, mast, ghz))


@njit(cache=True)
def uma_los(d2: float, d3: float, mast: float, ghz: float) -> float:
    """UMa line of sight, dB: PL1 up to the breakpoint 4 h'_BS h'_UT f / c (h_E = 1 m), then PL2."""
    breakpoint_m = 4 * (mast - 1) * (TERMINAL_M - 1) * ghz * 1e9 / _LIGHT
    if d2 <= breakpoint_m:
        return 28 + 22 * math.log10(d3) + 20 * math.log10(ghz)
    return (
        28
        + 40 * math.log10(d3)
        + 20 * math.log10(ghz)
        - 9 * math.log10(breakpoint_m**2 + (mast - TERMINAL_M) ** 2)
    )


@njit(cache=True)
def uma_nlos(d2: float, d3: float, mast: float, ghz: float) -> float:
    """UMa without line of sight, dB; never below the loss with it."""
    loss = 13.54 + 39.08 * math.log10(d3) + 20 * math.log10(ghz) - 0.6 * (TERMINAL_M - 1.5)
    return max(loss, uma_los(d2, d3, mast, ghz))


@njit(cache=True)
def los_probability(d2: float, urban: bool) -> float:
    """Probability of line of sight, 0-1."""
    if urban:
        if d2 <= 18:
            return 1.0
        return 18 / d2 + math.exp(-d2 / 63) * (1 - 18 / d2)
    return 1.0 if d2 <= 10 else math.exp(-(d2 - 10) / 1000)


@njit(cache=True)
def mean_loss(d2: float, mast: float, ghz: float, urban: bool) -> float:
    """Mean path loss, dB, at a horizontal distance (taken as at least 10 m)."""
    d2 = max(d2, 10.0)
    d3 = math.sqrt(d2**2 + (mast - TERMINAL_M) ** 2)
    p = los_probability(d2, urban)
    if urban:
        return p * uma_los(d2, d3, mast, ghz) + (1 - p) * uma_nlos(d2, d3, mast, ghz)
    return p * rma_los(d2, d3, mast, ghz) + (1 - p) * rma_nlos(d2, d3, mast, ghz)


@njit(cache=True)
def antenna_gain(azimuth_off: float, elevation_off: float) -> float:
    """Gain relative to the maximum, dB (<= 0), at degrees off the axis."""
    off = (azimuth_off + 180.0) % 360.0 - 180.0
    horizontal = min(12 * (off / 70.0) ** 2, 25.0)
    vertical = min(12 * (elevation_off / 10.0) ** 2, 20.0)
    return -min(horizontal + vertical, 25.0)


@njit(cache=True)
def knife_edge(v: float) -> float:
    """Diffraction loss, dB, of a knife edge with parameter v; 0 below -0.78."""
    if v <= -0.78:
        return 0.0
    return 6.9 + 20 * math.log10(math.sqrt((v - 0.1) ** 2 + 1) + v - 0.1)
