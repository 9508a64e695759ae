"""A log of any size: read in pieces, kept on disk by runs, sorted out some runs at a time.

What a row is judged by lies in its run (repeats, order, jumps, silences, fixes) or is a fact of the
whole log that its pieces tell (``Facts``, the clock, the number of runs). So the result is that of
the log read whole, to the byte. One run must be held: see ``Room``.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from covermap.core.samples.facts import NEEDED, facts_of
from covermap.engine.memory import shown_size
from covermap.errors import InputError
from covermap.formats.logs import Clock, LogPiece, LogRead, Told, added_up, joined, timed
from covermap.formats.problem import Problem
from covermap.formats.source import Source
from covermap.steps.ingest.kept import KeptReadings, batches_in
from covermap.steps.ingest.origin import Origin, declared, read_as
from covermap.steps.ingest.parts import Parts
from covermap.steps.ingest.rows import Judged, OfLog, judge_rows, problems_table, runs_table
from covermap.steps.ingest.whole import Ingested, ingest_log
from covermap.store import write_table
from covermap.tables import PROBLEMS, REJECTED, RUNS, SAMPLES, Table

ROW_BYTES = 2000
"""Memory that one reading takes while it is sorted out: 1,454 bytes were measured (resident memory,
10^6 rows of 87 bytes in 100 runs); longer records take more."""
PIECE_SHARE = 64
"""A piece of text takes up to about so many times its size while it is split and read."""
LARGEST_PIECE = 16 << 20


@dataclass(frozen=True)
class Room:
    """Memory for the data of one log."""

    bytes: int
    piece_bytes: int | None = None
    """Text that is read at a time; None: what the memory bears."""
    rows: int | None = None
    """Readings that are sorted out at a time; None: what the memory bears."""

    @property
    def piece(self) -> int:
        """Bytes of text to read at a time."""
        return self.piece_bytes or max(1 << 16, min(LARGEST_PIECE, self.bytes // PIECE_SHARE))

    @property
    def most_rows(self) -> int:
        """Readings that can be held and sorted out together."""
        return self.rows or max(1, self.bytes // ROW_BYTES)


@dataclass(frozen=True)
class Counted:
    """What a log came to, in numbers."""

    accepted: int
    rejected: dict[str, int]
    """By reason."""
    problems: dict[str, int]


def ingest_into(folder: Path, source: Source, origin: Origin, room: Room) -> Counted:
    """Read one source, sort out its rows, and write its four tables into a folder.

    Raises as :func:`whole.ingest_source` does, and InputError when a run, or a file whose format
    must be held whole, does not fit into the room.
    """
    known, options = read_as(origin.declaration)
    declared("none", origin)  # an unknown datum is told before anything is read
    if known.held:
        _check_held(source, known.held, room)
    with tempfile.TemporaryDirectory(prefix=".kept.", suffix=".part", dir=folder) as scratch:

        def take(pieces: Iterator[LogPiece]) -> Counted:
            return _ingest(pieces, folder, Path(scratch), origin, room)

        return known.read_with(take, source, options, room.piece)


def reject_into(folder: Path, source: Source, origin: Origin, detail: str, room: Room) -> Counted:
    """Reject every row of a source as one of a file that was read already; write the tables."""
    known, options = read_as(origin.declaration)

    def take(pieces: Iterator[LogPiece]) -> int:
        return write_table(_path(folder, REJECTED), _duplicates(pieces, origin, detail), REJECTED)

    rows = known.read_with(take, source, options, room.piece)
    for table in (SAMPLES, PROBLEMS, RUNS):
        write_table(_path(folder, table), table.schema.empty_table(), table)
    return Counted(0, {"duplicate_file": rows} if rows else {}, {})


def _duplicates(
    pieces: Iterator[LogPiece], origin: Origin, detail: str
) -> Iterator[pa.RecordBatch]:
    for piece in pieces:
        both = [
            t.select(["line", "raw"]).cast(_LINE_RAW) for t in (piece.readings, piece.malformed)
        ]
        rows = pa.concat_tables(both)
        for name, text in (("reason", "duplicate_file"), ("detail", detail)):
            rows = rows.append_column(name, pa.repeat(pa.scalar(text), rows.num_rows))
        yield from origin.named(rows, REJECTED).combine_chunks().to_batches()


_LINE_RAW = pa.schema([("line", pa.int64()), ("raw", pa.string())])


def _check_held(source: Source, held: float, room: Room) -> None:
    size = source.size()
    if size * held > room.bytes:
        raise InputError(
            f"{source.shown}: a file of this format is held whole, and {shown_size(size)} of it "
            f"take {shown_size(int(size * held))} of memory; there are {shown_size(room.bytes)} "
            "for one log. Give more --memory, fewer --workers, or convert it to CSV or Parquet, "
            "which are read in pieces."
        )


def _ingest(
    pieces: Iterator[LogPiece], folder: Path, scratch: Path, origin: Origin, room: Room
) -> Counted:
    shutil.rmtree(scratch)
    scratch.mkdir()
    held: list[LogPiece] = []
    kept: KeptReadings | None = None
    rows = 0
    clock: Clock | Told = Told("none")
    for piece in pieces:
        clock = piece.clock
        rows += piece.readings.num_rows + piece.malformed.num_rows
        held.append(piece)
        if kept is None and rows > room.most_rows:
            kept = KeptReadings(scratch)
        if kept is not None:
            for one in held:
                kept.add(one)
            held = []
    if kept is None:
        return _write_whole(folder, ingest_log(joined(held), origin))
    kept.close()
    return _sort_out(kept, clock, folder, scratch, origin, room)


def _write_whole(folder: Path, made: Ingested) -> Counted:
    for table in (SAMPLES, REJECTED, PROBLEMS, RUNS):
        write_table(_path(folder, table), getattr(made, table.name), table)
    return _counted(
        made.samples.num_rows, Counter(made.rejected.column("reason").to_pylist()), made.problems
    )


def _counted(accepted: int, reasons: Counter[str], problems: pa.Table) -> Counted:
    names, counts = (problems.column(c).to_pylist() for c in ("problem", "count"))
    return Counted(accepted, dict(sorted(reasons.items())), dict(zip(names, counts, strict=True)))


def _sort_out(
    kept: KeptReadings, clock: Clock | Told, folder: Path, scratch: Path, origin: Origin, room: Room
) -> Counted:
    _check_runs(kept, origin, room)
    said = declared(clock.kind, origin)
    everything = (timed(rows, clock) for rows in kept.every(NEEDED))
    of = OfLog(facts_of(everything, said), len(kept.rows) > 1)
    parts = Parts(scratch, kept.last_line, room.most_rows)
    for batch in batches_in(kept.aside):
        parts.reject(origin.named(pa.Table.from_batches([batch]), REJECTED))
    found: list[Problem] = []
    runs: list[pa.Table] = []
    for group in list(kept.groups(room.most_rows)) or [[]]:
        readings = timed(kept.read(group), clock)
        log = LogRead(readings, readings.slice(0, 0), [], clock.kind)
        made: Judged = judge_rows(log, origin, of)
        parts.add(made)
        found += made.found
        runs.append(made.runs)
    read = sum(kept.rows.values())
    problems = problems_table(added_up(kept.problems), found, read, origin)
    write_table(_path(folder, PROBLEMS), problems, PROBLEMS)
    write_table(_path(folder, RUNS), runs_table(runs, kept.malformed), RUNS)
    accepted = write_table(_path(folder, SAMPLES), parts.samples(), SAMPLES)
    write_table(_path(folder, REJECTED), parts.rejected(), REJECTED)
    return _counted(accepted, parts.reasons, problems)


def _check_runs(kept: KeptReadings, origin: Origin, room: Room) -> None:
    if not kept.rows:
        return
    key, rows = kept.rows.most_common(1)[0]
    if rows * ROW_BYTES <= room.bytes:
        return
    named = f"run {key!r}" if key is not None else "run without a key"
    raise InputError(
        f"{origin.file}: one {named} has {rows:,} rows. Rows of a run are checked together, which "
        f"takes {shown_size(rows * ROW_BYTES)}; there are {shown_size(room.bytes)} for one log. "
        "Give more --memory, fewer --workers, name in columns.run_key what tells devices or days "
        "apart, or split the log."
    )


def _path(folder: Path, table: Table) -> Path:
    return folder / f"{table.name}.parquet"
