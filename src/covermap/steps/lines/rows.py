"""Rows of lines, segments and stations, of an inventory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.geodesy import Floats
from covermap.core.lines.asides import RAILWAYS
from covermap.core.lines.edges import edges_of
from covermap.core.lines.inventory import Inventory, flagged_lengths_m
from covermap.core.lines.nearest import nearest_per_line
from covermap.core.lines.pairing import LEG_M, Beside, routes_of, tracks_beside
from covermap.core.lines.parting import with_parted
from covermap.core.lines.segments import Cut
from covermap.core.lines.structures import flagged_intervals
from covermap.formats.ways import read_stations
from covermap.steps.lines.journal import Journal
from covermap.tables import LINES, SEGMENTS, STATIONS, STRUCTURES, conform, empty
from covermap.workspace import Lines

SEGMENT_M = 100.0
METRO_SEGMENT_M = 50.0
STATION_DISTANCE_M = 300.0
PAIR_ANGLE_DEG = 25.0
CROSSING_DEG = 45.0
"""However coarse the drawing: what is at a greater angle crosses rather than runs beside."""
MOVED_APART = 0.776
"""Generalising moves two carriageways to the inner side of the same bend, each by anything up to
the tolerance: 95 % of the differences of two such moves are below this share of it."""
SEVERAL_SHARE = 0.75
"""A line whose route length is less than this share of its length has others beside it."""
PAIR_NAMED_M = 250.0
"""Farthest apart that two tracks or carriageways of one name are, m (coarse drawings included)."""
PAIR_UNNAMED_M = {
    "hsr": 60.0, "rail": 60.0, "metro": 60.0, "tram": 40.0, "motorway": 150.0, "trunk": 120.0,
    "primary": 100.0, "secondary": 60.0, "national": 120.0, "provincial": 100.0, "road": 60.0,
    "waterway": 0.0,
}  # fmt: skip
"""The same where one of them has no name, m: a guess by class, from how they are built. Where the
drawing is coarser than this, carriageways that would be single may be farther apart."""


def tell_shapes(inventory: Inventory, declaration: Lines, journal: Journal) -> None:
    """Note courses of unusual shape, and gaps that were bridged."""
    closed = shapely.is_closed(inventory.geometry)
    crossing = ~shapely.is_simple(inventory.geometry) & ~closed
    journal.tell(declaration, "loop", int(closed.sum()), "kept")
    journal.tell(declaration, "crosses_itself", int(crossing.sum()), "kept")
    gaps = f"{inventory.gap_m:.0f} m in all"
    journal.tell(declaration, "gap_between_ways", inventory.bridged, "bridged", gaps)


def segment_sizes(inventory: Inventory, declaration: Lines) -> Floats:
    """Nominal segment length of each line, m."""
    if declaration.segment_m:
        return np.full(len(inventory.line_id), float(declaration.segment_m))
    return np.where(inventory.line_class == "metro", METRO_SEGMENT_M, SEGMENT_M)


def route_shares(inventory: Inventory, cut: Cut, coarse_m: float) -> Floats:
    """Share of each segment's length that counts as route length; a gap between ways does not.

    `coarse_m` is the tolerance of the drawing (see ``core.lines.coarse``). Carriageways that are
    single so far may be as far apart as it moves them, and turned as far as it can turn a leg.
    """
    route = routes_of(inventory.line_class, inventory.ref, inventory.name)
    unnamed = np.array([PAIR_UNNAMED_M[c] for c in inventory.line_class], float)
    # Numbers of roads are signed: other numbers are other roads. Names of tracks are not.
    railway = np.isin(inventory.line_class.astype(str), RAILWAYS)
    single = np.where(railway, unnamed, 0.0)
    start = shapely.get_coordinates(shapely.get_point(inventory.geometry, 0))
    moved = coarse_m * np.cos(np.radians(start[:, 1]))
    apart = np.maximum(unnamed, MOVED_APART * moved)
    drawn = np.where(railway | (unnamed == 0), 0.0, apart)
    beside = Beside(np.where(unnamed > 0, PAIR_NAMED_M, 0.0), unnamed, single, drawn)
    turned = np.degrees(np.arctan(moved.max(initial=0.0) / LEG_M))
    gap = flagged_lengths_m(inventory, inventory.vertex_gap, cut.line, cut.from_m, cut.to_m)[0]
    given = 1.0 - np.clip(gap / cut.length_m, 0.0, 1.0)
    tracks = tracks_beside(
        cut.geometry, cut.line, route, inventory.line_class, beside, PAIR_ANGLE_DEG,
        np.nan_to_num(inventory.oneway), min(CROSSING_DEG, PAIR_ANGLE_DEG + float(turned)),
    )  # fmt: skip
    tracks = with_parted(cut, tracks, np.where(railway, route, -1), PAIR_NAMED_M)
    return given / tracks


def lines_table(
    inventory: Inventory, declaration: Lines, sizes: Floats, cut: Cut, route_m: Floats
) -> pa.Table:
    """Rows of `lines`."""
    n = len(inventory.line_id)
    route_length = np.bincount(cut.line, weights=route_m, minlength=n).astype(float)
    # A road that is alone carries both directions, however it is drawn.
    beside = route_length < SEVERAL_SHARE * inventory.length_m
    oneway = np.where(beside, inventory.oneway, np.nan)
    made = pa.table(
        {
            "line_id": pa.array(inventory.line_id, pa.string()),
            "name": pa.array(inventory.name, pa.string()),
            "ref": pa.array(inventory.ref, pa.string()),
            "class": pa.array(inventory.line_class, pa.string()),
            "length_m": inventory.length_m,
            "route_length_m": route_length,
            "segment_m": sizes,
            "oneway": pa.array(oneway, pa.float64(), from_pandas=True),
            "geometry": pa.array(shapely.to_wkb(inventory.geometry), pa.binary()),
            "input": pa.repeat(declaration.name, n),
            "simulated": pa.repeat(declaration.simulated, n),
        }
    )
    return conform(made, LINES)


def segments_table(inventory: Inventory, cut: Cut, route_m: Floats) -> pa.Table:
    """Rows of `segments`; a segment is in a tunnel when most of its length is."""
    inside, known = flagged_lengths_m(
        inventory, inventory.vertex_tunnel, cut.line, cut.from_m, cut.to_m
    )
    made = pa.table(
        {
            "line_id": pa.array(inventory.line_id[cut.line], pa.string()),
            "segment": cut.segment,
            "from_m": cut.from_m,
            "to_m": cut.to_m,
            "length_m": cut.length_m,
            "route_length_m": route_m,
            "tunnel": pa.array(inside > 0.5 * cut.length_m, mask=known < 0.5 * cut.length_m),
            "geometry": pa.array(shapely.to_wkb(cut.geometry), pa.binary()),
        }
    )
    return conform(made, SEGMENTS)


def structures_table(inventory: Inventory) -> pa.Table:
    """Rows of `structures`: tunnels and bridges as the ways tell them, and gaps between ways.

    No name is told: one structure may be several ways, and they name roads rather than tunnels.
    """
    parts = [empty(STRUCTURES)]
    for kind, flag in (
        ("tunnel", inventory.vertex_tunnel), ("bridge", inventory.vertex_bridge),
        ("gap", inventory.vertex_gap),
    ):  # fmt: skip
        found = flagged_intervals(inventory.vertex_line, inventory.vertex_chainage_m, flag)
        made = pa.table(
            {
                "line_id": pa.array(inventory.line_id[found.line], pa.string()),
                "kind": pa.repeat(kind, len(found.line)),
                "from_m": found.from_m,
                "to_m": found.to_m,
            }
        )
        parts.append(conform(made, STRUCTURES))
    return pa.concat_tables(parts)


def stations_table(
    declaration: Lines, inventory: Inventory, cut: Cut, journal: Journal
) -> pa.Table:
    """Stations within reach of a line, with their chainage on each such line."""
    if not declaration.stations:
        return empty(STATIONS)
    points, names = np.zeros((0, 2)), np.zeros(0, object)
    for path, shown in journal.files(declaration, (declaration.stations,)):
        column = declaration.fields.get("station", "name")
        more, more_names, notes = read_stations(path, shown, column, declaration.datum)
        journal.take(declaration, shown, notes)
        points, names = np.concatenate([points, more]), np.concatenate([names, more_names])
    edges = edges_of(cut.geometry, cut.line, cut.from_m, cut.to_m, STATION_DISTANCE_M)
    near = nearest_per_line(edges.grid, points[:, 0], points[:, 1], STATION_DISTANCE_M)
    far = len(points) - len(np.unique(near.point))
    journal.tell(declaration, "station_off_the_lines", far, "left aside")
    frame = pd.DataFrame(
        {
            "line_id": inventory.line_id[edges.grid.line[near.edge]],
            "name": names[near.point],
            "chainage_m": edges.start_m[near.edge] + near.along * edges.length_m[near.edge],
            "lon": points[near.point, 0],
            "lat": points[near.point, 1],
        }
    ).drop_duplicates()
    return conform(pa.Table.from_pandas(frame, preserve_index=False), STATIONS)
