"""Population rasters and regions to counting cells: the totals that verdicts are held against."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import areas_m2, centres, descendants
from covermap.errors import DatumError, InputError
from covermap.files import file_key
from covermap.formats.problem import Problem
from covermap.formats.rasters import Raster, open_raster
from covermap.formats.source import Source
from covermap.formats.survey import Survey, survey
from covermap.steps.people.sharing import reach, share_out
from covermap.steps.people.totals import factors_for, read_totals
from covermap.steps.people.zones import Zones, place, zones_of
from covermap.tables import (
    COUNTING_CELLS,
    LEVELS,
    POPULATION,
    PROBLEMS,
    REJECTED,
    conform,
    empty,
    in_order,
)
from covermap.workspace import Population

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUNTING_RESOLUTION = 7
"""Cells of 5 km2 that totals of regions are summed over; a build of coarser cells uses its own."""
SHARDS_AT_A_TIME = 32
INPUT = "population"
"""Name of the input in the table of problems."""
SATURATED_SHARE = 0.005
"""As many of the pixels with people at one largest value: the raster stops counting there."""
PLACED_TO = 1e-6
"""What may be missing of a raster's total before it is told."""


@dataclass(frozen=True)
class PeopleRead:
    """What the rasters and regions of a workspace give."""

    population: pa.Table
    counting: pa.Table
    problems: pa.Table
    rejected: pa.Table
    """Always empty: pixels are blanked and counted, a file is refused as a whole."""


def read_people(
    declared: Population | None,
    files: list[Path],
    regions: pa.Table,
    root: Path,
    grid: int,
    totals: Path | None = None,
) -> PeopleRead:
    """Read every raster, and count its people in cells that know their region.

    Parameters
    ----------
    declared
        None: no people, only the areas of regions.
    files
        The rasters that it names.
    regions
        Table REGIONS.
    root
        Workspace that file names are shown relative to.
    grid
        Resolution of the build's cells.
    totals
        Table of the people of regions that the raster is scaled to.

    Raises
    ------
    InputError, FormatError, DatumError
        A raster cannot be used (`open_raster`), holds no people at all, or lies off every region.
    """
    resolution = min(COUNTING_RESOLUTION, grid)
    zones = zones_of(regions)
    placed = place(zones, resolution)
    told = _Told()
    if placed.overlaps:
        told.add("regions", "regions_overlap", placed.overlaps, "first by identity")
    found = _Counted(np.zeros(0, np.int64), np.zeros(0), [])
    if declared is not None:
        found = _count(declared, files, root, resolution, told)
        _check_meets(found, placed.cell, zones, files)
    cell = np.union1d(found.cell, placed.cell)
    codes = np.full((len(cell), len(LEVELS)), -1, np.int32)
    codes[np.searchsorted(cell, placed.cell)] = placed.zone
    names = pa.array(zones.region_id, pa.string())
    columns: dict[str, Any] = {"cell": cell, "area_m2": areas_m2(cell)}
    for number, level in enumerate(LEVELS):
        columns[level] = names.take(pa.array(codes[:, number], mask=codes[:, number] < 0))
    if declared is not None:
        people = np.zeros(len(cell))
        people[np.searchsorted(cell, found.cell)] = found.people
        if totals is not None:
            columns["factor"] = _factors(totals, root, regions, columns, people)
            people = people * columns["factor"]
            _scale_rasters(found.rasters, float(people.sum()))
        columns["people"] = people
    return PeopleRead(
        in_order(pa.Table.from_pylist(found.rasters, schema=POPULATION.schema), POPULATION),
        conform(pa.table(columns), COUNTING_CELLS),
        told.table(),
        empty(REJECTED),
    )


def _factors(
    totals: Path, root: Path, regions: pa.Table, columns: dict[str, Any], people: Floats
) -> Floats:
    shown = Path(os.path.relpath(totals, root)).as_posix()
    wanted = read_totals(Source(totals, None, shown), regions)
    own = pa.compute.equal(regions.column("region_id"), next(iter(wanted)))
    level = regions.filter(own).column("level")[0].as_py()
    return factors_for(wanted, columns[level], people, shown)


def _scale_rasters(rasters: list[dict[str, Any]], people: float) -> None:
    """Say how many people the rasters stand for: each keeps its share of them."""
    before = sum(row["people"] for row in rasters)
    for row in rasters:
        row["people"] *= people / before


