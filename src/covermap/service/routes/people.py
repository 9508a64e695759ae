"""People and area by verdict."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import (
    Current,
    Level,
    Operator,
    Page,
    Region,
    Scope,
    Technology,
    page,
)
from covermap.service.queries import layer_where, listed
from covermap.tables import PEOPLE_VERDICTS

router = APIRouter(tags=["people"])

ORDER = "scope, level NULLS FIRST, region_id NULLS LAST, operator, technology"


@router.get("/api/people", summary="People and area by verdict", responses=answers("people"))
def people(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    operator: Operator = None,
    technology: Technology = None,
    scope: Scope = None,
    level: Level = None,
    region: Region = None,
) -> Response:
    """List people and km2 covered, weak, without service and unmeasured, per region and layer.

    The four add up to the people and the area of the region. People who live in no region of a
    level have a row of their own (`outside`). Without a declared population the people are null.
    """
    where = layer_where(snapshot, operator, technology)
    where.equal("scope", scope)
    where.equal("level", level)
    where.equal("region_id", region)
    found = listed(snapshot, "people_verdicts", PEOPLE_VERDICTS.names, where, ORDER, part)
    declared = snapshot.manifest.get("config", {}).get("population") or {}
    found["attribution"] = declared.get("attribution", "")
    return json_answer(request, found, snapshot.id)
