"""From ways to lines: one course each, with an orientation and an identity of its own.

Nothing here depends on the order of the ways: they are put into a canonical order first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, chainages_m, lengths_m
from covermap.core.lines.chains import Chains, Courses, Limits, draw_courses, join_ways
from covermap.core.lines.identity import Kept, Known, identities, identity_texts, keep_lines
from covermap.core.lines.orientation import drawn_directions, runs_backwards
from covermap.core.lines.pairing import routes_of

Objects = NDArray[np.object_]

NAMED_BY_REF = ("motorway", "trunk", "primary", "secondary", "national", "provincial", "road")
"""Classes whose lines are told apart by number first; the others by name first."""
DIRECTED = NAMED_BY_REF
"""Classes whose separate carriageways are drawn in the direction of travel."""
USUAL_SHARE = 0.9
"""A number stands for a name (a name for a number) where this share of its length has that one."""


@dataclass(frozen=True)
class Ways:
    """Ways of one input, arrays of one length; WGS-84 degrees.

    `ref` and `name` hold None where not given; `tunnel` and `bridge` NaN where not known.
    """

    geometry: Objects
    line_class: Objects
    ref: Objects
    name: Objects
    tunnel: Floats
    bridge: Floats

    def take(self, index: Ints | NDArray[np.bool_]) -> Ways:
        """Give some of the ways, in the order asked for."""
        return Ways(
            self.geometry[index],
            self.line_class[index],
            self.ref[index],
            self.name[index],
            self.tunnel[index],
            self.bridge[index],
        )

    def __len__(self) -> int:
        """Count the ways."""
        return len(self.geometry)


def route_keys(ways: Ways) -> Objects:
    """Name of the route that each way belongs to: class and ref or name; unnamed ways share one.

    A way that has only the other of the two is of the route that nearly all ways like it are of.
    """
    by_ref = pd.Series(np.isin(ways.line_class.astype(str), NAMED_BY_REF))
    ref, name = pd.Series(ways.ref, dtype=object), pd.Series(ways.name, dtype=object)
    first, other = ref.where(by_ref, name), name.where(by_ref, ref)
    key = first.fillna(_usual(ways, first, other)).fillna(other).fillna("")
    made: Objects = (pd.Series(ways.line_class, dtype=object) + "|" + key).to_numpy(object)
    return made


def _usual(ways: Ways, first: pd.Series[Any], other: pd.Series[Any]) -> pd.Series[Any]:
    """Give what `first` is for most of the length with the same class and `other`; else None."""
    length = np.round(shapely.length(ways.geometry), 9)
    frame = pd.DataFrame(
        {"class": ways.line_class, "other": other, "first": first, "length": length}
    ).dropna()
    sums = frame.groupby(["class", "other", "first"], as_index=False)["length"].sum()
    total = sums.groupby(["class", "other"])["length"].transform("sum")
    usual = sums[sums["length"] >= USUAL_SHARE * total]
    known = {(c, o): f for c, o, f in usual[["class", "other", "first"]].to_numpy(object)}
    return pd.Series(
        [known.get(pair) for pair in zip(ways.line_class, other, strict=True)], dtype=object
    )


def route_groups(ways: Ways) -> Ints:
    """Give each way the number of its route (see :func:`route_keys`)."""
    made: Ints = np.unique(route_keys(ways).astype(str), return_inverse=True)[1]
    return made


def has_name(ways: Ways) -> NDArray[np.bool_]:
    """Tell which ways have a number or a name."""
    made: NDArray[np.bool_] = ~(pd.isna(ways.ref) & pd.isna(ways.name))
    return made


def join_lists(parts: list[Ways]) -> Ways:
    """Put lists of ways one after the other."""
    columns = ("geometry", "line_class", "ref", "name", "tunnel", "bridge")
    return Ways(*(np.concatenate([getattr(part, c) for part in parts]) for c in columns))


def in_canonical_order(ways: Ways) -> tuple[Ways, int]:
    """Sort by route and geometry; ways drawn twice in the same direction fall together.

    A way and its reverse stay two: they are the carriageways of a road whose drawing is coarse.

    Returns
    -------
    The ways, and how many were dropped as duplicates.
    """
    order = np.lexsort((shapely.to_wkb(ways.geometry), route_keys(ways).astype(str)))
    sorted_ways = ways.take(order)
    wkb, key = shapely.to_wkb(sorted_ways.geometry), route_keys(sorted_ways)
    again = np.zeros(len(ways), bool)
    again[1:] = (wkb[1:] == wkb[:-1]) & (key[1:] == key[:-1])
    return sorted_ways.take(~again), int(again.sum())


def way_lengths_m(geometry: Objects) -> Floats:
    """Geodesic length of each LineString, m."""
    coordinates, way = shapely.get_coordinates(geometry, return_index=True)
    if len(way) == 0:
        return np.zeros(len(geometry))
    edge = lengths_m(
        coordinates[:-1, 0], coordinates[:-1, 1], coordinates[1:, 0], coordinates[1:, 1]
    )
    inner = way[1:] == way[:-1]
    weights = np.where(inner, edge, 0.0)
    return np.bincount(way[1:], weights=weights, minlength=len(geometry)).astype(float)


@dataclass(frozen=True)
class Inventory:
    """Lines made of ways, arrays of one length, in the order of their identities."""

    line_id: Objects
    line_class: Objects
    ref: Objects
    name: Objects
    geometry: Objects
    length_m: Floats
    oneway: Floats
    """+1 or -1: drawn in (against) the direction of travel; NaN: both, or not known."""
    vertex_line: Ints
    vertex_chainage_m: Floats
    vertex_tunnel: Floats
    """For each vertex of all lines: chainage, and whether the edge after it is in a tunnel."""
    vertex_bridge: Floats
    """The same for bridges."""
    vertex_gap: Floats
    """The same for gaps: no way was given there, the line is drawn straight."""
    bridged: int
    gap_m: float


def make_inventory(ways: Ways, limits: Limits, known: Known | None = None) -> Inventory:
    """Join ways (in canonical order) of one route into lines.

    Lines that are known from before keep identity and direction (see ``core.lines.identity``).
    """
    chains = join_ways(ways.geometry, route_groups(ways), limits, has_name(ways))
    courses = draw_courses(ways.geometry, chains)
    made, kept = _described(ways, chains, courses, known)
    texts = identity_texts(made.line_class, made.ref, made.name, made.geometry)
    return _in_id_order(made, identities(texts, made.line_class, kept))


def _described(
    ways: Ways, chains: Chains, courses: Courses, known: Known | None
) -> tuple[Inventory, Kept]:
    n = len(courses.geometry)
    first = np.unique(chains.chain, return_index=True)[1] if n else np.zeros(0, int)
    weight = way_lengths_m(ways.geometry)
    line_class = ways.line_class[first]
    ref, name = (_commonest(v, chains.chain, weight, n) for v in (ways.ref, ways.name))
    drawn = drawn_directions(chains, weight, n)
    kept = keep_lines(courses.geometry, line_class, known)
    flip = runs_backwards(courses.geometry, drawn, routes_of(line_class, ref, name))
    flip = np.where(kept.known >= 0, ~kept.same_way, flip)
    oneway = np.where(np.isin(line_class.astype(str), DIRECTED), drawn, 0.0)
    oneway = np.where(oneway != 0, np.where(flip, -oneway, oneway), np.nan)
    geometry = np.where(flip, shapely.reverse(courses.geometry), courses.geometry)
    coordinates, line = shapely.get_coordinates(geometry, return_index=True)
    chainage = chainages_m(coordinates[:, 0], coordinates[:, 1], line)
    length = np.zeros(len(geometry))
    np.maximum.at(length, line, chainage)
    made = Inventory(
        line_id=np.full(len(geometry), "", object),
        line_class=line_class,
        ref=ref,
        name=name,
        geometry=geometry,
        length_m=length,
        oneway=oneway,
        vertex_line=line,
        vertex_chainage_m=chainage,
        vertex_tunnel=_of_edges(ways.tunnel[courses.vertex_way], courses, flip),
        vertex_bridge=_of_edges(ways.bridge[courses.vertex_way], courses, flip),
        vertex_gap=_of_edges(courses.vertex_gap.astype(float), courses, flip),
        bridged=chains.bridged,
        gap_m=chains.gap_m,
    )
    return made, kept


def _commonest(values: Objects, chain: Ints, weight: Floats, n: int) -> Objects:
    """Value that most of each chain's length has; None where no way has one."""
    made = np.full(n, None, object)
    frame = pd.DataFrame({"chain": chain, "value": values, "weight": weight}).dropna()
    if frame.empty:
        return made
    sums = frame.groupby(["chain", "value"])[["weight"]].sum().reset_index()
    sums["weight"] = sums["weight"].round(3)
    best = sums.assign(weight=-sums["weight"]).sort_values(["chain", "weight", "value"])
    best = best.drop_duplicates("chain")
    made[best["chain"].to_numpy()] = best["value"].to_numpy(object)
    return made


