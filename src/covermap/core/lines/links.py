"""Links: side tracks and slip roads that a run can travel over and that no line is made of.

A train changes from line to line over a connecting track, waits in a siding and turns in a yard. If
only lines could be matched, what it measured there would go to the line beside. So side tracks stay
in the network for the matcher, and count for nothing: their length is in no figure.

Two kinds are left out. Where nothing leads to a track, no run that is followed along the network
gets there. A short crossover between the two tracks of one line leads to no other line, but errors
of positions that last for a minute are as large as tracks are apart: with such crossovers every
station would let a matched run change to the track that it was not on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.chains import Limits, draw_courses, join_ways
from covermap.core.lines.identity import hashed, identity_texts
from covermap.core.lines.inventory import (
    Objects,
    Ways,
    in_canonical_order,
    join_lists,
    way_lengths_m,
)
from covermap.core.lines.nearest import line_grid, nearest_per_line
from covermap.core.matching.graph import JOIN_M, kind_numbers

Flags = NDArray[np.bool_]

CROSSOVERS = ("crossover", "other")
"""Kinds of side tracks among which are those that join the two tracks of one line."""
CROSSOVER_M = 500.0
"""A crossover is shorter: the longest turnouts, for 160 to 220 km/h, make one of about 300 m."""
LONG_M = 20_000.0
"""A connecting track longer than this may be a line that is called so."""
TOUCH_M = 1.0
"""An end is on every track that is at most so much farther away than the nearest."""
CELL_M = 4.0 * JOIN_M
NO_GAPS = Limits(gap_m=0.0, named_gap_m=0.0)
"""Side tracks are joined where they meet: what no way shows is not travelled over."""


class SideWays(NamedTuple):
    """Ways that no line is made of, and what kind of side track each is (LINK_KINDS)."""

    ways: Ways
    kind: Objects

    def and_also(self, ways: Ways, kind: Objects) -> SideWays:
        """Add ways, each of its kind."""
        return SideWays(join_lists([self.ways, ways]), np.concatenate([self.kind, kind]))


class Links(NamedTuple):
    """Courses of side tracks, arrays of one length."""

    geometry: Objects
    line_class: Objects
    ref: Objects
    name: Objects
    kind: Objects
    length_m: Floats

    def take(self, index: Ints | Flags) -> Links:
        """Give some of them, in the order asked for."""
        return Links(
            self.geometry[index], self.line_class[index], self.ref[index], self.name[index],
            self.kind[index], self.length_m[index],
        )  # fmt: skip


class Ends(NamedTuple):
    """What each course of a side track leads to."""

    joined: Flags
    """A line can be reached, over other side tracks if need be."""
    first: Ints
    """Line at its start, by number; -1: none, or a side track is nearer."""
    last: Ints


def courses_of(side: SideWays) -> tuple[Links, int]:
    """Join side ways of one kind, class, number and name that run on into each other.

    Returns
    -------
    The courses, in an order that does not depend on that of the ways; and how many ways were
    dropped because they were there twice.
    """
    parts, again = [], 0
    for kind in sorted(set(side.kind)):
        ways, dropped = in_canonical_order(side.ways.take(side.kind == kind))
        again += dropped
        parts.append(_joined(ways, kind))
    if not parts:
        none = np.zeros(0, object)
        return Links(none, none, none, none, none, np.zeros(0)), 0
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Links(*columns), again


def _joined(ways: Ways, kind: str) -> Links:
    columns = (ways.line_class, ways.ref, ways.name)
    texts = ["|".join(str(v) for v in row) for row in zip(*columns, strict=True)]
    group = np.unique(np.array(texts, str), return_inverse=True)[1].astype(np.int64)
    chains = join_ways(ways.geometry, group, NO_GAPS)
    geometry = draw_courses(ways.geometry, chains).geometry
    first = np.unique(chains.chain, return_index=True)[1]
    line_class, ref, name = (column[first] for column in columns)
    kinds = np.full(len(first), kind, object)
    return Links(geometry, line_class, ref, name, kinds, way_lengths_m(geometry))


def ends_of(links: Links, geometry: Objects, line_class: Objects) -> Ends:
    """Tell what side tracks lead to.

    Parameters
    ----------
    links
        Courses of side tracks.
    geometry, line_class
        LineStrings (WGS-84 degrees) of the lines, and their classes, shape (n,).
    """
    n, lines = len(links.kind), len(geometry)
    none = np.full(n, -1, np.int64)
    if n == 0 or lines == 0:
        return Ends(np.zeros(n, np.bool_), none, none.copy())
    every = np.concatenate([links.geometry, geometry])
    kind = kind_numbers(np.concatenate([links.line_class, line_class]))
    end, owner, other, distance = _touching(every, kind)
    nodes = np.where(other < n, other, n), np.where(owner < n, owner, n)
    graph = coo_array((np.ones(len(end)), nodes), shape=(n + 1, n + 1))
    part = connected_components(graph, directed=False)[1]
    nearest = np.full(2 * len(every), np.inf)
    np.minimum.at(nearest, end, distance)
    on = (owner < n) & (other >= n) & (distance <= nearest[end] + TOUCH_M)
    order = np.flatnonzero(on)[np.lexsort((other[on], distance[on], end[on]))]
    at = np.full(2 * n, -1, np.int64)
    at[end[order][::-1]] = other[order][::-1] - n  # the nearest is written last
    return Ends(part[:n] == part[n], at[0::2], at[1::2])


def _touching(geometry: Objects, kind: Ints) -> tuple[Ints, Ints, Ints, Floats]:
    """Find tracks of its kind within reach of each end: end, its track, the other, how far.

    The ends of track `i` are `2 i` and `2 i + 1`.
    """
    grid = line_grid(geometry, np.arange(len(geometry)), CELL_M)
    places = [shapely.get_coordinates(shapely.get_point(geometry, k)) for k in (0, -1)]
    place = np.stack(places, axis=1).reshape(-1, 2)
    near = nearest_per_line(grid, place[:, 0].copy(), place[:, 1].copy(), JOIN_M)
    owner, other = near.point // 2, grid.line[near.edge]
    good = (owner != other) & (kind[owner] == kind[other])
    return near.point[good], owner[good], other[good], near.distance_m[good]


def change_tracks(links: Links, ends: Ends, line_class: Objects, route: Ints) -> Flags:
    """Tell which are short crossovers between two tracks of one line.

    Parameters
    ----------
    links, ends
        See :func:`courses_of` and :func:`ends_of`.
    line_class, route
        Of each line; `route` as ``pairing.routes_of`` gives it. Where one of two tracks of a class
        has no name, they are taken as two tracks of one line.
    """
    a, b = ends.first, ends.last
    made: Flags = np.isin(links.kind.astype(str), CROSSOVERS) & (links.length_m < CROSSOVER_M)
    made &= (a >= 0) & (b >= 0) & (a != b)
    if not made.any():
        return made
    same = (route[a] == route[b]) | (route[a] < 0) | (route[b] < 0)
    made &= same & (line_class[a] == line_class[b])
    return made


def link_ids(links: Links) -> Objects:
    """Identity of each course of a side track: made of its kind, names and ends."""
    texts = identity_texts(links.line_class, links.ref, links.name, links.geometry)
    rows = zip(links.line_class, links.kind, texts, strict=True)
    return np.array([hashed(f"{c}-link", f"{kind}|{text}") for c, kind, text in rows], object)
