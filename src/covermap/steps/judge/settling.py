"""What would settle each undetermined line of a group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.interval.estimands import quantile
from covermap.core.judging.estimates import LineTest
from covermap.core.judging.paths import Bits, length_by_draw
from covermap.core.judging.pieces import Course, cut, longest_open
from covermap.core.judging.settle import Action, Draws, foresee, seen_by
from covermap.steps.judge.standing import LayerPaths, Standing, undetermined
from covermap.steps.judge.units import Ground
from covermap.tables import SETTLING, conform

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FURTHER: tuple[tuple[Action, int], ...] = (
    ("same_campaign", 1),
    ("new_campaign", 1),
    ("new_campaign", 2),
)
"""Whole-line runs that are weighed."""
PART_M = 5000.0
MOST_PARTS = 8
"""A line is cut into equal parts of about `PART_M`, at most so many; a run over one is weighed."""
PARTS_SHOWN = 2


@dataclass(frozen=True)
class Open:
    """The undetermined lines of one layer, in shares of what the answer is about."""

    unit: Ints
    share: Floats
    """That the answer is about: shape (lines, draws)."""
    draws: Draws
    """Of what further runs can show of it."""
    whole_mm: Ints
    gap: Floats
    """Share that nobody measured and that is bounded."""


@dataclass(frozen=True)
class Candidates:
    """One row each: position among the open lines, and what is expected."""

    at: Ints
    action: str
    from_m: Floats
    to_m: Floats
    runs: int
    width: Floats
    p_settled: Floats


def settling_rows(
    ground: Ground,
    paths: LayerPaths,
    standing: Standing,
    columns: dict[str, pa.Array],
    layer: tuple[str, str],
    test: LineTest,
) -> pa.Table:
    """Give the candidates of every undetermined line, the one that narrows most first."""
    units = undetermined(columns)
    if not len(units):
        return SETTLING.schema.empty_table()
    lines = open_lines(units, standing, test)
    found = [
        *whole_lines_again(ground.course, lines, test),
        best_parts(part_runs(ground.course, paths, lines, test), PARTS_SHOWN),
    ]
    if test.unmeasured == "bounded":
        found.append(gap_runs(ground.course, paths, lines, test))
    return _rows(ground, lines, standing, found, layer, test)


def open_lines(units: Ints, standing: Standing, test: LineTest) -> Open:
    """Give the shares of undetermined lines, per draw."""
    total, assessed = standing.total_mm[units], standing.assessed_mm[units]
    whole = total if test.unmeasured == "bounded" else assessed
    sums = (standing.persistent_mm, standing.campaign_mm, standing.drive_mm)
    persistent, campaign, drive = (s[units] / whole[:, None] for s in sums)
    share = drive if test.runs == "each" else persistent
    draws = Draws(persistent, campaign, further(persistent, drive, test))
    return Open(units, share, draws, whole, 1.0 - assessed / whole)


def further(persistent: Floats, drive: Floats, test: LineTest) -> Floats:
    """Give draws of what a further run observes, apart from the run that the answer is about.

    Where each run is judged by itself, the answer is about what one run finds; a further run is
    another one, and what is its own says nothing of the first. So what a run shows beyond the
    persistent level is taken from another half of the draws.
    """
    if test.runs == "pooled":
        return drive
    return persistent + np.roll(drive - persistent, drive.shape[-1] // 2, axis=-1)


def whole_lines_again(course: Course, lines: Open, test: LineTest) -> list[Candidates]:
    """Weigh further runs over whole lines."""
    start, end = course.from_m[course.offset[lines.unit]], _end_m(course, lines.unit)
    at, found = np.arange(len(lines.unit)), []
    for action, runs in FURTHER:
        seen = seen_by(lines.draws, action, runs)
        then = foresee(lines.share, seen, lines.gap, test)
        found.append(Candidates(at, action, start, end, runs, then.width, then.p_settled))
    return found


def part_runs(course: Course, paths: LayerPaths, lines: Open, test: LineTest) -> Candidates:
    """Weigh one run of a new campaign over each of the equal parts of a line."""
    size = np.diff(course.offset)[lines.unit]
    long_m = _end_m(course, lines.unit) - course.from_m[course.offset[lines.unit]]
    parts = np.clip((long_m // PART_M).astype(np.int64), 1, np.clip(size, 1, MOST_PARTS))
    parts[parts < 2] = 0
    at = np.repeat(np.arange(len(lines.unit)), parts)
    number = np.arange(len(at)) - np.repeat(np.cumsum(parts) - parts, parts)
    first = course.offset[lines.unit[at]]
    begin = first + number * size[at] // parts[at]
    end = first + (number + 1) * size[at] // parts[at]
    from_m, to_m = course.from_m[begin], course.to_m[end - 1]
    lasts, drive = (
        _good(course, lines, at, from_m, to_m, paths.assessed, bits)
        for bits in (paths.persistent, paths.drive)
    )
    then = foresee(lines.share[at], further(lasts, drive, test), lines.gap[at], test)
    return Candidates(at, "new_campaign", from_m, to_m, 1, then.width, then.p_settled)


def best_parts(parts: Candidates, most: int) -> Candidates:
    """Give the parts of each line that narrow its interval most."""
    order = np.lexsort((parts.from_m, parts.width, parts.at))
    rank = np.arange(len(order)) - np.searchsorted(parts.at[order], parts.at[order])
    keep = order[rank < most]
    return Candidates(
        parts.at[keep], parts.action, parts.from_m[keep], parts.to_m[keep], parts.runs,
        parts.width[keep], parts.p_settled[keep],
    )  # fmt: skip


def gap_runs(course: Course, paths: LayerPaths, lines: Open, test: LineTest) -> Candidates:
    """Weigh one run over the longest stretch of a line that nobody measured."""
    begin, end = longest_open(course.offset, ~paths.assessed, course.length_m)
    at = np.flatnonzero(end[lines.unit] > begin[lines.unit])
    unit = lines.unit[at]
    from_m, to_m = course.from_m[begin[unit]], course.to_m[end[unit] - 1]
    lasts, drive = (
        _good(course, lines, at, from_m, to_m, ~paths.assessed, bits)
        for bits in (paths.persistent, paths.drive)
    )
    share = lines.share[at] + (drive if test.runs == "each" else lasts)
    pieces = cut(course, unit, from_m, to_m)
    measured = pieces.sums(pieces.length_mm, ~paths.assessed) / lines.whole_mm[at]
    rest = np.maximum(lines.gap[at] - measured, 0.0)
    then = foresee(share, further(lasts, drive, test), rest, test)
    return Candidates(at, "measure_gap", from_m, to_m, 1, then.width, then.p_settled)


def _good(
    course: Course,
    lines: Open,
    at: Ints,
    from_m: Floats,
    to_m: Floats,
    chosen: NDArray[np.bool_],
    bits: Bits,
) -> Floats:
    """Share of the whole line that is chosen, within the stretch, and good, per draw."""
    pieces = cut(course, lines.unit[at], from_m, to_m)
    good = length_by_draw(pieces.offset, pieces.segment, pieces.length_mm, chosen, bits)
    share: Floats = good / lines.whole_mm[at][:, None]
    return share


def _end_m(course: Course, unit: Ints) -> Floats:
    return course.to_m[course.offset[unit + 1] - 1]


def _rows(
    ground: Ground,
    lines: Open,
    standing: Standing,
    found: list[Candidates],
    layer: tuple[str, str],
    test: LineTest,
) -> pa.Table:
    """Rank the candidates of each line and give them as rows."""
    at, from_m, to_m, width, chance = (
        np.concatenate([getattr(c, name) for c in found])
        for name in ("at", "from_m", "to_m", "width", "p_settled")
    )
    sizes = [len(c.at) for c in found]
    runs = np.repeat([c.runs for c in found], sizes)
    action = np.repeat([c.action for c in found], sizes)
    order = np.lexsort((from_m, action, runs, width, at))
    rank = np.arange(len(order)) - np.searchsorted(at[order], at[order]) + 1
    ids = ground.lines.rows.column("line_id").take(pa.array(lines.unit[at[order]]))
    table = {
        "line_id": ids,
        "operator": pa.repeat(pa.scalar(layer[0]), len(order)),
        "technology": pa.repeat(pa.scalar(layer[1]), len(order)),
        "rank": rank,
        "action": action[order],
        "from_m": from_m[order],
        "to_m": to_m[order],
        "runs": runs[order],
        "width_now": _width_now(standing, lines.unit, test)[at[order]],
        "width_then": width[order],
        "p_settled": chance[order],
    }
    return conform(pa.table(table), SETTLING)


def _width_now(standing: Standing, units: Ints, test: LineTest) -> Floats:
    low = quantile(standing.if_bad[units], test.tail)
    return quantile(standing.if_good[units], 1.0 - test.tail) - low
