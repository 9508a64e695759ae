"""Parts of a file by HTTP ranges (RFC 9110, 14): what a request asks for of so many bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from `start` up to, without, `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes in it."""
        return self.end - self.start


class OutsideError(Exception):
    """No byte of the file is in the range."""


def part_of(asked: str | None, size: int) -> Part | None:
    """Give the part that a `Range` header asks for; None: the whole file.

    A header that is no range of bytes is as none, and so is a list of ranges: a server may answer
    with the whole.

    Raises
    ------
    OutsideError
        The range begins behind the end of the file, or is of no byte.

    Examples
    --------
    >>> part_of("bytes=0-126", 1000), part_of("bytes=-100", 1000), part_of("bytes=990-2000", 1000)
    (Part(start=0, end=127), Part(start=900, end=1000), Part(start=990, end=1000))
    >>> part_of("bytes=0-1,4-5", 1000), part_of("lines=0-1", 1000), part_of(None, 1000)
    (None, None, None)
    """
    found = _ONE.fullmatch(asked.strip()) if asked else None
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None  # not a valid range at all
    if start >= end:
        raise OutsideError
    return Part(start, end)
