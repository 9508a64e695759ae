"""Marks: what a tile would say, as 128 bits, so that a tile which would say the same is kept.

A mark is two lanes of 64 bits, stirred with one value after the other by `mixing.mixed`. Each step
is one to one in the value, so rows that differ in one column never have one mark, and others do
with a probability of about 2**-128. They are no defence against somebody who wants them to be
equal.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.arrays import read_only
from covermap.core.mixing import GOLDEN, mixed

Ints = NDArray[np.int64]
Marks = NDArray[np.uint64]
"""Shape (rows, 2)."""


def mark_of(text: str) -> Marks:
    """Mark of a text, shape (2,)."""
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), "<u8").copy()


def stirred(seed: Marks, *columns: NDArray[Any]) -> Marks:
    """Mark of each row of columns of one length; numbers of 64 bits, by their bits.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = stirred(mark_of("cells"), np.array([1, 2]), np.array([0.5, 0.5])).tolist()
    >>> a == b
    False
    """
    marks = np.repeat(seed[None, :], len(columns[0]), axis=0)
    for column in columns:
        stir(marks, column)
    return marks


def stir(marks: Marks, column: NDArray[Any]) -> None:
    """Stir one more column into marks, in place."""
    if column.dtype != np.uint64:
        wide = column.astype(np.float64 if column.dtype.kind == "f" else np.int64)
        column = wide.view(np.uint64)
    _stir(marks, read_only(column, np.uint64))


def mark_runs(seed: Marks, marks: Marks, rows: Ints, starts: Ints) -> Marks:
    """Mark of each run of rows, in their order: run i is `rows[starts[i]:starts[i + 1]]`."""
    return _mark_runs(seed, marks, read_only(rows, np.int64), read_only(starts, np.int64))


@njit(cache=True, nogil=True)
def _mixed(mark: np.uint64, value: np.uint64, lane: int) -> np.uint64:
    odd = np.uint64(0xD6E8FEB86659FD93) if lane else GOLDEN
    return mixed((mark ^ (value * odd)) + odd)


@njit(cache=True, nogil=True)
def _stir(marks: Marks, values: NDArray[np.uint64]) -> None:
    for i in range(len(marks)):
        for lane in range(2):
            marks[i, lane] = _mixed(marks[i, lane], values[i], lane)


@njit(cache=True, nogil=True)
def _mark_runs(seed: Marks, marks: Marks, rows: Ints, starts: Ints) -> Marks:
    out = np.empty((len(starts) - 1, 2), np.uint64)
    for run in range(len(starts) - 1):
        for lane in range(2):
            mark = seed[lane]
            for i in range(starts[run], starts[run + 1]):
                mark = _mixed(mark, marks[rows[i], lane], lane)
            out[run, lane] = mark
    return out
