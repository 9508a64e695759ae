"""Files of edges for matching: GIS files, Parquet, and delimited text with WKT LINESTRINGs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.errors import FormatError, InputError
from covermap.formats.columns import find_column, read_delimited

Objects = NDArray[np.object_]
Flags = NDArray[np.bool_]

TEXT = (".csv", ".txt", ".tsv", ".dat")
NAMES = {
    "id": ("edgeid", "id", "osmid", "wayid", "linkid", "roadid", "fid", "gid", "lineid"),
    "oneway": ("oneway", "onewayflag", "twoway", "bidirectional", "direction", "dir"),
    "from_node": ("fromnodeid", "fromnode", "source", "u", "startnode", "from", "fnode", "nodea"),
    "to_node": ("tonodeid", "tonode", "target", "v", "endnode", "to", "tnode", "nodeb"),
    "speed": ("speedms",),
    "geometry": ("linestring", "wkt", "geometry", "geom", "thegeom", "shape", "wkb"),
}
TWO_WAY = ("twoway", "bidirectional")
BOTH, FORWARD, BACKWARD = 0, 1, -1
VALUES = {
    "yes": FORWARD, "y": FORWARD, "1": FORWARD, "1.0": FORWARD, "true": FORWARD, "t": FORWARD,
    "ft": FORWARD, "forward": FORWARD, "-1": BACKWARD, "-1.0": BACKWARD, "reverse": BACKWARD,
    "backward": BACKWARD, "tf": BACKWARD, "no": BOTH, "n": BOTH, "0": BOTH, "0.0": BOTH,
    "false": BOTH, "f": BOTH, "both": BOTH, "b": BOTH, "": BOTH, "nan": BOTH, "none": BOTH,
    "reversible": BOTH, "alternating": BOTH, "2": BACKWARD,
}  # fmt: skip
FROM_TO = {"f": FORWARD, "t": BACKWARD, "b": BOTH}


@dataclass(frozen=True)
class EdgeFile:
    """Edges as a file gives them; arrays of one length."""

    identity: NDArray[np.str_]
    geometry: Objects
    forward: Flags
    backward: Flags
    nodes: tuple[Ints, Ints] | None
    speed_m_s: Floats | None


def read_edges(path: Path, named: dict[str, str | None]) -> EdgeFile:
    """Read a file of edges.

    Parameters
    ----------
    path
        The file. Without a CRS of its own, coordinates are longitude and latitude (WGS-84).
    named
        Columns that the user named: `id`, `oneway`, `from_node`, `to_node`, `speed`.

    Raises
    ------
    InputError, FormatError
        The file cannot be read, or a column is missing or holds what it should not.
    """
    frame, geometry = _read(path)
    found = {k: find_column(path, frame, NAMES[k], named.get(k)) for k in NAMES if k != "geometry"}
    parts, row = shapely.get_parts(shapely.line_merge(geometry), return_index=True)
    good = (shapely.get_type_id(parts) == 1) & (shapely.get_num_points(parts) > 1)
    if not good.any():
        raise FormatError(f"{path}: no LineString in it; edges must be lines.")
    parts, row = parts[good], row[good]
    frame = frame.iloc[row].reset_index(drop=True)
    _check_degrees(path, parts)
    column = found["id"]
    numbers = np.arange(len(frame)).astype(str)
    identity = frame[column].astype(str).to_numpy(str) if column else numbers
    way = _ways(path, frame, found["oneway"])
    whole = np.bincount(row)[row] == 1
    return EdgeFile(
        identity, parts, way != BACKWARD, way != FORWARD,
        _nodes(frame, found) if whole.all() else None, _speeds(frame, found["speed"]),
    )  # fmt: skip


def _read(path: Path) -> tuple[pd.DataFrame, Objects]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file.")
    if path.suffix.lower() in TEXT:
        frame = read_delimited(path)
        return frame, _from_text(path, frame)
    try:
        if path.suffix.lower() == ".parquet":
            frame = pd.read_parquet(path)
            column = find_column(path, frame, NAMES["geometry"], None)
            if column is None:
                raise FormatError(f"{path}: no geometry column; name it geometry, geom or wkt.")
            values = frame[column].to_numpy(object)
            made: Any = shapely.from_wkt if isinstance(values[0], str) else shapely.from_wkb
            return frame, made(values)
        read = gpd.read_file(path)
    except FormatError:
        raise
    except Exception as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: cannot be read as a file of edges: {text}") from error
    if read.crs is not None and read.crs.to_epsg() != 4326:
        read = read.to_crs(4326)
    return pd.DataFrame(read.drop(columns="geometry")), read.geometry.to_numpy(object)


def _from_text(path: Path, frame: pd.DataFrame) -> Objects:
    column = find_column(path, frame, NAMES["geometry"], None)
    if column is None:
        first = frame.iloc[0].astype(str).str.upper() if len(frame) else pd.Series(dtype=str)
        like = [c for c in frame.columns if first.get(c, "").startswith("LINESTRING")]
        column = like[0] if like else None
    if column is None:
        raise FormatError(f"{path}: no column with WKT LINESTRINGs; name it wkt or geometry.")
    made: Objects = shapely.from_wkt(frame[column].to_numpy(object), on_invalid="ignore")
    broken = np.flatnonzero(shapely.is_missing(made))
    if len(broken):
        value = str(frame[column].iloc[broken[0]])[:40]
        raise FormatError(f"{path}: line {broken[0] + 2}: {value!r} is not a WKT LINESTRING.")
    return made


def _check_degrees(path: Path, geometry: Objects) -> None:
    x0, y0, x1, y1 = shapely.total_bounds(geometry)
    if not (x0 >= -180 and x1 <= 180 and y0 >= -90 and y1 <= 90):
        raise FormatError(
            f"{path}: coordinates from {x0:g} {y0:g} to {x1:g} {y1:g} are not longitude and "
            "latitude; give the file a CRS or convert it to WGS-84."
        )


def _ways(path: Path, frame: pd.DataFrame, column: str | None) -> Ints:
    """Direction of travel of each edge: 0 both, 1 as drawn, -1 against it."""
    if column is None:
        return np.zeros(len(frame), np.int64)
    text = frame[column].astype(str).str.strip().str.lower()
    kinds = set(text.unique())
    table = FROM_TO if "b" in kinds and kinds <= set(FROM_TO) else VALUES
    strange = sorted(kinds - set(table))
    if strange:
        raise FormatError(
            f"{path}: column {column!r}: {strange[0]!r} is not a one-way flag "
            "(yes, no, 1, 0, -1, true, false, F, T, B)."
        )
    way: Ints = np.asarray(text.map(table), np.int64)
    name = "".join(c for c in column.lower() if c.isalpha())
    return np.where(way == FORWARD, BOTH, FORWARD).astype(np.int64) if name in TWO_WAY else way


def _nodes(frame: pd.DataFrame, found: dict[str, str | None]) -> tuple[Ints, Ints] | None:
    start, end = found["from_node"], found["to_node"]
    if start is None or end is None:
        return None
    both = pd.concat([frame[start], frame[end]]).astype(str)
    number = pd.factorize(both)[0].astype(np.int64)
    return number[: len(frame)], number[len(frame) :]


def _speeds(frame: pd.DataFrame, column: str | None) -> Floats | None:
    if column is None:
        return None
    return pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64)
