"""Features of areas from vector files and tables, with field maps.

Polygons that are not valid are mended and counted; a feature that cannot be used is rejected with
its number and reason. Identities: the mapped id or code, else a hash of names (and, for villages,
the position), so that they stay the same from build to build.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.inputs.area_values import (
    LEVELS,
    mend_polygons,
    name_identity,
    place_text,
    single_points,
)
from covermap.core.places.naming import key_point_ids
from covermap.errors import ConfigError
from covermap.formats.placed import read_features
from covermap.formats.problem import Problem
from covermap.formats.vectors import VectorTable, read_vector, record_text
from covermap.tables import PROBLEMS, REJECTED, TABLES, conform, in_order
from covermap.workspace import Areas

FIELDS: dict[str, tuple[str, ...]] = {
    "places": (
        "id", "code", "name", "population", "scene", "grade", "key_point_id", "key_point", "floor",
    ),
    "villages": ("id", "code", "name", "population", "key_point", "kind"),
    "regions": ("id", "code", "name", "population", "level"),
}  # fmt: skip
"""What a field map may name; without one, an attribute of that very name is taken."""

_IDENTITY = {"places": "place_id", "villages": "village_id", "regions": "region_id"}


@dataclass(frozen=True)
class AreasResult:
    """What one entry gave: features used + rejected = features read."""

    table: pa.Table
    """Schema PLACES or REGIONS. Regions of one identity are joined into one row."""
    rejected: pa.Table
    problems: pa.Table


def read_areas(
    kind: str, files: list[Path], declaration: Areas, root: Path | None = None
) -> AreasResult:
    """Read every file of one `[[places]]` or `[[regions]]` entry.

    Parameters
    ----------
    kind : {'places', 'regions'}
        What the features are. Places are points or polygons, regions are polygons.
    files : list of Path
        Vector files, read in the order of their names.
    declaration : Areas
        Field map, layer, datum, level.
    root : Path, optional
        Workspace that file names are shown relative to.

    Raises
    ------
    ConfigError
        A field that is not known, or an attribute that is not in a file.
    DatumError, FormatError, InputError, ArchiveError
        As `read_vector`.
    """
    unknown = sorted(set(declaration.fields) - set(FIELDS[kind]))
    if unknown:
        raise ConfigError(
            f"{kind} {declaration.name}: fields: {unknown[0]!r} is not known. There are: "
            f"{', '.join(FIELDS[kind])}."
        )
    found = Found(kind, declaration)
    tables = [read_file(path, shown_as(path, root), found) for path in sorted(files)]
    table = TABLES[kind]
    rows = without_duplicates(pd.concat(tables, ignore_index=True), found)
    if kind == "regions":
        rows = _joined(rows, found)
    if kind == "places":
        named = (rows[c].tolist() for c in ("place_id", "key_point_id", "key_point", "floor"))
        rows = rows.assign(key_point_id=key_point_ids(*(nulls(v) for v in named)))
    columns = {c.name: pa.array(nulls(rows[c.name]), c.type) for c in table.columns}
    return AreasResult(
        in_order(conform(pa.table(columns), table), table), found.rejected(), found.problems()
    )


def nulls(values: Iterable[Any]) -> list[Any]:
    """Give a column's values, with None where there is none."""
    return [None if isinstance(v, float) and np.isnan(v) else v for v in values]


def shown_as(path: Path, root: Path | None) -> str:
    """Give a file's name as tables and messages show it."""
    return str(path) if root is None else Path(os.path.relpath(path, root)).as_posix()


