"""Files of official kilometre posts: CSV or spreadsheet rows, or points of a vector file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.datum import parse_datum, to_wgs84
from covermap.core.geodesy import Floats
from covermap.core.lines.figures import parse_post
from covermap.core.lines.inventory import Objects
from covermap.errors import ConfigError, CovermapError, DatumError
from covermap.formats.sites.grid import read_grid
from covermap.formats.source import Source, expand
from covermap.formats.vectors import SUFFIXES, read_vector
from covermap.formats.ways import Notes, text_of
from covermap.workspace import Lines

COLUMNS = {
    "official": ("official", "post", "km_post", "桩号", "里程", "里程桩号", "公里标"),
    "lon": ("lon", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "line": ("line", "line_id", "line_ref", "ref", "线路", "线路名称", "路线编号"),
    "chainage_m": ("chainage_m",),
}
"""Our column -> names it is found by when `post_columns` does not name it."""
SNIFFED = 100
"""Rows that are looked at to tell what a file is."""
_NUMBER = re.compile(r"^\s*[\d.]*\s*$")


@dataclass
class PostRows:
    """Posts of one file as written, arrays of one length."""

    number: Floats
    """1-based line or feature."""
    official: Objects
    line: Objects
    """Line it is declared to stand on; None: not said."""
    chainage: Objects
    """Metres along the line, as written; None: not said."""
    lon: Floats
    lat: Floats
    """Position, WGS-84 degrees; NaN where there is none."""
    notes: Notes = field(default_factory=Notes)


def read_posts(path: Path, shown: str, declaration: Lines) -> PostRows:
    """Read a file of posts.

    Raises
    ------
    ConfigError
        A column that `post_columns` names is not one of ours, or not in the file.
    DatumError
        Positions in a table without a declared datum.
    FormatError, InputError
        A file that cannot be read, or without a column of figures.
    """
    unknown = sorted(set(declaration.post_columns) - set(COLUMNS))
    if unknown:
        raise ConfigError(
            f"lines {declaration.name}: post_columns: no column {unknown[0]!r}. "
            f"There are: {', '.join(COLUMNS)}."
        )
    suffixes = (*SUFFIXES, *(f"{s}.gz" for s in SUFFIXES))
    if path.name.lower().endswith(suffixes):
        return _from_vector(path, shown, declaration)
    return _from_table(path, shown, declaration)


def sniff_posts(source: Source) -> float:
    """Tell how likely a table or GeoJSON file is one of kilometre posts, 0 to 1.

    Most figures of its column must be written as chainage is, with letters or a plus sign: bare
    numbers under such a name may be anything.
    """
    heads = set(COLUMNS["official"])
    try:
        if source.name.lower().endswith((".geojson", ".json")):
            rows = [f["properties"] for f in json.loads(source.read_text().text)["features"]]
            names = list(rows[0])
            cells = [[r.get(n) for n in names] for r in rows]
        else:
            grid = read_grid(source, lambda n: bool(heads & {x.lower() for x in n}), None, "")
            names, cells = list(grid.names), list(grid.rows)
        at = next(i for i, name in enumerate(names) if name.strip().lower() in heads)
    except (CovermapError, ValueError, KeyError, TypeError, IndexError, StopIteration):
        return 0.0
    told = [str(row[at]) for row in cells[:SNIFFED] if row[at] not in (None, "")]
    good = [t for t in told if parse_post(t) is not None and not _NUMBER.match(t)]
    return 0.8 if told and len(good) >= len(told) / 2 else 0.0


def _chosen(names: list[str], declaration: Lines, where: str) -> dict[str, str]:
    """Find our columns among a file's; those declared must be there."""
    lower = {n.strip().lower(): n for n in reversed(names)}
    made = {}
    for ours, others in COLUMNS.items():
        told = declaration.post_columns.get(ours)
        if told is not None and told not in names:
            raise ConfigError(
                f"{where}: post_columns: no column {told!r}. There are: {', '.join(names)}."
            )
        found = told or next((lower[o] for o in others if o in lower), None)
        if found is not None:
            made[ours] = found
    if "official" not in made:
        raise ConfigError(
            f"{where}: no column of official figures. Write post_columns = {{ official = "
            f'"column" }}. There are: {", ".join(names)}.'
        )
    return made


def _from_vector(path: Path, shown: str, declaration: Lines) -> PostRows:
    notes = Notes()
    read = read_vector(path, datum=declaration.datum)
    notes.take(read)
    names = [str(c) for c in read.table.columns if c != "geometry"]
    columns = _chosen(names, declaration, shown)
    centre = shapely.get_coordinates(shapely.centroid(read.table.geometry.to_numpy(object)))
    text = {c: text_of(read.table, columns.get(c)) for c in ("official", "line", "chainage_m")}
    return PostRows(
        read.table.index.to_numpy(float), text["official"], text["line"], text["chainage_m"],
        centre[:, 0], centre[:, 1], notes,
    )  # fmt: skip


def _from_table(path: Path, shown: str, declaration: Lines) -> PostRows:
    notes = Notes()
    told = declaration.post_columns.get("official")
    heads = {told} if told else set(COLUMNS["official"])

    def is_header(names: list[str]) -> bool:
        return bool(heads & {n if told else n.lower() for n in names})

    needs = f"a header with a column of official figures ({', '.join(sorted(heads))})"
    grid = read_grid(expand(path, shown)[0], is_header, None, f"needs {needs}")
    notes.problems.extend(grid.problems)
    if grid.bad:
        bad = pd.DataFrame(grid.malformed(shown)).drop(columns="file")
        notes.rejected.append(pa.Table.from_pandas(bad, preserve_index=False))
    columns = _chosen(grid.names, declaration, shown)
    frame = pd.DataFrame(grid.rows, columns=range(len(grid.names)), dtype=object)
    text = {
        ours: text_of(frame, grid.names.index(columns[ours]) if ours in columns else None)  # type: ignore[arg-type]
        for ours in COLUMNS
    }
    x, y = (
        pd.to_numeric(pd.Series(text[c]), errors="coerce").to_numpy(float) for c in ("lon", "lat")
    )
    lon, lat = x, y
    if np.isfinite(x).any():
        if declaration.datum is None:
            raise DatumError(
                f"{shown}: positions without a datum; write datum = in lines {declaration.name}."
            )
        lon, lat = to_wgs84(x, y, parse_datum(declaration.datum))
    return PostRows(
        np.array(grid.lines, float), text["official"], text["line"], text["chainage_m"],
        lon, lat, notes,
    )  # fmt: skip
