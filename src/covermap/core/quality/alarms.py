"""Degradation of a fixed device against its own history: a robust cumulative sum of its days.

A day is told by how far its hours lie from what these hours of the day usually are, so that a busy
evening is no alarm and a night without reports does not look like a good day. Days are measured in
standard deviations of the device's own days: median and median absolute deviation of the last
`HISTORY` days before, without those of an alarm, nor the last `LAG` days. A cumulative sum takes
what each day is worse by, less `SLACK`, and raises an alarm above `LIMIT`; as a day counts for at
most `CLIP`, one odd day never does. E. S. Page, Biometrika 41 (1954) 100-115.

False alarms, found by simulation (no change, a year of days; held by tests): per device and figure
and year 0.05 where days vary normally, 0.12 with heavy tails (Student t, 4 degrees of freedom),
0.35 where a day is like the day before (correlation 0.3). A fall by two standard deviations is
found within 5 days in half of the cases, within 11 in nine of ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.quality.medians import medians

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HISTORY = 56
LEAST_DAYS = 14
"""Days of history below which nothing is told."""
LAG = 7
SLACK = 1.0
CLIP = 3.5
LIMIT = 6.0
_HELD = LIMIT + 2.0
"""The sum goes no higher, so that an alarm ends two usual days after the cure. It can be raised
anew only when the sum was back at nothing."""
_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
HOURS = 24


@dataclass(frozen=True)
class Days:
    """Days of series: one row a day from the first to the last of each, NaN without a report."""

    series: Ints
    day: Ints
    """Since 1970-01-01."""
    value: Floats


@dataclass(frozen=True)
class Alarms:
    """One row an alarm; rows of `Days` are given by their number."""

    first: Ints
    """Row since when it is worse."""
    raised: Ints
    last: Ints
    """Last row on which the sum is above the limit."""
    usual: Floats
    spread: Floats
    """Standard deviation of a day."""
    days: Ints
    """Days of history."""


def days_of(series: Ints, hour: Ints, value: Floats) -> Days:
    """Tell each day of series of hours by what these hours usually are.

    Parameters
    ----------
    series, hour
        Series, from 0, and hour since 1970 of each value; ascending.
    value
        NaN: nothing was reported.

    Returns
    -------
    Days
        Median over the hours of a day of value less the hour's usual difference from the series.
    """
    known = np.isfinite(value)
    count = int(series.max(initial=-1)) + 1
    usual = medians(series[known], value[known], count)
    slot = series * HOURS + hour % HOURS
    shape = medians(slot[known], value[known], count * HOURS) - np.repeat(usual, HOURS)
    day = hour // HOURS
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.full(count, -1)
    np.minimum.at(first, series, day)
    np.maximum.at(last, series, day)
    length = np.where(last >= first, last - first + 1, 0)
    start = np.cumsum(length) - length
    row = (start - first)[series] + day
    made = medians(row[known], (value - shape[slot])[known], int(length.sum()))
    number = np.repeat(np.arange(count), length)
    return Days(number, np.arange(len(number)) - (start - first)[number], made)


def alarms(days: Days, least: Floats, *, falling: bool) -> Alarms:
    """Find when series became worse than their own history.

    Parameters
    ----------
    least
        Per series: least standard deviation that is believed of a day.
    falling
        Whether lower is worse.
    """
    sign = -1.0 if falling else 1.0
    found = _watch(days.series, sign * days.value, least)
    first, raised, last, usual, spread, history = (np.array(part) for part in found)
    rows = [part.astype(np.int64) for part in (first, raised, last)]
    return Alarms(
        rows[0], rows[1], rows[2], sign * usual, spread.astype(np.float64),
        history.astype(np.int64),
    )  # fmt: skip


@njit(cache=True)
def _watch(series, value, least):  # type: ignore[no-untyped-def]
    """Watch series day by day; higher is worse."""
    firsts, raiseds, lasts = [0][:0], [0][:0], [0][:0]
    usuals, spreads, counts = [0.0][:0], [0.0][:0], [0][:0]
    quiet, past = np.ones(len(value), np.bool_), np.empty(HISTORY)
    begin, total, rise, alarm, held = 0, 0.0, -1, -1, 0
    usual, spread = 0.0, 1.0
    for i in range(len(value)):
        if i == 0 or series[i] != series[i - 1]:
            begin, total, rise, alarm, held = i, 0.0, -1, -1, 0
        before = i - LAG
        if before >= begin and quiet[before] and not np.isnan(value[before]):
            past[held % HISTORY] = value[before]
            held += 1
        if np.isnan(value[i]) or held < LEAST_DAYS:
            continue
        if alarm < 0:  # an alarm is told against what was usual before it
            known = past[: min(held, HISTORY)]
            usual = np.median(known)
            spread = max(_NORMAL * np.median(np.abs(known - usual)), least[series[i]])
        worse = min(max((value[i] - usual) / spread, -CLIP), CLIP)
        total = min(max(0.0, total + worse - SLACK), _HELD)
        if total == 0.0:
            rise, alarm = -1, -1
            continue
        if rise < 0:
            rise = i
        if alarm < 0 and total > LIMIT:
            alarm = len(firsts)
            firsts.append(rise)
            raiseds.append(i)
            lasts.append(i)
            usuals.append(usual)
            spreads.append(spread)
            counts.append(min(held, HISTORY))
            quiet[rise : i + 1] = False
        if alarm >= 0:
            quiet[i] = False
            if total > LIMIT:
                lasts[alarm] = i
    return firsts, raiseds, lasts, usuals, spreads, counts
