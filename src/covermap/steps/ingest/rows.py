"""Rows of a log, or of some of its runs, to samples, rejected rows, problems and runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.samples.clean import JUDGED
from covermap.core.samples.facts import Facts
from covermap.core.samples.findings import Finding
from covermap.core.samples.positions import Placed
from covermap.core.samples.screening import FILE_SWAPPED, SAID, Screened, screen
from covermap.core.samples.technology import NAMES
from covermap.core.samples.times import periods
from covermap.formats.logs import LogRead, added_up
from covermap.formats.problem import Problem
from covermap.steps.ingest.origin import INDOORS, Origin, constant, declared, named_where
from covermap.tables import (
    POSITION_BASES,
    PROBLEMS,
    REJECTED,
    RUNS,
    SAMPLES,
    TS,
    conform,
    in_order,
    nan_as_null,
)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class OfLog:
    """What some runs of a log must know of all of it."""

    facts: Facts
    several: bool
    """Whether it has several runs: their ids then end in what tells them apart."""


@dataclass(frozen=True)
class Judged:
    """What the readings of a log, or of some of its runs, came to; each table in its order."""

    samples: pa.Table
    rejected: pa.Table
    found: list[Problem]
    runs: pa.Table


def judge_rows(log: LogRead, origin: Origin, of: OfLog | None = None) -> Judged:
    """Sort out readings of whole runs; None of a whole log: these are all of it."""
    readings = named_where(log.readings, origin.declaration).combine_chunks()
    run, run_ids = _runs(readings.column("run_key"), origin, of.several if of else None)
    said = declared(log.time_kind, origin)
    rows = screen(readings, run, len(run_ids), said, of.facts if of else None)
    rows, run_ids = _named_pieces(rows, run_ids)
    return Judged(
        _samples(readings, rows, run_ids, origin),
        _rejected(readings, rows, origin),
        _problems(readings, rows, log, origin),
        _runs_table(rows, run_ids, origin),
    )


def _runs(keys: pa.ChunkedArray, origin: Origin, several: bool | None) -> tuple[Ints, list[str]]:
    """Run of each row as its rank among the sorted run ids, and these ids.

    The file's name is followed by a few digits of a hash of its whole path: files of one name in
    different folders, or archives, stay apart.
    """
    inner = PurePosixPath(origin.file.rsplit("!", 1)[-1])
    stem = PurePosixPath(inner.name.removesuffix(".gz")).stem
    mark = hashlib.sha256(origin.file.encode()).hexdigest()[:6]
    base = f"{origin.declaration.name}/{stem}~{mark}"
    coded = keys.combine_chunks().dictionary_encode()
    index = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    written = coded.dictionary.to_pylist()
    if several is None:
        several = len(written) + bool((index < 0).any()) > 1
    names = [f"{base}/{key}" if several else base for key in written]
    names.append(base)
    ids = sorted({names[i] for i in np.unique(index)} or {base})
    rank = {name: i for i, name in enumerate(ids)}
    return np.array([rank.get(name, 0) for name in names], dtype=np.int64)[index], ids


def _named_pieces(rows: Screened, written: list[str]) -> tuple[Screened, list[str]]:
    """Give each piece of a run its id, and number the pieces in the order of these.

    A run that is not parted keeps its id; pieces of others end in /part-001 and so on.
    """
    if not len(rows.written_run):
        return rows, written
    several = np.bincount(rows.written_run)[rows.written_run] > 1
    names = [
        f"{written[run]}/part-{piece + 1:03d}" if parted else written[run]
        for run, piece, parted in zip(rows.written_run, rows.piece, several, strict=True)
    ]
    if not several.any():
        return rows, names
    by_name = np.argsort(np.array(names), kind="stable")
    rank = np.argsort(by_name)
    run = rank[rows.run]
    turn = np.argsort(run[rows.order], kind="stable")
    columns = {f.name: getattr(rows.placed, f.name)[turn] for f in fields(rows.placed)}
    operators = replace(rows.operators, sim=rows.operators.sim[by_name])
    made = replace(
        rows, run=run, order=rows.order[turn], placed=Placed(**columns), operators=operators,
        written_run=rows.written_run[by_name], piece=rows.piece[by_name],
    )  # fmt: skip
    return made, [names[k] for k in by_name]


def _samples(readings: pa.Table, rows: Screened, run_ids: list[str], origin: Origin) -> pa.Table:
    """Give the accepted rows in canonical order."""
    kept = rows.notes.accepted[rows.order]
    at = rows.order[kept]
    run, timed, placed, said, n = (
        rows.run[at],
        rows.timed[at],
        rows.placed,
        origin.declaration,
        at.size,
    )
    operators = pa.array(rows.operators.names, pa.string())
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        name: nan_as_null(rows.fields[name][at]) for name in JUDGED if name in SAMPLES.names
    }
    for name in ("mark", *INDOORS, "cell_id", "band", "tac", *SAID):
        columns[name] = readings.column(name).take(pa.array(at))
    columns |= {
        "run_id": pa.array(run_ids).take(pa.array(run)),
        "seq": pa.array(np.arange(n) - np.searchsorted(run, run, side="left")),
        "campaign": constant(origin.campaign, n),
        "source": constant(said.source, n),
        "device_id": _devices(readings.column("device"), origin).take(pa.array(at)),
        "time": pa.array(rows.time_ms[at], mask=~timed).cast(TS),
        "lon": nan_as_null(placed.lon[kept]),
        "lat": nan_as_null(placed.lat[kept]),
        "position_basis": _named(placed.basis[kept], POSITION_BASES),
        "position_error_m": nan_as_null(placed.error_m[kept]),
        "operator": operators.take(pa.array(rows.operators.index[at])),
        "technology": _named(rows.technology[at], NAMES.tolist()),
        "service": pa.array(~rows.no_service[at]),
        "antenna": constant(said.antenna, n),
        "period": periods(rows.time_ms[at], timed, origin.config.grid.period),
        "simulated": constant(origin.simulated, n),
    }
    return conform(pa.table(columns), SAMPLES)  # in order already: runs are ranked by their id


def _devices(written: pa.ChunkedArray, origin: Origin) -> pa.Array:
    """Salted hash of each row's device, so that a device can be followed but not named."""
    coded = written.combine_chunks().dictionary_encode()
    salt = origin.config.workspace.salt
    hashes = [_hash(salt + str(device)) for device in coded.dictionary.to_pylist()]
    return pa.array(hashes, pa.string()).take(coded.indices)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rejected(readings: pa.Table, rows: Screened, origin: Origin) -> pa.Table:
    """Give the rows that were not accepted."""
    out = pa.array(~rows.notes.accepted)
    own = pa.table(
        {
            "line": readings.column("line").filter(out),
            "reason": rows.notes.reasons(),
            "detail": rows.notes.why(),
            "raw": readings.column("raw").filter(out),
        }
    )
    return origin.named(own, REJECTED)


