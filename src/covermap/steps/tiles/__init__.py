"""Tiles: verdicts, answers, weak spots and sites to one archive of vector tiles per layer.

Every zoom of an archive shows everything: what is too much for a tile is drawn coarser (cells by a
coarser resolution, lines by longer pieces, weak spots by their sums), or the zoom is not made at
all (the archive then begins one zoom further in); nothing is thinned out. Each is said in the
step's report and in the archive's metadata.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from covermap.engine.step import StepContext
from covermap.errors import BuildError
from covermap.files import disk_is_full, shown_free
from covermap.formats.archive import archive_name
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
from covermap.steps.tiles.whole import archive_key, keep_parts, noted_parts, remember, taken
from covermap.store import Tables
from covermap.tables import ANY

__all__ = ["run"]

_VERDICTS = ("cell_verdicts", "segment_verdicts", "weak_spots")
SMALL_ROWS = 300_000
"""Rows below which processes would take longer to start than to draw."""
BYTES_PER_ROW = 120
"""Of a layer's cell or segment in its archive, with what lies beside it while it is written."""


_DRAWN = {
    "cells": ("cell_verdicts", "cell_people"),
    "segments": ("segments", "lines", "segment_verdicts"),
    "lines": ("segments", "lines", "line_verdicts"),
    "weak_spots": ("weak_spots",),
}
"""Kinds with an archive for each layer, and the tables that they are drawn from."""
_READS = _DRAWN | {"sites": ("sites",), PREDICTED: ("cell_prediction", "cell_model")}


@dataclass(frozen=True)
class _Task:
    """One archive to draw."""

    kind: str
    layer: tuple[str, ...]
    recipe: Recipe
    key: str | None
    """Of all that it is drawn from."""

    @property
    def name(self) -> str:
        """Name of its file."""
        return archive_name(self.kind, *self.layer)


@dataclass(frozen=True)
class _Work:
    """An archive to draw, and where: for a worker process."""

    task: _Task
    tables: Path
    folder: Path
    spool: Path
    ground: Ground | None
    """Of the cells that are drawn; None: none are."""
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
    tasks = _tasks(ctx)
    made = {task.name: found for task in tasks if (found := taken(ctx, task.name, task.key))}
    left = [task for task in tasks if task.name not in made]
    grounds = _grounds(ctx, spool, {task.kind for task in left}, small)
    work = [
        _Work(t, ctx.tables.folder, folder, spool, grounds.get(t.kind), ctx.before) for t in left
    ]
    for position, one in ctx.workers.run(_one, work, small=small):
        made[one.name] = one
        remember(ctx, one, left[position].key)
        ctx.progress(len(made) / (len(tasks) + 1), one.name)
    ctx.report["archives_kept"] = len(tasks) - len(left)
    return [made[task.name] for task in tasks]


def _tasks(ctx: StepContext) -> list[_Task]:
    """List every archive of the build."""
    layers = ctx.tables.layers(*_VERDICTS)
    wanted: list[tuple[str, tuple[str, ...]]] = [("sites", ())]
    wanted += [(kind, layer) for kind in _DRAWN for layer in layers]
    wanted += [(PREDICTED, layer) for layer in ctx.tables.layers("cell_prediction")]
    return [
        _Task(kind, layer, recipe, archive_key(ctx, recipe, layer, _READS[kind]))
        for kind, layer in wanted
        for recipe in (load_recipe(kind),)
    ]


def _grounds(ctx: StepContext, spool: Path, kinds: set[str], small: bool) -> dict[str, Ground]:
    """Find and cut the cells of the kinds of cells that are to be drawn."""
    found: dict[str, Ground] = {}
    for kind, look in (("cells", survey), (PREDICTED, survey_predicted)):
        if kind not in kinds:
            keep_parts(ctx, kind)
            continue
        (spool / kind).mkdir()
        ground = look(ctx.tables, spool / kind, ctx.config.grid.resolution)
        wanted = resolutions_of(load_recipe(kind).layers[kind], ground.resolution)
        cut = partial(make_sheets, ground, wanted, ctx.workers, small=small)
        ctx.report[_CUT[kind]] = noted_parts(ctx, cut, kind)
        found[kind] = ground
    return found


_CUT = {"cells": "blocks_cut", PREDICTED: "predicted_blocks_cut"}


def _one(work: _Work) -> Made:
    """Draw one archive."""
    task, folder, before = work.task, work.folder, work.before
    kind, recipe, layer = task.kind, task.recipe, task.layer
    build = _opened(work.tables, work.spool, _READS[kind])
    if kind == PREDICTED and work.ground:
        return predicted_archive(build, folder, recipe, work.ground, *layer)
    if kind == "cells" and work.ground:
        return cell_archive(build, folder, recipe, work.ground, *layer, before=before)
    if kind == "sites":
        return site_archive(build, folder, recipe, before)
    if kind == "weak_spots":
        return spot_archive(build, folder, recipe, *layer, before=before)
    courses = _courses(work.tables, work.spool)
    draw = segment_archive if kind == "segments" else line_archive
    return draw(build, folder, recipe, courses, *layer, before=before)


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
