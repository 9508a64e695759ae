"""Evidence written by hand, as the files of the cube that a build holds."""

import pyarrow as pa

from covermap.core.cube.columns import digest_of, from_rows, stretches
from covermap.core.cube.counts import added, shard_cell
from covermap.shards import write_shard
from covermap.tables import CELL_EVIDENCE


def write_cube(folder, rows, table=CELL_EVIDENCE):
    """Write rows of `cell_evidence` (or of another table of the cube) into a build's folder."""
    target = folder / table.name
    target.mkdir(parents=True)
    counts = added([from_rows(rows.select(list(table.names)), table)])
    for shard, period, first, size in stretches(counts):
        one = added([counts.take(slice(first, first + size))])
        path = target / f"{shard_cell(shard):x}.{period}.parquet"
        write_shard(path, one, table, digest_of(one))


def evidence(rows):
    """Give rows of `cell_evidence` from dictionaries."""
    return pa.Table.from_pylist(rows, schema=CELL_EVIDENCE.schema)
