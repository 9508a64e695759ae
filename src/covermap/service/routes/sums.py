"""Parts of lines, and sums over them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import (
    Answer,
    Current,
    Operator,
    Page,
    Region,
    Technology,
    page,
)
from covermap.service.queries import (
    NETWORK_COLUMNS,
    NETWORK_ORDER,
    SECTION_COLUMNS,
    SECTION_ORDER,
    SECTIONS,
    layer_where,
    listed,
    with_chainage,
)

router = APIRouter(tags=["lines"])


@router.get("/api/sections", summary="Sections of lines", responses=answers("sections"))
def sections(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    operator: Operator = None,
    technology: Technology = None,
    kind: Annotated[Literal["station", "county"] | None, Query()] = None,
    line_id: Annotated[str | None, Query(max_length=200)] = None,
    region: Region = None,
    answer: Answer = None,
) -> Response:
    """List sections from station to station and by county, one item a section and layer."""
    where = layer_where(snapshot, operator, technology)
    where.equal("kind", kind)
    where.equal("line_id", line_id)
    where.equal("region_id", region)
    where.equal("answer", answer)
    found = listed(snapshot, SECTIONS, SECTION_COLUMNS, where, SECTION_ORDER, part)
    found["items"] = with_chainage(snapshot, found["items"])
    return json_answer(request, found, snapshot.id)


@router.get("/api/network", summary="Sums over lines", responses=answers("network"))
def network(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    operator: Operator = None,
    technology: Technology = None,
    scope: Annotated[Literal["class", "region_class"] | None, Query()] = None,
    region: Region = None,
) -> Response:
    """List km continuously covered by class, low and high, beside the pack's target.

    Lines measured in one campaign rise and fall together in the interval.
    """
    where = layer_where(snapshot, operator, technology)
    where.equal("scope", scope)
    where.equal("region_id", region)
    found = listed(snapshot, "network_verdicts", NETWORK_COLUMNS, where, NETWORK_ORDER, part)
    return json_answer(request, found, snapshot.id)
