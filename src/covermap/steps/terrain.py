"""Terrain rasters to table `terrain`, with what a prediction should not leave unsaid."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from covermap.files import file_key
from covermap.formats.problem import Problem
from covermap.formats.terrain import Survey, survey_terrain
from covermap.tables import PROBLEMS, REJECTED, TERRAIN, conform, empty, in_order
from covermap.workspace import Predict, Terrain

INPUT = "terrain"
DECLARED_IN = "covermap.toml"


@dataclass(frozen=True)
class TerrainRead:
    """What the rasters of heights give."""

    terrain: pa.Table
    problems: pa.Table
    rejected: pa.Table
    """Always empty: pixels are filled and counted, a file is refused as a whole."""


@dataclass
class _Told:
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, file: str, kind: str, count: int, action: str, example: str | None) -> None:
        if count:
            problem = Problem(kind, count, None, example, action)
            self.rows.append({"input": INPUT, "file": file, **vars(problem)})


def read_terrain(
    declared: Terrain | None,
    predict: Predict | None,
    files: list[Path],
    sites: pa.Table,
    root: Path,
) -> TerrainRead:
    """Survey every raster, and say which sites have no ground known, or cannot be in a layer.

    Parameters
    ----------
    files
        The rasters that `declared` names.
    predict
        None: nothing is predicted, and nothing said of sites.
    sites
        Table SITES.
    root
        Workspace that file names are shown relative to.

    Raises
    ------
    InputError, FormatError, DatumError
        A raster cannot be used.
    """
    told = _Told()
    found: list[Survey] = []
    for path in files:
        shown = Path(os.path.relpath(path, root)).as_posix()
        assert declared is not None
        found.append(survey_terrain(path, shown, declared.unit, declared.band, declared.datum))
        _tell(found[-1], told)
    if predict is not None:
        _tell_sites(found, sites, told)
    rows = [_row(one) for one in found]
    return TerrainRead(
        in_order(pa.Table.from_pylist(rows, schema=TERRAIN.schema), TERRAIN),
        in_order(conform(pa.Table.from_pylist(told.rows, PROBLEMS.schema), PROBLEMS), PROBLEMS),
        empty(REJECTED),
    )


def _row(one: Survey) -> dict[str, Any]:
    west, south, east, north = one.sheet.box
    return {
        "file": one.sheet.shown, "sha256": file_key(one.sheet.path), "crs": one.crs,
        "unit": one.sheet.unit, "rows": one.rows, "columns": one.columns,
        "pixel_m": one.sheet.pixel_m, "voids": one.voids, "impossible": one.impossible,
        "sea_floor": one.sea_floor, "lowest_m": one.lowest_m, "highest_m": one.highest_m,
        "west": west, "south": south, "east": east, "north": north,
    }  # fmt: skip


def _tell(one: Survey, told: _Told) -> None:
    file, pixels = one.sheet.shown, one.rows * one.columns
    share = f"{100 * one.voids / pixels:.2f} % of {pixels} pixels"
    told.add(file, "terrain_voids", one.voids, "filled from the nearest height", share)
    told.add(
        file, "impossible_heights", one.impossible, "taken as voids",
        "higher or lower than any ground on Earth",
    )  # fmt: skip
    told.add(file, "sea_floor", one.sea_floor, "taken as 0", None)
    if not one.unit_said:
        told.add(file, "height_unit_not_stated", 1, "taken as m", None)


def _tell_sites(found: list[Survey], sites: pa.Table, told: _Told) -> None:
    lon, lat = (sites[name].to_numpy() for name in ("lon", "lat"))
    known = np.zeros(len(lon), bool)
    for one in found:
        west, south, east, north = one.sheet.box
        known |= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    off = int((~known).sum())
    if found:
        share = f"of {len(lon)} cells of sites"
        told.add(found[0].sheet.shown, "sites_off_terrain", off, "paths are flat there", share)
    else:
        told.add(DECLARED_IN, "no_terrain", max(off, 1), "paths are flat", None)
    for column in ("operator", "technology"):
        left = sites[column].null_count
        told.add(DECLARED_IN, f"sites_without_{column}", left, "not predicted", None)
