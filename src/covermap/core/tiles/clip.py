"""Shapes into tiles: which tiles a shape touches, and its part inside each.

Rules, the same for every layer:

- A **polygon** is in each tile whose square it overlaps. It is cut only where it reaches further
  than `POLYGON_BUFFER` units beyond the square, so a cell stays whole on both sides of an edge and
  no cut is ever seen. One that rounding leaves without area is a triangle one unit wide.
- A **line** is in each tile whose square, widened by `LINE_BUFFER` units, it crosses: a thick line
  drawn along an edge has both its halves. It is cut at the widened square.
- A **point** is in exactly one tile.

Coordinates come in on a zoom's lattice (:mod:`covermap.core.tiles.tiling`) and go out relative to
the tile's north-west corner, so what two shapes share before they share after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.tiles.shapes import LINE, POINT, POLYGON, Shapes
from covermap.core.tiles.tiling import EXTENT, tile_ids

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

POLYGON_BUFFER = 1024
LINE_BUFFER = 64


@dataclass(frozen=True)
class Placed:
    """Shapes in tiles, one entry a shape and tile, sorted by tile id and then by shape.

    Entry i is shape `shape[i]` in tile `tile_x[i]`, `tile_y[i]`; its parts and their vertices are
    flat as in :class:`Shapes`, in units from the tile's north-west corner. Lengths differ from the
    shapes': a shape touches several tiles; only one without vertices touches none.
    """

    tile_id: Ints
    tile_x: Ints
    tile_y: Ints
    shape: Ints
    kind: NDArray[np.int8]
    entry_starts: Ints
    part_starts: Ints
    x: NDArray[np.int32]
    y: NDArray[np.int32]

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.shape)

    def tiles(self) -> Ints:
        """First entry of each tile, and the number of entries at the end."""
        if not len(self):
            return np.zeros(1, np.int64)
        new = np.flatnonzero(np.diff(self.tile_id)) + 1
        return np.concatenate([[0], new, [len(self)]]).astype(np.int64)


def place(shapes: Shapes, zoom: int) -> Placed:
    """Cut shapes, given on the zoom's lattice, into its tiles.

    Rings come out as the specification wants them (outer ones clockwise on the screen, holes the
    other way); repeated vertices are one. A line that rounding collapses is drawn one unit long, a
    polygon one unit wide: nothing is left out. Tiles beyond the antimeridian wrap round; there are
    none beyond the edges at `MAX_LATITUDE_DEG`.
    """
    y = np.ascontiguousarray(np.clip(shapes.y, 0, EXTENT << zoom), np.int64)
    shapes = shapes.at(np.ascontiguousarray(shapes.x, np.int64), y)
    placed = _placed(shapes, zoom)
    gone = np.ones(len(shapes), bool)
    gone[placed.shape] = False
    gone &= shapes.sizes() > 0
    return _placed(_triangles(shapes, gone, EXTENT << zoom), zoom) if gone.any() else placed


def _placed(shapes: Shapes, zoom: int) -> Placed:
    shape, tile_x, tile_y = _candidates(shapes, zoom)
    found, part_starts, out_x, out_y = _clip(
        shapes.kind, shapes.shape_starts, shapes.part_starts, shapes.hole, shapes.x, shapes.y,
        shape, tile_x, tile_y,
    )  # fmt: skip
    there = np.flatnonzero(np.diff(found) > 0)
    tile_x %= 1 << zoom
    tile = tile_ids(zoom, tile_x[there], tile_y[there])
    # at the first zooms a shape over the antimeridian is in one tile from both sides
    again = np.zeros(len(there), bool)
    again[1:] = (np.diff(tile) == 0) & (np.diff(shape[there]) == 0)
    there, tile = there[~again], tile[~again]
    return Placed(
        tile, tile_x[there], tile_y[there], shape[there], shapes.kind[shape[there]],
        np.append(found[there], found[-1]), part_starts, out_x, out_y,
    )  # fmt: skip


def _triangles(shapes: Shapes, which: NDArray[np.bool_], edge: int) -> Shapes:
    """Put a triangle one unit wide at the first vertex of some shapes, in place of their parts."""
    first = shapes.part_starts[shapes.shape_starts[:-1][which]]
    x, y = shapes.x[first], np.minimum(shapes.y[first], edge - 1)
    keep = ~np.repeat(which, np.diff(shapes.shape_starts))
    sizes = np.diff(shapes.part_starts)
    one, of = which.astype(np.int64), np.arange(len(shapes))
    owner = np.concatenate([np.repeat(of, np.diff(shapes.shape_starts))[keep], of[which]])
    order = np.argsort(owner, kind="stable")
    part_sizes = np.concatenate([sizes[keep], np.full(one.sum(), 3)])
    starts = np.concatenate([shapes.part_starts[:-1][keep], len(shapes.x) + 3 * np.arange(len(x))])
    at = ranges(starts[order], part_sizes[order])
    corners_x, corners_y = np.stack([x, x + 1, x], axis=1), np.stack([y, y, y + 1], axis=1)
    return Shapes(
        np.where(which, POLYGON, shapes.kind).astype(np.int8),
        np.searchsorted(owner[order], np.arange(len(shapes) + 1)).astype(np.int64),
        np.concatenate([[0], np.cumsum(part_sizes[order])]).astype(np.int64),
        np.concatenate([shapes.hole[keep], np.zeros(len(x), bool)])[order],
        np.concatenate([shapes.x, corners_x.ravel()])[at],
        np.concatenate([shapes.y, corners_y.ravel()])[at],
    )  # fmt: skip


def _candidates(shapes: Shapes, zoom: int) -> tuple[Ints, Ints, Ints]:
    """Shapes and the tiles that their bounding boxes touch, sorted by tile id and shape."""
    tiles = 1 << zoom
    first = shapes.part_starts[shapes.shape_starts[:-1]]
    last = shapes.part_starts[shapes.shape_starts[1:]]
    some = np.flatnonzero(last > first)
    if not len(some):
        return some, some, some
    beyond = np.where(shapes.kind[some] == LINE, LINE_BUFFER, 0)
    low, high = [], []
    for values in (shapes.x, shapes.y):
        low.append((np.minimum.reduceat(values, first[some]) - beyond) // EXTENT)
        high.append((np.maximum.reduceat(values, first[some]) + beyond) // EXTENT)
    # a point on the southern edge of the world belongs to the last row
    low[1] = np.clip(low[1], 0, tiles - 1)
    high[1] = np.clip(high[1], 0, tiles - 1)
    wide, tall = high[0] - low[0] + 1, high[1] - low[1] + 1
    count = wide * tall
    of = np.repeat(np.arange(len(some)), count)
    number = ranges(np.zeros_like(count), count)
    tile_x = low[0][of] + number % wide[of]
    tile_y = low[1][of] + number // wide[of]
    order = np.lexsort((tile_x, some[of], tile_ids(zoom, tile_x % tiles, tile_y)))
    return some[of][order], tile_x[order], tile_y[order]


@njit(cache=True, nogil=True)
def _grown(values: NDArray[Any], needed: int) -> NDArray[Any]:
    """Give room for at least `needed` values, keeping those that are there."""
    if needed <= len(values):
        return values
    larger = np.empty(max(needed, 2 * len(values)), values.dtype)
    larger[: len(values)] = values
    return larger


@njit(cache=True, nogil=True)
def _clip(
    kind: NDArray[np.int8], shape_starts: Ints, part_starts: Ints, hole: NDArray[np.bool_],
    x: Ints, y: Ints, candidate: Ints, tile_x: Ints, tile_y: Ints,
) -> tuple[Ints, Ints, NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
    """Cut each candidate shape to its tile: starts of its parts, of their vertices, vertices."""
    entry_starts = np.zeros(len(candidate) + 1, np.int64)
    parts, vertices = 0, 0
    out_parts = np.zeros(len(candidate) + 16, np.int64)
    out_x, out_y = np.empty(len(x) + 16, np.int32), np.empty(len(x) + 16, np.int32)
    longest = 0 if len(part_starts) < 2 else np.diff(part_starts).max()
    room = 16 * longest + 64
    p, q, r = np.empty((2, room)), np.empty((2, room)), np.empty((2, room))
    for c in range(len(candidate)):
        s = candidate[c]
        outer_kept = False
        for part in range(shape_starts[s], shape_starts[s + 1]):
            n = part_starts[part + 1] - part_starts[part]
            for i in range(n):
                p[0, i] = x[part_starts[part] + i] - tile_x[c] * EXTENT
                p[1, i] = y[part_starts[part] + i] - tile_y[c] * EXTENT
            need = vertices + 16 * n + 64
            out_x, out_y = _grown(out_x, need), _grown(out_y, need)
            out_parts = _grown(out_parts, parts + n + 16)
            if kind[s] == LINE:
                parts = _line_inside(p, n, out_x, out_y, out_parts, parts)
            elif kind[s] == POINT:
                parts = _points_inside(p, n, out_x, out_y, out_parts, parts)
            elif not hole[part] or outer_kept:
                before = parts
                parts = _ring_inside(p, q, r, n, hole[part], out_x, out_y, out_parts, parts)
                outer_kept = outer_kept if hole[part] else parts > before
            vertices = out_parts[parts]
        entry_starts[c + 1] = parts
    return (
        entry_starts, out_parts[: parts + 1].copy(), out_x[:vertices].copy(),
        out_y[:vertices].copy(),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _points_inside(
    p: Floats, n: int, out_x: NDArray[np.int32], out_y: NDArray[np.int32], starts: Ints, parts: int
) -> int:
    """Keep points inside the square; its eastern and southern edges belong to the next tile."""
    for i in range(n):
        if 0 <= p[0, i] < EXTENT and 0 <= p[1, i] <= EXTENT:
            out_x[starts[parts]], out_y[starts[parts]] = p[0, i], p[1, i]
            starts[parts + 1] = starts[parts] + 1
            parts += 1
    return parts


@njit(cache=True, nogil=True)
def _ring_inside(
    p: Floats, q: Floats, r: Floats, n: int, hole: bool,
    out_x: NDArray[np.int32], out_y: NDArray[np.int32], starts: Ints, parts: int,
) -> int:  # fmt: skip
    """Write the ring's part in the buffered square, if it overlaps the square itself."""
    low, high = p[:, :n].min(), p[:, :n].max()
    if low < 0 or high > EXTENT:
        q[:, :n] = p[:, :n]
        m = _rounded(q, _cut_square(q, r, n, 0.0, float(EXTENT)))
        if not hole and _twice_area(q, m) == 0:
            return parts
    if low < -POLYGON_BUFFER or high > EXTENT + POLYGON_BUFFER:
        n = _cut_square(p, r, n, -float(POLYGON_BUFFER), float(EXTENT + POLYGON_BUFFER))
    n = _rounded(p, n)
    area = _twice_area(p, n)
    if area == 0:
        return parts
    start = starts[parts]
    backwards = (area < 0) != hole
    for i in range(n):
        j = (n - i) % n if backwards else i
        out_x[start + i], out_y[start + i] = p[0, j], p[1, j]
    starts[parts + 1] = start + n
    return parts + 1


