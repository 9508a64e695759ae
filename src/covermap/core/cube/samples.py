"""Samples to counts: of levels in 1 dB bins, and of rate and latency tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from covermap.core.arrays import read_only
from covermap.core.cells import NO_CELL, cells_at
from covermap.core.cube.counts import NO_BIN, Counts, Group, Ints, Shorts
from covermap.tables import NO_TECHNOLOGY

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int32]

LAYER = ("period", "operator", "technology", "source")
TEXTS = ("operator", "technology", "source", "period", "position_basis")
TESTS = {"downlink": "dl_kbps", "uplink": "ul_kbps", "latency": "latency_ms"}
"""Kinds of tests, and the column of samples that holds what they measured."""
NEEDED = (
    "operator", "technology", "service", "source", "period", "lon", "lat", "position_basis",
    "position_error_m", "rsrp_dbm", "sinr_db", *TESTS.values(),
)  # fmt: skip
"""Columns of samples that the cube is made of."""
_CDB = 100.0
_MILLI = 1000.0


def cells_of(samples: pa.Table, max_error_m: float, resolution: int) -> Ints:
    """Give the cell of each sample whose position is known to within `max_error_m`.

    A sample that is lost, or known less well, is in no cell (`NO_CELL`); it stays in the table of
    samples.
    """
    basis = _dictionary(samples.column("position_basis"))
    words = basis.dictionary.to_pylist()
    lost = words.index("lost") if "lost" in words else -1
    lon, lat = _floats(samples, "lon"), _floats(samples, "lat")
    error = _floats(samples, "position_error_m")
    return cells_at(_known(lon, error, _numbers(basis), lost, max_error_m), lat, resolution)


@njit(cache=True, nogil=True)
def _known(lon: Floats, error: Floats, basis: Numbers, lost: int, max_error_m: float) -> Floats:
    """Longitudes, NaN where the position is lost or not known well enough."""
    out = np.full(len(lon), np.nan)
    for i in range(len(lon)):
        if error[i] <= max_error_m and basis[i] != lost:
            out[i] = lon[i]
    return out


def count_levels(samples: pa.Table, cells: Ints) -> Counts:
    """Count samples in 1 dB bins of level and SINR per cell, layer, source and period.

    Parameters
    ----------
    samples
        Rows with the columns `NEEDED` of ``tables.SAMPLES``; texts may be dictionaries.
    cells
        Cell of each row, of one resolution; rows in no cell are not counted.

    Returns
    -------
    Counts
        One row a sample, in the order of the samples: to be added up. Groups are (period,
        operator, technology, source); `bin_a` and `bin_b` are the floors of level and SINR, dB
        (`NO_BIN`: none); `sum_a` and `sum_b` the levels in 0.01 dB.

    Notes
    -----
    A sample without service is of technology ``none`` and has no level, whatever the receiver went
    on writing: the level is that of a cell that does not serve.
    """
    served = _served(samples)
    groups, group = group_numbers(samples, LAYER, served)
    rsrp_bin, rsrp_cdb = _binned(_floats(samples, "rsrp_dbm"), served)
    sinr_bin, sinr_cdb = _binned(_floats(samples, "sinr_db"), served)
    ones = np.ones(len(cells), np.int64)
    counts = Counts(groups, group, cells, rsrp_bin, sinr_bin, ones, rsrp_cdb, sinr_cdb)
    placed = cells != NO_CELL
    return counts if placed.all() else counts.take(placed)


def count_tests(samples: pa.Table, cells: Ints) -> list[Counts]:
    """Count rate and latency tests per cell, layer, source and period, one result a kind of test.

    Returns
    -------
    list of Counts
        One row a test, to be added up. Groups are (period, operator, technology, source, kind);
        `bin_a` is the number of the value's bin (see `bin_of`), `bin_b` 0; `sum_a` the value in
        thousandths (bit/s, microseconds). Nothing for a kind of which there is no test.
    """
    made = []
    for kind, column in TESTS.items():
        if samples.column(column).null_count == samples.num_rows:
            continue
        value = _floats(samples, column)
        there = np.flatnonzero(np.isfinite(value) & (value >= 0) & (cells != NO_CELL))
        some = samples.select((*LAYER, "service")).take(pa.array(there))
        groups, group = group_numbers(some, LAYER, _served(some))
        milli = np.rint(value[there] * _MILLI).astype(np.int64)
        none = np.zeros(len(there), np.int64)
        named = tuple((*g, kind) for g in groups)
        made.append(
            Counts(named, group, cells[there], bin_of(milli), none.astype(np.int16),
                   none + 1, milli, none)
        )  # fmt: skip
    return made


def group_numbers(
    rows: pa.Table, names: Sequence[str], served: Flags | None = None
) -> tuple[tuple[Group, ...], NDArray[np.int32]]:
    """Give the distinct groups of rows, ascending, and the number of each row's group.

    Parameters
    ----------
    names
        Columns of texts, or of dictionaries of texts, without nulls.
    served
        Rows that are False are of technology ``none``.
    """
    texts: list[list[str]] = []
    code = np.zeros(rows.num_rows, np.int32)
    for name in names:
        coded = _dictionary(rows.column(name))
        words = coded.dictionary.to_pylist()
        number = _numbers(coded)
        if name == "technology" and served is not None:
            number = np.where(served, number, np.int32(len(words)))
            words = [*words, NO_TECHNOLOGY]
        code *= np.int32(len(words))
        code += number
        texts.append(words)
    sizes = [len(words) for words in texts]
    found = np.flatnonzero(_present(code, math.prod(sizes)))
    spelt = [_spelt(int(c), sizes, texts) for c in found]
    groups = tuple(sorted(set(spelt)))
    place = {g: k for k, g in enumerate(groups)}
    number_of = np.zeros(math.prod(sizes), np.int32)
    number_of[found] = [place[g] for g in spelt]
    return groups, number_of[code]


@njit(cache=True, nogil=True)
def _present(code: Numbers, size: int) -> Flags:
    """Which codes below `size` occur."""
    found = np.zeros(size, np.bool_)
    for one in code:
        found[one] = True
    return found


def _dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column.unify_dictionaries().combine_chunks()
    return whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()


def _numbers(coded: pa.DictionaryArray) -> Numbers:
    return read_only(coded.indices.to_numpy(zero_copy_only=False), np.int32)


def _spelt(code: int, sizes: list[int], texts: list[list[str]]) -> Group:
    words = []
    for size, known in zip(reversed(sizes), reversed(texts), strict=True):
        code, number = divmod(code, size)
        words.append(known[number])
    return tuple(reversed(words))


def _floats(rows: pa.Table, name: str) -> Floats:
    column = rows.column(name)
    return read_only(column.to_numpy(), np.float64)


def _served(samples: pa.Table) -> Flags:
    return read_only(samples.column("service").to_numpy(), np.bool_)


def binned(samples: pa.Table, level: str) -> tuple[Shorts, Ints]:
    """Give the 1 dB bin of each sample's level, and the level in 0.01 dB.

    `NO_BIN` and 0 where there is none, or no service: the level is then that of a cell that does
    not serve.
    """
    return _binned(_floats(samples, level), _served(samples))


@njit(cache=True, nogil=True)
def _binned(level: Floats, served: Flags) -> tuple[Shorts, Ints]:
    """1 dB bin of each level, and the level in 0.01 dB; `NO_BIN` and 0 where there is none."""
    bins = np.empty(len(level), np.int16)
    cdb = np.empty(len(level), np.int64)
    for i in range(len(level)):
        if served[i] and np.isfinite(level[i]):
            bins[i] = np.int16(np.floor(level[i]))
            cdb[i] = np.int64(np.rint(level[i] * _CDB))
        else:
            bins[i] = NO_BIN
            cdb[i] = 0
    return bins, cdb


_STEPS = 90
"""Bins of a decade: 1.0 to 9.9."""


@njit(cache=True, nogil=True)
def bin_of(milli: Ints) -> Shorts:
    """Give the number of the bin of values, whole numbers of thousandths: two significant digits.

    Bin edges are the numbers of two digits times a power of ten, so a threshold such as 220 Mbit/s
    or 50 ms falls between bins and is answered exactly. Below 100 thousandths a bin is one of them.

    Examples
    --------
    >>> bin_of(np.array([0, 99, 229_999])).tolist(), edge_of(bin_of(np.array([229_999]))).tolist()
    ([0, 99, 382], [220000])
    """
    out = np.empty(len(milli), np.int16)
    for i in range(len(milli)):
        value, decades = milli[i], 0
        while value >= 100:
            value //= 10
            decades += 1
        out[i] = value + _STEPS * decades
    return out


def edge_of(bins: NDArray[np.int16]) -> Ints:
    """Give the lower edge of bins of tests, in thousandths."""
    bins = bins.astype(np.int64)
    decades = np.maximum(bins - 10, 0) // _STEPS
    edges: Ints = (bins - _STEPS * decades) * 10**decades
    return edges
