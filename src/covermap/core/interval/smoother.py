"""Draws of whole paths given what was observed: Durbin and Koopman's simulation smoother.

A path x+ and observations y+ are simulated from the prior; x+ plus the smoothed mean of y - y+ is
a draw from the posterior (Durbin and Koopman, Biometrika 89, 2002). Gains are the same for all
draws of one theta, so they are computed once, and `LANES` draws run side by side. As all is
linear, a draw is the smoothed mean and a shift that does not depend on what was observed; the mean
less the shift is a draw as well, and both are taken.

The path x+ and the filter's mean of -y+ only ever occur added up, and both decay alike: one
array holds their sum.

Campaign constants that lines have in common. In x+, the constant of campaign k on a line is
``sd_k (sqrt(w) z_k + sqrt(1 - w) z_line,k)`` with z_k of draw d the same on every line. Its
law on one line is that of the model, so every line's posterior is exactly its own. As the
smoothed mean is linear in y - y+, a common z_k moves each line's draw by its own response to a
shift: by all of it where the data say nothing of the constant (one campaign), and not at all where
they say all. What lines cannot tell from their data, they err on together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.effects import BLOCK, DRAWS, LANES, Further, World, drive, start, tile
from covermap.core.interval.filter import SEEN, Kept, filtered
from covermap.core.interval.model import decay, moving_size, observed_states, state_size, stationary
from covermap.core.interval.normals import Word, fill_normals, mixed
from covermap.core.interval.runs import Seen

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class Drawn(NamedTuple):
    """Written: bits of segments x draws / 8; bit k % 8 of byte k // 8 is draw k."""

    persistent: Bytes
    campaign: Bytes
    drive: Bytes
    levels: Singles
    """Written when it has rows: persistent level less the prior mean, segments x draws."""


class Shifts(NamedTuple):
    """How far draws lie from the mean: rows x lanes."""

    error: Singles
    """Of observations."""
    level: Singles
    own: Singles
    """Of the level during the campaigns."""
    further: Singles
    """What a further drive adds to the level."""


@njit(cache=True, error_model="numpy")
def draw_line(
    seen: Seen, world: World, further: Further, threshold_db: float, key: Word, drawn: Drawn
) -> None:
    """Draw paths of one line and write which segments reach the threshold, less the prior mean."""
    segments, observed = len(seen.first) - 1, len(seen.y_db)
    sizes = seen.sizes
    size = state_size(sizes[0], sizes[1], sizes[2])
    kept = Kept(
        np.empty(observed), np.empty(observed), np.empty((observed, size), np.float32),
        np.empty((segments, 2, size), np.float32), np.empty((segments, 2)),
    )  # fmt: skip
    shifts = Shifts(
        np.empty((observed, LANES), np.float32), np.empty((segments, LANES), np.float32),
        np.empty((segments, LANES), np.float32), np.empty((segments, LANES), np.float32),
    )  # fmt: skip
    for g in range(len(world.thetas)):
        theta, campaign_sd = world.thetas[g], world.campaign_sds[g]
        sd, length_km = stationary(sizes, theta, world.constants, campaign_sd)
        filtered(seen, theta, world.constants, campaign_sd, kept)
        smooth_mean(seen, sd, length_km, kept)
        group_key = mixed(key, g + 1)
        _forth(seen, world, g, sd, length_km, group_key, kept.gain, shifts)
        _back(seen, sd, length_km, kept, shifts)
        drive(seen, world, further, g, group_key, shifts.further)
        _write(g, kept.mean, shifts, further.sds[g] == 0.0, threshold_db, drawn)


