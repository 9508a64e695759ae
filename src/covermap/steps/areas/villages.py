"""Villages and their key points, from every `[[villages]]` entry together.

What is told of villages takes all of them: a code that is used twice, a village under an old and a
new code, polygons that overlap, key points outside their village. Nothing is lost: a row becomes a
village, a part of one, or a key point; or it is rejected with its line and reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import lengths_m
from covermap.core.inputs.area_values import name_identity
from covermap.errors import ConfigError
from covermap.formats.placed import read_features
from covermap.formats.problem import Problem
from covermap.formats.vectors import record_text
from covermap.steps.areas.features import (
    FIELDS,
    Found,
    nulls,
    read_file,
    shown_as,
    without_duplicates,
)
from covermap.tables import (
    PROBLEMS,
    REJECTED,
    VILLAGE_POINTS,
    VILLAGES,
    Table,
    conform,
    empty,
    in_order,
)
from covermap.workspace import Villages

Frame = Any
Column = Any
"""Of pandas, whose stubs know no column of texts with gaps."""
POSITIONS = ("lon", "lat")
KINDS = {
    "committee": ("committee", "village committee", "村委会", "村民委员会", "居委会", "村部",
                  "党群服务中心"),
    "square": ("square", "广场", "文化广场", "村活动广场", "活动广场"),
    "school": ("school", "学校", "小学", "村小", "中学", "幼儿园"),
    "clinic": ("clinic", "卫生室", "卫生所", "村卫生室", "诊所", "卫生院"),
}  # fmt: skip
"""Kinds of key points as written -> ours; others stay as they are."""
_OURS = {word: kind for kind, words in KINDS.items() for word in words}
FAR_M = 5_000.0
"""A key point farther than this from its village's point is told as outside it."""
TOWNSHIP_DIGITS = 9
OVERLAP = 0.01
"""Polygons overlap when they share more than this of the smaller one: borders drawn twice do not
fit to the metre."""
_SEVERAL = re.compile(r"[;,/、，；]")


@dataclass(frozen=True)
class VillagesRead:
    """What all entries gave."""

    villages: pa.Table
    """Schema VILLAGES; identities are distinct."""
    points: pa.Table
    """Schema VILLAGE_POINTS."""
    rejected: pa.Table
    problems: pa.Table


def read_villages(
    entries: Sequence[tuple[Villages, list[Path], Path | None]], root: Path | None = None
) -> VillagesRead:
    """Read all `[[villages]]` entries, each with its files and its file of positions.

    A row with a key point's name or kind is a key point of the village of its code; any other is a
    village.

    Raises
    ------
    ConfigError
        A field that is not known, or an attribute that is not in a file.
    DatumError, FormatError, InputError, ArchiveError
        As `read_features`.
    """
    founds = [_Told(entry) for entry, _, _ in entries]
    parts = [
        _read_entry(found, files, positions, root)
        for found, (_, files, positions) in zip(founds, entries, strict=True)
    ]
    if not parts:
        return VillagesRead(*(empty(t) for t in (VILLAGES, VILLAGE_POINTS, REJECTED, PROBLEMS)))
    rows = pd.concat(parts, ignore_index=True)
    told = dict(zip((entry.name for entry, _, _ in entries), founds, strict=True))
    is_point = (rows["key_point"].notna() | rows["kind"].notna()).to_numpy()
    villages = _one_row_each(rows[~is_point], told)
    points = _key_points(rows[is_point], told)
    villages = _with_those_of_points(villages, points, told)
    _tell_of_places(villages, told)
    points["outside"] = _outside(villages, points, told)
    return VillagesRead(
        _table(villages, VILLAGES), _table(points, VILLAGE_POINTS),
        _joined([f.rejected() for f in founds], REJECTED),
        _joined([f.problems() for f in founds], PROBLEMS),
    )  # fmt: skip


class _Told(Found):
    """What is told of one entry."""

    def __init__(self, declaration: Villages) -> None:
        super().__init__("villages", declaration)


def _joined(tables: list[pa.Table], table: Table) -> pa.Table:
    return in_order(pa.concat_tables([empty(table), *tables]), table)


def _table(rows: Frame, table: Table) -> pa.Table:
    columns = {c.name: pa.array(nulls(rows[c.name]), c.type) for c in table.columns}
    return in_order(conform(pa.table(columns), table), table)


def _tell(told: dict[str, _Told], rows: Frame, kind: str, column: str, action: str) -> None:
    """Count rows of a kind of problem, file by file, with the first as example."""
    for (name, file), group in rows.groupby(["input", "_file"], sort=True):
        first = group.sort_values("_line").iloc[0]
        told[str(name)].kinds.append(
            (str(file), Problem(kind, len(group), int(first["_line"]), first[column], action))
        )


