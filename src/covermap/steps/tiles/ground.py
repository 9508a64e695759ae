"""What the layers of cells share: the build's cells at every resolution, their areas and people.

It lies in files that every worker process maps, so that the cells of a country are in memory once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import areas_m2, resolutions
from covermap.core.tiles.pyramid import MILLI_PER_PERSON, roll_up
from covermap.store import Tables
from covermap.tables import ANY

Ints = NDArray[np.int64]
_CELLS = f"""
SELECT cell, area_m2 FROM read_parquet(?) WHERE operator = '{ANY}' AND technology = '{ANY}'
ORDER BY cell
"""
_EVERY_CELL = "SELECT cell, min(area_m2) FROM read_parquet(?) GROUP BY cell ORDER BY cell"
_PEOPLE = "SELECT cell, people FROM cell_people ORDER BY cell"


@dataclass(frozen=True)
class Ground:
    """The cells of all layers together, ascending, and their parents."""

    folder: Path
    resolution: int
    """Of the finest cells."""

    def cells(self, resolution: int) -> Ints:
        """Cells of a resolution, ascending."""
        return mapped(self.folder / f"cells.{resolution}.npy")

    def starts(self, resolution: int) -> Ints:
        """First child of each cell among those one resolution finer."""
        return mapped(self.folder / f"starts.{resolution}.npy")

    @cached_property
    def area_m2(self) -> Ints:
        """Area of each finest cell."""
        return mapped(self.folder / "area.npy")

    def hexagon_m2(self, resolution: int) -> Ints:
        """Area of each cell of a resolution itself, whatever of it has evidence."""
        return mapped(self.folder / f"hexagon.{resolution}.npy")

    @cached_property
    def people(self) -> Ints | None:
        """Thousandths of people in each finest cell; None: not known."""
        path = self.folder / "people.npy"
        return mapped(path) if path.is_file() else None


@lru_cache(maxsize=256)
def mapped(path: Path) -> NDArray[Any]:
    """Map an array that was saved and stays as it is; an empty one is read.

    To map a file takes longer than most of what is read of it, and each tile asks again.
    """
    return np.asarray(np.load(path, mmap_mode="r"))


def survey(tables: Tables, folder: Path, resolution: int) -> Ground:
    """Find the build's cells; `resolution` is that of a build without any."""
    cells, area = _finest(tables)
    if len(cells):
        resolution = int(resolutions(cells[:1])[0])
    if tables.has("cell_people") and tables.rows("cell_people"):
        np.save(folder / "people.npy", _people(tables, cells))
    return ground_of(cells, area, folder, resolution)


def ground_of(cells: Ints, area: Ints, folder: Path, resolution: int) -> Ground:
    """Keep ascending cells of a resolution, their areas in m2, and their parents in a folder."""
    ground = Ground(folder, resolution)
    np.save(folder / f"cells.{resolution}.npy", cells)
    np.save(folder / "area.npy", area)
    np.save(folder / f"hexagon.{resolution}.npy", area)
    for above in range(resolution - 1, -1, -1):
        cells, starts = roll_up(cells, above)
        np.save(folder / f"cells.{above}.npy", cells)
        np.save(folder / f"starts.{above}.npy", starts)
        np.save(folder / f"hexagon.{above}.npy", np.rint(areas_m2(cells)).astype(np.int64))
    return ground


def _finest(tables: Tables) -> tuple[Ints, Ints]:
    """Every cell of any layer, ascending, and its area in whole m2; part by part.

    The layer of any operator and technology has a row of every cell, so others are not read.
    """
    cells, areas = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    with tables.connect() as build:
        for part in tables.parts("cell_verdicts"):
            found = build.sql(_CELLS, params=[str(part)]).to_arrow_table()
            if not found.num_rows:  # a part that has no such layer
                found = build.sql(_EVERY_CELL, params=[str(part)]).to_arrow_table()
            cells.append(found.column(0).to_numpy())
            areas.append(np.rint(found.column(1).to_numpy()).astype(np.int64))
    cell, area = np.concatenate(cells), np.concatenate(areas)
    if np.all(cell[1:] > cell[:-1]):
        return cell, area
    cell, first = np.unique(cell, return_index=True)
    return cell, area[first]


def _people(tables: Tables, cells: Ints) -> Ints:
    """Thousandths of people in each cell; none where the table has no row."""
    milli = np.zeros(len(cells), np.int64)
    with tables.connect("cell_people") as build:
        for batch in build.sql(_PEOPLE).to_arrow_reader(1 << 20):
            rows, known = rows_of(cells, batch.column(0))
            people = batch.column(1).to_numpy(zero_copy_only=False)[known]
            milli[rows] = np.rint(people * MILLI_PER_PERSON).astype(np.int64)
    return milli


def rows_of(cells: Ints, wanted: pa.Array) -> tuple[Ints, NDArray[np.bool_]]:
    """Find cells in an ascending array: their rows, and which of them are there."""
    values = wanted.to_numpy(zero_copy_only=False)
    at = np.searchsorted(cells, values)
    known = np.zeros(len(values), bool)
    inside = at < len(cells)
    known[inside] = cells[at[inside]] == values[inside]
    return at[known].astype(np.int64), known
