"""Readings of a large log on disk, so that some runs of it can be taken up at a time."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.formats.logs import MALFORMED, LogPiece
from covermap.formats.problem import Problem
from covermap.tables import READINGS

FILES = 64
"""Runs are parted into so many files by a hash of what tells them apart."""
BATCH_ROWS = 1 << 14

Key = str | None


def written_ipc(path: Path, schema: pa.Schema) -> pa.RecordBatchFileWriter:
    """Open a file of record batches that lives as long as the work on one log."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    return pa.ipc.new_file(str(path), schema, options=options)


def batches_in(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read such a file, a batch at a time."""
    with pa.OSFile(str(path)) as stream:
        names = pa.ipc.open_file(stream).schema.names
        wanted = None if columns is None else [names.index(name) for name in columns]
        reader = pa.ipc.open_file(stream, options=pa.ipc.IpcReadOptions(included_fields=wanted))
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)


class KeptReadings:
    """All records of a log in files below a folder, in file order in each."""

    def __init__(self, folder: Path) -> None:
        self.rows: Counter[Key] = Counter()
        """Readings by what tells runs apart."""
        self.malformed = self.last_line = 0
        self.problems: list[Problem] = []
        self._folder = folder
        self._writers: dict[int, pa.RecordBatchFileWriter] = {}
        self._aside = written_ipc(self.aside, MALFORMED)

    @property
    def aside(self) -> Path:
        """File of the records that are no readings."""
        return self._folder / "malformed.arrow"

    def add(self, piece: LogPiece) -> None:
        """Keep the records of a piece."""
        self.problems += piece.problems
        self.malformed += piece.malformed.num_rows
        self._aside.write_table(piece.malformed, BATCH_ROWS)
        lines = [pc.max(t.column("line")).as_py() or 0 for t in (piece.readings, piece.malformed)]
        self.last_line = max(self.last_line, *lines)
        readings = piece.readings.combine_chunks()
        coded = readings.column("run_key").combine_chunks().dictionary_encode()
        keys: list[Key] = [*coded.dictionary.to_pylist(), None]
        index = pc.fill_null(coded.indices, len(keys) - 1).to_numpy(zero_copy_only=False)
        counts = np.bincount(index, minlength=len(keys)).tolist()
        self.rows.update({key: n for key, n in zip(keys, counts, strict=True) if n})
        file = np.array([_file_of(key) for key in keys])[index]
        order = np.argsort(file, kind="stable")
        ends = np.searchsorted(file[order], np.arange(FILES + 1))
        for number in np.unique(file).tolist():
            rows = order[ends[number] : ends[number + 1]]
            self._writer(number).write_table(readings.take(pa.array(rows)), BATCH_ROWS)

    def close(self) -> None:
        """End writing: what was kept can be read."""
        for writer in (self._aside, *self._writers.values()):
            writer.close()

    def every(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Read some columns of all readings, some at a time, in no order that matters."""
        for number in sorted(self._writers):
            for batch in batches_in(self._path(number), columns):
                yield pa.Table.from_batches([batch])

    def groups(self, most: int) -> Iterator[list[Key]]:
        """Group runs that lie in one file; a group has at most so many rows, or is one run."""
        by_file: dict[int, list[Key]] = {}
        for key in self.rows:
            by_file.setdefault(_file_of(key), []).append(key)
        for _, keys in sorted(by_file.items()):
            group: list[Key] = []
            held = 0
            for key in keys:
                if group and held + self.rows[key] > most:
                    yield group
                    group, held = [], 0
                group.append(key)
                held += self.rows[key]
            yield group

    def read(self, group: Sequence[Key]) -> pa.Table:
        """Read all readings of some runs that lie in one file, in file order."""
        if not group:
            return READINGS.schema.empty_table()
        wanted = pa.array(group, pa.string())
        parts = []
        for batch in batches_in(self._path(_file_of(group[0]))):
            its_own = pc.is_in(batch.column("run_key"), value_set=wanted)
            parts.append(batch.filter(its_own))
        return pa.Table.from_batches(parts, READINGS.schema).combine_chunks()

    def _writer(self, number: int) -> pa.RecordBatchFileWriter:
        if number not in self._writers:
            self._writers[number] = written_ipc(self._path(number), READINGS.schema)
        return self._writers[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"readings-{number:02d}.arrow"


def _file_of(key: Key) -> int:
    return 0 if key is None else zlib.crc32(key.encode()) % FILES