def _read_entry(
    found: _Told, files: list[Path], positions: Path | None, root: Path | None
) -> Frame:
    declared = found.declaration
    known = (*FIELDS["villages"], *POSITIONS)
    unknown = sorted(set(declared.fields) - set(known))
    if unknown:
        raise ConfigError(
            f"villages {declared.name}: fields: {unknown[0]!r} is not known. There are: "
            f"{', '.join(known)}."
        )
    tables = [read_file(path, shown_as(path, root), found) for path in sorted(files)]
    rows: Frame = without_duplicates(pd.concat(tables, ignore_index=True), found).copy()
    several = rows["code"].map(lambda c: bool(c and _SEVERAL.search(c))).to_numpy(bool)
    _tell({declared.name: found}, rows[several], "several_codes", "code", "first taken")
    for row in rows.index[several]:
        first = _SEVERAL.split(rows.at[row, "code"])[0].strip()
        if rows.at[row, "village_id"] == rows.at[row, "code"]:
            rows.at[row, "village_id"] = first
        rows.at[row, "code"] = first
    if positions is not None:
        rows["geometry"] = _positioned(rows, found, positions, root)
    return rows


def _positioned(rows: Frame, found: _Told, path: Path, root: Path | None) -> NDArray[np.object_]:
    """Give rows without a position the one of their code in a file of positions."""
    declared = found.declaration
    assert isinstance(declared, Villages)
    shown, fields = shown_as(path, root), declared.position_fields
    where = f"villages {declared.name}"
    read = read_features(path, shown, fields, ("code",), None, declared.datum, where)
    column = fields.get("code", "code")
    if column not in read.table.columns:
        raise ConfigError(
            f"{where}: position_fields: code = {column!r} is not a column of {shown}."
        )
    for row in read.rejected.to_pylist():
        found.add(shown, row["line"], row["reason"], row["detail"], row["raw"])
    found.kinds += [(shown, p) for p in read.problems]
    codes = read.table[column].map(lambda c: None if c is None else str(c).strip())
    given = pd.DataFrame(
        {"code": codes, "at": shapely.to_wkb(read.table.geometry.to_numpy())}
    ).dropna()
    again = given["code"].duplicated()
    lines = given.index.to_numpy()
    found.count(shown, "position_given_again", lines[again], _first(given["code"][again]),
                "first taken")  # fmt: skip
    strange = ~given["code"].isin(set(rows["code"]))
    found.count(shown, "position_of_no_village", lines[strange], _first(given["code"][strange]),
                "kept aside")  # fmt: skip
    at = given[~again].set_index("code")["at"]
    joined = rows["code"].map(at)
    made = rows["geometry"].where(rows["geometry"].notna(), joined)
    return np.asarray(made.where(made.notna(), None), object)


def _first(values: Column) -> str | None:
    return str(values.iloc[0]) if len(values) else None


def _one_row_each(rows: Frame, told: dict[str, _Told]) -> Frame:
    """Give each village one row: parts joined, other villages under its code named apart."""
    rows = rows.sort_values(["village_id", "name", "_file", "_line"], na_position="last")
    rows = rows.reset_index(drop=True)
    first = rows.groupby("village_id")["name"].transform("first")
    name = rows["name"].where(rows["name"].notna(), first)
    key = [rows["village_id"], name.fillna("")]
    parts = pd.concat(key, axis=1).duplicated(keep=False).to_numpy()
    rows = _parts_joined(rows.assign(_name=key[1]), parts, told)
    again = rows["village_id"].duplicated().to_numpy()
    _tell(told, rows[again], "code_used_again", "village_id", "kept as villages of their own")
    for row in np.flatnonzero(again):
        rows.at[row, "village_id"] += "~" + name_identity(rows.at[row, "name"])
    lacking = rows["geometry"].isna()
    _tell(told, rows[lacking], "no_coordinates", "village_id", "kept, unmeasured")
    return rows


def _parts_joined(rows: Frame, parts: NDArray[np.bool_], told: dict[str, _Told]) -> Any:
    """Join rows of one code and name: polygons together, else the first that has a position."""
    if not parts.any():
        return rows
    first = ~rows.duplicated(["village_id", "_name"])
    _tell(told, rows[parts & ~first], "village_given_again", "village_id", "joined")
    groups = rows[parts].groupby(["village_id", "_name"], sort=True)
    made = groups.first().reset_index()  # of each column the first value that is known
    made["geometry"] = [_together(list(g.dropna())) for _, g in groups["geometry"]]
    return pd.concat([rows[~parts], made], ignore_index=True).sort_values(
        ["village_id", "_name"]
    ).reset_index(drop=True)  # fmt: skip


