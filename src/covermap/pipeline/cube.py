"""The cube of a build: a file is made anew where what it is made of changed, and only there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covermap.engine.local import Workers
from covermap.pipeline.cache import Cache
from covermap.pipeline.keys import code_key, key_of
from covermap.pipeline.progress import Advance, StepReport, Timed
from covermap.pipeline.publish import Layout
from covermap.pipeline.sums import cube_sums
from covermap.steps.cube import plan
from covermap.tables import Table

SMALL_ROWS = 4_000_000
"""Below, bringing processes to work (0.4 to 0.7 s, see ``engine.local.copies``) costs more than two
of them save (0.15 us of 0.3 us a row)."""


def make_cube(
    cache: Cache,
    layout: Layout,
    table: Table,
    parts: Sequence[Path],
    workers: Workers,
    timed: Timed,
) -> None:
    """Add up what the parts counted, and lay the files of the cube into the build."""
    work = plan(
        table, parts, lambda digests: cache.folder("cube", key_of(code_key(), table.name, digests))
    )
    for one in work:
        layout.add_part(table.name, one.part, one.folder)
    missing = [one for one in work if not one.folder.is_dir()]

    def make(advance: Advance) -> StepReport:
        report = StepReport(f"cube {table.name}", parts=len(work))
        report.cached = len(work) - len(missing)
        advance(report.cached)
        rows = sum(one.rows for one in missing)
        wrote = 0
        for files, made in workers.add_up(cube_sums(missing), small=rows < SMALL_ROWS):
            wrote += made
            advance(files)
        report.read, report.wrote = {"rows": rows}, {table.name: wrote}
        return report

    timed(f"cube {table.name}", float(len(work)), make)