@dataclass
class Found:
    """What is told beside the rows."""

    kind: str
    declaration: Areas
    out: list[dict[str, Any]] = field(default_factory=list)
    kinds: list[tuple[str, Problem]] = field(default_factory=list)
    features: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    """Features of each file that were kept so far."""

    def reject(self, file: str, data: gpd.GeoDataFrame, flags: Any, reason: str, why: Any) -> Any:
        """Put features out; give the flags of those that stay."""
        for row in np.flatnonzero(flags):
            number, raw = int(data.index[row]), record_text(data.iloc[row])
            detail = why if isinstance(why, str) else str(why[row])
            self.add(file, number, reason, detail, raw)
        return ~np.asarray(flags, bool)

    def add(self, file: str, line: int, reason: str, detail: str, raw: str) -> None:
        """Add one rejected feature."""
        name = self.declaration.name
        row = {"input": name, "file": file, "line": line, "reason": reason}
        self.out.append({**row, "detail": detail, "raw": raw})

    def count(self, file: str, kind: str, lines: Any, example: str | None, action: str) -> None:
        """Count features of a kind of problem."""
        if len(lines):
            self.kinds.append((file, Problem(kind, len(lines), int(lines[0]), example, action)))

    def rejected(self) -> pa.Table:
        """Give the rejected features as a table."""
        return in_order(pa.Table.from_pylist(self.out, schema=REJECTED.schema), REJECTED)

    def problems(self) -> pa.Table:
        """Give the problems as a table."""
        name = self.declaration.name
        rows = [{"input": name, "file": file, **vars(p)} for file, p in self.kinds]
        return in_order(pa.Table.from_pylist(rows, schema=PROBLEMS.schema), PROBLEMS)


def read_file(path: Path, shown: str, found: Found) -> pd.DataFrame:
    """Read one file into rows of texts with WKB; where each comes from stands beside it."""
    declaration = found.declaration
    read = _read(path, shown, found)
    for row in read.rejected.to_pylist():
        found.add(shown, row["line"], row["reason"], row["detail"], row["raw"])
    found.kinds += [(shown, p) for p in read.problems]
    data = _geometries(read.table, shown, found)
    frame = pd.DataFrame({name: _values(data, name, shown, found) for name in FIELDS[found.kind]})
    frame["population"] = _population(frame["population"], data, shown, found)
    if found.kind == "regions":
        frame["level"] = _levels(frame["level"], data, shown, found)
    frame = frame.astype(object).where(frame.notna(), None)
    geometry = data.geometry.to_numpy()
    frame[_IDENTITY[found.kind]] = [
        _identity(row, place, found.kind)
        for row, place in zip(frame.to_dict("records"), geometry, strict=True)
    ]
    frame["geometry"] = shapely.to_wkb(geometry)
    frame["input"], frame["simulated"] = declaration.name, declaration.simulated
    frame["_file"], frame["_line"] = shown, data.index.to_numpy()
    frame["_at"] = np.arange(len(data))
    found.features[shown] = data
    return _with_identity(frame, data, shown, found)


def _read(path: Path, shown: str, found: Found) -> VectorTable:
    """Read a file; villages may come in a table, and without positions."""
    declared = found.declaration
    if found.kind != "villages":
        return read_vector(path, declared.layer, declared.datum)
    where = f"villages {declared.name}"
    return read_features(
        path, shown, declared.fields, FIELDS["villages"], declared.layer, declared.datum, where
    )


def _geometries(data: gpd.GeoDataFrame, shown: str, found: Found) -> gpd.GeoDataFrame:
    """Keep features of the right kind, their polygons made valid."""
    geometry = single_points(data.geometry.to_numpy())
    allowed = {"regions": (3, 6), "villages": (-1, 0, 3, 6)}.get(found.kind, (0, 3, 6))
    wrong = ~np.isin(shapely.get_type_id(geometry), allowed)
    names = {
        row: f"a {geometry[row].geom_type}: {found.kind} are {_kinds(found.kind)}"
        for row in np.flatnonzero(wrong).tolist()
    }
    keep = found.reject(shown, data, wrong, "no_geometry", names)
    data, geometry = data[keep], geometry[keep]
    reasons = shapely.is_valid_reason(geometry)
    geometry, invalid = mend_polygons(geometry)
    flat = np.isin(shapely.get_type_id(geometry), (3, 6)) & ~(shapely.area(geometry) > 0)
    lines = data.index.to_numpy()[invalid & ~flat]
    example = str(reasons[invalid & ~flat][0]) if lines.size else None
    found.count(shown, "invalid_polygon", lines, example, "mended")
    keep = found.reject(shown, data, flat, "no_area", "the polygon encloses nothing")
    return data[keep].set_geometry(gpd.GeoSeries(geometry[keep], data.index[keep], crs=4326))


