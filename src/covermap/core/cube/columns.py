"""Counts as rows of the tables `cell_evidence` and `cell_tests`, and back; and their digests."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cube.counts import NO_BIN, ROW_FIELDS, Counts, Ints, no_counts, shards_of
from covermap.core.cube.samples import LAYER, bin_of, edge_of, group_numbers
from covermap.tables import CELL_EVIDENCE, Table

_DIGEST_LETTERS = 32


def texts_of(table: Table) -> tuple[str, ...]:
    """Give the columns that make a group, in the order of its parts."""
    return LAYER if table is CELL_EVIDENCE else (*LAYER, "kind")


def as_rows(counts: Counts, table: Table) -> pa.Table:
    """Give counts as rows of a table, in their order; texts are dictionaries."""
    columns: dict[str, pa.Array] = {"cell": pa.array(counts.cell)}
    used = groups_in(counts).tolist()
    number = np.zeros(len(counts.groups), np.int32)
    for at, name in enumerate(texts_of(table)):
        words = sorted({counts.groups[g][at] for g in used})
        number[used] = [words.index(counts.groups[g][at]) for g in used]
        columns[name] = pa.DictionaryArray.from_arrays(
            pa.array(number[counts.group]), pa.array(words, pa.string())
        )
    columns["n"] = pa.array(counts.n)
    if table is CELL_EVIDENCE:
        columns["rsrp_bin"] = _bins(counts.bin_a)
        columns["sinr_bin"] = _bins(counts.bin_b)
        columns["rsrp_sum_cdb"] = pa.array(counts.sum_a)
        columns["sinr_sum_cdb"] = pa.array(counts.sum_b)
    else:
        columns["bin"] = pa.array(edge_of(counts.bin_a))
        columns["sum"] = pa.array(counts.sum_a)
    return pa.table({name: columns[name] for name in table.names})


def _bins(bins: NDArray[np.int16]) -> pa.Array:
    return pa.array(bins, mask=bins == NO_BIN)


def from_rows(rows: pa.Table, table: Table) -> Counts:
    """Give rows of a table as counts, in their order."""
    if not rows.num_rows:
        return no_counts()
    groups, group = group_numbers(rows, texts_of(table))
    cell, n = (rows.column(name).to_numpy() for name in ("cell", "n"))
    if table is CELL_EVIDENCE:
        bin_a, bin_b = (_shorts(rows, name) for name in ("rsrp_bin", "sinr_bin"))
        sum_a, sum_b = (rows.column(c).to_numpy() for c in ("rsrp_sum_cdb", "sinr_sum_cdb"))
    else:
        bin_a, sum_a = bin_of(rows.column("bin").to_numpy()), rows.column("sum").to_numpy()
        bin_b, sum_b = np.zeros(len(n), np.int16), np.zeros(len(n), np.int64)
    return Counts(groups, group, cell, bin_a, bin_b, n, sum_a, sum_b)


def _shorts(rows: pa.Table, name: str) -> NDArray[np.int16]:
    filled: NDArray[np.int16] = rows.column(name).fill_null(NO_BIN).to_numpy()
    return filled


def stretches(counts: Counts) -> list[tuple[int, str, int, int]]:
    """Give what lies together: number of the shard, period, first row and rows, in order."""
    if not len(counts):
        return []
    shard = shards_of(counts.cell)
    periods = sorted({g[0] for g in counts.groups})
    period = np.array([periods.index(g[0]) for g in counts.groups], np.int64)[counts.group]
    new = np.flatnonzero((np.diff(shard) != 0) | (np.diff(period) != 0)) + 1
    first = np.concatenate([[0], new]).tolist()
    last = [*first[1:], len(counts)]
    return [(int(shard[a]), periods[period[a]], a, b - a) for a, b in zip(first, last, strict=True)]


def groups_in(counts: Counts) -> Ints:
    """Give the numbers of the groups that have rows."""
    return np.flatnonzero(np.bincount(counts.group, minlength=len(counts.groups)))


def digest_of(counts: Counts) -> str:
    """Hash what the rows say: equal rows have equal digests whatever their group's numbers are."""
    used = groups_in(counts)
    number: Ints = np.full(len(counts.groups), -1, np.int64)
    number[used] = np.arange(len(used))
    digest = hashlib.sha256(repr([counts.groups[g] for g in used]).encode())
    digest.update(number[counts.group].astype("<i4").data)
    for name in ROW_FIELDS[1:]:
        values = np.ascontiguousarray(getattr(counts, name))
        digest.update(values.astype(values.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()[:_DIGEST_LETTERS]
