"""Samples to levels of cells, one a layer and run; levels to the measurements of a layer.

Samples without service are in no technology; they say "at most the floor" in each technology of
their operator that their log knows: the silence of phones that never showed NB-IoT tells nothing of
NB-IoT. A log without any service tells of every technology. Runs are kept apart: what they
differ by tells the spread of one more drive, and whole runs can be held out. (The means that are
foretold are as good from counts that pool a month's runs: 9.09 and 9.10 dB on held-out blocks.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.cells import NO_CELL, centres
from covermap.core.prediction.observations import (
    SAMPLE_SD_DB,
    Levels,
    Observations,
    Rows,
    levels_of,
    sample_sd,
)
from covermap.core.prediction.rigs import ANTENNAS
from covermap.tables import CELL_LEVELS, NO_TECHNOLOGY, in_order

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Layer = tuple[str, str]

FLOOR_SAMPLES = 5
_FLOOR_TIMES = 3.0
_LOWEST_SHARE, _MOSTLY, _LEFT_SHARE = 0.25, 0.5, 0.05
"""When a technology is left for its level, and for what level; see `_left`."""
_ABOVE_DB = 5.0
NEEDED = (
    "operator", "technology", "run_id", "device_id", "cell_id", "antenna", "source", "rsrp_dbm",
    "service", "lon", "lat", "position_basis", "position_error_m", "period",
)  # fmt: skip
"""Columns of samples that levels are made of, and those that place them."""


def levels_in(
    samples: pa.Table, cells: Ints, none_dbm: float, layers: Sequence[Layer] = ()
) -> pa.Table:
    """Give the level of each cell, layer and run: rows of `cell_levels`.

    Parameters
    ----------
    samples
        Rows of ``tables.SAMPLES`` of whole runs.
    cells
        Cell of each row; those of no cell are passed over.
    none_dbm
        Level that a sample without service does not exceed.
    layers
        Operators and technologies that samples without service tell of, besides those here.
    """
    known = cells != NO_CELL
    if not known.all():
        samples, cells = samples.filter(pa.array(known)), cells[known]
    coded = {name: _codes(samples, name) for name in NEEDED[:7]}
    level = samples.column("rsrp_dbm").to_numpy().astype(np.float64)
    served = samples.column("service").to_numpy().astype(np.bool_)
    made = [CELL_LEVELS.schema.empty_table()]
    operator, technology = coded["operator"], coded["technology"]
    here = set(_layers(operator, technology, served & np.isfinite(level)))
    here |= {one for one in layers if one[0] in operator[1]}
    for layer in sorted(here):
        own = operator[0] == operator[1].index(layer[0])
        of_it = technology[1].index(layer[1]) if layer[1] in technology[1] else -2
        with_level = own & served & np.isfinite(level) & (technology[0] == of_it)
        left, below_dbm = _left(with_level, own & served, coded["run_id"][0], cells, level)
        some = np.flatnonzero(with_level | left | (own & ~served))
        if len(some):
            most = np.where(left, below_dbm, none_dbm)
            made.append(_of_layer(layer, some, cells, level, with_level, most, coded))
    return in_order(pa.concat_tables(made), CELL_LEVELS)


def _of_layer(
    layer: Layer,
    some: Ints,
    cells: Ints,
    level: Floats,
    with_level: NDArray[np.bool_],
    most_dbm: Floats,
    coded: dict[str, tuple[Ints, list[str]]],
) -> pa.Table:
    run, device, server = (coded[name] for name in ("run_id", "device_id", "cell_id"))
    antenna = _antennas(coded["antenna"], coded["source"])
    there, cell = with_level[some], cells[some]
    ones = np.ones(len(some), np.int64)
    floor = floor_of(level[some][there], ones[there])
    dbm = np.where(there, level[some], most_dbm[some])
    rows = Rows(cell, run[0][some], dbm, ones, ~there | (dbm <= floor))
    spread = sample_sd(rows)
    found: Levels = levels_of(rows, spread)
    size = len(found.place)
    key = (cell, run[0][some])
    return pa.table(
        {
            "cell": found.place,
            "operator": pa.array([layer[0]] * size, pa.string()),
            "technology": pa.array([layer[1]] * size, pa.string()),
            "run_id": _words(found.run, run[1]),
            "device_id": _words(_most(*key, device[0][some]), device[1]),
            "cell_id": _words(_most(*key, server[0][some]), server[1]),
            "level_dbm": found.level_dbm,
            "variance_db2": found.variance_db2,
            "antenna": _words(_most(*key, antenna[some]), list(ANTENNAS)),
            "sample_sd_db": np.full(size, spread),
        },
        schema=CELL_LEVELS.schema,
    )


def _left(
    with_level: NDArray[np.bool_], served: NDArray[np.bool_], run: Ints, cells: Ints, level: Floats
) -> tuple[NDArray[np.bool_], float]:
    """Tell samples of another technology that say that this one was too weak, and for what level.

    A phone shows one technology at a time, and what it seeks first gets no sample where it is
    weak: without those places a layer looks better than it is. Such samples are those of runs that
    mostly show this technology, and they count only where levels show that it is left for its
    level: in the cells and runs that have both, half of its levels or more are among the log's
    lowest fourth. The level is that which a twentieth of the log's samples lie below.
    """
    none = np.zeros(len(run), bool)
    if not with_level.any() or not (served & ~with_level).any():
        return none, -np.inf
    size = int(run.max()) + 2
    shown, of = (np.bincount(run[flags] + 1, minlength=size) for flags in (with_level, served))
    sought = (2 * shown >= of)[run + 1]
    left = served & ~with_level & sought
    where = np.unique(cells, return_inverse=True)[1] * size + run
    both = np.isin(where, where[left]) & with_level
    fourth, below = np.quantile(level[with_level], [_LOWEST_SHARE, _LEFT_SHARE])
    if both.sum() < FLOOR_SAMPLES or (level[both] <= fourth).mean() < _MOSTLY:
        return none, -np.inf
    return left, float(below)


def observed(levels: pa.Table) -> Observations:
    """Give levels of one layer as measurements; devices, runs and cells as numbers of their names.

    Examples
    --------
    >>> len(observed(CELL_LEVELS.schema.empty_table()))
    0
    """
    place = levels.column("cell").to_numpy()
    lon, lat = centres(place)
    run, device, server = (_codes(levels, n)[0] for n in ("run_id", "device_id", "cell_id"))
    level, variance = (levels.column(n).to_numpy() for n in ("level_dbm", "variance_db2"))
    nothing = np.full(len(place), np.nan)
    names = _codes(levels, "antenna")
    antenna = np.array([ANTENNAS.index(word) for word in names[1]], np.int64)[names[0]]
    return Observations(place, run, antenna, device, server, lon, lat, level, variance, nothing)


def names_in(levels: pa.Table) -> tuple[list[str], list[str]]:
    """Give the names of devices and of runs by their numbers in `observed`."""
    return _codes(levels, "device_id")[1], _codes(levels, "run_id")[1]


def spread_in(levels: pa.Table) -> float:
    """Give the spread of samples around levels, dB: the mean of the variances of all levels."""
    found = levels.column("sample_sd_db").to_numpy()
    return float(np.sqrt(np.mean(found**2))) if len(found) else SAMPLE_SD_DB


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


def _codes(rows: pa.Table, name: str) -> tuple[Ints, list[str]]:
    """Give each row's text by number, in the order of the texts; -1 where there is none."""
    column = rows.column(name).combine_chunks()
    whole = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    words = whole.dictionary.to_pylist()
    at = pc.fill_null(whole.indices, len(words)).to_numpy(zero_copy_only=False).astype(np.int64)
    used = np.flatnonzero(np.bincount(at, minlength=len(words) + 1)[:-1])
    order = sorted(used.tolist(), key=words.__getitem__)
    number = np.full(len(words) + 1, -1, np.int64)
    number[order] = np.arange(len(order))
    return number[at], [words[k] for k in order]


def _antennas(antenna: tuple[Ints, list[str]], source: tuple[Ints, list[str]]) -> Ints:
    """Index of `ANTENNAS` of each row: phones of the public may be anywhere, indoors too."""
    # what is not given has the number -1: the last of these
    index = np.array([ANTENNAS.index(word) for word in [*antenna[1], "unknown"]], np.int64)
    public = source[0] == (source[1].index("app") if "app" in source[1] else -2)
    return np.where(public, ANTENNAS.index("app"), index[antenna[0]])


def _words(codes: Ints, names: list[str]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(codes, mask=codes < 0))


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
