"""Tiles: verdicts, answers, weak spots and sites to one archive of vector tiles per layer.

Every zoom of an archive shows everything: what is too much for a tile is drawn coarser (cells by a
coarser resolution, lines by longer pieces, weak spots by their sums), or the zoom is not made at
all (the archive then begins one zoom further in); nothing is thinned out. Each is said in the
step's report and in the archive's metadata.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from covermap.engine.step import StepContext
from covermap.errors import BuildError
from covermap.files import disk_is_full, shown_free
from covermap.formats.recipe import Recipe, load_recipe
from covermap.steps.tiles.cells import cell_archive, resolutions_of
from covermap.steps.tiles.courses import Courses
from covermap.steps.tiles.drawing import Made
from covermap.steps.tiles.ground import Ground, mapped, survey
from covermap.steps.tiles.lines import line_archive
from covermap.steps.tiles.points import site_archive
from covermap.steps.tiles.predicted import KIND as PREDICTED
from covermap.steps.tiles.predicted import predicted_archive, survey_predicted
from covermap.steps.tiles.segments import segment_archive
from covermap.steps.tiles.sheets import make_sheets
from covermap.steps.tiles.spots import spot_archive
from covermap.store import Tables
from covermap.tables import ANY

__all__ = ["run"]

_VERDICTS = ("cell_verdicts", "segment_verdicts", "weak_spots")
SMALL_ROWS = 300_000
"""Rows below which processes would take longer to start than to draw."""
BYTES_PER_ROW = 120
"""Of a layer's cell or segment in its archive, with what lies beside it while it is written."""


@dataclass(frozen=True)
class _Task:
    """One archive to draw."""

    kind: str
    tables: Path
    folder: Path
    ground: Ground
    recipe: Recipe
    layer: tuple[str, ...]
    before: Path | None
    """An earlier result of the step, whose tiles stay where they would say the same."""


def run(ctx: StepContext) -> None:
    """Write `tiles/<kind>.<operator>.<technology>.pmtiles` for every layer, and the sites'."""
    folder = ctx.out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".spool.", dir=ctx.out) as spool:
            made = _draw(ctx, folder, Path(spool))
    except OSError as error:
        if not disk_is_full(error):
            raise
        raise _full(ctx) from None
    finally:
        _opened.cache_clear()
        mapped.cache_clear()
        _courses.cache_clear()
    ctx.progress(1.0, "tiles")
    ctx.report |= {
        "archives": len(made),
        "tiles": sum(m.tiles for m in made),
        "tiles_kept": sum(m.kept for m in made),
        "bytes": sum(m.bytes for m in made),
        "largest_tile_bytes": max(m.largest for m in made),
        "drawn_coarser": [f"{m.name}: {note}" for m in made for note in m.notes],
    }


def _draw(ctx: StepContext, folder: Path, spool: Path) -> list[Made]:
    ctx.progress(0.0, "tiles")
    small = _drawn(ctx.tables) < SMALL_ROWS
    ground = survey(ctx.tables, spool, ctx.config.grid.resolution)
    cells = load_recipe("cells")
    layers = ctx.tables.layers(*_VERDICTS)
    if layers:
        wanted = resolutions_of(cells.layers["cells"], ground.resolution)
        cut = make_sheets(ground, wanted, ctx.workers, ctx.part, small=small)
        ctx.report["blocks_cut"] = cut
    where = (ctx.tables.folder, folder, ground)
    foretold = _predicted(ctx, folder, spool, small)
    tasks = [_Task("sites", *where, load_recipe("sites"), (), ctx.before)] + [
        _Task(kind, *where, load_recipe(kind), layer, ctx.before)
        for kind in _DRAWN for layer in layers
    ] + foretold  # fmt: skip
    made: dict[int, Made] = {}
    for position, one in ctx.workers.run(_one, tasks, small=small):
        made[position] = one
        ctx.progress(len(made) / (len(tasks) + 1), one.name)
    return [made[position] for position in sorted(made)]


def _predicted(ctx: StepContext, folder: Path, spool: Path, small: bool) -> list[_Task]:
    """Give what is to be drawn of predictions: on a ground of their own, cut beforehand."""
    with ctx.tables.connect("cell_prediction") as build:
        query = "SELECT DISTINCT operator, technology FROM cell_prediction ORDER BY 1, 2"
        layers = build.execute(query).fetchall()
    if not layers:
        return []
    ground = survey_predicted(ctx.tables, spool / PREDICTED, ctx.config.grid.resolution)
    recipe = load_recipe(PREDICTED)
    wanted = resolutions_of(recipe.layers[PREDICTED], ground.resolution)
    ctx.report["predicted_blocks_cut"] = make_sheets(
        ground, wanted, ctx.workers, ctx.part, small=small
    )
    where = (ctx.tables.folder, folder, ground)
    return [_Task(PREDICTED, *where, recipe, (o, t), None) for o, t in layers]


_DRAWN = {
    "cells": ("cell_verdicts",),
    "segments": ("segments", "lines", "segment_verdicts"),
    "lines": ("segments", "lines", "line_verdicts"),
    "weak_spots": ("weak_spots",),
}
"""Kinds with an archive for each layer, and the tables that they are drawn from."""


def _one(task: _Task) -> Made:
    """Draw one archive."""
    folder, recipe = task.folder, task.recipe
    if task.kind == PREDICTED:
        build = _opened(task.tables, task.ground.folder, ("cell_prediction", "cell_model"))
        return predicted_archive(build, folder, recipe, task.ground, *task.layer)
    build = _opened(task.tables, task.ground.folder, _DRAWN.get(task.kind, (task.kind,)))
    if task.kind == "sites":
        return site_archive(build, folder, recipe, task.before)
    if task.kind == "cells":
        return cell_archive(build, folder, recipe, task.ground, *task.layer, before=task.before)
    if task.kind == "weak_spots":
        return spot_archive(build, folder, recipe, *task.layer, before=task.before)
    courses = _courses(task.tables, task.ground.folder)
    draw = segment_archive if task.kind == "segments" else line_archive
    return draw(build, folder, recipe, courses, *task.layer, before=task.before)


@lru_cache(maxsize=1)
def _opened(tables: Path, _spool: Path, names: tuple[str, ...]) -> Any:
    """Tables of one kind in one run of the step, for every layer that this process draws.

    A new DuckDB takes longer to start than a small archive to draw.
    """
    return Tables(tables).connect(*names)


@lru_cache(maxsize=1)
def _courses(tables: Path, _spool: Path) -> Courses:
    """Courses of one run of the step, for every layer that this process draws."""
    return Courses(Tables(tables).connect("segments", "lines"))


def _full(ctx: StepContext) -> BuildError:
    """Say what a full disk needs."""
    rows = _drawn(ctx.tables)
    needed = rows * BYTES_PER_ROW / 1e6
    return BuildError(
        f"{ctx.out.parent}: the disk is full; the tiles of this build need about {needed:,.0f} MB "
        f"there, and {shown_free(ctx.out)} are left. Free some space and run "
        "`covermap build` again; what was built before is untouched."
    )


def _drawn(tables: Tables) -> int:
    """Count what is drawn: every cell in every layer, with a row or without, and other rows."""
    query = f"SELECT count(*) FROM cell_verdicts WHERE operator = '{ANY}' AND technology = '{ANY}'"
    with tables.connect("cell_verdicts") as build:
        (cells,) = build.execute(query).fetchone()
    others = (*_VERDICTS[1:], "cell_prediction")
    return int(cells) * len(tables.layers(*_VERDICTS)) + sum(map(tables.rows, others))