@njit(cache=True, error_model="numpy")
def smooth_mean(seen: Seen, sd: Floats, length_km: Floats, kept: Kept) -> None:
    """Turn `kept.mean` from what the filter expected into what all observations say."""
    size = len(sd)
    r, phi, shock = np.zeros(size), np.empty(size), np.empty(size)
    where, last_step = np.empty(SEEN, np.int64), -1.0
    for t in range(len(seen.first) - 2, -1, -1):
        for o in range(seen.first[t + 1] - 1, seen.first[t] - 1, -1):
            observed_states(seen.direction[o], seen.campaign[o], seen.run[o], seen.sizes, where)
            push = kept.error[o] / kept.variance[o]
            for s in range(size):
                push -= kept.gain[o, s] * r[s]
            for seen_state in where:
                r[seen_state] += push
        for s in range(size):
            kept.mean[t, 0] += kept.reach[t, 0, s] * r[s]
            kept.mean[t, 1] += kept.reach[t, 1, s] * r[s]
        if t > 0:
            if seen.step_km[t] != last_step:
                last_step = seen.step_km[t]
                decay(sd, length_km, last_step, phi, shock)
            r *= phi


@njit(cache=True, error_model="numpy")
def _forth(
    seen: Seen,
    world: World,
    g: int,
    sd: Floats,
    length_km: Floats,
    key: Word,
    gain: Singles | Floats,
    shifts: Shifts,
) -> None:
    """Simulate x+ and y+; write -y+ less what the filter expects of it, and levels so far."""
    first, lanes = seen.first, shifts.error.shape[1]
    moving = moving_size(seen.sizes[0], seen.sizes[1], seen.sizes[2])
    w = start(seen.sizes, world, g, sd, key)
    rows = moving + int(np.max(np.diff(first)))
    z = np.empty(BLOCK * rows * lanes, np.float32)
    phi, shock = np.empty(moving * lanes, np.float32), np.empty(moving * lanes, np.float32)
    where, last_step = np.empty(SEEN, np.int64), -1.0
    for t in range(len(first) - 1):
        if t % BLOCK == 0:
            fill_normals(mixed(key, t), z)
        at = t % BLOCK * rows * lanes
        if t > 0:
            if seen.step_km[t] != last_step:
                last_step = seen.step_km[t]
                tile(sd, length_km, last_step, lanes, phi, shock)
            for i in range(moving * lanes):
                w[i] = phi[i] * w[i] + shock[i] * z[at + i]
        _levels(w, seen.sizes, t, shifts.level, shifts.own)
        at += moving * lanes
        for o in range(first[t], first[t + 1]):
            observed_states(seen.direction[o], seen.campaign[o], seen.run[o], seen.sizes, where)
            noise = np.sqrt(world.thetas[g, 9] + seen.noise_db2[o])
            _observe(w, where, noise, z, at, gain, o, shifts.error)
            at += lanes


@njit(cache=True, error_model="numpy")
def _levels(w: Singles, sizes: Ints, t: int, level: Singles, own: Singles) -> None:
    """Write mu + T + M, and with the mean of the campaigns' C and c besides."""
    directions, campaigns, lanes = sizes[0], sizes[1], level.shape[1]
    fixed = moving_size(directions, campaigns, sizes[2])
    for k in range(lanes):
        level[t, k] = w[k] + w[lanes + k] + w[fixed * lanes + k]
    for k in range(lanes):
        own[t, k] = level[t, k]
    share = np.float32(1.0 / campaigns)
    for c in range(campaigns):
        slow, constant = (2 + directions + c) * lanes, (fixed + 1 + c) * lanes
        for k in range(lanes):
            own[t, k] += share * (w[slow + k] + w[constant + k])


@njit(cache=True, error_model="numpy")
def _observe(
    w: Singles,
    where: Ints,
    noise: float,
    z: Singles,
    at: int,
    gain: Singles | Floats,
    o: int,
    error: Singles,
) -> None:
    """Take observation o into every lane; write what each expected less of it."""
    lanes, scale = error.shape[1], np.float32(-noise)
    for k in range(lanes):
        error[o, k] = scale * z[at + k]
    for s in where:
        for k in range(lanes):
            error[o, k] -= w[s * lanes + k]
    for s in range(gain.shape[1]):
        strength = gain[o, s]
        for k in range(lanes):
            w[s * lanes + k] += strength * error[o, k]