def _problems(readings: pa.Table, rows: Screened, log: LogRead, origin: Origin) -> list[Problem]:
    """Count problems by kind."""
    own = [*rows.notes.findings, *_undeclared(readings, rows, log, origin)]
    return [_counted(f, rows.line) for f in own if f.rows.any()]


def problems_table(
    read: Sequence[Problem], found: Sequence[Problem], rows: int, origin: Origin
) -> pa.Table:
    """Give the problems of a log of so many rows as a table.

    Where the reader counted a kind already, its count stands.
    """
    known = {p.problem for p in read}
    own = [p for p in added_up(found) if p.problem not in known]
    found = [*read, *(p for p in own if p.problem != FILE_SWAPPED or 2 * p.count > rows)]
    table = pa.table(
        {
            "problem": pa.array([p.problem for p in found], pa.string()),
            "count": pa.array([p.count for p in found], pa.int64()),
            "first_line": pa.array([p.first_line for p in found], pa.int64()),
            "example": pa.array([p.example for p in found], pa.string()),
            "action": pa.array([p.action for p in found], pa.string()),
        }
    )
    return origin.named(table, PROBLEMS)


def _undeclared(readings: pa.Table, rows: Screened, log: LogRead, origin: Origin) -> list[Finding]:
    """Say what had to be taken for granted because it was not declared."""
    found = []
    if log.time_kind == "local" and "timezone" not in origin.declaration.model_fields_set:
        action = "taken as UTC: declare timezone"
        clock = (readings.column("time_text"),)
        found.append(Finding("zone_not_declared", rows.timed, action, clock))
    if origin.declaration.datum is None:
        given = readings.column("x").is_valid().to_numpy(zero_copy_only=False)
        found.append(Finding("datum_not_declared", given, "taken as WGS-84, as GPS gives it"))
    return found


def _counted(finding: Finding, line: Ints) -> Problem:
    rows = np.flatnonzero(finding.rows)
    first = int(rows[np.argmin(line[rows])])
    example = finding.example(first)
    return Problem(finding.problem, rows.size, int(line[first]), example, finding.action)


def runs_table(tables: Sequence[pa.Table], malformed: int) -> pa.Table:
    """Bring runs into order. Records that could not be split belong to the first."""
    table = in_order(pa.concat_tables(tables), RUNS)
    more = np.zeros(table.num_rows, dtype=np.int64)
    more[0] = malformed
    for name in ("read", "rejected"):
        place = table.column_names.index(name)
        total = pc.add(table.column(name), pa.array(more))
        table = table.set_column(place, table.schema.field(place), total)
    return table


def _runs_table(rows: Screened, run_ids: list[str], origin: Origin) -> pa.Table:
    """One row a run."""
    runs, said = len(run_ids), origin.declaration
    read = np.bincount(rows.run, minlength=runs)
    kept = np.bincount(rows.run[rows.notes.accepted], minlength=runs)
    first, last = _spans(rows, runs)
    sim = rows.operators.sim
    columns = {
        "run_id": pa.array(run_ids),
        "campaign": constant(origin.campaign, runs),
        "source": constant(said.source, runs),
        "operator": pa.array(rows.operators.names, pa.string()).take(pa.array(sim, mask=sim < 0)),
        "read": pa.array(read),
        "accepted": pa.array(kept),
        "rejected": pa.array(read - kept),
        "first_time": first,
        "last_time": last,
        "distance_m": pa.array(
            np.bincount(rows.run[rows.order], rows.placed.step_m, minlength=runs)
        ),
    }
    return origin.named(pa.table(columns), RUNS)


def _spans(rows: Screened, runs: int) -> tuple[pa.Array, pa.Array]:
    """First and last time of each run's accepted rows; null where there is none."""
    at = np.flatnonzero(rows.notes.accepted & rows.timed)
    first = np.full(runs, np.iinfo(np.int64).max)
    last = np.full(runs, np.iinfo(np.int64).min)
    np.minimum.at(first, rows.run[at], rows.time_ms[at])
    np.maximum.at(last, rows.run[at], rows.time_ms[at])
    none = first > last
    return pa.array(first, mask=none).cast(TS), pa.array(last, mask=none).cast(TS)


def _named(codes: NDArray[np.int8], names: Sequence[str]) -> pa.Array:
    """Text of each code."""
    return pa.array(names, pa.string()).take(pa.array(codes))
