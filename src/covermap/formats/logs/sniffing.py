"""Looks at the head of a file without ever raising for what is in it."""

from __future__ import annotations

import codecs

from covermap.errors import InputError
from covermap.formats.source import Source
from covermap.formats.text import decode


def head_text(source: Source, n: int = 65_536) -> str:
    """First `n` bytes as text; empty for binary or empty content."""
    data = source.head(n)
    if len(data) == n:
        data = _whole_lines(data)
    try:
        return decode(data, source.shown).text
    except InputError:
        return ""


def _whole_lines(data: bytes) -> bytes:
    """Cut after the last line end, so that no character is cut in two (UTF-16 is left alone)."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or data.find(b"\x00") >= 0:
        return data
    end = data.rfind(b"\n")
    return data[: end + 1] if end > 0 else data


def first_line(source: Source) -> str:
    """First line that is not blank; empty when there is none."""
    return next((line for line in head_text(source).split("\n") if line.strip()), "")
