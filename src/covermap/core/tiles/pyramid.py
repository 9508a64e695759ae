"""What coarser zooms show: sums of size by verdict that add up, and the worst share below.

A tally holds one row a place (a cell or a piece of a line). Sizes are whole units (m2 of cells, mm
of lines), so that sums are exact and every zoom adds up to the same figure whatever the grouping.
Means are kept as sums with their weights until they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import parents
from covermap.tables import VERDICTS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """Sizes by verdict and sums behind the means; arrays of one length, one row a place."""

    sizes: Ints
    """Size by verdict, in the order of `VERDICTS`, shape (n, 4), in whole units."""
    n: Ints
    """Samples."""
    runs: Ints
    """Most runs behind any place in it."""
    worst: Floats
    """Lowest share of any finest place in it; NaN where nothing is measured."""
    share_sum: Floats
    share_n: Floats
    rsrp_sum: Floats
    rsrp_n: Floats
    p_sum: Floats
    p_size: Floats

    def __len__(self) -> int:
        """Count the places."""
        return len(self.n)

    def total(self) -> Ints:
        """Size by verdict of all places together, shape (4,)."""
        return self.sizes.sum(axis=0)


def tally(
    size: Ints,
    verdict: NDArray[np.object_],
    n: Ints,
    share: Floats,
    rsrp_dbm: Floats,
    probability: Floats,
    runs: Ints,
) -> Tally:
    """Tally of the finest places, one row each.

    Parameters
    ----------
    size
        Whole units, shape (places,).
    verdict
        One of `VERDICTS` each.
    n
        Samples; the weight of `share` (0-1) and `rsrp_dbm` (mean in dB) in coarser means. Places
        without a value (NaN) do not enter its mean.
    probability
        That the place meets the standard, 0-1; weighted by size.
    runs
        Runs behind the place.
    """
    sizes = np.zeros((len(size), len(VERDICTS)), np.int64)
    for column, name in enumerate(VERDICTS):
        sizes[:, column] = np.where(verdict == name, size, 0)
    weight = np.maximum(n, 1).astype(np.float64)
    return Tally(
        sizes, n.astype(np.int64), runs.astype(np.int64), share,
        *_weighted(share, weight), *_weighted(rsrp_dbm, weight),
        *_weighted(probability, size.astype(np.float64)),
    )  # fmt: skip


def _weighted(value: Floats, weight: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(value)
    return np.where(known, value * weight, 0.0), np.where(known, weight, 0.0)


def merged(finest: Tally, starts: Ints) -> Tally:
    """Merge runs of neighbouring rows: group i is rows ``starts[i]:starts[i + 1]``.

    Merge from the finest tally, not from a merged one: means then do not depend on the levels
    between.
    """
    if not len(starts):
        return finest

    def add(values: NDArray[Any]) -> NDArray[Any]:
        return np.add.reduceat(values, starts, axis=0)

    return Tally(
        add(finest.sizes), add(finest.n), np.maximum.reduceat(finest.runs, starts),
        np.fmin.reduceat(finest.worst, starts), add(finest.share_sum), add(finest.share_n),
        add(finest.rsrp_sum), add(finest.rsrp_n), add(finest.p_sum), add(finest.p_size),
    )  # fmt: skip


def roll_up(cells: Ints, finest: Tally, resolution: int) -> tuple[Ints, Tally]:
    """Roll cells up to their parents at a resolution: the parents, ascending, and their tally.

    `cells` are of one resolution, ascending and distinct. Of another length than they.
    """
    if not len(cells):
        return cells, finest
    above = parents(cells, resolution)
    starts = _group_starts(above)
    return above[starts], merged(finest, starts)


def _group_starts(*keys: NDArray[np.generic]) -> Ints:
    """First row of each run of equal keys."""
    new = np.zeros(len(keys[0]), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new).astype(np.int64)


def pieces(line: Ints, from_m: Floats, to_m: Floats, piece_m: float) -> Ints:
    """First segment of each piece of a line: segments whose middles lie in the same `piece_m`.

    Segments are in order of line and chainage. A piece is never longer than `piece_m` by more than
    a segment, and never crosses from one line to the next.

    Examples
    --------
    >>> import numpy as np
    >>> at = np.arange(0.0, 500.0, 100.0)
    >>> pieces(np.zeros(5, int), at, at + 100, 300.0).tolist()
    [0, 3]
    """
    return _group_starts(line, np.floor((from_m + to_m) / 2 / piece_m))


def shown(places: Tally) -> pa.Table:
    """Give what a map shows of each place.

    Columns: `verdict` (of the largest measured size, the worse one where two are equal; unmeasured
    only where all is), sizes by verdict in whole units, `share`, `worst`, `n`, `runs`, `rsrp`
    (dBm), `p`; null where nothing is known.
    """
    columns: dict[str, pa.Array] = {"verdict": pa.array(_verdicts(places.sizes), pa.string())}
    for column, name in enumerate(VERDICTS):
        columns[name] = pa.array(places.sizes[:, column])
    columns["share"] = _mean(places.share_sum, places.share_n)
    columns["worst"] = pa.array(places.worst, from_pandas=True)
    columns["n"] = pa.array(places.n)
    columns["runs"] = pa.array(places.runs)
    columns["rsrp"] = _mean(places.rsrp_sum, places.rsrp_n)
    columns["p"] = _mean(places.p_sum, places.p_size)
    return pa.table(columns)


def _verdicts(sizes: Ints) -> NDArray[np.object_]:
    worse_first = np.array(["none", "weak", "covered"], dtype=object)
    measured = sizes[:, [VERDICTS.index(v) for v in worse_first]]
    largest = worse_first[np.argmax(measured, axis=1)]
    return np.where(measured.sum(axis=1) > 0, largest, "unmeasured")


def _mean(total: Floats, weight: Floats) -> pa.Array:
    with np.errstate(invalid="ignore"):
        return pa.array(total / weight, from_pandas=True)
