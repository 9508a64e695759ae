"""Counts per cell, group and bins: sorted, with one row a key, and added up without a sample.

A group is a layer with its source and period. Rows are in the order of their shard (the ancestor
of resolution `SHARD_RESOLUTION`), then of group, cell and bins, so that all that one shard holds,
and in it all that one group holds, lies together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.arrays import read_only

Ints = NDArray[np.int64]
Shorts = NDArray[np.int16]
Group = tuple[str, ...]

SHARD_RESOLUTION = 3
"""Cells of this resolution have about 12,400 km2; mainland China has about 800 of them."""
NO_BIN = 32767
"""Bin of what has no value: the greatest, so that it comes last."""
_FINEST, _BITS_PER_DIGIT = 15, 3
_SHARD_SHIFT = _BITS_PER_DIGIT * (_FINEST - SHARD_RESOLUTION)
_KEY_BITS = 64
_MOST = 1 << 62
_DIGIT_BITS = 11


@dataclass(frozen=True)
class Counts:
    """Counts of `groups`; the arrays have one length, one row a shard, group, cell and bins."""

    groups: tuple[Group, ...]
    """Distinct and ascending."""
    group: NDArray[np.int32]
    cell: Ints
    """Of one resolution, `SHARD_RESOLUTION` or finer."""
    bin_a: Shorts
    bin_b: Shorts
    n: Ints
    sum_a: Ints
    sum_b: Ints

    def __post_init__(self) -> None:
        """Take every array as one that cannot be written, as Arrow's are: one kind of kernel."""
        for name in ROW_FIELDS:
            values = getattr(self, name)
            object.__setattr__(self, name, read_only(values, values.dtype))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.cell)

    def take(self, rows: slice | NDArray[Any]) -> Counts:
        """Give some rows."""
        return Counts(self.groups, *(getattr(self, name)[rows] for name in ROW_FIELDS))


ROW_FIELDS = tuple(f.name for f in fields(Counts))[1:]


def no_counts(groups: tuple[Group, ...] = ()) -> Counts:
    """Give counts without rows."""
    none = np.zeros(0, np.int64)
    short = none.astype(np.int16)
    return Counts(groups, none.astype(np.int32), none, short, short, none, none, none)


def shards_of(cells: Ints) -> Ints:
    """Give the number of each cell's shard: ascending with the shards' indexes."""
    return cells >> _SHARD_SHIFT


def shard_cell(number: int) -> int:
    """Give the H3 index of a shard from its number.

    Examples
    --------
    >>> hex(shard_cell(0x8A309962CC9FFFF >> 36))
    '0x833099fffffffff'
    """
    resolution_bits = 0xF << (52 - _SHARD_SHIFT)
    prefix = (number & ~resolution_bits) | (SHARD_RESOLUTION << (52 - _SHARD_SHIFT))
    return (prefix << _SHARD_SHIFT) | ((1 << _SHARD_SHIFT) - 1)


def counted(rows: Counts) -> Counts:
    """Sort rows and add up those of one key.

    Parameters
    ----------
    rows
        In any order, keys repeated or not.
    """
    if not len(rows):
        return rows
    order, new = _sorted(rows)
    starts = np.flatnonzero(new)
    first = order[starts]
    n, sum_a, sum_b = _add(order, starts, rows.n, rows.sum_a, rows.sum_b)
    return Counts(
        rows.groups, rows.group[first], rows.cell[first], rows.bin_a[first], rows.bin_b[first],
        n, sum_a, sum_b,
    )  # fmt: skip


def added(parts: Sequence[Counts]) -> Counts:
    """Add up counts of several parts, each with groups of its own.

    The result does not depend on the order or the cut of the parts.
    """
    groups = tuple(sorted({g for part in parts for g in part.groups}))
    number = {g: k for k, g in enumerate(groups)}
    renumbered = [
        np.array([number[g] for g in part.groups], np.int32)[part.group]
        if part.groups
        else part.group
        for part in parts
    ]
    if not parts:
        return no_counts()
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ROW_FIELDS[1:])
    return counted(Counts(groups, np.concatenate(renumbered), *columns))


def _sorted(rows: Counts) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Order of the rows, and which of them, so ordered, begin a new key."""
    lows, bits = _key_fields(rows)
    if sum(bits) <= _KEY_BITS:
        key = _keys(
            rows.cell, rows.group, rows.bin_a, rows.bin_b, np.array(lows), np.array(bits),
            _rest_bits(rows.cell),
        )  # fmt: skip
        return _radix_order(key, sum(bits))
    columns = (rows.bin_b, rows.bin_a, rows.cell, rows.group, shards_of(rows.cell))
    order = np.lexsort(columns).astype(np.uint32)
    new = np.ones(len(order), np.bool_)
    new[1:] = np.any([c[order[1:]] != c[order[:-1]] for c in columns], axis=0)
    return order, new


def _rest_bits(cells: Ints) -> int:
    """Bits of a cell's digits below those of its shard; coarser digits are the same for all."""
    resolution = (int(cells[0]) >> 52) & 0xF
    return _BITS_PER_DIGIT * (resolution - SHARD_RESOLUTION)


