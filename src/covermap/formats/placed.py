"""Tables of named things (CSV, spreadsheet), with or without positions, as features."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.datum import parse_datum, to_wgs84
from covermap.errors import DatumError
from covermap.formats.problem import Problem
from covermap.formats.sites.grid import read_grid
from covermap.formats.source import expand
from covermap.formats.vectors import REJECTED_SCHEMA, SUFFIXES, VectorTable, read_vector

LON = ("lon", "longitude", "lng", "经度")
LAT = ("lat", "latitude", "纬度")


def is_vector(path: Path) -> bool:
    """Whether a file is one of those that geometries are read from, by its name."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith((*SUFFIXES, ".zip"))


def read_features(
    path: Path,
    shown: str,
    fields: Mapping[str, str],
    names: Collection[str],
    layer: str | None,
    datum: str | None,
    where: str,
) -> VectorTable:
    """Read a vector file, or a table, with a feature a row; without a position it has no geometry.

    Parameters
    ----------
    shown
        Name of the file in messages.
    fields
        Our field -> column; `lon` and `lat` name the columns of positions of a table.
    names
        Our fields: a table's header is told by a column that is mapped, or named as one of them.
    layer, datum
        As declared.
    where
        Entry of covermap.toml that declares it.

    Raises
    ------
    FormatError, InputError, ArchiveError
        As `read_vector` and `read_grid`.
    DatumError
        Positions without a declared datum.
    """
    if is_vector(path):
        return read_vector(path, layer, datum, without_geometry=True)
    heads = {*fields.values()} or {*names}
    needs = f"needs a header with a column of {', '.join(sorted(heads))}"
    grid = read_grid(expand(path, shown)[0], lambda row: bool(heads & {*row}), None, needs)
    frame = pd.DataFrame(grid.rows, columns=grid.names, dtype=object)
    frame = frame.loc[:, ~frame.columns.duplicated()].replace("", None)
    frame.index = pd.Index(grid.lines, name="feature")
    x, y = (_numbers(frame, fields.get(ours), other) for ours, other in (("lon", LON),
                                                                         ("lat", LAT)))  # fmt: skip
    problems = list(grid.problems)
    geometry = _points(x, y, datum, shown, where, problems, frame.index.to_numpy())
    bad = [
        {"line": line, "reason": "malformed_row", "detail": detail, "raw": raw}
        for line, detail, raw in grid.bad
    ]
    rejected = pa.Table.from_pylist(bad, schema=REJECTED_SCHEMA)
    table = gpd.GeoDataFrame(frame, geometry=geometry, crs=4326)
    return VectorTable(table, rejected, problems, datum or "none")


def _numbers(
    frame: pd.DataFrame, mapped: str | None, others: tuple[str, ...]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    lower = {str(name).strip().lower(): name for name in reversed(list(frame.columns))}
    column = mapped or next((lower[name] for name in others if name in lower), None)
    if column is None or column not in frame.columns:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[column], errors="coerce"), np.float64)


def _points(
    x: np.ndarray[tuple[int], np.dtype[np.float64]],
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
    datum: str | None,
    shown: str,
    where: str,
    problems: list[Problem],
    lines: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Make points of positions; None where there is none, or one that is not on Earth."""
    out = np.full(len(x), None, object)
    given = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    if not given.any():
        return out
    if datum is None:
        raise DatumError(f"{shown}: positions without a datum; write datum = in {where}.")
    lon, lat = to_wgs84(x, y, parse_datum(datum))
    with np.errstate(invalid="ignore"):
        good = given & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    wrong = np.flatnonzero(given & ~good)
    if len(wrong):
        example = f"{x[wrong[0]]:.10g}, {y[wrong[0]]:.10g}"
        problems.append(
            Problem("position_out_of_range", len(wrong), int(lines[wrong[0]]), example, "blanked")
        )
    out[good] = shapely.points(lon[good], lat[good])
    return out
