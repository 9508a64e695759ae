"""Samples with positions to lines."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from covermap.core.datum import DatumFit, to_wgs84
from covermap.core.lines.headings import STEP_M, progress_directions
from covermap.core.lines.match import (
    NOT_TRAVELLED,
    REASONS,
    SHORTEST_VISIT_M,
    Places,
    Rules,
    match_samples,
    travelled,
    visits,
)
from covermap.core.lines.nearest import nearest_edges
from covermap.core.lines.network import Network, allowed_lines
from covermap.formats.problem import Problem
from covermap.steps.match.found import Found, Track, texts
from covermap.workspace import Config

DATUM_REACH_M = 1000.0
"""Points farther from every line than this say nothing about the datum."""
DATUM_POINTS = 2000
"""At most this many points of a part are read both ways."""


def match_positions(samples: pa.Table, track: Track, network: Network, config: Config) -> Found:
    """Match each group of samples to the lines that it can be on."""
    return _placed(_match_by_antenna(samples, track, network, config), track, network, config)


def _match_by_antenna(samples: pa.Table, track: Track, network: Network, config: Config) -> Places:
    n = samples.num_rows
    made = Places(np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, np.int64))
    rules = Rules(config.matching.max_distance_m, config.matching.max_heading_difference_deg)
    group = np.char.add(np.char.add(texts(samples, "antenna"), "|"), texts(samples, "source"))
    run = np.where(track.single, np.arange(n) + 1 + track.run.max(), track.run)
    for kind in np.unique(group):
        rows = np.flatnonzero(group == kind)
        antenna, source = str(kind).split("|")
        part = match_samples(
            network.edges, track.lon[rows], track.lat[rows], track.heading_deg[rows], run[rows],
            allowed_lines(network, antenna, source), network.travel, rules,
        )  # fmt: skip
        for whole, piece in zip(made, part, strict=True):
            whole[rows] = piece
    return made


def _placed(places: Places, track: Track, network: Network, config: Config) -> Found:
    """Turn edges into chainages, drop stretches that were not travelled, find directions."""
    edges, on = network.edges, places.edge >= 0
    edge = np.where(on, places.edge, 0)
    line = np.where(on, edges.grid.line[edge], -1)
    chainage = edges.start_m[edge] + np.nan_to_num(places.along) * edges.length_m[edge]
    chainage = np.where(on, chainage, np.nan)
    visit = visits(line, track.run, places.reason)
    shortest = max(SHORTEST_VISIT_M, 2.5 * config.matching.max_distance_m)
    length = network.length_m[np.maximum(line, 0)]
    good = (travelled(chainage, visit, length, shortest) | track.single) & on
    reason = np.array(REASONS, object)[np.where(on & ~good, NOT_TRAVELLED, places.reason)]
    reason[good] = None
    direction = np.zeros(len(line), np.int64)
    moving = np.flatnonzero(good & ~track.single)
    direction[moving] = progress_directions(chainage[moving], visit[moving], STEP_M)
    return Found(
        line=np.where(good, line, -1),
        chainage_m=np.where(good, chainage, np.nan),
        offset_m=np.where(good, places.offset_m, np.nan),
        direction=direction,
        probability=np.where(good, 1.0, np.nan),
        error_m=np.where(good, track.error_m, np.nan),
        basis=np.where(track.fix, "gps", "between_fixes").astype(object),
        other=np.full(len(line), -1),
        other_probability=np.full(len(line), np.nan),
        reason=reason,
    )


def about_points(track: Track) -> list[Problem]:
    """Say how many samples were matched without regard to their neighbours."""
    count = int(track.single.sum())
    if not count:
        return []
    first = int(np.flatnonzero(track.single)[0])
    return [Problem("matched_point_by_point", count, None, f"sample {first}", "declared")]


def suspect_datum(track: Track, network: Network) -> list[Problem]:
    """Say so when the positions fit the lines much better read as GCJ-02."""
    known = np.flatnonzero(~np.isnan(track.lon))
    if not len(known):
        return []
    rows = known[:: max(1, len(known) // DATUM_POINTS)]
    lon, lat = track.lon[rows], track.lat[rows]
    medians = {}
    for datum in ("wgs84", "gcj02"):
        x, y = (lon, lat) if datum == "wgs84" else to_wgs84(lon, lat, datum)
        distance = nearest_edges(network.edges.grid, x, y, DATUM_REACH_M).distance_m
        medians[datum] = float(np.median(np.nan_to_num(distance, nan=DATUM_REACH_M)))
    fit = DatumFit(medians, len(rows))
    if not fit.contradicts("wgs84"):
        return []
    text = (
        f"median distance to the nearest line {medians['wgs84']:.0f} m as declared, "
        f"{medians['gcj02']:.0f} m read as GCJ-02 ({len(rows)} points)"
    )
    return [Problem("likely_gcj02", len(known), None, text, "declared")]
