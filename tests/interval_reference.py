"""The interval's model in plain dense algebra, and lines simulated from it: slow and simple."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import t as student_t

from covermap.core.interval.model import Priors
from covermap.core.interval.runs import LineRuns

FIXED_KM = {"T": 10.0, "C": 3.0, "B": 4.0}


def processes(theta):
    """Standard deviation and correlation length of T, M, D, C, B, R."""
    sd_m, l_m, sd_t, sd_d, l_d, sd_c, sd_r, l_r, sd_b, _ = theta
    return {
        "T": (sd_t, FIXED_KM["T"]), "M": (sd_m, l_m), "D": (sd_d, l_d),
        "C": (sd_c, FIXED_KM["C"]), "B": (sd_b, FIXED_KM["B"]), "R": (sd_r, l_r),
    }  # fmt: skip


def middles_km(length_m):
    return (np.cumsum(length_m) - np.asarray(length_m) / 2) / 1000


@dataclass(frozen=True)
class Dense:
    log_likelihood: float
    mean: np.ndarray
    covariance: np.ndarray
    campaign_mean: np.ndarray
    """Of the level during the campaigns: m and the mean of their c + C."""
    campaign_covariance: np.ndarray
    further: np.ndarray
    """Covariance of what a further drive of a new campaign differs from m by, less its noise."""


def dense(runs: LineRuns, theta, priors: Priors, campaign_sd: float) -> Dense:
    """Means and covariances of levels less their prior mean, for a batch of one line."""
    km = middles_km(runs.length_m)
    made = processes(theta)

    def kernel(name, a, b):
        sd, length = made[name]
        return sd**2 * np.exp(-np.abs(a[:, None] - b[None, :]) / length)

    at, s = km[runs.segment], runs.segment
    m_all = priors.level_sd_db**2 + kernel("T", km, km) + kernel("M", km, km)

    def same(v):
        return v[:, None] == v[None, :]

    seen = m_all[np.ix_(s, s)] + same(runs.direction) * kernel("D", at, at)
    seen += same(runs.campaign) * (kernel("C", at, at) + campaign_sd**2)
    own = kernel("B", at, at) + kernel("R", at, at) + priors.run_constant_sd_db**2
    seen += same(runs.run) * own
    further = kernel("D", km, km) + kernel("C", km, km) + campaign_sd**2
    further += kernel("B", km, km) + kernel("R", km, km) + priors.run_constant_sd_db**2
    seen += np.diag(theta[9] + priors.sample_db2 / runs.n)
    y = runs.y_dbm - priors.level_dbm
    campaigns = len(np.unique(runs.campaign))
    shift = (kernel("C", km, km) + campaign_sd**2) / campaigns
    cross, moved = m_all[:, s], m_all[:, s] + shift[:, s]
    solved = np.linalg.solve(seen, np.column_stack([y, cross.T, moved.T]))
    of_m, of_moved = solved[:, 1 : len(km) + 1], solved[:, len(km) + 1 :]
    _, log_det = np.linalg.slogdet(seen)
    log_likelihood = -0.5 * (y @ solved[:, 0] + log_det + len(y) * np.log(2 * np.pi))
    return Dense(
        log_likelihood, cross @ solved[:, 0], m_all - cross @ of_m, moved @ solved[:, 0],
        m_all + shift - moved @ of_moved, further,
    )  # fmt: skip


def smoothed_variance(seen, length_km, kept):
    """Variance of m in every segment from what the filter keeps: the smoother's N, backwards."""
    size = len(length_km)
    level = np.zeros(size)
    directions, campaigns, runs = seen.sizes
    moving = 2 + directions + campaigns + 2 * runs
    level[[0, 1, moving]] = 1.0
    n, variance = np.zeros((size, size)), np.empty(len(seen.first) - 1)
    for t in range(len(variance) - 1, -1, -1):
        for o in range(seen.first[t + 1] - 1, seen.first[t] - 1, -1):
            own = 2 + directions + campaigns + 2 * seen.run[o]
            z = level.copy()
            z[[2 + seen.direction[o], 2 + directions + seen.campaign[o], own, own + 1]] = 1.0
            z[[moving + 1 + seen.campaign[o], moving + 1 + campaigns + seen.run[o]]] = 1.0
            after = np.eye(size) - np.outer(kept.gain[o], z)
            n = np.outer(z, z) / kept.variance[o] + after.T @ n @ after
        reach = kept.reach[t, 0]
        variance[t] = reach @ level - reach @ n @ reach
        phi = np.exp(-seen.step_km[t] / np.where(length_km > 0, length_km, np.inf))
        n *= np.outer(phi, phi)
    return variance


