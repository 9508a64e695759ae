"""Parameters that several endpoints share, checked at the door."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import shapely
from fastapi import Depends, Path, Query, Request

from covermap.errors import QueryError
from covermap.service.settings import Settings
from covermap.service.snapshot import Builds, Snapshot
from covermap.service.tiling import Tiles

MAX_OFFSET = 10_000_000


def builds_of(request: Request) -> Builds:
    """Give the application's builds."""
    builds: Builds = request.app.state.builds
    return builds


def tiles_of(request: Request) -> Tiles:
    """Give the application's tiles."""
    tiles: Tiles = request.app.state.tiles
    return tiles


def settings_of(request: Request) -> Settings:
    """Give the application's settings."""
    settings: Settings = request.app.state.settings
    return settings


def current(builds: Annotated[Builds, Depends(builds_of)]) -> Snapshot:
    """Give the build that is current as the request comes in; the whole request sees this one."""
    return builds.current()


Current = Annotated[Snapshot, Depends(current)]
Operator = Annotated[
    str | None, Query(max_length=100, description="operator, or any / all", examples=["46000"])
]
Technology = Annotated[
    str | None, Query(max_length=20, description="technology, or any", examples=["nr"])
]
Box = Annotated[
    str | None,
    Query(
        max_length=200,
        description="west,south,east,north in degrees WGS-84; west > east crosses the antimeridian",
        examples=["121.0,30.8,122.0,31.5"],
    ),
]

Answer = Annotated[
    Literal["pass", "fail", "undetermined"] | None,
    Query(description="answer under the pack's line rule"),
]
Region = Annotated[
    str | None, Query(max_length=60, description="identity of a region", examples=["320500"])
]
Scope = Annotated[Literal["all", "region", "outside"] | None, Query()]
Level = Annotated[Literal["province", "city", "county", "township", "other"] | None, Query()]
LineId = Annotated[str, Path(max_length=200, examples=["motorway-g2-1"])]
Place = Annotated[
    str | None, Query(max_length=40, description="K12+300, or metres", examples=["K12+300"])
]


def only_listed(request: Request) -> None:
    """Refuse a query parameter that the endpoint does not have: a mistyped filter filters nothing.

    Raises
    ------
    QueryError
        It names the parameter and those that there are.
    """
    said = request.app.openapi()["paths"].get(request.scope["route"].path_format, {}).get("get", {})
    listed = [p["name"] for p in said.get("parameters", ()) if p["in"] == "query"]
    for name in request.query_params:
        if name not in listed:
            raise QueryError(
                f"{name[:40]!r} is not a parameter here. There are: {', '.join(listed) or 'none'}."
            )


@dataclass(frozen=True)
class Page:
    """Part of a list."""

    limit: int
    offset: int


def page(
    settings: Annotated[Settings, Depends(settings_of)],
    limit: Annotated[int, Query(ge=1, description="most items to give", examples=[100])] = 100,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="items to skip")] = 0,
) -> Page:
    """Check a page.

    Raises
    ------
    QueryError
        The page is larger than the service gives.
    """
    if limit > settings.max_limit:
        raise QueryError(f"limit = {limit}: at most {settings.max_limit}; page with offset.")
    return Page(limit, offset)


def parse_box(text: str | None) -> list[shapely.Polygon] | None:
    """Read `west,south,east,north`; one rectangle, or two at the antimeridian.

    Raises
    ------
    QueryError
        Not four finite numbers in range, or south is north of north.

    Examples
    --------
    >>> [b.bounds for b in parse_box("170,-10,-170,10")]
    [(170.0, -10.0, 180.0, 10.0), (-180.0, -10.0, -170.0, 10.0)]
    """
    if text is None:
        return None
    said = f"bbox = {text[:60]!r}"
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise QueryError(f"{said}: give four numbers: west,south,east,north.") from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise QueryError(f"{said}: a bound is not a finite number.")
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise QueryError(f"{said}: longitudes -180 to 180, latitudes -90 to 90, south <= north.")
    if west <= east:
        return [shapely.box(west, south, east, north)]
    return [shapely.box(west, south, 180.0, north), shapely.box(-180.0, south, east, north)]
