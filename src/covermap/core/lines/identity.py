"""Identity of lines from import to import: which of the lines known before each one is.

A line is what it was when it overlaps it most: of all pairs of a new and a known line of one class,
the pair with the longest overlap is taken first, then the next of lines still free. So when a line
is split, its longest part keeps the identity and the others get new ones; when lines are merged,
the one that gives most of the length goes on and the others end. An end extended, a vertex moved by
metres, a way split or turned round, a name corrected, and what happens to other lines change
nothing. A line that is not known gets an identity from its class, number, name and ends.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.geodesy import Floats, Ints, short_steps_m
from covermap.core.lines.nearest import line_grid, nearest_per_line
from covermap.core.lines.segments import course_vertices, positions_at

Objects = NDArray[np.object_]

STEP_M = 100.0
"""Overlap is counted at points this far apart (at `FEWEST` points at least)."""
FEWEST = 4
REACH_M = 60.0
"""A line overlaps a known one where it is nearer than this; the nearer, the more it counts."""
LEAST_OF_SHORTER, LEAST_OF_KNOWN = 0.3, 0.1
"""Least overlap, as a share of the shorter of the two lines, and of the known one."""
END_DECIMALS = 4
"""Ends of a line are rounded to this (about 10 m) in its identity."""
ID_DIGITS = 12


class Known(NamedTuple):
    """Lines known from before, arrays of one length: identity, class, LineString (WGS-84)."""

    line_id: Objects
    line_class: Objects
    geometry: Objects


class Kept(NamedTuple):
    """For each line: the identity kept (None: a new line), its row in `Known`, or -1."""

    line_id: Objects
    known: Ints
    same_way: NDArray[np.bool_]
    """Whether it runs in the direction of the known one; true for new lines."""


def keep_lines(geometry: Objects, line_class: Objects, known: Known | None) -> Kept:
    """Find which known line each line is.

    Parameters
    ----------
    geometry, line_class
        LineStrings, WGS-84 degrees, and their classes, shape (n,).
    known
        Lines of the import before; None: this is the first one.
    """
    n = len(geometry)
    kept = Kept(np.full(n, None, object), np.full(n, -1, np.int64), np.ones(n, bool))
    if known is None or n == 0 or len(known.line_id) == 0:
        return kept
    pairs = _overlaps(geometry, line_class.astype(str), known)
    order = np.lexsort((known.line_id[pairs["old"]].astype(str), -pairs["score"].round(3)))
    taken: set[int] = set()
    for new, old, way in pairs.iloc[order][["new", "old", "way"]].to_numpy():
        if kept.known[int(new)] < 0 and int(old) not in taken:
            taken.add(int(old))
            kept.known[int(new)], kept.same_way[int(new)] = int(old), way >= 0
    found = kept.known >= 0
    kept.line_id[found] = known.line_id[kept.known[found]]
    return kept


def _overlaps(geometry: Objects, line_class: Objects, known: Known) -> pd.DataFrame:
    """Pairs of a line and a known one that overlap enough: score, m, and way (below 0: against)."""
    line, lon, lat, weight, length = _samples(geometry)
    grid = line_grid(known.geometry, np.arange(len(known.geometry)), cell_m=250.0)
    near = nearest_per_line(grid, lon, lat, REACH_M)
    old = grid.line[near.edge]
    new = line[near.point]
    same = line_class[new] == known.line_class.astype(str)[old]
    east, north = short_steps_m(
        grid.x1[near.edge], grid.y1[near.edge], grid.x2[near.edge], grid.y2[near.edge]
    )
    ahead = _directions(line, lon, lat)[near.point]
    frame = pd.DataFrame(
        {
            "new": new,
            "old": old,
            "overlap": weight[near.point],
            "score": weight[near.point] * (1.0 - near.distance_m / REACH_M),
            "way": weight[near.point]
            * (ahead[:, 0] * east + ahead[:, 1] * north)
            / np.maximum(np.hypot(east, north), 1e-9),
        }
    )[same]
    sums = frame.groupby(["new", "old"], as_index=False).sum()
    own = length[sums["new"].to_numpy()]
    before = course_vertices(known.geometry).length_m[sums["old"].to_numpy()]
    least = np.maximum(LEAST_OF_SHORTER * np.minimum(own, before), LEAST_OF_KNOWN * before)
    return sums[sums["overlap"].to_numpy() >= least].reset_index(drop=True)


def _samples(geometry: Objects) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Points along lines: line, lon, lat, length that each stands for; and each line's length."""
    course = course_vertices(geometry)
    length = course.length_m
    count = np.maximum(FEWEST, np.ceil(length / STEP_M)).astype(np.int64)
    line = np.repeat(np.arange(len(geometry)), count)
    nth = ranges(np.zeros_like(count), count)
    step = (length / count)[line]
    lon, lat = positions_at(course, line, (nth + 0.5) * step)
    return line, lon, lat, step, length


