"""What lies along one line: its profile, and places by chainage."""

from __future__ import annotations

from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Query, Request, Response

from covermap.course import read_count, read_profile
from covermap.errors import NotKnownError
from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, LineId, Operator, Place, Technology
from covermap.service.queries import first_layer, layer_where
from covermap.service.snapshot import Snapshot

router = APIRouter(tags=["lines"])


@router.get(
    "/api/lines/{line_id:path}/profile",
    summary="Signal and verdict along a line",
    responses=answers("profile"),
)
def profile(
    request: Request,
    snapshot: Current,
    line_id: LineId,
    operator: Operator = None,
    technology: Technology = None,
    start: Annotated[Place, Query(alias="from")] = None,
    end: Annotated[Place, Query(alias="to")] = None,
) -> Response:
    """Give what a strip chart shows: segments in one layer, stations, tunnels, chainage.

    Without a layer, that of the build's first. `official` says whether texts are of the official
    count; `from` and `to` are chainages in metres, or of that count as K12+300.
    """
    layer_where(snapshot, operator, technology)
    part = read_count(snapshot.tables, line_id).stretch_of(start, end)
    layer = first_layer(snapshot, operator, technology)
    if layer is None:
        raise NotKnownError("the build has no layer of this operator and technology.")
    made = read_profile(snapshot.tables, snapshot.manifest, line_id, layer, part)
    return json_answer(request, made.as_data(), snapshot.id)


@router.get("/api/lines/{line_id:path}/at", summary="A place on a line", responses=answers("place"))
def at(
    request: Request,
    snapshot: Current,
    line_id: LineId,
    chainage: Annotated[str, Query(max_length=40, examples=["K12+300"])],
) -> Response:
    """Give the positions that a chainage means: of the official count, or metres from the start.

    A figure of the official count can be met more than once where the count breaks.
    """
    count = read_count(snapshot.tables, line_id)
    places = [m for m in count.places_of(chainage) if 0 <= m <= count.length_m]
    if not places:
        count.place_of(chainage)  # says where the line goes
    rows = [_place(snapshot, line_id, m, count.text(m)) for m in places]
    answer = {"line_id": line_id, "official": count.official, "places": rows}
    return json_answer(request, answer, snapshot.id)


def _place(snapshot: Snapshot, line_id: str, metres: float, text: str) -> dict[str, Any]:
    row = snapshot.rows(
        "SELECT segment, from_m, to_m, geometry FROM segments WHERE line_id = ? AND from_m <= ? "
        "ORDER BY segment DESC LIMIT 1",
        [line_id, metres],
    )[0]
    share = (metres - row["from_m"]) / (row["to_m"] - row["from_m"])
    course = shapely.from_wkb(bytes(row["geometry"]))
    point = course.interpolate(min(share, 1.0), normalized=True)
    return {
        "chainage_m": round(metres, 3), "text": text, "segment": row["segment"],
        "lon": round(point.x, 7), "lat": round(point.y, 7),
    }  # fmt: skip
