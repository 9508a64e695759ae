"""Measurements of a layer, one a cell and run, from samples or from the evidence cube.

Samples without service are in no technology; they say "at most the floor" in each technology of
their operator, as in the judging of cells. The cube does not tell runs apart: what one source
measured in one period is taken as one run.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import NO_CELL, centres
from covermap.core.cube.counts import NO_BIN, Counts
from covermap.core.prediction.observations import Observations, Rows, levels_of, sample_sd
from covermap.tables import NO_TECHNOLOGY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Layer = tuple[str, str]
Found = dict[Layer, tuple[Observations, float]]

FLOOR_SAMPLES = 5
_FLOOR_TIMES = 3.0
_ABOVE_DB = 5.0
_CDB = 100.0


def from_samples(samples: pa.Table, cells: Ints, none_dbm: float) -> Found:
    """Give the measurements of each layer (operator, technology), and its spread in cells.

    Parameters
    ----------
    samples
        Rows of ``tables.SAMPLES``.
    cells
        Cell of each row; those of no cell are passed over.
    none_dbm
        Level that a sample without service does not exceed.
    """
    known = cells != NO_CELL
    if not known.all():
        samples, cells = samples.filter(pa.array(known)), cells[known]
    operator, technology, run, device, group = (
        _codes(samples, name)
        for name in ("operator", "technology", "run_id", "device_id", "cell_id")
    )
    level = samples.column("rsrp_dbm").to_numpy().astype(np.float64)
    served = samples.column("service").to_numpy().astype(np.bool_)
    found: Found = {}
    for layer in _layers(operator, technology, served & np.isfinite(level)):
        own = operator[0] == operator[1].index(layer[0])
        with_level = own & served & np.isfinite(level)
        with_level &= technology[0] == technology[1].index(layer[1])
        some = np.flatnonzero(with_level | (own & ~served))
        there = with_level[some]
        floor = floor_of(level[some][there], np.ones(there.sum(), np.int64))
        dbm = np.where(there, level[some], none_dbm)
        rows = Rows(
            cells[some], run[0][some], dbm, np.ones(len(some), np.int64), ~there | (dbm <= floor)
        )
        spread = sample_sd(rows)
        levels = levels_of(rows, spread)
        key = (cells[some], run[0][some])
        found[layer] = (
            _observed(
                levels.place, levels.run, levels.level_dbm, levels.variance_db2,
                _most(*key, device[0][some]), _most(*key, group[0][some]),
            ),
            spread,
        )  # fmt: skip
    return found


def from_counts(counts: Counts, none_dbm: float) -> Found:
    """Give the same from counts of the cube: groups (period, operator, technology, source)."""
    found: Found = {}
    names = sorted({(g[1], g[2]) for g in counts.groups if g[2] != NO_TECHNOLOGY})
    runs = sorted({(g[0], g[3]) for g in counts.groups})
    run_of = np.array([runs.index((g[0], g[3])) for g in counts.groups] or [0], np.int64)
    for layer in names:
        mine = np.array([(g[1], g[2]) == layer for g in counts.groups])[counts.group]
        silent = np.array([(g[1], g[2]) == (layer[0], NO_TECHNOLOGY) for g in counts.groups])
        some = np.flatnonzero((mine & (counts.bin_a != NO_BIN)) | silent[counts.group])
        there = mine[some]
        if not there.any():
            continue
        n = counts.n[some]
        dbm = np.where(there, counts.sum_a[some] / (_CDB * n), none_dbm)
        floor = floor_of(dbm[there], n[there])
        rows = Rows(counts.cell[some], run_of[counts.group[some]], dbm, n, ~there | (dbm <= floor))
        spread = sample_sd(rows)
        levels = levels_of(rows, spread)
        none = np.full(len(levels.place), -1, np.int64)
        found[layer] = (
            _observed(
                levels.place, levels.run, levels.level_dbm, levels.variance_db2, none, none
            ),
            spread,
        )  # fmt: skip
    return found


def floor_of(level_dbm: Floats, n: Ints) -> float:
    """Level at or below which a receiver reports its floor; minus infinity where none shows.

    A floor shows where the lowest level has at least 5 samples, and three times as many as the
    5 dB above it together: levels pile up there instead of thinning out.

    Examples
    --------
    >>> floor_of(np.array([-140.0, -137.0, -130.0]), np.array([58, 6, 40]))
    -140.0
    >>> floor_of(np.array([-124.0, -122.0, -121.0]), np.array([6, 4, 2]))
    -inf
    """
    if not len(level_dbm):
        return -np.inf
    lowest = float(level_dbm.min())
    at = n[level_dbm == lowest].sum()
    above = n[(level_dbm > lowest) & (level_dbm <= lowest + _ABOVE_DB)].sum()
    return lowest if at >= FLOOR_SAMPLES and at > _FLOOR_TIMES * above else -np.inf


def _observed(
    place: Ints, run: Ints, level: Floats, variance: Floats, device: Ints, group: Ints
) -> Observations:
    lon, lat = centres(place)
    nothing = np.full(len(place), np.nan)
    return Observations(place, run, device, group, lon, lat, level, variance, nothing)


def _codes(samples: pa.Table, name: str) -> tuple[Ints, list[str]]:
    """Give each row's text by number, in the order of the texts; -1 where there is none."""
    column = samples.column(name).combine_chunks()
    texts = column.cast(pa.string()).to_numpy(zero_copy_only=False)
    known = np.array([t is not None for t in texts], np.bool_)
    words, which = np.unique(texts[known].astype(str), return_inverse=True)
    out = np.full(len(texts), -1, np.int64)
    out[known] = which
    return out, words.tolist()


def _layers(
    operator: tuple[Ints, list[str]], technology: tuple[Ints, list[str]], some: NDArray[np.bool_]
) -> list[Layer]:
    pairs = np.unique(np.column_stack([operator[0][some], technology[0][some]]), axis=0)
    named = [(operator[1][a], technology[1][b]) for a, b in pairs if a >= 0 and b >= 0]
    return [one for one in named if one[1] != NO_TECHNOLOGY]


def _most(place: Ints, run: Ints, number: Ints) -> Ints:
    """Most frequent number of each place and run, in their order; of equals the lowest, -1 last."""
    keys, count = np.unique(np.column_stack([place, run, number]), axis=0, return_counts=True)
    worth = np.where(keys[:, 2] >= 0, count, 0)
    order = np.lexsort([keys[:, 2], -worth, keys[:, 1], keys[:, 0]])
    keys = keys[order]
    new = np.ones(len(keys), np.bool_)
    new[1:] = np.any(keys[1:, :2] != keys[:-1, :2], axis=1)
    return keys[new, 2]
