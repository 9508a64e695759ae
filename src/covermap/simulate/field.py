"""The radio field: level, SINR and serving cell at any place, per operator and technology.

level = power + antenna gain - mean path loss - terrain - shadowing, of the strongest cell among
the nearest masts (:data:`NEAREST`). Shadowing has two parts of equal variance: one of the place,
common to all masts, and one of each mast (correlation 0.5 between masts, 3GPP TR 36.814). Nothing
here is random at the time of asking: the same place gives the same level, to every bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.radio.diffraction import knife_edge
from covermap.core.radio.pathloss import TERMINAL_M
from covermap.simulate import recipe
from covermap.simulate.frame import to_plane
from covermap.simulate.noise import Waves, exponential_waves, rng
from covermap.simulate.pathloss import antenna_gain, mean_loss
from covermap.simulate.relief import Relief
from covermap.simulate.sites import CARRIERS, Sites

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAREST = 6
SECTORS = 3
COMMON_WAVES = 48
GAIN_DBI = 15.0
NBIOT_BOOST_DB = 6.0
NOISE_DBM = {"lte": -125.2, "nbiot": -125.2, "nr": -122.2}
"""Thermal noise in one resource element (15, 15, 30 kHz) with a noise figure of 7 dB."""
TERRAIN_FROM_M = 400.0


@dataclass(frozen=True)
class Signal:
    """The field at places; arrays of one length. Levels are of the serving cell; NaN: silence."""

    rsrp_dbm: Floats
    rsrq_db: Floats
    sinr_db: Floats
    rssi_dbm: Floats
    """Total power in one resource block times 100."""
    site: Ints
    """Index into the operator's sites."""
    sector: Ints

    def take(self, keep: NDArray[np.bool_] | Ints) -> Signal:
        """Give the part that a mask or index selects."""
        return Signal(*(getattr(self, name)[keep] for name in Signal.__dataclass_fields__))


@dataclass(frozen=True)
class Layer:
    """Cells of one operator and technology, as arrays for the kernel (a row a site)."""

    technology: str
    index: Ints
    table: Floats
    """x, y, mast height above the plane (m), mast height above ground (m), GHz, power (dBm),
    azimuth, tilt, load, urban, band number."""
    waves: Floats
    tree: cKDTree


