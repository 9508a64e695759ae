"""What coarser zooms show: sums of size by verdict that add up, and the worst share below.

A tally holds one row a place (a cell or a piece of a line). Everything that is added up is a whole
number (m2 of cells, mm of lines, thousandths of people, millionths behind the means), so every zoom
adds up to the same figure whatever the grouping, the order and the levels between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import parents
from covermap.tables import VERDICTS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MICRO = 1_000_000
"""Parts that a share, a level in dB or a probability is counted in."""
MILLI_PER_PERSON = 1000


@dataclass(frozen=True)
class Tally:
    """Sizes by verdict and sums behind the means; arrays of one length, one row a place."""

    sizes: Ints
    """Size by verdict, in the order of `VERDICTS`, shape (n, 4), in whole units."""
    counts: Ints
    """Finest places by verdict, shape (n, 4); all 0: nothing of the layer is there."""
    seen: Ints
    """Size of the finest places with any sample, in whole units."""
    people: Ints | None
    """Thousandths of people by verdict, shape (n, 4); None: not known."""
    n: Ints
    """Samples."""
    runs: Ints
    """Most runs behind any place in it."""
    worst: Floats
    """Lowest share of any finest place in it; NaN where nothing is measured."""
    share_sum: Ints
    share_n: Ints
    rsrp_sum: Ints
    rsrp_n: Ints
    p_sum: Ints
    p_size: Ints

    def __len__(self) -> int:
        """Count the places."""
        return len(self.n)

    def total(self) -> Ints:
        """Size by verdict of all places together, shape (4,)."""
        return self.sizes.sum(axis=0)

    def taken(self, rows: Ints | slice) -> Tally:
        """Give some of the places."""
        some: dict[str, Any] = {
            name: None if values is None else values[rows]
            for name, values in self.columns().items()
        }
        return Tally(**some)

    def columns(self) -> dict[str, Any]:
        """Give the arrays by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def joined(tallies: Sequence[Tally]) -> Tally:
    """Put tallies one after the other; there is at least one, and all know people, or none."""
    columns = [t.columns() for t in tallies]
    whole: dict[str, Any] = {
        name: None if first is None else np.concatenate([c[name] for c in columns])
        for name, first in columns[0].items()
    }
    return Tally(**whole)


def tally(
    size: Ints,
    verdict: NDArray[np.int8],
    n: Ints,
    share: Floats,
    rsrp_dbm: Floats,
    probability: Floats,
    runs: Ints,
    people: Ints | None = None,
) -> Tally:
    """Tally of the finest places, one row each.

    Parameters
    ----------
    size
        Whole units, shape (places,).
    verdict
        Position in `VERDICTS` of each; -1 where the layer has nothing to say.
    n
        Samples; the weight of `share` (0-1) and `rsrp_dbm` (mean in dB) in coarser means. Places
        without a value (NaN) do not enter its mean.
    probability
        That the place meets the standard, 0-1; weighted by size.
    runs
        Runs behind the place.
    people
        Thousandths of people who live there; None: not known.
    """
    is_it = verdict[:, None] == np.arange(len(VERDICTS))
    weight = np.maximum(n, 1)
    return Tally(
        is_it * size[:, None], is_it.astype(np.int64), np.where(n > 0, size, 0),
        None if people is None else is_it * people[:, None],
        n.astype(np.int64), runs.astype(np.int64), share,
        *_weighted(share, weight), *_weighted(rsrp_dbm, weight), *_weighted(probability, size),
    )  # fmt: skip


def _weighted(value: Floats, weight: Ints) -> tuple[Ints, Ints]:
    known = np.isfinite(value)
    parts = np.rint(np.where(known, value, 0.0) * MICRO).astype(np.int64)
    return parts * weight, np.where(known, weight, 0)


def merged(finer: Tally, starts: Ints) -> Tally:
    """Merge runs of neighbouring rows: group i is rows ``starts[i]:starts[i + 1]``."""
    if not len(starts):
        return finer

    def add(values: NDArray[Any]) -> NDArray[Any]:
        return np.add.reduceat(values, starts, axis=0)

    return Tally(
        add(finer.sizes), add(finer.counts), add(finer.seen),
        None if finer.people is None else add(finer.people), add(finer.n),
        np.maximum.reduceat(finer.runs, starts),
        np.fmin.reduceat(finer.worst, starts), add(finer.share_sum), add(finer.share_n),
        add(finer.rsrp_sum), add(finer.rsrp_n), add(finer.p_sum), add(finer.p_size),
    )  # fmt: skip


def roll_up(cells: Ints, resolution: int) -> tuple[Ints, Ints]:
    """Find the parents of ascending cells of one resolution, and the first child of each.

    Both ascending, of another length than the cells: what :func:`merged` takes.
    """
    if not len(cells):
        return cells, cells
    above = parents(cells, resolution)
    starts = group_starts(above)
    return above[starts], starts


def group_starts(*keys: NDArray[np.generic]) -> Ints:
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
    return group_starts(line, np.floor((from_m + to_m) / 2 / piece_m))


def shown(places: Tally) -> pa.Table:
    """Give what a map shows of each place.

    Columns: `verdict` (of the largest measured size, the worse one where two are equal; unmeasured
    only where all is), `<verdict>_size` in whole units, `<verdict>_count`, `<verdict>_people` where
    people are known, `seen_size` of places with any sample, `share`, `worst`, `n`, `runs`, `rsrp`
    (dBm), `p`; null where nothing is known.
    """
    columns: dict[str, pa.Array] = {"verdict": _verdicts(places.sizes)}
    for k, name in enumerate(VERDICTS):
        columns[f"{name}_size"] = pa.array(np.ascontiguousarray(places.sizes[:, k]))
        columns[f"{name}_count"] = pa.array(np.ascontiguousarray(places.counts[:, k]))
        if places.people is not None:
            columns[f"{name}_people"] = pa.array(places.people[:, k] / MILLI_PER_PERSON)
    columns["seen_size"] = pa.array(places.seen)
    columns["share"] = _mean(places.share_sum, places.share_n)
    columns["worst"] = pa.array(places.worst, from_pandas=True)
    columns["n"] = pa.array(places.n)
    columns["runs"] = pa.array(places.runs)
    columns["rsrp"] = _mean(places.rsrp_sum, places.rsrp_n)
    columns["p"] = _mean(places.p_sum, places.p_size)
    return pa.table(columns)


def mean_level(places: Tally) -> Floats:
    """Mean level of each place, dBm; NaN where there is none."""
    with np.errstate(invalid="ignore"):
        return places.rsrp_sum / places.rsrp_n / MICRO


def _verdicts(sizes: Ints) -> pa.Array:
    worse_first = [VERDICTS.index(v) for v in ("none", "weak", "covered")]
    measured = sizes[:, worse_first]
    largest = np.array(worse_first)[np.argmax(measured, axis=1)]
    codes = np.where(measured.any(axis=1), largest, VERDICTS.index("unmeasured"))
    return pa.array(VERDICTS).take(pa.array(codes))


def _mean(total: Ints, weight: Ints) -> pa.Array:
    with np.errstate(invalid="ignore"):
        return pa.array(total / weight / MICRO, from_pandas=True)
