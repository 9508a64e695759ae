"""Match: samples of one part to lines, and their counts per segment, run and direction.

What may be on what: samples taken in a train (antenna `in-train`) lie on railways only; all others
lie on roads and waterways, and on railways only where the workspace has no road at all. Fixed
probes do not travel along lines and are on none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.datum import DatumFit, to_wgs84
from covermap.core.geodesy import Floats, Ints
from covermap.core.judging.histogram import count_bins
from covermap.core.lines.headings import STEP_M, headings_deg, progress_directions
from covermap.core.lines.marks import Stamps, chainages_between, place_by_marks, station_key
from covermap.core.lines.match import (
    MATCHED,
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
from covermap.core.lines.network import (
    Network,
    allowed_lines,
    network_of,
    railway_stations,
    segments_at,
)
from covermap.formats.problem import Problem
from covermap.store import Tables
from covermap.tables import MATCHED as MATCHED_TABLE
from covermap.tables import SEGMENT_EVIDENCE, conform, empty, in_order
from covermap.workspace import Config

__all__ = ["Matched", "Network", "load_network", "match_part"]

DATUM_REACH_M = 1000.0
"""Points farther from every line than this say nothing about the datum."""
DATUM_POINTS = 2000
"""At most this many points of a part are read both ways."""

Objects = NDArray[np.object_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Matched:
    """Where the samples of a part lie, what that is evidence of, and what was found."""

    matched: pa.Table
    evidence: pa.Table
    problems: list[Problem]


def load_network(tables: Tables) -> Network:
    """Read lines, segments and stations into a network."""
    return network_of(tables.read("lines"), tables.read("segments"), tables.read("stations"))


def match_part(samples: pa.Table, network: Network, config: Config) -> Matched:
    """Match the samples of one part, and count them per segment, run and direction.

    Parameters
    ----------
    samples
        Rows of ``tables.SAMPLES`` in key order.
    network
        See :func:`load_network`.
    config
        `matching` (distance, heading) and `positions.max_error_m`.

    Returns
    -------
    Matched
        `matched` has every sample of the part; `evidence` counts those on a line.
    """
    if samples.num_rows == 0 or len(network.line_id) == 0:
        return _nothing_to_match(samples)
    track = _track(samples, config)
    heading = _headings(samples, track)
    places = _match_by_antenna(samples, track, heading, network, config)
    found = _placed(places, track, network, config)
    problems = _about_points(track)
    problems += _place_marks(samples, network, found)
    problems += _suspect_datum(track, network)
    matched = _matched_table(samples, found, network)
    return Matched(matched, _evidence(samples, matched), problems)


def _nothing_to_match(samples: pa.Table) -> Matched:
    nothing = pa.nulls(samples.num_rows)
    made = samples.select(["run_id", "seq"]).append_column("line_id", nothing.cast(pa.string()))
    made = made.append_column("reason", pa.repeat(pa.scalar("too_far"), samples.num_rows))
    return Matched(conform(made, MATCHED_TABLE), empty(SEGMENT_EVIDENCE), [])


# --- the track -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Track:
    """Positions that are known well enough (else NaN), in the order of the samples."""

    lon: Floats
    lat: Floats
    run: Ints
    single: Flags
    """Matched on its own: the input has no time, or is a crowd's, so neighbours say nothing."""


def _track(samples: pa.Table, config: Config) -> _Track:
    lon, lat = (_floats(samples, c) for c in ("lon", "lat"))
    lost = _texts(samples, "position_basis") == "lost"
    known = ~lost & (_floats(samples, "position_error_m") <= config.positions.max_error_m)
    run = np.unique(_texts(samples, "run_id"), return_inverse=True)[1].astype(np.int64)
    untimed = samples.column("time").is_null().to_numpy()
    single = untimed | (_texts(samples, "source") == "app")
    return _Track(np.where(known, lon, np.nan), np.where(known, lat, np.nan), run, single)


def _floats(samples: pa.Table, column: str) -> Floats:
    made: Floats = samples.column(column).cast(pa.float64()).to_numpy()
    return made


def _texts(samples: pa.Table, column: str) -> NDArray[np.str_]:
    made: NDArray[np.str_] = samples.column(column).to_numpy(zero_copy_only=False).astype(str)
    return made


def _headings(samples: pa.Table, track: _Track) -> Floats:
    """Direction of travel: from positions in a run with times; else as reported; else NaN."""
    reported = _floats(samples, "heading_deg")
    own = headings_deg(track.lon, track.lat, track.run)
    own[samples.column("time").is_null().to_numpy()] = np.nan
    return np.where(np.isnan(own), reported, own)


# --- by position ---------------------------------------------------------------------------------


def _match_by_antenna(
    samples: pa.Table, track: _Track, heading: Floats, network: Network, config: Config
) -> Places:
    """Match each group of samples to the lines that it can be on."""
    n = samples.num_rows
    made = Places(np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, np.int64))
    rules = Rules(config.matching.max_distance_m, config.matching.max_heading_difference_deg)
    group = np.char.add(np.char.add(_texts(samples, "antenna"), "|"), _texts(samples, "source"))
    run = np.where(track.single, np.arange(n) + 1 + track.run.max(), track.run)
    for kind in np.unique(group):
        rows = np.flatnonzero(group == kind)
        antenna, source = str(kind).split("|")
        part = match_samples(
            network.edges, track.lon[rows], track.lat[rows], heading[rows], run[rows],
            allowed_lines(network, antenna, source), network.travel, rules,
        )  # fmt: skip
        for whole, piece in zip(made, part, strict=True):
            whole[rows] = piece
    return made


