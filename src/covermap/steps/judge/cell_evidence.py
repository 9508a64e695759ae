"""Evidence of the cells of some shards, from the cube, as numbered places."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from covermap.core.cells import areas_m2
from covermap.core.cube.counts import NO_BIN, Counts
from covermap.core.judging.apart import Apart
from covermap.core.judging.certainty import Observed
from covermap.core.judging.judge import Bins
from covermap.core.judging.quantiles import sum_by_place
from covermap.steps.judge.evidence import OperatorBins
from covermap.tables import ALL, ANY, NO_TECHNOLOGY

Ints = NDArray[np.int64]
UNDATED = "undated"
_NO_ROWS = np.zeros(0, np.int64)


class ShardEvidence:
    """Cells of some shards that have any evidence, in order of their index.

    Parameters
    ----------
    counts
        What files of the cube hold, in order of shard and period.
    """

    kind = "cells"

    def __init__(self, counts: Sequence[Counts]) -> None:
        cells = np.unique(np.concatenate([_NO_ROWS, *(one.cell for one in counts)]))
        self.places = pa.table({"cell": cells, "area_m2": areas_m2(cells)})
        found = {group[0] for one in counts for group in one.groups}
        # 'undated' is earlier than any date, whatever its letters
        self.periods = sorted(found, key=lambda period: (period != UNDATED, period))
        self._parts: dict[tuple[str, str], list[tuple[int, Bins]]] = {}
        self._without_level: dict[tuple[str, str], list[Ints]] = {}
        for one in counts:
            self._take(one, cells)

    def _take(self, counts: Counts, cells: Ints) -> None:
        """Part the usable rows of one file by operator and technology; a group lies together."""
        place = _places(cells, counts.cell)
        bounds = np.searchsorted(counts.group, np.arange(len(counts.groups) + 1)).tolist()
        for (period, operator, technology, _), (first, end) in zip(
            counts.groups, itertools.pairwise(bounds), strict=True
        ):
            mine = slice(first, end)
            bins = Bins(
                place[mine], *(getattr(counts, name)[mine].astype(np.int64, copy=False)
                               for name in ("bin_a", "bin_b", "n", "sum_a", "sum_b"))
            )  # fmt: skip
            if technology != NO_TECHNOLOGY:
                unknown = bins.place[bins.rsrp_bin == NO_BIN]
                if len(unknown):
                    self._without_level.setdefault((operator, technology), []).append(unknown)
                    bins = bins.with_level()
            if len(bins.place):
                kept = self._parts.setdefault((operator, technology), [])
                kept.append((self.periods.index(period), bins))

    @property
    def count(self) -> int:
        """Number of cells."""
        return int(self.places.num_rows)

    def seen(self, layer: tuple[str, str], n: Ints) -> Ints:
        """Cells with any sample in a layer: those that count (`n` per cell), and others."""
        there = n > 0
        for (operator, technology), places in self._without_level.items():
            if layer[0] in (operator, ANY, ALL) and layer[1] in (technology, ANY):
                there[np.concatenate(places)] = True
        return np.flatnonzero(there)

    def _of(self, operator: str, technology: str) -> Bins:
        parts = [bins for _, bins in self._parts.get((operator, technology), [])]
        if len(parts) == 1:
            return parts[0]
        names = Bins.__dataclass_fields__
        return Bins(*(np.concatenate([_NO_ROWS, *(getattr(p, n) for p in parts)]) for n in names))

    def bins(self, operator: str) -> OperatorBins:
        """Give the counts of one operator in all its technologies."""
        served = {
            technology: self._of(name, technology)
            for name, technology in self._parts
            if name == operator and technology != NO_TECHNOLOGY
        }
        none = self._of(operator, NO_TECHNOLOGY)
        return OperatorBins(served, sum_by_place(none.place, none.n, self.count))

    def latest_period(self, operator: str, technology: str) -> Ints:
        """Position in `periods` of the latest usable sample per cell; -1 without."""
        latest = np.full(self.count, -1, np.int64)
        both = dict.fromkeys((technology, NO_TECHNOLOGY))
        parts = [part for name in both for part in self._parts.get((operator, name), [])]
        for period, bins in sorted(parts, key=lambda part: part[0]):
            latest[bins.place] = period
        return latest

    def observed(self, operator: str, technology: str, floor_dbm: float) -> Observed | None:  # noqa: ARG002
        """Give None: a cell's evidence does not tell runs apart, its samples count as one run."""
        return None

    def run_counts(self, operator: str) -> Ints:  # noqa: ARG002
        """Give zeros: runs are not known in cells."""
        return np.zeros(self.count, np.int64)

    def apart(self, operator: str) -> Apart | None:  # noqa: ARG002
        """Give None: runs are not known in cells."""
        return None


@njit(cache=True)
def _places(cells: Ints, cell: Ints) -> Ints:
    """Position of each cell among `cells`, ascending and holding all of them; quick in order."""
    out = np.empty(len(cell), np.int64)
    at = 0
    for i in range(len(cell)):
        if cells[at] != cell[i]:
            if at + 1 < len(cells) and cells[at + 1] == cell[i]:
                at += 1
            else:
                at = np.searchsorted(cells, cell[i])
        out[i] = at
    return out
