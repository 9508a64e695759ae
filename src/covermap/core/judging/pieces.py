"""Units of line (lines, sections) as pieces of segments, in whole millimetres.

Lengths are integers, and the ends of pieces are rounded along the line, not piece by piece: the
pieces of sections that cover a line add up to it exactly, whatever the grouping and the order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.judging.verdicts import Codes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MM_PER_M = 1000.0
KINDS = 4
"""Verdicts, in the order of ``tables.VERDICTS``."""


@dataclass(frozen=True)
class Course:
    """Segments sorted by line and along it: arrays of one length, and where lines begin."""

    offset: Ints
    """Line k has the segments ``offset[k]`` to ``offset[k + 1] - 1``."""
    from_m: Floats
    to_m: Floats
    length_m: Floats
    route_length_m: Floats
    tunnel: Flags
    """False where not known."""

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.offset) - 1

    @property
    def line(self) -> Ints:
        """Line of each segment."""
        return np.repeat(np.arange(self.lines), np.diff(self.offset))


@dataclass(frozen=True)
class Pieces:
    """Units in pieces: unit u has the pieces ``offset[u]`` to ``offset[u + 1] - 1``."""

    offset: Ints
    segment: Ints
    length_mm: Ints
    route_mm: Ints

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.offset) - 1

    def sums(self, values_mm: Ints, chosen: Flags | None = None) -> Ints:
        """Add up one length of the pieces per unit, of the chosen segments (None: all)."""
        weight = values_mm if chosen is None else np.where(chosen[self.segment], values_mm, 0)
        total = np.concatenate([[0], np.cumsum(weight)])
        found: Ints = total[self.offset[1:]] - total[self.offset[:-1]]
        return found

    def by_verdict(self, values_mm: Ints, verdict: Codes) -> Ints:
        """Add up one length of the pieces by verdict: shape (units, 4)."""
        return np.column_stack([self.sums(values_mm, verdict == code) for code in range(KINDS)])


def whole_lines(course: Course) -> Pieces:
    """Give every line as one unit."""
    everything = np.arange(course.lines)
    return cut(course, everything, np.full(course.lines, -np.inf), np.full(course.lines, np.inf))


def cut(course: Course, line: Ints, from_m: Floats, to_m: Floats) -> Pieces:
    """Cut stretches of lines into pieces of segments.

    Parameters
    ----------
    line, from_m, to_m
        One row a stretch: number of the line, chainage of its ends. What lies beyond the line's
        ends is not counted.

    Returns
    -------
    Pieces
        One unit a stretch, in the given order; a piece without length is left out.
    """
    parts = _cut(
        course.offset, course.from_m, course.to_m, _along(course, course.length_m),
        _along(course, course.route_length_m), course.length_m, course.route_length_m,
        line.astype(np.int64), from_m.astype(np.float64), to_m.astype(np.float64),
    )  # fmt: skip
    return Pieces(*parts)


def _along(course: Course, length_m: Floats) -> Floats:
    """Length before each segment, from the start of its line, m."""
    before = np.concatenate([[0.0], np.cumsum(length_m)])
    return before[:-1] - np.repeat(before[course.offset[:-1]], np.diff(course.offset))


@njit(cache=True)
def _cut(offset, from_m, to_m, before, route_before, length, route, line, start, end):  # type: ignore[no-untyped-def]
    units = len(line)
    offsets = np.zeros(units + 1, np.int64)
    segment, mm, route_mm = [np.int64(0)], [np.int64(0)], [np.int64(0)]
    for u in range(units):
        first, last = offset[line[u]], offset[line[u] + 1]
        if last > first:
            s = first + max(np.searchsorted(from_m[first:last], start[u], side="right") - 1, 0)
            while s < last and from_m[s] < end[u]:
                span = to_m[s] - from_m[s]
                low = min(max((start[u] - from_m[s]) / span, 0.0), 1.0) if span > 0 else 0.0
                high = min(max((end[u] - from_m[s]) / span, 0.0), 1.0) if span > 0 else 1.0
                a = np.int64(np.rint((before[s] + low * length[s]) * MM_PER_M))
                b = np.int64(np.rint((before[s] + high * length[s]) * MM_PER_M))
                ra = np.int64(np.rint((route_before[s] + low * route[s]) * MM_PER_M))
                rb = np.int64(np.rint((route_before[s] + high * route[s]) * MM_PER_M))
                if b > a or rb > ra:
                    segment.append(s)
                    mm.append(b - a)
                    route_mm.append(rb - ra)
                s += 1
        offsets[u + 1] = len(segment) - 1
    return offsets, np.array(segment)[1:], np.array(mm)[1:], np.array(route_mm)[1:]


@njit(cache=True)
def assessed_segments(
    offset: Ints, measured: Flags, tunnel: Flags, length_m: Floats, infer_gap_m: float
) -> Flags:
    """Tell which segments the interval is about: measured ones, and short gaps between them.

    A gap is inferred when it lies between two measured segments of its line, is at most
    `infer_gap_m` long, and no part of it is in a tunnel.
    """
    assessed = measured.copy()
    for k in range(len(offset) - 1):
        last = -1
        gap_m, in_tunnel = 0.0, False
        for s in range(offset[k], offset[k + 1]):
            if not measured[s]:
                gap_m += length_m[s]
                in_tunnel = in_tunnel or tunnel[s]
                continue
            if last >= 0 and gap_m <= infer_gap_m and not in_tunnel:
                assessed[last + 1 : s] = True
            last, gap_m, in_tunnel = s, 0.0, False
    return assessed


@njit(cache=True)
def longest_open(offset: Ints, open_: Flags, length_m: Floats) -> tuple[Ints, Ints]:
    """Give the longest stretch of open segments of each line: its first, and one past its last.

    Of two of one length the first; both are the line's first segment where there is none.
    """
    begin, end = offset[:-1].copy(), offset[:-1].copy()
    for k in range(len(offset) - 1):
        longest, start, total = 0.0, offset[k], 0.0
        for s in range(offset[k], offset[k + 1]):
            if not open_[s]:
                start, total = s + 1, 0.0
                continue
            total += length_m[s]
            if total > longest + 1e-6:
                longest, begin[k], end[k] = total, start, s + 1
    return begin, end
