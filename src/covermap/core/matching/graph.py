"""The directed graph that tracks are matched to: edges with geometry between nodes.

An edge can be travelled as two arcs: arc `2 e` runs as edge `e` is drawn, arc `2 e + 1` against it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, short_lengths_m, sums_within
from covermap.core.lines.nearest import EdgeGrid, line_grid
from covermap.core.matching.cells import Cells, cells_of
from covermap.core.matching.junctions import cut_at_joints

Flags = NDArray[np.bool_]

CELL_M = 100.0
"""Width of a cell of the search grid."""
PIECE_M = 250.0
"""Edges are searched in pieces of about this length, so that an edge that comes back to itself is
found at each of its passages."""
NODE_DEG = 1e-7
"""Ends that agree to this many degrees (1 cm) are one node, where nodes are not given."""

JOIN_M = 30.0
"""The end of a line joins a line of its kind that is as near as this."""
KINDS = {
    "hsr": 1, "rail": 1, "metro": 2, "tram": 3, "waterway": 4,
}  # fmt: skip
"""Lines of one kind join each other; classes that are not named here are roads (0)."""


class Graph(NamedTuple):
    """Edges, nodes and geometry; a named tuple, so that numba can take it."""

    grid: EdgeGrid
    """Steps between vertices, sorted into cells; its `line` is the piece that each belongs to."""
    step_edge: Ints
    """For each step, its edge; steps of an edge follow each other."""
    step_m: Floats
    """For each step, metres from the start of its edge."""
    step_length_m: Floats
    piece_edge: Ints
    first_step: Ints
    """For each edge, its first step; one longer than the edges."""
    length_m: Floats
    line: Ints
    """For each edge, the line it is part of (its own number in a plain edge file)."""
    from_m: Floats
    """Chainage on that line at the start of the edge."""
    tail: Ints
    """For each arc, the node it leaves."""
    head: Ints
    open: Flags
    """For each arc, whether it may be travelled."""
    weight: Floats
    """For each arc, what routing counts it as: metres, fewer where one is faster."""
    speed_m_s: Floats
    """For each edge, the usual speed; NaN: not known."""
    first_out: Ints
    """For each node, where its arcs begin in `out`; one longer than the nodes."""
    out: Ints
    first_in: Ints
    """For each node, where the arcs that end at it begin in `into`; one longer than the nodes."""
    into: Ints
    cells: Cells
    """Steps near each place."""
    step: Floats
    """The steps once more, a row (and a cache line) each: columns `X1` to `WAYS`."""
    bearing: Floats
    """For each arc, radians clockwise from north where it begins and where it ends; shape
    (arcs, 2)."""


X1, Y1, X2, Y2, START_M, LENGTH_M, PIECE, WAYS = range(8)
"""Columns of `Graph.step`; WAYS is four times the edge, + 1 if open as drawn, + 2 if open back."""


def graph_of_edges(
    geometry: NDArray[np.object_],
    forward: Flags | None = None,
    backward: Flags | None = None,
    nodes: tuple[Ints, Ints] | None = None,
    speed_m_s: Floats | None = None,
    line: Ints | None = None,
    from_m: Floats | None = None,
) -> Graph:
    """Make a graph of edges.

    Parameters
    ----------
    geometry
        LineStrings, WGS-84 degrees, shape (n,).
    forward, backward
        Whether each edge may be travelled as drawn, and against it; default: both.
    nodes
        Numbers of the nodes at the edges' starts and ends; default: equal ends are one node.
    speed_m_s
        Usual speed on each edge; NaN where not known.
    line, from_m
        The line that each edge is part of and the chainage where it begins; default: one line for
        each edge.

    Returns
    -------
    Graph
        Edges keep their numbers.
    """
    n = len(geometry)
    steps = line_grid(geometry, np.arange(n), CELL_M)
    length = short_lengths_m(steps.x1, steps.y1, steps.x2, steps.y2)
    edge = steps.line
    first = np.r_[True, edge[1:] != edge[:-1]] if len(edge) else np.zeros(0, np.bool_)
    start = sums_within(length, first) - length if len(edge) else np.zeros(0)
    piece_edge, piece = _pieces(edge, start, first)
    start_node, end_node = _end_nodes(geometry) if nodes is None else nodes
    tail = np.stack([start_node, end_node], axis=1).ravel().astype(np.int64)
    both = np.ones(n, np.bool_)
    is_open = np.stack([_or(forward, both), _or(backward, both)], axis=1).ravel()
    total = np.bincount(edge, weights=length, minlength=n).astype(np.float64)
    # A copy: of an array that is read-only numba would compile every kernel once more.
    speed = np.full(n, np.nan) if speed_m_s is None else np.array(speed_m_s, np.float64)
    count = int(tail.max(initial=-1)) + 1
    head = tail.reshape(-1, 2)[:, ::-1].ravel().copy()
    arcs = np.flatnonzero(is_open)
    leaving = arcs[np.argsort(tail[arcs], kind="stable")]
    ending = arcs[np.argsort(head[arcs], kind="stable")]
    first_step = np.searchsorted(edge, np.arange(n + 1)).astype(np.int64)
    ways = 4 * edge + is_open[::2][edge] + 2 * is_open[1::2][edge]
    table = [steps.x1, steps.y1, steps.x2, steps.y2, start, length, piece, ways]
    return Graph(
        grid=steps._replace(line=piece),
        step_edge=edge,
        step_m=start,
        step_length_m=length,
        piece_edge=piece_edge,
        first_step=first_step,
        length_m=total,
        line=np.arange(n) if line is None else np.asarray(line, np.int64),
        from_m=np.zeros(n) if from_m is None else np.asarray(from_m, np.float64),
        tail=tail,
        head=head,
        open=is_open,
        weight=np.repeat(total * _slowness(total, speed), 2),
        speed_m_s=speed,
        first_out=np.searchsorted(tail[leaving], np.arange(count + 1)).astype(np.int64),
        out=leaving.astype(np.int64),
        first_in=np.searchsorted(head[ending], np.arange(count + 1)).astype(np.int64),
        into=ending.astype(np.int64),
        cells=cells_of(steps.x1, steps.y1, steps.x2, steps.y2),
        step=np.stack(table, axis=1).astype(np.float64),
        bearing=_bearings(steps, first_step),
    )


def _slowness(length_m: Floats, speed_m_s: Floats) -> Floats:
    """Say what a metre of each edge counts for who chooses a route: half by way, half by time."""
    known = np.isfinite(speed_m_s) & (speed_m_s > 0.0)
    if not known.any():
        return np.ones(len(length_m))
    usual = length_m[known].sum() / (length_m[known] / speed_m_s[known]).sum()
    return np.where(known, 0.5 + 0.5 * usual / np.where(known, speed_m_s, usual), 1.0)


def _bearings(steps: EdgeGrid, first_step: Ints) -> Floats:
    if len(first_step) < 2:
        return np.zeros((0, 2))
    angle = np.arctan2((steps.x2 - steps.x1) * np.cos(np.radians(steps.y1)), steps.y2 - steps.y1)
    leave, arrive = angle[first_step[:-1]], angle[first_step[1:] - 1]
    made = np.stack([leave, arrive, arrive + np.pi, leave + np.pi], axis=1)
    return np.ascontiguousarray(made.reshape(-1, 2))


def kind_numbers(line_class: NDArray[np.object_]) -> Ints:
    """Give the number of each class's kind: tracks and roads of one kind join each other."""
    return np.array([KINDS.get(str(c), 0) for c in line_class], np.int64)


