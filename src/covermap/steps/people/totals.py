"""People of regions as counted elsewhere: the raster then only tells where in them people live."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.errors import FormatError, InputError
from covermap.formats.source import Source

Floats = NDArray[np.float64]

REGION, PEOPLE = "region", "people"
"""Columns of the table: a region's identity or name, and its people."""
MOST_NAMED = 5


def read_totals(source: Source, regions: pa.Table) -> dict[str, float]:
    """Read a table (CSV, comma or semicolon) of the people of regions, by identity.

    Parameters
    ----------
    source
        The table: columns `region` (identity, or a name that only one region has) and `people`.
    regions
        Table REGIONS; those of the table must be of one level.

    Raises
    ------
    FormatError
        Not such a table, a number that is none, or a region that is not known, or is there twice.
    """
    text = source.read_text().text
    mark = ";" if ";" in text.split("\n", 1)[0] else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=mark)
    absent = {REGION, PEOPLE} - set(reader.fieldnames or ())
    if absent:
        raise FormatError(
            f"{source.shown}: no column {' and '.join(sorted(absent))}; a table of totals has the "
            f"columns {REGION} and {PEOPLE}."
        )
    known = _identities(regions)
    found: dict[str, float] = {}
    for row in reader:
        where = f"{source.shown}: line {reader.line_num}"
        identity = known.get((row[REGION] or "").strip())
        if identity is None:
            raise FormatError(f"{where}: no region, or several, are {row[REGION]!r}.")
        if identity in found:
            raise FormatError(f"{where}: region {row[REGION]!r} is there twice.")
        found[identity] = _people(row[PEOPLE], where)
    if not found:
        raise FormatError(f"{source.shown}: no region has people.")
    _check_one_level(found, regions, source.shown)
    return found


def _identities(regions: pa.Table) -> dict[str, str]:
    """Give the identity for each identity, and for each name that one region alone has."""
    ids, names = (regions.column(c).to_pylist() for c in ("region_id", "name"))
    known = {name: i for i, name in zip(ids, names, strict=True) if names.count(name) == 1}
    return known | {i: i for i in ids}


def _people(text: str | None, where: str) -> float:
    try:
        number = float((text or "").strip())
    except ValueError:
        number = math.nan
    if not (number >= 0 and math.isfinite(number)):
        raise FormatError(f"{where}: people = {text!r} is no number from 0.")
    return number


def _check_one_level(found: dict[str, float], regions: pa.Table, shown: str) -> None:
    levels = dict(
        zip(*(regions.column(c).to_pylist() for c in ("region_id", "level")), strict=True)
    )
    several = sorted({levels[identity] for identity in found})
    if len(several) > 1:
        raise FormatError(
            f"{shown}: regions of several levels ({', '.join(several)}); totals are of one level."
        )


def factors_for(totals: dict[str, float], region: pa.Array, people: Floats, shown: str) -> Floats:
    """Give what the people of each cell are multiplied by, so that each region has its total.

    Cells of no such region keep their proportion to all those that are in one.

    Parameters
    ----------
    totals
        People by region.
    region, people
        Of each counting cell: the region of that level, or null; what the raster gives.

    Raises
    ------
    InputError
        A region has people, and the raster has none in it.
    """
    names = sorted(totals)
    wanted = np.array([totals[name] for name in names])
    code = pa.compute.fill_null(pa.compute.index_in(region, pa.array(names)), len(names))
    at = code.to_numpy().astype(np.int64)
    held = np.bincount(at, people, len(names) + 1)
    empty = [name for name, w, h in zip(names, wanted, held[:-1], strict=True) if w > 0 >= h]
    if empty:
        raise InputError(
            f"{shown}: the raster has nobody in {len(empty)} regions that have people: "
            f"{', '.join(empty[:MOST_NAMED])}. Is it the raster of this country?"
        )
    inside = held[:-1].sum()
    common = wanted.sum() / inside if inside > 0 else 1.0
    factor = np.append(wanted / np.where(held[:-1] > 0, held[:-1], 1.0), common)
    made: Floats = factor[at]
    return made
