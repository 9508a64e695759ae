"""One order for the rows of a run, whatever the order of the file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def canonical_order(run: Ints, time_ms: Ints, lon: Floats, lat: Floats, values: pa.Table) -> Ints:
    """Row numbers in canonical order: run, time, position, then every other value.

    Rows of one instant are ordered so that the track goes on: first those at a position of the
    instant before, last those at a position of the instant after, by longitude and latitude else.
    Without this, a log of whole seconds whose position changes within a second would go back and
    forth when it is sorted by value.

    Parameters
    ----------
    run : array of int64
        Rank of each row's run.
    time_ms : array of int64
        Time; one constant for rows without.
    lon, lat : arrays of float64
        Position, NaN where there is none.
    values : pa.Table
        Every other value that a sample keeps, and last a column that tells equal rows apart.
    """
    instant = _groups(run, time_ms)
    place = _groups_of_positions(lon, lat)
    turn = _turn(instant, place, run)
    columns = {"~instant": instant, "~turn": turn, "~lon": _no_minus(lon), "~lat": _no_minus(lat)}
    arrays = {name: pa.array(column, from_pandas=True) for name, column in columns.items()}
    table = pa.table(arrays)
    for name in values.column_names:
        table = table.append_column(name, values.column(name))
    keys = [(name, "ascending") for name in table.column_names]
    order = pc.sort_indices(table, sort_keys=keys)  # nulls last
    return order.to_numpy().astype(np.int64)


def _no_minus(values: Floats) -> Floats:
    return values + 0.0  # -0.0 becomes 0.0: one spelling of zero, one order


def _groups(run: Ints, time_ms: Ints) -> Ints:
    """Dense rank of (run, time): neighbours in time within a run have consecutive numbers."""
    order = np.lexsort((time_ms, run))
    new = np.ones(order.size, dtype=np.int64)
    new[1:] = (np.diff(run[order]) != 0) | (np.diff(time_ms[order]) != 0)
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.cumsum(new) - 1
    return rank


def _groups_of_positions(lon: Floats, lat: Floats) -> Ints:
    """Give each distinct position a number; -1 where there is none."""
    known = np.isfinite(lon) & np.isfinite(lat)
    number = np.full(lon.shape, -1, dtype=np.int64)
    if known.any():
        order = np.lexsort((lat[known], lon[known]))
        x, y = lon[known][order], lat[known][order]
        new = np.ones(order.size, dtype=np.int64)
        new[1:] = (np.diff(x) != 0) | (np.diff(y) != 0)
        ranks = np.empty(order.size, dtype=np.int64)
        ranks[order] = np.cumsum(new) - 1
        number[known] = ranks
    return number


def _turn(instant: Ints, place: Ints, run: Ints) -> Ints:
    """0: at a position of the instant before; 2: at one of the instant after; 1: neither."""
    if instant.size == 0:
        return instant
    width = int(place.max()) + 2
    key = instant * width + place + 1
    known, same_run = place >= 0, _run_of_instant(instant, run)
    before = np.maximum(instant - 1, 0)
    after = np.minimum(instant + 1, int(instant.max()))
    keys = np.sort(key[known])
    at_before = known & (before < instant) & (same_run[before] == run)
    at_before &= _occurs(before * width + place + 1, keys)
    at_after = known & (after > instant) & (same_run[after] == run)
    at_after &= _occurs(after * width + place + 1, keys)
    return np.where(at_before, 0, np.where(at_after, 2, 1)).astype(np.int64)


def _occurs(wanted: Ints, keys: Ints) -> Bools:
    """Whether each number is in a sorted list: four times as fast as numpy's isin on these."""
    at = np.searchsorted(keys, wanted)
    return (at < keys.size) & (np.append(keys, -1)[at] == wanted)


def _run_of_instant(instant: Ints, run: Ints) -> Ints:
    owner = np.empty(int(instant.max()) + 1, dtype=np.int64)
    owner[instant] = run
    return owner


def backwards(run: Ints, time_ms: Ints, known: Bools) -> Bools:
    """Rows, in file order, whose time is before that of the row above in the same run.

    Examples
    --------
    >>> backwards(np.zeros(3, int), np.array([5, 9, 7]), np.ones(3, bool)).tolist()
    [False, False, True]
    """
    found = np.zeros(run.shape, dtype=bool)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(run[rows], kind="stable")]
    same = np.diff(run[rows]) == 0
    found[rows[1:]] = same & (np.diff(time_ms[rows]) < 0)
    return found


def repeats(run: Ints, key: Ints, known: Bools) -> Bools:
    """Rows whose key occurred in an earlier row (of the given order) of the same run.

    Examples
    --------
    >>> repeats(np.zeros(3, int), np.array([5, 9, 5]), np.ones(3, bool)).tolist()
    [False, False, True]
    """
    found = np.zeros(run.shape, dtype=bool)
    rows = np.flatnonzero(known)
    order = rows[np.lexsort((rows, key[rows], run[rows]))]
    found[order[1:]] = (np.diff(run[order]) == 0) & (np.diff(key[order]) == 0)
    return found


def same_as_before(run: Ints, order: Ints, values: Mapping[str, pa.Array]) -> Bools:
    """Rows equal in every given value to the row before them in an order, within their run.

    Parameters
    ----------
    run : array of int64
        Run of each row.
    order : array of int64
        Row numbers, sorted by run first.
    values : mapping of name to array
        Columns; null is equal to null.

    Examples
    --------
    >>> same_as_before(np.zeros(3, int), np.array([0, 2, 1]), {"a": pa.array([1, 2, 1])}).tolist()
    [False, False, True]
    """
    same = np.diff(run[order]) == 0
    for column in values.values():
        codes = column.dictionary_encode()
        if isinstance(codes, pa.ChunkedArray):
            codes = codes.combine_chunks()
        index = pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False)
        same &= np.diff(index[order]) == 0
    found = np.zeros(run.shape, dtype=bool)
    found[order[1:]] = same
    return found
