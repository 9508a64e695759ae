"""The most likely path of one run through its states, and the probability of each state."""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.lines.nearest import room
from covermap.core.matching.candidates import (
    BACK,
    BETA,
    EMISSION,
    MOST_FEET,
    MOST_STATES,
    ODDS,
    SCORE,
    STATE_COLUMNS,
    far_feet,
    feet,
    grown,
    states_at,
    within_reach,
)
from covermap.core.matching.cells import steps_in
from covermap.core.matching.cruise import cruise
from covermap.core.matching.routes import search
from covermap.core.matching.steps import beta_at, bound_for, connect, longest_route

MATCHED, NO_POSITION, TOO_FAR, CLASS, NOT_TRAVELLED = range(5)
REASONS = ("matched", "no_position", "too_far", "class", "not_travelled")
"""Why a sample is on no line; its index is the code."""
SAMPLE, LEG, FIRST, FIRST_W, CHOSEN, PIECES, PIECES_END = range(7)
"""Of each column: its sample, the connected leg it is in, where its states begin and where the
steps to it, the state that is chosen, and the pieces of path that lead to it."""
COLUMN_COLUMNS = 7
BEAM = 60.0
"""States that cost so much more than the best of their column are let go (e^-60)."""


@njit(cache=True)
def _reached(state, w, w0, a0, a1, b0, b1):  # type: ignore[no-untyped-def]
    """Score states `b0:b1` from `a0:a1`; close up on those that are reached; give where they end.

    The costs in `w` (from `w0` on) become exp(-cost), the least cost taken off.
    """
    across, kept, best, least = a1 - a0, b0, np.inf, np.inf
    for j in range(b0, b1):
        score, back = np.inf, a0
        for i in range(across):
            cost = w[w0 + (j - b0) * across + i]
            least = min(least, cost)
            if state[a0 + i, SCORE] + cost < score:
                score, back = state[a0 + i, SCORE] + cost, a0 + i
        state[j, SCORE], state[j, BACK] = score + state[j, EMISSION], back
        best = min(best, state[j, SCORE])
    if best == np.inf:
        return b0
    for j in range(b0, b1):
        if state[j, SCORE] > best + BEAM:
            continue
        if kept != j:
            for c in range(STATE_COLUMNS):
                state[kept, c] = state[j, c]
        for i in range(across):
            cost = w[w0 + (j - b0) * across + i] - least
            w[w0 + (kept - b0) * across + i] = np.exp(-cost) if cost < BEAM else 0.0
        kept += 1
    if across == 1 and kept == b0 + 1:
        w[w0] = 1.0
    return kept


@njit(cache=True)
def _forward(state, w, w0, a0, a1, b0, b1):  # type: ignore[no-untyped-def]
    """Probability of states `b0:b1` given all samples so far; `a0 == a1` begins a leg."""
    if b1 == b0 + 1:
        state[b0, ODDS] = 1.0
        return
    least, total = np.inf, 0.0
    for j in range(b0, b1):
        least = min(least, state[j, EMISSION])
    for j in range(b0, b1):
        reach = 1.0
        if a1 > a0:
            reach = 0.0
            for i in range(a0, a1):
                reach += state[i, ODDS] * w[w0 + (j - b0) * (a1 - a0) + i - a0]
        state[j, ODDS] = reach * np.exp(least - state[j, EMISSION])
        total += state[j, ODDS]
    for j in range(b0, b1):
        state[j, ODDS] = state[j, ODDS] / total if total > 0.0 else 1.0 / (b1 - b0)


@njit(cache=True)
def _backward(state, column, w, columns):  # type: ignore[no-untyped-def]
    """Turn probabilities into those given all samples of the leg; `w` into those of the steps."""
    for j in range(column[max(columns - 1, 0), FIRST], column[columns, FIRST]):
        state[j, BETA] = 1.0
    for k in range(columns - 1, -1, -1):
        b0, b1 = column[k, FIRST], column[k + 1, FIRST]
        _settle(state, b0, b1)
        if k == 0:
            break
        a0 = column[k - 1, FIRST]
        joined = column[k - 1, LEG] == column[k, LEG]
        if joined and (b0 > a0 + 1 or b1 > b0 + 1):
            _step_back(state, w, column[k, FIRST_W], a0, b0, b1)
        else:
            for i in range(a0, b0):
                state[i, BETA] = 1.0


