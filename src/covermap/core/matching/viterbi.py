"""The most likely path of one run through its states, and the probability of each state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.nearest import Found, room
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
from covermap.core.matching.cells import cell_at, steps_in
from covermap.core.matching.steps import connect, longest_route

MATCHED, NO_POSITION, TOO_FAR, CLASS, NOT_TRAVELLED = range(5)
REASONS = ("matched", "no_position", "too_far", "class", "not_travelled")
"""Why a sample is on no line; its index is the code."""
SAMPLE, LEG, FIRST, FIRST_W, CHOSEN, PIECES, PIECES_END = range(7)
"""Of each column: its sample, the connected leg it is in, where its states begin and where the
steps to it, the state that is chosen, and the pieces of path that lead to it."""
COLUMN_COLUMNS = 7
BEAM = 100.0
"""States that cost so much more than the best of their column are let go (e^-100)."""


class Work(NamedTuple):
    """Room for the columns of one run; changed in place, and replaced where it must grow."""

    state: Floats
    column: Ints
    w: Floats
    foot: Floats
    found: Found


@njit(cache=True)
def work_for(samples):  # type: ignore[no-untyped-def]
    """Make room for runs of at most so many samples."""
    return Work(
        np.empty((4 * samples + 2 * MOST_STATES, STATE_COLUMNS)),
        np.empty((samples + 1, COLUMN_COLUMNS), np.int64),
        np.empty(4 * samples + MOST_STATES * MOST_STATES),
        np.empty((MOST_FEET, 4)), room(),
    )  # fmt: skip


@njit(cache=True)
def _roomy(work, used, used_w):  # type: ignore[no-untyped-def]
    """Give work with room for one more column."""
    state, w = work.state, work.w
    if used + MOST_STATES > len(state):
        state = grown(state, used)
    if used_w + MOST_STATES * MOST_STATES > len(w):
        w = grown(w, used_w)
    return Work(state, work.column, w, work.foot, work.found)


@njit(cache=True)
def _reached(state, w, a0, a1, b0, b1):  # type: ignore[no-untyped-def]
    """Score states `b0:b1` from `a0:a1`; close up on those that are reached; give where they end.

    The costs in `w` become exp(-cost), the least cost taken off.
    """
    across, kept, best, least = a1 - a0, b0, np.inf, np.inf
    for j in range(b0, b1):
        state[j, SCORE] = np.inf
        for i in range(a0, a1):
            cost = w[(j - b0) * across + i - a0]
            least = min(least, cost)
            if state[i, SCORE] + cost < state[j, SCORE]:
                state[j, SCORE], state[j, BACK] = state[i, SCORE] + cost, i
        state[j, SCORE] += state[j, EMISSION]
        best = min(best, state[j, SCORE])
    if best == np.inf:
        return b0
    for j in range(b0, b1):
        if state[j, SCORE] > best + BEAM:
            continue
        if kept != j:
            state[kept] = state[j]
        for i in range(across):
            cost = w[(j - b0) * across + i]
            w[(kept - b0) * across + i] = np.exp(least - cost)
        kept += 1
    return kept


@njit(cache=True)
def _forward(state, w, a0, a1, b0, b1):  # type: ignore[no-untyped-def]
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
                reach += state[i, ODDS] * w[(j - b0) * (a1 - a0) + i - a0]
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
            _step_back(state, w[column[k, FIRST_W] :], a0, b0, b1)
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
def _step_back(state, w, a0, b0, b1):  # type: ignore[no-untyped-def]
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
            reach = w[(j - b0) * across + i]
            state[a0 + i, BETA] += reach * later
            total += reach * state[a0 + i, ODDS]
        for i in range(across):
            share = w[(j - b0) * across + i] * state[a0 + i, ODDS]
            w[(j - b0) * across + i] = state[j, ODDS] * share / total if total > 0.0 else 0.0
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
def solve(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, heading, sigma, samples, everywhere, allowed, settings, reason, work
):
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
        Room; see :class:`Work`.

    Returns
    -------
    columns : int
        How many samples are on the path.
    work : Work
        The columns and their states.
    """
    n, cells = len(samples), graph.cells
    columns, legs, used, used_w = 0, 0, 0, 0
    missed, first_missed, attached = 0, -1, False
    row = column = -2
    begin = end = 0
    t = 0
    while t < n or missed > 0:
        if t >= n:
            # The run ends with samples that do not follow from the rest: they are a leg of theirs.
            t, missed, attached = first_missed, 0, False
            if t < 0:
                break
        s = samples[t]
        work = _roomy(work, used, used_w)
        state, w = work.state, work.w
        r, c = cell_at(cells, x[s], y[s])
        if r != row or c != column:
            row, column = r, c
            begin, end = steps_in(cells, row, column)
        kx, ky = cells.east_m[max(row, 0)], cells.north_m[max(row, 0)]
        count, barred = 0, False
        if within_reach(settings.radius_m):
            count, barred = feet(
                graph.step, cells.step, begin, end, x[s], y[s], kx, ky, settings.radius_m,
                everywhere, allowed, work.foot,
            )  # fmt: skip
        else:
            count, barred = far_feet(
                graph.grid, x[s], y[s], kx, ky, settings.radius_m, allowed, work.found, work.foot
            )
        if count == 0 and settings.far_m > settings.radius_m:
            count, barred = far_feet(
                graph.grid, x[s], y[s], kx, ky, settings.far_m, allowed, work.found, work.foot
            )
        stop = states_at(
            graph.step, graph.length_m, work.foot, count, kx, ky, heading[s], sigma[s], settings,
            state, used,
        )  # fmt: skip
        if stop == used:
            reason[s] = CLASS if barred else TOO_FAR
            missed += 1
            t += 1
            over = missed > settings.skip_samples
            if attached and over and first_missed < 0:
                gone = time[s] - time[work.column[columns - 1, SAMPLE]]
                if not gone <= settings.skip_s:
                    attached, missed = False, 0
            if not attached or (t >= n and first_missed < 0):
                missed = 0
            continue
        if attached:
            before = work.column[columns - 1, SAMPLE]
            straight = np.hypot((x[s] - x[before]) * kx, (y[s] - y[before]) * ky)
            error = max(sigma[s], sigma[before])
            longest = longest_route(straight, time[s] - time[before], error, settings)
            first = work.column[columns - 1, FIRST]
            connect(
                graph, routes, state, first, used, used, stop, straight, longest, error,
                settings, w[used_w:],
            )  # fmt: skip
            stop = _reached(state, w[used_w:], first, used, used, stop)
            if stop > used:
                for m in range(t - missed, t):
                    if reason[samples[m]] == MATCHED:
                        reason[samples[m]] = NOT_TRAVELLED
                missed, first_missed = 0, -1
                _forward(state, w[used_w:], first, used, used, stop)
                work.column[columns, FIRST_W] = used_w
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
            work.column[columns, FIRST_W] = used_w
            _forward(state, w, used, used, used, stop)
        work.column[columns, SAMPLE], work.column[columns, LEG] = s, legs
        work.column[columns, FIRST] = used
        reason[s] = MATCHED
        columns += 1
        work.column[columns, FIRST] = used = stop
        t += 1
    work.column[columns, FIRST] = used
    _backtrack(work.state, work.column, columns)
    _backward(work.state, work.column, work.w, columns)
    return columns, work
