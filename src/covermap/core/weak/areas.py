"""Weak areas: connected cells, and their outline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from covermap.core.cells import boundaries, neighbours

Ints = NDArray[np.int64]


def connected_areas(cells: Ints) -> Ints:
    """Give each cell the number of its connected area: cells that share an edge are in one.

    Areas are numbered in the order of their first cell in the array.

    Parameters
    ----------
    cells
        Distinct H3 cells of one resolution, as int64.
    """
    left, right = neighbours(cells)
    ones = np.ones(len(left), np.int8)
    graph = coo_matrix((ones, (left, right)), shape=(len(cells), len(cells)))
    _, label = connected_components(graph, directed=False)
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def outlines(cells: Ints, group: Ints) -> NDArray[np.object_]:
    """Union of each group's hexagons as one MultiPolygon a group, exteriors counter-clockwise.

    Parameters
    ----------
    cells, group
        Cells and their group's number, 0 to groups - 1, each occurring.

    Returns
    -------
    array of shapely MultiPolygon
        One a group: of another length than the cells. Vertices are those of the cells, bit-equal
        where cells meet, so the union has neither slivers nor gaps.
    """
    order = np.argsort(group, kind="stable")
    polygons = boundaries(cells[order]).polygons()
    ends = np.cumsum(np.bincount(group)) if len(group) else np.zeros(0, np.int64)
    parts = np.split(polygons, ends[:-1]) if len(ends) else []
    unions = np.array([shapely.coverage_union_all(part) for part in parts], dtype=object)
    return as_multi(shapely.orient_polygons(unions), shapely.multipolygons)


def as_multi(shapes: NDArray[np.object_], gather: Callable[..., Any]) -> NDArray[np.object_]:
    """Wrap simple geometries into multi ones, one a geometry given.

    `gather` is ``shapely.multipolygons`` or ``shapely.multilinestrings``.
    """
    if not len(shapes):
        return shapes
    parts, owner = shapely.get_parts(shapes, return_index=True)
    return np.array(gather(parts, indices=owner), dtype=np.object_)