@dataclass
class _Told:
    """Problems of the files, as rows."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, file: str, kind: str, count: int, action: str, example: str | None = None
    ) -> None:
        problem = Problem(kind, count, None, example, action)
        self.rows.append({"input": INPUT, "file": file, **vars(problem)})

    def table(self) -> pa.Table:
        return in_order(pa.Table.from_pylist(self.rows, schema=PROBLEMS.schema), PROBLEMS)


@dataclass(frozen=True)
class _Counted:
    cell: Ints
    people: Floats
    rasters: list[dict[str, Any]]


def _count(
    declared: Population, files: list[Path], root: Path, resolution: int, told: _Told
) -> _Counted:
    cells, sums, rasters = [], [], []
    for path in files:
        shown = Path(os.path.relpath(path, root)).as_posix()
        with open_raster(path, shown, declared.band, declared.datum) as raster:
            seen = survey(raster, declared.kind)
            if seen.total <= 0:
                raise InputError(
                    f"{shown}: no pixel of {seen.pixels} has any people ({seen.nodata} nodata, "
                    f"{seen.negative} negative)."
                )
            tell(raster, seen, declared, told)
            cell, people, torn = _cells_of(raster, seen, declared, resolution)
            _tell_missing(shown, seen.total, float(people.sum()), torn, told)
            rasters.append({"sha256": file_key(path), **_row(raster, seen, declared)})
        cells.append(cell)
        sums.append(people)
    whole = sum(row["raster_total"] for row in rasters)
    factor = 1.0 if declared.total is None else declared.total / whole
    for row in rasters:
        row |= {"factor": factor, "people": row["raster_total"] * factor}
    cell, number = np.unique(np.concatenate(cells), return_inverse=True)
    people = np.bincount(number, np.concatenate(sums) * factor, len(cell)).astype(np.float64)
    return _Counted(cell, people, rasters)


def _cells_of(
    raster: Raster, seen: Survey, declared: Population, resolution: int
) -> tuple[Ints, Floats, int]:
    """Give counting cells with people of one raster, ascending; and how many its map tears."""
    near, torn = reach(raster, seen.where), 0
    cells, sums = [np.zeros(0, np.int64)], [np.zeros(0)]
    for first in range(0, len(near), SHARDS_AT_A_TIME):
        below = descendants(near[first : first + SHARDS_AT_A_TIME], resolution)
        shared = share_out(raster, declared.kind, below, near)
        held = shared.people > 0
        cells.append(below[held])
        sums.append(shared.people[held])
        torn += shared.torn
    return np.concatenate(cells), np.concatenate(sums), torn


def _row(raster: Raster, seen: Survey, declared: Population) -> dict[str, Any]:
    return {
        "file": raster.shown,
        "kind": declared.kind,
        "year": declared.year,
        "crs": raster.crs_name,
        "rows": raster.rows,
        "columns": raster.columns,
        "pixels_held": seen.held,
        "pixels_nodata": seen.nodata,
        "raster_total": seen.total,
        "attribution": declared.attribution,
        "simulated": declared.simulated,
    }


def tell(raster: Raster, seen: Survey, declared: Population, told: _Told) -> None:
    """Note what is odd about a raster that can be used all the same."""
    for kind, count, action, example in oddities(raster, seen, declared.kind):
        told.add(raster.shown, kind, count, action, example)


def oddities(raster: Raster, seen: Survey, kind: str) -> Iterator[tuple[str, int, str, str | None]]:
    """Kinds of problem, how many pixels (or 1: the file), what is done, an example."""
    if seen.negative:
        yield "negative_people", seen.negative, "taken as nodata", str(seen.worst)
    if seen.not_finite:
        yield "not_finite_people", seen.not_finite, "taken as nodata", "NaN"
    if raster.south_up:
        yield "south_up", 1, "read as stated", "the pixel height is positive: rows run north"
    if raster.rotated:
        yield "rotated_raster", 1, "read as stated", None
    if np.dtype(raster.dtype).kind in "iu" and kind != "weight" and seen.at_largest > 1:
        share = seen.at_largest / seen.held
        if share > SATURATED_SHARE:
            yield "saturated_people", seen.at_largest, "kept", f"{seen.largest:g}"


def _tell_missing(shown: str, whole: float, placed: float, torn: int, told: _Told) -> None:
    missing = 1.0 - placed / whole
    if abs(missing) > PLACED_TO:
        told.add(
            shown, "people_not_placed", torn, "left out", f"{100 * missing:.6f} % of the total"
        )


def _check_meets(found: _Counted, in_regions: Ints, zones: Zones, files: list[Path]) -> None:
    if len(in_regions) == 0 or np.isin(found.cell, in_regions).any():
        return
    here, there = (_extent(cells) for cells in (found.cell, in_regions))
    raise DatumError(
        f"{files[0].name}: nobody lives in any of the {len(zones.region_id)} regions: the people "
        f"lie at {here}, the regions at {there}. Is the geotransform, or the sign of its pixel "
        "height, right?"
    )


def _extent(cells: Ints) -> str:
    lon, lat = centres(cells)
    return f"{lon.min():.2f} to {lon.max():.2f} E, {lat.min():.2f} to {lat.max():.2f} N"
