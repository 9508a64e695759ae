"""Tiles: verdicts, weak spots and sites to one archive of vector tiles per layer.

Every zoom of an archive shows everything: what is too much for a tile is drawn coarser (cells), or
the zoom is not made at all (the archive then begins one zoom further in); nothing is thinned out.
Both are said in the step's report.
"""

from __future__ import annotations

from collections.abc import Callable

from covermap.engine.step import StepContext
from covermap.steps.tiles.cells import Outlines, cell_archive
from covermap.steps.tiles.drawing import Made
from covermap.steps.tiles.points import site_archive
from covermap.steps.tiles.segments import SegmentArchives
from covermap.steps.tiles.spots import spot_archive

__all__ = ["run"]


def run(ctx: StepContext) -> None:
    """Write `tiles/<kind>.<operator>.<technology>.pmtiles` for every layer, and the sites'."""
    folder = ctx.out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    layers = _layers(ctx)
    made: list[Made] = []
    work: list[Callable[[], Made]] = [lambda: site_archive(ctx, folder)]
    segments, outlines = SegmentArchives(ctx, folder), Outlines()
    for layer in layers:
        work.append(lambda layer=layer: cell_archive(ctx, folder, outlines, *layer))  # type: ignore[misc]
        work.append(lambda layer=layer: segments.archive(*layer))  # type: ignore[misc]
        work.append(lambda layer=layer: spot_archive(ctx, folder, *layer))  # type: ignore[misc]
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


def _layers(ctx: StepContext) -> list[tuple[str, str]]:
    """Operators and technologies that any verdict or weak spot is about, in order."""
    tables = ("cell_verdicts", "segment_verdicts", "weak_spots")
    with ctx.tables.connect(*tables) as connection:
        query = " UNION ".join(f"SELECT operator, technology FROM {t}" for t in tables)
        return [(o, t) for o, t in connection.execute(f"{query} ORDER BY 1, 2").fetchall()]
