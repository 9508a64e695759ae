"""Any table with a column map: CSV, TSV, semicolons, bars, spaces; XLSX, ODS; Parquet.

The declaration's `columns` say which column is what, its `units` how they are written. A number
may have a decimal comma where fields are not separated by commas. In a file separated by single
spaces an empty field is two spaces in a row.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from covermap.errors import FormatError
from covermap.formats.logs.base import LogFormat, LogPiece, ReadOptions
from covermap.formats.logs.mapped import check_mapping, map_readings, times_of
from covermap.formats.logs.rows import (
    Rows,
    guess_delimiter,
    header_line,
    header_names,
    read_rows,
    row_pieces,
)
from covermap.formats.logs.sheets import PARQUET, is_sheet, read_parquet, read_sheet
from covermap.formats.logs.sniffing import head_text
from covermap.formats.logs.values import Fields
from covermap.formats.pieces import text_pieces
from covermap.formats.source import Source
from covermap.formats.text import HEAD, Decoded


def sniff(source: Source) -> float:
    """Tell how much the head looks like a table: low, for it says nothing about the meaning."""
    head = source.head(8)
    if head.startswith(PARQUET) or is_sheet(head):
        return 0.3
    lines = [line for line in head_text(source).split("\n")[:20] if line.strip()]
    if len(lines) < 2 or lines[0].lstrip().startswith(("{", "[", "<")):
        return 0.0
    return 0.3 if len(header_names(lines[0], guess_delimiter(lines[0]))) > 2 else 0.05


def pieces(
    source: Source, options: ReadOptions, piece_bytes: int | None = None
) -> Iterator[LogPiece]:
    """Read a table by the declaration's column map.

    Raises
    ------
    FormatError
        Not a table, or the map names what is not there; the message lists what is.
    """
    times = times_of(options, source.shown)
    for rows, comma in _row_pieces(source, options, piece_bytes):
        mapping = check_mapping(options, rows.names, source.shown, need=_needed(options, rows))
        fields = Fields.of(rows)
        fields.decimal_comma = comma
        ready: dict[str, pa.Array] = {"line": rows.line, "raw": rows.raw}
        readings, clock = map_readings(fields, mapping, ready, times)
        yield LogPiece(readings, rows.malformed, fields.problems, clock)


def _needed(options: ReadOptions, rows: Rows) -> tuple[str, ...]:
    """Give the columns that a table must have: where it was measured."""
    has = {*options.columns, *rows.names}
    named = options.indoors or bool({"place", "key_point"} & has)
    return () if named and not {"x", "y"} & has else ("x", "y")


def _row_pieces(
    source: Source, options: ReadOptions, piece_bytes: int | None
) -> Iterator[tuple[Rows, bool]]:
    """Rows of any kind of table, and whether its numbers may have a decimal comma."""
    head = source.head(8)
    if head.startswith(PARQUET):
        yield from ((rows, False) for rows in read_parquet(source, piece_bytes))
        return
    if is_sheet(head):
        yield read_sheet(source, options.sheet), False
        return
    start = head_text(source)
    header = header_line(start)
    delimiter = _delimiter(start, header)
    texts = text_pieces(source, piece_bytes)
    for rows in row_pieces(texts, source.shown, delimiter, "uniform", uniform=options.uniform):
        if len(rows.names) < 2:
            raise FormatError(
                f"{source.shown}: no table: the header is {header[:120]!r}, which is one column by "
                "tab, semicolon, comma, bar or space. Save it with one of them between the fields."
            )
        yield rows, delimiter != ","


def table_names(source: Source, sheet: str | None = None) -> list[str]:
    """Names of a table's columns; a text is not read beyond its head for them."""
    if is_sheet(source.head(8)) or source.head(8).startswith(PARQUET):
        return list(next(_row_pieces(source, ReadOptions(sheet=sheet), HEAD))[0].names)
    text = head_text(source)
    delimiter = guess_delimiter(header_line(text))
    return list(read_rows(Decoded(text, ""), source.shown, delimiter, "uniform").names)


def _delimiter(start: str, header: str) -> str:
    """Delimiter by the header; among spaces, single ones only if most rows then have enough."""
    found = guess_delimiter(header)
    if found != " ":
        return found
    names = len(header_names(header, " "))
    lines = pa.array([line for line in start.split("\n")[1:2000] if line.strip()])
    if len(lines) == 0:
        return found
    counts = pc.add(pc.count_substring(pc.utf8_rtrim(lines, "\r"), " "), 1)
    enough = pc.mean(pc.greater_equal(counts, names).cast(pa.float64())).as_py()
    aligned = pc.mean(pc.match_substring(lines, "   ").cast(pa.float64())).as_py()
    return " " if enough > 0.5 and aligned < 0.5 else "whitespace"


TABLE = LogFormat("table", "Any table with a column map (CSV, XLSX, Parquet)", sniff, pieces)
