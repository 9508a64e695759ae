"""What a log reader is and what it delivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from covermap.formats.problem import Problem
from covermap.formats.source import Source
from covermap.tables import READINGS, conform

TimeKind = Literal["utc", "local", "none"]
"""What `time_ms` counts: the world's clock, a clock of a zone the file does not name, nothing."""

MALFORMED = pa.schema(
    [
        pa.field("line", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("raw", pa.string(), nullable=False),
    ]
)
"""Records that make no reading: not split into the header's fields, or of a neighbour cell.
`reason` is one of REJECT_REASONS."""


@dataclass(frozen=True)
class ReadOptions:
    """What the declaration says about how to read: see `workspace.Measurements`."""

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None


@dataclass(frozen=True)
class LogRead:
    """Everything in one log: rows read = readings + malformed."""

    readings: pa.Table
    """Schema READINGS, in file order."""
    malformed: pa.Table
    """Schema MALFORMED, in file order."""
    problems: list[Problem]
    time_kind: TimeKind


@dataclass(frozen=True)
class LogFormat:
    """One log format: how to recognise it and how to read it."""

    name: str
    title: str
    sniff: Callable[[Source], float]
    """How sure, from 0 (not this) to 1; looks at the head only, never raises for bad content."""
    read: Callable[[Source, ReadOptions], LogRead]


def malformed_table(
    lines: Sequence[int],
    details: Sequence[str],
    raws: Sequence[str],
    reason: str = "malformed_row",
) -> pa.Table:
    """Make the table of records that are no readings from parallel sequences."""
    reasons = [reason] * len(lines)
    return pa.table([list(lines), reasons, list(details), list(raws)], schema=MALFORMED)


def make_readings(columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    """Bring columns into READINGS: its order and types; those not given are null."""
    return conform(pa.table(dict(columns)), READINGS)
