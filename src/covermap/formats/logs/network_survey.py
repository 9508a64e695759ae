"""Network Survey (Android app): CSV files of one technology each, and GeoPackage files of all.

Column names as the app writes them (its Network Survey Messaging schema; older GeoPackage tables
have titles such as `Phys_Cell_ID`). Times are RFC 3339 with a zone in CSV and epoch ms in
GeoPackage. Rows with `servingCell` false are neighbour cells and are set aside. Speed is m/s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from covermap.errors import FormatError, InputError
from covermap.formats.logs.base import (
    MALFORMED,
    LogFormat,
    LogPiece,
    LogRead,
    ReadOptions,
    TimeKind,
    Told,
    joined,
)
from covermap.formats.logs.delimited import KnownColumns, finish, known_rows, sniff_known
from covermap.formats.logs.mapped import times_of
from covermap.formats.logs.rows import Rows
from covermap.formats.problem import Problem
from covermap.formats.source import Source

COLUMNS: dict[str, tuple[str, ...]] = {
    "time": ("deviceTime", "Time"),
    "x": ("longitude",),
    "y": ("latitude",),
    "accuracy_m": ("accuracy",),
    "altitude_m": ("altitude",),
    "speed_mps": ("speed",),
    "operator": ("mcc+mnc", "MCC+MNC"),
    "technology": ("technology",),
    "rsrp_dbm": ("level",),
    "rsrq_db": ("quality",),
    "sinr_db": ("ssSinr", "SS_SINR", "snr"),
    "rssi_dbm": ("strength",),
    "cell_id": ("nci", "eci", "ci", "cid", "NCI", "ECI", "CID", "Cell ID"),
    "pci": ("pci", "psc", "bsic", "Phys_Cell_ID", "Phys_cell_ID", "PSC", "BSIC"),
    "arfcn": (
        "narfcn", "earfcn", "uarfcn", "arfcn", "NRARFCN", "DL_EARFCN", "UARFCN", "ARFCN",
    ),
    "tac": ("tac", "lac", "TAC", "LAC"),
    "device": ("deviceSerialNumber",),
    "run_key": ("run_key",),
}  # fmt: skip

TECHNOLOGIES: dict[str, tuple[str, str]] = {
    "ssRsrp": ("NR", "ssRsrq"),
    "SS_RSRP": ("NR", "SS_RSRQ"),
    "rsrp": ("LTE", "rsrq"),
    "RSRP": ("LTE", "RSRQ"),
    "rscp": ("UMTS", "ecno"),
    "RSCP": ("UMTS", "Ec/No"),
    "bsic": ("GSM", ""),
    "BSIC": ("GSM", ""),
}
"""Column that only one technology's table has -> technology, column of the quality."""
STRENGTH = ("signalStrength", "Signal Strength")

CSV = KnownColumns(
    "Network Survey CSV",
    ("deviceTime", "latitude", "longitude", "mcc", "mnc", "rsrp|ssRsrp|rscp|bsic"),
    COLUMNS,
    comments=True,
    neighbour=("servingCell", "false"),
)
TABLES = ("GSM_MESSAGE", "UMTS_MESSAGE", "LTE_MESSAGE", "NR_MESSAGE")
NOT_READ = ("CDMA_MESSAGE",)
SQLITE = b"SQLite format 3\x00"


def sniff_csv(source: Source) -> float:
    """Tell how much the head looks like one of the app's cellular CSV files."""
    return sniff_known(source, CSV)


def csv_pieces(
    source: Source, options: ReadOptions, piece_bytes: int | None = None
) -> Iterator[LogPiece]:
    """Read a CSV file of one technology.

    Raises
    ------
    FormatError
        The header is not the app's; the message names what is missing.
    """
    times = times_of(options, source.shown)
    for rows in known_rows(source, CSV, piece_bytes):
        yield finish(named(rows, source.shown), CSV, options, source.shown, times)


def named(rows: Rows, shown: str) -> Rows:
    """Add the columns that the technology's own names stand for: level, quality, technology.

    Raises
    ------
    FormatError
        No column of a level that the app writes.
    """
    key = next((k for k in TECHNOLOGIES if k in rows.columns), None)
    if key is None:
        raise FormatError(
            f"{shown}: no column of a level ({', '.join(TECHNOLOGIES)}); it has "
            f"{', '.join(rows.names)}."
        )
    technology, quality = TECHNOLOGIES[key]
    columns = dict(rows.columns)
    columns["technology"] = pa.array([technology] * rows.count, pa.string())
    strength = next((columns[s] for s in STRENGTH if s in columns), None)
    level = strength if technology == "GSM" else columns[key]
    if level is not None:
        columns["level"] = level
    if quality in columns:
        columns["quality"] = columns[quality]
    if strength is not None and technology != "GSM":
        columns["strength"] = strength
    columns["run_key"] = _run_key(columns, rows.count)
    return Rows(tuple(columns), columns, rows.line, rows.raw, rows.malformed, rows.problems)


def _run_key(columns: dict[str, pa.Array], count: int) -> pa.Array:
    """Mission and SIM slot: one phone with two SIMs makes two runs."""
    empty = pa.array([""] * count, pa.string())
    parts = [columns.get(n, empty) for n in ("missionId", "MissionId", "slot")]
    present = [pc.fill_null(p.cast(pa.string()), "") for p in parts]
    return pc.utf8_trim(pc.binary_join_element_wise(*present, "/"), "/")


