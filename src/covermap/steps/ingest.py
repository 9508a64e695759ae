"""Ingest one source: what a log reader delivers becomes samples, rejected rows, problems, runs.

Every row that was read is accepted or rejected, with one reason; what was mended, or kept in spite
of a fault, is counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.datum import parse_datum
from covermap.core.samples.clean import JUDGED
from covermap.core.samples.findings import Finding
from covermap.core.samples.positions import Placed
from covermap.core.samples.screening import Declared, Screened, screen
from covermap.core.samples.technology import NAMES
from covermap.core.samples.times import periods
from covermap.errors import DatumError, NotKnownError
from covermap.formats.logs import FORMATS, LogRead, ReadOptions
from covermap.formats.problem import Problem
from covermap.formats.source import Source
from covermap.tables import (
    POSITION_BASES,
    PROBLEMS,
    REJECTED,
    RUNS,
    SAMPLES,
    TS,
    Table,
    conform,
    in_order,
    nan_as_null,
)
from covermap.workspace import Config, Measurements

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAPPED_FORMATS = ("table",)
"""Formats whose coordinates can be anything: the datum must be declared."""


@dataclass(frozen=True)
class Ingested:
    """The four tables of one source, in the form and order that `tables.py` states."""

    samples: pa.Table
    rejected: pa.Table
    problems: pa.Table
    runs: pa.Table


@dataclass(frozen=True)
class Origin:
    """Where rows come from and what was declared about them."""

    file: str
    """As shown in tables."""
    declaration: Measurements
    config: Config
    now_ms: int

    @property
    def campaign(self) -> str:
        """Runs made together: as declared, else the input's name."""
        return self.declaration.campaign or self.declaration.name

    @property
    def simulated(self) -> bool:
        """Whether the rows were made by the simulator."""
        return self.declaration.simulated or self.config.workspace.simulated

    def named(self, rows: pa.Table, table: Table) -> pa.Table:
        """Add input and file, and bring the rows into a table's form and order."""
        rows = rows.append_column("input", _constant(self.declaration.name, rows.num_rows))
        rows = rows.append_column("file", _constant(self.file, rows.num_rows))
        return in_order(conform(rows.select(table.names), table), table)


def ingest_source(
    source: Source, declaration: Measurements, config: Config, now_ms: int
) -> Ingested:
    """Read one source and sort out its rows.

    Parameters
    ----------
    source : Source
        A log.
    declaration : Measurements
        What `covermap.toml` says about it.
    config : Config
        For `[positions]` and `[workspace]`.
    now_ms : int
        The build's clock, ms since 1970 UTC: later times are rejected.

    Raises
    ------
    NotKnownError
        The declared format is not one of `FORMATS`.
    DatumError
        The datum is not declared and the format does not settle it, or it is unknown.
    InputError
        The file cannot be read at all.
    """
    known = FORMATS.get(declaration.format)
    if known is None:
        raise NotKnownError(
            f"input {declaration.name}: no format {declaration.format!r}. "
            f"There are: {', '.join(FORMATS)}."
        )
    options = ReadOptions(declaration.columns, declaration.units, declaration.sheet)
    log = known.read(source, options)
    return ingest_log(log, Origin(source.shown, declaration, config, now_ms))


def ingest_log(log: LogRead, origin: Origin) -> Ingested:
    """Sort out the rows that a reader delivered; law: accepted + rejected = read."""
    readings = log.readings.combine_chunks()
    run, run_ids = _runs(readings.column("run_key"), origin)
    rows = screen(readings, run, len(run_ids), _declared(log, origin))
    rows, run_ids = _named_pieces(rows, run_ids)
    return Ingested(
        _samples(readings, rows, run_ids, origin),
        _rejected(readings, rows, log.malformed, origin),
        _problems(readings, rows, log, origin),
        _runs_table(rows, run_ids, log.malformed.num_rows, origin),
    )


def _declared(log: LogRead, origin: Origin) -> Declared:
    said = origin.declaration
    return Declared(
        zone=ZoneInfo(said.timezone) if log.time_kind == "local" else None,
        has_times=log.time_kind != "none",
        now_ms=origin.now_ms,
        datum=_datum(origin),
        operator=said.operator,
        operators=said.operators,
        technology=said.technology,
        fixed=said.source == "probe" or said.antenna == "fixed",
        moves=said.source == "drive" and said.antenna != "fixed",
        max_gap_s=origin.config.positions.max_gap_s,
    )


