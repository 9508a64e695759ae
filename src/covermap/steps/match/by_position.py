"""Samples with positions to lines, run by run; samples between positions along the path found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from covermap.core.geodesy import Ints
from covermap.core.lines.network import Network, allowed_lines
from covermap.core.matching.layout import REASONS
from covermap.core.matching.match import Match, match_tracks
from covermap.core.matching.settings import MatchSettings
from covermap.core.placing.believed import Limits, along_axis, believe
from covermap.core.placing.between import (
    APART,
    OFF_LINE,
    OUTSIDE,
    PLACED,
    TOO_FAST,
    Between,
    Fixes,
    place_between,
)
from covermap.core.placing.points import Alone, match_points
from covermap.core.placing.portals import doubtful, tunnels_on
from covermap.core.placing.way import ways_of
from covermap.steps.match.found import Flags, Found, Track, nothing_found
from covermap.workspace import Config

DRAWN_SHARE = 0.1
"""A declared distance of so many metres to a line says that it is drawn as badly as this share of
it (standard error): lines drawn to a metre are declared with less."""
WHY = {OUTSIDE: "no_position", APART: "not_travelled", TOO_FAST: "too_fast"}
"""Reasons of samples between fixes; one beside a fix on no line has that fix's reason."""


def match_positions(samples: pa.Table, track: Track, network: Network, config: Config) -> Found:
    """Match each group of samples to the lines that it can be on."""
    found = nothing_found(samples.num_rows)
    for rows, allowed in _groups(samples, network):
        single = rows[track.single[rows]]
        _write_points(found, single, track, network, config, allowed)
        _write_runs(found, rows[~track.single[rows]], track, network, config, allowed)
    return found


def _groups(samples: pa.Table, network: Network) -> Iterator[tuple[Ints, Flags]]:
    """Give the samples of each antenna and source, and the lines that they can be on."""
    coded = [samples.column(c).combine_chunks().dictionary_encode() for c in ("antenna", "source")]
    antenna, source = (c.indices.to_numpy(zero_copy_only=False) for c in coded)
    antennas, sources = (c.dictionary.to_pylist() for c in coded)
    for a in range(len(antennas)):
        for s in range(len(sources)):
            rows = np.flatnonzero((antenna == a) & (source == s))
            if len(rows):
                yield rows, allowed_lines(network, str(antennas[a]), str(sources[s]))


def _settings(config: Config) -> MatchSettings:
    distance = config.matching.max_distance_m
    return MatchSettings(radius_m=distance, far_m=distance)


def _sigma_m(track: Track, rows: Ints, config: Config) -> np.ndarray:
    return np.maximum(track.error_m[rows], DRAWN_SHARE * config.matching.max_distance_m)


def _write_runs(
    found: Found, rows: Ints, track: Track, network: Network, config: Config, allowed: Flags
) -> None:
    """Match runs, leave aside what does not go along a line, and place what is between fixes."""
    if not len(rows):
        return
    lon, lat, graph = track.lon[rows], track.lat[rows], network.graph
    match = match_tracks(
        graph, lon, lat, track.time_s[rows], track.run[rows], track.heading_deg[rows],
        _sigma_m(track, rows, config), allowed, _settings(config), network.routes,
    )  # fmt: skip
    ways = ways_of(graph, match)
    limits = Limits(config.matching.max_distance_m, config.matching.max_heading_difference_deg)
    belief = believe(graph, match, ways, lon, lat, network.length_m, limits)
    reason = np.array(REASONS, object)[match.reason]
    reason[match.leg >= 0] = "not_travelled"
    reason[belief.turned & (match.leg >= 0)] = "heading"
    time_s = track.time_s[rows]
    tunnels = tunnels_on(graph, match, ways, network.tunnels)
    doubt = doubtful(tunnels, ways.sample_m, match.leg, time_s, belief.good)
    good, known = belief.good & ~doubt, track.known[rows] & ~doubt
    _write(found, rows, match, good, reason, track)
    fixes = Fixes(track.run[rows], time_s, known, good, track.error_m[rows])
    gaps = place_between(
        graph, match, ways, fixes, np.flatnonzero(~known), network.fastest_mps, tunnels
    )
    _write_between(found, rows, gaps)


def _write(
    found: Found, rows: Ints, match: Match, good: Flags, reason: np.ndarray, track: Track
) -> None:
    rival = good & (match.other_line >= 0)
    found.line[rows] = np.where(good, match.line, -1)
    found.chainage_m[rows] = np.where(good, match.chainage_m, np.nan)
    found.offset_m[rows] = np.where(good, match.offset_m, np.nan)
    found.direction[rows] = match.direction
    found.probability[rows] = np.where(good, match.probability, np.nan)
    found.error_m[rows] = np.where(good, track.error_m[rows], np.nan)
    found.basis[rows] = "gps"
    found.other[rows] = np.where(rival, match.other_line, -1)
    found.other_probability[rows] = np.where(rival, match.other_probability, np.nan)
    reason[good] = None
    found.reason[rows] = reason


def _write_between(found: Found, rows: Ints, gaps: Between) -> None:
    """Write samples between fixes, `rows` being all that were matched."""
    at, placed, on = rows[gaps.rows], gaps.state == PLACED, gaps.on
    found.line[at] = np.where(placed, on.line, -1)
    found.chainage_m[at] = np.where(placed, on.chainage_m, np.nan)
    found.offset_m[at] = np.where(placed, 0.0, np.nan)
    found.direction[at] = on.direction
    found.probability[at] = np.where(placed, on.probability, np.nan)
    found.error_m[at] = np.where(placed, gaps.error_m, np.nan)
    found.basis[at] = "between_fixes"
    why = np.array([WHY.get(k) for k in range(TOO_FAST + 1)], object)[gaps.state]
    beside = np.flatnonzero(gaps.state == OFF_LINE)
    before, after = (found.reason[rows[side[beside]]] for side in (gaps.before, gaps.after))
    why[beside] = np.where(before == None, after, before)  # noqa: E711 (elementwise)
    found.reason[at] = why


def _write_points(
    found: Found, rows: Ints, track: Track, network: Network, config: Config, allowed: Flags
) -> None:
    """Match samples one by one; those whose line runs another way are on none."""
    if not len(rows):
        return
    how = Alone(network.graph, allowed, _settings(config), network.routes)
    match = match_points(
        how, track.lon[rows], track.lat[rows], track.heading_deg[rows], track.axis_deg[rows],
        _sigma_m(track, rows, config),
    )  # fmt: skip
    heading = track.heading_deg[rows]
    axis = np.where(np.isnan(heading), track.axis_deg[rows], heading)
    fits = along_axis(network.graph, match, axis, config.matching.max_heading_difference_deg)
    reason = np.array(REASONS, object)[match.reason]
    reason[~fits] = "heading"
    _write(found, rows, match, (match.line >= 0) & fits, reason, track)
