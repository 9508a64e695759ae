"""Courses of the build's lines for tiles: joined into pieces and cut, the same for every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.tiles.clip import Placed
from covermap.core.tiles.pyramid import pieces
from covermap.core.tiles.shapes import Shapes, from_geometry
from covermap.core.tiles.tiling import to_world, unwrapped
from covermap.formats.mvt_values import Values
from covermap.formats.recipe import Drawn, Recipe, Zoom
from covermap.steps.tiles.drawing import (
    Made,
    Way,
    at_zoom,
    bounds_of,
    draw,
    draw_archive,
    stable_ids,
)
from covermap.steps.tiles.earlier import Packed, Packer

Ints = NDArray[np.int64]
_COURSES = """
SELECT s.line_id, s.segment, s.from_m, s.to_m, s.length_m, s.geometry,
    coalesce(l.ref, l.name, s.line_id) AS line, l.class
FROM segments AS s LEFT JOIN lines AS l ON l.line_id = s.line_id
ORDER BY s.line_id, s.segment
"""


class Courses:
    """Segments of the build's lines in order, and how each zoom joins and cuts them."""

    def __init__(self, build: DuckDBPyConnection) -> None:
        self.build = build
        self._placed: dict[Zoom, Placed] = {}
        self._starts: dict[float | None, Ints] = {}

    @cached_property
    def rows(self) -> pa.Table:
        """Segments with their lines' names."""
        return self.build.sql(_COURSES).to_arrow_table()

    @cached_property
    def shapes(self) -> Shapes:
        """Their geometry in world coordinates."""
        geometry = shapely.from_wkb(self.rows.column("geometry").to_numpy())
        flat = from_geometry(geometry)
        x, y = to_world(flat.x, flat.y)
        return flat.at(unwrapped(x, flat.part_starts), y)

    @cached_property
    def ids(self) -> Ints:
        """Stable ids: 32 bits of the line's, 20 of the segment's."""
        of_line = stable_ids(self.line_ids.dictionary.to_pylist()) >> 20
        segment = self.column("segment").astype(np.int64)
        ids: Ints = (of_line[self.line_numbers] << 20) | segment
        return ids

    @cached_property
    def line_ids(self) -> pa.DictionaryArray:
        """Line of each segment."""
        return self.rows.column("line_id").combine_chunks().dictionary_encode()

    @cached_property
    def line_numbers(self) -> Ints:
        """Line of each segment as a number: lines are counted in the order of their identities."""
        numbers: Ints = self.line_ids.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return numbers

    def column(self, name: str) -> NDArray[Any]:
        """Give a column of the segments."""
        values: NDArray[Any] = self.rows.column(name).to_numpy()
        return values

    def piece_starts(self, piece_m: float | None) -> Ints:
        """First segment of each piece of that length; None: pieces are the segments themselves."""
        if piece_m not in self._starts:
            n = self.rows.num_rows
            self._starts[piece_m] = (
                np.arange(n, dtype=np.int64)
                if piece_m is None or not n
                else pieces(self.line_numbers, self.column("from_m"), self.column("to_m"), piece_m)
            )
        return self._starts[piece_m]

    def placed(self, zoom: Zoom) -> Placed:
        """Pieces cut into the zoom's tiles."""
        if zoom not in self._placed:
            joined = _joined(self.shapes, self.piece_starts(zoom.piece_m))
            self._placed[zoom] = at_zoom(joined, zoom.zoom, zoom.simplify)
        return self._placed[zoom]


def piece_archive(
    path: Path,
    kind: str,
    recipe: Recipe,
    courses: Courses,
    told: Callable[[float | None], Values],
    before: Path | None,
) -> Made:
    """Write an archive of pieces of lines; `told` gives what is said of pieces of a length."""
    packer = Packer(before, path.name)

    def tiles(said: Zoom) -> Packed:
        ids = courses.ids[courses.piece_starts(said.piece_m)]
        return packer.pack(said.zoom, draw(kind, courses.placed(said), ids, told(said.piece_m)))

    ways = partial(piece_ways, recipe.layers[kind], tiles)
    where = bounds_of(courses.shapes)
    made = draw_archive(path, kind, recipe, ways, where, keep=packer.marked.keep)
    return replace(made, kept=packer.kept)


def piece_ways(drawn: Drawn, tiles: Callable[[Zoom], Packed], zoom: int) -> Iterator[Way]:
    """Give the ways to draw a zoom: with its pieces, or with the longer ones of the recipe."""
    said = drawn.at(zoom)
    yield Way(partial(tiles, said))
    longer = {z.piece_m for z in drawn.zooms if z.piece_m is not None}
    for piece_m in sorted(p for p in longer if said.piece_m is None or p > said.piece_m):
        note = f"pieces of {piece_m:g} m in place of {_named(said.piece_m)}"
        yield Way(partial(tiles, said.model_copy(update={"piece_m": piece_m})), note)


def _named(piece_m: float | None) -> str:
    return "segments" if piece_m is None else f"{piece_m:g} m"


def _joined(shapes: Shapes, starts: Ints) -> Shapes:
    """Join runs of lines into one each; a vertex where two meet is dropped when it is rounded."""
    n = len(starts)
    first_part = shapes.shape_starts[np.append(starts, len(shapes))]
    return Shapes(
        shapes.kind[starts], np.arange(n + 1, dtype=np.int64), shapes.part_starts[first_part],
        np.zeros(n, bool), shapes.x, shapes.y,
    )  # fmt: skip
