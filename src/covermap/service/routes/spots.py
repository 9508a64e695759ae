"""Weak spots: what is to be fixed."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import shapely
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from covermap.errors import NotKnownError
from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Box, Current, Operator, Page, Technology, page, parse_box
from covermap.service.queries import (
    SPOT_COLUMNS,
    ids_within,
    layer_where,
    listed,
    spot_order,
    with_chainage,
)

router = APIRouter(tags=["weak spots"])

Cause = Literal["no_service", "weak_signal", "site_near_weak", "no_site_near", "poor_sinr"]
Outlook = Literal["lasting", "unsure", "passing"]


@router.get("/api/weak-spots", summary="Weak spots", responses=answers("spots"))
def spots(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    operator: Operator = None,
    technology: Technology = None,
    kind: Annotated[Literal["section", "area"] | None, Query()] = None,
    cause: Annotated[Cause | None, Query()] = None,
    outlook: Annotated[
        Outlook | None,
        Query(description="lasting: weak to stay; unsure: drive again first; passing: a fade"),
    ] = None,
    line_id: Annotated[str | None, Query(max_length=200)] = None,
    bbox: Box = None,
    order: Annotated[
        str,
        Query(max_length=40, description="length, area, n, rsrp, probability or id; - downwards"),
    ] = "-length",
) -> Response:
    """List weak sections of lines and weak areas, the longest first.

    `from` and `to` are chainages as people write them: official where there are posts.
    """
    where = layer_where(snapshot, operator, technology)
    where.equal("kind", kind)
    where.equal("cause", cause)
    where.equal("outlook", outlook)
    where.equal("line_id", line_id)
    by, boxes = spot_order(order), parse_box(bbox)
    if boxes is not None:
        where.among("spot_id", ids_within(snapshot.shapes("weak_spots", "spot_id"), boxes))
    found = listed(snapshot, "weak_spots", SPOT_COLUMNS, where, by, part)
    found["items"] = with_chainage(snapshot, found["items"])
    return json_answer(request, found, snapshot.id)


@router.get("/api/weak-spots/{spot_id:path}", summary="One weak spot", responses=answers("spot"))
def spot(
    request: Request,
    snapshot: Current,
    spot_id: Annotated[str, Path(max_length=200, examples=["ws-2f9c01d4"])],
) -> Response:
    """Give a weak spot with its geometry, as GeoJSON."""
    found = snapshot.rows("SELECT * FROM weak_spots WHERE spot_id = ? LIMIT 1", [spot_id])
    if not found:
        raise NotKnownError(f"no weak spot {spot_id!r}. GET /api/weak-spots lists them.")
    return json_answer(request, _with_geojson(with_chainage(snapshot, found)[0]), snapshot.id)


def _with_geojson(row: dict[str, Any]) -> dict[str, Any]:
    shape = shapely.from_wkb(bytes(row["geometry"]))
    return {**row, "geometry": json.loads(shapely.to_geojson(shape))}
