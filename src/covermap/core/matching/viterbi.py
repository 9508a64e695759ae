"""The most likely path of one run through its states, and the probability of each state."""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.lines.nearest import room
from covermap.core.matching.candidates import MOST_STATES, find_states, grown, states_for
from covermap.core.matching.steps import step_cost

MATCHED, NO_POSITION, TOO_FAR, CLASS, NOT_TRAVELLED = range(5)
REASONS = ("matched", "no_position", "too_far", "class", "not_travelled")
"""Why a sample is on no line; its index is the code."""


@njit(cache=True)
def _twice(array, used):  # type: ignore[no-untyped-def]
    made = np.empty(2 * len(array), array.dtype)
    made[:used] = array[:used]
    return made


@njit(cache=True)
def beta_at(straight, settings):  # type: ignore[no-untyped-def]
    """Scale of the difference between route and straight line over a distance."""
    return settings.beta_m + settings.beta_share * straight


@njit(cache=True)
def longest_route(straight, seconds, sigma, settings):  # type: ignore[no-untyped-def]
    """No longer route than this can have been travelled between two samples."""
    longest = settings.detour * straight + settings.detour_m
    if seconds == seconds:
        longest = min(longest, settings.max_speed_m_s * max(seconds, 0.0) + 6.0 * sigma)
    return longest


@njit(cache=True)
def _connect(graph, routes, states, a0, a1, b0, b1, straight, longest, settings, score, back, w):  # type: ignore[no-untyped-def]
    """Score states `b0:b1` from `a0:a1`, write exp(-cost) of each step to `w`, say if any is."""
    beta = beta_at(straight, settings)
    least = np.inf
    for j in range(b0, b1):
        score[j], back[j] = np.inf, -1
        for i in range(a0, a1):
            k = (j - b0) * (a1 - a0) + i - a0
            w[k] = np.inf
            if score[i] == np.inf:
                continue
            cost, _, _ = step_cost(
                graph, routes, states.arc[i], states.along_m[i], states.arc[j],
                states.along_m[j], straight, beta, longest, settings,
            )  # fmt: skip
            w[k] = cost
            least = min(least, cost)
            if score[i] + cost < score[j]:
                score[j], back[j] = score[i] + cost, i
        score[j] += states.emission[j]
    for k in range((b1 - b0) * (a1 - a0)):
        w[k] = np.exp(least - w[k]) if w[k] < np.inf else 0.0
    return least < np.inf


@njit(cache=True)
def _forward(states, a0, a1, b0, b1, w, w0, alpha):  # type: ignore[no-untyped-def]
    """Probability of states `b0:b1` given all samples so far; `a0 == a1` begins a leg."""
    least, total = np.inf, 0.0
    for j in range(b0, b1):
        least = min(least, states.emission[j])
    for j in range(b0, b1):
        reach = 1.0
        if a1 > a0:
            reach = 0.0
            for i in range(a0, a1):
                reach += alpha[i] * w[w0 + (j - b0) * (a1 - a0) + i - a0]
        alpha[j] = reach * np.exp(least - states.emission[j])
        total += alpha[j]
    for j in range(b0, b1):
        alpha[j] = alpha[j] / total if total > 0.0 else 1.0 / (b1 - b0)


@njit(cache=True)
def _backward(states, first, leg, w, w_first, alpha, columns):  # type: ignore[no-untyped-def]
    """Turn `alpha` into the probability of each state given all samples of its leg."""
    beta = np.ones(len(alpha))
    for k in range(columns - 1, -1, -1):
        b0, b1 = first[k], first[k + 1]
        total = 0.0
        for j in range(b0, b1):
            total += alpha[j] * beta[j]
        if k > 0 and leg[k - 1] == leg[k]:
            a0 = first[k - 1]
            least = np.inf
            for j in range(b0, b1):
                least = min(least, states.emission[j])
            most = 0.0
            for i in range(a0, b0):
                reach = 0.0
                for j in range(b0, b1):
                    reach += (
                        w[w_first[k] + (j - b0) * (b0 - a0) + i - a0]
                        * np.exp(least - states.emission[j]) * beta[j]
                    )  # fmt: skip
                beta[i] = reach
                most = max(most, reach)
            if most > 0.0:
                for i in range(a0, b0):
                    beta[i] /= most
        for j in range(b0, b1):
            alpha[j] = alpha[j] * beta[j] / total if total > 0.0 else 1.0 / (b1 - b0)


