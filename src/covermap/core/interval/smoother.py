"""Draws of whole paths given what was observed: Durbin and Koopman's simulation smoother.

A path x+ and observations y+ are simulated from the prior; x+ plus the smoothed mean of y - y+ is
a draw from the posterior (Durbin and Koopman, Biometrika 89, 2002). Gains are the same for all
draws of one theta, so they are computed once, and `LANES` draws run side by side.

Campaign constants that lines have in common. In x+, the constant of campaign k on a line is
``sd_k (sqrt(w) z_k + sqrt(1 - w) z_line,k)`` with z_k of draw d the same on every line. Its
law on one line is that of the model, so every line's posterior is exactly its own. As the
smoothed mean is linear in y - y+, a common z_k moves each line's draw by its own response to a
shift: by all of it where the data say nothing of the constant (one campaign), and not at all where
they say all. What lines cannot tell from their data, they err on together.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.interval.filter import SEEN, gains
from covermap.core.interval.model import decay, observed_states, state_size, stationary
from covermap.core.interval.normals import Word, fill_normals, mixed

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LANES = 16
"""Draws that share one theta and run side by side."""
FRESH = 5
"""States of a further drive: D, C, B, R and noise."""
_START, _NOISE = 1 << 40, 1 << 41


@njit(cache=True, error_model="numpy")
def draw_line(
    first: Ints,
    y_db: Floats,
    run: Ints,
    direction: Ints,
    campaign: Ints,
    noise_db2: Floats,
    step_km: Floats,
    sizes: Ints,
    thetas: Floats,
    constants: Floats,
    campaign_sds: Floats,
    shared: Singles,
    weight_shared: float,
    fresh_sds: Floats,
    fresh_shared: Singles,
    new_campaign: bool,
    drive_noise_db2: float,
    threshold_db: float,
    key: Word,
    persistent: Bytes,
    of_campaign: Bytes,
    drive: Bytes,
    levels: Singles,
) -> None:
    """Draw paths of one line and write which segments reach the threshold.

    Parameters
    ----------
    first ... step_km, sizes, constants
        As in :func:`covermap.core.interval.filter.log_likelihood`.
    thetas, campaign_sds, fresh_sds
        One row a group of `LANES` draws: theta, sd of the campaigns' constants, and that of a
        further campaign.
    shared, fresh_shared
        Normals of campaigns (campaigns x draws) and of a further campaign (draws), the same on
        every line.
    threshold_db
        The threshold less the prior mean.
    persistent, of_campaign, drive
        Written: segments x draws / 8; bit k % 8 of byte k // 8 is draw k.
    levels
        Written when it has rows: persistent level less the prior mean, segments x draws.
    """
    segments, groups = len(first) - 1, len(thetas)
    directions, campaigns, runs = sizes[0], sizes[1], sizes[2]
    size, observed = state_size(directions, campaigns, runs), first[segments]
    gain, weight = np.empty((observed, size), np.float32), np.empty(observed, np.float32)
    reach = np.empty((segments, 2, size), np.float32)
    sd, length_km, phi, shock = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    low_phi, low_shock = np.empty(size, np.float32), np.empty(size, np.float32)
    where = np.empty(SEEN, np.int64)
    x, a = np.empty((size, LANES), np.float32), np.empty((size, LANES), np.float32)
    f = np.empty((FRESH, LANES), np.float32)
    error = np.empty((observed, LANES), np.float32)
    level, own = np.empty((segments, LANES), np.float32), np.empty((segments, LANES), np.float32)
    further = np.empty((segments, LANES), np.float32)
    v, w = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    most = 0
    for t in range(segments):
        most = max(most, first[t + 1] - first[t])
    z = np.empty((size + FRESH + most + 1) // 2 * 2 * LANES, np.float32)
    part, rest = np.float32(np.sqrt(weight_shared)), np.float32(np.sqrt(1.0 - weight_shared))
    share = np.float32(1.0 / campaigns)
    for g in range(groups):
        theta = thetas[g]
        gains(first, run, direction, campaign, noise_db2, step_km, sizes, theta, constants,
              campaign_sds[g], gain, weight, reach)  # fmt: skip
        stationary(theta, constants, campaign_sds[g], directions, runs, sd, length_km)
        group_key = mixed(key, g + 1)
        # --- the start: stationary draws
        fill_normals(mixed(group_key, _START), z)
        for s in range(size):
            scale = np.float32(sd[s])
            for k in range(LANES):
                x[s, k] = scale * z[s * LANES + k]
                a[s, k] = np.float32(0.0)
        for c in range(campaigns):
            s = 3 + directions + campaigns + c
            scale = np.float32(sd[s])
            for k in range(LANES):
                common = shared[c, g * LANES + k]
                x[s, k] = scale * (part * common + rest * z[s * LANES + k])
        fresh_sd = (theta[3], theta[5], theta[8], theta[6], np.sqrt(theta[9] + drive_noise_db2))
        fresh_km = (theta[4], 3.0, 4.0, theta[7], 0.0)
        fixed = np.float32(constants[1])
        for k in range(LANES):  # what of a further drive is constant, in w
            own_part = z[(size + 4) * LANES + k]
            w[k] = fixed * z[size * LANES + k]
            if new_campaign:
                common = fresh_shared[g * LANES + k]
                w[k] += np.float32(fresh_sds[g]) * (part * common + rest * own_part)
        fill_normals(mixed(group_key, _NOISE), z)
        for i in range(FRESH):
            for k in range(LANES):
                f[i, k] = np.float32(fresh_sd[i]) * z[i * LANES + k]
        last_step = -1.0
        fresh_phi, fresh_shock = np.zeros(FRESH, np.float32), np.zeros(FRESH, np.float32)
        # --- forward: x+, y+, and the filter's mean of y - y+
        for t in range(segments):
            fill_normals(mixed(group_key, t), z)
            if t > 0:
                if step_km[t] != last_step:
                    last_step = step_km[t]
                    decay(sd, length_km, last_step, phi, shock)
                    for s in range(size):
                        low_phi[s], low_shock[s] = phi[s], shock[s]
                    for i in range(FRESH):
                        fade = 0.0 if fresh_km[i] == 0.0 else np.exp(-last_step / fresh_km[i])
                        fresh_phi[i] = fade
                        fresh_shock[i] = fresh_sd[i] * np.sqrt(1.0 - fade * fade)
                for s in range(size):
                    if length_km[s] > 0.0:
                        fade, push, base = low_phi[s], low_shock[s], s * LANES
                        for k in range(LANES):
                            x[s, k] = fade * x[s, k] + push * z[base + k]
                        for k in range(LANES):
                            a[s, k] *= fade
                for i in range(FRESH):
                    fade, push, base = fresh_phi[i], fresh_shock[i], (size + i) * LANES
                    for k in range(LANES):
                        f[i, k] = fade * f[i, k] + push * z[base + k]
            for k in range(LANES):
                level[t, k] = (x[0, k] + a[0, k]) + (x[1, k] + a[1, k]) + (x[2, k] + a[2, k])
            for k in range(LANES):
                own[t, k] = level[t, k]
            for c in range(2 * campaigns):
                s = 3 + directions + c
                for k in range(LANES):
                    own[t, k] += share * (x[s, k] + a[s, k])
            if new_campaign:
                for k in range(LANES):
                    further[t, k] = w[k] + f[0, k] + f[1, k] + f[2, k] + f[3, k] + f[4, k]
            else:
                for k in range(LANES):
                    further[t, k] = w[k] + f[0, k] + f[2, k] + f[3, k] + f[4, k]
            for o in range(first[t], first[t + 1]):
                observed_states(direction[o], campaign[o], run[o], directions, campaigns, where)
                at = (size + FRESH + o - first[t]) * LANES
                noise = np.float32(np.sqrt(theta[9] + noise_db2[o]))
                seen = np.float32(y_db[o])
                for k in range(LANES):
                    v[k] = seen - noise * z[at + k]
                for seen_state in where:
                    for k in range(LANES):
                        v[k] -= x[seen_state, k] + a[seen_state, k]
                for k in range(LANES):
                    error[o, k] = v[k]
                for s in range(size):
                    strength = gain[o, s]
                    for k in range(LANES):
                        a[s, k] += strength * v[k]
        # --- backward: a now holds the smoother's r
        a[:] = np.float32(0.0)
        last_step = -1.0
        for t in range(segments - 1, -1, -1):
            for o in range(first[t + 1] - 1, first[t] - 1, -1):
                observed_states(direction[o], campaign[o], run[o], directions, campaigns, where)
                inverse = weight[o]
                for k in range(LANES):
                    v[k] = inverse * error[o, k]
                for s in range(size):
                    strength = gain[o, s]
                    for k in range(LANES):
                        v[k] -= strength * a[s, k]
                for seen_state in where:
                    for k in range(LANES):
                        a[seen_state, k] += v[k]
            for s in range(size):
                strength, strength_own = reach[t, 0, s], reach[t, 1, s]
                for k in range(LANES):
                    level[t, k] += strength * a[s, k]
                for k in range(LANES):
                    own[t, k] += strength_own * a[s, k]
            byte = g * (LANES // 8)
            _write_bits(level[t], threshold_db, persistent[t, byte:])
            _write_bits(own[t], threshold_db, of_campaign[t, byte:])
            basis = level[t] if new_campaign else own[t]
            for k in range(LANES):
                v[k] = basis[k] + further[t, k]
            _write_bits(v, threshold_db, drive[t, byte:])
            if len(levels):
                for k in range(LANES):
                    levels[t, g * LANES + k] = level[t, k]
            if t > 0:
                if step_km[t] != last_step:
                    last_step = step_km[t]
                    decay(sd, length_km, last_step, phi, shock)
                    for s in range(size):
                        low_phi[s] = phi[s]
                for s in range(size):
                    fade = low_phi[s]
                    for k in range(LANES):
                        a[s, k] *= fade


@njit(cache=True, error_model="numpy")
def _write_bits(values: Singles, threshold: float, out: Bytes) -> None:
    bound = np.float32(threshold)
    for byte in range(LANES // 8):
        bits = np.uint8(0)
        for k in range(8):
            bits |= np.uint8(np.uint8(values[byte * 8 + k] >= bound) << np.uint8(k))
        out[byte] = bits
