"""The network of lines and links that samples can lie on, made of their tables, ready for search.

Lines are numbered by their rows, links after them: a run travels over both, and links count for no
line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, lengths_m
from covermap.core.lines.asides import RAILWAYS
from covermap.core.lines.pairing import routes_of as named_routes
from covermap.core.matching.graph import Graph, graph_of_lines
from covermap.core.matching.routes import Routes, routes_of
from covermap.core.placing.profile import METRO, MOTIONS
from covermap.core.placing.stamps import LineFacts, station_key

FASTEST_MPS = {
    **{c: m.fastest_mps for c, m in MOTIONS.items()}, "motorway": 70.0, "waterway": 30.0,
}  # fmt: skip
"""Nothing goes faster than this on a line of a class, m/s (250 km/h on a motorway)."""
FASTEST_ROAD_MPS = 55.0
"""... on every other road."""

CLOSED_M = 50.0
"""A line whose ends are nearer than this goes round."""

Objects = NDArray[np.object_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Network:
    """Lines and links that samples can lie on, ready to be searched."""

    lines: int
    """How many lines there are: what has a higher number is a link."""
    line_id: Objects
    """Identity of each line and link."""
    line_class: Objects
    route: Ints
    """Lines of one class and name, such as the tracks of a railway, have one number; -1: no name,
    or a link."""
    length_m: Floats
    oneway: Ints
    """Of the table of lines; 0: both or not known."""
    closed: Flags
    """The line ends where it starts."""
    fastest_mps: Floats
    graph: Graph
    """What samples with positions are matched to; lines by their numbers."""
    routes: Routes
    """Routes on it that are known so far."""
    tunnels: pd.DataFrame
    """Tunnels: line (number), from_m, to_m."""
    segment: Ints
    """For each segment (row of the table): its number on its line."""
    segment_line: Ints
    segment_from_m: Floats
    stations: pd.DataFrame
    """Stations: line (number), key, chainage_m."""


def network_of(
    lines: pa.Table, segments: pa.Table, stations: pa.Table, structures: pa.Table | None = None,
    links: pa.Table | None = None,
) -> Network:  # fmt: skip
    """Make a network of the tables (in key order)."""
    ways = _ways(lines, links)
    line_id = ways.column("line_id").to_numpy(zero_copy_only=False).astype(object)
    number = pd.Series(np.arange(len(line_id)), index=line_id, dtype=np.int64)
    owner = _numbers(number, segments)
    line_class = ways.column("class").to_numpy(zero_copy_only=False).astype(object)
    graph = graph_of_lines(ways, segments)
    frame = pd.DataFrame(
        {
            "line": _numbers(number, stations),
            "key": [station_key(n) for n in stations.column("name").to_pylist()],
            "chainage_m": stations.column("chainage_m").to_numpy(),
        }
    )
    return Network(
        lines=lines.num_rows,
        line_id=line_id,
        line_class=line_class,
        route=_routes(lines, len(line_id)),
        length_m=ways.column("length_m").to_numpy(),
        oneway=ways.column("oneway").cast(pa.int64()).fill_null(0).to_numpy(),
        closed=_closed(ways),
        fastest_mps=np.array([FASTEST_MPS.get(str(c), FASTEST_ROAD_MPS) for c in line_class]),
        graph=graph,
        routes=routes_of(graph),
        tunnels=_tunnels(number, structures),
        segment=segments.column("segment").to_numpy().astype(np.int64),
        segment_line=owner,
        segment_from_m=segments.column("from_m").to_numpy(),
        stations=frame,
    )


_OF_WAYS = ["line_id", "class", "length_m", "oneway", "geometry"]


def _ways(lines: pa.Table, links: pa.Table | None) -> pa.Table:
    """Lines, then links, which may be travelled both ways as far as is known."""
    ways = lines.select(_OF_WAYS)
    if links is None or links.num_rows == 0:
        return ways
    columns = {name: links.column(name) for name in ("class", "length_m", "geometry")}
    oneway = pa.nulls(links.num_rows, ways.schema.field("oneway").type)
    more = pa.table({"line_id": links.column("link_id"), "oneway": oneway, **columns})
    return pa.concat_tables([ways, more.select(_OF_WAYS).cast(ways.schema)])


def _routes(lines: pa.Table, ways: int) -> Ints:
    """Route of each line; -1 for links, which follow the lines."""
    columns = (lines.column(c).to_numpy(zero_copy_only=False) for c in ("class", "ref", "name"))
    made = np.full(ways, -1, np.int64)
    made[: lines.num_rows] = named_routes(*columns)
    return made


def is_link(network: Network, line: Ints) -> Flags:
    """Tell which numbers (-1: none) are those of links."""
    made: Flags = line >= network.lines
    return made


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
    railway = np.flatnonzero(np.isin(network.line_class[: network.lines].astype(str), RAILWAYS))
    return {
        int(k): LineFacts(
            float(network.length_m[k]), bool(network.closed[k]), int(network.oneway[k]),
            MOTIONS.get(str(network.line_class[k]), METRO),
        )
        for k in railway
    }  # fmt: skip


def _tunnels(number: pd.Series[int], structures: pa.Table | None) -> pd.DataFrame:
    if structures is None:
        return pd.DataFrame({"line": np.zeros(0, np.int64), "from_m": [], "to_m": []})
    tunnels = structures.filter(pc.equal(structures.column("kind"), "tunnel"))
    return pd.DataFrame(
        {
            "line": _numbers(number, tunnels),
            "from_m": tunnels.column("from_m").to_numpy(),
            "to_m": tunnels.column("to_m").to_numpy(),
        }
    )


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

    Without a line (-1; a link has no segments) or a chainage (NaN) the number given means nothing.
    """
    base = _bases(network)
    starts = network.segment_from_m + base[network.segment_line]
    place = np.nan_to_num(chainage_m) + base[np.maximum(line, 0)]
    row = np.maximum(np.searchsorted(starts, place, side="right") - 1, 0)
    made: Ints = network.segment[row]
    return made


def _bases(network: Network) -> Floats:
    """Where each line begins when all are put one behind the other."""
    made: Floats = np.r_[0.0, np.cumsum(network.length_m + 1.0)]
    return made


def in_tunnel(network: Network, line: Ints, chainage_m: Floats) -> Flags:
    """Whether each place (line -1: none) is in a tunnel."""
    known = network.tunnels.sort_values(["line", "from_m"], kind="stable")
    if not len(known):
        return np.zeros(len(line), bool)
    base = _bases(network)
    owner, to_m = known["line"].to_numpy(np.int64), known["to_m"].to_numpy(np.float64)
    starts = known["from_m"].to_numpy(np.float64) + base[owner]
    ends = np.maximum.accumulate(to_m + base[owner])
    place = np.nan_to_num(chainage_m) + base[np.maximum(line, 0)]
    row = np.searchsorted(starts, place, side="right") - 1
    made: Flags = (line >= 0) & (row >= 0) & (place <= ends[np.maximum(row, 0)])
    return made


def railway_stations(network: Network) -> pd.DataFrame:
    """Give the stations of the lines that trains run on."""
    railway = np.isin(network.line_class.astype(str), RAILWAYS)
    return network.stations.loc[railway[network.stations["line"].to_numpy(np.int64)]]
