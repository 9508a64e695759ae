"""Results of steps, kept under what they depend on, and how they are written and joined."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.pipeline.keys import code_key, key_of
from covermap.pipeline.progress import Advance, StepReport, Timed
from covermap.pipeline.publish import Layout
from covermap.steps.merge import merge_evidence
from covermap.store import (
    ROWS_PER_GROUP,
    Tables,
    read_table,
    reading,
    rows_in,
    whole_folder,
    write_table,
)
from covermap.tables import TABLES, Table, conform, empty, in_order


class Cache:
    """Folder of results, each under `<step>-<key>`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.used: set[str] = set()

    def folder(self, step: str, key: str) -> Path:
        """Give the folder of a result, and note that this build uses it."""
        self.used.add(f"{step}-{key}")
        return self.root / f"{step}-{key}"

    def name_of(self, path: Path) -> str:
        """Name the result that a file is of, and the file in it: same name, same bytes."""
        return path.relative_to(self.root).as_posix()

    @contextmanager
    def view(self, layout: Layout) -> Iterator[Path]:
        """Show the build so far as one folder of links, for a step to read."""
        folder = Path(tempfile.mkdtemp(prefix=".view.", suffix=".part", dir=self.root))
        try:
            for inside, path in layout.files.items():
                link = folder / inside
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(os.path.relpath(path, link.parent))
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def write_tables(folder: Path, tables: dict[str, pa.Table]) -> None:
    """Write a result folder: tables by name, each in its order, all or none."""
    with whole_folder(folder) as out:
        for name, data in tables.items():
            table = TABLES[name]
            ordered = in_order(conform(data, table), table)
            write_table(out / f"{name}.parquet", ordered, table)


def merge(
    cache: Cache, table: Table, folders: Sequence[Path], memory_bytes: int, timed: Timed
) -> Path:
    """Add up the evidence of all parts, in half of the memory; more is spilled."""
    key = key_of(code_key(), table.name, sorted(folder.name for folder in folders))
    target = cache.folder("merge", key)

    def work(advance: Advance) -> StepReport:
        report = StepReport(f"merge {table.name}", parts=1)
        if target.is_dir():
            report.cached = 1
        else:
            parts = [folder / f"{table.name}.parquet" for folder in folders]
            report.read = {"parts": len(parts)}
            with whole_folder(target) as out:
                batches = merge_evidence(parts, table, out, memory=f"{memory_bytes // 2}B")
                write_table(out / f"{table.name}.parquet", batches, table)
        advance(1)
        report.wrote = {table.name: Tables(target).rows(table.name)}
        return report

    timed(f"merge {table.name}", 1.0, work)
    return target


def gather(cache: Cache, table: Table, folders: Sequence[Path]) -> Path:
    """Bring the rows of many folders' tables into one, in key order."""
    key = key_of(code_key(), "gather", table.name, sorted(folder.name for folder in folders))
    target = cache.folder("gather", key)
    if not target.is_dir():
        files = [part for folder in folders for part in Tables(folder).parts(table.name)]
        with whole_folder(target) as out:
            write_table(out / f"{table.name}.parquet", _gathered(files, table), table)
    return target


def _gathered(files: Sequence[Path], table: Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows of tables in key order; of files whose keys do not mix, one after the other.

    A file is read a row group at a time; only those are held whole whose keys lie between others'.
    """
    spans = sorted((*span, path) for path in files if (span := _key_span(path, table)))
    mixed: list[Path] = []
    last: tuple[Any, ...] = ()
    for first, end, path in spans:
        if mixed and first > last:
            yield from _sorted_rows(mixed, table)
            mixed = []
        last = max(last, end) if mixed else end
        mixed.append(path)
    yield from _sorted_rows(mixed, table)


def _key_span(path: Path, table: Table) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """Give the keys of a sorted table's first and last row; None without rows."""
    rows = rows_in(path)
    if not rows:
        return None
    names = list(table.key)
    with reading(path), pq.ParquetFile(path) as file:
        first = file.read_row_group(0, columns=names)
        last = file.read_row_group(file.num_row_groups - 1, columns=names)
    return tuple(first[n][0].as_py() for n in names), tuple(last[n][-1].as_py() for n in names)


def _sorted_rows(files: Sequence[Path], table: Table) -> Iterator[pa.RecordBatch]:
    if len(files) == 1:
        with reading(files[0]), pq.ParquetFile(files[0]) as file:
            yield from file.iter_batches(ROWS_PER_GROUP)
        return
    data = pa.concat_tables([empty(table), *map(read_table, files)])
    yield from in_order(data, table).to_batches()
