"""Tiles: verdicts, answers, weak spots and sites to one archive of vector tiles per layer.

Every zoom of an archive shows everything: what is too much for a tile is drawn coarser (cells), or
the zoom is not made at all (the archive then begins one zoom further in); nothing is thinned out.
Both are said in the step's report.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from duckdb import DuckDBPyConnection

from covermap.engine.step import StepContext
from covermap.steps.tiles.cells import Outlines, cell_archive
from covermap.steps.tiles.courses import Courses
from covermap.steps.tiles.drawing import Made
from covermap.steps.tiles.lines import line_archive
from covermap.steps.tiles.points import site_archive
from covermap.steps.tiles.segments import segment_archive
from covermap.steps.tiles.spots import spot_archive

__all__ = ["run"]

_TABLES = (
    "cell_verdicts", "segment_verdicts", "line_verdicts", "weak_spots", "segments", "lines",
    "sites",
)  # fmt: skip


def run(ctx: StepContext) -> None:
    """Write `tiles/<kind>.<operator>.<technology>.pmtiles` for every layer, and the sites'."""
    folder = ctx.out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Made] = []
    with ctx.tables.connect(*_TABLES) as build:
        courses, outlines = Courses(build), Outlines(ctx.config.grid.resolution)
        work: list[Callable[[], Made]] = [partial(site_archive, build, folder)]
        for layer in _layers(build):
            work += [
                partial(cell_archive, build, folder, outlines, *layer),
                partial(segment_archive, build, folder, courses, *layer),
                partial(line_archive, build, folder, courses, *layer),
                partial(spot_archive, build, folder, *layer),
            ]
        for done, draw in enumerate(work):
            ctx.progress(done / len(work), made[-1].name if made else "tiles")
            made.append(draw())
    ctx.progress(1.0, "tiles")
    ctx.report |= {
        "archives": len(made),
        "tiles": sum(m.tiles for m in made),
        "bytes": sum(m.bytes for m in made),
        "largest_tile_bytes": max(m.largest for m in made),
        "drawn_coarser": [f"{m.name}: {note}" for m in made for note in m.notes],
    }


def _layers(build: DuckDBPyConnection) -> list[tuple[str, str]]:
    """Operators and technologies that any verdict or weak spot is about, in order."""
    tables = ("cell_verdicts", "segment_verdicts", "weak_spots")
    query = " UNION ".join(f"SELECT operator, technology FROM {t}" for t in tables)
    return [(o, t) for o, t in build.execute(f"{query} ORDER BY 1, 2").fetchall()]
