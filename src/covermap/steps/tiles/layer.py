"""What one layer says of the build's cells: the finest ones, and rolled up by parent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from covermap.core.tiles.marks import Marks, mark_of, stir, stirred
from covermap.core.tiles.pyramid import Tally, joined, mean_level, merged, tally
from covermap.core.tiles.ranking import Ranking
from covermap.steps.tiles.ground import Ground, rows_of
from covermap.tables import ALL, ANY, VERDICTS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_VERDICT_LIST = ", ".join(f"'{v}'" for v in VERDICTS)
_QUERY = f"""
SELECT cell, list_position([{_VERDICT_LIST}], verdict) - 1 AS verdict, n, share,
    rsrp_mean_dbm AS rsrp, probability AS p
FROM cell_verdicts WHERE operator = ? AND technology = ?
"""
_OPERATORS = f"""
SELECT DISTINCT operator FROM cell_verdicts
WHERE technology = ? AND operator NOT IN ('{ANY}', '{ALL}') ORDER BY operator
"""
BLOCK_ROWS = 1 << 20
"""Rows that are worked on at a time; what comes out does not depend on it."""
MEASURED = [VERDICTS.index(v) for v in VERDICTS if v != "unmeasured"]


class Layer:
    """One layer's cells at any resolution; row i is the ground's cell i."""

    def __init__(
        self, build: DuckDBPyConnection, ground: Ground, operator: str, technology: str
    ) -> None:
        self.ground = ground
        n = len(ground.cells(ground.resolution))
        # what has no row in the layer has no sample in it
        self._verdict = np.full(n, VERDICTS.index("unmeasured"), np.int8)
        self._n = np.zeros(n, np.int64)
        self._figures = {k: np.full(n, np.nan) for k in ("share", "rsrp", "p")}
        self._levels: dict[int, Tally] = {}
        self._read(build, operator, technology)

    def _read(self, build: DuckDBPyConnection, operator: str, technology: str) -> None:
        cells = self.ground.cells(self.ground.resolution)
        found = build.sql(_QUERY, params=[operator, technology])
        for batch in found.to_arrow_reader(BLOCK_ROWS):
            rows, _ = rows_of(cells, batch.column(0))
            self._verdict[rows] = batch.column(1).to_numpy(zero_copy_only=False)
            self._n[rows] = batch.column(2).to_numpy(zero_copy_only=False)
            for name, values in self._figures.items():
                values[rows] = batch.column(name).to_numpy(zero_copy_only=False)

    def of(self, resolution: int, rows: Ints | slice) -> Tally:
        """Tally of some cells of a resolution."""
        if resolution < self.ground.resolution:
            return self._level(resolution).taken(rows)
        people, n = self.ground.people, self._n[rows]
        return tally(
            size=self.ground.area_m2[rows], verdict=self._verdict[rows], n=n,
            share=self._figures["share"][rows], rsrp_dbm=self._figures["rsrp"][rows],
            probability=self._figures["p"][rows], runs=np.zeros(len(n), np.int64),
            people=None if people is None else people[rows],
        )  # fmt: skip

    def marks(self, resolution: int) -> Marks:
        """Mark of what is said of each cell of a resolution."""
        cells, whole = self.ground.cells(resolution), self.ground.hexagon_m2(resolution)
        parts = [np.zeros((0, 2), np.uint64)]
        for rows in self.blocks(resolution):
            said = self._said(resolution, rows)
            parts.append(stirred(mark_of("cell"), cells[rows], whole[rows], *said))
        return np.concatenate(parts)

    def _said(self, resolution: int, rows: slice) -> list[NDArray[Any]]:
        """Give the columns from which all that is said of some cells follows."""
        if resolution < self.ground.resolution:
            known = [v for v in self.of(resolution, rows).columns().values() if v is not None]
            return [column for values in known for column in values.reshape(len(values), -1).T]
        people = self.ground.people
        own: list[NDArray[Any]] = [self._verdict, self._n, self.ground.area_m2]
        own += [*self._figures.values(), *([] if people is None else [people])]
        return [column[rows] for column in own]

    def blocks(self, resolution: int) -> list[slice]:
        """Cut the cells of a resolution into blocks of rows."""
        n = len(self.ground.cells(resolution))
        return [slice(at, min(at + BLOCK_ROWS, n)) for at in range(0, n, BLOCK_ROWS)]

    def _level(self, resolution: int) -> Tally:
        """Tally of every cell of a resolution coarser than the finest."""
        if resolution not in self._levels:
            starts, finer = self.ground.starts(resolution), resolution + 1
            ends = np.append(starts, len(self.ground.cells(finer)))
            per_block = max(1, BLOCK_ROWS // 7)
            self._levels[resolution] = joined([
                merged(self.of(finer, slice(ends[a], ends[min(a + per_block, len(starts))])),
                       starts[a : a + per_block] - ends[a])
                for a in range(0, max(len(starts), 1), per_block)
            ])  # fmt: skip
        return self._levels[resolution]


class Standing:
    """Best and worst operator of every cell at every resolution, for a layer of any operator."""

    def __init__(self, build: DuckDBPyConnection, ground: Ground, technology: str) -> None:
        found = build.execute(_OPERATORS, [technology]).fetchall()
        self._names = pa.array([name for (name,) in found] + [None], pa.string())
        resolutions = range(ground.resolution + 1)
        ranked = {r: Ranking(len(ground.cells(r))) for r in resolutions}
        for number, (operator,) in enumerate(found):
            # one operator in memory at a time
            layer = Layer(build, ground, operator, technology)
            for resolution, ranking in ranked.items():
                _rank(ranking, number, layer, resolution)
        self._codes = {r: (ranked[r].best, ranked[r].worst) for r in resolutions}

    def stir(self, resolution: int, marks: Marks) -> None:
        """Stir the best and the worst operator of each cell of a resolution into its mark."""
        names = np.array([mark_of(name or "")[0] for name in self._names.to_pylist()], np.uint64)
        for codes in self._codes[resolution]:
            stir(marks, names[codes])

    def columns(self, resolution: int, rows: Ints) -> dict[str, pa.Array]:
        """Names of the best and the worst operator of some cells."""
        nobody = len(self._names) - 1
        best, worst = (np.where(c[rows] < 0, nobody, c[rows]) for c in self._codes[resolution])
        return {
            "best_operator": self._names.take(pa.array(best)),
            "worst_operator": self._names.take(pa.array(worst)),
        }


def _rank(ranking: Ranking, operator: int, layer: Layer, resolution: int) -> None:
    covered = VERDICTS.index("covered")
    for rows in layer.blocks(resolution):
        places = layer.of(resolution, rows)
        measured = places.sizes[:, MEASURED].sum(axis=1)
        ranking.add(operator, rows, places.sizes[:, covered], mean_level(places), measured)
