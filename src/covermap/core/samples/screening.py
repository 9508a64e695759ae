"""Screen readings: turn what a log says into values that can be used, and note what cannot.

Rows keep their place until the canonical order is known. Each part reads what the parts before it
left. Counts of problems are over all rows read, duplicates included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.samples.clean import JUDGED, Cleaned, clean_fields
from covermap.core.samples.coordinates import Coordinates, read_coordinates
from covermap.core.samples.duplicates import exact_duplicates
from covermap.core.samples.facts import Declared, Facts, facts_of
from covermap.core.samples.findings import Notes
from covermap.core.samples.limits import OK, SENTINEL
from covermap.core.samples.order import backwards, canonical_order, repeats, same_as_before
from covermap.core.samples.parting import count_positions, numbered, part_devices, part_runs
from covermap.core.samples.positions import Placed, Track
from covermap.core.samples.technology import (
    BLANK,
    NAMES,
    NO_SERVICE,
    UNKNOWN,
    majority,
    operator_name,
    operators,
    technology_codes,
)
from covermap.core.samples.times import in_future, never_set, to_utc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

MEASURED = ("rsrp_dbm", "dl_kbps", "ul_kbps", "latency_ms")
SAID = ("stalled", "connected")
"""Outcomes of tests that a row states. A row with none of both, and no statement of service, says
nothing."""
FILE_SWAPPED = "file_swapped"
"""Found where positions are exchanged; it stands if they are in most rows of the log."""
TEXTS = ("device", "mark", "place", "key_point", "floor", "cell_id", "band", "tac")


@dataclass(frozen=True)
class Operators:
    """Operator of each row as an index into names, and of each run's SIM (-1: mixed)."""

    index: Ints
    names: list[str]
    sim: Ints


@dataclass(frozen=True)
class Screened:
    """Readings as values. Arrays are in file order, but `placed`, which is in canonical order."""

    notes: Notes
    run: Ints
    """Of the pieces that runs are parted into, numbered in the order of the runs."""
    written_run: Ints
    """For each of these, the run as the file has it, and its number among that one's pieces."""
    piece: Ints
    line: Ints
    time_ms: Ints
    """UTC; 0 where there is no usable time."""
    timed: Bools
    technology: Codes
    no_service: Bools
    operators: Operators
    fields: dict[str, Floats]
    order: Ints
    """Row numbers in canonical order; of equal rows the lowest line is first."""
    placed: Placed


def screen(
    readings: pa.Table, run: Ints, runs: int, declared: Declared, facts: Facts | None = None
) -> Screened:
    """Screen the rows of one log, or of some of its runs.

    Parameters
    ----------
    readings : pa.Table
        Schema READINGS.
    run : array of int64
        Run of each row, 0 <= run < runs, in the order in which runs are to be sorted.
    runs : int
        Number of runs.
    declared : Declared
        What is known besides.
    facts : Facts, optional
        What is known of the whole log, where these are only some of its runs.
    """
    if facts is None:
        facts = facts_of([readings], declared)
    notes = Notes.blank(readings.num_rows)
    line = _numbers(readings, "line").astype(np.int64)
    notes.reject(exact_duplicates(readings), "duplicate", "equal in every field to an earlier row")
    time_ms, timed = _times(readings, run, declared, facts, notes)
    technology, no_service = _technologies(readings, declared, notes)
    named = _operators(readings, run, runs, no_service, declared, facts, notes)
    where = _coordinates(readings, run, no_service, declared, notes)
    clean = _signals(readings, run, technology, no_service, notes)
    values = _values(readings, named, technology, clean.fields)
    table = pa.table({**values, "line": pa.array(line)})
    order = canonical_order(run, time_ms, where.lon, where.lat, table)
    _count_repeats(values, where, run, order, notes)
    usable = timed | (not facts.usable or not declared.has_times)
    track = _track(readings, run, time_ms, timed, usable, where, clean.fields, order)
    order, track = part_devices(readings, order, track, declared, notes)
    made, placed = part_runs(readings, order, track, declared, notes)
    count_positions(readings, order, placed, notes)
    own, written_run, piece = numbered(run, runs, order, made)
    named = Operators(named.index, named.names, named.sim[written_run])
    return Screened(
        notes, own, written_run, piece, line, time_ms, timed, technology, no_service, named,
        clean.fields, order, placed,
    )  # fmt: skip


