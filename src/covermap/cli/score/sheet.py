"""A scorecard as a spreadsheet: targets, regions, every layer, and where figures are from."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from covermap.cli.printing import known
from covermap.cli.score.card import Card, Row
from covermap.formats.figures import decimals

FIXED_DATE = datetime.datetime(2000, 1, 1)
"""The same rows give the same bytes."""
COLOURS = {"pass": "#D5F0D5", "fail": "#F8D0CC", "undetermined": "#FFF0C2", "part": "#E4E8EE"}
_COLUMNS = (
    "title", "target", "part", "level", "region_id", "name", "operator", "technology", "source",
    "value", "low", "high", "unit", "total", "undetermined", "target_value", "reached", "p_target",
    "answer", "basis", "rows", "of", "last", "rank", "year", "change", "simulated",
)  # fmt: skip
_OF_REGION = ("level", "region_id", "name", "rank")


def write_sheet(card: Card, path: Path) -> None:
    """Write the file."""
    with xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"title": card.say("scorecard"), "created": FIXED_DATE})
        looks = _Looks(book)
        whole = [c for c in _COLUMNS if c not in _OF_REGION]
        _write(book, card, looks, card.say("scorecard"), whole, card.heads(), note=True)
        regions = [r for t in card.pack["targets"] for r in card.regions(t)]
        _write(book, card, looks, card.say("region"), list(_COLUMNS), regions)
        every = list(card.rows.to_dict("records"))
        _write(book, card, looks, card.say("layer"), list(_COLUMNS), every)
        _write_sources(book, card, looks)


class _Looks:
    """Cell formats, made once."""

    def __init__(self, book: Any) -> None:
        self.header = book.add_format({"bold": True, "bg_color": "#DDE6EE", "border": 1})
        self.bold = book.add_format({"bold": True})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.share = book.add_format({"num_format": "0.0%"})
        self.number = book.add_format({"num_format": "#,##0.0##"})
        self.answer = {
            name: book.add_format({"bg_color": colour}) for name, colour in COLOURS.items()
        }


def _write(
    book: Any,
    card: Card,
    looks: _Looks,
    name: str,
    columns: list[str],
    rows: list[Row],
    *,
    note: bool = False,
) -> None:
    sheet = book.add_worksheet(name)
    top = _heading(sheet, card, looks) if note else 0
    for k, column in enumerate(columns):
        sheet.write_string(top, k, card.say(column), looks.header)
    for line, row in enumerate(rows, start=top + 1):
        for k, column in enumerate(columns):
            _cell(sheet, (line, k), card, looks, row, column)
    sheet.autofilter(top, 0, top + max(len(rows), 1), len(columns) - 1)
    sheet.freeze_panes(top + 1, 1)
    sheet.set_column(0, 0, 42)
    sheet.set_column(1, len(columns) - 1, 13)


def _heading(sheet: Any, card: Card, looks: _Looks) -> int:
    title = card.pack["title_zh" if card.language == "zh" else "title"]
    lines = [f"{card.say('rules')}: {card.pack['id']} {card.pack['version']}, {title}",
             f"{card.say('build')}: {card.build.id}", card.say("answers")]  # fmt: skip
    if card.rows["simulated"].any():
        lines.append(card.say("simulated"))
    for k, text in enumerate(lines):
        sheet.write_string(k, 0, text, looks.bold)
    return len(lines) + 1


def _cell(
    sheet: Any, at: tuple[int, int], card: Card, looks: _Looks, row: Row, column: str
) -> None:
    value = card.title(row) if column == "title" else row[column]
    if not known(value):
        return
    if column == "answer":
        sheet.write_string(*at, card.say(value), looks.answer.get(value))
    elif isinstance(value, bool):
        sheet.write_boolean(*at, value)
    elif isinstance(value, float):
        shared = column in ("reached", "p_target") or row["unit"] == "share"
        sheet.write_number(*at, round(value, decimals(column)),
                           looks.share if shared else looks.number)  # fmt: skip
    elif isinstance(value, int):
        sheet.write_number(*at, value)
    else:
        sheet.write_string(*at, card.say(str(value)) if column in ("basis", "unit") else str(value))


def _write_sources(book: Any, card: Card, looks: _Looks) -> None:
    sheet = book.add_worksheet(card.say("source"))
    for k, name in enumerate(("target", "target_value", "year", "source")):
        sheet.write_string(0, k, card.say(name), looks.header)
    for line, row in enumerate(card.heads(), start=1):
        sheet.write_string(line, 0, card.title(row))
        sheet.write_string(line, 1, card.figure(row))
        sheet.write_number(line, 2, int(row["year"]))
        sheet.write_string(line, 3, card.source(row), looks.wrap)
    sheet.set_column(0, 0, 42)
    sheet.set_column(3, 3, 90)
