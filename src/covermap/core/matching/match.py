"""Tracks to the graph: where each sample lies, how sure that is, and the path travelled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, metres_per_degree_lat, metres_per_degree_lon
from covermap.core.matching.graph import Flags, Graph
from covermap.core.matching.routes import Routes, routes_of
from covermap.core.matching.settings import MatchSettings
from covermap.core.matching.steps import step_cost, write_step
from covermap.core.matching.viterbi import (
    NO_POSITION,
    NOT_TRAVELLED,
    beta_at,
    longest_route,
    solve,
)


class Path(NamedTuple):
    """What was travelled, in order: pieces of arcs. Of another length than the samples."""

    arc: Ints
    """Edge ``arc // 2``, as drawn if even, against it if odd."""
    from_m: Floats
    """Metres from where the arc begins, in the direction of travel."""
    to_m: Floats
    sample: Ints
    """The sample that the piece leads to, from the one before it on the same leg."""
    probability: Floats
    """That the piece was travelled, given all samples of its leg."""


class Match(NamedTuple):
    """Where each sample lies; arrays as long as the samples, then the path."""

    line: Ints
    """-1: on none."""
    edge: Ints
    along: Floats
    """Place on the edge as drawn, 0-1."""
    chainage_m: Floats
    offset_m: Floats
    direction: NDArray[np.int64]
    """+1 as drawn (with the chainage), -1 against it, 0 not known."""
    probability: Floats
    """That the sample was on this line, given all samples of its leg."""
    other_line: Ints
    """The next most likely line; -1: there is none."""
    other_probability: Floats
    reason: Ints
    """Index into ``viterbi.REASONS``."""
    leg: Ints
    """Number of the connected piece of the path; -1: on none."""
    path: Path


def match_tracks(
    graph: Graph, lon: Floats, lat: Floats, time_s: Floats | None = None,
    run: Ints | None = None, heading_deg: Floats | None = None, error_m: Floats | None = None,
    allowed: Flags | None = None, settings: MatchSettings | None = None,
    routes: Routes | None = None,
) -> Match:  # fmt: skip
    """Match samples to a graph, run by run.

    Parameters
    ----------
    graph
        See :func:`~covermap.core.matching.graph.graph_of_edges` and ``lines.graph_of_lines``.
    lon, lat
        Positions, degrees WGS-84, shape (n,); NaN: not known (reason `no_position`).
    time_s
        Seconds on any clock, ascending within a run; NaN or None: not known.
    run
        Number of the run of each sample; runs are contiguous. A run of its own for each sample
        matches point by point. None: one run.
    heading_deg
        Direction of travel, degrees clockwise from north; NaN or None: not known.
    error_m
        Standard error of each position, m; NaN or None: the settings' `sigma_m`.
    allowed
        For each line, whether these samples can be on it (reason `class` otherwise).
    settings
        See :class:`MatchSettings`.
    routes
        Routes remembered from an earlier call with the same graph; changes no result.

    Returns
    -------
    Match
        Samples on no line keep a reason. Track between two legs is in no path: it is not known to
        have been travelled.
    """
    n = len(lon)
    settings = settings or MatchSettings()
    x, y = (np.ascontiguousarray(a, np.float64) for a in (lon, lat))
    sigma = np.full(n, settings.sigma_m) if error_m is None else np.asarray(error_m, np.float64)
    sigma = np.where(np.isnan(sigma), settings.sigma_m, np.maximum(sigma, 0.5))
    lines = np.ones(int(graph.line.max(initial=-1)) + 1, np.bool_) if allowed is None else allowed
    made = _match_runs(
        graph, routes or routes_of(graph), x, y, metres_per_degree_lon(y),
        metres_per_degree_lat(y), _or_nan(time_s, n), _or_nan(heading_deg, n), sigma,
        _starts(run, n), np.asarray(lines, np.bool_)[graph.line[graph.piece_edge]], settings,
    )  # fmt: skip
    edge, along_m, offset, direction, odds, other, other_odds, reason, leg = made[0]
    on = edge >= 0
    at = np.maximum(edge, 0)
    if len(graph.line):
        line = np.where(on, graph.line[at], -1)
        along = np.where(on, along_m / np.maximum(graph.length_m[at], 1e-9), np.nan)
        chainage = np.where(on, graph.from_m[at] + along_m, np.nan)
    else:
        line, along, chainage = edge, along_m, along_m
    return Match(
        line, edge, along, chainage, offset, direction, odds, other, other_odds, reason, leg,
        Path(*made[1]),
    )  # fmt: skip


