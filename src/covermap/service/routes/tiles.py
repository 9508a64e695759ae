"""Vector tiles and their descriptions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from covermap.formats.recipe import PER_LAYER_KINDS, load_recipe
from covermap.service.answers import as_response, json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, tiles_of
from covermap.service.snapshot import Snapshot
from covermap.service.tiling import Layer, Tile, Tiles, archive_of, zooms_of

router = APIRouter(tags=["tiles"])

Kind = Annotated[str, Path(description=", ".join(PER_LAYER_KINDS), examples=["cells"])]
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
    return json_answer(request, _tilejson(request, snapshot, Layer("sites")), snapshot.id)


@router.get(
    "/tiles/sites/{z}/{x}/{y}.mvt",
    summary="A tile of the sites",
    response_class=Response,
    responses=answers("tile"),
)
def sites_tile(
    request: Request,
    tiles: Annotated[Tiles, Depends(tiles_of)],
    z: Z,
    x: X,
    y: Y,
    build: BuildId = None,
) -> Response:
    """Give one tile; 204 where there is no site."""
    return _tile(request, tiles.tile(Layer("sites"), (z, x, y), build))


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
    payload = _tilejson(request, snapshot, Layer(kind, operator, technology))
    return json_answer(request, payload, snapshot.id)


@router.get(
    "/tiles/{kind}/{operator}/{technology}/{z}/{x}/{y}.mvt",
    summary="A tile of a layer",
    response_class=Response,
    responses=answers("tile"),
)
def layer_tile(
    request: Request,
    tiles: Annotated[Tiles, Depends(tiles_of)],
    kind: Kind,
    operator: OperatorPath,
    technology: TechnologyPath,
    z: Z,
    x: X,
    y: Y,
    build: BuildId = None,
) -> Response:
    """Give one tile; 204 where there is nothing."""
    return _tile(request, tiles.tile(Layer(kind, operator, technology), (z, x, y), build))


def _tile(request: Request, tile: Tile) -> Response:
    asked = request.headers
    return as_response(tile.answer(asked.get("if-none-match"), asked.get("accept-encoding")))


def _tilejson(request: Request, snapshot: Snapshot, layer: Layer) -> dict[str, Any]:
    archive = archive_of(snapshot, layer)
    low, high = zooms_of(layer, archive)
    of = f"/{layer.operator}/{layer.technology}" if layer.operator is not None else ""
    path = request.url_for("build").replace(path=f"/tiles/{layer.kind}{of}")
    bounds = list(archive.bounds) if archive else [-180.0, -85.0, 180.0, 85.0]
    return {
        "tilejson": "3.0.0",
        "name": f"{layer.kind}{of}",
        "tiles": [f"{path}/{{z}}/{{x}}/{{y}}.mvt?build={snapshot.id}"],
        "minzoom": low,
        "maxzoom": high,
        "bounds": bounds,
        "attribution": snapshot.manifest.get("workspace", {}).get("attribution", ""),
        "description": "Simulated" if snapshot.simulated else "",
        "simulated": snapshot.simulated,
        "build": snapshot.id,
        "vector_layers": (archive.metadata if archive else {}).get("vector_layers")
        or [{"id": name, "fields": {}} for name in load_recipe(layer.kind).layers],
    }
