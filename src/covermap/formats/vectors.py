"""Vector files to geometries in WGS-84: GeoJSON, GeoPackage, Shapefile, FlatGeobuf, GeoParquet.

A file alone, or inside ``.gz`` or ``.zip``. The datum is the declared one, else the file's own
CRS; a file with neither is refused. A file whose every row says `datum` = gcj02 or bd09 (as this
product's exports do) is taken at its word. Nothing is dropped silently: a feature is accepted,
accepted after mending (counted in ``problems``), or rejected with its number and a reason.

What is mended: heights and measures are dropped; repeated vertices and parts of zero length are
removed from lines; lines and polygons that cross longitude 180 are split there.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS, Transformer

from covermap.core.datum import parse_datum, to_wgs84
from covermap.errors import DatumError, FormatError, InputError, NotKnownError
from covermap.formats import mending
from covermap.formats.problem import Problem
from covermap.formats.text import REPLACE
from covermap.formats.unpack import unpacked

SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".fgb", ".parquet", ".geoparquet")
"""Suffixes of vector files that can be read, alone or inside ``.gz`` and ``.zip``."""

REJECTED_SCHEMA = pa.schema(
    [("line", pa.int64()), ("reason", pa.string()), ("detail", pa.string()), ("raw", pa.string())]
)


@dataclass(frozen=True)
class VectorTable:
    """Features of one file, in file order."""

    table: gpd.GeoDataFrame
    """Attributes as written and ``geometry`` in EPSG:4326; the index is the 1-based number of the
    feature in the file."""
    rejected: pa.Table
    """Features that cannot be used: line (feature number), reason, detail, raw."""
    problems: list[Problem]
    """What was mended or assumed, with counts."""
    datum: str
    """What the coordinates were taken to be: a datum's name or the CRS's name."""

    @property
    def read(self) -> int:
        """Features in the file: accepted and rejected."""
        return len(self.table) + self.rejected.num_rows


def read_vector(
    path: Path,
    layer: str | None = None,
    datum: str | None = None,
    *,
    without_geometry: bool = False,
) -> VectorTable:
    """Read every feature of a vector file into WGS-84.

    Parameters
    ----------
    path : Path
        The file; its suffix says what it is.
    layer : str, optional
        Layer of a GeoPackage; needed when it has several.
    datum : str, optional
        wgs84, gcj02, bd09, cgcs2000 or EPSG:n; it overrides the CRS that the file states.
    without_geometry : bool
        Whether features without a geometry are kept, with None.

    Raises
    ------
    InputError, FormatError, ArchiveError
        The file is missing, is not what its suffix says, or its archive is unsafe.
    DatumError
        No CRS in the file and none declared, or coordinates that cannot be in that datum.
    NotKnownError
        The layer is not in the file.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    if path.stat().st_size == 0:
        raise FormatError(f"{path}: the file is empty (0 bytes). {REPLACE}")
    with unpacked(path, SUFFIXES) as plain:
        data, problems = _load(plain, path, layer)
    data = data.rename_geometry("geometry") if data.geometry.name != "geometry" else data
    data.index = pd.RangeIndex(1, len(data) + 1, name="feature")
    return _clean(data, path, datum, problems, without_geometry)


def _load(plain: Path, shown: Path, layer: str | None) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    parquet = plain.suffix.lower() in (".parquet", ".geoparquet")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            data = _load_parquet(plain, shown) if parquet else _load_gdal(plain, shown, layer)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise FormatError(f"{shown}: cannot be read: {_why(error, plain)}") from None
        except (pa.ArrowInvalid, OSError, ValueError, UnicodeDecodeError) as error:
            raise FormatError(f"{shown}: cannot be read: {_one_line(error)}") from None
    frame, problems = data
    told = [_one_line(w.message) for w in caught if issubclass(w.category, RuntimeWarning)]
    told = [text for text in told if "invalid value" not in text]  # NaN: rejected by feature
    if told:
        problems.append(Problem("reader_warning", len(told), None, told[0][:200], "kept"))
    return frame, problems


def _load_parquet(plain: Path, shown: Path) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    if b"geo" not in (pq.read_metadata(plain).metadata or {}):
        raise FormatError(
            f"{shown}: a Parquet file without GeoParquet metadata ('geo'); export it as GeoParquet."
        )
    return gpd.read_parquet(plain), []


