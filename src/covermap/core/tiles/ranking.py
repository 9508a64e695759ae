"""Which of several operators serves each place best, and which worst."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.int16]

NOBODY = -1


class Ranking:
    """Best and worst of the operators added so far, place by place.

    The larger covered size is better, then the higher mean level. Add operators in the order of
    their names: of equal ones the first is the best, the last the worst.
    """

    def __init__(self, places: int) -> None:
        self.best = np.full(places, NOBODY, np.int16)
        self._worst = np.full(places, NOBODY, np.int16)
        self._measured = np.zeros(places, np.int16)
        self._high = np.zeros(places, np.int64), np.zeros(places)
        self._low = np.zeros(places, np.int64), np.zeros(places)

    def add(
        self, operator: int, rows: slice, covered: Ints, level_dbm: Floats, measured: Ints
    ) -> None:
        """Add what one operator has in some places.

        Parameters
        ----------
        operator
            Its number.
        rows
            The places.
        covered, measured
            Covered and measured size of each place; where nothing is measured it has no rank.
        level_dbm
            Mean level; NaN is below every level.
        """
        level = np.where(np.isnan(level_dbm), -np.inf, level_dbm)
        ranked = measured > 0
        first = ranked & (self._measured[rows] == 0)
        (high, high_level), (low, low_level) = self._high, self._low
        better = (covered > high[rows]) | ((covered == high[rows]) & (level > high_level[rows]))
        worse = (covered < low[rows]) | ((covered == low[rows]) & (level <= low_level[rows]))
        for codes, sizes, levels, take in (
            (self.best, high, high_level, first | (ranked & better)),
            (self._worst, low, low_level, first | (ranked & worse)),
        ):
            codes[rows][take] = operator
            sizes[rows][take], levels[rows][take] = covered[take], level[take]
        self._measured[rows] += ranked

    @property
    def worst(self) -> Codes:
        """Number of the worst operator; `NOBODY` where fewer than two are measured."""
        codes: Codes = np.where(self._measured > 1, self._worst, NOBODY)
        return codes
