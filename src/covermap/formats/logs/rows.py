r"""Delimited text to columns of strings, vectorised, with the physical line of every record.

Physical lines are counted as an editor counts them: blank lines count, a quoted field with a line
break makes one record of several lines (numbered by its first), `\r\n` is one line end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.errors import FormatError
from covermap.formats.logs.base import ReconsiderError, malformed_table
from covermap.formats.logs.records import (
    LONGEST_RECORD_LINES,
    WHITESPACE,
    Records,
    parse_quoted,
    split_fields,
    split_records,
)
from covermap.formats.problem import Problem
from covermap.formats.text import Decoded

Surplus = Literal["blank", "uniform"]
"""Which fields beyond the header's names are tolerated: blank ones, or also the same number of
unnamed ones in every row."""

DELIMITERS = ("\t", ";", ",", "|", " ")


@dataclass(frozen=True)
class Rows:
    """Records of a file that fit its header, as strings, white space around them removed."""

    names: tuple[str, ...]
    columns: dict[str, pa.Array]
    line: pa.Array
    raw: pa.Array
    malformed: pa.Table
    problems: tuple[Problem, ...]

    @property
    def count(self) -> int:
        """Records that fit."""
        return len(self.line)


def header_names(line: str, delimiter: str) -> list[str]:
    r"""Split a header line into names; blank names at its end are dropped.

    Line breaks and runs of spaces inside a name become one space.

    Examples
    --------
    >>> header_names('Time\tLevel\t', '\t')
    ['Time', 'Level']
    """
    line = line.lstrip("\ufeff")
    parts = line.split() if delimiter == WHITESPACE else parse_quoted(line, delimiter)
    names = [" ".join(n.split()) for n in parts]
    while names and not names[-1]:
        names.pop()
    return names


def guess_delimiter(header: str) -> str:
    """Tell the delimiter by the header line: the candidate that gives most names.

    Spaces count only where nothing else splits; several in a row mean an aligned table.
    """
    counts = {d: len(header_names(header, d)) for d in DELIMITERS[:-1]}
    best = max(counts, key=lambda d: counts[d])
    if counts[best] > 1:
        return best
    return WHITESPACE if "  " in header.strip() else " "


def header_line(text: str, *, comments: bool = False) -> str:
    """First record that is not blank (nor `sep=;`, nor a `#` comment where those are allowed)."""
    for line in text.split("\n", LONGEST_RECORD_LINES):
        if line.strip() and not _preamble(line, comments):
            return line
    return ""


def _preamble(line: str, comments: bool) -> bool:
    start = line.lstrip("\ufeff ")
    return start.lower().startswith("sep=") or (comments and start.startswith("#"))


class _Surplus:
    """Whether every record of a file has the same number of fields that the header does not name.

    A file read in pieces is taken for what its first piece is; what an earlier try found of all
    of it stands, though a first piece may not show it.
    """

    def __init__(self, tolerated: Surplus, assumed: bool | None) -> None:
        self.assumed = False if tolerated == "blank" else assumed
        self._settled = self.assumed is not None
        self._extra: set[int] = set()
        self._named = False

    def see(self, extra: np.ndarray, named: np.ndarray) -> bool:
        """Take a piece into account: fields too many, and whether some of them are not blank."""
        if self._settled:
            return bool(self.assumed)
        self._extra.update(np.unique(extra).tolist())
        self._named = self._named or bool(named.any())
        if self.assumed is None:
            self.assumed = self._so
        elif self.assumed and not self._so:
            raise ReconsiderError(uniform=False)
        return self.assumed

    def end(self) -> None:
        """Check what was assumed, when all was seen."""
        if not self._settled and self._so and not self.assumed:
            raise ReconsiderError(uniform=True)

    @property
    def _so(self) -> bool:
        return self._named and len(self._extra) == 1


def read_rows(
    decoded: Decoded,
    shown: str,
    delimiter: str,
    surplus: Surplus = "blank",
    *,
    comments: bool = False,
) -> Rows:
    """Split a text into the columns that its first line names.

    A record with fewer fields than names, or with surplus fields that are not tolerated, is
    malformed. Tolerated ones are counted as problem `extra_field`.

    Raises
    ------
    FormatError
        Two columns of one name.
    """
    return next(row_pieces(iter([decoded]), shown, delimiter, surplus, comments=comments))


def row_pieces(
    texts: Iterable[Decoded],
    shown: str,
    delimiter: str,
    surplus: Surplus = "blank",
    *,
    comments: bool = False,
    uniform: bool | None = None,
) -> Iterator[Rows]:
    """Split a text that comes in pieces of whole lines as :func:`read_rows` splits it whole.

    Parameters
    ----------
    uniform
        Whether all records have the same surplus, as an earlier try found; None: not known.

    Raises
    ------
    FormatError
        Two columns of one name.
    ReconsiderError
        The surplus of fields is not what the first piece showed.
    """
    extra = _Surplus(surplus, uniform)
    names: list[str] = []
    held, line = "", 1
    for decoded, last in _and_last(texts):
        text = held + decoded.text
        records, rest = split_records(text, delimiter, line, last=last)
        if not names:
            records = _after_preamble(records, comments)
            if not last and not _begun(records, comments):
                held = text + "\n"
                continue
            names = _checked_names(records, delimiter, shown)
            records = Records(records.text.slice(1), records.line[1:], records.unclosed[1:])
        yield _rows(records, names, delimiter, extra, decoded.problems)
        held = rest + "\n" if rest else ""
        line += text.count("\n") + 1 - (rest.count("\n") + 1 if rest else 0)
    extra.end()


def _and_last(texts: Iterable[Decoded]) -> Iterator[tuple[Decoded, bool]]:
    """Yield each piece, and whether it is the last."""
    pieces = iter(texts)
    held = next(pieces)
    for piece in pieces:
        yield held, False
        held = piece
    yield held, True


def _begun(records: Records, comments: bool) -> bool:
    return len(records.text) > 0 and not _preamble(records.text[0].as_py(), comments)


def _checked_names(records: Records, delimiter: str, shown: str) -> list[str]:
    names = header_names(records.text[0].as_py(), delimiter)
    twice = sorted({n for n in names if n and names.count(n) > 1})
    if twice:
        raise FormatError(
            f"{shown}: line {records.line[0]}: two columns are named {twice[0]!r}; rename one."
        )
    return names


def _rows(
    records: Records,
    names: list[str],
    delimiter: str,
    extra: _Surplus,
    found: tuple[Problem, ...],
) -> Rows:
    text, line = records.text, records.line
    fields, counts = split_fields(text, delimiter)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else counts
    fits, problems = _fitting(fields, starts, counts, line, len(names), extra)
    fits &= ~records.unclosed
    columns = {
        name: fields.take(pa.array(starts[fits] + i)) for i, name in enumerate(names) if name
    }
    return Rows(
        tuple(names),
        columns,
        pa.array(line[fits], pa.int64()),
        text.filter(pa.array(fits)),
        _malformed(text, line, counts, ~fits, records.unclosed, len(names)),
        (*found, *problems),
    )


def _after_preamble(records: Records, comments: bool) -> Records:
    first = 0
    while first < len(records.text) - 1 and _preamble(records.text[first].as_py(), comments):
        first += 1
    return Records(records.text.slice(first), records.line[first:], records.unclosed[first:])


def _malformed(
    text: pa.Array,
    line: np.ndarray,
    counts: np.ndarray,
    bad: np.ndarray,
    unclosed: np.ndarray,
    names: int,
) -> pa.Table:
    at = np.flatnonzero(bad)
    details = [
        "a quote is opened and not closed"
        if unclosed[i]
        else f"{counts[i]} fields under a header of {names} names"
        for i in at
    ]
    return malformed_table(line[at].tolist(), details, text.take(pa.array(at)).to_pylist())


def _fitting(
    fields: pa.Array,
    starts: np.ndarray,
    counts: np.ndarray,
    line: np.ndarray,
    names: int,
    surplus: _Surplus,
) -> tuple[np.ndarray, list[Problem]]:
    """Tell which records fit, and count those with tolerated surplus fields."""
    extra = counts - names
    fits = extra == 0
    if not len(counts):
        return fits, []
    if fits.all():
        surplus.see(extra, ~fits)
        return fits, []
    filled = np.concatenate(
        [[0], np.cumsum(pc.not_equal(fields, "").to_numpy(zero_copy_only=False))]
    )
    surplus_filled = filled[starts + counts] - filled[np.minimum(starts + names, starts + counts)]
    blank = (extra > 0) & (surplus_filled == 0)
    problems = _extra_field(blank & (counts > names), line, fields, starts + names, "ignored")
    named = (extra > 0) & ~blank
    if surplus.see(extra, named):
        action = "ignored: the header does not name them"
        every = np.ones(len(counts), bool)
        return every, _extra_field(every, line, fields, starts + names, action)
    return fits | blank, problems


def _extra_field(
    which: np.ndarray, line: np.ndarray, fields: pa.Array, position: np.ndarray, action: str
) -> list[Problem]:
    at = np.flatnonzero(which)
    if not len(at):
        return []
    example = fields[int(position[at[0]])].as_py()
    return [Problem("extra_field", len(at), int(line[at[0]]), example, action)]
