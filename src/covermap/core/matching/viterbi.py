"""One run through the graph: its columns of states, the best path, the probabilities."""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.lines.nearest import room
from covermap.core.matching.candidates import (
    MOST_FEET,
    MOST_STATES,
    candidates_at,
    grown,
    within_reach,
)
from covermap.core.matching.cells import straight_m
from covermap.core.matching.chances import backtrack, backward, forward, reached
from covermap.core.matching.cruise import cruise
from covermap.core.matching.layout import (
    ATTACHED,
    BACK,
    CLASS,
    COLUMN_COLUMNS,
    COLUMNS,
    EMISSION,
    FIRST,
    FIRST_MISSED,
    FIRST_W,
    LEG,
    LEGS,
    MARKS,
    MATCHED,
    MISSED,
    NOT_TRAVELLED,
    SAMPLE,
    SCORE,
    STATE_COLUMNS,
    TOO_FAR,
    USED,
    USED_W,
    T,
)
from covermap.core.matching.lean import lean
from covermap.core.matching.routes import search
from covermap.core.matching.steps import bound_for, connect, longest_route


@njit(cache=True)
def work_for(samples):  # type: ignore[no-untyped-def]
    """Make room for runs of at most so many samples: states, columns, and steps between them."""
    return (
        np.empty((4 * samples + 2 * MOST_STATES, STATE_COLUMNS)),
        np.empty((samples + 1, COLUMN_COLUMNS), np.int64),
        np.empty(4 * samples + 2 * MOST_STATES * MOST_STATES),
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
    state, column, w = work
    foot, found, at = np.empty((MOST_FEET, 4)), room(), np.zeros(MARKS, np.int64)
    at[FIRST_MISSED] = -1
    while not _walk(
        graph, routes, x, y, time, heading, sigma, samples, everywhere, allowed, settings, reason,
        state, column, w, foot, found, at,
    ):  # fmt: skip
        state, w = grown(state, at[USED]), grown(w, at[USED_W])
    columns = at[COLUMNS]
    column[columns, FIRST] = at[USED]
    backtrack(state, column, columns)
    backward(state, column, w, columns)
    return columns, (state, column, w)


@lean
def _walk(  # type: ignore[no-untyped-def]
    graph, routes, x, y, time, heading, sigma, samples, everywhere, allowed, settings, reason,
    state, column, w, foot, found, at,
):  # fmt: skip
    """Go on from where the walk stands; give whether all is done, or room is lacking."""
    by_cell = within_reach(settings.radius_m)
    cells, step, length_m = graph.cells, graph.step, graph.length_m
    rows, to, pool = routes.rows, routes.reached, routes.pool
    while _there_is_more(at, len(samples)):
        if by_cell and at[ATTACHED] and not at[MISSED]:
            cruise(
                step, graph.first_step, cells, length_m, x, y, time, heading, sigma, samples,
                settings, state, column, w, at,
            )  # fmt: skip
            if at[T] == len(samples):
                break
        if at[USED] + MOST_STATES > len(state) or at[USED_W] + MOST_STATES**2 > len(w):
            return False
        s, used, first = samples[at[T]], at[USED], at[USED]
        stop, barred = candidates_at(
            graph.grid, cells, step, length_m, x[s], y[s], heading[s], sigma[s], by_cell,
            everywhere, allowed, settings, foot, found, state, used,
        )  # fmt: skip
        if stop == used:
            reason[s] = CLASS if barred else TOO_FAR
            _pass_over(at, s, time, column, len(samples), settings)
            continue
        if at[ATTACHED]:
            first = column[at[COLUMNS] - 1, FIRST]
            before = column[at[COLUMNS] - 1, SAMPLE]
            straight = straight_m(cells, x[before], y[before], x[s], y[s])
            error = max(sigma[s], sigma[before])
            longest = longest_route(straight, time[s] - time[before], error, settings)
            unknown = 0
            while unknown >= 0:
                unknown = connect(
                    state, length_m, rows, to, pool, first, used, used, stop, straight,
                    longest, settings, w, at[USED_W],
                )  # fmt: skip
                if unknown >= 0:
                    search(graph, routes, unknown, bound_for(longest))
            stop = reached(state, w, at[USED_W], first, used, used, stop)
            if stop == used:
                _set_aside(at, s, time, column, settings)
                continue
            for m in range(at[T] - at[MISSED], at[T]):
                if reason[samples[m]] == MATCHED:
                    reason[samples[m]] = NOT_TRAVELLED
        else:
            at[LEGS] += 1
            for j in range(used, stop):
                state[j, SCORE], state[j, BACK] = state[j, EMISSION], -1.0
        forward(state, w, at[USED_W], first, used, used, stop)
        at[ATTACHED], at[MISSED], at[FIRST_MISSED] = 1, 0, -1
        reason[s] = MATCHED
        column[at[COLUMNS], SAMPLE], column[at[COLUMNS], LEG] = s, at[LEGS]
        column[at[COLUMNS], FIRST], column[at[COLUMNS], FIRST_W] = used, at[USED_W]
        at[COLUMNS], at[USED], at[T] = at[COLUMNS] + 1, stop, at[T] + 1
        at[USED_W] += (used - first) * (stop - used)
    return True


@lean
def _there_is_more(at, n):  # type: ignore[no-untyped-def]
    """Say whether a sample is left; those at the end that did not follow are a leg of theirs."""
    if at[T] >= n and at[MISSED] > 0:
        at[T] = at[FIRST_MISSED] if at[FIRST_MISSED] >= 0 else n
        at[MISSED], at[ATTACHED] = 0, 0
    return at[T] < n


@lean
def _pass_over(at, s, time, column, n, settings):  # type: ignore[no-untyped-def]
    """Leave out a sample that nothing is near; after too many of them the track is split."""
    at[MISSED] += 1
    at[T] += 1
    waiting = at[FIRST_MISSED] >= 0
    if at[ATTACHED] and at[MISSED] > settings.skip_samples and not waiting:
        gone = time[s] - time[column[at[COLUMNS] - 1, SAMPLE]]
        if not gone <= settings.skip_s:
            at[ATTACHED] = 0
    if not at[ATTACHED] or (at[T] >= n and not waiting):
        at[MISSED] = 0


@lean
def _set_aside(at, s, time, column, settings):  # type: ignore[no-untyped-def]
    """Leave out a sample that no route leads to; after too many the track is split before them."""
    if at[FIRST_MISSED] < 0:
        at[FIRST_MISSED] = at[T]
    at[MISSED] += 1
    at[T] += 1
    gone = time[s] - time[column[at[COLUMNS] - 1, SAMPLE]]
    if at[MISSED] > settings.skip_samples and not gone <= settings.skip_s:
        at[T], at[MISSED], at[ATTACHED] = at[FIRST_MISSED], 0, 0