@njit(cache=True, nogil=True)
def _cut_square(p: Floats, r: Floats, n: int, low: float, high: float) -> int:
    """Cut the ring in `p` to the square low-high, in place (Sutherland-Hodgman)."""
    n = _cut_side(p, r, n, 0, low, False)
    n = _cut_side(r, p, n, 0, high, True)
    n = _cut_side(p, r, n, 1, low, False)
    return _cut_side(r, p, n, 1, high, True)


@njit(cache=True, nogil=True)
def _cut_side(p: Floats, r: Floats, n: int, axis: int, limit: float, keep_below: bool) -> int:
    """Keep the side of a line: ring `p` to ring `r`; give the number of its vertices."""
    m = 0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        a, b = p[axis, i], p[axis, j]
        a_in = a <= limit if keep_below else a >= limit
        b_in = b <= limit if keep_below else b >= limit
        if a_in:
            r[0, m], r[1, m] = p[0, i], p[1, i]
            m += 1
        if a_in != b_in:
            # reckoned from its lower end, an edge is cut at one point whichever way it runs
            first, second = (i, j) if a < b else (j, i)
            t = (limit - p[axis, first]) / (p[axis, second] - p[axis, first])
            other = 1 - axis
            r[axis, m] = limit
            r[other, m] = p[other, first] + t * (p[other, second] - p[other, first])
            m += 1
    return m


