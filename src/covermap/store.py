"""The one door to a workspace: named tables in Parquet, builds, and the current one.

Layout of a workspace::

    covermap.toml   raw/   .cache/<step>-<key>/   builds/<id>/   current

A table is one file `<name>.parquet`, or a folder `<name>/` of parts. Everything is written under a
temporary name and renamed when whole, so a process killed at any moment leaves nothing half done.
`current` holds the id of the build that is served and changes in one atomic step.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from covermap.errors import BuildError, TableError
from covermap.files import holding
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, SEGMENT_EVIDENCE, TABLES, Table

ROWS_PER_GROUP = 122_880
MANIFEST = "build.json"
MADE = "made.json"
"""When and how fast a build was made: apart, so that `build.json` is the same for one content."""


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


Within = tuple[str, str]
"""First and last period, both included."""
UNDATED = "undated"
CUBE = (CELL_EVIDENCE.name, CELL_TESTS.name)
"""Tables whose parts are named `<shard>.<period>`."""
_BETWEEN = f"period BETWEEN '{{}}' AND '{{}}' AND period <> '{UNDATED}'"


def is_within(period: str, within: Within) -> bool:
    """Whether a period lies between two; what has no date does not.

    Examples
    --------
    >>> [is_within(p, ("2025-02", "2025-03")) for p in ("2025-01", "2025-03", "undated")]
    [False, True, False]
    """
    return period != UNDATED and within[0] <= period <= within[1]


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


class Tables:
    """Named tables in one folder (a build, or a step's cached result), read-only."""

    def __init__(self, folder: Path, within: Within | None = None) -> None:
        self.folder = folder
        self.within = within
        """First and last period of the evidence that `connect` and `parts` show; None: all."""

    def has(self, name: str) -> bool:
        """Whether the table is there."""
        return bool(self.parts(name))

    def parts(self, name: str) -> list[Path]:
        """Parquet files of a table, in order; none when it is not there.

        Raises
        ------
        TableError
            No table has that name at all.
        """
        if name not in TABLES:
            raise TableError(f"no table is named {name!r}")
        single = self.folder / f"{name}.parquet"
        if single.is_file():
            return [single]
        parts = sorted((self.folder / name).glob("*.parquet"))
        if self.within is None or name not in CUBE:
            return parts
        return [p for p in parts if is_within(p.stem.split(".", 1)[1], self.within)]

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Whole table in memory; empty when the build has none."""
        parts = self.parts(name)
        if not parts:
            data = TABLES[name].schema.empty_table()
            return data.select(list(columns)) if columns else data
        names = list(columns) if columns else None
        return pa.concat_tables([_read_part(p, names) for p in parts]).combine_chunks()

    def rows(self, name: str) -> int:
        """Count the rows, from the footers."""
        return sum(map(rows_in, self.parts(name)))

    def connect(
        self, *names: str, threads: int = 2, memory: str = "4GB", spill: Path | None = None
    ) -> Any:
        """In-memory DuckDB connection with one view per named table (empty if not there).

        What does not fit into `memory` goes to files in the folder `spill`, gone at the end.
        """
        connection = duckdb.connect(config={"threads": threads, "memory_limit": memory})
        if spill is not None:
            connection.execute("SET temp_directory = ?", [str(spill)])
        connection.execute("SET preserve_insertion_order=true; SET TimeZone='UTC'")
        # A bar of DuckDB's own after two seconds would stand in what a command prints.
        connection.execute("SET enable_progress_bar=false")
        for name in names:
            parts = self.parts(name)
            if parts:
                rows = connection.read_parquet([str(p) for p in parts])
                if self.within is not None and name == SEGMENT_EVIDENCE.name:
                    rows = rows.filter(_BETWEEN.format(*self.within))
                rows.create_view(name)
            else:
                connection.register(name, TABLES[name].schema.empty_table())
        return connection


def read_table(path: Path) -> pa.Table:
    """Read one Parquet file whole.

    Raises
    ------
    BuildError
        It is damaged.
    """
    return _read_part(path, None)


def _read_part(path: Path, columns: list[str] | None) -> pa.Table:
    with reading(path):
        return pq.ParquetFile(path).read(columns=columns)


def rows_in(path: Path) -> int:
    """Count the rows of a Parquet file, from its footer.

    Raises
    ------
    BuildError
        It is damaged.
    """
    with reading(path):
        return int(pq.read_metadata(path).num_rows)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read a Parquet or Arrow file of the workspace inside the block.

    Raises
    ------
    BuildError
        It is damaged; the message says what to do.
    """
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> BuildError:
    where = path.resolve()
    kind = "Arrow" if path.suffix == ".arrow" else "Parquet"
    folders = holding(where) or [where.parent]
    which = "the folder" if len(folders) == 1 else "the folders that share it,"
    return BuildError(
        f"{where}: not a whole {kind} file ({str(error).splitlines()[0]}). Delete {which} "
        f"{' '.join(map(str, folders))} and run `covermap build` again: it is made anew."
    )


class Workspace:
    """A folder with `covermap.toml`, its cache, builds and the current build."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.cache = self.root / ".cache"
        self.builds = self.root / "builds"

    @property
    def current_id(self) -> str | None:
        """Id of the build being served."""
        path = self.root / "current"
        if not path.is_file():
            return None
        return path.read_text(encoding="utf-8", errors="replace").strip()

    def current(self) -> Build:
        """Open the build being served.

        Raises
        ------
        BuildError
            Nothing has been built yet, or the build that `current` names is gone.
        """
        name = self.current_id
        if name is None:
            raise BuildError(f"{self.root}: nothing is built yet. Run `covermap build` there.")
        if name not in self.build_ids():
            raise BuildError(
                f"{self.root / 'current'}: names build {name!r}, which is not there. Run "
                "`covermap build` again."
            )
        return self.build(name)

    def build(self, name: str) -> Build:
        """Open a build by its id."""
        known = self.build_ids()
        if name not in known:
            raise BuildError(f"{self.root}: no build {name!r}. There are: {', '.join(known)}.")
        return Build(self.builds / name)

    def build_ids(self) -> list[str]:
        """Ids of whole builds, oldest first."""
        found = [p.parent for p in self.builds.glob("*/" + MANIFEST)]
        return [p.name for p in sorted(found, key=lambda p: (p.stat().st_mtime, p.name))]

    def publish(self, name: str) -> None:
        """Make a build the one that is served, in one atomic step."""
        self.build(name)
        write_text(self.root / "current", name + "\n")


class Build(Tables):
    """One immutable, complete result of the pipeline."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.id = folder.name

    @property
    def manifest(self) -> dict[str, Any]:
        """What `build.json` says (inputs, rules, tables), and when it was made by `made.json`.

        Raises
        ------
        BuildError
            One of them is damaged.
        """
        data = self._json(MANIFEST)
        return data | self._json(MADE) if (self.folder / MADE).is_file() else data

    def _json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BuildError(
                f"{path}: damaged ({error}). Delete {self.folder} and run `covermap build` again."
            ) from None
        return data

    @property
    def tiles(self) -> Path:
        """Folder of tile archives."""
        return self.folder / "tiles"