@njit(cache=True)
def _settle(state, b0, b1):  # type: ignore[no-untyped-def]
    """Bring the later samples into the probabilities of a column."""
    if b1 == b0 + 1:
        return
    total = 0.0
    for j in range(b0, b1):
        total += state[j, ODDS] * state[j, BETA]
    for j in range(b0, b1):
        share = state[j, ODDS] * state[j, BETA]
        state[j, ODDS] = share / total if total > 0.0 else 1.0 / (b1 - b0)


@njit(cache=True)
def _step_back(state, w, w0, a0, b0, b1):  # type: ignore[no-untyped-def]
    """Write `BETA` of states `a0:b0`, and the probability of each step from them to `b0:b1`."""
    across, least, most = b0 - a0, np.inf, 0.0
    for j in range(b0, b1):
        least = min(least, state[j, EMISSION])
    for i in range(a0, b0):
        state[i, BETA] = 0.0
    for j in range(b0, b1):
        later = np.exp(least - state[j, EMISSION]) * state[j, BETA]
        total = 0.0
        for i in range(across):
            reach = w[w0 + (j - b0) * across + i]
            state[a0 + i, BETA] += reach * later
            total += reach * state[a0 + i, ODDS]
        for i in range(across):
            share = w[w0 + (j - b0) * across + i] * state[a0 + i, ODDS]
            w[w0 + (j - b0) * across + i] = state[j, ODDS] * share / total if total > 0.0 else 0.0
    for i in range(a0, b0):
        most = max(most, state[i, BETA])
    for i in range(a0, b0):
        state[i, BETA] = state[i, BETA] / most if most > 0.0 else 1.0


@njit(cache=True)
def _backtrack(state, column, columns):  # type: ignore[no-untyped-def]
    following = -1
    for k in range(columns - 1, -1, -1):
        if following < 0:
            following = column[k, FIRST]
            for j in range(column[k, FIRST], column[k + 1, FIRST]):
                if state[j, SCORE] < state[following, SCORE]:
                    following = j
        column[k, CHOSEN] = following
        joined = k > 0 and column[k - 1, LEG] == column[k, LEG]
        following = int(state[following, BACK]) if joined else -1


@njit(cache=True)
def work_for(samples):  # type: ignore[no-untyped-def]
    """Make room for runs of at most so many samples: states, columns, and steps between them."""
    return (
        np.empty((4 * samples + 2 * MOST_STATES, STATE_COLUMNS)),
        np.empty((samples + 1, COLUMN_COLUMNS), np.int64),
        np.empty(4 * samples + MOST_STATES * MOST_STATES),
    )