class Field:
    """The field of a world."""

    def __init__(self, world: recipe.Recipe, relief: Relief, sites: dict[str, Sites]) -> None:
        self.relief = relief
        self.sites = sites
        self._silent = [
            (*(float(v[0]) for v in to_plane([lon], [lat])), radius)
            for lon, lat, radius in world.field.silent
        ]
        self._sd_db = world.field.shadow_sd_db
        self._common: Waves = exponential_waves(
            rng(world.seed, "shadow"), world.field.shadow_distance_m, COMMON_WAVES
        )
        self._layers = {
            (plmn, technology): made
            for plmn, own in sites.items()
            for technology in ("lte", "nr", "nbiot")
            if (made := _layer(own, technology, relief)) is not None
        }

    def _in_silence(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        silent = np.zeros(x.size, dtype=np.bool_)
        for cx, cy, radius in self._silent:
            silent |= np.hypot(x - cx, y - cy) < radius
        return silent

    def has(self, plmn: str, technology: str) -> bool:
        """Whether the operator has any cell of the technology."""
        return (plmn, technology) in self._layers

    def at(self, plmn: str, technology: str, x: Floats, y: Floats) -> Signal:
        """Evaluate at plane positions; arrays of the same length."""
        layer = self._layers[plmn, technology]
        count = min(NEAREST, layer.index.size)
        _, near = layer.tree.query(np.c_[x, y], k=count)
        out = _evaluate(
            x, y, self.relief.at(x, y), near.reshape(-1, count), layer.table, layer.waves,
            self._sd_db * math.sqrt(0.5) * self._common.at(x, y), self._sd_db * math.sqrt(0.5),
            NOISE_DBM[technology], self.relief.height_m, self.relief.x0, self.relief.y0,
            self.relief.step_m,
        )  # fmt: skip
        serving = out[:, 4].astype(np.int64)
        out[self._in_silence(x, y), :4] = np.nan
        return Signal(
            out[:, 0], out[:, 1], out[:, 2], out[:, 3], layer.index[serving],
            out[:, 5].astype(np.int64),
        )  # fmt: skip


def _layer(own: Sites, technology: str, relief: Relief) -> Layer | None:
    bands = own.nr_band if technology == "nr" else own.lte_band
    has = (bands != "") & (own.nbiot if technology == "nbiot" else True)
    index = np.flatnonzero(has)
    if index.size == 0:
        return None
    names = sorted(CARRIERS)
    carrier = np.array([CARRIERS[b] for b in bands[index]])
    boost = NBIOT_BOOST_DB if technology == "nbiot" else 0.0
    ground = relief.at(own.x[index], own.y[index])
    table = np.c_[
        own.x[index], own.y[index], ground + own.height_m[index], own.height_m[index],
        carrier[:, 0], carrier[:, 2] + boost + GAIN_DBI, own.azimuth_deg[index],
        own.tilt_deg[index], own.load[index], own.urban[index],
        [names.index(b) for b in bands[index]],
    ]  # fmt: skip
    tree = cKDTree(table[:, :2])
    return Layer(technology, index, np.ascontiguousarray(table), own.waves[index], tree)


@njit(cache=True)
def _evaluate(
    x: Floats, y: Floats, ground: Floats, near: Ints, table: Floats, waves: Floats,
    common: Floats, own_sd: float, noise_dbm: float, heights: Floats, x0: float, y0: float,
    step: float,
) -> Floats:  # fmt: skip
    """For each place: level, RSRQ, SINR, RSSI, serving row, serving sector."""
    out = np.empty((x.size, 6))
    count = near.shape[1]
    level = np.empty((count, 3))
    for i in range(x.size):
        best, best_k, best_s = -1e9, 0, 0
        for k in range(count):
            row = table[near[i, k]]
            dx, dy = x[i] - row[0], y[i] - row[1]
            d = math.sqrt(dx * dx + dy * dy)
            base = row[5] - mean_loss(d, row[3], row[4], row[9] > 0.5) - common[i]
            base -= own_sd * _own(waves[near[i, k]], x[i], y[i])
            if d > TERRAIN_FROM_M:
                base -= _terrain(x[i], y[i], ground[i], row, d, heights, x0, y0, step)
            bearing = math.degrees(math.atan2(dx, dy))
            down = math.degrees(math.atan2(row[2] - ground[i] - TERMINAL_M, max(d, 10.0)))
            for s in range(3):
                level[k, s] = base + antenna_gain(bearing - row[6] - 120.0 * s, down - row[7])
                if level[k, s] > best:
                    best, best_k, best_s = level[k, s], k, s
        serving = table[near[i, best_k]]
        others = _others(level, near[i], table, best_k, best_s)
        noise = 10 ** (noise_dbm / 10)
        signal = 10 ** (best / 10)
        total = signal * serving[8] + others + noise
        out[i, 0] = best
        out[i, 1] = -10 * math.log10(12 * total / signal)
        out[i, 2] = best - 10 * math.log10(others + noise)
        out[i, 3] = 10 * math.log10(1200 * total)
        out[i, 4] = near[i, best_k]
        out[i, 5] = best_s
    return out


@njit(cache=True)
def _own(waves: Floats, x: float, y: float) -> float:
    total = 0.0
    for j in range(waves.shape[0]):
        total += math.cos(waves[j, 0] * x + waves[j, 1] * y + waves[j, 2])
    return total * math.sqrt(2.0 / waves.shape[0])


@njit(cache=True)
def _others(level: Floats, near: Ints, table: Floats, best_k: int, best_s: int) -> float:
    """Power of the other cells on the serving cell's band, times their load, mW."""
    band = table[near[best_k], 10]
    total = 0.0
    for k in range(level.shape[0]):
        if table[near[k], 10] != band:
            continue
        for s in range(3):
            if k != best_k or s != best_s:
                total += table[near[k], 8] * 10 ** (level[k, s] / 10)
    return total


@njit(cache=True)
def _terrain(
    x: float, y: float, ground: float, row: Floats, d: float, heights: Floats, x0: float,
    y0: float, step: float,
) -> float:  # fmt: skip
    """Loss of the worst edge among a few points of the profile, dB."""
    worst = -10.0
    wave_m = 0.3 / row[4]
    for p in range(1, 6):
        t = p / 6.0
        u = min(max((x + t * (row[0] - x) - x0) / step, 0.0), heights.shape[1] - 1.000001)
        v = min(max((y + t * (row[1] - y) - y0) / step, 0.0), heights.shape[0] - 1.000001)
        i, j = int(v), int(u)
        fu, fv = u - j, v - i
        h = (heights[i, j] * (1 - fu) + heights[i, j + 1] * fu) * (1 - fv)
        h += (heights[i + 1, j] * (1 - fu) + heights[i + 1, j + 1] * fu) * fv
        ray = ground + TERMINAL_M + t * (row[2] - ground - TERMINAL_M)
        d1, d2 = t * d, (1 - t) * d
        worst = max(worst, (h - ray) * math.sqrt(2 / wave_m * (1 / d1 + 1 / d2)))
    return min(knife_edge(worst), 40.0)
