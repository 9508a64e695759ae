"""A text to records, and records to fields, vectorised: quotes, line breaks in them, blanks.

Physical lines are counted as an editor counts them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

WHITESPACE = "whitespace"
"""As a delimiter: any run of spaces and tabs, as in tables aligned for the eye."""

LONGEST_RECORD_LINES = 50
"""A quoted field over more lines than this is a quote that was never closed."""


@dataclass(frozen=True)
class Records:
    """Non-blank records: text, first line, and those with a quote that never closes."""

    text: pa.Array
    line: np.ndarray
    unclosed: np.ndarray


def split_fields(text: pa.Array, delimiter: str) -> tuple[pa.Array, np.ndarray]:
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
    """Replace the naive split of records with quotes: of plain ones at once, others by `csv`."""
    mark = " " if delimiter == WHITESPACE else delimiter
    plain = pc.and_(quoted, _plainly_quoted(text, mark))
    odd = pc.and_(quoted, pc.invert(plain))
    records = text.filter(odd).to_pylist()
    parsed = _parse_together(records, mark) or [parse_quoted(t, mark) for t in records]
    both = pa.concat_arrays(
        [lists, _split_plainly_quoted(text.filter(plain), mark), pa.array(parsed, lists.type)]
    )
    index = np.arange(len(lists))
    at = np.concatenate([np.flatnonzero(m.to_numpy(zero_copy_only=False)) for m in (plain, odd)])
    index[at] = len(lists) + np.arange(len(at))
    return both.take(pa.array(index))


_UNIT = "\x1f"
"""Stands for a delimiter inside quotes while a record is split; records that have it are not."""


def _plainly_quoted(text: pa.Array, mark: str) -> pa.Array:
    """Tell records in which each field is quoted as a whole, without quotes inside, or not at all.

    Where spaces part fields, none is: there the csv module skips some of them.
    """
    if mark == " ":
        return pa.repeat(pa.scalar(False), len(text))
    free, held = f'[^"{_UNIT}{_escaped(mark)}]*', f'"[^"{_UNIT}]*"'
    return pc.match_substring_regex(
        text, rf"^(?:{free}|{held})(?:{re.escape(mark)}(?:{free}|{held}))*$"
    )


def _escaped(mark: str) -> str:
    return r"\t" if mark == "\t" else mark


def _split_plainly_quoted(text: pa.Array, mark: str) -> pa.Array:
    """Split such records: what stands between an odd quote and the next is no delimiter."""
    parts = pc.split_pattern(text, '"')
    flat, counts = pc.list_flatten(parts), pc.list_value_length(parts)
    first = np.concatenate([[0], np.cumsum(counts.to_numpy(zero_copy_only=False))]).astype(np.int64)
    inside = (np.arange(len(flat)) - np.repeat(first[:-1], np.diff(first))) % 2 == 1
    flat = pc.if_else(pa.array(inside), pc.replace_substring(flat, mark, _UNIT), flat)
    whole = pc.binary_join(_lists(flat, first, parts.type), pa.scalar("", flat.type))
    lists = pc.split_pattern(whole, mark)
    fields = pc.replace_substring(pc.list_flatten(lists), _UNIT, mark)
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    return _lists(fields, np.concatenate([[0], np.cumsum(lengths)]), lists.type)


def _lists(values: pa.Array, offsets: np.ndarray, kind: pa.DataType) -> pa.Array:
    wide = pa.types.is_large_list(kind)
    made = pa.LargeListArray if wide else pa.ListArray
    return made.from_arrays(pa.array(offsets, pa.int64() if wide else pa.int32()), values)


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


def parse_quoted(record: str, mark: str) -> list[str]:
    """Split one record; a field too long for the csv module is a quote gone wrong: one field."""
    try:
        return next(csv.reader([record], delimiter=mark, skipinitialspace=mark == " "))
    except csv.Error:
        return [record]


def split_records(text: str, delimiter: str, first: int, *, last: bool) -> tuple[Records, str]:
    """Join the physical lines of quoted fields; leave blank lines out; keep line numbers.

    Unless this is the last piece of a text, lines whose quote may yet close are given back.
    """
    lines = pc.list_flatten(pc.split_pattern(pa.array([text], pa.large_string()), "\n"))
    lines = pc.utf8_rtrim(lines, "\r")
    number = np.arange(len(lines))
    unclosed = np.zeros(len(lines), bool)
    rest = ""
    if '"' in text:
        joined, end = _joined(lines, delimiter, last=last)
        rest = "\n".join(lines.slice(end).to_pylist())
        lines, number, unclosed = joined
    blank = pc.equal(pc.utf8_trim_whitespace(lines), "").to_numpy(zero_copy_only=False)
    made = Records(lines.filter(pa.array(~blank)), number[~blank] + first, unclosed[~blank])
    return made, rest


def _joined(
    lines: pa.Array, delimiter: str, *, last: bool
) -> tuple[tuple[pa.Array, np.ndarray, np.ndarray], int]:
    """Put lines together that a quote holds together, and mark those whose quote never closes.

    A quote opens only at the start of a field: in `5" mast` it is an inch. Gives the records, the
    number of the line that each begins with, which are unclosed, and the number of lines used.
    """
    mark = r"[ \t]" if delimiter == WHITESPACE else re.escape(delimiter)
    opens = pc.match_substring_regex(lines, f'(^|{mark})[ \t]*"').to_numpy(zero_copy_only=False)
    odd = (pc.count_substring(lines, '"').to_numpy(zero_copy_only=False) % 2).astype(bool)
    unclosed = np.zeros(len(lines), bool)
    starts = np.ones(len(lines), bool)
    at, opened, end = np.flatnonzero(odd), -1, len(lines)
    for i in at.tolist():
        if opened < 0:
            opened = i if opens[i] else -1
        elif i - opened < LONGEST_RECORD_LINES:
            starts[opened + 1 : i + 1] = False
            opened = -1
        else:
            unclosed[opened] = True
            opened = i if opens[i] else -1
    if opened >= 0 and not last and end - opened < LONGEST_RECORD_LINES:
        end = opened  # the quote may close in the next piece
    elif opened >= 0:
        unclosed[opened] = True
    first = np.flatnonzero(starts[:end])
    if len(first) == len(lines):
        return (lines, first, unclosed), end
    return (_texts(lines.slice(0, end), first), first, unclosed[first]), end


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
