"""Three `;` tables made from the German regulator's EMF map: sites, antennas and cells.

Declare all three files in one entry (``files = ["raw/leipzig_*.csv"]``); which is which is seen
by the header. Sites have ``"lat,lon"`` in one column, antennas an operator and an orientation
(blank: omnidirectional or not given), cells a service such as N78, B20 or GSM900.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from covermap.errors import FormatError
from covermap.formats.problem import Problem
from covermap.formats.sites.base import (
    SiteFormat,
    SiteOptions,
    SiteRead,
    cells_table,
    malformed_table,
)
from covermap.formats.sites.grid import Grid, header_of, read_grid
from covermap.formats.source import Source

HEADERS = {
    "sites": {"site_id", "coordinates"},
    "antennas": {"antenna_id", "site_id", "operator", "orientation"},
    "cells": {"cell_id", "antenna_id", "service"},
}
Records = dict[str, dict[str, str]]


def _role(names: list[str]) -> str | None:
    return next((role for role, need in HEADERS.items() if need <= set(names)), None)


def sniff(source: Source) -> float:
    """Tell how much the head looks like one of the three tables."""
    names = header_of(source, lambda row: _role(row) is not None)
    return 0.0 if names is None else 0.95


def read(sources: Sequence[Source], _options: SiteOptions) -> SiteRead:
    """Read the three tables and join them: one row a cell.

    A cell whose antenna, or an antenna whose site, is not there is malformed. Antennas without
    any cell give no row and are counted.

    Raises
    ------
    FormatError
        One of the three tables is missing or there twice, or a file is none of them.
    """
    grids = _by_role(sources)
    sites = _records(grids["sites"][1], "site_id")
    antennas = _records(grids["antennas"][1], "antenna_id")
    source, grid = grids["cells"]
    cells, bad = [], []
    used: set[str] = set()
    for line, row in zip(grid.lines, grid.rows, strict=True):
        record = dict(zip(grid.names, row, strict=True))
        where: dict[str, str | int] = {"file": source.shown, "line": line, "raw": ";".join(row)}
        antenna = antennas.get(record["antenna_id"])
        site = sites.get(antenna["site_id"]) if antenna else None
        if antenna is None or site is None:
            missing = "antenna" if antenna is None else "site"
            detail = f"no {missing} for antenna_id {record['antenna_id']}"
            bad.append({**where, "reason": "malformed_row", "detail": detail})
            continue
        used.add(record["antenna_id"])
        cells.append({**where, **_cell(record, antenna, site)})
    bad += [row for s, g in grids.values() for row in g.malformed(s.shown)]
    problems = [(s.shown, p) for s, g in grids.values() for p in g.problems]
    problems += _unused(grids["antennas"], used)
    return SiteRead(cells_table(cells), malformed_table(bad), problems)


def _by_role(sources: Sequence[Source]) -> dict[str, tuple[Source, Grid]]:
    needs = "one of the tables sites, antennas, cells of the EMF map"
    grids: dict[str, tuple[Source, Grid]] = {}
    for source in sources:
        grid = read_grid(source, lambda names: _role(names) is not None, None, needs)
        role = _role(grid.names) or ""
        if role in grids:
            raise FormatError(
                f"{source.shown}: a second table of {role}, after {grids[role][0].shown}; declare "
                "one entry for each place."
            )
        grids[role] = (source, grid)
    missing = [role for role in HEADERS if role not in grids]
    if missing:
        given = ", ".join(s.shown for s in sources)
        raise FormatError(
            f"{given}: the table of {' and '.join(missing)} is missing; declare the sites, "
            "antennas and cells files together in `files`."
        )
    return grids


def _records(grid: Grid, key: str) -> Records:
    rows = (dict(zip(grid.names, row, strict=True)) for row in grid.rows)
    return {r[key]: r for r in rows}


def _cell(
    cell: dict[str, str], antenna: dict[str, str], site: dict[str, str]
) -> dict[str, str | None]:
    lat, _, lon = site["coordinates"].partition(",")
    technology, band = technology_and_band(cell["service"])
    indoor = "1" if site.get("construction", "").casefold() == "indoor" else "0"
    return {
        "site_id": site["site_id"],
        "cell_id": cell["cell_id"],
        "operator": antenna["operator"],
        "technology": technology,
        "band": band,
        "x": lon,
        "y": lat,
        "azimuth_deg": antenna["orientation"],
        "indoor": indoor,
    }


def technology_and_band(service: str) -> tuple[str | None, str | None]:
    """Tell technology and band from a service's name.

    Examples
    --------
    >>> technology_and_band("N78"), technology_and_band("B20"), technology_and_band("GSM900")
    (('nr', 'n78'), ('lte', 'B20'), ('gsm', 'GSM900'))
    """
    word = service.strip().upper()
    if re.fullmatch(r"N\d+", word):
        return "nr", "n" + word[1:]
    if re.fullmatch(r"B\d+", word):
        return "lte", word
    for prefix, technology in (("GSM", "gsm"), ("UMTS", "umts"), ("LTE", "lte"), ("NR", "nr")):
        if word.startswith(prefix):
            return technology, word
    return (service or None), None


def _unused(grid: tuple[Source, Grid], used: set[str]) -> list[tuple[str, Problem]]:
    source, table = grid
    at = table.names.index("antenna_id")
    idle = [(n, r[at]) for n, r in zip(table.lines, table.rows, strict=True) if r[at] not in used]
    if not idle:
        return []
    return [(source.shown, Problem("antenna_without_cell", len(idle), *idle[0], "no row"))]


LEIPZIG = SiteFormat(
    "leipzig-emf", "sites, antennas and cells of the EMF map (three files)", sniff, read, True
)