def _load_gdal(
    plain: Path, shown: Path, layer: str | None
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    name = _choose_layer(plain, shown, layer)
    encoding, problems = _shapefile_encoding(plain, shown)
    frame = pyogrio.read_dataframe(plain, layer=name, encoding=encoding, on_invalid="ignore")
    if not isinstance(frame, gpd.GeoDataFrame):
        raise FormatError(f"{shown}: has attributes but no geometries.")
    return frame, problems


def _choose_layer(plain: Path, shown: Path, layer: str | None) -> str:
    layers = [str(n) for n, kind in pyogrio.list_layers(plain) if kind is not None]
    if layer is not None:
        if layer not in layers:
            raise NotKnownError(f"{shown}: no layer {layer!r}. There are: {', '.join(layers)}.")
        return layer
    if not layers:
        raise FormatError(f"{shown}: has no layer with geometries.")
    if len(layers) > 1:
        raise FormatError(
            f"{shown}: has {len(layers)} layers; write layer = one of {', '.join(layers)}."
        )
    return layers[0]


def _shapefile_encoding(plain: Path, shown: Path) -> tuple[str | None, list[Problem]]:
    """Find a Shapefile's encoding from its bytes where no .cpg states it."""
    if plain.suffix.lower() != ".shp":
        return None, []
    sides = {p.suffix.lower(): p for p in plain.parent.glob(f"{plain.stem}.*")}
    missing = [s for s in (".shx", ".dbf") if s not in sides]
    if missing:
        raise FormatError(f"{shown}: a Shapefile without its {' and '.join(missing)} beside it.")
    body = sides[".dbf"].read_bytes()
    if ".cpg" in sides or body.isascii():
        return None, []
    encoding = next((e for e in ("UTF-8", "GB18030") if _decodes(body, e)), "ISO-8859-1")
    return encoding, [Problem("encoding_not_stated", 1, None, f"read as {encoding}", "kept")]


def _decodes(dbf: bytes, encoding: str) -> bool:
    header = int.from_bytes(dbf[8:10], "little")
    try:
        (dbf[32:header].replace(b"\x00", b" ") + dbf[header:]).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _clean(
    data: gpd.GeoDataFrame,
    shown: Path,
    datum: str | None,
    problems: list[Problem],
    without_geometry: bool,
) -> VectorTable:
    refused = _Refused(data)
    geometry: Any = data.geometry.to_numpy()
    lacking = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    if not without_geometry:
        refused.add(lacking, "no_geometry", "empty")
    geometry, had_z = mending.drop_z(geometry)
    _count(problems, had_z, "height_dropped", "Z or M", "blanked")
    nan = mending.has_bad_coordinate(geometry)
    refused.add(nan, "no_position", "a coordinate is NaN or infinite")
    geometry = _blank(geometry, refused.flags | lacking)
    name, convert = _converter(data, shown, datum)
    geometry = shapely.transform(geometry, convert) if convert else geometry
    refused.add(_out_of_range(geometry), "position_out_of_range", _OUTSIDE)
    _refuse_metres(refused, shown, name)
    geometry = _mend_lines(_blank(geometry, refused.flags), refused, problems)
    keep = ~refused.flags
    table = data[keep].set_geometry(gpd.GeoSeries(geometry[keep], index=data.index[keep]))
    return VectorTable(table.set_crs(4326, allow_override=True), refused.table(), problems, name)


def _blank(geometry: Any, flags: Any) -> Any:
    out = geometry.copy()
    out[flags] = None
    return out


class _Refused:
    """Features that cannot be used, with the first reason found for each."""

    def __init__(self, data: gpd.GeoDataFrame) -> None:
        self.data = data
        self.flags = np.zeros(len(data), bool)
        self.found: dict[int, tuple[str, str]] = {}

    def add(self, flags: Any, reason: str, detail: str) -> None:
        for row in np.flatnonzero(np.asarray(flags, bool) & ~self.flags):
            self.found[int(row)] = (reason, detail)
        self.flags = self.flags | np.asarray(flags, bool)

    def table(self) -> pa.Table:
        rows = [
            {
                "line": row + 1,
                "reason": reason,
                "detail": detail,
                "raw": record_text(self.data.iloc[row]),
            }
            for row, (reason, detail) in sorted(self.found.items())
        ]
        return pa.Table.from_pylist(rows, schema=REJECTED_SCHEMA)


def record_text(record: pd.Series[Any]) -> str:
    """Write a feature as text, for the table of rejected rows: attributes and its geometry."""
    fields = {k: v for k, v in record.items() if k != "geometry" and not _is_missing(v)}
    geometry = record["geometry"]
    fields["geometry"] = None if geometry is None else shapely.to_wkt(geometry)[:200]
    return json.dumps(fields, ensure_ascii=False, default=str)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


_OUTSIDE = "beyond longitude 180 or latitude 90, in degrees WGS-84: exchanged, or in metres?"

Convert = Callable[[Any], Any]


def _converter(
    data: gpd.GeoDataFrame, shown: Path, datum: str | None
) -> tuple[str, Convert | None]:
    """Name what the coordinates are in, and give the function to WGS-84 (None: they are)."""
    datum = datum or _stated(data)
    if datum is not None:
        name = parse_datum(datum)
        return name, None if name == "wgs84" else _through(lambda x, y: to_wgs84(x, y, name))
    if data.crs is None:
        raise DatumError(
            f'{shown}: states no CRS and none is declared. Write datum = "wgs84", "gcj02", '
            '"bd09", "cgcs2000" or "EPSG:n" for this input.'
        )
    crs = CRS.from_user_input(data.crs)
    if crs.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        return "wgs84", None
    transformer = Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
    return crs.name, _through(lambda x, y: transformer.transform(x, y))


def _stated(data: gpd.GeoDataFrame) -> str | None:
    """Give GCJ-02 or BD-09 where a column `datum` says so in every row: our own exports do.

    No CRS can say it, and read as what the file's CRS seems to be the positions would be wrong.
    """
    if "datum" not in data.columns or not len(data):
        return None
    said = {str(v).casefold() for v in data["datum"].unique()}
    return next(iter(said)) if said in ({"gcj02"}, {"bd09"}) else None


def _through(function: Callable[[Any, Any], tuple[Any, Any]]) -> Convert:
    return lambda xy: np.column_stack(function(xy[:, 0], xy[:, 1]))


def _out_of_range(geometry: Any) -> Any:
    """Points beyond +-180, anything beyond +-360 or +-90, or without a position any more."""
    west, south, east, north = shapely.bounds(geometry).T
    limit = np.where(mending.is_line(geometry) | mending.is_polygon(geometry), 360.0, 180.0)
    inside = (west >= -limit) & (east <= limit) & (south >= -90.0) & (north <= 90.0)
    return ~shapely.is_missing(geometry) & ~(inside & ~mending.has_bad_coordinate(geometry))


def _refuse_metres(refused: _Refused, shown: Path, name: str) -> None:
    reasons = {reason for reason, _ in refused.found.values()}
    if not refused.flags.all() or "position_out_of_range" not in reasons:
        return
    first = next(r for r, (reason, _) in refused.found.items() if reason == "position_out_of_range")
    x, y = shapely.get_coordinates(refused.data.geometry.iloc[first])[0][:2]
    raise DatumError(
        f"{shown}: no feature lies on Earth when read as {name}; the first is at ({x:.10g}, "
        f'{y:.10g}). If these are metres, write datum = "EPSG:n" of their projection; if latitude '
        "comes first, exchange the coordinates."
    )


def _mend_lines(geometry: Any, refused: _Refused, problems: list[Problem]) -> Any:
    geometry, removed = mending.without_repeats(geometry)
    _count(problems, removed > 0, "repeated_vertices", "equal to the one before", "removed")
    zero = mending.is_line(geometry) & (shapely.length(geometry) == 0)
    refused.add(zero, "zero_length", "every vertex of the line is at one place")
    geometry, dropped = mending.without_empty_parts(geometry)
    _count(problems, dropped > 0, "zero_length_part", "a part without length", "removed")
    crossing = mending.crosses_antimeridian(geometry)
    for row in np.flatnonzero(crossing & ~refused.flags):
        geometry[row] = mending.split_at_antimeridian(geometry[row])
    _count(problems, crossing, "crosses_antimeridian", "steps over longitude 180", "split")
    return geometry


def _count(problems: list[Problem], flags: Any, kind: str, example: str, action: str) -> None:
    """Count features of a kind of problem."""
    rows = np.flatnonzero(flags)
    if rows.size:
        problems.append(Problem(kind, int(rows.size), int(rows[0]) + 1, example, action))


def _why(error: Exception, plain: Path) -> str:
    """Say what GDAL says, without advice for programmers."""
    if "not recognized" in str(error):
        return f"it is not what {plain.suffix} stands for. Readable are {', '.join(SUFFIXES)}."
    return f"{_one_line(error)}. Fetch or export it again."


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
