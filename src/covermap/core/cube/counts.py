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
from numpy.typing import NDArray

from covermap.core.arrays import read_only
from covermap.core.cube.adding import radix_order, run_starts, summed

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
        In any order, keys repeated or not; quickest where rows of one cell and group follow one
        another.
    """
    if not len(rows):
        return rows
    starts = run_starts(rows.cell, rows.group)
    columns = (getattr(rows, name) for name in ROW_FIELDS)
    return Counts(rows.groups, *summed(_run_order(rows, starts[:-1]), starts, *columns))


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


def _run_order(rows: Counts, first: Ints) -> Ints:
    """Order of runs by shard, group and cell, from the first row of each."""
    cell, group = rows.cell[first], rows.group[first]
    shard = shards_of(cell)
    low = int(shard.min())
    bits = [
        (int(shard.max()) - low).bit_length(),
        (len(rows.groups) - 1).bit_length(),
        _rest_bits(cell),
    ]
    if sum(bits) > _KEY_BITS:
        return np.lexsort((cell, group, shard))
    rest = (cell >> (_SHARD_SHIFT - bits[2])) & ((1 << bits[2]) - 1)
    key = ((((shard - low) << bits[1]) | group) << bits[2]) | rest
    order: Ints = radix_order(key.view(np.uint64), sum(bits))
    return order


def _rest_bits(cells: Ints) -> int:
    """Bits of a cell's digits below those of its shard; finer digits are the same for all."""
    resolution = (int(cells[0]) >> 52) & 0xF
    return _BITS_PER_DIGIT * (resolution - SHARD_RESOLUTION)
