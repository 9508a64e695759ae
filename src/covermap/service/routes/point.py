"""What is known here: of a position, and of a cell."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import h3
import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from covermap.core.cells import areas_m2, boundaries, cells_at
from covermap.core.datum import to_wgs84
from covermap.errors import NotKnownError, QueryError
from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, settings_of
from covermap.service.queries import cell_layers, lines_near
from covermap.service.settings import Settings
from covermap.service.snapshot import Snapshot

_INDEX = re.compile("[0-9a-fA-F]{15}")

router = APIRouter(tags=["what is known here"])


@router.get("/api/point", summary="What is known at a position", responses=answers("point"))
def point(
    request: Request,
    snapshot: Current,
    settings: Annotated[Settings, Depends(settings_of)],
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, examples=[121.4737])],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, examples=[31.2304])],
    datum: Annotated[
        Literal["wgs84", "gcj02", "bd09", "cgcs2000"],
        Query(description="datum that lon and lat are in"),
    ] = "wgs84",
) -> Response:
    """Give the verdict of each layer in the cell there, and of the nearest segment of each line.

    `lon` and `lat` of the answer are WGS-84. A layer without samples there is `unmeasured`: neither
    covered nor weak.
    """
    x, y = to_wgs84(np.array([lon]), np.array([lat]), datum)
    lon, lat = float(x[0]), float(y[0])
    cell = int(cells_at([lon], [lat], snapshot.resolution)[0])
    return json_answer(
        request,
        {
            "lon": round(lon, 8),
            "lat": round(lat, 8),
            "cell": f"{cell:x}",
            "simulated": snapshot.simulated,
            "rules": snapshot.rules,
            "layers": cell_layers(snapshot, cell),
            "lines": lines_near(snapshot, lon, lat, settings.near_m),
        },
        snapshot.id,
    )


@router.get("/api/cells/{cell}", summary="What is known of a cell", responses=answers("cell"))
def cell(
    request: Request,
    snapshot: Current,
    cell: Annotated[
        str, Path(max_length=20, description="H3 index, hexadecimal", examples=["8a309962cc9ffff"])
    ],
) -> Response:
    """Give the verdict of each layer in a cell of the build's resolution."""
    number = _parsed(cell, snapshot)
    return json_answer(request, {**_shape(number), **_about(snapshot, number)}, snapshot.id)


def _parsed(text: str, snapshot: Snapshot) -> int:
    if not _INDEX.fullmatch(text) or not h3.is_valid_cell(text):
        raise QueryError(f"cell {text!r} is not an H3 index of 15 hexadecimal digits.")
    if h3.get_resolution(text) != snapshot.resolution:
        raise NotKnownError(
            f"cell {text} has resolution {h3.get_resolution(text)}; the build's cells have "
            f"{snapshot.resolution}. Coarser ones are in the tiles."
        )
    return int(text, 16)


def _about(snapshot: Snapshot, number: int) -> dict[str, Any]:
    return {
        "simulated": snapshot.simulated,
        "rules": snapshot.rules,
        "layers": cell_layers(snapshot, number),
    }


def _shape(number: int) -> dict[str, Any]:
    ring = boundaries([number])
    corners = [[round(x, 7), round(y, 7)] for x, y in zip(ring.lon, ring.lat, strict=True)]
    return {
        "h3": f"{number:x}",
        "area_m2": float(areas_m2([number])[0]),
        "geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]},
    }
