"""Read named tables: a file each, or a folder of parts; what is damaged is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from covermap.errors import BuildError, TableError
from covermap.files import holding
from covermap.tables import (
    CELL_EVIDENCE,
    CELL_TESTS,
    PLACE_EVIDENCE,
    SEGMENT_EVIDENCE,
    TABLES,
)

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
                if self.within is not None and name in (SEGMENT_EVIDENCE.name, PLACE_EVIDENCE.name):
                    rows = rows.filter(_BETWEEN.format(*self.within))
                rows.create_view(name)
            else:
                connection.register(name, TABLES[name].schema.empty_table())
        return connection

    def layers(self, *names: str, **how: Any) -> list[tuple[str, str]]:
        """Operators and technologies that occur in any of these tables, sorted.

        `how` is handed to `connect`.
        """
        some = "SELECT DISTINCT operator, technology FROM "
        query = " UNION ".join(some + name for name in names)
        with self.connect(*names, **how) as build:
            return sorted((str(o), str(t)) for o, t in build.execute(query).fetchall())


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
