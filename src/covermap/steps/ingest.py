"""Ingest one source: what a log reader delivers becomes samples, rejected rows, problems, runs.

Every row that was read is accepted or rejected, with one reason; what was mended or kept in spite
of a fault is counted. Counts of problems are over all rows read, duplicates included.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.clean import (
    JUDGED,
    Cleaned,
    Finding,
    Rejections,
    clean_fields,
    texts,
)
from covermap.core.coordinates import Coordinates, read_coordinates
from covermap.core.duplicates import exact_duplicates
from covermap.core.limits import OK, SENTINEL
from covermap.core.order import backwards, canonical_order, repeats
from covermap.core.positions import BETWEEN_FIXES, HELD, LOST, Placed, Track, place
from covermap.core.technology import (
    BLANK,
    NAMES,
    NO_SERVICE,
    UNKNOWN,
    majority,
    operator_name,
    operators,
    technology_codes,
)
from covermap.core.times import in_future, never_set, periods, to_utc
from covermap.errors import DatumError, NotKnownError
from covermap.formats.logs import FORMATS, LogRead, ReadOptions
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
)
from covermap.workspace import Config, Measurements

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

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
    def simulated(self) -> bool:
        """Whether the rows were made by the simulator."""
        return self.declaration.simulated or self.config.workspace.simulated


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
        The datum is not declared and the format does not settle it.
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
    rows = _Rows(log, origin)
    return Ingested(rows.samples(), rows.rejected(), rows.problems(), rows.runs())


class _Rows:
    """The rows of one source on their way: each part reads what the parts before it left."""

    def __init__(self, log: LogRead, origin: Origin) -> None:
        self.log, self.origin = log, origin
        self.readings = log.readings.combine_chunks()
        self.size = self.readings.num_rows
        self.line: Ints = self._numbers("line").astype(np.int64)
        self.reject = Rejections.none(self.size)
        self.findings: list[Finding] = []
        self.run, self.run_ids = _runs(self.readings.column("run_key"), origin)
        duplicate = exact_duplicates(self.readings)
        self.reject.add(duplicate, "duplicate", "equal in every field to an earlier row")
        self.time_ms, self.timed = self._times()
        self.technology, self.no_service = self._technologies()
        self.operator, self.operator_names, self.sim = self._operators()
        self.where = self._coordinates()
        self.clean = self._clean()
        self.order = self._order()
        self.placed = self._place()

    def _numbers(self, name: str) -> Floats:
        column = self.readings.column(name).cast(pa.float64())
        values: Floats = column.to_numpy(zero_copy_only=False) + 0.0  # no -0.0
        return values

    def _find(self, problem: str, rows: Bools, action: str, values: pa.Array | None = None) -> None:
        self.findings.append(Finding(problem, rows, action, values))

    def _times(self) -> tuple[Ints, Bools]:
        """UTC time of each row, and whether it has one; rejects and counts clocks."""
        column, text = self.readings.column("time_ms"), self.readings.column("time_text")
        timed = column.is_valid().to_numpy(zero_copy_only=False)
        written = text.is_valid().to_numpy(zero_copy_only=False)
        clock = pc.fill_null(column, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        if self.log.time_kind == "none" or not (timed | written).any():
            return np.zeros(self.size, dtype=np.int64), np.zeros(self.size, dtype=bool)
        self.reject.add(~timed & written, "bad_time", texts("time ", text, " cannot be read"))
        self.reject.add(~timed & ~written, "no_time", "the row has no time, others have")
        time_ms = self._to_utc(clock, timed) if self.log.time_kind == "local" else clock
        shown = text if text.null_count < self.size else column
        future, old = timed & in_future(time_ms, self.origin.now_ms), timed & never_set(time_ms)
        self.reject.add(future, "time_in_future", texts("time ", shown, " is later than now"))
        self.reject.add(old, "time_too_old", texts("time ", shown, " is before 1990"))
        usable = timed & ~future & ~old
        self._find("repeated_time", repeats(self.run, time_ms, timed), "kept", shown)
        self._find("clock_backwards", backwards(self.run, time_ms, timed), "sorted by time", shown)
        return np.where(usable, time_ms, 0), usable

    def _to_utc(self, clock: Ints, timed: Bools) -> Ints:
        declaration = self.origin.declaration
        utc = to_utc(np.where(timed, clock, 0), ZoneInfo(declaration.timezone), self.run)
        text = self.readings.column("time_text")
        if "timezone" not in declaration.model_fields_set:
            self._find("zone_not_declared", timed, "taken as UTC; declare timezone", text)
        twice, never = timed & utc.ambiguous, timed & utc.skipped
        self._find("ambiguous_time", twice, "taken as the first hour, or as the run shows", text)
        self._find("skipped_time", never, "read with the offset before the change", text)
        return utc.time_ms

    def _technologies(self) -> tuple[Codes, Bools]:
        """Technology of each row, and whether the row states that there is no service."""
        written, declared = self.readings.column("technology"), self.origin.declaration.technology
        codes = technology_codes(written)
        if declared is not None:
            codes = np.where(codes == BLANK, technology_codes(pa.array([declared]))[0], codes)
        stated = self.readings.column("service")
        served = pc.fill_null(stated, True).to_numpy(zero_copy_only=False)
        silent = stated.is_null().to_numpy(zero_copy_only=False)
        no_service: Bools = ~served | (silent & (codes == NO_SERVICE))
        bad = ~no_service & ((codes < 0) | (codes == NO_SERVICE))
        self.reject.add(bad, "unknown_technology", texts("technology ", written))
        self._find("no_service", no_service, "kept: evidence of no coverage", written)
        unknown = codes == UNKNOWN
        self._find("unknown_technology", unknown, "rejected unless without service", written)
        return np.where(no_service, NO_SERVICE, codes).astype(np.int8), no_service

    def _operators(self) -> tuple[Ints, list[str], Ints]:
        """Operator of each row, their names, and the operator of each run's SIM (-1: mixed)."""
        declaration, written = self.origin.declaration, self.readings.column("operator")
        index, names = operators(written, declaration.operators)
        own = operator_name(declaration.operator or "", declaration.operators)
        if own and own not in names:
            names = [*names, own]
        most = majority(index, self.run, len(self.run_ids))
        sim = np.full(len(self.run_ids), names.index(own)) if own else most
        if self.size:
            other = (index >= 0) & (most[self.run] >= 0) & (index != most[self.run])
            self._find("blank_operator", index == -1, "taken as the SIM's operator", written)
            self._find("junk_operator", index == -2, "taken as the SIM's operator", written)
            self._find("other_operator", other, "kept as it is written", written)
            index = np.where(index < 0, sim[self.run], index)
        detail = texts("operator ", written, ": declare `operator` for this input")
        self.reject.add(index < 0, "no_operator", detail)
        return index, names, sim

    def _coordinates(self) -> Coordinates:
        """Positions in WGS-84; rejects rows that need one and have none."""
        x, y, datum = self._numbers("x"), self._numbers("y"), self._datum()
        found = read_coordinates(x, y, datum, self.run)
        marked = np.zeros(len(self.run_ids), dtype=bool)
        marked[self.run[self.readings.column("mark").is_valid().to_numpy(zero_copy_only=False)]] = (
            True
        )
        spared = self.no_service | (marked[self.run] if self.size else self.no_service)
        shown = texts("x = ", x, ", y = ", y)
        kinds = (
            ("no_position", found.missing, ""),
            ("position_zero", found.zero, ""),
            ("position_out_of_range", found.outside, f" is outside the range of {datum}"),
            ("position_swapped", found.swapped, ": exchange x and y in `columns`"),
        )
        for reason, rows, rule in kinds:
            self.reject.add(rows & ~spared, reason, texts(shown, rule))
            self._find(reason, rows & spared, "kept without its position", shown)
        if self.size and found.swapped.sum() * 2 > self.size:
            self._find("file_swapped", found.swapped, "rejected: exchange x and y", shown)
        return found

    def _datum(self) -> str:
        declaration = self.origin.declaration
        if declaration.datum is not None:
            return declaration.datum
        if declaration.format in MAPPED_FORMATS:
            raise DatumError(
                f"input {declaration.name}: the datum is not declared, and {self.origin.file} "
                'cannot tell. Add datum = "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n".'
            )
        everyone = np.ones(self.size, dtype=bool)
        self._find("datum_not_declared", everyone, "taken as WGS-84, as GPS receivers give it")
        return "wgs84"

    def _clean(self) -> Cleaned:
        fields = {name: self._numbers(name) for name in JUDGED}
        clean = clean_fields(fields, self.technology, self.no_service, self.run)
        self.findings += clean.findings
        measured = self.no_service.copy()
        for name in ("rsrp_dbm", "dl_kbps", "ul_kbps", "latency_ms"):
            measured |= ~np.isnan(clean.fields[name])
        technology = pa.array(np.append(NAMES, ["unknown"] * 2)[self.technology])
        said = texts("level ", clean.level_written, " dBm")
        sentinel = clean.level_status == SENTINEL
        impossible = (clean.level_status != OK) & ~sentinel
        self.reject.add(~measured & sentinel, "sentinel", texts(said, " is a placeholder"))
        rule = texts(said, " is outside what ", technology, " can report")
        self.reject.add(~measured & impossible, "impossible_signal", rule)
        self.reject.add(~measured, "no_measurement", "no level, rate, latency or no-service mark")
        return clean

    def _order(self) -> Ints:
        """Row numbers in canonical order; of equal rows the one with the lowest line is first."""
        values = {
            "operator": pa.array(self.operator),
            "technology": pa.array(self.technology),
            **{n: pa.array(v, from_pandas=True) for n, v in self.clean.fields.items()},
        }
        for name in ("device", "mark", "cell_id", "band", "tac"):
            values[name] = self.readings.column(name)
        values["line"] = pa.array(self.line)
        place = self.where
        return canonical_order(self.run, self.time_ms, place.lon, place.lat, pa.table(values))

    def _place(self) -> Placed:
        """Best positions in canonical order; counts what GPS did."""
        order, clean = self.order, self.clean.fields
        use = self.timed[order] | (self.time_ms[order] == 0) & (not self.timed.any())
        lon = np.where(use, self.where.lon[order], np.nan)
        lat = np.where(use, self.where.lat[order], np.nan)
        track = Track(
            self.run[order], self.time_ms[order], self.timed[order], lon, lat,
            clean["accuracy_m"][order], clean["speed_mps"][order],
        )  # fmt: skip
        declared = self.origin.declaration
        fixed = declared.source == "probe" or declared.antenna == "fixed"
        placed = place(track, self.origin.config.positions.max_gap_s, fixed=fixed)
        shown = self.readings.column("x")
        for problem, rows, action in (
            ("repeated_position", placed.repeated, "held, interpolated or lost"),
            ("stuck_while_moving", placed.stuck, "interpolated or lost"),
            ("position_jump", placed.jump, "kept"),
            ("impossible_jump", placed.impossible_jump, "not interpolated over"),
            ("position_held", placed.basis == HELD, "kept: the device stood still"),
            ("position_interpolated", placed.basis == BETWEEN_FIXES, "interpolated"),
            ("position_lost", placed.basis == LOST, "kept without a position"),
        ):
            back = np.zeros(self.size, dtype=bool)
            back[order] = rows
            self._find(problem, back, action, shown)
        return placed

    def samples(self) -> pa.Table:
        """Give the accepted rows in canonical order."""
        kept = self.reject.accepted[self.order]
        rows, placed, clean = self.order[kept], self.placed, self.clean.fields
        run, timed = self.run[rows], self.timed[rows]
        starts = np.searchsorted(run, run, side="left")
        declared, n = self.origin.declaration, rows.size
        columns: dict[str, pa.Array | pa.ChunkedArray] = {
            name: _nullable(clean[name][rows]) for name in JUDGED if name in SAMPLES.names
        }
        for name in ("mark", "cell_id", "band", "tac"):
            columns[name] = self.readings.column(name).take(pa.array(rows))
        columns |= {
            "run_id": pa.array(self.run_ids).take(pa.array(run)),
            "seq": pa.array(np.arange(n) - starts),
            "campaign": _constant(declared.campaign or declared.name, n),
            "source": _constant(declared.source, n),
            "device_id": self._devices().take(pa.array(rows)),
            "time": pa.array(self.time_ms[rows], mask=~timed).cast(TS),
            "lon": _nullable(placed.lon[kept]),
            "lat": _nullable(placed.lat[kept]),
            "position_basis": pa.array(np.array(POSITION_BASES)[placed.basis[kept]]),
            "position_error_m": _nullable(placed.error_m[kept]),
            "operator": self._operator_texts().take(pa.array(self.operator[rows])),
            "technology": pa.array(NAMES[self.technology[rows]]),
            "service": pa.array(~self.no_service[rows]),
            "antenna": _constant(declared.antenna, n),
            "period": pa.array(periods(self.time_ms[rows], timed)),
            "simulated": _constant(self.origin.simulated, n),
        }
        return in_order(conform(pa.table(columns), SAMPLES), SAMPLES)

    def _operator_texts(self) -> pa.Array:
        return pa.array(self.operator_names, pa.string())

    def _devices(self) -> pa.Array:
        """Salted hash of each row's device, so that a device can be followed but not named."""
        coded = self.readings.column("device").combine_chunks().dictionary_encode()
        salt = self.origin.config.workspace.salt
        hashes = [
            hashlib.sha256((salt + str(d)).encode()).hexdigest()[:16]
            for d in coded.dictionary.to_pylist()
        ]
        return pa.array(hashes, pa.string()).take(coded.indices)

    def rejected(self) -> pa.Table:
        """Rows that were not accepted, those that the reader could not split among them."""
        out = pa.array(~self.reject.accepted)
        own = pa.table(
            {
                "line": self.readings.column("line").filter(out),
                "reason": self.reject.reasons().filter(out),
                "detail": self.reject.detail.filter(out),
                "raw": self.readings.column("raw").filter(out),
            }
        )
        others = self.log.malformed.select(own.column_names)
        rows = pa.concat_tables([own, others], promote_options="permissive")
        return self._named(rows, REJECTED)

    def problems(self) -> pa.Table:
        """Count by kind: the reader's and ours."""
        found = [(p.problem, p.count, p.first_line, p.example, p.action) for p in self.log.problems]
        found += [self._counted(f) for f in self.findings if f.rows.any()]
        names = ("problem", "count", "first_line", "example", "action")
        columns = {name: [row[i] for row in found] for i, name in enumerate(names)}
        kinds = {"count": pa.int64(), "first_line": pa.int64()}
        rows = pa.table({n: pa.array(v, kinds.get(n, pa.string())) for n, v in columns.items()})
        return self._named(rows, PROBLEMS)

    def _counted(self, finding: Finding) -> tuple[str, int, int, str | None, str]:
        rows = np.flatnonzero(finding.rows)
        first = int(rows[np.argmin(self.line[rows])])
        example = None
        if finding.values is not None:
            value = finding.values[first]
            one = value.as_py() if isinstance(value, pa.Scalar) else f"{float(value):.10g}"
            example = None if one is None else str(one)
        return finding.problem, rows.size, int(self.line[first]), example, finding.action

    def _named(self, rows: pa.Table, table: Table) -> pa.Table:
        n = rows.num_rows
        rows = rows.append_column("input", _constant(self.origin.declaration.name, n))
        rows = rows.append_column("file", _constant(self.origin.file, n))
        return in_order(conform(rows.select(table.names), table), table)

    def runs(self) -> pa.Table:
        """One row a run. Records that could not be split belong to the first run."""
        runs, accepted, declared = len(self.run_ids), self.reject.accepted, self.origin.declaration
        read = np.bincount(self.run, minlength=runs)
        kept = np.bincount(self.run[accepted], minlength=runs)
        read[0] += self.log.malformed.num_rows
        first, last = self._spans(runs)
        columns = {
            "run_id": pa.array(self.run_ids),
            "input": _constant(declared.name, runs),
            "file": _constant(self.origin.file, runs),
            "campaign": _constant(declared.campaign or declared.name, runs),
            "source": _constant(declared.source, runs),
            "operator": self._operator_texts().take(pa.array(self.sim, mask=self.sim < 0)),
            "read": pa.array(read),
            "accepted": pa.array(kept),
            "rejected": pa.array(read - kept),
            "first_time": first,
            "last_time": last,
            "distance_m": pa.array(
                np.bincount(self.run[self.order], self.placed.step_m, minlength=runs)
            ),
        }
        return in_order(conform(pa.table(columns), RUNS), RUNS)

    def _spans(self, runs: int) -> tuple[pa.Array, pa.Array]:
        """First and last time of each run's accepted rows; null where there is none."""
        rows = np.flatnonzero(self.reject.accepted & self.timed)
        first = np.full(runs, np.iinfo(np.int64).max)
        last = np.full(runs, np.iinfo(np.int64).min)
        np.minimum.at(first, self.run[rows], self.time_ms[rows])
        np.maximum.at(last, self.run[rows], self.time_ms[rows])
        none = first > last
        return pa.array(first, mask=none).cast(TS), pa.array(last, mask=none).cast(TS)


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
    names = [f"{base}/{key}" for key in coded.dictionary.to_pylist()]
    several = len(names) + bool((index < 0).any()) > 1
    names = [*(names if several else [base] * len(names)), base]
    used = sorted({names[i] for i in np.unique(index)} or {base})
    rank = np.array([used.index(name) if name in used else 0 for name in names], dtype=np.int64)
    return rank[index], used


def _constant(value: object, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), n)


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, from_pandas=True)
