"""Lines and their verdicts."""

from __future__ import annotations

from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Query, Request, Response

from covermap.errors import NotKnownError
from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import (
    Answer,
    Box,
    Current,
    LineId,
    Operator,
    Page,
    Region,
    Technology,
    page,
    parse_box,
)
from covermap.service.queries import (
    LINE_COLUMNS,
    LINE_ORDER,
    LINES,
    SECTION_ORDER,
    SECTIONS,
    first_layer,
    ids_within,
    layer_where,
    listed,
    with_chainage,
)
from covermap.service.snapshot import Snapshot, known
from covermap.tables import LINE_CLASSES

router = APIRouter(tags=["lines"])


@router.get("/api/lines", summary="Kilometres by verdict of lines", responses=answers("lines"))
def lines(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    operator: Operator = None,
    technology: Technology = None,
    line_class: Annotated[
        str | None, Query(alias="class", max_length=20, examples=["motorway"])
    ] = None,
    bbox: Box = None,
    answer: Answer = None,
    region: Region = None,
    q: Annotated[
        str | None, Query(max_length=100, description="text in the name, number or identity")
    ] = None,
) -> Response:
    """List lines with their lengths by verdict, one item a line and layer."""
    where = layer_where(snapshot, operator, technology)
    if line_class is not None:
        where.equal("class", known(line_class, LINE_CLASSES, "class"))
    boxes = parse_box(bbox)
    if boxes is not None:
        where.among("line_id", ids_within(snapshot.shapes("lines", "line_id"), boxes))
    where.equal("answer", answer)
    where.among("line_id", _passing(snapshot, region))
    where.containing(("name", "ref", "line_id"), q)
    found = listed(snapshot, LINES, LINE_COLUMNS, where, LINE_ORDER, part)
    return json_answer(request, found, snapshot.id)


def _passing(snapshot: Snapshot, region: str | None) -> list[str] | None:
    """Lines with a section in a region; None: no region is asked for."""
    if region is None:
        return None
    rows = snapshot.rows("SELECT DISTINCT line_id FROM sections WHERE region_id = ?", [region])
    if not rows:
        raise NotKnownError(f"no line passes through a region {region[:60]!r}.")
    return sorted(row["line_id"] for row in rows)


@router.get("/api/lines/{line_id:path}", summary="One line, along it", responses=answers("line"))
def line(
    request: Request,
    snapshot: Current,
    line_id: LineId,
    operator: Operator = None,
    technology: Technology = None,
) -> Response:
    """Give a line, its verdict in every layer, what lies along it, and its sections in one layer.

    Sections, and what would settle the answer, are those of the layer asked for; without one, of
    the build's first. Its segments are in its profile.
    """
    layer_where(snapshot, operator, technology)
    layer = first_layer(snapshot, operator, technology)
    return json_answer(request, line_detail(snapshot, line_id, layer), snapshot.id)


def line_detail(snapshot: Snapshot, line_id: str, layer: tuple[str, str] | None) -> dict[str, Any]:
    """Give all that is known of a line; sections and what would settle it, in one layer.

    Raises
    ------
    NotKnownError
        There is no such line.
    """
    course = snapshot.rows(
        "SELECT line_id, name, ref, class, length_m, route_length_m, segment_m, oneway, input, "
        "simulated, geometry FROM lines WHERE line_id = ?",
        [line_id],
    )
    if not course:
        raise NotKnownError(f"no line {line_id!r}. GET /api/lines lists them.")
    verdicts = snapshot.rows(
        "SELECT * FROM line_verdicts WHERE line_id = ? ORDER BY operator, technology", [line_id]
    )
    return {
        "line": _with_bbox(course[0]),
        "layer": {"operator": layer[0], "technology": layer[1]} if layer else None,
        "verdicts": verdicts,
        "stations": snapshot.rows(
            "SELECT name, chainage_m FROM stations WHERE line_id = ? ORDER BY chainage_m, name",
            [line_id],
        ),
        "structures": snapshot.rows(
            "SELECT kind, name, from_m, to_m FROM structures WHERE line_id = ? "
            "ORDER BY from_m, to_m, kind",
            [line_id],
        ),
        "posts": snapshot.rows(
            "SELECT chainage_m, official_m, prefix, stretch FROM posts WHERE line_id = ? "
            "ORDER BY stretch, chainage_m",
            [line_id],
        ),
        "sections": with_chainage(snapshot, _sections(snapshot, line_id, layer)) if layer else [],
        "settling": with_chainage(snapshot, _settling(snapshot, line_id, layer)) if layer else [],
    }


def _sections(snapshot: Snapshot, line_id: str, layer: tuple[str, str]) -> list[dict[str, Any]]:
    return snapshot.rows(
        f"SELECT * FROM {SECTIONS} WHERE line_id = ? AND operator = ? AND technology = ? "
        f"ORDER BY {SECTION_ORDER}",
        [line_id, *layer],
    )


def _settling(snapshot: Snapshot, line_id: str, layer: tuple[str, str]) -> list[dict[str, Any]]:
    return snapshot.rows(
        "SELECT * FROM settling WHERE line_id = ? AND operator = ? AND technology = ? "
        "ORDER BY rank",
        [line_id, *layer],
    )


def _with_bbox(row: dict[str, Any]) -> dict[str, Any]:
    """Extent in place of the geometry: west, south, east, north."""
    bounds = shapely.from_wkb(bytes(row.pop("geometry"))).bounds
    return {**row, "bbox": [round(value, 7) for value in bounds]}
