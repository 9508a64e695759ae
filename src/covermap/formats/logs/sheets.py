"""Spreadsheets and Parquet to columns of strings, like the rows of a text file."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import python_calamine as calamine
import shapely

from covermap.errors import FormatError, NotKnownError
from covermap.formats.logs.base import MALFORMED
from covermap.formats.logs.rows import Rows
from covermap.formats.source import Source, check_document

PARQUET = b"PAR1"
ZIPPED = b"PK\x03\x04"
MOST_ROWS = 500_000_000
"""A few bytes of Parquet can claim any number of equal rows."""
RECORD_BYTES = 128
"""About what a record of a log is as text."""
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def is_sheet(head: bytes) -> bool:
    """Whether the bytes begin a spreadsheet (XLSX, ODS, XLS)."""
    return head.startswith((ZIPPED, OLD_EXCEL))


def read_sheet(source: Source, sheet: str | None) -> Rows:
    """Read one sheet of a spreadsheet: the named one, else the first.

    The first row that is not blank is the header; `line` is the row's number in the sheet. Blank
    rows are left out.

    Raises
    ------
    FormatError
        Not a spreadsheet, damaged, encrypted, without rows, or two columns of one name.
    NotKnownError
        No sheet has that name.
    """
    book = _opened(source)
    try:
        name = _sheet_name(book.sheet_names, sheet, source.shown)
        page = book.get_sheet_by_name(name)
        cells = page.to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise FormatError(f"{source.shown}: not a readable spreadsheet: {error}.") from None
    texts = [[cell_text(v) for v in row] for row in cells]
    filled = [i for i, row in enumerate(texts) if any(row)]
    if not filled:
        raise FormatError(f"{source.shown}: sheet {name!r} is empty.")
    return _rows_of(texts, filled, source.shown)


def sheet_names(source: Source) -> list[str]:
    """Names of a spreadsheet's sheets, in order; raises as :func:`read_sheet` does."""
    return list(_opened(source).sheet_names)


def _opened(source: Source) -> calamine.CalamineWorkbook:
    data = source.read_bytes()
    if data.startswith(ZIPPED):
        check_document(data, source.shown, source.limits)
    try:
        return calamine.load_workbook(io.BytesIO(data))
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise FormatError(f"{source.shown}: not a readable spreadsheet: {error}.") from None


def _sheet_name(names: list[str], wanted: str | None, shown: str) -> str:
    if not names:
        raise FormatError(f"{shown}: a spreadsheet without sheets.")
    if wanted is not None and wanted not in names:
        raise NotKnownError(f"{shown}: no sheet is named {wanted!r}; there are {', '.join(names)}.")
    return wanted or names[0]


def _rows_of(texts: list[list[str]], filled: list[int], shown: str) -> Rows:
    names = [" ".join(n.split()) for n in texts[filled[0]]]
    check_names(names, shown, filled[0] + 1)
    kept = [texts[i] for i in filled[1:]]
    columns = {
        name: pa.array([row[c] for row in kept], pa.string())
        for c, name in enumerate(names)
        if name
    }
    raw = pa.array(["\t".join(row) for row in kept], pa.string())
    line = pa.array([i + 1 for i in filled[1:]], pa.int64())
    return Rows(tuple(columns), columns, line, raw, MALFORMED.empty_table(), ())


def check_names(names: list[str], shown: str, line: int) -> None:
    """Refuse two columns of one name."""
    twice = sorted({n for n in names if n and names.count(n) > 1})
    if twice:
        raise FormatError(f"{shown}: line {line}: two columns are named {twice[0]!r}; rename one.")


def cell_text(value: Any) -> str:
    """Text of a spreadsheet's cell: whole numbers without `.0`, times in ISO form.

    Examples
    --------
    >>> cell_text(46000.0), cell_text(-81.5), cell_text(None)
    ('46000', '-81.5', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value.strip() if isinstance(value, str) else str(value)


def read_parquet(source: Source, piece_bytes: int | None = None) -> Iterator[Rows]:
    """Read a Parquet file; `line` is the record's number, a GeoParquet point gives `x` and `y`.

    Parameters
    ----------
    piece_bytes
        About so many bytes of text at a time; None: all at once.

    Raises
    ------
    FormatError
        Not Parquet, or damaged.
    """
    try:
        file = pq.ParquetFile(_readable(source))
        rows = file.metadata.num_rows
        if rows > MOST_ROWS:
            raise FormatError(
                f"{source.shown}: {rows} rows, more than {MOST_ROWS} in one file; split it."
            )
        first = 1
        for data in _tables(file, piece_bytes):
            yield _rows_from(data, first)
            first += data.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        told = " ".join(str(error).split()).rstrip(".")
        raise FormatError(
            f"{source.shown}: not a readable Parquet file: {told}. Fetch the file again."
        ) from None


def _readable(source: Source) -> Any:
    return io.BytesIO(source.read_bytes()) if source.packed else source.path


def _tables(file: pq.ParquetFile, piece_bytes: int | None) -> Iterator[pa.Table]:
    """Rows of a file, some at a time; one table without rows when there are none."""
    if piece_bytes is None or file.metadata.num_rows == 0:
        yield file.read().combine_chunks()
        return
    for batch in file.iter_batches(max(1, piece_bytes // RECORD_BYTES)):
        yield pa.Table.from_batches([batch])


def _rows_from(data: pa.Table, first: int) -> Rows:
    columns = {n: t for n in data.column_names if (t := _column_text(data[n])) is not None}
    columns |= _point_columns(data, set(columns))
    raw = _raw(columns, data.num_rows)
    line = pa.array(np.arange(first, first + data.num_rows), pa.int64())
    return Rows(tuple(columns), columns, line, raw, MALFORMED.empty_table(), ())


def _column_text(values: pa.ChunkedArray) -> pa.Array | None:
    """Column as text; None for what has no text (binary, nested)."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        texts = values.cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
    elif pa.types.is_timestamp(kind):
        texts = pc.strftime(values.cast(pa.timestamp("ms"), safe=False), "%Y-%m-%d %H:%M:%S")
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_nested(kind):
        return None
    else:
        texts = values
    one = texts.cast(pa.string())
    return one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one


def _point_columns(data: pa.Table, taken: set[str]) -> dict[str, pa.Array]:
    """Coordinates of a GeoParquet file's points, where no column has our names yet."""
    name = "geometry"
    if name not in data.column_names or not pa.types.is_binary(data.schema.field(name).type):
        return {}
    shapes = shapely.from_wkb(np.array(data[name].to_pylist(), dtype=object), on_invalid="ignore")
    found = {"x": shapely.get_x(shapes), "y": shapely.get_y(shapes)}
    return {
        n: pa.array(v, from_pandas=True).cast(pa.string())
        for n, v in found.items()
        if n not in taken
    }


def _raw(columns: dict[str, pa.Array], count: int) -> pa.Array:
    if not columns:
        return pa.array([""] * count, pa.string())
    filled = [pc.fill_null(c, "") for c in columns.values()]
    return pc.binary_join_element_wise(*filled, "\t")
