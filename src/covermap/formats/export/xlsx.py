"""XLSX for people: summary first, one sheet a kind of row, filters, colours, notes, then 'About'.

Written row by row, in little memory. Texts are written as texts, so none is ever a formula. The
creation date is fixed, so that the same rows give the same bytes.
"""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import xlsxwriter

from covermap.errors import ExportError
from covermap.formats.export.content import Batch, Content, Field, Tell
from covermap.formats.palette import COLOURS, DARK

MAX_ROWS = 1_048_576
"""Rows of a sheet, header included (Excel's limit)."""
MAX_TEXT = 32_767
FIXED_DATE = datetime.datetime(2000, 1, 1)
WIDTHS = {
    "text": 16, "integer": 10, "number": 12, "coordinate": 14, "share": 11, "flag": 10,
    "time": 24, "code": 14,
}  # fmt: skip
WIDER = {"line_name": 24, "name": 24, "cause_text": 26, "next_step": 44, "line_id": 22, "h3": 18,
         "run_id": 40}  # fmt: skip
NUMBER_FORMATS = {
    "integer": "0", "number": "0.0##", "coordinate": "0.0000000", "share": "0.0%",
}  # fmt: skip
_LAST = ("simulated", "datum")
"""Columns that people need least stand last."""


def write(path: Path, content: Content, tell: Tell) -> int:
    """Write the file; give the number of rows.

    Raises
    ------
    ExportError
        More rows than a sheet holds.
    """
    if content.rows > MAX_ROWS - 1:
        raise ExportError(
            f"{content.rows} rows are more than a spreadsheet holds ({MAX_ROWS - 1}). Use --format "
            "csv, gpkg or geoparquet, narrow it by --operator and --technology, or give --limit."
        )
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "tmpdir": str(path.parent), "remove_timezone": True}  # fmt: skip
    with xlsxwriter.Workbook(path, options) as book:
        looks = _Looks(book)
        _properties(book, content)
        _summary(book, content, looks)
        rows = _data(book, content, looks, tell)
        _about(book, content, looks)
    return rows


class _Looks:
    """Cell formats, made once."""

    def __init__(self, book: Any) -> None:
        self.header = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DDE6EE", "border": 1}
        )
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.key = book.add_format({"bold": True, "valign": "top"})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.warning = book.add_format({"bold": True, "font_color": "#C00000"})
        self.time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self.number = {
            form: book.add_format({"num_format": code}) for form, code in NUMBER_FORMATS.items()
        }
        self.code = {
            name: book.add_format(
                {"bg_color": colour, "font_color": "#FFFFFF" if name in DARK else "#000000"}
            )
            for name, colour in sorted(COLOURS.items())
        }


def _properties(book: Any, content: Content) -> None:
    book.set_properties(
        {
            "title": f"{content.title} {content.title_zh}",
            "subject": f"Datum: {content.target.title}",
            "comments": "\n".join(f"{title}: {value}" for _, title, value in content.about),
            "created": FIXED_DATE,
        }
    )
    book.set_custom_property("datum", content.target.name)


def _summary(book: Any, content: Content, looks: _Looks) -> None:
    sheet = book.add_worksheet("Summary 汇总")
    sheet.set_column(0, 12, 16)
    sheet.write_string(0, 0, f"{content.title} {content.title_zh}", looks.title)
    row = 1
    for key in ("simulated", "datum", "rules", "filters", "rows"):
        for name, title, value in content.about:
            if name == key:
                warn = looks.warning if name == "simulated" and value.startswith("yes") else None
                sheet.write_string(row, 0, title, looks.key)
                sheet.write_string(row, 2, value, warn)
                row += 1
    if content.summary is None:
        return
    sheet.write_string(row + 1, 0, content.summary.title, looks.key)
    for column, header in enumerate(content.summary.headers):
        sheet.write_string(row + 2, column, header, looks.header)
    for i, values in enumerate(content.summary.rows):
        for column, cell in enumerate(values):
            _plain(sheet, row + 3 + i, column, cell, looks)


def _plain(sheet: Any, row: int, column: int, value: Any, looks: _Looks) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value, looks.code.get(value))
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    elif isinstance(value, float) and math.isfinite(value):
        sheet.write_number(row, column, value, looks.number["number"])