def _kinds(kind: str) -> str:
    return "polygons" if kind == "regions" else "points or polygons"


def _values(data: gpd.GeoDataFrame, name: str, shown: str, found: Found) -> list[Any]:
    """Attribute of a field as text (population as written); None where missing."""
    mapped = found.declaration.fields.get(name)
    if mapped is not None and mapped not in data.columns:
        attributes = ", ".join(str(c) for c in data.columns if c != "geometry")
        raise ConfigError(
            f"{found.kind} {found.declaration.name}: fields: {name} = {mapped!r} is not an "
            f"attribute of {shown} ({attributes})."
        )
    column = mapped or (name if name in data.columns else None)
    if column is None:
        return [None] * len(data)
    return [_text(v) for v in data[column].astype(object)]


def _text(value: Any) -> str | None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a code in a column with gaps is read as a float
    return str(value).strip() or None


def _population(
    written: pd.Series[Any], data: gpd.GeoDataFrame, shown: str, found: Found
) -> pd.Series[Any]:
    people = pd.to_numeric(written.astype(object), errors="coerce").astype(float)
    bad = (written.notna() & ~(people >= 0)).to_numpy() | np.isinf(people.to_numpy())
    lines = data.index.to_numpy()[bad]
    example = str(written[bad].iloc[0]) if lines.size else None
    found.count(shown, "bad_population", lines, example, "blanked")
    return people.where(~bad).astype(object).where(people.notna() & ~bad, None)


def _levels(written: pd.Series[Any], data: gpd.GeoDataFrame, shown: str, found: Found) -> list[str]:
    default = found.declaration.level
    levels = [LEVELS.get((w or default or "other").casefold()) for w in written]
    bad = np.array([level is None for level in levels], bool)
    lines = data.index.to_numpy()[bad]
    example = (written[bad].iloc[0] or default) if lines.size else None
    found.count(shown, "unknown_level", lines, example, "taken as other")
    return [level or "other" for level in levels]


def _identity(row: dict[Any, Any], geometry: Any, kind: str) -> str | None:
    if row["id"] or row["code"]:
        return str(row["id"] or row["code"])
    if kind == "regions":
        return name_identity(row["level"], row["name"]) if row["name"] else None
    if kind == "places" and row["name"]:
        return name_identity(row["scene"], row["name"])
    return name_identity(row["name"], "" if geometry is None else place_text(geometry))


def _with_identity(
    frame: pd.DataFrame, data: gpd.GeoDataFrame, shown: str, found: Found
) -> pd.DataFrame:
    missing = frame[_IDENTITY[found.kind]].isna().to_numpy()
    keep = found.reject(shown, data, missing, "no_identity", "a region needs a code or a name")
    kept: pd.DataFrame = frame[keep]
    return kept


def without_duplicates(rows: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Reject features equal in every field to an earlier one."""
    ours = [c for c in rows.columns if not c.startswith("_")]
    again = rows.duplicated(subset=ours).to_numpy()
    for row in rows[again].to_dict("records"):
        detail = "equal in every field to an earlier feature"
        raw = record_text(found.features[row["_file"]].iloc[row["_at"]])
        found.add(row["_file"], row["_line"], "duplicate", detail, raw)
    return rows[~again]


def _joined(rows: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Join the polygons of one region that come as several features."""
    several = rows.duplicated(subset=["region_id"], keep=False)
    parts = rows[several].sort_values(["region_id", "_file", "_line"])
    joined = parts.drop_duplicates("region_id").copy()
    shapes = parts.groupby("region_id", sort=True)["geometry"].agg(list)
    joined["geometry"] = [_union(shapes[name]) for name in joined["region_id"]]
    for file, group in parts.groupby("_file", sort=True):
        lines, example = group["_line"].to_numpy(), group["region_id"].iloc[0]
        found.count(str(file), "region_in_parts", lines, example, "joined")
    return pd.concat([rows[~several], joined], ignore_index=True)


def _union(shapes: list[bytes]) -> bytes:
    return bytes(shapely.to_wkb(shapely.union_all(shapely.from_wkb(shapes))))
