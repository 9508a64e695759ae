r"""Delimited text to columns of strings, vectorised, with the physical line of every record.

Physical lines are counted as an editor counts them: blank lines count, a quoted field with a line
break makes one record of several lines (numbered by its first), `\r\n` is one line end.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.errors import FormatError
from covermap.formats.logs.base import malformed_table
from covermap.formats.problem import Problem
from covermap.formats.text import Decoded

Surplus = Literal["blank", "uniform"]
"""Which fields beyond the header's names are tolerated: blank ones, or also the same number of
unnamed ones in every row."""

WHITESPACE = "whitespace"
"""As a delimiter: any run of spaces and tabs, as in tables aligned for the eye."""
DELIMITERS = ("\t", ";", ",", "|", " ")

LONGEST_RECORD_LINES = 50
"""A quoted field over more lines than this is a quote that was never closed."""


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


@dataclass(frozen=True)
class _Records:
    """Non-blank records: text, first line, and those with a quote that never closes."""

    text: pa.Array
    line: np.ndarray
    unclosed: np.ndarray


def header_names(line: str, delimiter: str) -> list[str]:
    r"""Split a header line into names; blank names at its end are dropped.

    Line breaks and runs of spaces inside a name become one space.

    Examples
    --------
    >>> header_names('Time\tLevel\t', '\t')
    ['Time', 'Level']
    """
    line = line.lstrip("\ufeff")
    parts = line.split() if delimiter == WHITESPACE else _parse_quoted(line, delimiter)
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
    records = _after_preamble(_records(decoded.text, delimiter), comments)
    names = header_names(records.text[0].as_py(), delimiter)
    twice = sorted({n for n in names if n and names.count(n) > 1})
    if twice:
        raise FormatError(
            f"{shown}: line {records.line[0]}: two columns are named {twice[0]!r}; rename one."
        )
    text, line = records.text.slice(1), records.line[1:]
    fields, counts = _split(text, delimiter)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else counts
    fits, problems = _fitting(fields, starts, counts, line, len(names), surplus)
    fits &= ~records.unclosed[1:]
    columns = {
        name: fields.take(pa.array(starts[fits] + i)) for i, name in enumerate(names) if name
    }
    return Rows(
        tuple(names),
        columns,
        pa.array(line[fits], pa.int64()),
        text.filter(pa.array(fits)),
        _malformed(text, line, counts, ~fits, records.unclosed[1:], len(names)),
        (*decoded.problems, *problems),
    )


def _after_preamble(records: _Records, comments: bool) -> _Records:
    first = 0
    while first < len(records.text) - 1 and _preamble(records.text[first].as_py(), comments):
        first += 1
    return _Records(records.text.slice(first), records.line[first:], records.unclosed[first:])


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
    surplus: Surplus,
) -> tuple[np.ndarray, list[Problem]]:
    """Tell which records fit, and count those with tolerated surplus fields."""
    extra = counts - names
    fits = extra == 0
    if not len(counts) or fits.all():
        return fits, []
    filled = np.concatenate(
        [[0], np.cumsum(pc.not_equal(fields, "").to_numpy(zero_copy_only=False))]
    )
    surplus_filled = filled[starts + counts] - filled[np.minimum(starts + names, starts + counts)]
    blank = (extra > 0) & (surplus_filled == 0)
    problems = _extra_field(blank & (counts > names), line, fields, starts + names, "ignored")
    named = (extra > 0) & ~blank
    if surplus == "uniform" and named.any() and (extra == extra[named][0]).all():
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


def _split(text: pa.Array, delimiter: str) -> tuple[pa.Array, np.ndarray]:
    """Split records into fields: all fields one after another, and how many each record has."""
    if delimiter == WHITESPACE:
        lists = pc.split_pattern_regex(pc.utf8_trim_whitespace(text), r"[ \t]+")
    elif delimiter == " ":
        lists = pc.split_pattern(pc.replace_substring_regex(text, r" $", ""), " ")
    else:
        lists = pc.split_pattern(text, delimiter)
    quoted = pc.match_substring(text, '"')
    if pc.any(quoted).as_py():
        lists = _with_quoted(lists, text, quoted, delimiter)
    counts = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    return pc.utf8_trim_whitespace(pc.list_flatten(lists)), counts


def _with_quoted(lists: pa.Array, text: pa.Array, quoted: pa.Array, delimiter: str) -> pa.Array:
    """Replace the naive split of records with quotes by the csv module's."""
    mark = " " if delimiter == WHITESPACE else delimiter
    records = text.filter(quoted).to_pylist()
    parsed = _parse_together(records, mark) or [_parse_quoted(t, mark) for t in records]
    both = pa.concat_arrays([lists, pa.array(parsed, lists.type)])
    index = np.arange(len(lists))
    at = np.flatnonzero(quoted.to_numpy(zero_copy_only=False))
    index[at] = len(lists) + np.arange(len(at))
    return both.take(pa.array(index))


