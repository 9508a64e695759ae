"""Base stations by region."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, Level, Page, Region, Scope, page
from covermap.service.queries import Where, listed
from covermap.tables import REGION_SITES

router = APIRouter(tags=["sites"])

ORDER = "scope, level NULLS FIRST, region_id NULLS LAST, operator NULLS LAST, technology"


@router.get("/api/region-sites", summary="Base stations by region", responses=answers("sites"))
def sites(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    operator: Annotated[
        str | None, Query(description="as site tables name it, or all", max_length=64)
    ] = None,
    technology: Annotated[
        Literal["gsm", "umts", "lte", "nr", "nbiot", "redcap", "all"] | None, Query()
    ] = None,
    scope: Scope = None,
    level: Level = None,
    region: Region = None,
) -> Response:
    """List sites and cells of the network by region, operator and technology.

    A base station is an operator's site with a cell of the technology; `nr` counts RedCap's, too.
    For people, where they are known, and beside the target of 5G base stations for 10,000 people.
    """
    where = Where()
    for column, value in (
        ("operator", operator), ("technology", technology), ("scope", scope), ("level", level),
        ("region_id", region),
    ):  # fmt: skip
        where.equal(column, value)
    found = listed(snapshot, "region_sites", REGION_SITES.names, where, ORDER, part)
    return json_answer(request, found, snapshot.id)
