"""Samples that can only have gone on along the arcs of the one before: most of them, done cheaply.

What comes out is what `candidates` and `steps` would give: where the ends of all arcs are out of
reach, other edges near the sample cannot have been reached and need not be looked at.
"""

from __future__ import annotations

import numpy as np

from covermap.core.matching.candidates import emission_cost
from covermap.core.matching.cells import cell_at, metres_at, steps_in
from covermap.core.matching.graph import LENGTH_M, PIECE, START_M, X1, X2, Y1, Y2
from covermap.core.matching.layout import (
    ALONG,
    ARC,
    BACK,
    BEAM,
    COLUMNS,
    EMISSION,
    FIRST,
    FIRST_W,
    LEG,
    LEGS,
    ODDS,
    OFFSET,
    SAMPLE,
    SCORE,
    USED,
    USED_W,
    T,
)
from covermap.core.matching.lean import lean
from covermap.core.matching.steps import beta_at, longest_route

MOST_ARCS = 4
"""More arcs than this are left to the full search."""
LONGER, SLACK_M = 1.3, 50.0
"""So is a place so many times as far along an arc as it is straight away, and so much more: an edge
that comes back beside itself may be nearer there than where one is."""


@lean
def cruise(  # type: ignore[no-untyped-def]
    step, first_step, cells, length_m, x, y, time, heading, sigma, samples, settings, state,
    column, w, at,
):  # fmt: skip
    """Take one sample after the other while all states go on along their arcs, and there is room.

    The walk `at` must have a column, and no sample since that was left out.
    """
    t, columns, used, w0 = at[T], at[COLUMNS], at[USED], at[USED_W]
    first, before = column[columns - 1, FIRST], column[columns - 1, SAMPLE]
    last_row = last_column = -2
    begin = end = 0
    while t < len(samples) and used + MOST_ARCS <= len(state) and w0 + MOST_ARCS**2 <= len(w):
        s = samples[t]
        if heading[s] == heading[s] or not _apart(state, first, used):
            break
        px, py = x[s], y[s]
        row, col = cell_at(cells, px, py)
        if row != last_row or col != last_column:
            last_row, last_column = row, col
            begin, end = steps_in(cells.row_start, cells.column, cells.first, row, col)
        kx, ky = metres_at(cells, py)
        dx, dy = (px - x[before]) * kx, (py - y[before]) * ky
        straight = np.sqrt(dx * dx + dy * dy)
        error = max(sigma[s], sigma[before])
        longest = longest_route(straight, time[s] - time[before], error, settings)
        stop = _all_go_on(
            step, first_step, cells.step, begin, end, length_m, state, first, used, px, py, kx, ky,
            sigma[s], straight, longest, settings, w, w0,
        )  # fmt: skip
        if stop == used:
            break
        column[columns, SAMPLE], column[columns, LEG] = s, at[LEGS]
        column[columns, FIRST], column[columns, FIRST_W] = used, w0
        w0 += (used - first) * (stop - used)
        first, used, before, columns, t = used, stop, s, columns + 1, t + 1
    at[T], at[COLUMNS], at[USED], at[USED_W] = t, columns, used, w0


@lean
def _apart(state, first, used):  # type: ignore[no-untyped-def]
    """Say whether the states are few, and each is on an edge of its own."""
    if used - first > MOST_ARCS:
        return False
    for i in range(first + 1, used):
        for j in range(first, i):
            if int(state[i, ARC]) >> 1 == int(state[j, ARC]) >> 1:
                return False
    return True


@lean
def _foot(step, near, begin, end, first, last, x, y, kx, ky, radius):  # type: ignore[no-untyped-def]
    """Nearest place on an edge: metres from its start, and left of it; -1: none, or several.

    The steps of the edge are `first:last`; those near the point are in `near[begin:end]`,
    ascending.
    """
    best, at, piece, low, high, left = radius * radius, -1.0, -1.0, np.inf, -1.0, 1.0
    stop = end
    while begin < stop:
        middle = (begin + stop) >> 1
        if near[middle] < first:
            begin = middle + 1
        else:
            stop = middle
    for k in range(begin, end):
        s = near[k]
        if s >= last:
            break
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


@lean
def _goes_on(  # type: ignore[no-untyped-def]
    step, first_step, near, begin, end, length_m, state, i, used, x, y, kx, ky, sigma, longest,
    most, settings,
):  # fmt: skip
    """Write the state that goes on from state `i` to row `used`; give how far it went, or -1."""
    arc, p = int(state[i, ARC]), state[i, ALONG]
    whole = length_m[arc >> 1]
    if whole - p <= longest:
        return -1.0
    edge = arc >> 1
    at, offset = _foot(
        step, near, begin, end, first_step[edge], first_step[edge + 1], x, y, kx, ky,
        settings.radius_m,
    )  # fmt: skip
    q = whole - at if arc & 1 else at
    emission = emission_cost(abs(offset), sigma, settings.tail)
    if at < 0.0 or emission > settings.worst or not 0.0 < q - p <= most:
        return -1.0
    state[used, ARC], state[used, ALONG] = arc, q
    state[used, OFFSET] = -offset if arc & 1 else offset
    state[used, EMISSION], state[used, BACK] = emission, i
    return q - p


@lean
def _all_go_on(  # type: ignore[no-untyped-def]
    step, first_step, near, begin, end, length_m, state, first, used, x, y, kx, ky, sigma,
    straight, longest, settings, w, w0,
):  # fmt: skip
    """Write the states that go on from `first:used`; give where they end, `used`: look again."""
    count, beta = used - first, beta_at(straight, settings)
    most = min(longest, LONGER * straight + SLACK_M)
    best, least, nearest = np.inf, np.inf, np.inf
    for i in range(count):
        way = _goes_on(
            step, first_step, near, begin, end, length_m, state, first + i, used + i, x, y, kx, ky,
            sigma, longest, most, settings,
        )  # fmt: skip
        if way < 0.0:
            return used
        cost = abs(way - straight) / beta
        state[used + i, SCORE] = state[first + i, SCORE] + cost + state[used + i, EMISSION]
        w[w0 + i * count + i] = cost
        best, least = min(best, state[used + i, SCORE]), min(least, cost)
        nearest = min(nearest, state[used + i, EMISSION])
    if count == 1:
        w[w0], state[used, ODDS] = 1.0, 1.0
        return used + 1
    total = 0.0
    for i in range(count):
        if state[used + i, SCORE] > best + BEAM:
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
