"""Bytes to text: which encoding, and what to do when a file has several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from covermap.errors import FormatError, InputError
from covermap.formats.problem import Problem

MAGICS = {
    b"SQLite format 3": "an SQLite database or GeoPackage",
    b"PAR1": "Parquet",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or spreadsheet",
    b"\x1f\x8b": "gzip",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xfd7zXZ": "xz compression",
    b"BZh": "bzip2 compression",
    b"\x28\xb5\x2f\xfd": "zstd compression",
    b"Rar!": "a RAR archive",
    b"\x7fELF": "a program",
    b"fgb\x03": "FlatGeobuf",
}
BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
HEAD = 65_536
REPLACE = "Fetch it again, or take it out of the input."


@dataclass(frozen=True)
class Decoded:
    """Text of a file, lines ended by line feeds, with its encoding and what was mended."""

    text: str
    encoding: str
    problems: tuple[Problem, ...] = ()


def decode(data: bytes, shown: str) -> Decoded:
    """Decode a whole file: UTF-8, UTF-8 or UTF-16 with mark, UTF-16, GB18030, else Latin-1.

    A file in which no single encoding holds is decoded line by line (UTF-8, then GB18030, then
    Latin-1), and the lines that are not UTF-8 are counted as `mixed_encoding`.

    Raises
    ------
    InputError
        No bytes, or nothing but white space.
    FormatError
        Binary.
    """
    if not data.strip():
        raise nothing_in(shown, len(data))
    encoding = marked(data) or utf16_without_mark(data[:HEAD])
    if encoding:
        try:
            return Decoded(_lines_ended(data.decode(encoding)), encoding)
        except UnicodeDecodeError as error:
            if encoding != "utf-8-sig":
                raise damaged_text(shown, encoding, error) from None
            data = data[3:]
    refuse_binary(data, shown)
    try:
        return Decoded(_lines_ended(data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError:
        return _other(data)


def nothing_in(shown: str, size: int) -> InputError:
    """Say that a file holds no text."""
    return InputError(f"{shown}: the file is empty ({size} bytes, no text). {REPLACE}")


def damaged_text(shown: str, encoding: str, error: UnicodeDecodeError) -> FormatError:
    """Say that a text in a known encoding breaks off or is damaged."""
    return FormatError(f"{shown}: damaged {encoding} text: {error}.")


def refuse_binary(data: bytes, shown: str) -> None:
    """Raise FormatError when the first bytes of a file are none of a text."""
    kind = binary_kind(data)
    if kind:
        raise FormatError(
            f"{shown}: binary data where text is expected: it looks like {kind}. Save it as text "
            "(CSV), or take it out of the input."
        )


def binary_kind(data: bytes) -> str | None:
    """Name the binary form that the bytes seem to have; None when they are text.

    Examples
    --------
    >>> binary_kind(b"PAR1....")
    'Parquet'
    >>> binary_kind("经度,纬度".encode("gb18030")) is None
    True
    """
    for magic, name in MAGICS.items():
        if data.startswith(magic):
            return name
    head = np.frombuffer(data[:HEAD], np.uint8)
    if head.size == 0 or marked(data) or utf16_without_mark(data[:HEAD]):
        return None
    control = (head < 32) & ~np.isin(head, (9, 10, 11, 12, 13, 27, 28, 29, 30, 31))
    # Some loggers leave a block of NUL after a crash: only the share decides.
    return "no text encoding" if control.mean() > 0.02 else None


def marked(data: bytes) -> str | None:
    """Name the encoding that a byte order mark tells."""
    return next((name for mark, name in BOMS if data.startswith(mark)), None)


def utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 of mostly Latin text has a zero in every second byte."""
    values = np.frombuffer(head[: len(head) & ~1], np.uint8)
    if values.size < 8:
        return None
    even, odd = (values[0::2] == 0).mean(), (values[1::2] == 0).mean()
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.05 else None


def _lines_ended(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return text


def _other(data: bytes) -> Decoded:
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    mixture = Mixture()
    mixture.see(lines)
    encoding = mixture.encoding
    if mixture.wide == 0:
        whole = _try(data, encoding)
        if whole is not None:
            return Decoded(_lines_ended(whole), encoding)
    return Decoded(mixed_text(lines), f"utf-8 and {encoding}", (mixture.problem,))


class Mixture:
    """What the lines of a text that is not UTF-8 tell of its encodings, some lines at a time."""

    def __init__(self) -> None:
        self.wide = 0
        """Lines of UTF-8 that are not ASCII."""
        self._seen = self._strange = self._first = self._high = self._paired = 0
        self._example = ""
        self._gb = True

    def see(self, lines: Sequence[bytes]) -> None:
        """Take the next lines into account."""
        strange = [i for i, line in enumerate(lines) if not _is_utf8(line)]
        self.wide += sum(1 for line in lines if not line.isascii()) - len(strange)
        if strange:
            if not self._strange:
                self._first = self._seen + strange[0] + 1
                self._example = _line(lines[strange[0]])[:120]
            data = b"\n".join(lines[i] for i in strange)
            high, paired = _high_bytes(data)
            self._high, self._paired = self._high + high, self._paired + paired
            self._gb = self._gb and _try(data, "gb18030") is not None
        self._strange += len(strange)
        self._seen += len(lines)

    @property
    def encoding(self) -> str:
        """The encoding of the lines that are not UTF-8."""
        return "gb18030" if _is_gb(self._high, self._paired) and self._gb else "latin-1"

    @property
    def problem(self) -> Problem:
        """Count of the lines that are not UTF-8."""
        action = f"decoded as {self.encoding}"
        return Problem("mixed_encoding", self._strange, self._first, self._example, action)


def mixed_text(lines: Sequence[bytes]) -> str:
    """Decode each line by itself: UTF-8, else GB18030 or Latin-1."""
    return "\n".join(_line(line) if not _is_utf8(line) else line.decode() for line in lines)


def _is_utf8(line: bytes) -> bool:
    return _try(line, "utf-8") is not None


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _line(line: bytes) -> str:
    text = _try(line, _single_byte_or_gb(line))
    return line.decode("latin-1") if text is None else text


def _single_byte_or_gb(data: bytes) -> str:
    """GB18030 where high bytes come in pairs (Chinese), Latin-1 where they stand alone (accents).

    GB18030 accepts most Latin-1 text too and makes rare characters of it; in real Chinese text
    nearly every high byte belongs to a pair in which both are at least 0xA1 (GB 2312's plane).
    """
    high, paired = _high_bytes(data)
    if _is_gb(high, paired) and _try(data, "gb18030") is not None:
        return "gb18030"
    return "latin-1"


def _high_bytes(data: bytes) -> tuple[int, int]:
    """Count bytes beyond ASCII, and those of them that come in pairs."""
    runs = re.findall(rb"[\xa1-\xfe]+", data)
    return sum(1 for byte in data if byte >= 0x80), sum(len(run) - len(run) % 2 for run in runs)


def _is_gb(high: int, paired: int) -> bool:
    return bool(high) and paired >= 0.6 * high