def _datum(origin: Origin) -> str:
    """Datum by its canonical name, as declared or as the format settles it."""
    declared = origin.declaration.datum or _datum_of_format(origin)
    try:
        return parse_datum(declared)
    except DatumError as error:
        raise DatumError(f"input {origin.declaration.name}: {error}") from None


def _datum_of_format(origin: Origin) -> str:
    """GPS receivers give WGS-84, and so do the logs of phones; a mapped table can have anything."""
    if origin.declaration.format in MAPPED_FORMATS:
        raise DatumError(
            f"input {origin.declaration.name}: the datum is not declared, and {origin.file} "
            'cannot tell. Add datum = "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n".'
        )
    return "wgs84"


def _runs(keys: pa.ChunkedArray, origin: Origin) -> tuple[Ints, list[str]]:
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
    for name in ("mark", "cell_id", "band", "tac"):
        columns[name] = readings.column(name).take(pa.array(at))
    columns |= {
        "run_id": pa.array(run_ids).take(pa.array(run)),
        "seq": pa.array(np.arange(n) - np.searchsorted(run, run, side="left")),
        "campaign": _constant(origin.campaign, n),
        "source": _constant(said.source, n),
        "device_id": _devices(readings.column("device"), origin).take(pa.array(at)),
        "time": pa.array(rows.time_ms[at], mask=~timed).cast(TS),
        "lon": nan_as_null(placed.lon[kept]),
        "lat": nan_as_null(placed.lat[kept]),
        "position_basis": _named(placed.basis[kept], POSITION_BASES),
        "position_error_m": nan_as_null(placed.error_m[kept]),
        "operator": operators.take(pa.array(rows.operators.index[at])),
        "technology": _named(rows.technology[at], NAMES.tolist()),
        "service": pa.array(~rows.no_service[at]),
        "antenna": _constant(said.antenna, n),
        "period": periods(rows.time_ms[at], timed, origin.config.grid.period),
        "simulated": _constant(origin.simulated, n),
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


def _rejected(readings: pa.Table, rows: Screened, malformed: pa.Table, origin: Origin) -> pa.Table:
    """Give the rows that were not accepted, those that the reader could not split among them."""
    out = pa.array(~rows.notes.accepted)
    own = pa.table(
        {
            "line": readings.column("line").filter(out),
            "reason": rows.notes.reasons(),
            "detail": rows.notes.why(),
            "raw": readings.column("raw").filter(out),
        }
    )
    others = malformed.select(own.column_names)
    return origin.named(pa.concat_tables([own, others], promote_options="permissive"), REJECTED)


def _problems(readings: pa.Table, rows: Screened, log: LogRead, origin: Origin) -> pa.Table:
    """Count problems by kind; where the reader counted a kind already, its count stands."""
    found = list(log.problems)
    known = {p.problem for p in found}
    own = [*rows.notes.findings, *_undeclared(readings, rows, log, origin)]
    found += [_counted(f, rows.line) for f in own if f.rows.any() and f.problem not in known]
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
        every = np.ones(readings.num_rows, dtype=bool)
        found.append(Finding("datum_not_declared", every, "taken as WGS-84, as GPS gives it"))
    return found


def _counted(finding: Finding, line: Ints) -> Problem:
    rows = np.flatnonzero(finding.rows)
    first = int(rows[np.argmin(line[rows])])
    example = finding.example(first)
    return Problem(finding.problem, rows.size, int(line[first]), example, finding.action)


def _runs_table(rows: Screened, run_ids: list[str], malformed: int, origin: Origin) -> pa.Table:
    """One row a run. Records that could not be split belong to the first run."""
    runs, said = len(run_ids), origin.declaration
    read = np.bincount(rows.run, minlength=runs)
    kept = np.bincount(rows.run[rows.notes.accepted], minlength=runs)
    read[0] += malformed
    first, last = _spans(rows, runs)
    sim = rows.operators.sim
    columns = {
        "run_id": pa.array(run_ids),
        "campaign": _constant(origin.campaign, runs),
        "source": _constant(said.source, runs),
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


def _constant(value: str | bool, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), n)


def _named(codes: NDArray[np.int8], names: Sequence[str]) -> pa.Array:
    """Text of each code."""
    return pa.array(names, pa.string()).take(pa.array(codes))