def _numbers(readings: pa.Table, name: str) -> Floats:
    """Give a column as float64, NaN where null, zero without a sign."""
    column = readings.column(name).cast(pa.float64())
    values: Floats = column.to_numpy(zero_copy_only=False) + 0.0
    return values


def _given(readings: pa.Table, name: str) -> Bools:
    mask: Bools = readings.column(name).is_valid().to_numpy(zero_copy_only=False)
    return mask


def _times(
    readings: pa.Table, run: Ints, declared: Declared, facts: Facts, notes: Notes
) -> tuple[Ints, Bools]:
    """UTC time of each row, and whether it has a usable one."""
    column, text = readings.column("time_ms"), readings.column("time_text")
    timed, written = _given(readings, "time_ms"), _given(readings, "time_text")
    if not declared.has_times or not facts.timed:
        return np.zeros(run.size, dtype=np.int64), np.zeros(run.size, dtype=bool)
    notes.reject(~timed & written, "bad_time", "time ", text, " cannot be read")
    notes.reject(~timed, "no_time", "the row has no time, others have")
    time_ms = pc.fill_null(column, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    if declared.zone is not None:
        utc = to_utc(time_ms, declared.zone, run)
        time_ms, twice, never = utc.time_ms, timed & utc.ambiguous, timed & utc.skipped
        notes.find("ambiguous_time", twice, "taken as the first hour, or as the run shows", text)
        notes.find("skipped_time", never, "read with the offset before the change", text)
    shown = text if facts.written else column
    future, old = timed & in_future(time_ms, declared.now_ms), timed & never_set(time_ms)
    notes.reject(future, "time_in_future", "time ", shown, " is later than now")
    notes.reject(old, "time_too_old", "time ", shown, " is before 1990")
    notes.find("repeated_time", repeats(run, time_ms, timed), "kept", shown)
    notes.find("clock_backwards", backwards(run, time_ms, timed), "sorted by time", shown)
    usable = timed & ~future & ~old
    return np.where(usable, time_ms, 0), usable


def _technologies(readings: pa.Table, declared: Declared, notes: Notes) -> tuple[Codes, Bools]:
    """Technology of each row, and whether the row states that there is no service."""
    written, stated = readings.column("technology"), readings.column("service")
    codes = technology_codes(written)
    if declared.technology is not None:
        own = technology_codes(pa.array([declared.technology]))[0]
        codes = np.where(codes == BLANK, own, codes)
    served = pc.fill_null(stated, True).to_numpy(zero_copy_only=False)
    no_service: Bools = ~served | (~_given(readings, "service") & (codes == NO_SERVICE))
    bad = ~no_service & ((codes < 0) | (codes == NO_SERVICE))
    notes.reject(bad, "unknown_technology", "technology ", written)
    unknown = codes == UNKNOWN
    notes.find("no_service", no_service, "kept: evidence of no coverage", written)
    notes.find("unknown_technology", unknown, "rejected unless without service", written)
    return np.where(no_service, NO_SERVICE, codes).astype(np.int8), no_service


def _operators(
    readings: pa.Table,
    run: Ints,
    runs: int,
    no_service: Bools,
    declared: Declared,
    facts: Facts,
    notes: Notes,
) -> Operators:
    """Operators of rows: who names none has the declared one, else that of most of the run."""
    written, aliases = readings.column("operator"), declared.operators or {}
    index, names = operators(written, aliases)
    blank = (index == -1) & facts.named  # a log without any operators has no blank ones
    own = operator_name(declared.operator or "", aliases)
    if own and own not in names:
        names = [*names, own]
    most = majority(index, run, runs)
    sim = np.full(runs, names.index(own)) if own else most
    other = (index >= 0) & (most[run] >= 0) & (index != most[run])
    action = "taken as the SIM's operator"
    notes.find("blank_operator", blank & ~no_service, action, written)
    notes.find("blank_operator_without_service", blank & no_service, action, written)
    notes.find("junk_operator", index == -2, action, written)
    notes.find("other_operator", other, "kept as it is written", written)
    index = np.where(index < 0, sim[run], index)
    advice = ": declare `operator` for this input"
    notes.reject(index < 0, "no_operator", "operator ", written, advice)
    return Operators(index, names, sim)


def _coordinates(
    readings: pa.Table,
    run: Ints,
    no_service: Bools,
    declared: Declared,
    notes: Notes,
) -> Coordinates:
    """Positions in WGS-84; rows without one are rejected.

    Kept are those that state that there is no service, those of runs with station marks, and those
    that name a place or key point: indoors there is no GPS.
    """
    x, y = _numbers(readings, "x"), _numbers(readings, "y")
    found = read_coordinates(x, y, declared.datum, run)
    spared = no_service | _marked_runs(readings, run)[run] | _named_indoors(readings)
    shown = ("x = ", x, ", y = ", y)
    kinds = (
        ("no_position", found.missing, ""),
        ("position_zero", found.zero, ""),
        ("position_out_of_range", found.outside, f" is outside the range of {declared.datum}"),
        ("position_swapped", found.swapped, ": exchange x and y in `columns`"),
    )
    for reason, rows, rule in kinds:
        notes.reject(rows & ~spared, reason, *shown, rule)
        notes.find(reason, rows & spared, "kept without its position", *shown)
    notes.find(FILE_SWAPPED, found.swapped, "rejected: exchange x and y", *shown)
    return found


def _named_indoors(readings: pa.Table) -> Bools:
    """Rows that name the place or key point that they were measured in."""
    return _given(readings, "place") | _given(readings, "key_point")


def _marked_runs(readings: pa.Table, run: Ints) -> Bools:
    """For each run: whether a tester stamped a station in it."""
    marked = np.zeros(int(run.max(initial=-1)) + 1, dtype=bool)
    marked[run[_given(readings, "mark")]] = True
    return marked


def _signals(
    readings: pa.Table, run: Ints, technology: Codes, no_service: Bools, notes: Notes
) -> Cleaned:
    """Fields without impossible values; rejects rows in which nothing is left."""
    fields = {name: _numbers(readings, name) for name in JUDGED}
    clean = clean_fields(fields, technology, no_service, run)
    notes.add(clean.findings)
    empty = ~no_service
    for name in MEASURED:
        empty &= np.isnan(clean.fields[name])
    for name in SAID:
        empty &= ~_given(readings, name)
    sentinel = clean.level_status == SENTINEL
    impossible = (clean.level_status != OK) & ~sentinel
    names = pa.array(np.append(NAMES, ["unknown"] * 2)[technology])
    said = ("level ", clean.level_written, " dBm")
    notes.reject(empty & sentinel, "sentinel", *said, " is a placeholder")
    rule = (*said, " is outside what ", names, " can report")
    notes.reject(empty & impossible, "impossible_signal", *rule)
    notes.reject(
        empty, "no_measurement", "no level, rate, latency, outcome of a test or no-service mark"
    )
    return clean


def _values(
    readings: pa.Table, named: Operators, technology: Codes, fields: Mapping[str, Floats]
) -> dict[str, pa.Array]:
    """Everything that a sample keeps besides run, time and position."""
    ranks = np.argsort(np.argsort(named.names)) if named.names else np.zeros(0, dtype=np.int64)
    by_name = np.append(ranks, -1)[named.index]
    return {
        "operator": pa.array(by_name),
        "technology": pa.array(technology),
        **{name: pa.array(values, from_pandas=True) for name, values in fields.items()},
        **{name: readings.column(name) for name in TEXTS},
    }


def _count_repeats(
    values: Mapping[str, pa.Array], where: Coordinates, run: Ints, order: Ints, notes: Notes
) -> None:
    """Count rows that say in all but time what the row before them said."""
    everything = {**values, "lon": pa.array(where.lon), "lat": pa.array(where.lat)}
    found = same_as_before(run, order, everything) & (notes.code < 0)
    notes.find("repeated_reading", found, "kept")


def _track(
    readings: pa.Table, run: Ints, time_ms: Ints, timed: Bools, usable: Bools, where: Coordinates,
    fields: Mapping[str, Floats], order: Ints,
) -> Track:  # fmt: skip
    """Give rows in canonical order."""
    lon, lat = np.where(usable, where.lon, np.nan), np.where(usable, where.lat, np.nan)
    marked = _marked_runs(readings, run)[run]
    speed = np.where(marked, np.nan, fields["speed_mps"])  # underground, zero may mean 'lost'
    return Track(
        run[order], time_ms[order], timed[order], lon[order], lat[order],
        fields["accuracy_m"][order], speed[order],
    )  # fmt: skip
