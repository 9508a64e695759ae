"""Cube: the counts of many logs added up, one file a shard and period.

A log's counts say for each shard and period what they hold (rows and digest). A file of the cube
is made of those alone, and kept under their digests: another log elsewhere, or in another month,
leaves it as it is, and no log is read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from covermap.core.cube.columns import from_rows, texts_of
from covermap.core.cube.counts import Counts, added
from covermap.engine.step import in_pieces
from covermap.shards import open_file, write_shard
from covermap.store import damaged, whole_folder
from covermap.tables import TABLES, Table

ITEM_ROWS = 2 << 20
"""Rows that one piece of work reads, about; a single shard and period may have more."""


@dataclass(frozen=True)
class Slice:
    """Rows of one part."""

    path: Path
    first: int
    rows: int


@dataclass(frozen=True)
class ShardWork:
    """One file of the cube to make, in `folder`."""

    table: str
    shard: int
    period: str
    slices: tuple[Slice, ...]
    folder: Path

    @property
    def rows(self) -> int:
        """Count the rows that are read."""
        return sum(one.rows for one in self.slices)

    @property
    def part(self) -> str:
        """Give the name of the file in the table's folder."""
        return f"{self.shard:x}.{self.period}"


def plan(
    table: Table, parts: Iterable[Path], folder_of: Callable[[list[str]], Path]
) -> list[ShardWork]:
    """List the files of the cube that the parts make, by shard and period.

    Parameters
    ----------
    parts
        Folders that `grid_log` filled.
    folder_of
        Gives the folder in which the file made of these digests is kept.

    Raises
    ------
    BuildError
        An index is damaged.
    """
    found: dict[tuple[int, str], list[tuple[str, Slice]]] = defaultdict(list)
    for folder in parts:
        path = folder / f"{table.name}.parquet"
        for row in _index(folder / f"{table.name}.index.parquet"):
            one = Slice(path, row["first"], row["rows"])
            found[row["shard"], row["period"]].append((row["digest"], one))
    work = []
    for (shard, period), slices in sorted(found.items()):
        digests = sorted(digest for digest, _ in slices)
        kept = tuple(one for _, one in sorted(slices, key=lambda s: (s[0], str(s[1].path))))
        work.append(ShardWork(table.name, shard, period, kept, folder_of(digests)))
    return work


def _index(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = open_file(path).read().to_pylist()
    return rows


def items(work: Sequence[ShardWork]) -> list[list[ShardWork]]:
    """Group neighbouring shards into pieces of work of about `ITEM_ROWS` rows."""
    return in_pieces(work, ITEM_ROWS, lambda one: one.rows)


def make_shards(work: Sequence[ShardWork]) -> int:
    """Make files of the cube; give the number of rows written.

    A part is read once for all neighbouring shards of the work.

    Raises
    ------
    BuildError
        A part is damaged.
    """
    table = TABLES[work[0].table]
    wanted: dict[Path, list[Slice]] = defaultdict(list)
    for one in work:
        for piece in one.slices:
            wanted[piece.path].append(piece)
    read = {path: read_slices(path, slices, table) for path, slices in wanted.items()}
    total = 0
    for one in work:
        counts = added([read[piece.path][piece.first] for piece in one.slices])
        with whole_folder(one.folder) as folder:
            write_shard(folder / f"{table.name}.parquet", counts, table)
        total += len(counts)
    return total


def read_slices(path: Path, slices: Sequence[Slice], table: Table) -> dict[int, Counts]:
    """Read the row groups that hold the slices, and give each slice by its first row."""
    file = open_file(path, texts_of(table))
    low, high = min(s.first for s in slices), max(s.first + s.rows for s in slices)
    sizes = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    first = int(np.searchsorted(starts, low, side="right")) - 1
    last = int(np.searchsorted(starts, high, side="left"))
    try:
        rows = file.read_row_groups(list(range(first, last)))
    except (pa.ArrowInvalid, OSError) as error:
        raise damaged(path, error) from None
    begin = int(starts[first])
    return {s.first: from_rows(rows.slice(s.first - begin, s.rows), table) for s in slices}
