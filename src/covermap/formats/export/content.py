"""What is written into an export file, whatever its format: columns, rows, datum, and the note.

Rows come in batches, so that formats that allow it write any number of them in little memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from numpy.typing import NDArray
from pyproj import CRS

Form = Literal["text", "integer", "number", "coordinate", "share", "flag", "time", "code"]
"""How a column is shown: `code` is text of a fixed list (verdict, cause, answer)."""

CUSTOM_CRS = {
    "gcj02": ("GCJ-02 (Chinese map datum, obfuscated; not WGS 84)", 6378245.0, 298.3),
    "bd09": ("BD-09 (Baidu map datum, obfuscated; not WGS 84)", 6378245.0, 298.3),
}
"""Datums without an EPSG code: name, and the ellipsoid their formula uses."""


@dataclass(frozen=True)
class Field:
    """One column of an export."""

    name: str
    type: pa.DataType
    title: str
    title_zh: str
    form: Form
    unit: str = ""
    doc: str = ""


@dataclass(frozen=True)
class Target:
    """The datum that the coordinates of the file are in."""

    name: str
    """wgs84, gcj02, bd09, cgcs2000 or EPSG:n."""
    title: str
    """What it is, in words."""
    epsg: int | None
    """None: it has no EPSG code (GCJ-02, BD-09)."""
    degrees: bool
    """False: eastings and northings."""

    def crs(self) -> CRS:
        """CRS to write into files; where no EPSG code exists, one of an own name.

        That one has no relation to WGS-84, so that no program takes it for WGS-84 by its name.
        """
        if self.epsg is not None:
            return CRS.from_epsg(self.epsg)
        name, axis, flattening = CUSTOM_CRS[self.name]
        degree = 'ANGLEUNIT["degree",0.0174532925199433]'
        return CRS.from_wkt(
            f'GEOGCRS["{name}",DATUM["{self.name}",ELLIPSOID["Krassowsky 1940",{axis},'
            f'{flattening},LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,{degree}],'
            f'CS[ellipsoidal,2],AXIS["geodetic latitude (Lat)",north,ORDER[1],{degree}],'
            f'AXIS["geodetic longitude (Lon)",east,ORDER[2],{degree}]]'
        )


@dataclass(frozen=True)
class Batch:
    """Some rows: attributes and one geometry each (None: no position)."""

    data: pa.RecordBatch
    geometry: NDArray[Any]


@dataclass(frozen=True)
class Summary:
    """A small table of sums for the front of a spreadsheet."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]


@dataclass(frozen=True)
class Content:
    """Everything that goes into one file."""

    name: str
    """Layer name: weak_spots, lines, cells, samples."""
    title: str
    title_zh: str
    fields: tuple[Field, ...]
    """Columns of every batch, in order."""
    target: Target
    about: tuple[tuple[str, str, str], ...]
    """What a reader must know: key, title (English and Chinese), value."""
    rows: int
    """How many rows the batches hold."""
    batches: Callable[[], Iterator[Batch]]
    """Opens the rows, from the first."""
    geometry_types: tuple[str, ...]
    """Types that occur: Point, LineString, Polygon, ..."""
    sheet_by: str | None = None
    """Column whose values get a sheet each in spreadsheets."""
    sheets: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Value of that column, the sheet's name, and the columns that such rows never fill."""
    summary: Summary | None = None

    @property
    def note(self) -> dict[str, str]:
        """The note as key and value."""
        return {key: value for key, _, value in self.about}


Tell = Callable[[int], None]
"""Called with the number of rows written so far; may raise to stop."""


def safe_text(value: str) -> str:
    """Keep a spreadsheet from taking a text for a formula: put an apostrophe before it.

    Texts that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line break are what spreadsheets
    evaluate when they open a CSV (OWASP, CSV injection).

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("A 1")
    ("'=1+1", 'A 1')
    """
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value