@dataclass
class _Found:
    """Line number (-1: none), chainage, distance, direction and reason of each sample."""

    line: Ints
    chainage_m: Floats
    offset_m: Floats
    direction: Ints
    reason: Objects


def _placed(places: Places, track: _Track, network: Network, config: Config) -> _Found:
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
    reason = np.where(on & ~good, NOT_TRAVELLED, places.reason)
    direction = np.zeros(len(line), np.int64)
    moving = np.flatnonzero(good & ~track.single)
    direction[moving] = progress_directions(chainage[moving], visit[moving], STEP_M)
    return _Found(
        np.where(good, line, -1),
        np.where(good, chainage, np.nan),
        np.where(good, places.offset_m, np.nan),
        direction,
        np.array(REASONS, object)[reason],
    )


def _about_points(track: _Track) -> list[Problem]:
    count = int(track.single.sum())
    if not count:
        return []
    first = int(np.flatnonzero(track.single)[0])
    return [Problem("matched_point_by_point", count, None, f"sample {first}", "declared")]


# --- by marks ------------------------------------------------------------------------------------


def _place_marks(samples: pa.Table, network: Network, found: _Found) -> list[Problem]:
    """Place the samples without position of runs that have station marks."""
    lost = _texts(samples, "position_basis") == "lost"
    marked = samples.column("mark").is_valid().to_numpy()
    timed = samples.column("time").is_valid().to_numpy()
    runs = _texts(samples, "run_id")
    time_s = samples.column("time").cast(pa.int64()).fill_null(0).to_numpy() / 1000.0
    problems: list[Problem] = []
    for run in np.unique(runs[lost & marked & timed]):
        rows = np.flatnonzero((runs == run) & timed)
        problems += _place_run(samples, network, found, rows, lost, time_s)
    return problems


def _place_run(
    samples: pa.Table, network: Network, found: _Found, rows: Ints, lost: Flags, time_s: Floats
) -> list[Problem]:
    marks = samples.column("mark").take(pa.array(rows)).to_pylist()
    stamped = [k for k, mark in enumerate(marks) if mark is not None]
    keys = [station_key(marks[k]) for k in stamped]
    course = place_by_marks(Stamps(keys, time_s[rows[stamped]]), railway_stations(network))
    rows = rows[lost[rows]]
    if course is None:
        found.reason[rows] = "no_line_for_marks"
        run = samples.column("run_id")[int(rows[0])].as_py()
        return [Problem("no_line_for_marks", len(rows), None, f"{run}: {keys[0]}", "kept")]
    chainage, direction = chainages_between(course, time_s[rows])
    inside = ~np.isnan(chainage)
    found.reason[rows] = np.where(inside, REASONS[MATCHED], "outside_marks")
    found.line[rows] = np.where(inside, course.line, -1)
    found.chainage_m[rows] = chainage
    found.offset_m[rows] = np.where(inside, 0.0, np.nan)
    found.direction[rows] = direction
    if not course.unknown:
        return []
    known = set(network.stations.loc[network.stations["line"] == course.line, "key"])
    example = next(marks[k] for k, key in zip(stamped, keys, strict=True) if key not in known)
    return [Problem("unknown_mark", course.unknown, None, str(example), "kept")]


# --- results -------------------------------------------------------------------------------------


def _matched_table(samples: pa.Table, found: _Found, network: Network) -> pa.Table:
    on = found.line >= 0
    made = pa.table(
        {
            "run_id": samples.column("run_id"),
            "seq": samples.column("seq"),
            "line_id": pa.array(network.line_id[np.maximum(found.line, 0)], mask=~on),
            "segment": pa.array(segments_at(network, found.line, found.chainage_m), mask=~on),
            "chainage_m": pa.array(found.chainage_m, mask=~on),
            "offset_m": pa.array(found.offset_m, mask=~on),
            "direction": pa.array(found.direction, mask=~on),
            "reason": pa.array(found.reason, pa.string(), mask=on),
        }
    )
    return in_order(conform(made, MATCHED_TABLE), MATCHED_TABLE)


def _evidence(samples: pa.Table, matched: pa.Table) -> pa.Table:
    """Count the samples on lines; `matched` is in the order of the samples."""
    columns = ("line_id", "segment", "direction")
    joined = samples
    for name in columns:
        joined = joined.append_column(name, matched.column(name))
    joined = joined.filter(pc.is_valid(joined.column("line_id")))
    keys = ["line_id", "segment", "run_id", "campaign", "direction"]
    return in_order(conform(count_bins(joined, keys), SEGMENT_EVIDENCE), SEGMENT_EVIDENCE)


def _suspect_datum(track: _Track, network: Network) -> list[Problem]:
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
