"""What would settle each undetermined line of a group."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.judging.estimates import LineTest, bounds
from covermap.core.judging.paths import length_by_draw
from covermap.core.judging.pieces import cut
from covermap.core.judging.settle import (
    Draws,
    chance_to_settle,
    left_after,
    normal_half_width,
)
from covermap.steps.judge.standing import LayerPaths, Standing, undetermined
from covermap.steps.judge.units import Ground
from covermap.tables import SETTLING, conform

FURTHER = (("same_campaign", 1), ("new_campaign", 1), ("new_campaign", 2))
"""Whole-line runs that are weighed."""


def settling_rows(
    ground: Ground,
    paths: LayerPaths,
    standing: Standing,
    columns: dict[str, pa.Array],
    layer: tuple[str, str],
    test: LineTest,
) -> pa.Table:
    """Give the candidates of every undetermined line, the one that narrows most first."""
    ids = ground.lines.rows.column("line_id")
    low, high = bounds(standing.persistent_mm, standing.assessed_mm, standing.total_mm, test)
    rows = []
    for u in undetermined(columns).tolist():
        ends = np.quantile(low[u], test.tail), np.quantile(high[u], 1.0 - test.tail)
        now = float(ends[1] - ends[0])
        found = _candidates(ground, paths, standing, u, test)
        found.sort(key=lambda c: (c["width_then"], c["runs"], c["action"]))
        for rank, candidate in enumerate(found, start=1):
            about = {"line_id": ids[u].as_py(), "rank": rank, "width_now": now}
            rows.append(about | candidate | {"operator": layer[0], "technology": layer[1]})
    return conform(pa.Table.from_pylist(rows, schema=SETTLING.schema), SETTLING)


def _candidates(
    ground: Ground, paths: LayerPaths, standing: Standing, unit: int, test: LineTest
) -> list[dict[str, object]]:
    course = ground.course
    first, end = course.offset[unit], course.offset[unit + 1]
    ends = {"from_m": float(course.from_m[first]), "to_m": float(course.to_m[end - 1])}
    total, assessed = int(standing.total_mm[unit]), int(standing.assessed_mm[unit])
    whole = total if test.unmeasured == "bounded" else assessed
    gap = 1.0 - assessed / whole
    sums = (standing.persistent_mm, standing.campaign_mm, standing.drive_mm)
    draws = Draws(*(s[unit] / whole for s in sums))
    found = [ends | _weighed(draws, draws, gap, action, runs, test) for action, runs in FURTHER]
    stretch = longest_stretch(~paths.assessed[first:end], course.length_m[first:end])
    if stretch is not None and test.unmeasured == "bounded":
        found.append(_measured_gap(ground, paths, draws, unit, stretch, whole, gap, test))
    return found


def _measured_gap(
    ground: Ground,
    paths: LayerPaths,
    draws: Draws,
    unit: int,
    stretch: tuple[int, int],
    whole: int,
    gap: float,
    test: LineTest,
) -> dict[str, object]:
    """Weigh one run of the campaign over the longest stretch that nobody measured."""
    course, first = ground.course, ground.course.offset[unit]
    a, b = float(course.from_m[first + stretch[0]]), float(course.to_m[first + stretch[1] - 1])
    pieces = cut(course, np.array([unit]), np.array([a]), np.array([b]))
    there = Draws(*(
        length_by_draw(pieces.offset, pieces.segment, pieces.length_mm, ~paths.assessed, bits)[0]
        / whole
        for bits in (paths.persistent, paths.campaign, paths.drive)
    ))  # fmt: skip
    joined = Draws(
        draws.persistent + there.persistent, draws.campaign + there.campaign, there.drive
    )
    rest = gap - float(pieces.length_mm.sum()) / whole
    weighed = _weighed(joined, joined, max(rest, 0.0), "measure_gap", 1, test)
    return {"from_m": a, "to_m": b} | weighed


def _weighed(
    about: Draws, seen: Draws, gap: float, action: str, runs: int, test: LineTest
) -> dict[str, object]:
    ends = np.quantile(about.persistent, (test.tail, 1.0 - test.tail))
    width = float(ends[1] - ends[0])
    then = width * left_after(seen, "new_campaign" if action == "measure_gap" else action, runs)
    chance = chance_to_settle(
        float(about.persistent.mean()), width, then, gap, test.share,
        normal_half_width(test.confidence),
    )  # fmt: skip
    return {
        "action": action, "runs": runs, "width_then": then + gap, "p_settled": chance,
    }  # fmt: skip


def longest_stretch(
    open_: NDArray[np.bool_], length_m: NDArray[np.float64]
) -> tuple[int, int] | None:
    """Give the longest run of True, as first and one past the last; None without any.

    Examples
    --------
    >>> longest_stretch(np.array([1, 0, 1, 1], bool), np.array([150.0, 9.0, 100.0, 100.0]))
    (2, 4)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], open_.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return None
    before = np.concatenate([[0.0], np.cumsum(length_m)])
    best = int(np.argmax(before[ends] - before[starts]))
    return int(starts[best]), int(ends[best])
