"""A sample that can only have gone on along the arcs of the one before: most samples, done cheaply.

What comes out is what `candidates` and `steps` would give: where the ends of all arcs are out of
reach, other edges near the sample cannot have been reached and need not be looked at.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.matching.candidates import (
    ALONG,
    ARC,
    BACK,
    EMISSION,
    ODDS,
    OFFSET,
    SCORE,
    emission_cost,
)
from covermap.core.matching.graph import LENGTH_M, PIECE, START_M, WAYS, X1, X2, Y1, Y2

MOST_ARCS = 4
"""More arcs than this are left to the full search."""


@njit(cache=True, inline="always")
def _foot(step, near, begin, end, edge, x, y, kx, ky, radius):  # type: ignore[no-untyped-def]
    """Nearest place on an edge: metres from its start, and left of it; -1: none, or several."""
    best, at, piece, low, high, left = radius * radius, -1.0, -1.0, np.inf, -1.0, 1.0
    for k in range(begin, end):
        s = near[k]
        if int(step[s, WAYS]) >> 2 != edge:
            continue
        ax, ay = (step[s, X1] - x) * kx, (step[s, Y1] - y) * ky
        dx, dy = (step[s, X2] - step[s, X1]) * kx, (step[s, Y2] - step[s, Y1]) * ky
        square = dx * dx + dy * dy
        t = 0.0 if square == 0.0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / square))
        ax, ay = ax + t * dx, ay + t * dy
        off = ax * ax + ay * ay
        if off > radius * radius:
            continue
        low, high = min(low, step[s, PIECE]), max(high, step[s, PIECE])
        if off < best or at < 0.0:
            best, at, piece = off, step[s, START_M] + t * step[s, LENGTH_M], step[s, PIECE]
            left = 1.0 if dx * ay <= dy * ax else -1.0
    if piece - low > 1.0 or high - piece > 1.0:
        at = -1.0
    return at, left * np.sqrt(best)


@njit(cache=True, inline="always")
def _go_on(  # type: ignore[no-untyped-def]
    step, near, begin, end, length_m, state, i, used, x, y, kx, ky, sigma, longest, settings
):
    """Write the state that goes on from state `i` to row `used`; give how far it went, or -1."""
    arc, p = int(state[i, ARC]), state[i, ALONG]
    whole, way = length_m[arc >> 1], -1.0
    if whole - p > longest:
        at, offset = _foot(step, near, begin, end, arc >> 1, x, y, kx, ky, settings.radius_m)
        q = whole - at if arc & 1 else at
        emission = emission_cost(abs(offset), sigma, settings.tail)
        if at >= 0.0 and emission <= settings.worst and 0.0 < q - p <= longest:
            way = q - p
            state[used, ARC], state[used, ALONG], state[used, OFFSET] = (
                arc,
                q,
                -offset if arc & 1 else offset,
            )
            state[used, EMISSION], state[used, BACK] = emission, i
    return way


@njit(cache=True)
def cruise(  # type: ignore[no-untyped-def]
    step, near, begin, end, length_m, state, first, used, x, y, kx, ky, sigma, straight,
    longest, beta, beam, settings, w, w0,
):  # fmt: skip
    """Write the states that go on from `first:used`; give where they end, `used`: look again."""
    count = used - first
    if count > MOST_ARCS:
        return used
    best, least, nearest = np.inf, np.inf, np.inf
    for i in range(count):
        for j in range(i):
            if int(state[first + i, ARC]) >> 1 == int(state[first + j, ARC]) >> 1:
                return used
        way = _go_on(
            step, near, begin, end, length_m, state, first + i, used + i, x, y, kx, ky, sigma,
            longest, settings,
        )  # fmt: skip
        if way < 0.0:
            return used
        cost = abs(way - straight) / beta
        state[used + i, SCORE] = state[first + i, SCORE] + cost + state[used + i, EMISSION]
        for j in range(count):
            w[w0 + i * count + j] = np.inf
        w[w0 + i * count + i] = cost
        best, least = min(best, state[used + i, SCORE]), min(least, cost)
        nearest = min(nearest, state[used + i, EMISSION])
    if count == 1:
        w[w0], state[used, ODDS] = 1.0, 1.0
        return used + 1
    total = 0.0
    for i in range(count):
        if state[used + i, SCORE] > best + beam:
            return used
        for j in range(count):
            w[w0 + i * count + j] = np.exp(least - w[w0 + i * count + j]) if i == j else 0.0
        likely = np.exp(nearest - state[used + i, EMISSION])
        state[used + i, ODDS] = state[first + i, ODDS] * w[w0 + i * count + i] * likely
        total += state[used + i, ODDS]
    for i in range(count):
        share = state[used + i, ODDS] / total if total > 0.0 else 1.0 / count
        state[used + i, ODDS] = share
    return used + count
