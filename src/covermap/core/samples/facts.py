"""What is known of a log only when all of it was seen, and rows are judged by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.samples.technology import operators
from covermap.core.samples.times import first_utc, in_future, never_set

NEEDED = ("time_ms", "time_text", "operator")


@dataclass(frozen=True)
class Declared:
    """What is known about a log besides its rows."""

    zone: dt.tzinfo | None
    """Zone of local times; None: times are UTC already."""
    has_times: bool
    now_ms: int
    datum: str
    operator: str | None = None
    """Operator of the SIM."""
    operators: Mapping[str, str] | None = None
    """Operator as written -> the name to use."""
    technology: str | None = None
    """Technology of rows that name none."""
    fixed: bool = False
    """The device does not move."""
    moves: bool = True
    """Rows of a run are those of one device on its way: not a probe's, not a crowd's."""
    max_gap_s: float = 60.0


@dataclass(frozen=True)
class Facts:
    """What some row of a log has."""

    timed: bool
    """A time, readable or not."""
    written: bool
    """The text of a time."""
    usable: bool
    """A time that is neither of the future nor of a clock that was never set."""
    named: bool
    """An operator's name."""


def facts_of(readings: Iterable[pa.Table], declared: Declared) -> Facts:
    """Find the facts of a log that comes as tables with the columns `NEEDED`."""
    timed = written = usable = named = False
    for rows in readings:
        time, text = rows.column("time_ms"), rows.column("time_text")
        written = written or text.null_count < rows.num_rows
        timed = timed or written or time.null_count < rows.num_rows
        usable = usable or _any_usable(time, declared)
        named = named or bool(operators(rows.column("operator"), declared.operators or {})[1])
        if timed and written and usable and named:
            break
    return Facts(timed, written, usable, named)


def _any_usable(time: pa.ChunkedArray, declared: Declared) -> bool:
    """Whether a time is usable; one that occurred twice counts as the first."""
    given = pc.drop_null(time).to_numpy().astype(np.int64)
    utc = given if declared.zone is None else first_utc(given, declared.zone)
    return bool((~in_future(utc, declared.now_ms) & ~never_set(utc)).any())
