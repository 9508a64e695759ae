"""OpenCelliD and Mozilla Location Service exports of cells, with and without a header line.

Columns in their documented order: radio, mcc, net, area, cell, unit, lon, lat, range, samples,
changeable, created, updated, averageSignal. Positions are estimates from measurements, not surveys:
`samples` says from how many. `unit` (PSC or PCI) 0 and -1 stand for 'not known' in both exports.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

from covermap.errors import FormatError
from covermap.formats.logs.sniffing import head_text
from covermap.formats.problem import Problem
from covermap.formats.sites.base import (
    SiteFormat,
    SiteOptions,
    SiteRead,
    cells_table,
    malformed_table,
)
from covermap.formats.source import Source

NAMES = (
    "radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples", "changeable",
    "created", "updated", "averageSignal",
)  # fmt: skip
RADIOS = ("GSM", "UMTS", "LTE", "NR", "CDMA", "NBIOT")


def sniff(source: Source) -> float:
    """Tell how much the head looks like an export of cells."""
    lines = [line for line in head_text(source).split("\n") if line.strip()][:3]
    if not lines:
        return 0.0
    first = next(csv.reader(lines[:1]))
    if _is_header(first):
        return 1.0
    return 0.9 if len(first) == len(NAMES) and first[0] in RADIOS else 0.0


def _is_header(row: Sequence[str]) -> bool:
    return [c.strip().lower() for c in row][:5] == ["radio", "mcc", "net", "area", "cell"]


def read(sources: Sequence[Source], _options: SiteOptions) -> SiteRead:
    """Read one export.

    Raises
    ------
    FormatError
        Neither the header nor rows of 14 fields that begin with a radio technology.
    """
    source = sources[0]
    decoded = source.read_text()
    lines = decoded.text.split("\n")
    rows = [(i + 1, line) for i, line in enumerate(lines) if line.strip()]
    first = next(csv.reader([rows[0][1]]))
    if not _is_header(first) and not (len(first) == len(NAMES) and first[0] in RADIOS):
        raise FormatError(
            f"{source.shown}: not an OpenCelliD export: the first line is {rows[0][1][:80]!r}."
        )
    names = [c.strip() for c in first] if _is_header(first) else list(NAMES)
    body = rows[1:] if _is_header(first) else rows
    cells, bad, zero_units = [], [], []
    parsed = csv.reader(text for _, text in body)
    for (line, raw), row in zip(body, parsed, strict=True):
        if len(row) != len(names):
            detail = f"{len(row)} fields under a header of {len(names)} names"
            bad.append(_bad(source, line, detail, raw))
            continue
        record = dict(zip(names, row, strict=True))
        if record.get("unit") == "0":
            zero_units.append(line)
        cells.append({"file": source.shown, "line": line, "raw": raw, **_cell(record)})
    problems = [(source.shown, p) for p in decoded.problems]
    if zero_units:
        found = Problem("unit_zero", len(zero_units), zero_units[0], "0", "blanked")
        problems.append((source.shown, found))
    return SiteRead(cells_table(cells), malformed_table(bad), problems)


def _bad(source: Source, line: int, detail: str, raw: str) -> dict[str, str | int]:
    return {
        "file": source.shown,
        "line": line,
        "reason": "malformed_row",
        "detail": detail,
        "raw": raw,
    }


def _cell(record: dict[str, str]) -> dict[str, str | None]:
    unit = record.get("unit", "")
    return {
        "cell_id": record["cell"],
        "operator": f"{record['mcc']}-{record['net']}",
        "technology": record["radio"],
        "pci": None if unit in ("0", "-1") else unit,
        "tac": record["area"],
        "x": record["lon"],
        "y": record["lat"],
        "samples": record.get("samples"),
    }


OPENCELLID = SiteFormat("opencellid", "OpenCelliD or MLS export of cells", sniff, read)
