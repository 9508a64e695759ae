"""Ways, named lines and stations out of vector files, by a declared field map.

Each reader gives what can be used, the rejected features (number and reason), and problems: kinds
of features that were left aside, with counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats
from covermap.core.lines.asides import RAILWAYS
from covermap.core.lines.inventory import Objects, Ways
from covermap.core.lines.links import SideWays
from covermap.errors import ConfigError
from covermap.formats.problem import Problem
from covermap.formats.vectors import VectorTable, read_vector
from covermap.tables import LINE_CLASSES, LINK_KINDS
from covermap.workspace import Lines

Column = Any
"""A pandas column of one value a feature (its stubs know no column of text with gaps)."""
FIELDS = ("name", "ref", "class", "tunnel", "bridge", "service", "station")
NOT = {
    "tunnel": ("", "no", "false", "0", "none", "bridge", "ford"),
    "bridge": ("", "no", "false", "0", "none", "tunnel", "ford"),
}
"""Values of an attribute for tunnels (bridges) that say 'none here'."""
LINK = "_link"
NOT_COUNTED = "not counted"


@dataclass
class Notes:
    """What was found in one file besides what can be used."""

    rejected: list[pa.Table] = field(default_factory=list)
    """Tables of line, reason, detail, raw."""
    problems: list[Problem] = field(default_factory=list)

    def take(self, read: VectorTable) -> None:
        """Take over what the vector reader found."""
        self.rejected.append(read.rejected)
        self.problems.extend(read.problems)

    def count(self, kind: str, values: Column, action: str) -> None:
        """Count the features that have a value here; the first one is the example."""
        found = values[values.notna()]
        if len(found):
            first = int(str(found.index[0]))
            self.problems.append(Problem(kind, len(found), first, str(found.iloc[0]), action))

    def refuse(self, table: gpd.GeoDataFrame, detail: Objects) -> None:
        """Reject features that are not of a kind that can be used."""
        rows = {
            "line": pa.array([int(i) for i in table.index], pa.int64()),
            "reason": pa.array(["no_geometry"] * len(table), pa.string()),
            "detail": pa.array(detail, pa.string()),
            "raw": pa.array([_raw(row) for _, row in table.iterrows()], pa.string()),
        }
        self.rejected.append(pa.table(rows))


def read_ways(path: Path, shown: str, declaration: Lines) -> tuple[Ways, SideWays, Notes]:
    """Read the ways of one file as its `[[lines]]` entry declares them.

    Features with several lines become several ways. Counted apart: yard and side tracks (a
    `service` field is mapped and has a value) and slip roads (see :func:`_slip_roads`). Left aside
    and counted: classes that are not declared.

    Returns
    -------
    Ways that make lines, ways that make none, and what was found.

    Raises
    ------
    ConfigError
        A mapped attribute is not in the file.
    """
    notes = Notes()
    read = read_vector(path, declaration.layer, declaration.datum)
    notes.take(read)
    table = _lines_only(read.table, notes)
    where = f"{shown} (lines {declaration.name})"
    for ours, theirs in declaration.fields.items():
        if ours != "station":
            _check_column(table, theirs, f"{where}: {ours}")
    service = _text_series(table, declaration.fields.get("service"))
    notes.count("service_track", service, NOT_COUNTED)
    slip = _slip_roads(table, declaration).where(service.isna())
    notes.count("slip_road", slip, NOT_COUNTED)
    side = service.notna() | slip.notna()
    ways, _ = _ways_of(table[~side], _classes(table[~side], declaration, notes), declaration)
    track = _classes(table[side], declaration, Notes())
    side_class = slip[side].fillna(track.where(track.isin(RAILWAYS) & service[side].notna()))
    more, row = _ways_of(table[side], side_class, declaration)
    kind = service.where(service.isin(list(LINK_KINDS)), "other").where(
        service.notna(), "slip_road"
    )
    return ways, SideWays(more, kind[side].to_numpy(object)[row]), notes


def _ways_of(
    table: gpd.GeoDataFrame, line_class: Column, declaration: Lines
) -> tuple[Ways, NDArray[np.int64]]:
    """Take features that have a class apart into ways; also give the feature of each, by place."""
    known = np.flatnonzero(line_class.notna())
    table, fields = table.iloc[known], declaration.fields
    geometry, part = shapely.get_parts(table.geometry.to_numpy(object), return_index=True)
    row = known[part]
    made = Ways(
        geometry.astype(object),
        line_class.to_numpy(object)[row],
        text_of(table, fields.get("ref"))[part],
        text_of(table, fields.get("name"))[part],
        _structure(table, fields.get("tunnel"), "tunnel")[part],
        _structure(table, fields.get("bridge"), "bridge")[part],
    )
    return made, row


def _lines_only(table: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    kind = table.geometry.geom_type
    good = kind.isin(["LineString", "MultiLineString"])
    detail = np.array([f"a {k} is not a line" for k in kind[~good]], object)
    notes.refuse(table[~good], detail)
    return table[good]


def _raw(row: Column) -> str:
    fields = {str(k): str(v) for k, v in row.items() if k != "geometry"}
    fields["geometry"] = shapely.to_wkt(row["geometry"])[:200]
    return json.dumps(fields, ensure_ascii=False)


def _check_column(table: pd.DataFrame, column: str, where: str) -> None:
    if column not in table.columns:
        known = ", ".join(str(c) for c in table.columns if c != "geometry")
        known = known or "none, for the file has no features"
        raise ConfigError(f"{where}: no attribute {column!r}. There are: {known}.")


def _classes(table: gpd.GeoDataFrame, declaration: Lines, notes: Notes) -> Column:
    """Our class of each way; None where it is not declared."""
    if "class" not in declaration.fields:
        return pd.Series([declaration.line_class] * len(table), index=table.index, dtype=object)
    written = _text_series(table, declaration.fields["class"])
    mapping = _mapping(declaration)
    ours = written.map(mapping).astype(object)
    if declaration.line_class:
        ours = ours.where(written.notna(), declaration.line_class)
    notes.count("class_not_declared", written.where(ours.isna()), "left aside")
    notes.count("class_missing", _flags(ours.isna() & written.isna()), "left aside")
    return ours


def _mapping(declaration: Lines) -> dict[str, str]:
    """Our class of each class as written."""
    return {**declaration.classes} or {c: c for c in LINE_CLASSES}


def _slip_roads(table: gpd.GeoDataFrame, declaration: Lines) -> Column:
    """Our class of each slip road; None for all else.

    It is written as the class of a road and `_link`, as in OpenStreetMap, and not declared itself.
    """
    if "class" not in declaration.fields:
        return pd.Series([None] * len(table), index=table.index, dtype=object)
    mapping = _mapping(declaration)
    links = {f"{written}{LINK}": ours for written, ours in mapping.items() if ours not in RAILWAYS}
    known = {written: ours for written, ours in links.items() if written not in mapping}
    return _text_series(table, declaration.fields["class"]).map(known).astype(object)


def _flags(which: Column) -> Column:
    made = pd.Series([None] * len(which), index=which.index, dtype=object)
    made[which] = ""
    return made


def _text_series(table: pd.DataFrame, column: str | None) -> Column:
    return pd.Series(text_of(table, column), index=table.index, dtype=object)


def text_of(table: pd.DataFrame, column: str | None) -> Objects:
    """Attribute as text; None where missing or blank. Whole numbers are written without a point.

    Examples
    --------
    >>> text_of(pd.DataFrame({"ref": ["A 1", "  ", None]}), "ref").tolist()
    ['A 1', None, None]
    """
    made = np.full(len(table), None, object)
    if column is None:
        return made
    known = table[column].notna().to_numpy()
    text = [_as_text(value) for value in table[column].to_numpy(object)[known]]
    made[known] = np.array(text, object)
    made[made == ""] = None
    return made


def _as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _structure(table: pd.DataFrame, column: str | None, kind: str) -> Floats:
    """1 in a tunnel (on a bridge), 0 not; NaN where the input has no such attribute."""
    if column is None:
        return np.full(len(table), np.nan)
    text = text_of(table, column)
    return np.array([t is not None and t.lower() not in NOT[kind] for t in text], float)


def read_labels(path: Path, shown: str, datum: str | None) -> tuple[gpd.GeoDataFrame, Notes]:
    """Read named lines: columns ref, name (None where not given) and geometry (LineStrings)."""
    notes = Notes()
    read = read_vector(path, datum=datum)
    notes.take(read)
    table = _lines_only(read.table, notes)
    if not {"ref", "name"} & set(table.columns):
        raise ConfigError(f"{shown}: names_from needs an attribute 'ref' or 'name'.")
    columns = {c: text_of(table, c if c in table.columns else None) for c in ("ref", "name")}
    made = gpd.GeoDataFrame(columns, geometry=table.geometry.to_numpy(object), crs=4326)
    made = made[made["ref"].notna() | made["name"].notna()]
    return made.explode(ignore_index=True), notes


def read_stations(
    path: Path, shown: str, column: str, datum: str | None
) -> tuple[Floats, Objects, Notes]:
    """Read stations: positions (n, 2) and names; those without a name are counted, left aside."""
    notes = Notes()
    read = read_vector(path, datum=datum)
    notes.take(read)
    _check_column(read.table, column, f"{shown}: station")
    name = text_of(read.table, column)
    known = pd.Series(name, index=read.table.index, dtype=object).notna()
    notes.count("station_without_name", _flags(~known), "left aside")
    centre = shapely.centroid(read.table.geometry.to_numpy(object))
    return shapely.get_coordinates(centre)[known.to_numpy()], name[known.to_numpy()], notes
