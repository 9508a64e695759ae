"""Export files: one small module a format, one entry in FORMATS each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from covermap.errors import ExportError
from covermap.formats.export import csv, geojson, geopackage, geoparquet, kml, xlsx
from covermap.formats.export.content import Batch, Content, Field, Summary, Target, Tell


@dataclass(frozen=True)
class ExportFormat:
    """One format: its name, the suffixes it is known by, and its writer."""

    name: str
    title: str
    suffixes: tuple[str, ...]
    write: Callable[[Path, Content, Tell], int]


FORMATS: dict[str, ExportFormat] = {
    f.name: f
    for f in (
        ExportFormat("xlsx", "Excel workbook", (".xlsx",), xlsx.write),
        ExportFormat("csv", "CSV, UTF-8", (".csv",), csv.write),
        ExportFormat("geojson", "GeoJSON", (".geojson", ".json"), geojson.write),
        ExportFormat("gpkg", "GeoPackage", (".gpkg",), geopackage.write),
        ExportFormat("kml", "KML", (".kml",), kml.write),
        ExportFormat("geoparquet", "GeoParquet", (".parquet", ".geoparquet"), geoparquet.write),
    )
}
"""Every export format by name."""


def choose_format(path: Path, name: str | None) -> ExportFormat:
    """Give the format of that name, or, without one, of the path's suffix.

    Raises
    ------
    ExportError
        No format has that name or suffix.
    """
    if name is not None:
        if name not in FORMATS:
            raise ExportError(f"no export format {name!r}. There are: {', '.join(FORMATS)}.")
        return FORMATS[name]
    for form in FORMATS.values():
        if path.suffix.lower() in form.suffixes:
            return form
    suffixes = ", ".join(s for f in FORMATS.values() for s in f.suffixes)
    raise ExportError(
        f"{path}: no export format has the suffix {path.suffix!r} (there are {suffixes}). Name the "
        "file so, or give --format."
    )


__all__ = [
    "FORMATS",
    "Batch",
    "Content",
    "ExportFormat",
    "Field",
    "Summary",
    "Target",
    "Tell",
    "choose_format",
]
