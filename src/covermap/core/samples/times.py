"""Clock times as written to UTC, and clocks that cannot be right."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

QUARTER_MS = 15 * 60 * 1000
DAY_MS = 24 * 60 * 60 * 1000
YEAR_1990_MS = 631_152_000_000
YEAR_9999_MS = 253_370_764_800_000
EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class UtcTimes:
    """Times in UTC, with what daylight saving made of them. All arrays have one shape."""

    time_ms: Ints
    """ms since 1970-01-01 UTC."""
    ambiguous: Bools
    """The local time occurred twice (clocks went back)."""
    skipped: Bools
    """The local time never occurred (clocks went forward): read with the offset before."""


def to_utc(local_ms: Ints, zone: dt.tzinfo, run: Ints) -> UtcTimes:
    """Convert clock times of a zone to UTC.

    A time that occurred twice is taken as the first (summer time), unless its run has later times
    and no earlier ones: then the log began in the second hour. The rule looks at no row order.
    Offsets are asked once per distinct quarter of an hour; no zone changes within one since 1990.

    Parameters
    ----------
    local_ms : array of int64
        ms from 1970-01-01T00:00 to the clock's reading, as if it were UTC.
    zone : tzinfo
        Zone with folds as in PEP 495, for example a ZoneInfo.
    run : array of int64
        Run of each row, >= 0.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> utc = to_utc(np.array([0]), ZoneInfo("Asia/Shanghai"), np.array([0]))
    >>> utc.time_ms.tolist()
    [-28800000]
    """
    first, second = _offsets_ms(local_ms, zone, 0), _offsets_ms(local_ms, zone, 1)
    ambiguous, skipped = first > second, first < second
    late = ambiguous & _begins_there(local_ms, ambiguous, run)
    return UtcTimes(local_ms - np.where(late, second, first), ambiguous, skipped)


def first_utc(local_ms: Ints, zone: dt.tzinfo) -> Ints:
    """Convert clock times of a zone to UTC, a time that occurred twice as the first."""
    return local_ms - _offsets_ms(local_ms, zone, 0)


def _offsets_ms(local_ms: Ints, zone: dt.tzinfo, fold: int) -> Ints:
    quarters, index = np.unique(local_ms // QUARTER_MS, return_inverse=True)
    return np.array([_offset_ms(int(q), zone, fold) for q in quarters], dtype=np.int64)[index]


def _offset_ms(quarter: int, zone: dt.tzinfo, fold: int) -> int:
    clipped = min(max(quarter * QUARTER_MS, 0), YEAR_9999_MS)
    moment = (EPOCH + dt.timedelta(milliseconds=clipped)).replace(fold=fold)
    offset = zone.utcoffset(moment)
    return 0 if offset is None else round(offset.total_seconds() * 1000)


def _begins_there(local_ms: Ints, ambiguous: Bools, run: Ints) -> Bools:
    """Whether a row's run has sure times within a day after it and none within a day before it."""
    if not ambiguous.any():
        return ambiguous
    runs = int(run.max()) + 1
    hour_from = np.full(runs, np.iinfo(np.int64).max)
    np.minimum.at(hour_from, run[ambiguous], local_ms[ambiguous])
    sure = ~ambiguous & (hour_from[run] < np.iinfo(np.int64).max)
    gap = np.where(sure, local_ms - np.where(sure, hour_from[run], 0), 0)
    before, after = np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
    before[run[sure & (gap < 0) & (gap > -DAY_MS)]] = True
    after[run[sure & (gap > 0) & (gap < DAY_MS)]] = True
    return (after & ~before)[run]


def in_future(time_ms: Ints, now_ms: int) -> Bools:
    """Later than a day after now: clocks differ and zones are mistaken by less than that."""
    return time_ms > now_ms + DAY_MS


def never_set(time_ms: Ints) -> Bools:
    """Before 1990: a clock that starts at its epoch and was not set."""
    return time_ms < YEAR_1990_MS


def periods(time_ms: Ints, known: Bools, unit: str = "month") -> pa.Array:
    """Period of each time, in UTC; `undated` where it is not known.

    Parameters
    ----------
    unit
        `day` (2025-01-31), `month` (2025-01), `quarter` (2025-Q1) or `year` (2025).

    Examples
    --------
    >>> periods(np.array([0, 0]), np.array([True, False])).to_pylist()
    ['1970-01', 'undated']
    """
    step = {"day": "D", "year": "Y"}.get(unit, "M")
    start = np.where(known, time_ms, 0).astype("datetime64[ms]").astype(f"datetime64[{step}]")
    coded = pa.array(start.astype(np.int64), mask=~known).dictionary_encode()
    names = [_spelt(n, step, unit) for n in coded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(coded.indices).fill_null("undated")


def _spelt(number: int, step: str, unit: str) -> str:
    text = str(np.array(number, f"datetime64[{step}]"))
    if unit != "quarter":
        return text
    return f"{text[:4]}-Q{(int(text[5:7]) + 2) // 3}"
