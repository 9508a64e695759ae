"""Lines and sections of a group as units of length, and the rows that say how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.judging.pieces import Course, Pieces, cut, whole_lines
from covermap.errors import BuildError

Ints = NDArray[np.int64]
_TOLERANCE_M = 1.0
_SEGMENTS = """
SELECT from_m, to_m, length_m, route_length_m, coalesce(tunnel, false) AS tunnel,
  tunnel IS NOT NULL AS known FROM segments ORDER BY line_id, segment"""
_LINES = """
SELECT line_id, name, ref, class, length_m, simulated, coalesce(n, 0)::BIGINT AS n FROM lines
LEFT JOIN (SELECT line_id, count(*) AS n FROM segments GROUP BY line_id) USING (line_id)
ORDER BY line_id"""
_SECTIONS = """
SELECT section_id, line_id, kind, region_id, class, simulated, from_m, to_m, number FROM sections
JOIN (SELECT line_id, class, simulated, row_number() OVER (ORDER BY line_id) - 1 AS number
  FROM lines) USING (line_id)
ORDER BY kind, line_id, section_id"""


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
    tunnels_known: NDArray[np.bool_]
    """Per line: whether its tunnels are."""
    lines: Units
    sections: Units

    @classmethod
    def read(cls, connection: Any) -> Ground:
        """Read the group.

        Raises
        ------
        BuildError
            A segment names no line, or a line and its segments differ by more than 1 m.
        """
        rows = connection.sql(_LINES).to_arrow_table()
        _check_names(connection)
        found = connection.sql(_SEGMENTS).to_arrow_table()
        count = rows.column("n").to_numpy()
        columns = {n: found.column(n).to_numpy() for n in found.column_names}
        known = columns.pop("known")
        course = Course(np.concatenate([[0], np.cumsum(count)]).astype(np.int64), **columns)
        lines = Units(rows, whole_lines(course), np.arange(course.lines))
        _check_lengths(rows, course)
        sections = connection.sql(_SECTIONS).to_arrow_table()
        number = sections.column("number").to_numpy().astype(np.int64)
        ends = (sections.column(c).to_numpy() for c in ("from_m", "to_m"))
        unknown = np.bincount(course.line, ~known, course.lines) > 0
        return cls(course, ~unknown, lines, Units(sections, cut(course, number, *ends), number))


def _check_names(connection: Any) -> None:
    stray = connection.execute(
        "SELECT line_id FROM segments ANTI JOIN lines USING (line_id) ORDER BY line_id LIMIT 1"
    ).fetchone()
    if stray:
        raise BuildError(f"segments: line {stray[0]!r} is not in lines; cut the lines again.")


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
