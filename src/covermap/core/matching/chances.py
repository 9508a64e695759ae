"""The best way through columns of states, and the probability of each state and each step."""

from __future__ import annotations

import numpy as np

from covermap.core.matching.layout import (
    BACK,
    BEAM,
    BETA,
    CHOSEN,
    EMISSION,
    FIRST,
    FIRST_W,
    LEG,
    ODDS,
    SCORE,
    STATE_COLUMNS,
)
from covermap.core.matching.lean import lean


@lean
def reached(state, w, w0, a0, a1, b0, b1):  # type: ignore[no-untyped-def]
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


@lean
def forward(state, w, w0, a0, a1, b0, b1):  # type: ignore[no-untyped-def]
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


@lean
def backward(state, column, w, columns):  # type: ignore[no-untyped-def]
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


@lean
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


@lean
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


@lean
def backtrack(state, column, columns):  # type: ignore[no-untyped-def]
    """Write which state of each column is on the best way."""
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