def _directions(line: Ints, lon: Floats, lat: Floats) -> Floats:
    """Give unit vectors (east, north) along the lines at their points, from the points beside."""
    index = np.arange(len(line))
    before, after = np.maximum(index - 1, 0), np.minimum(index + 1, len(line) - 1)
    before = np.where(line[before] == line, before, index)
    after = np.where(line[after] == line, after, index)
    made = np.stack(short_steps_m(lon[before], lat[before], lon[after], lat[after]), axis=1)
    unit: Floats = made / np.maximum(np.linalg.norm(made, axis=1), 1e-9)[:, None]
    return unit


def identity_texts(line_class: Objects, ref: Objects, name: Objects, geometry: Objects) -> Objects:
    """Text that tells each line from others: class, number, name, ends, and its rank by shape."""
    start = shapely.get_coordinates(shapely.get_point(geometry, 0))
    end = shapely.get_coordinates(shapely.get_point(geometry, -1))
    # The ends are sorted: drawn the other way, a line keeps its identity.
    texts = [
        "|".join([cls, number or "", called or "", *sorted([_place(a), _place(b)])])
        for cls, number, called, a, b in zip(line_class, ref, name, start, end, strict=True)
    ]
    shape = [hashlib.sha256(w).hexdigest() for w in shapely.to_wkb(geometry)]
    frame = pd.DataFrame({"text": texts, "shape": shape})
    order = frame.sort_values(["text", "shape"]).index
    nth = frame.loc[order].groupby("text").cumcount().reindex(frame.index)
    return np.array([f"{t}|{n}" for t, n in zip(texts, nth, strict=True)], dtype=object)


def _place(point: Floats) -> str:
    return f"{point[0]:.{END_DECIMALS}f},{point[1]:.{END_DECIMALS}f}"


def identities(texts: Objects, line_class: Objects, kept: Kept) -> Objects:
    """Identity of each line: the one it keeps, else one made of its text.

    Parameters
    ----------
    texts
        What tells each line from the others; no two are equal.
    line_class, kept
        Class of each line, and what was found by :func:`keep_lines`.
    """
    made = kept.line_id.copy()
    taken = {i for i in made if i is not None}
    for i in np.flatnonzero(kept.known < 0):
        again = 0
        made[i] = hashed(line_class[i], texts[i])
        while made[i] in taken:  # a line that has moved away still has the identity of this text
            again += 1
            made[i] = hashed(line_class[i], f"{texts[i]}|again {again}")
    return made


def hashed(line_class: str, text: str) -> str:
    """Identity made of a text."""
    return f"{line_class}-{hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]}"


def stored_geometry(geometry: Objects) -> Objects:
    """Geometry as it is remembered: without the vertices that move it by less than a metre."""
    made: Objects = np.asarray(shapely.simplify(geometry, 1e-5, preserve_topology=True), object)
    return made
