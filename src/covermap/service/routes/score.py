"""The scorecard: how far each target of the rule pack is reached."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, Level, Operator, Page, Region, Technology, page
from covermap.service.queries import Where, listed
from covermap.tables import SCORECARD

router = APIRouter(tags=["scorecard"])

ORDER = (
    "target, part NULLS FIRST, scope, level NULLS FIRST, rank NULLS LAST, region_id, operator, "
    "technology, source NULLS FIRST"
)
Name = Annotated[str | None, Query(max_length=80, description="name in the rule pack")]


@router.get("/api/scorecard", summary="How far targets are reached", responses=answers("scorecard"))
def scorecard(
    request: Request,
    snapshot: Current,
    part: Annotated[Page, Depends(page)],
    target: Name = None,
    operator: Operator = None,
    technology: Technology = None,
    scope: Annotated[Literal["all", "region"] | None, Query()] = None,
    level: Level = None,
    region: Region = None,
    headline: Annotated[
        bool, Query(description="only the layer that the pack groups by, of each")
    ] = False,
) -> Response:
    """List each target with value, interval, total, what is not settled, answer and basis.

    What nobody measured counts as bad at the lower end and as good at the upper one. A target that
    nothing in the build tells of has its row, too; a quota of a scene is a `part` of its target.
    """
    where = Where()
    for column, value in (
        ("target", target), ("operator", operator), ("technology", technology), ("scope", scope),
        ("level", level), ("region_id", region),
    ):  # fmt: skip
        where.equal(column, value)
    if headline:
        where.conditions.append("headline")
    found = listed(snapshot, "scorecard", SCORECARD.names, where, ORDER, part)
    pack = snapshot.manifest.get("rules", {})
    found["items"] = [{**row, **_named(row, pack)} for row in found["items"]]
    found["rules"] = snapshot.rules
    return json_answer(request, found, snapshot.id)


def _named(row: dict[str, Any], pack: dict[str, Any]) -> dict[str, Any]:
    """Name the target, or the quota, and say where its figure is from."""
    if row["part"] is None:
        about = pack["targets"][row["target"]]
        titles = {key: about.get(key) for key in ("title", "title_zh")}
        return titles | {"figure_source": about["source"]}
    scene, _, grade = row["part"].partition(".")
    quota = pack["scenes"][scene]["grades"][grade]
    titles = {key: f"{pack['scenes'][scene][key]}: {quota[key]}" for key in ("title", "title_zh")}
    return titles | {"figure_source": quota["source"]}