def _parse_together(records: list[str], mark: str) -> list[list[str]] | None:
    """Split records in one go; None where a quote would join one record to the next."""
    reader = csv.reader(records, delimiter=mark, skipinitialspace=mark == " ")
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if reader.line_num != len(rows):
                return None
    except csv.Error:
        return None
    return rows


def _parse_quoted(record: str, mark: str) -> list[str]:
    """Split one record; a field too long for the csv module is a quote gone wrong: one field."""
    try:
        return next(csv.reader([record], delimiter=mark, skipinitialspace=mark == " "))
    except csv.Error:
        return [record]


def _records(text: str, delimiter: str) -> _Records:
    """Join the physical lines of quoted fields; leave blank lines out; keep line numbers."""
    lines = pc.list_flatten(pc.split_pattern(pa.array([text], pa.large_string()), "\n"))
    lines = pc.utf8_rtrim(lines, "\r")
    number = np.arange(1, len(lines) + 1)
    unclosed = np.zeros(len(lines), bool)
    if '"' in text:
        lines, number, unclosed = _joined(lines, delimiter)
    blank = pc.equal(pc.utf8_trim_whitespace(lines), "").to_numpy(zero_copy_only=False)
    return _Records(lines.filter(pa.array(~blank)), number[~blank], unclosed[~blank])


def _joined(lines: pa.Array, delimiter: str) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Put lines together that a quote holds together, and mark those whose quote never closes.

    A quote opens only at the start of a field: in `5" mast` it is an inch.
    """
    mark = r"[ \t]" if delimiter == WHITESPACE else re.escape(delimiter)
    opens = pc.match_substring_regex(lines, f'(^|{mark})[ \t]*"').to_numpy(zero_copy_only=False)
    odd = (pc.count_substring(lines, '"').to_numpy(zero_copy_only=False) % 2).astype(bool)
    unclosed = np.zeros(len(lines), bool)
    starts = np.ones(len(lines), bool)
    at, opened = np.flatnonzero(odd), -1
    for i in at.tolist():
        if opened < 0:
            opened = i if opens[i] else -1
        elif i - opened < LONGEST_RECORD_LINES:
            starts[opened + 1 : i + 1] = False
            opened = -1
        else:
            unclosed[opened] = True
            opened = i if opens[i] else -1
    if opened >= 0:
        unclosed[opened] = True
    if starts.all():
        return lines, np.arange(1, len(lines) + 1), unclosed
    first = np.flatnonzero(starts)
    return _texts(lines, first), first + 1, unclosed[first]


def _texts(lines: pa.Array, first: np.ndarray) -> pa.Array:
    """Texts of records that begin at `first`; only those of several lines are put together."""
    ends = np.append(first[1:], len(lines))
    several = np.flatnonzero(ends - first > 1)
    joined = [
        "\n".join(lines.slice(a, b - a).to_pylist())
        for a, b in zip(first[several].tolist(), ends[several].tolist(), strict=True)
    ]
    index = first.copy()
    index[several] = len(lines) + np.arange(len(several))
    return pa.concat_arrays([lines, pa.array(joined, lines.type)]).take(pa.array(index))