def _or_nan(values: Floats | None, n: int) -> Floats:
    return np.full(n, np.nan) if values is None else np.asarray(values, np.float64)


def _starts(run: Ints | None, n: int) -> Ints:
    """Where each run begins, and the end of the last."""
    if run is None or n == 0:
        return np.array([0, n] if n else [0], np.int64)
    return np.r_[0, np.flatnonzero(run[1:] != run[:-1]) + 1, n].astype(np.int64)


@njit(cache=True)
def _more(array, used):  # type: ignore[no-untyped-def]
    made = np.empty(2 * len(array), array.dtype)
    made[:used] = array[:used]
    return made


@njit(cache=True)
def _thinned(x, y, kx, ky, sigma, start, stop, thin, reason, kept):  # type: ignore[no-untyped-def]
    """Find the samples that move on; for the others, the one before that they belong to."""
    samples = np.empty(stop - start, np.int64)
    count = 0
    for i in range(start, stop):
        if not (np.isfinite(x[i]) and np.isfinite(y[i])):
            reason[i] = NO_POSITION
            continue
        if count > 0:
            last = samples[count - 1]
            if np.hypot((x[i] - x[last]) * kx[i], (y[i] - y[last]) * ky[i]) < thin * sigma[i]:
                kept[i] = last
                continue
        samples[count] = i
        count += 1
    return samples[:count]


@njit(cache=True)
def _line_odds(graph, states, posterior, b0, b1, chosen):  # type: ignore[no-untyped-def]
    """Probability of the chosen state's line; the next most likely line and its probability."""
    line = graph.line[states.arc[chosen] >> 1]
    own, other, most = 0.0, -1, 0.0
    for j in range(b0, b1):
        at = graph.line[states.arc[j] >> 1]
        if at == line:
            own += posterior[j]
            continue
        total, seen = 0.0, False
        for i in range(b0, b1):
            if graph.line[states.arc[i] >> 1] == at:
                total += posterior[i]
                seen = seen or i < j
        if not seen and (total > most or (total == most and at < other)):
            other, most = at, total
    if other < 0:
        return 1.0, other, np.nan
    return min(own, 1.0), other, most


@njit(cache=True)
def _nearest_on(graph, x, y, kx, ky, arc, low, high):  # type: ignore[no-untyped-def]
    """Foot of a point on the part `low` to `high` of an arc: distance and metres along the arc."""
    edge = arc >> 1
    whole = graph.length_m[edge]
    if arc & 1:
        low, high = whole - high, whole - low
    best, at = np.inf, low
    grid = graph.grid
    for s in range(graph.first_step[edge], graph.first_step[edge + 1]):
        length = graph.step_length_m[s]
        t0 = (low - graph.step_m[s]) / length if length > 0.0 else 0.0
        t1 = (high - graph.step_m[s]) / length if length > 0.0 else 0.0
        if t1 < 0.0 or t0 > 1.0:
            continue
        ax, ay = (grid.x1[s] - x) * kx, (grid.y1[s] - y) * ky
        dx, dy = (grid.x2[s] - grid.x1[s]) * kx, (grid.y2[s] - grid.y1[s]) * ky
        square = dx * dx + dy * dy
        t = 0.0 if square == 0.0 else -(ax * dx + ay * dy) / square
        t = min(min(1.0, t1), max(max(0.0, t0), t))
        distance = np.hypot(ax + t * dx, ay + t * dy)
        if distance < best:
            best, at = distance, graph.step_m[s] + t * length
    return best, whole - at if arc & 1 else at


