"""Archives of an earlier build whose tables are the same: taken whole, and nothing is drawn.

Beside an archive the step writes `marks/<archive>.json`: a key of all that it is drawn from, what
became of it, and its checksum.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from covermap.engine.step import StepContext
from covermap.formats.recipe import Recipe
from covermap.steps.tiles.drawing import Made
from covermap.steps.tiles.earlier import MARKS
from covermap.store import link_file, write_text

_PIECE = 1 << 20
Place = Callable[[str], Path]


def archive_key(
    ctx: StepContext, recipe: Recipe, layer: tuple[str, ...], reads: tuple[str, ...]
) -> str | None:
    """Tell what an archive is drawn from; None: the content of the tables is not known."""
    if not ctx.contents:
        return None
    tables = [(name, ctx.contents.get(name)) for name in reads]
    said = [recipe.model_dump_json(), layer, tables, ctx.config.grid.resolution]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def taken(ctx: StepContext, name: str, key: str | None) -> Made | None:
    """Take an archive from the earlier result of the step; None: there is none of this key."""
    if key is None or ctx.before is None:
        return None
    path, notes = ctx.before / "tiles" / name, ctx.before / MARKS / f"{name}.json"
    try:
        said = json.loads(notes.read_text(encoding="utf-8"))
        if said["key"] != key or said["checksum"] != _checksum(path):
            return None
    except (OSError, ValueError):
        return None
    link_file(path, ctx.out / "tiles" / name)
    for beside in (notes, ctx.before / MARKS / f"{name}.npy"):
        if beside.is_file():
            link_file(beside, ctx.out / MARKS / beside.name)
    made = Made(**said["made"] | {"notes": tuple(said["made"]["notes"])})
    return replace(made, kept=made.tiles)


def remember(ctx: StepContext, made: Made, key: str | None) -> None:
    """Write down what an archive was drawn from, for a later build."""
    if key is None:
        return
    said: dict[str, Any] = {"key": key, "made": asdict(replace(made, kept=0))}
    said["checksum"] = _checksum(ctx.out / "tiles" / made.name)
    (ctx.out / MARKS).mkdir(exist_ok=True)
    write_text(ctx.out / MARKS / f"{made.name}.json", json.dumps(said))


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def noted_parts(ctx: StepContext, cut: Callable[[Place | None], int], kind: str) -> int:
    """Cut a ground, and write down which parts the archives of a kind then rest on."""
    if ctx.part is None:
        return cut(None)
    place, keys = ctx.part, list[str]()

    def noted(key: str) -> Path:
        keys.append(key)
        return place(key)

    blocks = cut(noted)
    (ctx.out / MARKS).mkdir(exist_ok=True)
    write_text(ctx.out / MARKS / f"{kind}.parts", "".join(f"{key}\n" for key in keys))
    return blocks


def keep_parts(ctx: StepContext, kind: str) -> None:
    """Keep the parts that archives of a kind rest on, which were taken as they are."""
    said = None if ctx.before is None else ctx.before / MARKS / f"{kind}.parts"
    if said is None or ctx.part is None or not said.is_file():
        return
    link_file(said, ctx.out / MARKS / said.name)
    for key in said.read_text(encoding="utf-8").split():
        ctx.part(key)
