"""Any table of cells with one header row (CSV of any delimiter, XLSX), by a map of columns.

Where the declaration maps no column to a field, a column is taken whose name is one of the plain
English names in `NAMES` (letter case, spaces and underscores do not matter).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from covermap.errors import FormatError
from covermap.formats.sites.base import (
    FIELDS,
    POWERS,
    SiteFormat,
    SiteOptions,
    SiteRead,
    cells_table,
    malformed_table,
    with_unit,
)
from covermap.formats.sites.grid import header_of, read_grid
from covermap.formats.source import Source

NAMES: dict[str, tuple[str, ...]] = {
    "x": ("longitude", "lon", "lng", "easting", "x"),
    "y": ("latitude", "lat", "northing", "y"),
    "site_id": ("siteid", "enbid", "enodebid", "gnbid", "gnodebid"),
    "cell_id": ("cellid", "ecellid", "eci", "nci", "cgi", "cid"),
    "site_name": ("sitename",),
    "cell_name": ("cellname",),
    "operator": ("operator", "plmn"),
    "technology": ("technology", "radio", "rat"),
    "band": ("band",),
    "arfcn": ("earfcn", "nrarfcn", "arfcn", "uarfcn"),
    "pci": ("pci", "psc"),
    "tac": ("tac", "lac"),
    "height_m": ("heightm", "antennaheight", "height"),
    "azimuth_deg": ("azimuth", "azimuthdeg", "bearing"),
    "tilt_deg": ("tilt", "tiltdeg", "downtilt"),
    "power_dbm": ("powerdbm", "referencesignalpower"),
    "tx_power": ("txpower", "txpowerdbm", "txpowerw", "transmitpower"),
    "eirp": ("eirp", "eirpdbm", "eirpw"),
    "beamwidth_deg": ("beamwidth", "beamwidthdeg"),
    "indoor": ("indoor",),
    "redcap": ("redcap",),
    "nbiot": ("nbiot",),
    "opened": ("opened", "openingdate"),
    "samples": ("samples",),
}
"""Our field -> header names it is found by, in one word and lower case."""

_OF_LTE = {"earfcn", "ecellid", "eci", "enbid", "enodebid"}
_OF_NR = {"nrarfcn", "nci", "gnbid", "gnodebid"}
"""Names that only LTE (or only NR) has: they state the technology of a table without such a
column."""

_NEEDS = (
    "a table of cells needs columns of longitude and latitude; name them with columns = "
    '{ lon = "...", lat = "..." }'
)


def _word(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


_KNOWN = {word: field for field, words in NAMES.items() for word in words}


def _is_plain_header(names: list[str]) -> bool:
    return {"x", "y"} <= {_KNOWN.get(_word(n)) for n in names}


def sniff(source: Source) -> float:
    """Tell how much the head looks like a table of cells: coordinates and an identity."""
    names = header_of(source, _is_plain_header)
    if names is None:
        return 0.0
    found = {_KNOWN.get(_word(n)) for n in names}
    if "cell_id" not in found and "site_id" not in found:
        return 0.0
    return 0.6 if {"azimuth_deg", "arfcn", "pci"} & found else 0.3


def read(sources: Sequence[Source], options: SiteOptions) -> SiteRead:
    """Read one table.

    Raises
    ------
    FormatError
        A field that is not known, a column that is not there, or no header with coordinates.
    """
    source = sources[0]
    declared = _declared(options.columns, source)

    def is_header(names: list[str]) -> bool:
        missing = {"x", "y"} - declared.keys() - {_KNOWN.get(_word(n)) for n in names}
        wanted = [c for f, c in declared.items() if f in ("x", "y")]
        return not missing and all(c in names for c in wanted)

    grid = read_grid(source, is_header, options.sheet, _NEEDS)
    place = _places(grid.names, declared, source)
    implied = None if "technology" in place else _implied(grid.names)
    cells: list[dict[str, str | int | None]] = []
    for line, row in zip(grid.lines, grid.rows, strict=True):
        values = {
            field: with_unit(row[i], grid.names[i]) if field in POWERS else row[i]
            for field, i in place.items()
        }
        if implied:
            values["technology"] = implied
        cells.append({"file": source.shown, "line": line, "raw": ",".join(row), **values})
    problems = [(source.shown, p) for p in grid.problems]
    return SiteRead(cells_table(cells), malformed_table(grid.malformed(source.shown)), problems)


def _declared(columns: Mapping[str, str], source: Source) -> dict[str, str]:
    renamed = {"lon": "x", "lat": "y"}
    out = {renamed.get(field, field): column for field, column in columns.items()}
    unknown = sorted(set(out) - set(FIELDS))
    if unknown:
        allowed = ", ".join(["lon", "lat", *(f for f in FIELDS if f not in ("x", "y"))])
        raise FormatError(
            f"{source.shown}: columns: {unknown[0]!r} is not a field of a cell; there are "
            f"{allowed}."
        )
    return out


def _implied(names: list[str]) -> str | None:
    words = {_word(n) for n in names}
    lte, nr = bool(words & _OF_LTE), bool(words & _OF_NR)
    return None if lte == nr else "lte" if lte else "nr"


def _places(names: list[str], declared: Mapping[str, str], source: Source) -> dict[str, int]:
    place: dict[str, int] = {}
    for field, column in declared.items():
        if column not in names:
            raise FormatError(
                f"{source.shown}: columns: {field} = {column!r} is not in the header "
                f"({', '.join(names)})."
            )
        place[field] = names.index(column)
    for field, words in NAMES.items():
        found = [i for w in words for i, n in enumerate(names) if _word(n) == w]
        if field not in place and found:
            place[field] = found[0]
    return place


CELLS = SiteFormat("cells-csv", "table of cells with mapped columns (CSV or XLSX)", sniff, read)
