"""Path loss between a mast and a terminal: 3GPP TR 38.901 V17.0.0, section 7.4.

Tables 7.4.1-1 (loss, shadowing, where it applies) and 7.4.2-1 (probability of line of sight) for
three scenarios: UMa (urban, antennas above the roofs), UMi street canyon (below them) and RMa
(rural). Distances and heights in m, frequency in GHz, losses in dB.

- Below 10 m of horizontal distance every formula is taken at 10 m, where the tables begin.
- Everywhere else outside a table's range the formula is used as it stands, and
  `ranges.outside` says so, bit by bit: nothing is silently stretched.
- UMa above 13 m of terminal height draws the effective environment height h_E at random (note 1 of
  table 7.4.1-1). Here h_E is 1 m for all, its only value up to 13 m and the commonest above.
- RMa takes the breakpoint's loss at the breakpoint's own distance between the antennas, so that
  the curve has no step there; taken at the horizontal distance it is lower by less than 0.01 dB.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCENARIOS = ("uma", "umi", "rma")
UMA, UMI, RMA = range(3)

TERMINAL_M = 1.5
STREET_M = 20.0
"""Width of streets of RMa where nobody knows better (table 7.4.1-1)."""
BUILDING_M = 5.0
"""Height of buildings of RMa where nobody knows better (table 7.4.1-1)."""
NEAREST_M = 10.0
"""Shortest horizontal distance of every formula."""

SHADOWING_DB = {
    ("uma", "los"): 4.0,
    ("uma", "nlos"): 6.0,
    ("umi", "los"): 4.0,
    ("umi", "nlos"): 7.82,
    ("rma", "los"): 4.0,
    ("rma", "los beyond the breakpoint"): 6.0,
    ("rma", "nlos"): 8.0,
}
"""Standard deviation of shadowing, dB: table 7.4.1-1."""

_LIGHT = 3.0e8
"""Speed of light as table 7.4.1-1 takes it for the breakpoint, m/s."""


@njit(cache=True)
def breakpoint_m(scenario: int, mast: Any, terminal: float, ghz: Any) -> Any:
    """Horizontal distance of the breakpoint, m: notes 1 and 5 of table 7.4.1-1."""
    if scenario == RMA:
        return 2 * math.pi * mast * terminal * ghz * 1e9 / _LIGHT
    return 4 * (mast - 1) * (terminal - 1) * ghz * 1e9 / _LIGHT


@njit(cache=True)
def _rma_pl1(d3: float, ghz: float, building: float) -> float:
    rough = building**1.72
    return (
        20 * math.log10(40 * math.pi * d3 * ghz / 3)
        + min(0.03 * rough, 10.0) * math.log10(d3)
        - min(0.044 * rough, 14.77)
        + 0.002 * math.log10(building) * d3
    )


@njit(cache=True)
def rma_los(d2: float, d3: float, mast: float, terminal: float, ghz: float, h: float) -> float:
    """RMa with line of sight, dB: PL1 up to the breakpoint, PL2 beyond; h of the buildings."""
    turn = breakpoint_m(RMA, mast, terminal, ghz)
    if d2 <= turn:
        return _rma_pl1(d3, ghz, h)
    at = math.sqrt(turn**2 + (mast - terminal) ** 2)
    return _rma_pl1(at, ghz, h) + 40 * math.log10(d3 / at)


@njit(cache=True)
def rma_nlos(d3: float, mast: float, terminal: float, ghz: float, w: float, h: float) -> float:
    """PL' of RMa without line of sight, dB; w is the width of streets, h of buildings."""
    return (
        161.04
        - 7.1 * math.log10(w)
        + 7.5 * math.log10(h)
        - (24.37 - 3.7 * (h / mast) ** 2) * math.log10(mast)
        + (43.42 - 3.1 * math.log10(mast)) * (math.log10(d3) - 3)
        + 20 * math.log10(ghz)
        - (3.2 * math.log10(11.75 * terminal) ** 2 - 4.97)
    )


@njit(cache=True)
def uma_los(d2: float, d3: float, mast: float, terminal: float, ghz: float) -> float:
    """UMa with line of sight, dB: PL1 up to the breakpoint, PL2 beyond."""
    turn = breakpoint_m(UMA, mast, terminal, ghz)
    if d2 <= turn:
        return 28 + 22 * math.log10(d3) + 20 * math.log10(ghz)
    return (
        28
        + 40 * math.log10(d3)
        + 20 * math.log10(ghz)
        - 9 * math.log10(turn**2 + (mast - terminal) ** 2)
    )


@njit(cache=True)
def uma_nlos(d3: float, terminal: float, ghz: float) -> float:
    """PL' of UMa without line of sight, dB."""
    return 13.54 + 39.08 * math.log10(d3) + 20 * math.log10(ghz) - 0.6 * (terminal - 1.5)


@njit(cache=True)
def umi_los(d2: float, d3: float, mast: float, terminal: float, ghz: float) -> float:
    """UMi street canyon with line of sight, dB: PL1 up to the breakpoint, PL2 beyond."""
    turn = breakpoint_m(UMI, mast, terminal, ghz)
    if d2 <= turn:
        return 32.4 + 21 * math.log10(d3) + 20 * math.log10(ghz)
    return (
        32.4
        + 40 * math.log10(d3)
        + 20 * math.log10(ghz)
        - 9.5 * math.log10(turn**2 + (mast - terminal) ** 2)
    )


@njit(cache=True)
def umi_nlos(d3: float, terminal: float, ghz: float) -> float:
    """PL' of UMi street canyon without line of sight, dB."""
    return 22.4 + 35.3 * math.log10(d3) + 21.3 * math.log10(ghz) - 0.3 * (terminal - 1.5)


