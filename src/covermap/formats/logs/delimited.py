"""Logs that are delimited text with known column names: one table of names a format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.errors import FormatError
from covermap.formats.logs.base import LogPiece, ReadOptions, malformed_table
from covermap.formats.logs.clock import Times
from covermap.formats.logs.mapped import known_mapping, map_readings, times_of
from covermap.formats.logs.rows import (
    Rows,
    guess_delimiter,
    header_line,
    header_names,
    row_pieces,
)
from covermap.formats.logs.sniffing import head_text
from covermap.formats.logs.values import Fields
from covermap.formats.pieces import text_pieces
from covermap.formats.source import Source

NEIGHBOUR = "neighbour_cell"


@dataclass(frozen=True)
class KnownColumns:
    """What a format's columns are called."""

    title: str
    """The format's name in messages."""
    required: tuple[str, ...]
    """Names without which a file is not of this format; `a|b` is either."""
    columns: dict[str, tuple[str, ...]]
    """Our column -> its names in the versions of the format; `a+b` are joined."""
    comments: bool = False
    """Lines with `#` may stand before the header."""
    neighbour: tuple[str, str] | None = None
    """Column and value (lower case) that mark a row of a neighbour cell."""

    def missing(self, names: Sequence[str]) -> list[str]:
        """Give the required names that are not there."""
        have = set(names)
        return [r for r in self.required if not have & set(r.split("|"))]


def sniff_known(source: Source, known: KnownColumns) -> float:
    """Tell how much the head looks like the format: all required names, and some of the others."""
    header = header_line(head_text(source), comments=known.comments)
    names = header_names(header, guess_delimiter(header)) if header else []
    if not names or known.missing(names):
        return 0.0
    theirs = {p for options in known.columns.values() for o in options for p in o.split("+")}
    return 0.7 + 0.3 * len(set(names) & theirs) / len(names)


def known_rows(
    source: Source, known: KnownColumns, piece_bytes: int | None = None
) -> Iterator[Rows]:
    """Read the rows of a file of this format.

    Raises
    ------
    FormatError
        A required column is missing: wrong delimiter or wrong format.
    """
    header = header_line(head_text(source), comments=known.comments)
    texts = text_pieces(source, piece_bytes)
    delimiter = guess_delimiter(header)
    for rows in row_pieces(texts, source.shown, delimiter, comments=known.comments):
        missing = known.missing(rows.names)
        if missing:
            raise FormatError(
                f"{source.shown}: not a {known.title}: the header is {header[:120]!r}; expected "
                f"columns {', '.join(known.required)}, and there is no {', '.join(missing)}."
            )
        yield rows


def read_known(
    known: KnownColumns,
) -> Callable[[Source, ReadOptions, int | None], Iterator[LogPiece]]:
    """Give the reader of a format."""

    def pieces(
        source: Source, options: ReadOptions, piece_bytes: int | None = None
    ) -> Iterator[LogPiece]:
        times = times_of(options, source.shown)
        for rows in known_rows(source, known, piece_bytes):
            yield finish(rows, known, options, source.shown, times)

    return pieces


def finish(
    rows: Rows,
    known: KnownColumns,
    options: ReadOptions,
    shown: str,
    times: Times,
) -> LogPiece:
    """Make readings of rows; rows of neighbour cells are set aside with that reason."""
    kept, aside = without_neighbours(rows, known.neighbour)
    fields = Fields.of(kept)
    mapping = known_mapping(known.columns, options, kept.names, shown)
    ready = {"line": kept.line, "raw": kept.raw}
    readings, clock = map_readings(fields, mapping, ready, times)
    return LogPiece(readings, _in_line_order(rows.malformed, aside), fields.problems, clock)


def without_neighbours(rows: Rows, mark: tuple[str, str] | None) -> tuple[Rows, pa.Table]:
    """Split off rows of neighbour cells: their level is not the service's."""
    if mark is None or mark[0] not in rows.columns:
        return rows, malformed_table([], [], [])
    is_neighbour = pc.equal(pc.utf8_lower(rows.columns[mark[0]]), mark[1])
    aside = pc.fill_null(is_neighbour, False)
    keep = pc.invert(aside)
    kept = Rows(
        rows.names,
        {n: c.filter(keep) for n, c in rows.columns.items()},
        rows.line.filter(keep),
        rows.raw.filter(keep),
        rows.malformed,
        rows.problems,
    )
    lines, raws = rows.line.filter(aside).to_pylist(), rows.raw.filter(aside).to_pylist()
    details = [f"{mark[0]} is {mark[1]}: a neighbour cell, not the serving one"] * len(lines)
    return kept, malformed_table(lines, details, raws, NEIGHBOUR)


def _in_line_order(first: pa.Table, second: pa.Table) -> pa.Table:
    both = pa.concat_tables([first, second]).combine_chunks()
    order = np.argsort(both["line"].to_numpy(), kind="stable")
    return both.take(pa.array(order))
