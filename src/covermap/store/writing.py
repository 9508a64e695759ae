"""Write tables, texts and folders whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.tables import Table

ROWS_PER_GROUP = 122_880


def write_table(path: Path, data: pa.Table | Iterable[pa.RecordBatch], table: Table) -> int:
    """Write a table as one Parquet file, whole or not at all; give the number of rows.

    `data` must have the table's schema. The same rows give the same bytes: row groups have a
    fixed size however the batches are cut.
    """
    batches = data.to_batches() if isinstance(data, pa.Table) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole_file(path) as partial:
        return _write_groups(partial, batches, table)


def _write_groups(path: Path, batches: Iterable[pa.RecordBatch], table: Table) -> int:
    rows = 0
    held: list[pa.RecordBatch] = []
    with pq.ParquetWriter(
        path, table.schema, compression="zstd", store_schema=True, use_dictionary=True
    ) as writer:
        for batch in batches:
            if batch.num_rows == 0:
                continue
            held.append(batch)
            if sum(b.num_rows for b in held) >= ROWS_PER_GROUP:
                held, written = _flush(writer, held, table.schema, last=False)
                rows += written
        _, written = _flush(writer, held, table.schema, last=True)
    return rows + written


def _flush(
    writer: pq.ParquetWriter, held: list[pa.RecordBatch], schema: pa.Schema, *, last: bool
) -> tuple[list[pa.RecordBatch], int]:
    data = pa.Table.from_batches(held, schema=schema).combine_chunks()
    size = data.num_rows if last else data.num_rows - data.num_rows % ROWS_PER_GROUP
    if size:
        writer.write_table(data.slice(0, size), row_group_size=ROWS_PER_GROUP)
    return data.slice(size).to_batches(), size


class CodedWriter:
    """Write a table whose texts are dictionaries, row group by row group.

    Parameters
    ----------
    path
        File to write; give a name that is not yet looked for, or write inside `whole_folder`.
    said
        Kept in the file's footer.
    repeated
        Columns of numbers, with few different ones in a row group.
    """

    def __init__(
        self,
        path: Path,
        table: Table,
        said: dict[bytes, bytes] | None = None,
        repeated: Sequence[str] = (),
    ) -> None:
        coded = [c.name for c in table.columns if c.type in (pa.string(), pa.int16())]
        coded += repeated
        whole = [c.name for c in table.columns if c.type == pa.int64()]
        fields = [pa.field(c.name, _coded(c.type), c.nullable) for c in table.columns]
        self._schema = pa.schema(fields)
        self._writer = pq.ParquetWriter(
            path, self._schema, compression="zstd", store_schema=False, use_dictionary=coded,
            column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
            write_statistics=list(table.key),
        )  # fmt: skip
        if said:
            self._writer.add_key_value_metadata(said)

    def __enter__(self) -> Self:
        """Write into the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the footer."""
        self._writer.close()

    def write(self, rows: pa.Table, group_rows: int = ROWS_PER_GROUP) -> None:
        """Write rows in row groups of their own, of `group_rows` at most."""
        if rows.num_rows:
            self._writer.write_table(rows.cast(self._schema), row_group_size=group_rows)


def _coded(kind: pa.DataType) -> pa.DataType:
    return pa.dictionary(pa.int32(), pa.string()) if kind == pa.string() else kind


def link_file(source: Path, target: Path) -> None:
    """Show a file at a second place, without a copy where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a small text file, whole or not at all."""
    with _whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill; it appears at `path` only when the block ends well.

    A folder that is there already stays, and what was filled is dropped: same key, same content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield partial
        partial.chmod(0o755)
        if not path.exists():
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
