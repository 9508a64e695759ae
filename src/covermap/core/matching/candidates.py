"""Where a sample may have been: arcs near it, with what each costs (minus log likelihood)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.nearest import NEAREST_LINES, lines_near

MOST_STATES = 2 * NEAREST_LINES
"""States of one sample at most: both directions of each piece that is found."""


class States(NamedTuple):
    """States of samples, one after the other; grown by :func:`grown` when full."""

    arc: Ints
    along_m: Floats
    """Place on the arc in its direction, metres from where it begins."""
    offset_m: Floats
    emission: Floats


@njit(cache=True)
def states_for(size):  # type: ignore[no-untyped-def]
    """Make room for states."""
    return States(
        np.empty(size, np.int64), np.empty(size), np.empty(size), np.empty(size),
    )  # fmt: skip


@njit(cache=True)
def grown(states, used):  # type: ignore[no-untyped-def]
    """Give the same states with room for as many again."""
    made = states_for(2 * len(states.arc))
    made.arc[:used] = states.arc[:used]
    made.along_m[:used] = states.along_m[:used]
    made.offset_m[:used] = states.offset_m[:used]
    made.emission[:used] = states.emission[:used]
    return made


@njit(cache=True)
def emission_cost(offset_m, sigma_m, tail):  # type: ignore[no-untyped-def]
    """Minus log likelihood of an offset: Gaussian, and beyond `tail` sigmas linear (Huber).

    Errors of real receivers have heavier tails than a Gaussian and come in bursts; with the
    Gaussian alone one such burst would outweigh everything else that is known.
    """
    z = offset_m / sigma_m
    return 0.5 * z * z if z <= tail else tail * (z - 0.5 * tail)


@njit(cache=True)
def find_states(graph, x, y, kx, ky, heading, sigma, settings, allowed, found, states, used):  # type: ignore[no-untyped-def]
    """Write the states of one sample from `used` on; give where they end, and if a line was barred.

    There must be room for `MOST_STATES` more.
    """
    count, _, barred = lines_near(
        graph.grid, x, y, kx, ky, settings.radius_m, heading, -1.0, allowed, found
    )
    if count == 0 and settings.far_m > settings.radius_m:
        count, _, barred = lines_near(
            graph.grid, x, y, kx, ky, settings.far_m, heading, -1.0, allowed, found
        )
    first = used
    least = np.inf
    for j in range(count):
        piece, edge = found.line[j], graph.piece_edge[found.line[j]]
        hidden = False
        for i in range(count):
            if i != j and abs(found.line[i] - piece) == 1:
                nearer = found.distance[i] < found.distance[j]
                tied = found.distance[i] == found.distance[j] and i < j
                if graph.piece_edge[found.line[i]] == edge and (nearer or tied):
                    hidden = True
        if hidden:
            continue
        step = found.edge[j]
        along = graph.step_m[step] + found.along[j] * graph.step_length_m[step]
        cost = emission_cost(found.distance[j], sigma, settings.tail)
        for back in range(2):
            arc = 2 * edge + back
            if not graph.open[arc]:
                continue
            turned = 0.0
            if found.cosine[j] == found.cosine[j]:
                facing = -found.cosine[j] if back else found.cosine[j]
                turned = settings.heading_weight * (1.0 - facing)
            states.arc[used] = arc
            states.along_m[used] = graph.length_m[edge] - along if back else along
            states.offset_m[used] = found.distance[j]
            states.emission[used] = cost + turned
            least = min(least, cost + turned)
            used += 1
    kept = first
    for k in range(first, used):
        if states.emission[k] <= least + settings.worst:
            states.arc[kept], states.along_m[kept] = states.arc[k], states.along_m[k]
            states.offset_m[kept], states.emission[kept] = states.offset_m[k], states.emission[k]
            kept += 1
    return kept, barred
