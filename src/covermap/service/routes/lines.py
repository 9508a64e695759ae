"""Lines and their verdicts."""

from __future__ import annotations

from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from covermap.errors import NotKnownError
from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Box, Current, Operator, Page, Technology, page, parse_box
from covermap.service.queries import LINE_COLUMNS, LINE_ORDER, Where, ids_within, listed
from covermap.service.snapshot import Snapshot, known
from covermap.tables import LINE_CLASSES

router = APIRouter(tags=["lines"])


def layer_where(snapshot: Snapshot, operator: str | None, technology: str | None) -> Where:
    """Conditions on a layer, its names checked.

    Raises
    ------
    NotKnownError
        The build has no such operator or technology.
    """
    where = Where()
    if operator is not None:
        where.equal("operator", known(operator, snapshot.operators, "operator"))
    if technology is not None:
        where.equal("technology", known(technology, snapshot.technologies, "technology"))
    return where


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
    where.containing(("name", "ref", "line_id"), q)
    found = listed(snapshot, "line_verdicts", LINE_COLUMNS, where, LINE_ORDER, part)
    return json_answer(request, found, snapshot.id)


@router.get("/api/lines/{line_id:path}", summary="One line, along it", responses=answers("line"))
def line(
    request: Request,
    snapshot: Current,
    line_id: Annotated[str, Path(max_length=200, examples=["motorway-g2-1"])],
    operator: Operator = None,
    technology: Technology = None,
) -> Response:
    """Give a line, its verdict in each layer, its stations, and its segments in one layer.

    Segments are those of the layer asked for; without one, of the build's first.
    """
    layer_where(snapshot, operator, technology)
    course = snapshot.rows(
        "SELECT line_id, name, ref, class, length_m, route_length_m, segment_m, input, simulated, "
        "geometry FROM lines WHERE line_id = ?",
        [line_id],
    )
    if not course:
        raise NotKnownError(f"no line {line_id!r}. GET /api/lines lists them.")
    layer = _layer(snapshot, operator, technology)
    where = layer_where(snapshot, operator, technology)
    where.equal("line_id", line_id)
    verdicts = snapshot.rows(
        f"SELECT * FROM line_verdicts {where.sql()} ORDER BY operator, technology",
        where.parameters,
    )
    found: dict[str, Any] = {
        "line": _with_bbox(course[0]),
        "layer": {"operator": layer[0], "technology": layer[1]} if layer else None,
        "verdicts": verdicts,
        "segments": _segments(snapshot, line_id, layer) if layer else [],
        "stations": snapshot.rows(
            "SELECT name, chainage_m FROM stations WHERE line_id = ? ORDER BY chainage_m, name",
            [line_id],
        ),
    }
    return json_answer(request, found, snapshot.id)


def _with_bbox(row: dict[str, Any]) -> dict[str, Any]:
    """Extent in place of the geometry: west, south, east, north."""
    bounds = shapely.from_wkb(bytes(row.pop("geometry"))).bounds
    return {**row, "bbox": [round(value, 7) for value in bounds]}


def _layer(
    snapshot: Snapshot, operator: str | None, technology: str | None
) -> tuple[str, str] | None:
    """First layer of the build that is the one asked for."""
    for one in snapshot.layers:
        if operator in (None, one[0]) and technology in (None, one[1]):
            return one
    return None


def _segments(snapshot: Snapshot, line_id: str, layer: tuple[str, str]) -> list[dict[str, Any]]:
    return snapshot.rows(
        "SELECT s.segment, s.from_m, s.to_m, coalesce(v.verdict, 'unmeasured') AS verdict, "
        "v.probability, v.rsrp_mean_dbm, coalesce(v.n, 0) AS n FROM segments s LEFT JOIN "
        "(SELECT * FROM segment_verdicts WHERE operator = ? AND technology = ?) v "
        "ON v.line_id = s.line_id AND v.segment = s.segment "
        "WHERE s.line_id = ? ORDER BY s.segment",
        [*layer, line_id],
    )
