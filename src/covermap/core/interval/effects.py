"""What is drawn without looking at any line's data: effects lines share, and one more drive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.model import decay, moving_size
from covermap.core.interval.normals import Word, fill_normals, mixed
from covermap.core.interval.runs import Seen

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

LANES = 16
"""Draws that run side by side; as many are the same with the sign changed."""
DRAWS = 2 * LANES
"""Draws that share one theta."""
FRESH = 5
"""States of a further drive: D, C, B, R and noise."""
BLOCK = 32
"""Segments whose random numbers are made at once."""
_START, _FURTHER = 1 << 40, 1 << 41


class World(NamedTuple):
    """What is drawn for each group of `DRAWS` draws before any path: effects lines may share."""

    thetas: Floats
    """One row a group of `DRAWS` draws."""
    constants: Floats
    """Standard deviations of mu and b."""
    campaign_sds: Floats
    """Groups x campaigns: standard deviation of c."""
    shared: Singles
    """Campaigns x (groups * `LANES`): normals, the same on every line."""
    weight_shared: float
    """Share of the variance of c that they make up."""


class Further(NamedTuple):
    """One more drive."""

    sds: Floats
    """Standard deviation of its campaign's constant, one a group; 0: it is of these campaigns."""
    shared: Singles
    """Normals of its campaign, the same on every line."""
    noise_db2: float


@njit(cache=True, error_model="numpy")
def start(sizes: Ints, world: World, g: int, sd: Floats, key: Word) -> Singles:
    """Draw every state from its prior: states x lanes, in one row."""
    w = np.empty(len(sd) * LANES, np.float32)
    fill_normals(mixed(key, _START), w)
    part = np.float32(np.sqrt(world.weight_shared))
    rest = np.float32(np.sqrt(1.0 - world.weight_shared))
    at = (moving_size(sizes[0], sizes[1], sizes[2]) + 1) * LANES
    for c in range(sizes[1]):
        for k in range(LANES):
            common = world.shared[c, g * LANES + k]
            w[at + c * LANES + k] = part * common + rest * w[at + c * LANES + k]
    for s in range(len(sd)):
        for k in range(LANES):
            w[s * LANES + k] *= np.float32(sd[s])
    return w


@njit(cache=True, error_model="numpy")
def tile(
    sd: Floats, length_km: Floats, step_km: float, lanes: int, phi: Singles, shock: Singles
) -> None:
    """Write decay and shock of the states that change, repeated for each lane."""
    states = len(phi) // lanes
    fade, push = np.empty(states), np.empty(states)
    decay(sd[:states], length_km[:states], step_km, fade, push)
    for s in range(states):
        phi[s * lanes : (s + 1) * lanes] = fade[s]
        shock[s * lanes : (s + 1) * lanes] = push[s]


@njit(cache=True, error_model="numpy")
def drive(seen: Seen, world: World, further: Further, g: int, key: Word, out: Singles) -> None:
    """Write what one more drive would see above or below the level: effects of its own."""
    theta, lanes = world.thetas[g], out.shape[1]
    own = 0.0 if further.sds[g] == 0.0 else theta[5]
    sd = np.array([theta[3], own, theta[8], theta[6], np.sqrt(theta[9] + further.noise_db2)])
    length_km = np.array([theta[4], 3.0, 4.0, theta[7], 1e-9])
    part, rest = np.sqrt(world.weight_shared), np.sqrt(1.0 - world.weight_shared)
    z, fixed = np.empty(BLOCK * FRESH * lanes, np.float32), np.empty(2 * lanes, np.float32)
    fill_normals(mixed(key, _FURTHER), fixed)
    for k in range(lanes):
        common = part * further.shared[g * LANES + k] + rest * fixed[lanes + k]
        fixed[k] = world.constants[1] * fixed[k] + further.sds[g] * common
    f, last_step = np.zeros(FRESH * lanes, np.float32), -1.0
    phi, shock = np.empty(FRESH * lanes, np.float32), np.empty(FRESH * lanes, np.float32)
    tile(sd, length_km, np.inf, lanes, phi, shock)  # the first: drawn from what they are at rest
    for t in range(len(out)):
        if t % BLOCK == 0:
            fill_normals(mixed(key, _FURTHER + 1 + t), z)
        if t > 0 and seen.step_km[t] != last_step:
            last_step = seen.step_km[t]
            tile(sd, length_km, last_step, lanes, phi, shock)
        at = t % BLOCK * FRESH * lanes
        for i in range(FRESH * lanes):
            f[i] = phi[i] * f[i] + shock[i] * z[at + i]
        for k in range(lanes):
            out[t, k] = fixed[k] + f[k]
        for i in range(1, FRESH):
            for k in range(lanes):
                out[t, k] += f[i * lanes + k]