@njit(cache=True)
def los_and_nlos(
    scenario: int, d2: float, mast: float, terminal: float, ghz: float, w: float, h: float
) -> tuple[float, float]:
    """Loss with line of sight and without (never the smaller), dB; table 7.4.1-1."""
    d2 = max(d2, NEAREST_M)
    d3 = math.sqrt(d2**2 + (mast - terminal) ** 2)
    if scenario == UMA:
        seen = uma_los(d2, d3, mast, terminal, ghz)
        return seen, max(uma_nlos(d3, terminal, ghz), seen)
    if scenario == UMI:
        seen = umi_los(d2, d3, mast, terminal, ghz)
        return seen, max(umi_nlos(d3, terminal, ghz), seen)
    seen = rma_los(d2, d3, mast, terminal, ghz, h)
    return seen, max(rma_nlos(d3, mast, terminal, ghz, w, h), seen)


@njit(cache=True)
def los_probability(scenario: int, d2: float, terminal: float) -> float:
    """Probability of line of sight, 0-1: table 7.4.2-1, all of the path out of doors."""
    if scenario == RMA:
        return 1.0 if d2 <= 10 else math.exp(-(d2 - 10) / 1000)
    if d2 <= 18:
        return 1.0
    if scenario == UMI:
        return 18 / d2 + math.exp(-d2 / 36) * (1 - 18 / d2)
    street = 18 / d2 + math.exp(-d2 / 63) * (1 - 18 / d2)
    if terminal <= 13:
        return street
    high = ((min(terminal, 23.0) - 13) / 10) ** 1.5
    return street * (1 + high * 1.25 * (d2 / 100) ** 3 * math.exp(-d2 / 150))


@njit(cache=True)
def mean_loss(
    scenario: int, d2: float, mast: float, terminal: float, ghz: float, w: float, h: float
) -> float:
    """Loss with and without line of sight, weighted in dB by the probability of each."""
    seen, hidden = los_and_nlos(scenario, d2, mast, terminal, ghz, w, h)
    p = los_probability(scenario, max(d2, NEAREST_M), terminal)
    return p * seen + (1 - p) * hidden


@njit(cache=True)
def _losses(scenario, los, d2, mast, terminal, ghz, w, h):  # type: ignore[no-untyped-def]
    out = np.empty(d2.size)
    for i in range(d2.size):
        seen, hidden = los_and_nlos(scenario[i], d2[i], mast[i], terminal[i], ghz[i], w[i], h[i])
        out[i] = seen if los[i] else hidden
    return out


@njit(cache=True)
def _probabilities(scenario, d2, terminal):  # type: ignore[no-untyped-def]
    out = np.empty(d2.size)
    for i in range(d2.size):
        out[i] = los_probability(scenario[i], d2[i], terminal[i])
    return out


def _flat(whole: ArrayLike, *numbers: ArrayLike) -> tuple[tuple[int, ...], list[NDArray]]:
    """Broadcast to one shape: give it, and each argument as one row (the first whole numbers)."""
    arrays = [np.asarray(whole, np.int64), *(np.asarray(n, float) for n in numbers)]
    wide = np.broadcast_arrays(*arrays)
    return wide[0].shape, [np.ascontiguousarray(a).ravel() for a in wide]


def path_losses_db(
    scenario: ArrayLike,
    d2_m: ArrayLike,
    mast_m: ArrayLike,
    ghz: ArrayLike,
    los: ArrayLike,
    *,
    terminal_m: ArrayLike = TERMINAL_M,
    street_m: ArrayLike = STREET_M,
    building_m: ArrayLike = BUILDING_M,
) -> Floats:
    """Path loss, dB, of arguments of one shape (or numbers): table 7.4.1-1.

    Parameters
    ----------
    scenario : array_like of int
        Place in :data:`SCENARIOS`.
    d2_m, mast_m, ghz : array_like
        Horizontal distance, height of the antenna above ground, carrier frequency. NaN gives NaN.
    los : array_like of bool
        Whether there is line of sight.
    terminal_m, street_m, building_m : array_like
        Height of the terminal; width of streets and height of buildings (RMa alone reads them).

    Examples
    --------
    >>> float(path_losses_db(UMA, 100.0, 25.0, 5.0, True).round(2))
    86.24
    """
    shape, (place, *rest) = _flat(
        scenario, los, d2_m, mast_m, terminal_m, ghz, street_m, building_m
    )
    return _losses(place, *rest).reshape(shape)


def los_probabilities(
    scenario: ArrayLike, d2_m: ArrayLike, terminal_m: ArrayLike = TERMINAL_M
) -> Floats:
    """Probability of line of sight, 0-1, of arguments of one shape (or numbers).

    Examples
    --------
    >>> los_probabilities(UMI, [10.0, 36.0]).round(3).tolist()
    [1.0, 0.684]
    """
    shape, (place, *rest) = _flat(scenario, d2_m, terminal_m)
    return _probabilities(place, *rest).reshape(shape)


def shadowing_db(
    scenario: int, los: ArrayLike, d2_m: ArrayLike, mast_m: ArrayLike, ghz: ArrayLike
) -> Floats:
    """Give the standard deviation of shadowing, dB, for a terminal at :data:`TERMINAL_M`."""
    name = SCENARIOS[scenario]
    seen = np.full(np.shape(d2_m), SHADOWING_DB[name, "los"])
    if scenario == RMA:
        turn = breakpoint_m(RMA, np.asarray(mast_m, float), TERMINAL_M, np.asarray(ghz, float))
        seen = np.where(
            np.asarray(d2_m) > turn, SHADOWING_DB[name, "los beyond the breakpoint"], seen
        )
    return np.where(los, seen, SHADOWING_DB[name, "nlos"])
