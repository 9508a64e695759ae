"""Villages judged the plain way: one village, one cell, one pair at a time."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
from pyproj import Geod
from scipy.stats import multivariate_normal, norm

ELLIPSOID = Geod(ellps="WGS84")


def pairs_within(lon, lat, place_lon, place_lat, radius_m):
    found = []
    for i, (x, y) in enumerate(zip(lon, lat, strict=True)):
        for j, (u, v) in enumerate(zip(place_lon, place_lat, strict=True)):
            if not (math.isnan(u) or math.isnan(v)) and (ELLIPSOID.inv(x, y, u, v)[2] <= radius_m):
                found.append((i, j))
    return found


def share_chance(probabilities, share, correlation, spread, prior_cells):
    """As written in the docstring of ``core.villages.chances.share_chance``."""
    a = norm.ppf(np.clip(probabilities, 1e-6, 1 - 1e-6))
    m = len(a)
    variance = (((a - a.mean()) ** 2).sum() + prior_cells * spread**2) / (m - 1 + prior_cells)
    t2 = variance + 1 - correlation
    beyond = a.mean() - norm.ppf(share) * math.sqrt(t2)
    return norm.cdf(beyond / math.sqrt(correlation + t2 / m))


def together(p, q, correlation):
    """Probability that both are good, under a Gaussian copula."""
    if p in (0, 1) or q in (0, 1):
        return p * q
    both = multivariate_normal(mean=[0, 0], cov=[[1, correlation], [correlation, 1]])
    return both.cdf([norm.ppf(p), norm.ppf(q)])


def variance(chance, codes, correlations, members):
    """Variance of the number of lit villages among `members`, pair by pair."""
    total = sum(chance[i] * (1 - chance[i]) for i in members)
    for i, j in combinations(members, 2):
        shared = 0.0
        for level in range(codes.shape[1]):
            if codes[i, level] == codes[j, level] >= 0:
                shared = correlations[level]
        total += 2 * (together(chance[i], chance[j], shared) - chance[i] * chance[j])
    return total


def enough(chances, weights, need, correlation, draws=400_000, seed=1):
    """Share of draws in which the good units weigh enough."""
    source = np.random.default_rng(seed)
    common = source.standard_normal((draws, 1))
    own = source.standard_normal((draws, len(chances)))
    level = norm.ppf(chances) + math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own
    return float((((level > 0) * np.array(weights)).sum(1) >= need).mean())


def verdict(points, whole, site, met, share, lit, dark, chance_of):
    """Verdict, basis and evidence of one village.

    `points` and `whole` are of (verdict, measured, foretold), verdicts lit, weak, dark or None;
    `chance_of(units, need)` is the probability that good units of (chance, weight) weigh enough.
    """
    total = max(len(points), 1)
    need = {"one": 1, "all": total, "share": max(math.ceil(total * (share or 0) - 1e-9), 1)}[met]
    units = [(p[1], 1) for p in points if p[0]]
    states = [(p[0], 1) for p in points if p[0]]
    left, evidence = total - len(units), "key points" if units else None

    def decided():
        good = sum(w for s, w in states if s == "lit")
        bad = sum(w for s, w in states if s != "lit")
        if good >= need:
            return "lit"
        if total - bad < need:
            return "dark" if all(s == "dark" for s, _ in states) else "weak"
        return None

    if left and not decided() and whole[0]:
        units.append((whole[1], left))
        states.append((whole[0], left))
        left, evidence = 0, "village"
    basis = "measured" if states else None
    if left and not decided():
        for p in points:
            if not p[0] and p[2] is not None:
                units.append((p[2], 1))
                left, evidence = left - 1, "prediction"
                basis = "both" if states else "predicted"
        if left:
            order = "site" if whole[2] is None else "prediction"
            value = site if whole[2] is None else whole[2]
            if value is not None:
                units.append((value, left))
                left, evidence = 0, order
                basis = "site" if order == "site" else ("both" if states else "predicted")
    found = decided()
    if found:
        if found != "lit" and left:
            units.append((1.0, left))
        return found, chance_of(units, need), basis, evidence
    if left or not units:
        return "unmeasured", None, basis, evidence
    p = chance_of(units, need)
    return ("lit" if p >= lit else "dark" if p < dark else "unmeasured"), p, basis, evidence


def every_case():
    """Give small villages of every kind: up to two key points, each in every state."""
    unit = [
        ("lit", 0.97, None), ("weak", 0.2, 0.9), ("dark", 0.01, None), (None, None, 0.98),
        (None, None, 0.03), (None, None, 0.5), (None, None, None),
    ]  # fmt: skip
    for count in range(3):
        for points in product(unit, repeat=count):
            for whole in unit:
                for site in (None, 0.7):
                    yield list(points), whole, site
