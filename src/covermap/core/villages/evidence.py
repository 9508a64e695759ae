"""What cells say of units: a unit is a village as a whole, or one of its key points.

All that is kept of a unit is a sum over its cells, so that parts of a country can be added up in
any cut. A cell counts once, however many samples it has: a parked phone is not the village.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtri

from covermap.core.judging.verdicts import COVERED, NONE, UNMEASURED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SUREST = 1e-6
"""A cell is never surer than this, nor less sure: one of them does not outweigh all others."""
NO_PERIOD = -1


@dataclass(frozen=True)
class CellRows:
    """One layer's cells, arrays of one length: verdicts of measured ones, or predictions."""

    cell: Ints
    """Position of the cell among the cells that pairs name; distinct."""
    verdict: NDArray[np.int8]
    """As ``core.judging.verdicts``; of predictions any but `UNMEASURED`."""
    probability: Floats
    """That the cell meets the standard; NaN where it is unmeasured."""
    n: Ints
    period: Ints
    """Number of the latest period with a sample, `NO_PERIOD` without."""


@dataclass(frozen=True)
class UnitSums:
    """Sums over the cells of units, one row a unit that has any."""

    unit: Ints
    """Ascending and distinct."""
    cells: Ints
    """Cells with a verdict."""
    covered: Ints
    none: Ints
    n: Ints
    """Samples, those of cells with too few for a verdict included."""
    margin: Floats
    """Sum over cells of the standard normal quantile of the probability."""
    margin_2: Floats
    """Sum of its squares."""
    period: Ints

    def __len__(self) -> int:
        """Count the units."""
        return len(self.unit)


def add_cells(pair_cell: Ints, pair_unit: Ints, rows: CellRows, cells: int) -> UnitSums:
    """Sum one layer's cells over the units that they lie in.

    Parameters
    ----------
    pair_cell, pair_unit
        Which cell lies in which unit; a cell may lie in several.
    cells
        How many cells pairs and rows are about.
    """
    row_of = np.full(cells, -1, np.int64)
    row_of[rows.cell] = np.arange(len(rows.cell))
    row = row_of[pair_cell] if len(pair_cell) else np.zeros(0, np.int64)
    seen = row >= 0
    unit, place = np.unique(pair_unit[seen], return_inverse=True)
    margin = ndtri(np.clip(np.nan_to_num(rows.probability, nan=0.5), SUREST, 1.0 - SUREST))
    counts, margins = _sum(
        place.astype(np.int64), row[seen], rows.verdict, rows.n, rows.period, margin, len(unit)
    )
    cells_seen, covered, none, n, period = counts
    return UnitSums(unit, cells_seen, covered, none, n, margins[0], margins[1], period)


@njit(cache=True, nogil=True)
def _sum(
    place: Ints, row: Ints, verdict: NDArray[np.int8], n: Ints, period: Ints, margin: Floats,
    units: int,
) -> tuple[Ints, Floats]:  # fmt: skip
    counts, margins = np.zeros((5, units), np.int64), np.zeros((2, units))
    counts[4, :] = NO_PERIOD
    for i in range(len(place)):
        u, r = place[i], row[i]
        counts[3, u] += n[r]
        counts[4, u] = max(counts[4, u], period[r])
        if verdict[r] == UNMEASURED:
            continue
        counts[0, u] += 1
        counts[1, u] += verdict[r] == COVERED
        counts[2, u] += verdict[r] == NONE
        margins[0, u] += margin[r]
        margins[1, u] += margin[r] * margin[r]
    return counts, margins


def added(parts: Sequence[UnitSums]) -> UnitSums:
    """Add up sums of several parts of the country, in their order."""
    names = [f.name for f in fields(UnitSums)]
    none = [np.zeros(0, np.float64 if n.startswith("margin") else np.int64) for n in names]
    whole = {
        n: np.concatenate([empty, *(getattr(p, n) for p in parts)])
        for n, empty in zip(names, none, strict=True)
    }
    unit, place = np.unique(whole["unit"], return_inverse=True)
    made: dict[str, NDArray] = {"unit": unit}
    for name in names[1:]:
        total = np.zeros(len(unit), whole[name].dtype)
        if name == "period":
            total[:] = NO_PERIOD
            np.maximum.at(total, place, whole[name])
        else:
            np.add.at(total, place, whole[name])
        made[name] = total
    return UnitSums(**made)


def spread_out(sums: UnitSums, units: int) -> UnitSums:
    """Give every unit from 0 to `units` - 1 a row; zeros where there is no cell."""
    made: dict[str, NDArray] = {"unit": np.arange(units, dtype=np.int64)}
    for field in fields(UnitSums)[1:]:
        values = getattr(sums, field.name)
        whole = np.full(units, NO_PERIOD if field.name == "period" else 0, values.dtype)
        whole[sums.unit] = values
        made[field.name] = whole
    return UnitSums(**made)