@njit(cache=True, nogil=True)
def _rounded(p: Floats, n: int) -> int:
    """Round a ring to units and drop repeated vertices, in place."""
    m = 0
    for i in range(n):
        x, y = np.floor(p[0, i] + 0.5), np.floor(p[1, i] + 0.5)
        if m == 0 or x != p[0, m - 1] or y != p[1, m - 1]:
            p[0, m], p[1, m] = x, y
            m += 1
    while m > 1 and p[0, m - 1] == p[0, 0] and p[1, m - 1] == p[1, 0]:
        m -= 1
    return m


@njit(cache=True, nogil=True)
def _twice_area(p: Floats, n: int) -> float:
    """Signed area of a ring, doubled: positive is clockwise with y downwards."""
    total = 0.0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        total += p[0, i] * p[1, j] - p[0, j] * p[1, i]
    return total


@njit(cache=True, nogil=True)
def _line_inside(
    p: Floats, n: int, out_x: NDArray[np.int32], out_y: NDArray[np.int32], starts: Ints, parts: int
) -> int:
    """Write the line's pieces in the buffered square."""
    low, high = -float(LINE_BUFFER), float(EXTENT + LINE_BUFFER)
    end = starts[parts]
    open_piece = False
    for i in range(max(n - 1, 1)):
        j = min(i + 1, n - 1)
        crosses, a, b = _cut_edge(p[0, i], p[1, i], p[0, j], p[1, j], low, high)
        if not crosses:
            continue
        for t in (a, b):
            x = np.floor(p[0, i] + t * (p[0, j] - p[0, i]) + 0.5)
            y = np.floor(p[1, i] + t * (p[1, j] - p[1, i]) + 0.5)
            fresh = end == starts[parts]
            if fresh or x != out_x[end - 1] or y != out_y[end - 1]:
                out_x[end], out_y[end] = x, y
                end += 1
        open_piece = True
        if b < 1 or i >= n - 2:
            parts, end = _close_line(out_x, out_y, starts, parts, end)
            open_piece = False
    if open_piece:
        parts, end = _close_line(out_x, out_y, starts, parts, end)
    return parts


@njit(cache=True, nogil=True)
def _close_line(
    out_x: NDArray[np.int32], out_y: NDArray[np.int32], starts: Ints, parts: int, end: int
) -> tuple[int, int]:
    """End a piece; one that is a single point becomes one unit long, so that nothing is lost."""
    if end - starts[parts] == 1:
        out_x[end], out_y[end] = out_x[end - 1] + 1, out_y[end - 1]
        end += 1
    starts[parts + 1] = end
    return parts + 1, end


@njit(cache=True, nogil=True)
def _cut_edge(
    x0: float, y0: float, x1: float, y1: float, low: float, high: float
) -> tuple[bool, float, float]:
    """Whether an edge meets the square, and from which share of it to which (Liang-Barsky)."""
    start, end = 0.0, 1.0
    for side in range(4):
        d = x1 - x0 if side < 2 else y1 - y0
        at = x0 if side < 2 else y0
        p = -d if side % 2 == 0 else d
        q = at - low if side % 2 == 0 else high - at
        if p == 0:
            if q < 0:
                return False, 0.0, 0.0
        elif p < 0:
            start = max(start, q / p)
        else:
            end = min(end, q / p)
    return start <= end, start, end
