"""Coverage rasters: what is predicted of a layer's cells, as Cloud Optimized GeoTIFFs.

A pixel has the figure of the cell that its centre lies in; nothing is interpolated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.windows import Window

from covermap import __version__
from covermap.core.cells import areas_m2, cells_at, centres, resolutions
from covermap.errors import DatumError, ExportError, NotKnownError
from covermap.formats.cog import BLOCK, NODATA, Grid, grid_of, write_cog
from covermap.steps.export import target_of, whole_file
from covermap.store import Build

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

METRES_PER_DEGREE = 111_195.0
MOST_PIXELS = 4_000_000_000


@dataclass(frozen=True)
class Quantity:
    """One figure that has a raster of its own."""

    name: str
    table: str
    column: str
    unit: str
    description: str


QUANTITIES = (
    Quantity("model-rsrp", "cell_model", "rsrp_dbm", "dBm",
             "level by the formulae of path loss alone, predicted, not measured"),
    Quantity("model-sinr", "cell_model", "sinr_db", "dB",
             "SINR by the formulae of path loss alone, predicted, not measured"),
    Quantity("rsrp", "cell_prediction", "rsrp_dbm", "dBm",
             "level predicted from model and measurements"),
    Quantity("rsrp-sd", "cell_prediction", "sd_db", "dB",
             "standard deviation of the predicted level"),
    Quantity("p-covered", "cell_prediction", "probability", "1",
             "predicted probability that the place meets the standard, 0-1"),
)  # fmt: skip


@dataclass(frozen=True)
class RasterRequest:
    """Which rasters, and where to."""

    folder: Path
    operator: str | None = None
    technology: str | None = None
    datum: str = "wgs84"
    pixel: float | None = None
    """In units of the CRS; None: about half the width of a cell."""


Tell = Callable[[int, int], None]


def export_rasters(
    build: Build, request: RasterRequest, tell: Tell = lambda _done, _all: None
) -> list[Path]:
    """Write `<operator>.<technology>.<quantity>.tif` for every layer and figure that there is.

    Raises
    ------
    NotKnownError
        Nothing is predicted in this build, or not for that operator or technology.
    ExportError
        The folder is not there, or the raster would be too large.
    DatumError
        The datum has no CRS that a raster can be in.
    """
    epsg = target_of(request.datum).epsg
    if epsg is None:
        raise DatumError(
            f"{request.datum}: is no CRS, and a raster needs one. Export in wgs84, cgcs2000 or "
            "EPSG:n."
        )
    if not request.folder.is_dir():
        raise ExportError(f"{request.folder}: is no folder; rasters are several files. Make it.")
    tasks = _tasks(build, request)
    made = []
    for done, (quantity, layer) in enumerate(tasks):
        tell(done, len(tasks))
        made.append(_write(build, request, CRS.from_epsg(epsg), quantity, layer))
    tell(len(tasks), len(tasks))
    return made


def _tasks(build: Build, request: RasterRequest) -> list[tuple[Quantity, tuple[str, str]]]:
    found = []
    for quantity in QUANTITIES:
        for layer in build.layers(quantity.table):
            wanted = zip((request.operator, request.technology), layer, strict=True)
            if all(want is None or want == have for want, have in wanted):
                found.append((quantity, layer))
    if not found:
        there = sorted({"/".join(x) for q in QUANTITIES for x in build.layers(q.table)})
        raise NotKnownError(
            f"no such layer is predicted. There are: {', '.join(there)}."
            if there
            else "nothing is predicted in this build: declare [predict] in covermap.toml."
        )
    return found


def _write(
    build: Build, request: RasterRequest, crs: CRS, quantity: Quantity, layer: tuple[str, str]
) -> Path:
    cells, values = _figures(build, quantity, layer)
    resolution = int(resolutions(cells[:1])[0])
    lon, lat = centres(cells)
    width_m = float(np.sqrt(np.median(areas_m2(cells[:: max(1, len(cells) // 1000)]))))
    unit_m = METRES_PER_DEGREE if crs.is_geographic else 1.0
    pixel = request.pixel or float(f"{width_m / unit_m / 2:.1g}")
    grid = grid_of(lon, lat, crs, pixel, 2 * width_m / unit_m)
    if grid.columns * grid.rows > MOST_PIXELS:
        raise ExportError(
            f"{grid.columns} x {grid.rows} pixels of {pixel:g}: too large a raster. Ask for "
            "larger pixels (--pixel)."
        )
    tags = _tags(build, quantity, layer, resolution)
    name = ".".join([*(re.sub(r"[^\w-]", "_", part) for part in layer), quantity.name, "tif"])
    path = request.folder / name
    with whole_file(path, ".tif") as partial:
        pieces = _burnt(grid, resolution, cells, values, lon, lat)
        write_cog(partial, grid, pieces, quantity.description, quantity.unit, tags)
    return path


def _figures(build: Build, quantity: Quantity, layer: tuple[str, str]) -> tuple[Ints, Floats]:
    query = (
        f"SELECT cell, {quantity.column} AS value FROM {quantity.table} "
        f"WHERE operator = ? AND technology = ? ORDER BY cell"
    )
    with build.connect(quantity.table) as tables:
        found = tables.sql(query, params=list(layer)).to_arrow_table()
    return found["cell"].to_numpy(), found["value"].to_numpy().astype(np.float64)


def _burnt(
    grid: Grid, resolution: int, cells: Ints, values: Floats, lon: Floats, lat: Floats
) -> Iterator[tuple[Window, NDArray[np.float32]]]:
    """Figures of each tile that has any cell in it or beside it."""
    column, row = grid.places(lon, lat)
    wide = -(-grid.columns // BLOCK) + 2
    tile = (row // BLOCK + 1).astype(np.int64) * wide + (column // BLOCK + 1).astype(np.int64)
    near = np.unique(np.unique(tile)[:, None] + np.array([-wide, 0, wide])[:, None, None]
                     + np.array([-1, 0, 1]))  # fmt: skip
    told = set(near.ravel().tolist())
    for window in grid.windows():
        number = (window.row_off // BLOCK + 1) * wide + window.col_off // BLOCK + 1
        if number not in told:
            continue
        inside = cells_at(*grid.centres(window), resolution)
        at = np.minimum(np.searchsorted(cells, inside), len(cells) - 1)
        found = np.where((cells[at] == inside) & np.isfinite(values[at]), values[at], NODATA)
        yield window, found.reshape(window.height, window.width).astype(np.float32)


def _tags(
    build: Build, quantity: Quantity, layer: tuple[str, str], resolution: int
) -> dict[str, Any]:
    manifest = build.manifest
    return {
        "TIFFTAG_IMAGEDESCRIPTION": f"{'/'.join(layer)}: {quantity.description}",
        "TIFFTAG_SOFTWARE": f"covermap {__version__}",
        "predicted": "yes",
        "measured": "no",
        "unit": quantity.unit,
        "operator": layer[0],
        "technology": layer[1],
        "cells": f"H3 resolution {resolution}: a pixel has the figure of the cell of its centre",
        "overviews": "means of the figures as they are told (dB, not power)",
        "simulated": "yes" if build.simulated else "no",
        "build": build.id,
        "attribution": str(manifest.get("workspace", {}).get("attribution", "")),
    }
