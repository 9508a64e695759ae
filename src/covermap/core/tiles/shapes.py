"""Many shapes as flat arrays: what the tiling kernels work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

POINT, LINE, POLYGON = 1, 2, 3
"""Geometry types, numbered as the vector tile specification does."""


@dataclass(frozen=True)
class Shapes:
    """Many shapes, flat: shape i has parts `shape_starts[i]:shape_starts[i + 1]`, part j vertices
    `part_starts[j]:part_starts[j + 1]`.

    A part is a point, a line, or a ring that is not closed; a ring with `hole` belongs to the last
    ring before it that is none. `x` and `y` are world coordinates (0-1) or lattice units.
    """  # noqa: D205

    kind: NDArray[np.int8]
    shape_starts: Ints
    part_starts: Ints
    hole: NDArray[np.bool_]
    x: NDArray[Any]
    y: NDArray[Any]

    def __len__(self) -> int:
        """Count the shapes."""
        return len(self.kind)

    def sizes(self) -> Ints:
        """Count the vertices of each shape."""
        sizes: Ints = np.diff(self.part_starts[self.shape_starts])
        return sizes

    def at(self, x: NDArray[Any], y: NDArray[Any]) -> Shapes:
        """Give the same shapes with other coordinates."""
        return Shapes(self.kind, self.shape_starts, self.part_starts, self.hole, x, y)


def rings(x: Floats, y: Floats, starts: Ints) -> Shapes:
    """Polygons of one ring each: ring i is `x[starts[i]:starts[i + 1]]`."""
    n = len(starts) - 1
    return Shapes(
        np.full(n, POLYGON, np.int8), np.arange(n + 1, dtype=np.int64), starts.astype(np.int64),
        np.zeros(n, bool), x, y,
    )  # fmt: skip


def points(x: Floats, y: Floats) -> Shapes:
    """Points, one each."""
    n = len(x)
    starts = np.arange(n + 1, dtype=np.int64)
    return Shapes(np.full(n, POINT, np.int8), starts, starts, np.zeros(n, bool), x, y)


def from_geometry(geometry: NDArray[np.object_]) -> Shapes:
    """Flatten shapely geometries: (multi)points, (multi)lines and (multi)polygons.

    Empty and missing ones become shapes without parts. Coordinates are taken as they are.

    Raises
    ------
    ValueError
        A geometry collection: it has no one type.
    """
    geometry = np.asarray(geometry, dtype=object)
    kind = _kinds(geometry)
    single, owner = shapely.get_parts(geometry, return_index=True)
    polygon = shapely.get_type_id(single) == 3
    ring, ring_owner = shapely.get_rings(single[polygon], return_index=True)
    first = np.append(True, ring_owner[1:] != ring_owner[:-1])[: len(ring_owner)]
    part = np.concatenate([single[~polygon], ring])
    part_owner = np.concatenate([owner[~polygon], owner[polygon][ring_owner]])
    hole = np.concatenate([np.zeros(int((~polygon).sum()), bool), ~first])
    order = np.argsort(part_owner, kind="stable")
    part, part_owner, hole = part[order], part_owner[order], hole[order]
    xy, of = shapely.get_coordinates(part, return_index=True)
    closing = np.append(of[1:] != of[:-1], True)[: len(of)] & (kind[part_owner][of] == POLYGON)
    xy, of = xy[~closing], of[~closing]
    return Shapes(
        kind,
        np.searchsorted(part_owner, np.arange(len(geometry) + 1)).astype(np.int64),
        np.searchsorted(of, np.arange(len(part) + 1)).astype(np.int64),
        hole, xy[:, 0], xy[:, 1],
    )  # fmt: skip


def _kinds(geometry: NDArray[np.object_]) -> NDArray[np.int8]:
    numbers = {-1: POINT, 0: POINT, 4: POINT, 1: LINE, 2: LINE, 5: LINE, 3: POLYGON, 6: POLYGON}
    types = shapely.get_type_id(geometry)
    if np.any(types == 7):
        raise ValueError("a geometry collection cannot be drawn: it has no one type")
    table = np.array([numbers.get(t, POINT) for t in range(-1, 8)], np.int8)
    return table[types + 1]
