"""A part of a simulated log: the rows of one device."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Rows of one device (crowd: of one operator's users) in one file."""

    key: tuple[str | int, ...]
    """Names the part's random generator."""
    plmn: str
    technology: str | None
    """None: the best that serves."""
    device: str
    start_ms: int
    """Of the first row of the whole trip, ms UTC."""
    first: int
    """First row of the trip that is in this part."""
    rows: int
    course: str | None = None
    reverse: bool = False
    interval_ms: int = 1000
    number: int = 0
    """Probes: which fixed place."""