def _of_edges(flag: Floats, courses: Courses, flip: NDArray[np.bool_]) -> Floats:
    """Flag of the edge that follows each vertex, in the direction of chainage."""
    course = courses.vertex_course
    place = np.arange(len(course))
    last = np.zeros(len(course), bool)
    last[:-1] = course[1:] != course[:-1]
    if len(course):
        last[-1] = True
    # Edge k leads from vertex k to k + 1; turned round, it follows vertex k + 1 reversed.
    flag = np.where(last, np.nan, flag)
    turned = flip[course]
    back = np.roll(flag, 1)
    order = np.lexsort((np.where(turned, -place, place), course))
    made: Floats = np.where(turned, back, flag)[order]
    return made


def _in_id_order(made: Inventory, line_id: Objects) -> Inventory:
    order = np.argsort(line_id.astype(str), kind="stable") if len(line_id) else np.zeros(0, int)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    vertex = np.argsort(rank[made.vertex_line], kind="stable")
    return Inventory(
        line_id[order],
        made.line_class[order],
        made.ref[order],
        made.name[order],
        made.geometry[order],
        made.length_m[order],
        made.oneway[order],
        rank[made.vertex_line][vertex],
        made.vertex_chainage_m[vertex],
        made.vertex_tunnel[vertex],
        made.vertex_bridge[vertex],
        made.vertex_gap[vertex],
        made.bridged,
        made.gap_m,
    )


def flagged_lengths_m(
    inventory: Inventory, flag: Floats, line: Ints, from_m: Floats, to_m: Floats
) -> tuple[Floats, Floats]:
    """Length of stretches of lines whose edges have a flag, and where it is known, m.

    `flag` is one of the inventory's of vertices: tunnel, bridge or gap.
    """
    if len(line) == 0:
        return np.zeros(0), np.zeros(0)
    base = np.r_[0.0, np.cumsum(inventory.length_m + 1.0)][:-1]
    place = inventory.vertex_chainage_m + base[inventory.vertex_line]
    edge = np.r_[np.diff(inventory.vertex_chainage_m), 0.0]
    edge[np.r_[np.diff(inventory.vertex_line) != 0, True]] = 0.0
    made = []
    for weight in (np.nan_to_num(flag), ~np.isnan(flag)):
        sums = np.r_[0.0, np.cumsum(edge * weight)][:-1]
        made.append(
            np.interp(to_m + base[line], place, sums) - np.interp(from_m + base[line], place, sums)
        )
    return made[0], made[1]
