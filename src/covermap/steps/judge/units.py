"""Lines and sections of a group as units of length, and the rows that say how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.judging.pieces import Course, Pieces, cut, whole_lines
from covermap.errors import BuildError

Ints = NDArray[np.int64]
_TOLERANCE_M = 1.0
_WITHIN = "line_id BETWEEN $first AND $last"
_SEGMENTS = f"""
SELECT line_id, segment, from_m, to_m, length_m, route_length_m, coalesce(tunnel, false) AS tunnel,
  tunnel IS NOT NULL AS known
FROM segments WHERE {_WITHIN} ORDER BY line_id, segment"""
_LINES = f"""
SELECT line_id, name, ref, class, length_m, simulated FROM lines WHERE {_WITHIN} ORDER BY line_id"""
_SECTIONS = f"""
SELECT section_id, line_id, kind, region_id, from_m, to_m
FROM sections WHERE {_WITHIN} ORDER BY kind, line_id, section_id"""


@dataclass(frozen=True)
class Units:
    """Lines or sections of a group: their rows, and their pieces in the same order."""

    rows: pa.Table
    pieces: Pieces
    line: Ints
    """Position of the line of each."""


@dataclass(frozen=True)
class Ground:
    """What is judged in a group: segments, lines, sections."""

    course: Course
    segments: pa.Table
    """Columns line_id, segment, length_m, route_length_m, by line and along it."""
    tunnels_known: NDArray[np.bool_]
    """Per line: whether its tunnels are."""
    lines: Units
    sections: Units

    @classmethod
    def read(cls, connection: Any, first: str, last: str) -> Ground:
        """Read the lines from `first` to `last`, their segments and sections.

        Raises
        ------
        BuildError
            A segment names no line, or a line and its segments differ by more than 1 m.
        """
        bounds = {"first": first, "last": last}
        about, found, sections = (
            connection.sql(query, params=bounds).to_arrow_table()
            for query in (_LINES, _SEGMENTS, _SECTIONS)
        )
        course = _course(about, found)
        _check_lengths(about, course)
        unknown = np.bincount(course.line, ~found.column("known").to_numpy(), course.lines) > 0
        return cls(
            course,
            found.select(["line_id", "segment", "length_m", "route_length_m"]).combine_chunks(),
            ~unknown,
            Units(about, whole_lines(course), np.arange(course.lines)),
            _sections(about, sections, course),
        )


def _course(lines: pa.Table, segments: pa.Table) -> Course:
    line = _line_of(segments, lines)
    if (line < 0).any():
        name = segments.column("line_id")[int(np.argmax(line < 0))].as_py()
        raise BuildError(f"segments: line {name!r} is not in lines; cut the lines again.")
    offset = np.searchsorted(line, np.arange(lines.num_rows + 1)).astype(np.int64)
    names = ("from_m", "to_m", "length_m", "route_length_m", "tunnel")
    return Course(offset, *(segments.column(n).to_numpy() for n in names))


def _sections(lines: pa.Table, sections: pa.Table, course: Course) -> Units:
    line = _line_of(sections, lines)
    known = line >= 0
    sections, line = sections.filter(pa.array(known)), line[known]
    for name in ("class", "simulated"):
        sections = sections.append_column(name, lines.column(name).take(pa.array(line)))
    ends = (sections.column(name).to_numpy() for name in ("from_m", "to_m"))
    return Units(sections, cut(course, line, *ends), line)


def _line_of(rows: pa.Table, lines: pa.Table) -> Ints:
    """Position of each row's line; -1 without."""
    names = lines.column("line_id").combine_chunks()
    found = pc.fill_null(pc.index_in(rows.column("line_id"), names), -1)
    return np.asarray(found.to_numpy(), np.int64)


def _check_lengths(lines: pa.Table, course: Course) -> None:
    stated = lines.column("length_m").to_numpy()
    summed = np.bincount(course.line, course.length_m, course.lines)
    off = np.abs(summed - stated)
    if len(off) and off.max() > _TOLERANCE_M:
        worst = int(off.argmax())
        raise BuildError(
            f"lines: {lines.column('line_id')[worst].as_py()!r} is {stated[worst]:.1f} m "
            f"long and its segments {summed[worst]:.1f} m; cut the lines again."
        )
