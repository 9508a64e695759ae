"""What the cells of a build say of villages and key points, layer by layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.core.cells import centres
from covermap.core.judging.verdicts import COVERED
from covermap.core.villages.evidence import NO_PERIOD, CellRows, UnitSums, add_cells, added
from covermap.engine.step import StepContext
from covermap.rules.villages import VillageRule
from covermap.steps.villages.places import Finder, Places
from covermap.store import reading
from covermap.store.tables import UNDATED
from covermap.tables import ALL, ANY, VERDICTS

Ints = NDArray[np.int64]
Layer = tuple[str, str]
MEASURED, FORETOLD = "cell_verdicts", "cell_prediction"
COLUMNS = {
    MEASURED: ["cell", "operator", "technology", "verdict", "probability", "n", "last_period"],
    FORETOLD: ["cell", "operator", "technology", "probability"],
}
_TEXTS = ["operator", "technology", "verdict", "last_period"]


class Evidence:
    """Sums over units of what was measured and foretold, per operator and technology."""

    def __init__(self, ctx: StepContext, places: Places, rule: VillageRule) -> None:
        self.periods = _periods(ctx)
        self._technologies = pa.array(rule.technologies, pa.string())
        self._sums: dict[tuple[str, Layer], list[UnitSums]] = defaultdict(list)
        finder = Finder(places, rule, ctx.config.grid.resolution)
        shards = _shards(ctx)
        for done, files in enumerate(shards, start=1):
            self._add(files, finder)
            ctx.progress(0.5 * done / len(shards), "cells")

    def layers(self) -> set[Layer]:
        """Layers that any cell was measured or foretold in."""
        return {layer for _, layer in self._sums}

    def of(self, kind: str, layer: Layer) -> UnitSums:
        """Give the sums of one layer, of units with any cell."""
        return added(self._sums.get((kind, layer), []))

    def _add(self, files: dict[str, Path], finder: Finder) -> None:
        tables = {kind: self._read(kind, path) for kind, path in files.items()}
        cells = np.unique(np.concatenate([t["cell"].to_numpy() for t in tables.values()]))
        at, unit = finder.pairs(cells, *centres(cells))
        near = np.unique(at)  # cells in no village are looked at no further
        at = np.searchsorted(near, at)
        for kind, table in tables.items():
            for layer, rows in _layers(table):
                found = self._rows(rows, cells[near])
                self._sums[kind, layer].append(add_cells(at, unit, found, len(near)))

    def _read(self, kind: str, path: Path) -> pa.Table:
        texts = [name for name in COLUMNS[kind] if name in _TEXTS]
        with reading(path):
            table = pq.ParquetFile(path, read_dictionary=texts).read(columns=COLUMNS[kind])
        single = pc.invert(pc.is_in(table["operator"], pa.array([ANY, ALL])))
        wanted = pc.is_in(table["technology"], self._technologies)
        return table.filter(pc.and_(single, wanted)).unify_dictionaries().combine_chunks()

    def _rows(self, rows: pa.Table, cells: Ints) -> CellRows:
        """Take the rows of some cells, which are in ascending order."""
        own = rows["cell"].to_numpy()
        place = np.minimum(np.searchsorted(cells, own), max(len(cells) - 1, 0))
        kept = np.flatnonzero(cells[place] == own) if len(cells) else np.zeros(0, np.int64)
        rows = rows.take(pa.array(kept))
        count = rows.num_rows
        verdict, n = np.full(count, COVERED, np.int8), np.zeros(count, np.int64)
        period = np.full(count, NO_PERIOD, np.int64)
        if "verdict" in rows.column_names:
            verdict = pc.index_in(rows["verdict"].cast(pa.string()), pa.array(VERDICTS))
            verdict = verdict.to_numpy(zero_copy_only=False).astype(np.int8)
            n, period = rows["n"].to_numpy(), self._numbered(rows["last_period"])
        chance = rows["probability"].to_numpy(zero_copy_only=False).astype(np.float64)
        return CellRows(place[kept], verdict, chance, n, period)

    def _numbered(self, column: pa.ChunkedArray) -> Ints:
        words = pa.array(self.periods, pa.string())
        number = pc.fill_null(pc.index_in(column.cast(pa.string()), words), NO_PERIOD)
        return np.asarray(number.to_numpy(), np.int64)


def _periods(ctx: StepContext) -> list[str]:
    """Periods of the verdicts, from early to late; what has no date is earlier than any."""
    query = f"SELECT DISTINCT last_period FROM {MEASURED} WHERE last_period IS NOT NULL"
    with ctx.connect(MEASURED) as build:
        found = [row[0] for row in build.execute(query).fetchall()]
    return sorted(found, key=lambda period: (period != UNDATED, period))


def _shards(ctx: StepContext) -> list[dict[str, Path]]:
    """Files of each shard, in order of the shards."""
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for kind in COLUMNS:
        for path in ctx.tables.parts(kind):
            found[path.stem][kind] = path
    return [files for _, files in sorted(found.items())]


def _layers(table: pa.Table) -> Iterator[tuple[Layer, pa.Table]]:
    """Part a table by operator and technology; the rows of one lie together."""
    if not table.num_rows:
        return
    coded = [table[name].combine_chunks() for name in ("operator", "technology")]
    number = [c.indices.to_numpy().astype(np.int64) for c in coded]
    key = number[0] * len(coded[1].dictionary) + number[1]
    cuts = np.flatnonzero(np.diff(key)) + 1
    for first, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(key)], strict=True):
        layer = coded[0][first].as_py(), coded[1][first].as_py()
        yield layer, table.slice(first, end - first)
