"""Archives of segments: one geometry for all layers, properties layer by layer."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from covermap.core.tiles.clip import Placed
from covermap.core.tiles.pyramid import Tally, merged, pieces, shown, tally
from covermap.core.tiles.shapes import Shapes, from_geometry
from covermap.core.tiles.tiling import to_world, unwrapped
from covermap.engine.step import StepContext
from covermap.formats.archive import archive_name
from covermap.formats.recipe import Zoom, load_recipe
from covermap.steps.tiles.drawing import (
    Made,
    TileBytes,
    at_zoom,
    bounds_of,
    draw,
    pile_of,
    rounded,
    stable_ids,
    write_pile,
)
from covermap.tables import VERDICTS

Ints = NDArray[np.int64]
MM_PER_M = 1000
_QUERY = """
SELECT v.verdict, v.n, v.share, v.rsrp_mean_dbm, v.probability, v.runs
FROM segments AS s
LEFT JOIN (SELECT * FROM segment_verdicts WHERE operator = ? AND technology = ?) AS v
    ON v.line_id = s.line_id AND v.segment = s.segment
ORDER BY s.line_id, s.segment
"""
_COURSES = """
SELECT s.line_id, s.segment, s.from_m, s.to_m, s.length_m, s.geometry,
    coalesce(l.ref, l.name, s.line_id) AS line, l.class
FROM segments AS s LEFT JOIN lines AS l ON l.line_id = s.line_id
ORDER BY s.line_id, s.segment
"""


class SegmentArchives:
    """Segments of the build's lines, and how each zoom joins and cuts them."""

    def __init__(self, ctx: StepContext, folder: Path) -> None:
        self.ctx, self.folder = ctx, folder
        self.recipe = load_recipe("segments")
        self._placed: dict[int, Placed] = {}
        self._starts: dict[float | None, Ints] = {}

    @cached_property
    def courses(self) -> pa.Table:
        """Segments with their lines' names, in order."""
        with self.ctx.tables.connect("segments", "lines") as connection:
            return connection.sql(_COURSES).to_arrow_table()

    @cached_property
    def shapes(self) -> Shapes:
        """Their geometry in world coordinates."""
        geometry = shapely.from_wkb(self.courses.column("geometry").to_numpy())
        flat = from_geometry(geometry)
        x, y = to_world(flat.x, flat.y)
        return flat.at(unwrapped(x, flat.part_starts), y)

    @cached_property
    def ids(self) -> Ints:
        """Stable ids: 32 bits of the line's, 20 of the segment's."""
        of_line = stable_ids(self._lines.dictionary.to_pylist()) >> 20
        segment = self._column("segment").astype(np.int64)
        ids: Ints = (of_line[self._line_numbers] << 20) | segment
        return ids

    def archive(self, operator: str, technology: str) -> Made:
        """Write the archive of one layer."""
        sums = self._tally(operator, technology)
        by_piece: dict[float | None, pa.Table] = {}

        def tiles(zoom: int) -> TileBytes:
            said = self._zoom(zoom)
            starts = self._piece_starts(said.piece_m)
            if said.piece_m not in by_piece:
                by_piece[said.piece_m] = self._properties(sums, starts)
            return draw("segments", self._at(said), self.ids[starts], by_piece[said.piece_m])

        pile = pile_of(self.recipe, tiles)
        path = self.folder / archive_name("segments", operator, technology)
        return write_pile(path, "segments", pile, self.recipe.zooms[1], bounds_of(self.shapes))

    def _zoom(self, zoom: int) -> Zoom:
        zooms = self.recipe.layers["segments"].zooms
        return zooms[zoom - zooms[0].zoom]

    def _piece_starts(self, piece_m: float | None) -> Ints:
        if piece_m not in self._starts:
            n = self.courses.num_rows
            self._starts[piece_m] = (
                np.arange(n, dtype=np.int64)
                if piece_m is None or not n
                else pieces(
                    self._line_numbers, self._column("from_m"), self._column("to_m"), piece_m
                )
            )
        return self._starts[piece_m]

    def _column(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self.courses.column(name).to_numpy()
        return values

    @cached_property
    def _lines(self) -> pa.DictionaryArray:
        return self.courses.column("line_id").combine_chunks().dictionary_encode()

    @cached_property
    def _line_numbers(self) -> Ints:
        numbers: Ints = self._lines.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return numbers

    def _at(self, zoom: Zoom) -> Placed:
        """Pieces cut into the zoom's tiles; the same for every layer."""
        if zoom.zoom not in self._placed:
            starts = self._piece_starts(zoom.piece_m)
            self._placed[zoom.zoom] = at_zoom(
                _joined(self.shapes, starts), zoom.zoom, zoom.simplify
            )
        return self._placed[zoom.zoom]

    def _tally(self, operator: str, technology: str) -> Tally:
        with self.ctx.tables.connect("segments", "segment_verdicts") as connection:
            data = connection.sql(_QUERY, params=[operator, technology]).to_arrow_table()

        def filled(name: str, missing: Any) -> NDArray[Any]:
            values: NDArray[Any] = pc.fill_null(data.column(name), missing).to_numpy()
            return values

        length_m = self._column("length_m")
        return tally(
            size=np.rint(length_m * MM_PER_M).astype(np.int64),
            verdict=np.asarray(filled("verdict", "unmeasured"), dtype=object),
            n=filled("n", 0),
            share=filled("share", np.nan),
            rsrp_dbm=filled("rsrp_mean_dbm", np.nan),
            probability=filled("probability", np.nan),
            runs=filled("runs", 0),
        )

    def _properties(self, sums: Tally, starts: Ints) -> pa.Table:
        places = shown(merged(sums, starts))
        columns = {name: places.column(name) for name in places.column_names}
        for verdict in VERDICTS:
            columns[f"{verdict}_m"] = pc.divide(
                columns.pop(verdict).cast(pa.float64()), float(MM_PER_M)
            )
        ends = np.append(starts[1:], self.courses.num_rows)[: len(starts)] - 1
        for name, rows in (("line_id", starts), ("line", starts), ("class", starts),
                           ("from_m", starts), ("to_m", ends)):  # fmt: skip
            columns[name] = self.courses.column(name).take(pa.array(rows))
        return rounded(pa.table(columns), self.recipe.layers["segments"].properties)


def _joined(shapes: Shapes, starts: Ints) -> Shapes:
    """Join runs of lines into one each; a vertex where two meet is dropped when it is rounded."""
    n = len(starts)
    first_part = shapes.shape_starts[np.append(starts, len(shapes))]
    return Shapes(
        shapes.kind[starts], np.arange(n + 1, dtype=np.int64), shapes.part_starts[first_part],
        np.zeros(n, bool), shapes.x, shapes.y,
    )  # fmt: skip