@njit(cache=True)
def _match_runs(  # type: ignore[no-untyped-def]
    graph, routes, x, y, kx, ky, time, heading, sigma, starts, allowed, settings
):
    n = len(x)
    edge, along = np.full(n, -1, np.int64), np.full(n, np.nan)
    offset, direction = np.full(n, np.nan), np.zeros(n, np.int64)
    odds, other, other_odds = np.full(n, np.nan), np.full(n, -1, np.int64), np.full(n, np.nan)
    reason, leg = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    kept = np.full(n, -1, np.int64)
    p_arc, p_from = np.empty(n + 16, np.int64), np.empty(n + 16)
    p_to, p_sample = np.empty(n + 16), np.empty(n + 16, np.int64)
    p_odds = np.empty(n + 16)
    begins, ends = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    nodes = len(graph.first_out) + 3
    path_room, t_arc = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    t_from, t_to = np.empty(nodes), np.empty(nodes)
    after = np.full(n, -1, np.int64)
    used, legs = 0, 0
    for r in range(len(starts) - 1):
        samples = _thinned(
            x, y, kx, ky, sigma, starts[r], starts[r + 1], settings.thin, reason, kept
        )
        columns, sample, leg_of, chosen, first, states, posterior = solve(
            graph, routes, x, y, kx, ky, time, heading, sigma, samples, allowed, settings, reason
        )
        place = 0.0
        for c in range(columns):
            s, j = sample[c], chosen[c]
            joined = c > 0 and leg_of[c - 1] == leg_of[c]
            lonely = not joined and (c + 1 == columns or leg_of[c + 1] != leg_of[c])
            if lonely and columns > 1:
                reason[s] = NOT_TRAVELLED
                continue
            arc, at = states.arc[j], states.along_m[j]
            if joined:
                b, i = sample[c - 1], chosen[c - 1]
                straight = np.hypot((x[s] - x[b]) * kx[s], (y[s] - y[b]) * ky[s])
                longest = longest_route(
                    straight, time[s] - time[b], max(sigma[s], sigma[b]), settings
                )
                _, how, _ = step_cost(
                    graph, routes, states.arc[i], states.along_m[i], arc, at, straight,
                    beta_at(straight, settings), longest, settings,
                )  # fmt: skip
                count = write_step(
                    graph, routes, states.arc[i], place, arc, at, how, longest, path_room,
                    t_arc, t_from, t_to,
                )  # fmt: skip
                while used + count > len(p_arc):
                    p_arc, p_from = _more(p_arc, used), _more(p_from, used)
                    p_to, p_sample = _more(p_to, used), _more(p_sample, used)
                    p_odds = _more(p_odds, used)
                begins[s], ends[s] = used, used + count
                for k in range(count):
                    p_arc[used], p_from[used], p_to[used] = t_arc[k], t_from[k], t_to[k]
                    p_sample[used] = s
                    p_odds[used] = min(posterior[i], posterior[j])
                    used += 1
                at = p_to[used - 1]
                after[b] = s
            place = at
            whole = graph.length_m[arc >> 1]
            edge[s] = arc >> 1
            along[s] = whole - at if arc & 1 else at
            offset[s] = states.offset_m[j]
            only_way = not graph.open[arc ^ 1]
            if not lonely or only_way or heading[s] == heading[s]:
                direction[s] = -1 if arc & 1 else 1
            odds[s], other[s], other_odds[s] = _line_odds(
                graph, states, posterior, first[c], first[c + 1], j
            )
            leg[s] = legs + leg_of[c] - 1
        legs += leg_of[columns - 1] if columns > 0 else 0
        for s in range(starts[r], starts[r + 1]):
            b = kept[s]
            if b < 0:
                continue
            reason[s] = reason[b]
            if edge[b] < 0:
                continue
            if after[b] >= 0:
                low, high = begins[after[b]], ends[after[b]]
                best = np.inf
                for k in range(low, high):
                    far, at = _nearest_on(
                        graph, x[s], y[s], kx[s], ky[s], p_arc[k], p_from[k], p_to[k]
                    )
                    if far < best:
                        best, arc, spot = far, p_arc[k], at
                offset[s] = best
            else:
                arc = 2 * edge[b] + (1 if direction[b] < 0 else 0)
                whole = graph.length_m[edge[b]]
                spot = whole - along[b] if direction[b] < 0 else along[b]
                offset[s], spot = _nearest_on(
                    graph, x[s], y[s], kx[s], ky[s], arc, max(0.0, spot - 2.0 * settings.back_m),
                    min(whole, spot + 2.0 * settings.back_m),
                )  # fmt: skip
            edge[s] = arc >> 1
            along[s] = graph.length_m[arc >> 1] - spot if arc & 1 else spot
            direction[s] = 0 if direction[b] == 0 else (-1 if arc & 1 else 1)
            odds[s], other[s], other_odds[s] = odds[b], other[b], other_odds[b]
            leg[s] = leg[b]
    return (
        (edge, along, offset, direction, odds, other, other_odds, reason, leg),
        (p_arc[:used], p_from[:used], p_to[:used], p_sample[:used], p_odds[:used]),
    )
