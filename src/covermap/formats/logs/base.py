"""What a log reader is and what it delivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeVar

import pyarrow as pa

from covermap.formats.problem import Problem
from covermap.formats.source import Source
from covermap.tables import READINGS, conform

Taken = TypeVar("Taken")
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
    uniform: bool | None = None
    """Whether all records have the same fields too many, as a first reading found."""
    indoors: bool = False
    """The declaration names the place or key point of every row: it needs no coordinates."""


@dataclass(frozen=True)
class LogRead:
    """Everything in one log: rows read = readings + malformed."""

    readings: pa.Table
    """Schema READINGS, in file order."""
    malformed: pa.Table
    """Schema MALFORMED, in file order."""
    problems: list[Problem]
    time_kind: TimeKind


class Clock(Protocol):
    """How the times of a log are read once all of it was seen."""

    @property
    def kind(self) -> TimeKind:
        """Whose clock it is."""

    def parse(self, values: pa.Array) -> pa.Array:
        """Read times as written as int64 ms since 1970."""


@dataclass(frozen=True)
class Told:
    """The clock of a format that settles it: `time_ms` is read with each piece."""

    kind: TimeKind


@dataclass(frozen=True)
class LogPiece:
    """Some records of a log, in file order. `time_ms` waits for the clock, unless it is `Told`."""

    readings: pa.Table
    malformed: pa.Table
    problems: list[Problem]
    clock: Clock | Told
    """One for all pieces of a log; it is settled when the last piece was made."""


def timed(readings: pa.Table, clock: Clock | Told) -> pa.Table:
    """Read the times of readings, when all of their log was seen."""
    if isinstance(clock, Told):
        return readings
    text = readings.column("time_text").combine_chunks()
    place = readings.column_names.index("time_ms")
    return readings.set_column(place, readings.schema.field(place), clock.parse(text))


def joined(pieces: Sequence[LogPiece]) -> LogRead:
    """Make one log of its pieces."""
    last = pieces[-1]
    readings = pa.concat_tables([piece.readings for piece in pieces]).combine_chunks()
    return LogRead(
        timed(readings, last.clock),
        pa.concat_tables([piece.malformed for piece in pieces]).combine_chunks(),
        added_up([problem for piece in pieces for problem in piece.problems]),
        last.clock.kind,
    )


def added_up(problems: Iterable[Problem]) -> list[Problem]:
    """Add up problems of one kind and action; the first line's example stands."""
    made: dict[tuple[str, str], Problem] = {}
    for one in problems:
        held = made.get((one.problem, one.action))
        made[one.problem, one.action] = one if held is None else _sum(held, one)
    return list(made.values())


def _sum(a: Problem, b: Problem) -> Problem:
    lines = (a.first_line, b.first_line)
    first = b if None not in lines and min(lines) == b.first_line != a.first_line else a  # type: ignore[type-var]
    return replace(first, count=a.count + b.count)


class ReconsiderError(Exception):
    """What was assumed of a whole log at its first piece is not so: read it again, as told."""

    def __init__(self, uniform: bool) -> None:
        super().__init__(uniform)
        self.uniform = uniform


@dataclass(frozen=True)
class LogFormat:
    """One log format: how to recognise it and how to read it."""

    name: str
    title: str
    sniff: Callable[[Source], float]
    """How sure, from 0 (not this) to 1; looks at the head only, never raises for bad content."""
    pieces: Callable[[Source, ReadOptions, int | None], Iterator[LogPiece]]
    """Read records of about so many bytes at a time; None: all at once. See `read_with`."""
    held: float = 0.0
    """Bytes of memory per byte of a file of which all must be held; 0: it is read in pieces."""

    def read(self, source: Source, options: ReadOptions) -> LogRead:
        """Read a whole log."""
        return self.read_with(
            lambda pieces: joined(list(pieces)), source, options, piece_bytes=None
        )

    def read_with(
        self,
        take: Callable[[Iterator[LogPiece]], Taken],
        source: Source,
        options: ReadOptions,
        piece_bytes: int | None,
    ) -> Taken:
        """Give the pieces of a log to a function; it may be called again, with all of them."""
        try:
            return take(self.pieces(source, options, piece_bytes))
        except ReconsiderError as found:
            again = replace(options, uniform=found.uniform)
            return take(self.pieces(source, again, piece_bytes))


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
