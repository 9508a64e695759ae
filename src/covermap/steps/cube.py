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

from covermap.core.cube.columns import digest_of
from covermap.core.cube.counts import added
from covermap.engine.step import in_pieces
from covermap.log_counts import Stretch, index_of, read_stretches
from covermap.shards import write_shard
from covermap.store import whole_folder
from covermap.tables import TABLES, Table

ITEM_ROWS = 2 << 20
"""Rows that one piece of work reads, about; a single shard and period may have more."""


@dataclass(frozen=True)
class ShardWork:
    """One file of the cube to make, in `folder`."""

    table: str
    shard: int
    period: str
    stretches: tuple[Stretch, ...]
    folder: Path

    @property
    def rows(self) -> int:
        """Count the rows that are read."""
        return sum(one.rows for one in self.stretches)

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
    found: dict[tuple[int, str], list[Stretch]] = defaultdict(list)
    for folder in parts:
        for one in index_of(folder, table):
            found[one.shard, one.period].append(one)
    work = []
    for (shard, period), some in sorted(found.items()):
        kept = tuple(sorted(some, key=lambda s: (s.digest, str(s.path), s.first)))
        folder = folder_of([one.digest for one in kept])
        work.append(ShardWork(table.name, shard, period, kept, folder))
    return work


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
    wanted: dict[Path, list[Stretch]] = defaultdict(list)
    for one in work:
        for piece in one.stretches:
            wanted[piece.path].append(piece)
    read = {path: read_stretches(some) for path, some in wanted.items()}
    total = 0
    for one in work:
        some = [read[piece.path][piece.first] for piece in one.stretches]
        counts = added(some)
        with whole_folder(one.folder) as folder:
            digest = one.stretches[0].digest if len(some) == 1 else digest_of(counts)
            write_shard(folder / f"{table.name}.parquet", counts, table, digest)
        total += len(counts)
    return total
