"""Where lines join: lines cut at shared vertices and where one ends on another.

Lines that cross without a common vertex (a flyover) do not join, nor do lines of different kinds:
a train is never on a road.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from covermap.core.geodesy import Floats, Ints, chainages_m
from covermap.core.lines.nearest import line_grid, nearest_per_line

KEY_DEG = 1e-6
"""Vertices that agree to this many degrees are shared."""
TOUCH_M = 1.0
"""An end as near as this to other lines joins all of them; farther off, the nearest only."""
SHORTEST_M = 0.5
"""Joints of a line nearer to each other than this are one."""
FEET_CELL_M = 100.0
"""Cells of the grid in which lines near ends are looked for are at least this wide."""

Objects = NDArray[np.object_]


class CutAtJoints(NamedTuple):
    """Edges: pieces of lines from joint to joint."""

    geometry: Objects
    line: Ints
    from_m: Floats
    start_node: Ints
    end_node: Ints


def cut_at_joints(geometry: Objects, kind: Ints, join_m: float) -> CutAtJoints:
    """Cut LineStrings (degrees) where they join others of their kind.

    Parameters
    ----------
    geometry, kind
        Of each line, shape (n,).
    join_m
        The end of a line joins a line as near as this.
    """
    coordinates, line = shapely.get_coordinates(geometry, return_index=True)
    frame = pd.DataFrame({"lon": coordinates[:, 0], "lat": coordinates[:, 1], "line": line})
    frame["at"] = chainages_m(coordinates[:, 0], coordinates[:, 1], line)
    new = np.r_[True, line[1:] != line[:-1]]
    frame["joint"] = new | np.r_[new[1:], True]
    keys = ["kind", "kx", "ky"]
    frame["kind"] = kind[line]
    frame["kx"] = np.round(frame["lon"] / KEY_DEG).astype(np.int64)
    frame["ky"] = np.round(frame["lat"] / KEY_DEG).astype(np.int64)
    shared = frame.groupby(keys)["line"].transform("min") != frame.groupby(keys)["line"].transform(
        "max"
    )
    frame["joint"] |= shared
    feet = _feet(geometry, frame, kind, join_m)
    frame = pd.concat([frame.assign(row=np.arange(len(frame))), feet], ignore_index=True)
    frame = frame.sort_values(["line", "at", "row"], kind="stable", ignore_index=True)
    node = _nodes(frame)
    return _edges(frame, node)


def _feet(geometry: Objects, vertices: pd.DataFrame, kind: Ints, join_m: float) -> pd.DataFrame:
    """Places on other lines that ends of lines join; `row` counts on, `end` is the vertex."""
    line = vertices["line"].to_numpy()
    new = np.r_[True, line[1:] != line[:-1]]
    end = np.flatnonzero(new | np.r_[new[1:], True])
    lon, lat, at = (vertices[c].to_numpy() for c in ("lon", "lat", "at"))
    grid = line_grid(geometry, np.arange(len(geometry)), max(4.0 * join_m, FEET_CELL_M))
    near = nearest_per_line(grid, lon[end], lat[end], join_m)
    own = line[end[near.point]]
    other = grid.line[near.edge]
    good = (own != other) & (kind[own] == kind[other])
    best = pd.Series(near.distance_m[good]).groupby(near.point[good]).transform("min").to_numpy()
    good[good] = near.distance_m[good] <= np.maximum(best, TOUCH_M)
    step, along = near.edge[good], near.along[good]
    vertex = np.flatnonzero(~np.r_[new[1:], True])[step]
    foot_lon = lon[vertex] + along * (lon[vertex + 1] - lon[vertex])
    foot_lat = lat[vertex] + along * (lat[vertex + 1] - lat[vertex])
    made = pd.DataFrame({"lon": foot_lon, "lat": foot_lat, "line": line[vertex]})
    made["at"] = at[vertex] + along * (at[vertex + 1] - at[vertex])
    made["joint"] = True
    made["kind"] = kind[line[vertex]]
    made["end"] = end[near.point[good]]
    made["row"] = len(vertices) + np.arange(len(made))
    return made


def _nodes(frame: pd.DataFrame) -> Ints:
    """Give the nodes numbers; rows that are joined have one number."""
    count = len(frame)
    place = np.empty(count, np.int64)
    place[frame["row"].to_numpy()] = np.arange(count)
    joint = frame["joint"].to_numpy(bool)
    keyed = frame[joint & frame["kx"].notna().to_numpy()]
    head = keyed.groupby(["kind", "kx", "ky"])["row"].transform("min").to_numpy(np.int64)
    links = [(keyed.index.to_numpy(), place[head])]
    feet = frame[frame["end"].notna()]
    links.append((feet.index.to_numpy(), place[feet["end"].to_numpy(np.int64)]))
    at = np.flatnonzero(joint)
    line, chainage = frame["line"].to_numpy(), frame["at"].to_numpy()
    near = (line[at[1:]] == line[at[:-1]]) & (chainage[at[1:]] - chainage[at[:-1]] < SHORTEST_M)
    links.append((at[1:][near], at[:-1][near]))
    a, b = (np.concatenate([link[k] for link in links]) for k in (0, 1))
    made = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(count, count)))[1]
    nodes: Ints = made.astype(np.int64)
    return nodes


def _edges(frame: pd.DataFrame, node: Ints) -> CutAtJoints:
    """Take lines apart at their joints; joints that lie together are one cut."""
    line, at = frame["line"].to_numpy(), frame["at"].to_numpy()
    new = np.r_[True, line[1:] != line[:-1]]
    last = np.r_[new[1:], True]
    joint = frame["joint"].to_numpy(bool)
    rows = np.flatnonzero(joint)
    cut = new.copy()
    apart = np.r_[True, (line[rows[1:]] != line[rows[:-1]]) | (np.diff(at[rows]) >= SHORTEST_M)]
    cut[rows[apart]] = True
    total = at[np.flatnonzero(last)]
    number = np.cumsum(new) - 1
    cut &= new | (total[number] - at >= SHORTEST_M)
    cut |= last
    piece = np.cumsum(cut) - 1 - number
    starts, ends = np.flatnonzero(cut & ~last), np.flatnonzero(cut & ~new)
    keep = np.flatnonzero(~cut)
    row = np.r_[starts, keep, ends]
    owner = np.r_[piece[starts], piece[keep], piece[ends] - 1]
    order = np.lexsort((row, owner))
    row, owner = row[order], owner[order]
    geometry: Objects = shapely.linestrings(  # type: ignore[assignment]
        frame["lon"].to_numpy()[row], frame["lat"].to_numpy()[row], indices=owner
    )
    return CutAtJoints(
        geometry, line[starts].astype(np.int64), at[starts], node[starts], node[ends]
    )
