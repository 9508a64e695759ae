"""Match: samples of one part to lines, and their counts per segment, run and direction.

What may be on what: samples taken in a train (antenna `in-train`) lie on railways only; all others
lie on roads and waterways, and on railways only where the workspace has no road at all. Fixed
probes do not travel along lines and are on none. Links (connecting tracks, slip roads) are
travelled like lines of their class; what lies on them is told and is evidence of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from covermap.core.lines.network import Network, network_of
from covermap.formats.problem import Problem
from covermap.steps.match.by_marks import place_marks
from covermap.steps.match.by_position import about_points, match_positions, suspect_datum
from covermap.steps.match.found import track_of
from covermap.steps.match.results import (
    about_links,
    evidence_of,
    matched_table,
    nothing_matched,
)
from covermap.store import Tables
from covermap.workspace import Config

__all__ = ["Matched", "Network", "load_network", "match_part"]


@dataclass(frozen=True)
class Matched:
    """Where the samples of a part lie, what that is evidence of, and what was found."""

    matched: pa.Table
    evidence: pa.Table
    problems: list[Problem]


def load_network(tables: Tables) -> Network:
    """Read lines, segments, stations, tunnels and links into a network."""
    names = ("lines", "segments", "stations", "structures", "links")
    return network_of(*(tables.read(name) for name in names))


def match_part(samples: pa.Table, network: Network, config: Config) -> Matched:
    """Match the samples of one part, and count them per segment, run and direction.

    Parameters
    ----------
    samples
        Rows of ``tables.SAMPLES`` in key order.
    network
        See :func:`load_network`.
    config
        `matching` (distance, heading, what counts) and `positions.max_error_m`.

    Returns
    -------
    Matched
        `matched` has every sample of the part; `evidence` counts those on a line that are placed
        well enough (see ``results.counting``).
    """
    if samples.num_rows == 0 or len(network.line_id) == 0:
        return Matched(*nothing_matched(samples), [])
    track = track_of(samples, config)
    found = match_positions(samples, track, network, config)
    problems = about_points(track)
    problems += place_marks(samples, network, found)
    problems += suspect_datum(track, network)
    problems += about_links(found, network)
    matched = matched_table(samples, found, network)
    return Matched(matched, evidence_of(samples, matched, network, config), problems)