def path(rng, sd, length_km, km):
    """One Ornstein-Uhlenbeck path."""
    phi = np.exp(-np.diff(km, prepend=km[0]) / length_km)
    shock = np.sqrt(1 - phi**2)
    shock[0] = 1.0
    shock *= rng.normal(size=len(km))
    x, level = np.empty(len(km)), 0.0
    for i, (fade, push) in enumerate(zip(phi.tolist(), shock.tolist(), strict=True)):
        level = fade * level + push
        x[i] = level
    return sd * x


def smooth_path(rng, sd, length_km, km):
    """One path of a Matern-3/2 process with the integral scale of an Ornstein-Uhlenbeck one."""
    d = np.abs(km[:, None] - km[None, :]) / (length_km / 2)
    cov = (1 + d) * np.exp(-d)
    return sd * np.linalg.cholesky(cov + 1e-9 * np.eye(len(km))) @ rng.normal(size=len(km))


def heavy(x, sd, freedom=4):
    """Give a path with Student's marginals of the same standard deviation."""
    return student_t.ppf(ndtr(x / sd), freedom) * sd * np.sqrt((freedom - 2) / freedom)


WORLDS = ("model", "matern", "tails", "trend", "steps")
"""Truths to assess: the model itself; a smoother M; heavy tails of M, R and noise; a mean that
rises or falls by 20 dB over the line; half of M in plateaus of 1.5 km (serving cells)."""


def persistent_path(rng, world, made, km):
    """One path of T + M, and the mean."""
    trend, m = path(rng, *made["T"], km), made["M"]
    if world == "matern":
        return trend + smooth_path(rng, *m, km)
    if world == "tails":
        return trend + heavy(path(rng, *m, km), m[0])
    if world == "trend":
        ramp = np.linspace(-10, 10, len(km))
        return trend + path(rng, *m, km) + ramp * rng.choice([-1, 1])
    if world == "steps":
        part = path(rng, *m, km)
        return trend + np.sqrt(0.5) * part + np.sqrt(0.5) * plateaus(rng, m[0], km)
    return trend + path(rng, *m, km)


def plateaus(rng, sd, km, mean_km=1.5):
    """Constant pieces of random length, independent of each other."""
    new = np.concatenate([[True], rng.uniform(size=len(km) - 1) < np.diff(km) / mean_km])
    return sd * rng.normal(size=new.sum())[np.cumsum(new) - 1]


@dataclass(frozen=True)
class Simulated:
    runs: LineRuns
    level_dbm: np.ndarray
    """The truth: the persistent level of every segment."""


def simulate(rng, segments, plan, theta, priors: Priors, gaps=0.0, campaign_sd=None, key=1,
             world="model", floor_dbm=None, common_db=None):  # fmt: skip
    """Simulate one line; `plan` lists (direction, campaign) of its runs.

    `campaign_sd`: c is normal with it; None: the prior's Student t; `common_db` gives it. Gaps are
    stretches of 300 m to 3 km of a run. `world`: one of `WORLDS`. Below `floor_dbm` there is no
    service.
    """
    length = np.full(segments, 100.0)
    km = middles_km(length)
    made = processes(theta)
    m = priors.level_dbm + rng.normal() * priors.level_sd_db
    m = m + persistent_path(rng, world, made, km)
    towards = {d: path(rng, *made["D"], km) for d in sorted({d for d, _ in plan})}
    during = {}
    for c in sorted({c for _, c in plan}):
        fixed = (
            priors.campaign_scale_db * rng.standard_t(priors.campaign_freedom)
            if campaign_sd is None
            else campaign_sd * rng.normal()
        )
        fixed = fixed if common_db is None else common_db
        during[c] = fixed + path(rng, *made["C"], km)
    rows = []
    for r, (d, c) in enumerate(plan):
        n = rng.integers(2, 6, segments)
        y = m + towards[d] + during[c] + rng.normal() * priors.run_constant_sd_db
        own, noise = path(rng, *made["R"], km), rng.normal(size=segments)
        if world == "tails":
            own, noise = heavy(own, made["R"][0]), heavy(noise, 1.0)
        y = y + path(rng, *made["B"], km) + own
        y = y + noise * np.sqrt(theta[9] + priors.sample_db2 / n)
        there = np.ones(segments, bool)
        while (~there).mean() < gaps:
            start = rng.integers(segments)
            there[start : start + rng.integers(3, 31)] = False
        at = np.flatnonzero(there)
        rows.append(np.column_stack([at, np.full(len(at), r), n[at], np.full(len(at), d),
                                     np.full(len(at), c), y[at]]))  # fmt: skip
    rows = np.concatenate(rows)
    whole = rows[:, :5].astype(np.int64)
    level = rows[:, 5]
    silent = np.zeros(len(rows), bool) if floor_dbm is None else level < floor_dbm
    runs = LineRuns(
        np.array([0, segments]), np.array([key]), length, np.where(silent, floor_dbm or 0, level),
        whole[:, 0], whole[:, 1], whole[:, 2], whole[:, 3], whole[:, 4], silent,
    )  # fmt: skip
    return Simulated(runs, m)
