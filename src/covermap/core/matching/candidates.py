"""Where a sample may have been: arcs near it, with what each costs (minus log likelihood)."""

from __future__ import annotations

import numpy as np
from numba import njit

from covermap.core.lines.nearest import lines_near
from covermap.core.matching.cells import REACH_M, cell_at, metres_at, steps_in
from covermap.core.matching.graph import LENGTH_M, PIECE, START_M, WAYS, X1, X2, Y1, Y2
from covermap.core.matching.layout import ALONG, ARC, EMISSION, OFFSET
from covermap.core.matching.lean import lean

MOST_FEET = 32
"""Pieces of edges near a sample at most; the farthest are let go where there are more."""
MOST_STATES = 2 * MOST_FEET
"""States of one sample at most: both directions of each piece."""
FOOT_PIECE, FOOT_STEP, FOOT_SQUARE, FOOT_SHARE = range(4)


@njit(cache=True)
def grown(array, used):  # type: ignore[no-untyped-def]
    """Give the first `used` rows with room for twice as many."""
    made = np.empty((2 * len(array), *array.shape[1:]), array.dtype)
    made[:used] = array[:used]
    return made


@lean
def emission_cost(offset_m, sigma_m, tail):  # type: ignore[no-untyped-def]
    """Minus log likelihood of an offset: Gaussian, and beyond `tail` sigmas linear (Huber).

    Errors of real receivers have heavier tails than a Gaussian and come in bursts; with the
    Gaussian alone one such burst would outweigh everything else that is known.
    """
    z = offset_m / sigma_m
    return 0.5 * z * z if z <= tail else tail * (z - 0.5 * tail)


@lean
def feet(step, near, begin, end, x, y, kx, ky, radius, everywhere, allowed, foot):  # type: ignore[no-untyped-def]
    """Find the nearest place on each piece within a radius; steps `near[begin:end]` ascend.

    Gives how many were written to `foot`, and whether a piece was barred.
    """
    count, slot, last, barred = 0, -1, -1.0, False
    most = radius * radius
    for k in range(begin, end):
        s = near[k]
        ax, ay = (step[s, X1] - x) * kx, (step[s, Y1] - y) * ky
        dx, dy = (step[s, X2] - step[s, X1]) * kx, (step[s, Y2] - step[s, Y1]) * ky
        square = dx * dx + dy * dy
        t = 0.0 if square == 0.0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / square))
        ax, ay = ax + t * dx, ay + t * dy
        off = ax * ax + ay * ay
        if off > most:
            continue
        piece = step[s, PIECE]
        if not everywhere and not allowed[int(piece)]:
            barred = True
            continue
        if piece != last:
            last, slot = piece, count
            if count < MOST_FEET:
                count += 1
            else:
                slot = 0
                for i in range(1, count):
                    if foot[i, FOOT_SQUARE] > foot[slot, FOOT_SQUARE]:
                        slot = i
                if off >= foot[slot, FOOT_SQUARE]:
                    last, slot = -1.0, -1
                    continue
        elif off >= foot[slot, FOOT_SQUARE]:
            continue
        foot[slot, FOOT_PIECE], foot[slot, FOOT_STEP] = piece, s
        foot[slot, FOOT_SQUARE], foot[slot, FOOT_SHARE] = off, t
    return count, barred


@lean
def far_feet(grid, x, y, kx, ky, radius, allowed, found, foot):  # type: ignore[no-untyped-def]
    """Do the same for any radius, by a search."""
    count, _, barred = lines_near(grid, x, y, kx, ky, radius, np.nan, -1.0, allowed, found)
    for j in range(count):
        foot[j, FOOT_PIECE], foot[j, FOOT_STEP] = found.line[j], found.edge[j]
        foot[j, FOOT_SQUARE], foot[j, FOOT_SHARE] = found.distance[j] ** 2, found.along[j]
    return count, barred


