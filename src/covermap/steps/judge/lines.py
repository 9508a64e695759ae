"""Lines: kilometres by verdict, and whether the line is continuously covered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.judging.line_shares import LineLengths, answers, line_lengths, longest_gaps_m
from covermap.core.judging.verdicts import Codes
from covermap.engine.step import StepContext
from covermap.errors import BuildError
from covermap.steps.judge.evidence import SegmentEvidence
from covermap.steps.judge.layers import Layer, Spool
from covermap.tables import LINE_VERDICTS, VERDICTS, conform, nan_as_null
from covermap.workspace import Config

M_PER_KM = 1000.0
_TOLERANCE_M = 1.0


@dataclass(frozen=True)
class Course:
    """Lines in order of their identity, and the line of each segment."""

    lines: pa.Table
    line: NDArray[np.int64]
    """Per segment: position of its line."""
    length_m: NDArray[np.float64]
    route_length_m: NDArray[np.float64]

    @classmethod
    def read(cls, connection: Any, evidence: SegmentEvidence) -> Course:
        """Read the lines and check that their segments add up to them.

        Raises
        ------
        BuildError
            A segment names no line, or a line and its segments differ by more than 1 m.
        """
        lines = connection.sql(
            "SELECT line_id, name, ref, class, length_m, simulated FROM lines ORDER BY line_id"
        ).to_arrow_table()
        found = connection.sql(
            "SELECT number FROM segments LEFT JOIN (SELECT line_id, row_number() OVER "
            "(ORDER BY line_id) - 1 AS number FROM lines) USING (line_id) "
            "ORDER BY line_id, segment"
        ).to_arrow_table()
        number = found.column("number")
        if number.null_count:
            raise BuildError("segments: a segment names a line that is not in lines")
        places = evidence.places
        length_m, route_m = (places.column(c).to_numpy() for c in ("length_m", "route_length_m"))
        course = cls(lines, number.to_numpy().astype(np.int64), length_m, route_m)
        course._check()
        return course

    def _check(self) -> None:
        stated = self.lines.column("length_m").to_numpy()
        summed = np.bincount(self.line, self.length_m, len(stated))
        off = np.abs(summed - stated)
        if len(off) and off.max() > _TOLERANCE_M:
            worst = int(off.argmax())
            raise BuildError(
                f"lines: {self.lines.column('line_id')[worst].as_py()!r} is {stated[worst]:.1f} m "
                f"long and its segments {summed[worst]:.1f} m; cut the lines again."
            )


def judge_lines(spool: Spool, course: Course, ctx: StepContext) -> Iterator[pa.Table]:
    """Give the rows of line_verdicts, one table a layer."""
    for layer in spool.layers():
        judged = spool.get(layer)
        yield _rows(judged.verdict, judged.probability, layer, course, ctx)


def _rows(
    verdict: Codes, chance: NDArray[np.float64], layer: Layer, course: Course, ctx: StepContext
) -> pa.Table:
    count, line = course.lines.num_rows, course.line
    lengths = line_lengths(line, verdict, course.length_m, count)
    routes = line_lengths(line, verdict, course.route_length_m, count)
    rule = ctx.rules.line
    answer = answers(line, verdict, chance, course.length_m, count, rule.share, rule.confidence)
    gaps = longest_gaps_m(line, verdict, course.length_m, count)
    columns = {name: course.lines.column(name) for name in ("line_id", "name", "ref", "class")}
    columns |= {
        "operator": pa.repeat(pa.scalar(layer[0]), count),
        "technology": pa.repeat(pa.scalar(layer[1]), count),
        **_kilometres(lengths, ""),
        **_kilometres(routes, "route_"),
        "longest_gap_km": pa.array(gaps / M_PER_KM),
        "covered_share": nan_as_null(lengths.covered_share),
        "share_if_rest_bad": pa.array(lengths.share_if_rest_bad),
        "share_if_rest_good": pa.array(lengths.share_if_rest_good),
        "answer": pa.array(answer.tolist(), pa.string()),
        "simulated": _simulated(course.lines.column("simulated"), ctx.config),
    }
    return conform(pa.table(columns), LINE_VERDICTS)


def _kilometres(lengths: LineLengths, prefix: str) -> dict[str, pa.Array]:
    by_verdict = LineLengths(lengths.by_verdict / M_PER_KM)
    columns = {
        f"{prefix}{name}_km": pa.array(by_verdict.by_verdict[:, code])
        for code, name in enumerate(VERDICTS)
    }
    # the sum of the four as they are written, so that they add up to it to the last bit
    columns[f"{prefix}length_km"] = pa.array(by_verdict.total)
    return columns


def _simulated(lines: pa.ChunkedArray, config: Config) -> pa.ChunkedArray:
    """Label a line's verdict as simulated when the line, or any measurement behind it, may be."""
    made = config.workspace.simulated or any(m.simulated for m in config.measurements)
    return pa.chunked_array([pa.repeat(pa.scalar(True), len(lines))]) if made else lines
