"""Tracks to the graph: where each sample lies, how sure that is, and the path travelled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.matching.cells import metres_at
from covermap.core.matching.errors import error_factor
from covermap.core.matching.graph import Flags, Graph
from covermap.core.matching.layout import LEG, NO_POSITION
from covermap.core.matching.lean import lean
from covermap.core.matching.pieces import room_for, trail_for
from covermap.core.matching.places import lay, lay_between, on_lines, spots_for
from covermap.core.matching.routes import Routes, routes_of
from covermap.core.matching.settings import MatchSettings
from covermap.core.matching.viterbi import solve, work_for

NEARLY = 1.25
"""Where errors turn out to be so many times larger or smaller, a run is matched once more."""


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
    """Index into ``layout.REASONS``."""
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
    pieces = graph.line[graph.piece_edge]
    lines = np.ones(len(pieces), np.bool_) if allowed is None else np.asarray(allowed)[pieces]
    starts = _starts(run, n)
    spots = spots_for(n)
    trail = _match_runs(
        graph, routes or routes_of(graph), x, y, _or_nan(time_s, n), _or_nan(heading_deg, n),
        sigma, error_m is not None, starts, allowed is None, lines, settings, spots,
        room_for(len(graph.tail)),
    )  # fmt: skip
    line, edge, along, chainage = on_lines(
        spots.arc, spots.at_m, graph.line, graph.length_m, graph.from_m
    )
    return Match(
        line, edge, along, chainage, spots.offset_m, spots.direction, spots.probability,
        spots.other_line, spots.other_probability, spots.reason, spots.leg, Path(*trail),
    )  # fmt: skip


def _or_nan(values: Floats | None, n: int) -> Floats:
    return np.full(n, np.nan) if values is None else np.asarray(values, np.float64)


def _starts(run: Ints | None, n: int) -> Ints:
    """Where each run begins, and the end of the last."""
    if run is None or n == 0:
        return np.array([0, n] if n else [0], np.int64)
    return np.r_[0, np.flatnonzero(run[1:] != run[:-1]) + 1, n].astype(np.int64)


@lean
def _thinned(x, y, cells, sigma, start, stop, thin, reason, kept, samples):  # type: ignore[no-untyped-def]
    """Find the samples that move on; for the others, the one before that they belong to."""
    count, last = 0, -1
    for i in range(start, stop):
        if not (np.isfinite(x[i]) and np.isfinite(y[i])):
            reason[i] = NO_POSITION
            continue
        if last >= 0:
            kx, ky = metres_at(cells, y[i])
            dx, dy = (x[i] - x[last]) * kx, (y[i] - y[last]) * ky
            near = thin * sigma[i]
            if dx * dx + dy * dy < near * near:
                kept[i] = last
                continue
        samples[count] = last = i
        count += 1
    return count


@njit(cache=True)
def _match_runs(  # type: ignore[no-untyped-def]
    graph,
    routes,
    x,
    y,
    time,
    heading,
    sigma,
    given,
    starts,
    everywhere,
    allowed,
    settings,
    spots,
    room,
):
    """Match run by run into `spots`; give the columns of the path."""
    longest = np.int64(0)
    for r in range(len(starts) - 1):
        longest = max(longest, starts[r + 1] - starts[r])
    work, trail, kept = work_for(longest), trail_for(len(x)), np.full(len(x), -1, np.int64)
    samples = np.empty(longest, np.int64)
    used, legs = np.int64(0), np.int64(0)  # a plain 0 is a type of its own: compiled once more
    for r in range(len(starts) - 1):
        start, stop = starts[r], starts[r + 1]
        count = _thinned(
            x, y, graph.cells, sigma, start, stop, settings.thin, spots.reason, kept, samples,
        )  # fmt: skip
        columns, work = solve(
            graph, routes, x, y, time, heading, sigma, samples[:count], everywhere, allowed,
            settings, spots.reason, work,
        )  # fmt: skip
        factor = error_factor(work[0], work[1], columns, sigma, given)
        if not 1.0 / NEARLY <= factor <= NEARLY:
            sigma[start:stop] *= factor
            spots.reason[start:stop] = np.where(
                spots.reason[start:stop] == NO_POSITION, NO_POSITION, 0
            )
            columns, work = solve(
                graph, routes, x, y, time, heading, sigma, samples[:count], everywhere, allowed,
                settings, spots.reason, work,
            )  # fmt: skip
        trail, used = lay(
            graph, routes, x, y, time, heading, sigma, settings, work, columns, legs, spots,
            trail, used, room,
        )  # fmt: skip
        if count < stop - start:
            lay_between(graph, x, y, start, stop, kept, settings, work, columns, spots, trail)
        legs += work[1][columns - 1, LEG] if columns > 0 else 0
    arc, sample, from_m, to_m, odds = trail
    return arc[:used], from_m[:used], to_m[:used], sample[:used], odds[:used]
