"""Service quality: rates, latency, stalls and connection."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, Level, Operator, Page, Region, Technology, page
from covermap.service.queries import Where, listed
from covermap.tables import FIGURES, QUALITY_VERDICTS

router = APIRouter(tags=["quality"])

ORDER = "scope, level NULLS FIRST, scope_id NULLS FIRST, operator, technology, source, figure"
Figure = Annotated[
    str | None,
    Query(max_length=40, description=f"one of {', '.join(FIGURES)}", examples=["tests_share"]),
]


@router.get("/api/quality", summary="Service quality", responses=answers("quality"))
def quality(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    operator: Operator = None,
    technology: Technology = None,
    source: Annotated[Literal["drive", "probe", "app", "mixed"] | None, Query()] = None,
    figure: Figure = None,
    scope: Annotated[Literal["all", "region", "line", "place"] | None, Query()] = None,
    level: Level = None,
    region: Region = None,
    line: Annotated[str | None, Query(max_length=200, description="identity of a line")] = None,
    place: Annotated[
        str | None, Query(max_length=200, description="identity of a key place")
    ] = None,
) -> Response:
    """List figures of tests with their intervals, targets and answers, per place and layer.

    Intervals respect that tests of one run or device are alike; they are null from a single one.
    Each source has rows of its own; what takes several together is `mixed`.
    """
    where = Where()
    for column, value in (
        ("operator", operator), ("technology", technology), ("source", source),
        ("figure", figure), ("scope", scope), ("level", level),
    ):  # fmt: skip
        where.equal(column, value)
    for kind, identity in (("region", region), ("line", line), ("place", place)):
        if identity is not None:
            where.equal("scope", kind)
            where.equal("scope_id", identity)
    found = listed(snapshot, "quality_verdicts", QUALITY_VERDICTS.names, where, ORDER, part)
    return json_answer(request, found, snapshot.id)