@njit(cache=True)
def solve(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, heading, sigma, samples, everywhere, allowed, settings, reason,
    work,
):  # fmt: skip
    """Find the path of one run.

    Parameters
    ----------
    x, y, time, heading, sigma
        Of all samples; `samples` are the numbers of those of this run, in order.
    everywhere, allowed
        Whether the samples can be on every piece of the graph; for each piece, whether they can.
    reason
        Written for samples that are on no line.
    work
        Room; see :func:`work_for`.

    Returns
    -------
    columns : int
        How many samples are on the path.
    work
        The states, the columns and the steps; replaced where they had to grow.
    """
    # Arrays are taken out of their tuples once: each time costs an atomic count.
    cells, step, length_m, grid = graph.cells, graph.step, graph.length_m, graph.grid
    near, east_m, north_m = cells.step, cells.east_m, cells.north_m
    row_start, cell_column, cell_first = cells.row_start, cells.column, cells.first
    x0, y0, width, height = cells.x0, cells.y0, cells.width, cells.height
    rows, pool = routes.rows, routes.pool
    state, column, w = work
    foot, found = np.empty((MOST_FEET, 4)), room()
    by_cell, radius = within_reach(settings.radius_m), settings.radius_m
    n = len(samples)
    columns, legs, used, used_w = 0, 0, 0, 0
    missed, first_missed, attached = 0, -1, False
    row = last_column = -2
    begin = end = 0
    t = 0
    while t < n or missed > 0:
        if t >= n:
            # The run ends with samples that do not follow from the rest: they are a leg of theirs.
            t, missed, attached = first_missed, 0, False
            if t < 0:
                break
        s = samples[t]
        px, py, error = x[s], y[s], sigma[s]
        if used + MOST_STATES > len(state):
            state = grown(state, used)
        if used_w + MOST_STATES * MOST_STATES > len(w):
            w = grown(w, used_w)
        r, c = int(np.floor((py - y0) / height)), int(np.floor((px - x0) / width))
        if r != row or c != last_column:
            row, last_column = r, c
            begin, end = steps_in(row_start, cell_column, cell_first, row, c)
        clamped = min(max(row, 0), len(east_m) - 1)
        kx, ky = east_m[clamped], north_m[clamped]
        stop, before, first, straight, longest, worse = used, -1, used, 0.0, 0.0, error
        if attached:
            before, first = column[columns - 1, SAMPLE], column[columns - 1, FIRST]
            straight = np.hypot((px - x[before]) * kx, (py - y[before]) * ky)
            worse = max(error, sigma[before])
            longest = longest_route(straight, time[s] - time[before], worse, settings)
            if by_cell and heading[s] != heading[s]:
                stop = cruise(
                    step, near, begin, end, length_m, state, first, used, px, py, kx, ky, error,
                    straight, longest, beta_at(straight, settings), BEAM, settings, w,
                    used_w,
                )  # fmt: skip
        cruised = stop > used
        if not cruised:
            if by_cell:
                count, barred = feet(
                    step, near, begin, end, px, py, kx, ky, radius, everywhere, allowed, foot
                )
            else:
                count, barred = far_feet(grid, px, py, kx, ky, radius, allowed, found, foot)
            if count == 0 and settings.far_m > radius:
                count, barred = far_feet(grid, px, py, kx, ky, settings.far_m, allowed, found, foot)
            stop = states_at(
                step,
                length_m,
                foot,
                count,
                px,
                py,
                kx,
                ky,
                heading[s],
                error,
                settings,
                state,
                used,
            )
        if stop == used:
            reason[s] = CLASS if barred else TOO_FAR
            missed += 1
            t += 1
            over = missed > settings.skip_samples
            if attached and over and first_missed < 0:
                gone = time[s] - time[column[columns - 1, SAMPLE]]
                if not gone <= settings.skip_s:
                    attached, missed = False, 0
            if not attached or (t >= n and first_missed < 0):
                missed = 0
            continue
        if attached:
            if not cruised:
                while True:
                    unknown = connect(
                        state, length_m, rows, pool, first, used, used, stop, straight,
                        longest, settings, w, used_w,
                    )  # fmt: skip
                    if unknown < 0:
                        break
                    search(graph, routes, unknown, bound_for(longest))
                stop = _reached(state, w, used_w, first, used, used, stop)
            if stop > used:
                for m in range(t - missed, t):
                    if reason[samples[m]] == MATCHED:
                        reason[samples[m]] = NOT_TRAVELLED
                missed, first_missed = 0, -1
                if not cruised:
                    _forward(state, w, used_w, first, used, used, stop)
                column[columns, FIRST_W] = used_w
                used_w += (used - first) * (stop - used)
            else:
                if first_missed < 0:
                    first_missed = t
                missed += 1
                t += 1
                gone = time[s] - time[before]
                if missed > settings.skip_samples and not gone <= settings.skip_s:
                    t, missed, attached = first_missed, 0, False
                continue
        if not attached:
            legs += 1
            attached, missed, first_missed = True, 0, -1
            for j in range(used, stop):
                state[j, SCORE], state[j, BACK] = state[j, EMISSION], -1.0
            column[columns, FIRST_W] = used_w
            _forward(state, w, used_w, used, used, used, stop)
        column[columns, SAMPLE], column[columns, LEG] = s, legs
        column[columns, FIRST] = used
        reason[s] = MATCHED
        columns += 1
        used = stop
        t += 1
    column[columns, FIRST] = used
    _backtrack(state, column, columns)
    _backward(state, column, w, columns)
    return columns, (state, column, w)
