"""Vector tiles and their descriptions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from covermap.errors import NotKnownError
from covermap.formats.recipe import PER_LAYER_KINDS, load_recipe
from covermap.service.answers import FOR_EVER, REVALIDATE, answer, json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, builds_of
from covermap.service.snapshot import Builds, Snapshot, known

router = APIRouter(tags=["tiles"])

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
Kind = Annotated[str, Path(description="cells, segments, lines or weak_spots", examples=["cells"])]
OperatorPath = Annotated[str, Path(description="operator, or any / all", examples=["any"])]
TechnologyPath = Annotated[str, Path(description="technology, or any", examples=["any"])]
Z = Annotated[int, Path(description="zoom", examples=[12])]
X = Annotated[int, Path(description="column, from the west", examples=[3430])]
Y = Annotated[int, Path(description="row, from the north", examples=[1671])]
BuildId = Annotated[
    str | None,
    Query(
        alias="build",
        max_length=100,
        description="build that the tile is of; the answer then never changes. Without: the "
        "current one",
    ),
]


@router.get("/tiles/sites.json", summary="TileJSON of the sites", responses=answers("tilejson"))
def sites_json(request: Request, snapshot: Current) -> Response:
    """Describe the tiles of the base-station sites."""
    return json_answer(request, _tilejson(request, snapshot, "sites"), snapshot.id)


@router.get(
    "/tiles/sites/{z}/{x}/{y}.mvt",
    summary="A tile of the sites",
    response_class=Response,
    responses=answers("tile"),
)
def sites_tile(
    request: Request,
    builds: Annotated[Builds, Depends(builds_of)],
    z: Z,
    x: X,
    y: Y,
    build: BuildId = None,
) -> Response:
    """Give one tile; 204 where there is no site."""
    return _tile(request, builds.named(build), "sites", None, None, (z, x, y), build)


@router.get(
    "/tiles/{kind}/{operator}/{technology}.json",
    summary="TileJSON of a layer",
    responses=answers("tilejson"),
)
def layer_json(
    request: Request,
    snapshot: Current,
    kind: Kind,
    operator: OperatorPath,
    technology: TechnologyPath,
) -> Response:
    """Describe the tiles of one layer: address, zooms, bounds, properties."""
    payload = _tilejson(request, snapshot, kind, operator, technology)
    return json_answer(request, payload, snapshot.id)


@router.get(
    "/tiles/{kind}/{operator}/{technology}/{z}/{x}/{y}.mvt",
    summary="A tile of a layer",
    response_class=Response,
    responses=answers("tile"),
)
def layer_tile(
    request: Request,
    builds: Annotated[Builds, Depends(builds_of)],
    kind: Kind,
    operator: OperatorPath,
    technology: TechnologyPath,
    z: Z,
    x: X,
    y: Y,
    build: BuildId = None,
) -> Response:
    """Give one tile; 204 where there is nothing."""
    return _tile(request, builds.named(build), kind, operator, technology, (z, x, y), build)


def _check(snapshot: Snapshot, kind: str, operator: str | None, technology: str | None) -> None:
    if operator is not None and technology is not None:
        known(kind, PER_LAYER_KINDS, "kind of tiles")
        snapshot.check_layer(operator, technology)


def _tile(
    request: Request,
    snapshot: Snapshot,
    kind: str,
    operator: str | None,
    technology: str | None,
    address: tuple[int, int, int],
    asked: str | None,
) -> Response:
    _check(snapshot, kind, operator, technology)
    archive = snapshot.archive(kind, operator, technology)
    low, high = archive.zooms if archive else load_recipe(kind).zooms
    zoom, x, y = address
    if not low <= zoom <= high:
        raise NotKnownError(f"zoom {zoom} is not drawn: {kind} has zooms {low} to {high}.")
    if not (0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
        raise NotKnownError(f"no tile {x}/{y} at zoom {zoom}: columns and rows 0 to {2**zoom - 1}.")
    cache = FOR_EVER if asked else REVALIDATE
    data = archive.tile(*address) if archive else None
    if data is None:
        headers = {"Cache-Control": cache, "X-Covermap-Build": snapshot.id}
        return Response(status_code=204, headers=headers)
    return answer(request, data, MEDIA_TYPE, snapshot.id, cache, packed=True)


def _tilejson(
    request: Request,
    snapshot: Snapshot,
    kind: str,
    operator: str | None = None,
    technology: str | None = None,
) -> dict[str, Any]:
    _check(snapshot, kind, operator, technology)
    archive = snapshot.archive(kind, operator, technology)
    low, high = archive.zooms if archive else load_recipe(kind).zooms
    layer = f"/{operator}/{technology}" if operator is not None else ""
    path = request.url_for("build").replace(path=f"/tiles/{kind}{layer}")
    bounds = list(archive.bounds) if archive else [-180.0, -85.0, 180.0, 85.0]
    return {
        "tilejson": "3.0.0",
        "name": f"{kind}{layer}",
        "tiles": [f"{path}/{{z}}/{{x}}/{{y}}.mvt?build={snapshot.id}"],
        "minzoom": low,
        "maxzoom": high,
        "bounds": bounds,
        "attribution": snapshot.manifest.get("workspace", {}).get("attribution", ""),
        "description": "Simulated" if snapshot.simulated else "",
        "simulated": snapshot.simulated,
        "build": snapshot.id,
        "vector_layers": (archive.metadata if archive else {}).get("vector_layers")
        or [{"id": name, "fields": {}} for name in load_recipe(kind).layers],
    }
