"""What counts as one test, where a log gives a result once, holds it, or counts every second.

A test is what a tester would call one: an attempt of some seconds with one result. Logs tell it in
three manners, told apart per device of a run and column by how the rows follow each other:

- `each`: a row a result. The rows that have a value are further apart than `CLOSE_S`; crowd data
  always; calls and latency always, unless held.
- `held`: results written again row after row until the next comes: rows are close, and
  `HELD_SHARE` of them equal the one before. A test is where the value changes.
- `counter`: the rate of each second, as a modem counts it. Rows are close and change. The time in
  which a rate is given without a gap of `CLOSE_S`, on one operator and technology, is one
  transfer; it is cut into equal tests of about `TEST_S`, the length of usual speed tests (a
  transfer of 34 s is three tests of 11.3 s). A test's rate is the mean of its seconds. Transfers
  shorter than `SHORTEST_S` are no tests: they are counted, not taken.

A counter runs in both directions, but a download sends acknowledgements up. Where one direction
carries less than `ACKNOWLEDGING` of the other it was not tested; this is asked of the whole run of
a device first, then of every test. A declaration of what was tested stands above it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from covermap.core.cube.samples import group_numbers
from covermap.core.quality.medians import medians

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RATES = {"downlink": "dl_kbps", "uplink": "ul_kbps"}
OUTCOMES = {"stall": "stalled", "connect": "connected"}
KINDS = {**RATES, "latency": "latency_ms", **OUTCOMES}
"""Kinds of tests -> the column of samples that holds what they measured."""
NEEDED = ("run_id", "device_id", "time", "source", "operator", "technology", "service",
          *KINDS.values())  # fmt: skip
"""Columns of samples that are asked for."""

CLOSE_S = 3.0
TEST_S = 10.0
SHORTEST_S = 5.0
HELD_SHARE = 0.8
ACKNOWLEDGING = 0.05
"""TCP acknowledges with about 1 to 3 % of what it received; real runs of downloads have 0.1 to
1.9 % of their volume in the other direction."""
_EACH, _HELD, _COUNTER = 0, 1, 2
_MILLI = 1000.0


@dataclass(frozen=True)
class Tests:
    """Tests of samples, one row each."""

    row: Ints
    """Row of the sample that the test is told of by: the middle one of its rows."""
    kind: NDArray[np.int8]
    """Number in `KINDS`."""
    value: Ints
    """bit/s, microseconds, or 0 and 1."""
    short: dict[str, int]
    """Kind -> transfers that were too short for a test."""


@dataclass(frozen=True)
class _Rows:
    """Rows in the order of their tracks: one device in one run."""

    row: Ints
    track: Ints
    time_s: Floats
    """NaN: no time."""
    layer: Ints
    crowd: Bools
    value: dict[str, Floats]
    """By kind; NaN: not tested."""


def find_tests(samples: pa.Table, declared: Collection[str] | None = None) -> Tests:
    """Find the tests in samples of whole runs.

    Parameters
    ----------
    samples
        Rows with the columns `NEEDED`, in the order of ``tables.SAMPLES``.
    declared
        Kinds that were tested; None: those that the rows speak of.
    """
    rows = _in_tracks(samples)
    wanted = [kind for kind in KINDS if declared is None or kind in declared]
    made, short = [], {}
    windows = _windows(rows)
    for kind in wanted:
        value = rows.value[kind]
        there = np.flatnonzero(np.isfinite(value))
        if not len(there):
            continue
        manner = _manner(rows, there, kind)
        made.append((kind, *_results(rows, there, manner, kind)))
        if kind in RATES or kind == "stall":
            counted = manner[rows.track] == _COUNTER
            tested, count = _tested(rows, windows, kind, counted, declared is not None)
            made.append((kind, *tested))
            if count:
                short[kind] = count
    return _joined(made, rows, short)


def _in_tracks(samples: pa.Table) -> _Rows:
    """Take the rows that have any result, those of one device in one run together."""
    told = np.zeros(samples.num_rows, bool)
    for name in KINDS.values():
        told |= samples.column(name).is_valid().to_numpy()
    row = np.flatnonzero(told)
    samples = samples.select(NEEDED).take(pa.array(row))
    track = _codes(samples, "run_id") * (len(row) + 1) + _codes(samples, "device_id")
    track = np.unique(track, return_inverse=True)[1].astype(np.int64)
    order = np.argsort(track, kind="stable")
    served = samples.column("service").to_numpy().astype(bool)
    layer = group_numbers(samples, ("operator", "technology"), served)[1].astype(np.int64)
    time_s = samples.column("time").cast(pa.int64()).cast(pa.float64()).to_numpy() / _MILLI
    crowd = pc.equal(samples.column("source").cast(pa.string()), "app").to_numpy()
    value = {kind: _floats(samples, name)[order] for kind, name in KINDS.items()}
    for found in value.values():
        found[found < 0] = np.nan
    return _Rows(row[order], track[order], time_s[order], layer[order], crowd[order], value)


def _codes(samples: pa.Table, name: str) -> Ints:
    """Give equal texts of a column equal numbers, in the order in which they come; null: 0."""
    coded = samples.column(name).cast(pa.string()).combine_chunks().dictionary_encode()
    return pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1


def _floats(samples: pa.Table, name: str) -> Floats:
    column = samples.column(name).cast(pa.float64())
    return np.array(column.to_numpy(), np.float64)


def _manner(rows: _Rows, there: Ints, kind: str) -> NDArray[np.int8]:
    """Tell for each track in which manner a column gives its results."""
    tracks = int(rows.track.max(initial=-1)) + 1
    track, time_s, value = rows.track[there], rows.time_s[there], rows.value[kind][there]
    gap = np.diff(time_s)
    pair = np.flatnonzero((np.diff(track) == 0) & np.isfinite(gap) & ~rows.crowd[there][1:])
    close = medians(track[1:][pair], gap[pair], tracks) <= CLOSE_S
    telling = pair[(value[1:][pair] > 0) | (value[:-1][pair] > 0)]
    same = np.bincount(track[1:][telling], value[1:][telling] == value[:-1][telling], tracks)
    held = same >= HELD_SHARE * np.maximum(np.bincount(track[1:][telling], minlength=tracks), 1)
    manner = np.where(held, _HELD, _COUNTER if kind in RATES else _EACH)
    if kind in OUTCOMES:
        manner[:] = _COUNTER if kind == "stall" else _EACH
    return np.where(close, manner, _EACH).astype(np.int8)


def _results(rows: _Rows, there: Ints, manner: NDArray[np.int8], kind: str) -> tuple[Ints, Ints]:
    """Rows, and values, of tests that have a row of their own."""
    track, value = rows.track[there], rows.value[kind][there]
    new = np.ones(len(there), bool)
    new[1:] = (np.diff(track) != 0) | (np.diff(value) != 0)
    new[1:] |= ~(np.diff(rows.time_s[there]) <= CLOSE_S)
    own = manner[track]
    kept = there[(own == _EACH) | ((own == _HELD) & new)]
    return kept, _whole(rows.value[kind][kept], kind)


def _whole(value: Floats, kind: str) -> Ints:
    return np.rint(value * (1.0 if kind in OUTCOMES else _MILLI)).astype(np.int64)


def _windows(rows: _Rows) -> Ints:
    """Window of each row, from 0 on, one after the other; -1: none, -2 and less: too short.

    A window is a part of a transfer, or of any other time in which rows follow closely.
    """
    given = np.zeros(len(rows.row), bool)
    for kind in (*RATES, "stall"):
        given |= np.isfinite(rows.value[kind])
    given &= np.isfinite(rows.time_s)
    some = np.flatnonzero(given)
    made = np.full(len(rows.row), -1, np.int64)
    made[some] = _cut(rows.track[some], rows.time_s[some], rows.layer[some])
    return made


@njit(cache=True)
def _cut(track, time_s, layer):  # type: ignore[no-untyped-def]
    made = np.empty(len(track), np.int64)
    first, windows, short = 0, 0, 0
    for i in range(1, len(track) + 1):
        if (
            i < len(track)
            and track[i] == track[first]
            and layer[i] == layer[first]
            and time_s[i] - time_s[i - 1] <= CLOSE_S
        ):
            continue
        rows = i - first
        span = time_s[i - 1] - time_s[first]
        lasted = span + (span / (rows - 1) if rows > 1 else 0.0)
        if lasted < SHORTEST_S:
            short += 1
            made[first:i] = -1 - short
        else:
            parts = max(1, int(lasted / TEST_S + 0.5))
            for j in range(first, i):
                part = int((time_s[j] - time_s[first]) / (lasted / parts))
                made[j] = windows + min(part, parts - 1)
            windows += parts
        first = i
    return made


def _tested(
    rows: _Rows, windows: Ints, kind: str, counted: Bools, declared: bool
) -> tuple[tuple[Ints, Ints], int]:
    """Give row and value of each window's test of a kind, and how many transfers were too short."""
    mine = counted & np.isfinite(rows.value[kind])
    short = len(np.unique(windows[mine & (windows < -1)]))
    at = np.flatnonzero(mine & (windows >= 0))
    if kind in RATES and not declared:
        at = at[_carrying(rows, windows, kind)[at]]
    number, first, count = np.unique(windows[at], return_index=True, return_counts=True)
    place = np.repeat(np.arange(len(number)), count)
    whole = _whole(rows.value[kind][at], kind)
    total = np.zeros(len(number), np.int64)
    np.add.at(total, place, whole)
    value = (total > 0).astype(np.int64) if kind in OUTCOMES else (2 * total + count) // (2 * count)
    return (at[first + (count - 1) // 2], value), short


def _carrying(rows: _Rows, windows: Ints, kind: str) -> Bools:
    """Rows of whose track and window the volume in this direction is no acknowledgement."""
    other = next(name for name in RATES if name != kind)
    own, back = (np.nan_to_num(rows.value[name]) for name in (kind, other))
    made = np.ones(len(own), bool)
    for group in (rows.track, np.maximum(windows, -1) + 1):
        volumes = [np.bincount(group, volume) for volume in (own, back)]
        made &= (volumes[0] >= ACKNOWLEDGING * volumes[1])[group]
    return made


def _joined(made: list[tuple[str, Ints, Ints]], rows: _Rows, short: dict[str, int]) -> Tests:
    names = list(KINDS)
    empty = np.zeros(0, np.int64)
    at = np.concatenate([empty, *(own for _, own, _ in made)])
    kind = np.concatenate(
        [empty, *(np.full(len(own), names.index(name), np.int64) for name, own, _ in made)]
    )
    value = np.concatenate([empty, *(values for _, _, values in made)])
    row = rows.row[at]
    order = np.lexsort((row, kind))
    return Tests(row[order], kind[order].astype(np.int8), value[order], short)
