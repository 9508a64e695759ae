"""Where rows come from and what was declared about them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.datum import parse_datum
from covermap.core.samples.facts import Declared
from covermap.errors import DatumError, NotKnownError
from covermap.formats.logs import FORMATS, LogFormat, ReadOptions, TimeKind
from covermap.tables import Table, conform, in_order
from covermap.workspace import Config, Measurements

MAPPED_FORMATS = ("table",)
"""Formats whose coordinates can be anything: the datum must be declared."""
INDOORS = ("place", "key_point", "floor")


@dataclass(frozen=True)
class Origin:
    """Where rows come from and what was declared about them."""

    file: str
    """As shown in tables."""
    declaration: Measurements
    config: Config
    now_ms: int

    @property
    def campaign(self) -> str:
        """Runs made together: as declared, else the input's name."""
        return self.declaration.campaign or self.declaration.name

    @property
    def simulated(self) -> bool:
        """Whether the rows were made by the simulator."""
        return self.declaration.simulated or self.config.workspace.simulated

    def named(self, rows: pa.Table, table: Table) -> pa.Table:
        """Add input and file, and bring the rows into a table's form and order."""
        rows = rows.append_column("input", constant(self.declaration.name, rows.num_rows))
        rows = rows.append_column("file", constant(self.file, rows.num_rows))
        return in_order(conform(rows.select(table.names), table), table)


def read_as(declaration: Measurements) -> tuple[LogFormat, ReadOptions]:
    """Give the format that a declaration names, and how it says to read.

    Raises
    ------
    NotKnownError
        The declared format is not one of `FORMATS`.
    """
    known = FORMATS.get(declaration.format)
    if known is None:
        raise NotKnownError(
            f"input {declaration.name}: no format {declaration.format!r}. "
            f"There are: {', '.join(FORMATS)}."
        )
    indoors = declaration.place is not None or declaration.key_point is not None
    return known, ReadOptions(
        declaration.columns, declaration.units, declaration.sheet, indoors=indoors
    )


def named_where(readings: pa.Table, declaration: Measurements) -> pa.Table:
    """Give rows that name no place, key point or floor the declared ones."""
    for name in INDOORS:
        said = getattr(declaration, name)
        if said is not None:
            at = readings.column_names.index(name)
            filled = pc.fill_null(readings.column(at), said)
            readings = readings.set_column(at, readings.schema.field(at), filled)
    return readings


def declared(time_kind: TimeKind, origin: Origin) -> Declared:
    """Give what is known about a log besides its rows.

    Raises
    ------
    DatumError
        The datum is not declared and the format does not settle it, or it is unknown.
    """
    said = origin.declaration
    return Declared(
        zone=ZoneInfo(said.timezone) if time_kind == "local" else None,
        has_times=time_kind != "none",
        now_ms=origin.now_ms,
        datum=_datum(origin),
        operator=said.operator,
        operators=said.operators,
        technology=said.technology,
        fixed=said.source == "probe" or said.antenna == "fixed",
        moves=said.source == "drive" and said.antenna != "fixed",
        max_gap_s=origin.config.positions.max_gap_s,
    )


def _datum(origin: Origin) -> str:
    """Datum by its canonical name, as declared or as the format settles it."""
    declared = origin.declaration.datum or _datum_of_format(origin)
    try:
        return parse_datum(declared)
    except DatumError as error:
        raise DatumError(f"input {origin.declaration.name}: {error}") from None


def _datum_of_format(origin: Origin) -> str:
    """GPS receivers give WGS-84, and so do the logs of phones; a mapped table can have anything.

    A survey that names key points, and maps no coordinates, needs none.
    """
    said = origin.declaration
    indoors = bool({"place", "key_point"} & {*said.columns, *said.model_fields_set})
    coordinates = bool({"x", "y"} & set(said.columns))
    if said.format in MAPPED_FORMATS and (coordinates or not indoors):
        raise DatumError(
            f"input {origin.declaration.name}: the datum is not declared, and {origin.file} "
            'cannot tell. Add datum = "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n".'
        )
    return "wgs84"


def constant(value: str | bool, n: int) -> pa.Array:
    """Give a column of one value."""
    return pa.repeat(pa.scalar(value), n)
