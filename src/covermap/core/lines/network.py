"""The network of lines that samples can lie on, made of the tables of lines, ready for search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, lengths_m
from covermap.core.lines.edges import Edges, edges_of
from covermap.core.lines.match import STRICT
from covermap.core.placing.profile import METRO, MOTIONS
from covermap.core.placing.stamps import LineFacts, station_key

RAILWAYS = ("hsr", "rail", "metro", "tram")
CELL_M = 250.0
"""Width of a cell of the search grid: about as far as samples lie from their line."""

CLOSED_M = 50.0
"""A line whose ends are nearer than this goes round."""
PAIRED_SHARE = 0.75
"""A segment that carries less than this share of its length as route length has one beside it."""

Objects = NDArray[np.object_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Network:
    """Lines that samples can lie on, ready to be searched."""

    line_id: Objects
    line_class: Objects
    length_m: Floats
    oneway: Ints
    """Of the table of lines; 0: both or not known."""
    closed: Flags
    """The line ends where it starts."""
    edges: Edges
    travel: Floats
    """For each edge, its direction of travel as ``match.match_samples`` takes it."""
    segment: Ints
    """For each segment (row of the table): its number on its line."""
    segment_line: Ints
    segment_from_m: Floats
    stations: pd.DataFrame
    """Stations: line (number), key, chainage_m."""


def network_of(lines: pa.Table, segments: pa.Table, stations: pa.Table) -> Network:
    """Make a network of the three tables (in key order)."""
    line_id = lines.column("line_id").to_numpy(zero_copy_only=False).astype(object)
    number = pd.Series(np.arange(len(line_id)), index=line_id, dtype=np.int64)
    owner = _numbers(number, segments)
    from_m, to_m = (segments.column(c).to_numpy() for c in ("from_m", "to_m"))
    pieces = shapely.from_wkb(segments.column("geometry").to_numpy(zero_copy_only=False))
    frame = pd.DataFrame(
        {
            "line": _numbers(number, stations),
            "key": [station_key(n) for n in stations.column("name").to_pylist()],
            "chainage_m": stations.column("chainage_m").to_numpy(),
        }
    )
    edges = edges_of(np.asarray(pieces, object), owner, from_m, to_m, CELL_M)
    return Network(
        line_id=line_id,
        line_class=lines.column("class").to_numpy(zero_copy_only=False).astype(object),
        length_m=lines.column("length_m").to_numpy(),
        oneway=lines.column("oneway").cast(pa.int64()).fill_null(0).to_numpy(),
        closed=_closed(lines),
        edges=edges,
        travel=_travel(lines, segments, owner)[edges.piece],
        segment=segments.column("segment").to_numpy().astype(np.int64),
        segment_line=owner,
        segment_from_m=from_m,
        stations=frame,
    )


def _closed(lines: pa.Table) -> Flags:
    """Whether each line ends where it starts, after a way long enough to go round."""
    shapes = shapely.from_wkb(lines.column("geometry").to_numpy(zero_copy_only=False))
    a, b = (shapely.get_coordinates(shapely.get_point(shapes, k)) for k in (0, -1))
    if len(a) != len(shapes):
        return np.zeros(len(shapes), bool)
    gap = lengths_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    made: Flags = (gap <= CLOSED_M) & (lines.column("length_m").to_numpy() > 10 * CLOSED_M)
    return made


def line_facts(network: Network) -> dict[int, LineFacts]:
    """Give what marks need to know of each railway line, by its number."""
    railway = np.flatnonzero(np.isin(network.line_class.astype(str), RAILWAYS))
    return {
        int(k): LineFacts(
            float(network.length_m[k]), bool(network.closed[k]), int(network.oneway[k]),
            MOTIONS.get(str(network.line_class[k]), METRO),
        )
        for k in railway
    }  # fmt: skip


def _travel(lines: pa.Table, segments: pa.Table, owner: Ints) -> Floats:
    """Direction of travel of each segment, where it is one of several side by side.

    A line on its own carries both directions, however it is drawn. Beside another of its route, a
    motorway is a carriageway that nobody runs against; on other roads it is likely one.
    """
    oneway = lines.column("oneway").cast(pa.float64()).fill_null(0.0).to_numpy()
    motorway = lines.column("class").to_numpy(zero_copy_only=False) == "motorway"
    length, route = (segments.column(c).to_numpy() for c in ("length_m", "route_length_m"))
    paired = route < PAIRED_SHARE * length
    return np.where(paired, oneway[owner] * np.where(motorway[owner], STRICT, 1.0), 0.0)


def _numbers(number: pd.Series[int], table: pa.Table) -> Ints:
    ids = table.column("line_id").to_numpy(zero_copy_only=False)
    return np.asarray(number.reindex(ids), np.int64)


def allowed_lines(network: Network, antenna: str, source: str) -> Flags:
    """Which lines samples with this antenna and of this source can be on."""
    railway = np.isin(network.line_class.astype(str), RAILWAYS)
    if source == "probe" or antenna == "fixed":
        return np.zeros(len(railway), bool)
    if antenna == "in-train":
        return railway
    road = ~railway & (network.line_class != "waterway")
    return ~railway if road.any() else np.ones(len(railway), bool)


def segments_at(network: Network, line: Ints, chainage_m: Floats) -> Ints:
    """Segment at each chainage: the last one of its line that starts at or before it.

    Without a line (-1) or a chainage (NaN) the number given means nothing.
    """
    base = np.r_[0.0, np.cumsum(network.length_m + 1.0)]
    starts = network.segment_from_m + base[network.segment_line]
    place = np.nan_to_num(chainage_m) + base[np.maximum(line, 0)]
    row = np.maximum(np.searchsorted(starts, place, side="right") - 1, 0)
    made: Ints = network.segment[row]
    return made


def railway_stations(network: Network) -> pd.DataFrame:
    """Give the stations of the lines that trains run on."""
    railway = np.isin(network.line_class.astype(str), RAILWAYS)
    return network.stations.loc[railway[network.stations["line"].to_numpy(np.int64)]]
