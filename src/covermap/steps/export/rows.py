"""Rows of a build's tables to rows of an export: geometry and coordinates in the asked datum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from covermap.core.cells import boundaries, centres
from covermap.core.datum import from_wgs84
from covermap.core.geodesy import chainages_m
from covermap.course import Counts, middles
from covermap.formats.export import Batch, Field, Target
from covermap.steps.export.columns import CAUSES, OUTLOOKS

DEGREE_DECIMALS = 9
"""A tenth of a millimetre."""
METRE_DECIMALS = 4

Columns = dict[str, Any]


@dataclass(frozen=True)
class Shaper:
    """Turns batches of one kind of table into batches of an export."""

    kind: str
    fields: tuple[Field, ...]
    target: Target
    operators: dict[str, str]
    """Operator -> its name for people."""
    simulated: bool
    """Of rows whose table does not say it."""
    courses: Callable[[], dict[str, Any]]
    """Geometry of each line, WGS-84."""
    counts: Counts
    """How the chainage of each line is written."""

    def batches(self, rows: Iterator[pa.RecordBatch]) -> Iterator[Batch]:
        """Shape every batch; give one empty batch where there is none at all."""
        lines = self.courses() if self.kind in ("lines", "sections") else {}
        any_rows = False
        for batch in rows:
            if batch.num_rows:
                any_rows = True
                yield self._shape(batch, lines)
        if not any_rows:
            schema = pa.schema([pa.field(f.name, f.type) for f in self.fields])
            yield Batch(pa.RecordBatch.from_pylist([], schema=schema), np.empty(0, object))

    def _shape(self, batch: pa.RecordBatch, lines: dict[str, Any]) -> Batch:
        columns: Columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        geometry = self._geometry(columns, lines)
        self._add(columns, batch.num_rows)
        arrays = [_as(columns[f.name], f.type) for f in self.fields]
        data = pa.RecordBatch.from_arrays(arrays, names=[f.name for f in self.fields])
        return Batch(data, geometry)

    def _geometry(self, columns: Columns, lines: dict[str, Any]) -> Any:
        """Take out the geometry of each row, converted; replace lon and lat by converted ones."""
        if self.kind == "cells":
            cells = columns["cell"].to_numpy()
            columns["h3"] = pa.array([f"{c:x}" for c in cells.tolist()])
            columns["lon"], columns["lat"] = centres(cells)
            return self._points_and(columns, boundaries(cells).polygons())
        if self.kind == "weak-spots":
            return self._points_and(columns, shapely.from_wkb(_objects(columns["geometry"])))
        if self.kind == "lines":
            shapes = [lines.get(name) for name in columns["line_id"].to_pylist()]
            return self.convert(np.array(shapes, object))
        if self.kind == "sections":
            return self.convert(_parts(columns, lines))
        if self.kind == "segments":
            return self.convert(shapely.from_wkb(_objects(columns["geometry"])))
        if self.kind == "profile":
            pieces = shapely.from_wkb(_objects(columns["geometry"]))
            columns["lon"], columns["lat"] = middles(pieces)
            return self._points_and(columns, pieces)
        if self.kind in ("network", "people"):
            return np.full(len(columns["operator"]), None, object)
        self._points_and(columns, None)
        first, second = self._coordinate_names
        x, y = _floats(columns[first]), _floats(columns[second])
        points = np.full(x.size, None, object)
        known = np.isfinite(x)
        points[known] = shapely.points(x[known], y[known])
        return points

    @property
    def _coordinate_names(self) -> tuple[str, str]:
        return ("lon", "lat") if self.target.degrees else ("easting", "northing")

    def _points_and(self, columns: Columns, shapes: Any) -> Any:
        x, y = self._rounded(_floats(columns["lon"]), _floats(columns["lat"]))
        first, second = self._coordinate_names
        columns[first] = pa.array(x, pa.float64(), mask=np.isnan(x))
        columns[second] = pa.array(y, pa.float64(), mask=np.isnan(y))
        return None if shapes is None else self.convert(shapely.orient_polygons(shapes))

    def _rounded(self, lon: Any, lat: Any) -> tuple[Any, Any]:
        decimals = DEGREE_DECIMALS if self.target.degrees else METRE_DECIMALS
        x, y = from_wgs84(lon, lat, self.target.name)
        return np.round(x, decimals), np.round(y, decimals)

    def convert(self, shapes: Any) -> Any:
        """Convert geometries from WGS-84, vertex by vertex."""
        return shapely.transform(
            shapes, lambda xy: np.column_stack(self._rounded(xy[:, 0], xy[:, 1]))
        )

    def _add(self, columns: Columns, rows: int) -> None:
        columns["datum"] = pa.array([self.target.name] * rows, pa.string())
        if "simulated" not in columns:
            columns["simulated"] = pa.array([self.simulated] * rows, pa.bool_())
        codes = columns["operator"].to_pylist()
        columns["operator_name"] = pa.array([self.operators.get(c, c) for c in codes], pa.string())
        if "from_m" in columns:
            for name, metres in (("from", "from_m"), ("to", "to_m")):
                texts = self.counts.texts(columns["line_id"].to_pylist(), _floats(columns[metres]))
                columns[name] = pa.array(texts, pa.string())
        if self.kind == "weak-spots":
            causes = [CAUSES.get(c, (c, None)) for c in columns["cause"].to_pylist()]
            columns["cause_text"] = pa.array([c[0] for c in causes], pa.string())
            outlooks = [OUTLOOKS.get(c, (c, "")) for c in columns["outlook"].to_pylist()]
            columns["outlook_text"] = pa.array([o[0] for o in outlooks], pa.string())
            steps = [c[1] and o[1] + c[1] for c, o in zip(causes, outlooks, strict=True)]
            columns["next_step"] = pa.array(steps, pa.string())


def _parts(columns: Columns, lines: dict[str, Any]) -> Any:
    """Cut each section out of its line's course by geodesic length; None where it has none."""
    made = np.full(len(columns["line_id"]), None, object)
    along = {name: _lengths_along(course) for name, course in lines.items()}
    names = (columns[name].to_pylist() for name in ("line_id", "from_m", "to_m"))
    for row, (line_id, start, end) in enumerate(zip(*names, strict=True)):
        if line_id in along and end is not None:
            made[row] = _part(*along[line_id], start, end)
    return made


def _lengths_along(course: Any) -> tuple[Any, Any]:
    """Vertices of a course, and the geodesic length from its start to each, m."""
    xy = shapely.get_coordinates(course)
    return xy, chainages_m(xy[:, 0], xy[:, 1], np.zeros(len(xy), np.int64))


def _part(xy: Any, along: Any, start: float, end: float) -> Any:
    inner = along[(along > start) & (along < end)]
    at = np.concatenate([[start], inner, [end]])
    part = np.column_stack([np.interp(at, along, xy[:, k]) for k in (0, 1)])
    return shapely.linestrings(part)


def _objects(column: pa.Array) -> Any:
    return column.to_numpy(zero_copy_only=False)


def _floats(column: Any) -> Any:
    if isinstance(column, np.ndarray):
        return column
    return pc.fill_null(column, float("nan")).to_numpy(zero_copy_only=False)


def _as(column: Any, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else column.cast(kind)
