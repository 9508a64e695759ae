"""Judge: evidence and the rule pack to verdicts of cells, segments and lines.

A layer is judged by itself, written aside, and combined into the derived layers from there, so that
memory is bounded by one operator's evidence and not by the number of layers. Layers are the
operator-technology pairs that occur in the build's evidence (cells or segments), each operator's
technology `any`, and for each technology the operators `any` and `all` over the operators that have
it. An operator is not a member of the derived layers of a technology that it never showed.

A sample without service names no technology, so it counts in every technology layer of its
operator. Where two devices of one operator, each locked to another technology, drive side by side,
the silence of one therefore counts against the technology of the other.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa

from covermap.engine.step import StepContext
from covermap.errors import RulePackError
from covermap.steps.judge.evidence import CellEvidence, SegmentEvidence, layer_pairs
from covermap.steps.judge.layers import Spool, judge_all, stream
from covermap.steps.judge.lines import Course, judge_lines
from covermap.tables import LINE_VERDICTS, NO_TECHNOLOGY, empty

_TABLES = ("cell_evidence", "segment_evidence", "segments", "lines")


def run(ctx: StepContext) -> None:
    """Write cell_verdicts, segment_verdicts and line_verdicts.

    Every cell with any evidence has a row in every layer, and so has every segment: what was not
    measured there is `unmeasured`, so that lengths and areas add up in each layer.

    Raises
    ------
    RulePackError
        A technology occurs in the evidence and has no standard in the rule pack.
    BuildError
        Evidence names a segment that does not exist, or segments do not add up to their line.
    """
    connection = ctx.tables.connect(*_TABLES)
    try:
        pairs = layer_pairs(connection)
        _check_standards(ctx, {technology for _, technology in pairs})
        with tempfile.TemporaryDirectory(prefix=".layers-", dir=ctx.out) as aside:
            cells = Spool(Path(aside) / "cells")
            judge_all(CellEvidence(connection), pairs, ctx, cells, ctx.rules.cell)
            ctx.report["cells"] = ctx.write_sorted("cell_verdicts", stream(cells))
            segments = Spool(Path(aside) / "segments")
            evidence = SegmentEvidence(connection)
            judge_all(evidence, pairs, ctx, segments, ctx.rules.segment)
            ctx.report["segments"] = ctx.write_sorted("segment_verdicts", stream(segments))
            lines = judge_lines(segments, Course.read(connection, evidence), ctx)
            ctx.report["lines"] = ctx.write(
                "line_verdicts", pa.concat_tables([empty(LINE_VERDICTS), *lines])
            )
            ctx.report["layers"] = len(segments.layers())
    finally:
        connection.close()


def _check_standards(ctx: StepContext, technologies: set[str]) -> None:
    missing = sorted(technologies - set(ctx.rules.standards) - {NO_TECHNOLOGY})
    if missing:
        raise RulePackError(
            f"rule pack {ctx.rules.id}: no standard for {', '.join(missing)}, which the "
            f"measurements hold. Add [standards.{missing[0]}] to the pack."
        )