@lean
def _hidden(step, foot, count, j):  # type: ignore[no-untyped-def]
    """Say whether the foot is just where its piece ends, and the piece beyond has a nearer one.

    A foot amid a piece stays: where an edge comes back beside itself, pieces that follow each other
    can both be near.
    """
    s, piece = int(foot[j, FOOT_STEP]), foot[j, FOOT_PIECE]
    for i in (j - 1, j + 1):
        if i < 0 or i >= count or foot[i, FOOT_PIECE] - piece != i - j:
            continue
        beyond = s + i - j
        at_end = foot[j, FOOT_SHARE] == (0.0 if i < j else 1.0)
        if not at_end or step[beyond, PIECE] == piece:
            continue
        nearer = foot[i, FOOT_SQUARE] < foot[j, FOOT_SQUARE]
        nearer = nearer or (foot[i, FOOT_SQUARE] == foot[j, FOOT_SQUARE] and i < j)
        if nearer and step[beyond, WAYS] == step[s, WAYS]:
            return True
    return False


@lean
def states_at(  # type: ignore[no-untyped-def]
    step, length_m, foot, count, x, y, kx, ky, heading, sigma, settings, state, used
):
    """Write the states of one sample from `used` on; give where they end.

    There must be room for `MOST_STATES` more.
    """
    first, least, nearest = used, np.inf, np.inf
    for j in range(count):
        nearest = min(nearest, foot[j, FOOT_SQUARE])
    worst = emission_cost(np.sqrt(nearest), sigma, settings.tail) + settings.worst
    sine = cosine = np.nan
    if heading == heading:
        sine, cosine = np.sin(np.radians(heading)), np.cos(np.radians(heading))
    for j in range(count):
        if count > 1 and _hidden(step, foot, count, j):
            continue
        s = int(foot[j, FOOT_STEP])
        ways = int(step[s, WAYS])
        edge = ways >> 2
        along = step[s, START_M] + foot[j, FOOT_SHARE] * step[s, LENGTH_M]
        offset = np.sqrt(foot[j, FOOT_SQUARE])
        emission = emission_cost(offset, sigma, settings.tail)
        if emission > worst and sine != sine:
            continue
        facing = 1.0
        dx, dy = (step[s, X2] - step[s, X1]) * kx, (step[s, Y2] - step[s, Y1]) * ky
        if dx * (y - step[s, Y1]) * ky < dy * (x - step[s, X1]) * kx:
            offset = -offset
        if sine == sine:
            size = np.hypot(dx, dy)
            facing = (dx * sine + dy * cosine) / size if size > 0.0 else 1.0
        for back in range(2):
            if not ways & (1 + back):
                continue
            turned = 0.0
            if sine == sine:
                turned = settings.heading_weight * (1.0 + facing if back else 1.0 - facing)
            state[used, ARC], state[used, OFFSET] = 2 * edge + back, -offset if back else offset
            state[used, ALONG] = length_m[edge] - along if back else along
            state[used, EMISSION] = emission + turned
            least = min(least, emission + turned)
            used += 1
    kept = first
    for k in range(first, used):
        if state[k, EMISSION] <= least + settings.worst:
            if kept != k:
                for c in range(EMISSION + 1):
                    state[kept, c] = state[k, c]
            kept += 1
    return kept


@lean
def within_reach(radius):  # type: ignore[no-untyped-def]
    """Say whether the cells know every step within a radius."""
    return radius <= REACH_M


@lean
def candidates_at(  # type: ignore[no-untyped-def]
    grid, cells, step, length_m, x, y, heading, sigma, by_cell, everywhere, allowed, settings,
    foot, found, state, used,
):  # fmt: skip
    """Look up the states of one sample; give where they end, and whether a piece was barred.

    Where nothing is near, the search goes as far as the settings allow.
    """
    kx, ky = metres_at(cells, y)
    if by_cell:
        row, column = cell_at(cells, x, y)
        begin, end = steps_in(cells.row_start, cells.column, cells.first, row, column)
        count, barred = feet(
            step, cells.step, begin, end, x, y, kx, ky, settings.radius_m, everywhere, allowed,
            foot,
        )  # fmt: skip
    else:
        count, barred = far_feet(grid, x, y, kx, ky, settings.radius_m, allowed, found, foot)
    if count == 0 and settings.far_m > settings.radius_m:
        count, barred = far_feet(grid, x, y, kx, ky, settings.far_m, allowed, found, foot)
    return states_at(
        step, length_m, foot, count, x, y, kx, ky, heading, sigma, settings, state, used
    ), barred