def graph_of_lines(lines: pa.Table, segments: pa.Table | None = None) -> Graph:
    """Make a graph of the tables `lines` and `segments`, both in key order.

    Lines are numbered by their rows. Edges run as their line is drawn, so +1 is with the chainage;
    they end where the line joins another. The chainage of the segments is the line's own.
    """
    del segments  # chainages are geodesic in both tables
    geometry = shapely.from_wkb(lines.column("geometry").to_numpy(zero_copy_only=False))
    kind = kind_numbers(lines.column("class").to_numpy(zero_copy_only=False))
    oneway = lines.column("oneway").fill_null(0).to_numpy()
    if not len(geometry):
        return graph_of_edges(geometry)
    cut = cut_at_joints(geometry, kind, JOIN_M)
    return graph_of_edges(
        cut.geometry, oneway[cut.line] >= 0, oneway[cut.line] <= 0,
        (cut.start_node, cut.end_node), None, cut.line, cut.from_m,
    )  # fmt: skip


def _or(flags: Flags | None, otherwise: Flags) -> Flags:
    return otherwise if flags is None else np.asarray(flags, np.bool_)


def _pieces(edge: Ints, start: Floats, first: Flags) -> tuple[Ints, Ints]:
    """Edge of each piece, and piece of each step."""
    if not len(edge):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    part = (start // PIECE_M).astype(np.int64)
    new = first | np.r_[True, part[1:] != part[:-1]]
    return edge[new], (np.cumsum(new) - 1).astype(np.int64)


def _end_nodes(geometry: NDArray[np.object_]) -> tuple[Ints, Ints]:
    """Give the ends of LineStrings numbers; equal ends are one node."""
    ends = [shapely.get_point(geometry, k) for k in (0, -1)]
    x, y = (np.concatenate([f(e) for e in ends]) for f in (shapely.get_x, shapely.get_y))
    keys = np.stack([np.round(x / NODE_DEG), np.round(y / NODE_DEG)], axis=1).astype(np.int64)
    node = np.unique(keys, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    return node[: len(geometry)], node[len(geometry) :]
