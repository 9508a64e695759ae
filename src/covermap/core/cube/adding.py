"""Rows of counts in order, and those of one key added up: the kernels.

Samples of a log, and rows of a part, come in runs of one cell and group: the runs are put in order,
and then the few rows of each cell and group by their bins.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Shorts = NDArray[np.int16]
Numbers = NDArray[np.int32]
Summed = tuple[Numbers, Ints, Shorts, Shorts, Ints, Ints, Ints]

_DIGIT_BITS = 11
_BIN_SHIFT, _PAIR_SHIFT = 16, 32
_BIN_ZERO = 1 << 15
"""Added to a bin, so that it is not negative."""
_NO_PAIR = 1 << 32
_FEW = 24
"""So many rows are quickest put in order by insertion."""


@njit(cache=True, nogil=True)
def run_starts(cell: Ints, group: Numbers) -> Ints:
    """Give the first row of each run of one cell and group, and the number of rows at the end."""
    starts, count = np.empty(len(cell) + 1, np.int64), 0
    for i in range(len(cell)):
        if i == 0 or cell[i] != cell[i - 1] or group[i] != group[i - 1]:
            starts[count] = i
            count += 1
    starts[count] = len(cell)
    return starts[: count + 1].copy()


@njit(cache=True, nogil=True)
def radix_order(key: NDArray[np.uint64], bits: int) -> Ints:
    """Give the stable order of keys below ``2 ** bits``; digits all have in common cost nothing."""
    n = len(key)
    order = np.arange(n)
    passes = (bits + _DIGIT_BITS - 1) // _DIGIT_BITS
    if n == 0 or passes == 0:
        return order
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
    return order


@njit(cache=True, nogil=True)
def summed(
    order: Ints, starts: Ints, group: Numbers, cell: Ints, bin_a: Shorts, bin_b: Shorts, n: Ints,
    sum_a: Ints, sum_b: Ints,
) -> Summed:  # fmt: skip
    """Give one row a key, in order.

    Parameters
    ----------
    order, starts
        Runs of one cell and group in their order, and the first row of each (see `run_starts`).
    group, cell, bin_a, bin_b, n, sum_a, sum_b
        The rows; fewer than ``2 ** 32``.
    """
    size = len(cell)
    groups, cells = np.empty(size, np.int32), np.empty(size, np.int64)
    first_bins, second_bins = np.empty(size, np.int16), np.empty(size, np.int16)
    total, first, second = (
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )
    held = np.empty(64, np.uint64)
    made, run = 0, 0
    while run < len(order):
        at = starts[order[run]]
        count, in_order = 0, True
        while run < len(order):
            begin, end = starts[order[run]], starts[order[run] + 1]
            if cell[begin] != cell[at] or group[begin] != group[at]:
                break
            if count + end - begin > len(held):
                more = np.empty(2 * (count + end - begin), np.uint64)
                more[:count] = held[:count]
                held = more
            for i in range(begin, end):
                held[count] = _key(bin_a[i], bin_b[i], i)
                in_order = in_order and (count == 0 or held[count] > held[count - 1])
                count += 1
            run += 1
        if not in_order:
            _put_in_order(held[:count])
        pair = np.uint64(_NO_PAIR)
        for key in held[:count]:
            row = np.int64(key & np.uint64(0xFFFFFFFF))
            if key >> np.uint64(_PAIR_SHIFT) != pair:
                pair = key >> np.uint64(_PAIR_SHIFT)
                groups[made], cells[made] = group[at], cell[at]
                first_bins[made], second_bins[made] = bin_a[row], bin_b[row]
                total[made], first[made], second[made] = n[row], sum_a[row], sum_b[row]
                made += 1
            else:
                total[made - 1] += n[row]
                first[made - 1] += sum_a[row]
                second[made - 1] += sum_b[row]
    return (
        groups[:made].copy(), cells[:made].copy(), first_bins[:made].copy(),
        second_bins[:made].copy(), total[:made].copy(), first[:made].copy(), second[:made].copy(),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _key(bin_a: int, bin_b: int, row: int) -> np.uint64:
    """Give a number that sorts as the bins do, with the row in its lower half."""
    pair = (np.uint64(bin_a + _BIN_ZERO) << np.uint64(_BIN_SHIFT)) | np.uint64(bin_b + _BIN_ZERO)
    return (pair << np.uint64(_PAIR_SHIFT)) | np.uint64(row)


@njit(cache=True, nogil=True)
def _put_in_order(keys: NDArray[np.uint64]) -> None:
    if len(keys) > _FEW:
        keys.sort()
        return
    for i in range(1, len(keys)):
        key, k = keys[i], i
        while k > 0 and keys[k - 1] > key:
            keys[k] = keys[k - 1]
            k -= 1
        keys[k] = key