def _key_fields(rows: Counts) -> tuple[list[int], list[int]]:
    """Lowest value and number of bits of shard, group, rest of the cell, and bins."""
    lows, bits = [], []
    for values in (shards_of(rows.cell), rows.group, None, rows.bin_a, rows.bin_b):
        if values is None:
            lows.append(0)
            bits.append(_rest_bits(rows.cell))
            continue
        low, high = map(int, _span(values))
        lows.append(low)
        # one number more than the values need is for what has none
        bits.append((high - low + 1).bit_length())
    return lows, bits


@njit(cache=True, nogil=True)
def _span(values: NDArray[Any]) -> tuple[Any, Any]:
    """Give the lowest and the highest value, `NO_BIN` apart; 0 and 0 without any."""
    low, high = np.int64(_MOST), np.int64(-_MOST)
    for value in values:
        if value != NO_BIN:
            low, high = min(low, np.int64(value)), max(high, np.int64(value))
    return (low, high) if low <= high else (np.int64(0), np.int64(0))


@njit(cache=True, nogil=True)
def _keys(
    cell: Ints, group: NDArray[np.int32], bin_a: Shorts, bin_b: Shorts, lows: Ints, bits: Ints,
    rest_bits: int,
) -> NDArray[np.uint64]:  # fmt: skip
    """One whole number a row that sorts as shard, group, cell and bins do."""
    out = np.empty(len(cell), np.uint64)
    skipped = _SHARD_SHIFT - rest_bits
    mask = (np.int64(1) << rest_bits) - 1
    for i in range(len(cell)):
        key = np.uint64((cell[i] >> _SHARD_SHIFT) - lows[0])
        key = (key << np.uint64(bits[1])) | np.uint64(group[i] - lows[1])
        key = (key << np.uint64(bits[2])) | np.uint64((cell[i] >> skipped) & mask)
        key = (key << np.uint64(bits[3])) | _bin_key(bin_a[i], lows[3], bits[3])
        out[i] = (key << np.uint64(bits[4])) | _bin_key(bin_b[i], lows[4], bits[4])
    return out


@njit(cache=True, nogil=True)
def _bin_key(value: int, low: int, bits: int) -> np.uint64:
    """Give the number of a bin in a key of so many bits; what has none comes last."""
    if value == NO_BIN:
        return (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    return np.uint64(value - low)


@njit(cache=True, nogil=True)
def _radix_order(
    key: NDArray[np.uint64], bits: int
) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Stable order of keys by radix sort; digits that are the same for all cost one pass."""
    n = len(key)
    order = np.arange(n).astype(np.uint32)
    new = np.ones(n, np.bool_)
    passes = (bits + _DIGIT_BITS - 1) // _DIGIT_BITS
    if passes == 0:
        new[1:] = False
        return order, new
    size = 1 << _DIGIT_BITS
    mask = np.uint64(size - 1)
    counts = np.zeros((passes, size), np.int64)
    for i in range(n):
        k = key[i]
        for p in range(passes):
            counts[p, np.int64((k >> np.uint64(p * _DIGIT_BITS)) & mask)] += 1
    here, other_key, other = key.copy(), np.empty_like(key), np.empty_like(order)
    for p in range(passes):
        shift = np.uint64(p * _DIGIT_BITS)
        if counts[p, np.int64((here[0] >> shift) & mask)] == n:
            continue
        counts[p] = np.cumsum(counts[p]) - counts[p]
        for i in range(n):
            d = np.int64((here[i] >> shift) & mask)
            to = counts[p, d]
            counts[p, d] = to + 1
            other_key[to] = here[i]
            other[to] = order[i]
        here, other_key = other_key, here
        order, other = other, order
    for i in range(1, n):
        new[i] = here[i] != here[i - 1]
    return order, new


@njit(cache=True, nogil=True)
def _add(
    order: NDArray[np.uint32], starts: Ints, n: Ints, sum_a: Ints, sum_b: Ints
) -> tuple[Ints, Ints, Ints]:
    """Add up each run of rows, in the given order."""
    keys = len(starts)
    total, first = np.zeros(keys, np.int64), np.zeros(keys, np.int64)
    second = np.zeros(keys, np.int64)
    for k in range(keys):
        end = starts[k + 1] if k + 1 < keys else len(order)
        for i in range(starts[k], end):
            row = order[i]
            total[k] += n[row]
            first[k] += sum_a[row]
            second[k] += sum_b[row]
    return total, first, second
