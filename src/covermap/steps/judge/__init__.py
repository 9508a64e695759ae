"""Judge: evidence and the rule pack to verdicts of cells, segments, lines, sections, networks.

Cells and lines are two steps: a pack that asks something else of lines alone judges no cell again.

Layers are the operator-technology pairs that occur in the build's evidence (cells or segments),
each operator's technology `any`, and for each technology the operators `any` and `all` over the
operators that have it. An operator is not a member of the derived layers of a technology that it
never showed.

Cells are judged shard by shard, each in all layers (see `cells`). Lines are judged in groups, in
worker processes, each group in all layers; a group's result is kept and taken again while its
lines, their evidence and the rules stay what they are.

A sample without service names no technology, so it counts in every technology layer of its
operator. Where two devices of one operator, each locked to another technology, drive side by side,
the silence of one therefore counts against the technology of the other.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from covermap.engine.step import StepContext
from covermap.errors import BuildError, RulePackError
from covermap.shards import ShardFile
from covermap.steps.judge.cells import OF_CELLS, cube_files, judge_cells
from covermap.steps.judge.combine import combine
from covermap.steps.judge.evidence import layer_pairs
from covermap.steps.judge.groups import Group, GroupWork, contents, groups_of, keys_of, rings
from covermap.steps.judge.layers import Layer
from covermap.steps.judge.lines import judge_group
from covermap.tables import NO_TECHNOLOGY

__all__ = ["OF_CELLS", "OF_LINES", "run_cells", "run_lines"]

_TABLES = ("segment_evidence", "segments", "lines", "sections", "runs")
OF_GROUPS = ("standards", "segment", "no_service", "certainty", "line", "interval")
"""Those that a group of lines follows from."""
OF_LINES = (*OF_GROUPS, "targets")
"""Those that verdicts of lines and networks follow from."""
_LINES = 0.9
"""Share of the step done after lines."""


def run_cells(ctx: StepContext) -> None:
    """Write the verdicts of cells.

    A cell has its row in the layers that have a sample in it (see ``tables.CELL_VERDICTS``): a
    country's cells are too many to say of most of them, in most layers, that there is nothing to
    say.

    Raises
    ------
    RulePackError
        A technology occurs in the evidence and has no standard in the rule pack.
    """
    with ctx.connect("segment_evidence") as connection:
        cube, pairs = _layers(ctx, connection)
    with tempfile.TemporaryDirectory(prefix=".shards-", dir=ctx.out) as aside:
        judge_cells(ctx, cube, pairs, Path(aside))


def run_lines(ctx: StepContext) -> None:
    """Write the verdicts of segments, lines, sections and networks, and what would settle.

    Every segment has a row in every layer, so that lengths add up in each.

    Raises
    ------
    RulePackError
        A technology occurs in the evidence and has no standard in the rule pack.
    BuildError
        Evidence names a segment that does not exist, or segments do not add up to their line.
    """
    connection = ctx.connect(*_TABLES)
    try:
        _, pairs = _layers(ctx, connection)
        _check_names(connection)
        found = connection.execute(
            "SELECT line_id, count(segment) FROM lines LEFT JOIN segments USING (line_id) "
            "GROUP BY line_id ORDER BY line_id"
        ).fetchall()
        groups = groups_of(found)
        keys = keys_of(groups, contents(connection), *_common(ctx, pairs))
        with tempfile.TemporaryDirectory(prefix=".groups-", dir=ctx.out) as aside:
            work = _work(ctx, pairs, groups, keys, rings(connection), Path(aside))
            _judge_groups(ctx, work)
            combine(ctx, [one.folder for one in work], connection)
    finally:
        connection.close()


def _layers(ctx: StepContext, connection: Any) -> tuple[list[ShardFile], list[Layer]]:
    """Describe the files of the cube, and give the layers of the whole build."""
    cube = cube_files(ctx)
    pairs = layer_pairs(connection, {layer for file in cube for layer in file.layers})
    _check_standards(ctx, {technology for _, technology in pairs})
    return cube, pairs


def _common(ctx: StepContext, pairs: list[Layer]) -> tuple[object, ...]:
    """Give what every group depends on, beside its own lines."""
    rules = ctx.rules.model_dump(mode="json", include=set(OF_GROUPS))
    return (pairs, rules, _offsets(ctx), _simulated(ctx))


def _offsets(ctx: StepContext) -> dict[str, int]:
    return {m.name: m.level_offset_db for m in ctx.config.measurements if m.level_offset_db}


def _simulated(ctx: StepContext) -> bool:
    declared = any(m.simulated for m in ctx.config.measurements)
    return ctx.config.workspace.simulated or declared


def _work(
    ctx: StepContext,
    pairs: list[Layer],
    groups: list[Group],
    keys: list[str],
    closed: set[str],
    aside: Path,
) -> list[GroupWork]:
    place = ctx.part or (lambda key: aside / key)
    return [
        GroupWork(
            ctx.tables.folder, group, tuple(pairs), ctx.rules, _offsets(ctx), _simulated(ctx),
            frozenset(name for name in closed if group.first <= name <= group.last), place(key),
            ctx.memory_bytes // (2 * (ctx.workers.count + 1)), ctx.tables.within,
        )
        for group, key in zip(groups, keys, strict=True)
    ]  # fmt: skip


def _judge_groups(ctx: StepContext, work: list[GroupWork]) -> None:
    missing = [one for one in work if not one.folder.is_dir()]
    layers = len(work[0].pairs) if work else 0
    few = sum(one.group.segments for one in missing) * layers < SMALL
    for done, _ in enumerate(ctx.workers.run(judge_group, missing, small=few), start=1):
        ctx.progress(_LINES * done / len(missing), "lines")
    ctx.report["lines_judged"] = sum(one.group.lines for one in missing)
    ctx.report["lines_kept"] = sum(one.group.lines for one in work) - ctx.report["lines_judged"]


SMALL = 100_000
"""Segments times layers; below, starting worker processes costs more than they save."""


def _check_standards(ctx: StepContext, technologies: set[str]) -> None:
    missing = sorted(technologies - set(ctx.rules.standards) - {NO_TECHNOLOGY})
    if missing:
        raise RulePackError(
            f"rule pack {ctx.rules.id}: no standard for {', '.join(missing)}, which the "
            f"measurements hold. Add [standards.{missing[0]}] to the pack."
        )


def _check_names(connection: object) -> None:
    for table in ("segments", "segment_evidence"):
        stray = connection.execute(  # type: ignore[attr-defined]
            f"SELECT line_id, segment FROM {table} ANTI JOIN lines USING (line_id) "
            "ORDER BY line_id, segment LIMIT 1"
        ).fetchone()
        if stray:
            raise BuildError(
                f"{table}: line {stray[0]!r} segment {stray[1]} is not of a line in lines; match "
                "again with the lines of this build."
            )