def _data(book: Any, content: Content, looks: _Looks, tell: Tell) -> int:
    fields = _ordered(content.fields)
    names = content.sheets or (("", f"{content.title} {content.title_zh}", ()),)
    sheets = {
        value: _Sheet(book, name[:31], [f for f in fields if f.name not in unused], looks)
        for value, name, unused in names
    }
    rows = 0
    for batch in content.batches():
        _write_batch(batch, content, sheets)
        rows += batch.data.num_rows
        tell(rows)
    for sheet in sheets.values():
        sheet.finish()
    return rows


def _ordered(fields: tuple[Field, ...]) -> list[Field]:
    return sorted(fields, key=lambda f: _LAST.index(f.name) if f.name in _LAST else -1)


def _write_batch(batch: Batch, content: Content, sheets: dict[str, _Sheet]) -> None:
    columns = {f.name: c.to_pylist() for f, c in zip(content.fields, batch.data, strict=True)}
    which = columns[content.sheet_by] if content.sheet_by else [""] * batch.data.num_rows
    for i, value in enumerate(which):
        sheet = sheets[value]
        sheet.write([columns[f.name][i] for f in sheet.fields])


class _Sheet:
    """One sheet of rows: frozen header, filter, widths, colours by code."""

    def __init__(self, book: Any, name: str, fields: list[Field], looks: _Looks) -> None:
        self.sheet, self.fields, self.looks, self.row = book.add_worksheet(name), fields, looks, 0
        self.sheet.freeze_panes(1, 0)
        self.sheet.set_row(0, 48)
        for column, field in enumerate(fields):
            self.sheet.set_column(column, column, WIDER.get(field.name, WIDTHS[field.form]))
            self.sheet.write_string(0, column, header_text(field), looks.header)
            if field.doc:
                self.sheet.write_comment(0, column, field.doc, {"x_scale": 2, "author": "covermap"})

    def write(self, values: list[Any]) -> None:
        self.row += 1
        for column, (field, value) in enumerate(zip(self.fields, values, strict=True)):
            self._cell(column, field, value)

    def _cell(self, column: int, field: Field, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, str):
            self.sheet.write_string(self.row, column, value[:MAX_TEXT])
        elif isinstance(value, bool):
            self.sheet.write_string(self.row, column, "yes 是" if value else "no 否")
        elif isinstance(value, datetime.datetime):
            self.sheet.write_datetime(self.row, column, value, self.looks.time)
        elif math.isfinite(value):
            form = self.looks.number.get(field.form)
            self.sheet.write_number(self.row, column, value, form)

    def finish(self) -> None:
        last = max(self.row, 1)
        self.sheet.autofilter(0, 0, last, len(self.fields) - 1)
        for column, field in enumerate(self.fields):
            if field.form != "code":
                continue
            for name, look in self.looks.code.items():
                rule = {"type": "cell", "criteria": "==", "value": f'"{name}"', "format": look}
                self.sheet.conditional_format(1, column, last, column, rule)


def header_text(field: Field) -> str:
    r"""Write a column's header: English, Chinese, unit.

    Examples
    --------
    >>> import pyarrow as pa
    >>> header_text(Field("n", pa.int64(), "Length", "长度", "number", "m"))
    'Length\n长度 (m)'
    """
    unit = f" ({field.unit})" if field.unit else ""
    return f"{field.title}\n{field.title_zh}{unit}"


def _about(book: Any, content: Content, looks: _Looks) -> None:
    sheet = book.add_worksheet("About 说明")
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 100)
    row = 0
    for _, title, value in content.about:
        sheet.write_string(row, 0, title, looks.key)
        sheet.write_string(row, 1, value, looks.wrap)
        row += 1
    sheet.write_string(row + 1, 0, "Column 列", looks.header)
    sheet.write_string(row + 1, 1, "Meaning 含义", looks.header)
    for i, field in enumerate(content.fields):
        sheet.write_string(row + 2 + i, 0, header_text(field).replace("\n", " "), looks.wrap)
        sheet.write_string(row + 2 + i, 1, field.doc, looks.wrap)
