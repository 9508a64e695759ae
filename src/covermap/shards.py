"""Files of the evidence cube: one a shard and period, `<shard>.<period>.parquet`.

A file's footer says which layers are in it and the digest of what its rows say, so that whatever is
made of a shard can be kept until the shard changes.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.core.cube.columns import as_rows, from_rows, groups_in, texts_of
from covermap.core.cube.counts import Counts
from covermap.store import ROWS_PER_GROUP, CodedWriter, Tables, reading
from covermap.tables import CELL_EVIDENCE, Table

Ints = NDArray[np.int64]

DIGEST, LAYERS = b"covermap.digest", b"covermap.layers"
"""What a file's footer says beside its rows."""
_BATCH = 1_000_000
_NONE = np.zeros(0, np.int64)


def write_shard(path: Path, counts: Counts, table: Table, digest: str) -> None:
    """Write one file of the cube.

    The one writer of such files, whatever engine counted: the same counts give the same bytes.

    Parameters
    ----------
    counts
        Of one shard and period, as `added` gives them.
    digest
        As `digest_of` gives it.
    """
    layers = sorted({counts.groups[g][1:3] for g in groups_in(counts).tolist()})
    said = {DIGEST: digest.encode(), LAYERS: json.dumps(layers).encode()}
    with CodedWriter(path, table, said) as writer:
        if len(counts) <= ROWS_PER_GROUP:
            writer.write(as_rows(counts, table))
            return
        number_of = {layer: k for k, layer in enumerate(layers)}
        number = np.array([number_of.get(g[1:3], -1) for g in counts.groups])[counts.group]
        cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(counts)]
        for first, end in itertools.pairwise(cuts):
            writer.write(as_rows(counts.take(slice(first, end)), table))


@dataclass(frozen=True)
class ShardFile:
    """One file of the cube, as its name and its footer describe it."""

    path: Path
    shard: str
    """H3 index of the shard, hexadecimal."""
    period: str
    digest: str
    """Of what the rows say."""
    layers: tuple[tuple[str, str], ...]
    """Operators and technologies in it."""
    rows: int


def shard_file(path: Path) -> ShardFile:
    """Describe a file of the cube.

    Raises
    ------
    BuildError
        It is damaged.
    """
    footer = open_file(path).metadata
    said = footer.metadata or {}
    shard, period = path.stem.split(".", 1)
    layers = tuple((o, t) for o, t in json.loads(said[LAYERS]))
    return ShardFile(path, shard, period, said[DIGEST].decode(), layers, footer.num_rows)


def read_counts(path: Path, table: Table) -> Counts:
    """Read a file of the cube.

    Raises
    ------
    BuildError
        It is damaged.
    """
    with reading(path):
        return from_rows(open_file(path, texts_of(table)).read(), table)


def open_file(path: Path, texts: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a file of the cube, or of a log's counts; `texts` are read as dictionaries.

    Raises
    ------
    BuildError
        It is damaged.
    """
    with reading(path):
        return pq.ParquetFile(path, read_dictionary=list(texts))


def distinct_cells(tables: Tables) -> Ints:
    """Every cell with evidence, ascending; file by file of the cube, and no other column."""
    by_shard: dict[str, list[Ints]] = defaultdict(list)
    for path in tables.parts(CELL_EVIDENCE.name):
        by_shard[path.stem.split(".")[0]] += _cells_in(path)
    # files are in order of their shards, and so are cells
    return np.concatenate([_NONE, *(np.unique(np.concatenate(s)) for s in by_shard.values())])


def _cells_in(path: Path) -> list[Ints]:
    """Cells of a file of the cube, batch by batch; a run of one cell is told once."""
    found = [_NONE]
    with reading(path):
        for batch in open_file(path).iter_batches(_BATCH, columns=["cell"]):
            cells = batch.column("cell").to_numpy()
            found.append(cells[np.append(True, cells[1:] != cells[:-1])[: len(cells)]])
    return found