@njit(cache=True)
def solve(graph, routes, x, y, kx, ky, time, heading, sigma, samples, allowed, settings, reason):  # type: ignore[no-untyped-def]
    """Find the path of one run.

    Parameters
    ----------
    x, y, kx, ky, time, heading, sigma
        Of all samples; `samples` are the numbers of those of this run, in order.
    allowed
        For each piece of the graph, whether these samples can be on it.
    reason
        Written for samples that are on no line.

    Returns
    -------
    columns : int
        How many samples are on the path.
    sample, leg, chosen, first, states, posterior
        Of each column: its sample, the connected leg it is in, the state chosen, where its states
        begin; then the states, and the probability of each.
    """
    n = len(samples)
    states = states_for(8 * n + 2 * MOST_STATES)
    score, alpha = np.empty(len(states.arc)), np.empty(len(states.arc))
    back = np.empty(len(states.arc), np.int64)
    w = np.empty(16 * n + MOST_STATES * MOST_STATES)
    w_used = 0
    sample, leg = np.empty(n, np.int64), np.empty(n, np.int64)
    first, w_first = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    found = room()
    columns, legs, used = 0, 0, 0
    missed, first_missed = 0, -1
    attached = False
    t = 0
    while t < n or missed > 0:
        if t >= n:
            # The run ends with samples that do not follow from the rest: they are a leg of theirs.
            t, missed, attached = first_missed, 0, False
            if t < 0:
                break
        s = samples[t]
        while used + 2 * MOST_STATES > len(states.arc):
            states = grown(states, used)
            score, alpha, back = _twice(score, used), _twice(alpha, used), _twice(back, used)
        while w_used + MOST_STATES * MOST_STATES > len(w):
            w = _twice(w, w_used)
        end, barred = find_states(
            graph, x[s], y[s], kx[s], ky[s], heading[s], sigma[s], settings, allowed, found,
            states, used,
        )  # fmt: skip
        if end == used:
            reason[s] = CLASS if barred else TOO_FAR
            missed += 1
            t += 1
            over = missed > settings.skip_samples
            if attached and over and first_missed < 0:
                gone = time[s] - time[sample[columns - 1]]
                if not gone <= settings.skip_s:
                    attached, missed = False, 0
            if not attached or (t >= n and first_missed < 0):
                missed = 0
            continue
        if attached:
            before = sample[columns - 1]
            straight = np.hypot((x[s] - x[before]) * kx[s], (y[s] - y[before]) * ky[s])
            longest = longest_route(
                straight, time[s] - time[before], max(sigma[s], sigma[before]), settings
            )
            a0, a1 = first[columns - 1], used
            if _connect(
                graph, routes, states, a0, a1, used, end, straight, longest, settings, score,
                back, w[w_used:],
            ):  # fmt: skip
                for m in range(t - missed, t):
                    if reason[samples[m]] == MATCHED:
                        reason[samples[m]] = NOT_TRAVELLED
                missed, first_missed = 0, -1
                _forward(states, a0, a1, used, end, w, w_used, alpha)
                w_first[columns] = w_used
                w_used += (a1 - a0) * (end - used)
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
            score[used:end] = states.emission[used:end]
            back[used:end] = -1
            w_first[columns] = w_used
            _forward(states, used, used, used, end, w, w_used, alpha)
        sample[columns], leg[columns] = s, legs
        reason[s] = MATCHED
        columns += 1
        first[columns] = used = end
        t += 1
    chosen = _backtrack(score, back, first, leg, columns)
    _backward(states, first, leg, w, w_first, alpha[:used], columns)
    return columns, sample, leg, chosen, first, states, alpha


@njit(cache=True)
def _backtrack(score, back, first, leg, columns):  # type: ignore[no-untyped-def]
    chosen = np.empty(columns, np.int64)
    following = -1
    for k in range(columns - 1, -1, -1):
        if following < 0:
            best = first[k]
            for j in range(first[k], first[k + 1]):
                if score[j] < score[best]:
                    best = j
            following = best
        chosen[k] = following
        following = back[following] if k > 0 and leg[k - 1] == leg[k] else -1
    return chosen
