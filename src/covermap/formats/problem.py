"""One kind of problem found in a file: how often, where first, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A count of one kind of problem in one file, as table `problems` keeps it."""

    problem: str
    """Kind: `extra_field`, `mixed_encoding`, `sentinel_rsrp`, ..."""
    count: int
    """Rows that have it."""
    first_line: int | None
    """1-based line of the first; None: it is about the file as a whole."""
    example: str | None
    """The first value, as written; None: there is none to show."""
    action: str
    """What was done: kept, blanked, interpolated, rejected, declared."""