def sniff_gpkg(source: Source) -> float:
    """Tell whether the file is a GeoPackage with one of the app's tables."""
    if not source.head(16).startswith(SQLITE):
        return 0.0
    try:
        with _opened(source) as database:
            names = _tables(database)
    except InputError:
        return 0.0
    return 1.0 if set(names) & set(TABLES) else 0.0


def gpkg_pieces(
    source: Source, options: ReadOptions, _piece_bytes: int | None = None
) -> Iterator[LogPiece]:
    """Read all cellular tables of a GeoPackage, one after another.

    The record number (`line`) counts on from table to table in the order GSM, UMTS, LTE, NR.

    Raises
    ------
    FormatError
        Not a GeoPackage, damaged, or without the app's tables.
    """
    with _opened(source) as database:
        names = _tables(database)
        present = [t for t in TABLES if t in names]
        if not present:
            raise FormatError(
                f"{source.shown}: no table of Network Survey ({', '.join(TABLES)}); it has "
                f"{', '.join(names) or 'none'}."
            )
        parts = _read_tables(database, present, options, source.shown)
        problems = _not_read(database, names)
    kind: TimeKind = "utc" if any(part.time_kind == "utc" for part in parts) else "none"
    for part in parts:
        yield LogPiece(part.readings, part.malformed, part.problems, Told(kind))
    yield LogPiece(parts[0].readings.slice(0, 0), MALFORMED.empty_table(), problems, Told(kind))


def _read_tables(
    database: sqlite3.Connection, present: list[str], options: ReadOptions, shown: str
) -> list[LogRead]:
    parts: list[LogRead] = []
    first = 1
    for table in present:
        rows = _rows(database, table, first)
        if rows.count:
            where = f"{shown}, table {table}"
            times = times_of(options, where)
            parts.append(joined([finish(named(rows, where), GPKG, options, where, times)]))
        first += rows.count
    if not parts:
        raise FormatError(f"{shown}: the tables {', '.join(present)} are empty.")
    return parts


def _not_read(database: sqlite3.Connection, names: list[str]) -> list[Problem]:
    found = []
    for table in (t for t in NOT_READ if t in names):
        (count,) = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()
        if count:
            found.append(Problem("table_not_read", count, None, table, "left aside: not 3GPP"))
    return found


@contextmanager
def _opened(source: Source) -> Iterator[sqlite3.Connection]:
    """Open the database in memory, read-only in effect; damage is a FormatError."""
    data = bytearray(source.read_bytes())
    if not data.startswith(SQLITE):
        raise FormatError(f"{source.shown}: not a GeoPackage (SQLite) file.")
    # A log closed while its write-ahead log was empty still says WAL, which memory cannot have.
    data[18:20] = b"\x01\x01"
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            database.deserialize(bytes(data))
            yield database
        except sqlite3.Error as error:
            raise FormatError(f"{source.shown}: damaged GeoPackage: {error}.") from None


def _tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows]


def _rows(database: sqlite3.Connection, table: str, first: int) -> Rows:
    cursor = database.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
    names = [d[0] for d in cursor.description]
    records = cursor.fetchall()
    values: dict[str, list[Any]] = {n: [r[i] for r in records] for i, n in enumerate(names)}
    geometry = values.pop("geom", [None] * len(records))
    columns = {n: pa.array([_text(v) for v in c], pa.string()) for n, c in values.items()}
    lon, lat = _points(geometry)
    # The geometry is what every version has; newer tables repeat it in columns.
    columns.setdefault("longitude", lon)
    columns.setdefault("latitude", lat)
    if "Serving Cell" in columns:
        columns["servingCell"] = columns["Serving Cell"]
    if "servingCell" in columns:
        columns["servingCell"] = pc.replace_substring_regex(columns["servingCell"], "^0$", "false")
    raw = [f"{table}: " + ", ".join(f"{n}={_text(v)}" for n, v in zip(names, r, strict=True)
                                    if n != "geom" and v is not None) for r in records]  # fmt: skip
    line = pa.array(np.arange(first, first + len(records)), pa.int64())
    return Rows(
        tuple(columns), columns, line, pa.array(raw, pa.string()), MALFORMED.empty_table(), ()
    )


def _points(blobs: list[bytes | None]) -> tuple[pa.Array, pa.Array]:
    """Coordinates of GeoPackage point blobs as text (OGC 12-128r18, 2.1.3: header, then WKB)."""
    wkb = np.array([_wkb(b) for b in blobs], dtype=object)
    points = shapely.from_wkb(wkb, on_invalid="ignore")
    x, y = shapely.get_x(points), shapely.get_y(points)
    return _written(x), _written(y)


def _wkb(blob: bytes | None) -> bytes | None:
    if not blob or len(blob) < 8 or blob[:2] != b"GP":
        return None
    envelope = (0, 32, 48, 48, 64, 0, 0, 0)[(blob[3] >> 1) & 7]
    return blob[8 + envelope :]


def _written(values: Any) -> pa.Array:
    return pa.array([None if np.isnan(v) else repr(float(v)) for v in values], pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


GPKG = KnownColumns("Network Survey GeoPackage", (), COLUMNS, neighbour=("servingCell", "false"))
CSV_FORMAT = LogFormat("network-survey-csv", "Network Survey CSV", sniff_csv, csv_pieces)
GPKG_FORMAT = LogFormat(
    "network-survey-gpkg", "Network Survey GeoPackage", sniff_gpkg, gpkg_pieces, held=12.0
)