def _together(shapes: list[bytes]) -> bytes | None:
    if not shapes:
        return None
    found = shapely.from_wkb(shapes)
    flat = np.isin(shapely.get_type_id(found), (3, 6))
    return bytes(shapely.to_wkb(shapely.union_all(found[flat]))) if flat.any() else shapes[0]


def _key_points(rows: Frame, told: dict[str, _Told]) -> Frame:
    """Name key points, give each a point, and put out those without a place or a village."""
    rows = rows.reset_index(drop=True)
    rows["kind"] = rows["kind"].map(lambda k: None if k is None else _OURS.get(k.casefold(), k))
    rows["key_point"] = rows["key_point"].where(rows["key_point"].notna(), rows["kind"])
    placeless = rows["geometry"].isna().to_numpy()
    nameless = rows["code"].isna().to_numpy() & rows["id"].isna().to_numpy()
    for flags, reason, detail in (
        (placeless, "no_position", "a key point needs a position"),
        (nameless & ~placeless, "no_identity", "a key point needs the code of its village"),
    ):
        for _, row in rows[flags].iterrows():
            found = told[row["input"]]
            raw = record_text(found.features[row["_file"]].iloc[row["_at"]])
            found.add(row["_file"], row["_line"], reason, detail, raw)
    rows = rows[~placeless & ~nameless].sort_values(["village_id", "key_point", "_file", "_line"])
    rows = rows.reset_index(drop=True)
    shapes = shapely.from_wkb(rows["geometry"].to_numpy(object))
    rows["geometry"] = shapely.to_wkb(shapely.point_on_surface(shapes))
    count = rows.groupby(["village_id", "key_point"]).cumcount()
    rows.loc[count > 0, "key_point"] += " " + (count[count > 0] + 1).astype(str)
    return rows


def _with_those_of_points(villages: Frame, points: Frame, told: dict[str, _Told]) -> Frame:
    """Add villages that only key points tell of."""
    strange = points[~points["village_id"].isin(set(villages["village_id"]))]
    if strange.empty:
        return villages
    new = strange.drop_duplicates("village_id").assign(geometry=None, population=None, name=None)
    _tell(told, new, "village_of_key_points_alone", "village_id", "kept without coordinates")
    return pd.concat([villages, new], ignore_index=True).sort_values("village_id")


def _tell_of_places(villages: Frame, told: dict[str, _Told]) -> None:
    """Tell of villages under two codes, and of polygons that overlap; all are kept."""
    township = villages["code"].str.slice(0, TOWNSHIP_DIGITS)
    named = villages[villages["name"].notna() & township.notna()]
    again = pd.concat([township[named.index], named["name"]], axis=1).duplicated()
    _tell(told, named[again.to_numpy()], "same_name_other_code", "code",
          "kept: renumbered, or two villages of one name")  # fmt: skip
    shapes = shapely.from_wkb(villages["geometry"].to_numpy(object))
    located = villages[villages["geometry"].notna()]
    same = located["geometry"].duplicated().to_numpy()
    _tell(told, located[same], "same_place_other_code", "village_id", "kept: merged, perhaps")
    flat = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)))
    tree = shapely.STRtree(shapes[flat])
    one, other = tree.query(shapes[flat], predicate="intersects")
    one, other = one[one < other], other[one < other]
    common = shapely.area(shapely.intersection(shapes[flat[one]], shapes[flat[other]]))
    smaller = np.minimum(shapely.area(shapes[flat[one]]), shapely.area(shapes[flat[other]]))
    over = np.unique(flat[other[common > OVERLAP * smaller]])
    _tell(told, villages.iloc[over], "polygons_overlap", "village_id",
          "kept: what both hold counts for both")  # fmt: skip


def _outside(villages: Frame, points: Frame, told: dict[str, _Told]) -> NDArray[np.bool_]:
    """Flag key points outside their village's polygon, or far from its point."""
    of = villages.drop_duplicates("village_id").set_index("village_id")["geometry"]
    shapes = shapely.from_wkb(points["village_id"].map(of).to_numpy(object))
    at = shapely.from_wkb(points["geometry"].to_numpy(object))
    kind = shapely.get_type_id(shapes)
    out = np.isin(kind, (3, 6)) & ~shapely.intersects(shapes, at)
    spot = np.flatnonzero(kind == 0)
    away = lengths_m(
        shapely.get_x(shapes[spot]), shapely.get_y(shapes[spot]), shapely.get_x(at[spot]),
        shapely.get_y(at[spot]),
    )  # fmt: skip
    out[spot] = away > FAR_M
    _tell(told, points[out], "key_point_outside_village", "key_point", "kept")
    return np.asarray(out, bool)
