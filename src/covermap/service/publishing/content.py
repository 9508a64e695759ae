"""The files of a published map: what the page would ask of the service, answered beforehand."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import shapely

from covermap.formats.archive import SUFFIX, archive_name
from covermap.formats.recipe import PER_LAYER_KINDS
from covermap.service.answers import as_json
from covermap.service.publishing.lines import write_lines
from covermap.service.publishing.place import CONTENTS, MADE_BY
from covermap.service.queries import (
    LINE_COLUMNS,
    LINE_ORDER,
    LINES,
    SPOT_COLUMNS,
    layer_where,
    spot_order,
    with_chainage,
)
from covermap.service.routes.build import describe
from covermap.service.snapshot import Snapshot

SITES = "sites"
TILES = "tiles"
Layer = tuple[str, str]


@dataclass(frozen=True)
class Content:
    """A build and those of its layers that are published."""

    snapshot: Snapshot
    layers: list[Layer]

    @cached_property
    def lines(self) -> list[str]:
        """Identities of the lines; a line's number is its place here."""
        rows = self.snapshot.rows("SELECT line_id FROM lines ORDER BY line_id")
        return [row["line_id"] for row in rows]

    @cached_property
    def folders(self) -> list[str]:
        """Name of each layer's folder: short, and without what addresses spell otherwise."""
        return plain_names([f"{o}-{t}" for o, t in self.layers])


def plain_names(names: list[str]) -> list[str]:
    """Names that file systems and addresses take alike, each another one.

    Examples
    --------
    >>> plain_names(["any-nr", "A/B-nr", "a b-nr", "移动-nr"])
    ['any-nr', 'a-b-nr', 'a-b-nr-2', 'nr']
    """
    found: list[str] = []
    for name in names:
        base = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") or "layer"
        number, made = 1, base
        while made in found:
            number += 1
            made = f"{base}-{number}"
        found.append(made)
    return found


def write_content(folder: Path, content: Content, progress: Callable[[float], None]) -> None:
    """Write everything that the page reads."""
    inside = folder / content.snapshot.id
    inside.mkdir()
    (inside / TILES).mkdir()
    archives = [_copy_archives(inside, content, layer, name) for layer, name in _named(content)]
    _write(folder / CONTENTS, {
        "made_by": MADE_BY, "build": content.snapshot.id, "folder": content.snapshot.id,
        "layers": [
            {"operator": o, "technology": t, "folder": name, "tiles": tiles}
            for ((o, t), name), tiles in zip(_named(content), archives, strict=True)
        ],
        "sites": _copy(inside, content, archive_name(SITES), SITES),
    })  # fmt: skip
    _write(inside / "build.json", _about(content))
    _write(inside / "lines.json", content.lines)
    for layer, name in _named(content):
        _write_layer(inside / name, content, layer)
    folders = [inside / name for name in content.folders]
    write_lines(folders, content.snapshot, content.layers, content.lines, progress)


def _named(content: Content) -> list[tuple[Layer, str]]:
    return list(zip(content.layers, content.folders, strict=True))


def _copy_archives(
    inside: Path, content: Content, layer: Layer, name: str
) -> dict[str, str | None]:
    return {
        kind: _copy(inside, content, archive_name(kind, *layer), f"{kind}-{name}")
        for kind in PER_LAYER_KINDS
    }


def _copy(inside: Path, content: Content, archive: str, name: str) -> str | None:
    """Copy an archive of tiles; None where the build drew none."""
    source = content.snapshot.build.tiles / archive
    if not source.is_file():
        return None
    shutil.copyfile(source, inside / TILES / f"{name}{SUFFIX}")
    return f"{TILES}/{name}{SUFFIX}"


def _about(content: Content) -> dict[str, Any]:
    """Give what the map needs first; not when the build was made: same build, same bytes."""
    told = describe(content.snapshot)
    operators = {operator for operator, _ in content.layers}
    technologies = {technology for _, technology in content.layers}
    return {
        **told,
        "created": None,
        "layers": [x for x in told["layers"] if (x["operator"], x["technology"]) in content.layers],
        "operators": [x for x in told["operators"] if x["id"] in operators],
        "technologies": [x for x in told["technologies"] if x in technologies],
    }


def _write_layer(folder: Path, content: Content, layer: Layer) -> None:
    folder.mkdir()
    _write(folder / "lines.json", _lines(content.snapshot, layer))
    _write(folder / "spots.json", _spots(content.snapshot, layer))


def _lines(snapshot: Snapshot, layer: Layer) -> list[dict[str, Any]]:
    where = layer_where(snapshot, *layer)
    chosen = ", ".join(f'"{c}"' for c in LINE_COLUMNS)
    return snapshot.rows(
        f"SELECT {chosen} FROM {LINES} {where.sql()} ORDER BY {LINE_ORDER}", where.parameters
    )


def _spots(snapshot: Snapshot, layer: Layer) -> list[dict[str, Any]]:
    """Weak spots of a layer, with their extents: a list has no geometry, and no one is to ask."""
    where = layer_where(snapshot, *layer)
    chosen = ", ".join(f'"{c}"' for c in (*SPOT_COLUMNS, "geometry"))
    rows = snapshot.rows(
        f"SELECT {chosen} FROM weak_spots {where.sql()} ORDER BY {spot_order('-length')}",
        where.parameters,
    )
    boxes = shapely.bounds(shapely.from_wkb([bytes(row.pop("geometry")) for row in rows]))
    placed = with_chainage(snapshot, rows)
    return [
        {**row, "bbox": [round(edge, 7) for edge in box]}
        for row, box in zip(placed, boxes.tolist(), strict=True)
    ]


def _write(path: Path, payload: Any) -> None:
    path.write_bytes(as_json(payload))