@njit(cache=True, error_model="numpy")
def _back(seen: Seen, sd: Floats, length_km: Floats, kept: Kept, shifts: Shifts) -> None:
    """Add to both levels what observations ahead say of them: the smoother's r, backwards."""
    first, lanes = seen.first, shifts.error.shape[1]
    moving = moving_size(seen.sizes[0], seen.sizes[1], seen.sizes[2])
    r, v = np.zeros(len(sd) * lanes, np.float32), np.empty(lanes, np.float32)
    phi, shock = np.empty(moving * lanes, np.float32), np.empty(moving * lanes, np.float32)
    where, last_step = np.empty(SEEN, np.int64), -1.0
    for t in range(len(first) - 2, -1, -1):
        for o in range(first[t + 1] - 1, first[t] - 1, -1):
            observed_states(seen.direction[o], seen.campaign[o], seen.run[o], seen.sizes, where)
            _unobserve(r, v, where, kept, o, shifts.error)
        for s in range(len(sd)):
            strength, strength_own = kept.reach[t, 0, s], kept.reach[t, 1, s]
            for k in range(lanes):
                shifts.level[t, k] += strength * r[s * lanes + k]
            for k in range(lanes):
                shifts.own[t, k] += strength_own * r[s * lanes + k]
        if t > 0:
            if seen.step_km[t] != last_step:
                last_step = seen.step_km[t]
                tile(sd, length_km, last_step, lanes, phi, shock)
            for i in range(moving * lanes):
                r[i] *= phi[i]


@njit(cache=True, error_model="numpy")
def _unobserve(r: Singles, v: Singles, where: Ints, kept: Kept, o: int, error: Singles) -> None:
    """Step r back over observation o: ``r = Z (v / F - K' r) + r``."""
    lanes, weight = len(v), np.float32(1.0 / kept.variance[o])
    for k in range(lanes):
        v[k] = weight * error[o, k]
    for s in range(kept.gain.shape[1]):
        strength = kept.gain[o, s]
        for k in range(lanes):
            v[k] -= strength * r[s * lanes + k]
    for s in where:
        for k in range(lanes):
            r[s * lanes + k] += v[k]


@njit(cache=True, error_model="numpy")
def _write(
    g: int, mean: Floats, shifts: Shifts, same_campaign: bool, threshold_db: float, drawn: Drawn
) -> None:
    """Write the draws of a group: mean plus shift, then mean less shift."""
    basis, column = (shifts.own, 1) if same_campaign else (shifts.level, 0)
    lanes, draws = shifts.level.shape[1], DRAWS
    byte = g * draws // 8
    for t in range(len(mean)):
        for k in range(lanes):
            shifts.further[t, k] += basis[t, k]
        persistent, own, drive = mean[t, 0], mean[t, 1], mean[t, column]
        _write_bits(persistent - threshold_db, shifts.level, t, drawn.persistent, byte)
        _write_bits(own - threshold_db, shifts.own, t, drawn.campaign, byte)
        _write_bits(drive - threshold_db, shifts.further, t, drawn.drive, byte)
        if len(drawn.levels):
            for k in range(lanes):
                drawn.levels[t, g * draws + k] = persistent + shifts.level[t, k]
                drawn.levels[t, g * draws + lanes + k] = persistent - shifts.level[t, k]


@njit(cache=True, error_model="numpy")
def _write_bits(margin: float, shift: Singles, t: int, out: Bytes, byte: int) -> None:
    least = np.float32(-margin)
    for part in range(LANES // 8):
        above, below = np.uint8(0), np.uint8(0)
        for k in range(8):
            value = shift[t, part * 8 + k]
            above |= np.uint8(np.uint8(value >= least) << np.uint8(k))
            below |= np.uint8(np.uint8(-value >= least) << np.uint8(k))
        out[t, byte + part] = above
        out[t, byte + LANES // 8 + part] = below
