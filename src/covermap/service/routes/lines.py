"""Lines and their verdicts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import shapely
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from covermap.core.lines.chainage import parse_chainage
from covermap.course import read_count, read_profile
from covermap.errors import NotKnownError
from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Box, Current, Operator, Page, Technology, page, parse_box
from covermap.service.queries import (
    LINE_COLUMNS,
    LINE_ORDER,
    NETWORK_COLUMNS,
    NETWORK_ORDER,
    SECTION_COLUMNS,
    SECTION_ORDER,
    SECTIONS,
    Where,
    ids_within,
    listed,
)
from covermap.service.snapshot import Snapshot, known
from covermap.tables import LINE_CLASSES

router = APIRouter(tags=["lines"])


Answer = Annotated[
    Literal["pass", "fail", "undetermined"] | None,
    Query(description="answer under the pack's line rule"),
]
Region = Annotated[
    str | None, Query(max_length=60, description="identity of a region", examples=["320500"])
]
LineId = Annotated[str, Path(max_length=200, examples=["motorway-g2-1"])]
Place = Annotated[
    str | None, Query(max_length=40, description="K12+300, or metres", examples=["K12+300"])
]


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
    found = listed(snapshot, "line_verdicts", LINE_COLUMNS, where, LINE_ORDER, part)
    return json_answer(request, found, snapshot.id)


def _passing(snapshot: Snapshot, region: str | None) -> list[str] | None:
    """Lines with a section in a region; None: no region is asked for."""
    if region is None:
        return None
    rows = snapshot.rows("SELECT DISTINCT line_id FROM sections WHERE region_id = ?", [region])
    if not rows:
        raise NotKnownError(f"no line passes through a region {region[:60]!r}.")
    return sorted(row["line_id"] for row in rows)


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
    count = read_count(snapshot.build, line_id)
    ends = [None if text is None else count.place_of(text) for text in (start, end)]
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        ends.reverse()  # the official count may run against the line
    layer = _layer(snapshot, operator, technology)
    if layer is None:
        raise NotKnownError("the build has no layer of this operator and technology.")
    made = read_profile(snapshot.build, snapshot.manifest, line_id, layer, (ends[0], ends[1]))
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
    count = read_count(snapshot.build, line_id)
    prefix, metres = parse_chainage(chainage)
    whole = prefix is None and "+" not in chainage
    found = [metres] if whole else count.places(metres, prefix)
    places = [m for m in found if 0 <= m <= count.length_m]
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
        "sections": _sections(snapshot, line_id, layer) if layer else [],
        "settling": _settling(snapshot, line_id, layer) if layer else [],
    }
    return json_answer(request, found, snapshot.id)


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
