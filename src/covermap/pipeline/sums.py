"""The cube's two sums as an engine is told of them: samples to parts, and parts to shards.

One process adds up all that goes to one file by itself (`together`). An engine with many machines
lets kernels give rows anywhere and exchanges them (`rows_of`, `write`). The kernels and the writers
are the same, so the files have the same bytes.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.core.cube.columns import digest_of
from covermap.core.cube.numbered import FILE, NUMBERED, SUMS, counts_in, numbered
from covermap.engine.step import in_pieces
from covermap.engine.sums import Sums
from covermap.log_counts import LogCounts, Stretch, read_stretches
from covermap.pipeline.parts import PartWork, grid_one
from covermap.shards import write_shard
from covermap.steps.cube import ITEM_ROWS, ShardWork, items, make_shards
from covermap.steps.grid import batches, counts_of
from covermap.store import whole_folder
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, TABLES
from covermap.workspace import Config


@dataclass(frozen=True)
class Share:
    """Some row groups of one log's samples."""

    file: int
    samples: Path
    row_groups: tuple[int, ...]
    config: Config


@dataclass(frozen=True)
class Pieces:
    """Rows of one part, each stretch with the number of the shard's file that it goes to."""

    table: str
    stretches: tuple[tuple[int, Stretch], ...]


def grid_sums(jobs: Sequence[PartWork]) -> Sums:
    """Tell how samples become one part a log."""
    shares = [
        Share(number, job.samples, tuple(groups), job.config)
        for number, job in enumerate(jobs)
        for groups in _row_groups(job.samples)
    ]
    folders = tuple(job.folder for job in jobs)
    return _sums(
        shares, _rows_of_share, partial(_write, folders, _write_log), folders,
        [[job] for job in jobs], _grid_each,
    )  # fmt: skip


def cube_sums(work: Sequence[ShardWork]) -> Sums:
    """Tell how parts become one file a shard and period."""
    by_part: dict[Path, list[tuple[int, Stretch]]] = {}
    for number, one in enumerate(work):
        for piece in one.stretches:
            by_part.setdefault(piece.path, []).append((number, piece))
    table = work[0].table if work else ""
    pieces = [
        Pieces(table, tuple(some))
        for _, mine in sorted(by_part.items())
        for some in in_pieces(
            sorted(mine, key=lambda s: s[1].first), ITEM_ROWS, lambda s: s[1].rows
        )
    ]
    folders = tuple(one.folder for one in work)
    write = partial(_write, folders, partial(_write_shard, table))
    return _sums(pieces, _rows_of_pieces, write, folders, items(work), make_shards)


def _sums(
    items: Sequence[object],
    rows_of: Callable[..., Iterator[pa.Table]],
    write: Callable[[int, pa.Table], tuple[str, int]],
    folders: tuple[Path, ...],
    pieces: Sequence[Sequence[object]],
    together: Callable[..., int],
) -> Sums:
    return Sums(
        items, rows_of, NUMBERED, SUMS, FILE, len(folders), write, partial(_keep, folders),
        pieces, together,
    )  # fmt: skip


def _row_groups(samples: Path) -> list[list[int]]:
    footer = pq.read_metadata(samples)
    return in_pieces(
        range(footer.num_row_groups), ITEM_ROWS, lambda g: footer.row_group(g).num_rows
    )


def _rows_of_share(share: Share) -> Iterator[pa.Table]:
    samples = batches(share.samples, share.row_groups)
    for both in counts_of(samples, share.config):
        for counts in both:
            if len(counts):
                yield numbered(counts, share.file)


def _rows_of_pieces(pieces: Pieces) -> Iterator[pa.Table]:
    read = read_stretches([piece for _, piece in pieces.stretches])
    for number, piece in pieces.stretches:
        yield numbered(read[piece.first], number)


def _grid_each(jobs: Sequence[PartWork]) -> int:
    return sum(sum(grid_one(job).values()) for job in jobs)


def _write(
    folders: Sequence[Path], into: Callable[[Path, pa.Table], int], file: int, rows: pa.Table
) -> tuple[str, int]:
    """Write a file's folder beside its place; what is not kept, the next build sweeps away."""
    place = folders[file]
    aside = place.with_name(f".{place.name}.{uuid.uuid4().hex}.part")
    with whole_folder(aside) as folder:
        return str(aside), into(folder, rows)


def _keep(folders: Sequence[Path], file: int, written: tuple[str, int]) -> int:
    aside, rows = Path(written[0]), written[1]
    if folders[file].exists():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.rename(folders[file])
    return rows


def _write_log(folder: Path, rows: pa.Table) -> int:
    total = 0
    for table in (CELL_EVIDENCE, CELL_TESTS):
        with LogCounts(folder, table) as writer:
            writer.write(counts_in(rows, table))
            total += writer.rows
    return total


def _write_shard(table: str, folder: Path, rows: pa.Table) -> int:
    counts = counts_in(rows, TABLES[table])
    write_shard(folder / f"{table}.parquet", counts, TABLES[table], digest_of(counts))
    return len(counts)
