"""A site table's cells as text, from CSV (any delimiter, any encoding) or a spreadsheet."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook

from covermap.errors import FormatError
from covermap.formats.logs.sniffing import head_text
from covermap.formats.problem import Problem
from covermap.formats.source import Source

DELIMITERS = (",", ";", "\t", "|")
HEADER_ROWS = 20
"""The header is looked for in so many rows: titles and notes may stand above it."""
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods")

HasHeader = Callable[[list[str]], bool]


@dataclass(frozen=True)
class Grid:
    """Rows of text under a header; every row has as many fields as the header has names."""

    names: list[str]
    rows: list[list[str]]
    lines: list[int]
    """1-based line or row of each."""
    bad: list[tuple[int, str, str]]
    """Rows that do not fit: line, detail, raw."""
    problems: list[Problem]

    def malformed(self, shown: str) -> list[dict[str, str | int]]:
        """Give the rows that do not fit as rows of the table of malformed ones."""
        return [
            {"file": shown, "line": line, "reason": "malformed_row", "detail": detail, "raw": raw}
            for line, detail, raw in self.bad
        ]


def plain_name(cell: str) -> str:
    r"""Bring a header cell into one form: no line breaks, no spaces around, full-width brackets.

    Examples
    --------
    >>> plain_name(" 下行链路的\n中心载频 "), plain_name("Site  Name")
    ('下行链路的中心载频', 'Site Name')
    """
    text = cell.replace("\ufeff", "").replace("（", "(").replace("）", ")").strip()
    text = re.sub(r"\s*[\r\n]+\s*", "\n", text)
    text = re.sub(r"(?<=[A-Za-z0-9])\n(?=[A-Za-z0-9])", " ", text).replace("\n", "")
    return re.sub(r"[ \t]+", " ", text)


def is_spreadsheet(source: Source) -> bool:
    """Whether the source is a spreadsheet by its name."""
    return source.name.lower().endswith(SPREADSHEETS)


def read_grid(source: Source, is_header: HasHeader, sheet: str | None, needs: str) -> Grid:
    """Read a table whose header row `is_header` recognises.

    Raises
    ------
    InputError
        Empty file.
    FormatError
        Binary, no such sheet, several sheets that fit, or no header; `needs` says what it needs.
    """
    if is_spreadsheet(source):
        return _from_sheet(source, is_header, sheet, needs)
    decoded = source.read_text()
    delimiter = best_delimiter(decoded.text)
    rows = _text_rows(decoded.text, delimiter)
    start = next((i for i, (_, r) in enumerate(rows[:HEADER_ROWS]) if is_header(_names(r))), None)
    if start is None:
        raise FormatError(f"{source.shown}: {needs}; the first line is {_short(rows[0][1])}.")
    joiner = delimiter
    return _fit(rows[start:], joiner, list(decoded.problems))


def header_of(source: Source, is_header: HasHeader) -> list[str] | None:
    """Names of the header in a file's head; None when there is none. Never raises for content."""
    try:
        if is_spreadsheet(source):
            found = [g for _, g in _sheets(source, is_header)]
            return found[0] if found else None
        text = head_text(source)
        rows = _text_rows(text, best_delimiter(text)) if text.strip() else []
    except (FormatError, csv.Error):
        return None
    names = (_names(r) for _, r in rows[:HEADER_ROWS])
    return next((n for n in names if is_header(n)), None)


def best_delimiter(text: str) -> str:
    """Find the delimiter that gives most of the first lines one same width, and the widest."""
    head = "\n".join(text.split("\n")[:HEADER_ROWS])

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(r) for r in csv.reader(io.StringIO(head), delimiter=delimiter))
        return max(((rows, width) for width, rows in widths.items() if width > 1), default=(0, 0))

    return max(DELIMITERS, key=agreement)


def _text_rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for row in reader:
            if any(c.strip() for c in row):
                rows.append((before + 1, row))
            before = reader.line_num
    except csv.Error as error:
        raise FormatError(f"line {before + 1}: {error}") from None
    return rows


def _names(row: list[str]) -> list[str]:
    return [plain_name(c) for c in row]


def _short(row: list[str]) -> str:
    text = " | ".join(_names(row))
    return repr(text if len(text) <= 120 else text[:117] + "...")


def _fit(rows: list[tuple[int, list[str]]], joiner: str, problems: list[Problem]) -> Grid:
    names = _names(rows[0][1])
    while names and not names[-1]:
        names.pop()
    grid = Grid(names, [], [], [], problems)
    for line, row in rows[1:]:
        surplus = any(c.strip() for c in row[len(names) :])
        if len(row) < len(names) or surplus:
            detail = f"{len(row)} fields under a header of {len(names)} names"
            grid.bad.append((line, detail, joiner.join(row)))
            continue
        grid.rows.append(row[: len(names)])
        grid.lines.append(line)
    return grid


def _from_sheet(source: Source, is_header: HasHeader, sheet: str | None, needs: str) -> Grid:
    workbook = _open(source)
    if sheet is not None and sheet not in workbook.sheet_names:
        raise FormatError(
            f"{source.shown}: no sheet {sheet!r}. There are: {', '.join(workbook.sheet_names)}."
        )
    wanted = [sheet] if sheet is not None else list(workbook.sheet_names)
    found = [(n, rows) for n in wanted if (rows := _sheet_rows(workbook, n, is_header))]
    if not found:
        raise FormatError(f"{source.shown}: {needs}; no sheet of {', '.join(wanted)} has that.")
    if len(found) > 1:
        names = ", ".join(n for n, _ in found)
        raise FormatError(f"{source.shown}: several sheets fit ({names}); write sheet = one.")
    rows = found[0][1]
    width = len(rows[0][1])
    return _fit([(i, r + [""] * (width - len(r))) for i, r in rows], "\t", [])


def _sheets(source: Source, is_header: HasHeader) -> Iterator[tuple[str, list[str]]]:
    workbook = _open(source)
    for name in workbook.sheet_names:
        rows = _sheet_rows(workbook, name, is_header)
        if rows:
            yield name, _names(rows[0][1])


def _open(source: Source) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(source.read_bytes()))
    except (CalamineError, OSError, ValueError) as error:
        raise FormatError(f"{source.shown}: not a readable spreadsheet: {error}.") from None


def _sheet_rows(
    workbook: CalamineWorkbook, name: str, is_header: HasHeader
) -> list[tuple[int, list[str]]]:
    """Rows of a sheet from its header on, numbered as a spreadsheet shows them."""
    values = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    rows = [(i + 1, [_text(v) for v in row]) for i, row in enumerate(values)]
    start = next((i for i, (_, r) in enumerate(rows[:HEADER_ROWS]) if is_header(_names(r))), None)
    if start is None:
        return []
    return [(i, r) for i, r in rows[start:] if any(c.strip() for c in r)]


def _text(value: object) -> str:
    """Write a spreadsheet's value as a person sees it: 460.0 is 460, a date is YYYY-MM-DD."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value)
