"""People and area by verdict: sums over cells, per region and layer.

Sums are taken in whole millionths of a person and of a km2, exact in float64, so they do not depend
on the order in which cells come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.engine.step import StepContext
from covermap.steps.people.cells import rows_of
from covermap.store import Tables
from covermap.tables import ANY, LEVELS, PEOPLE_VERDICTS, VERDICTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Layer = tuple[str, str]

BATCH = 500_000
UNIT = 1e6
M2_PER_KM2 = 1e6
WHOLE, OUTSIDE = "all", "outside"
UNMEASURED = VERDICTS.index("unmeasured")


@dataclass(frozen=True)
class Division:
    """One way to part the country: the whole, or the regions of one level and what is outside."""

    level: str | None
    """None: the whole; its one part is what lies in any region."""
    region_id: tuple[str | None, ...]
    """Parts; after them comes what is outside."""
    code: Ints
    """Per counting cell: its part; `len(region_id)` outside."""
    people: Floats
    """Per part, and outside: people of its counting cells."""
    area_m2: Floats
    """Per part: area of its counting cells; outside: 0."""


@dataclass
class Sums:
    """Of one layer in one division: part x verdict, in units of 1e-6."""

    people: Floats
    area: Floats


def count(ctx: StepContext) -> None:
    """Sum people and areas over the verdicts of cells: table `people_verdicts`."""
    counting = ctx.tables.read("counting_cells")
    divisions = list(_divisions(counting, ctx.tables.read("regions", ["region_id", "level"])))
    found = _Summed(ctx.tables, counting.column("cell").to_numpy(), divisions)
    for batch in _verdicts(ctx.tables):
        found.add(batch)
    known = _Known.read(ctx)
    # a layer that was measured along lines alone is unmeasured in every cell
    layers = ctx.layers() if found.sums else []
    rows = [row for layer in layers for row in _rows(known, layer, found, divisions)]
    ctx.write("people_verdicts", pa.Table.from_pylist(rows, PEOPLE_VERDICTS.schema))


def _divisions(counting: pa.Table, regions: pa.Table) -> Iterator[Division]:
    people = counting.column("people").to_numpy(zero_copy_only=False).astype(np.float64)
    people = np.nan_to_num(people)
    area = counting.column("area_m2").to_numpy()
    inside = np.zeros(counting.num_rows, bool)
    parts = []
    for level in LEVELS:
        own = regions.filter(pa.compute.equal(regions["level"], level))
        if own.num_rows == 0:
            continue
        ids = sorted(own.column("region_id").to_pylist())
        found = pa.compute.index_in(counting.column(level), pa.array(ids, pa.string()))
        code = pa.compute.fill_null(found, len(ids)).to_numpy().astype(np.int64)
        inside |= code < len(ids)
        parts.append(_division(level, tuple(ids), code, people, area))
    yield _division(None, (None,), np.where(inside, 0, 1), people, area)
    yield from parts


def _division(
    level: str | None, ids: tuple[str | None, ...], code: Ints, people: Floats, area: Floats
) -> Division:
    count = len(ids) + 1
    areas, amounts = (np.bincount(code, v, count).astype(np.float64) for v in (area, people))
    areas[-1] = 0.0
    return Division(level, ids, code, amounts, areas)


def _verdicts(tables: Tables) -> Iterator[pa.RecordBatch]:
    columns = ["cell", "area_m2", "operator", "technology", "verdict"]
    for part in tables.parts("cell_verdicts"):
        with pq.ParquetFile(part) as file:
            yield from file.iter_batches(BATCH, columns=columns)


@dataclass
class _Summed:
    """Sums per layer and division, added up batch by batch."""

    tables: Tables
    counting: Ints
    divisions: list[Division]
    sums: dict[Layer, list[Sums]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        people = self.tables.read("cell_people", ["cell", "people"])
        self.cell = people.column("cell").to_numpy()
        self.people = np.rint(people.column("people").to_numpy() * UNIT)

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch, layer by layer: a batch has few."""
        cells = batch.column("cell").to_numpy()
        row, known = rows_of(cells, self.counting)
        verdict = _codes(batch.column("verdict"), VERDICTS)
        area = np.rint(batch.column("area_m2").to_numpy() / M2_PER_KM2 * UNIT)
        people = self._people(cells)
        names = [batch.column(name).dictionary_encode() for name in ("operator", "technology")]
        width = max(1, len(names[1].dictionary))
        layer = names[0].indices.to_numpy() * width + names[1].indices.to_numpy()
        for number in np.unique(layer).tolist():
            key = names[0].dictionary[number // width], names[1].dictionary[number % width]
            own = layer == number
            held = self.held((key[0].as_py(), key[1].as_py()))
            for division, sums in zip(self.divisions, held, strict=True):
                out = len(division.region_id)
                code = np.full(len(cells), out, np.int64)
                code[known] = division.code[row[known]]
                place = (code * len(VERDICTS) + verdict)[own]
                size = sums.people.size
                sums.people += np.bincount(place, people[own], size).reshape(sums.people.shape)
                sums.area += np.bincount(place, area[own], size).reshape(sums.area.shape)

    def _people(self, cells: Ints) -> Floats:
        if len(self.cell) == 0:
            return np.zeros(len(cells))
        row = np.minimum(np.searchsorted(self.cell, cells), len(self.cell) - 1)
        return np.where(self.cell[row] == cells, self.people[row], 0.0)

    def held(self, layer: Layer) -> list[Sums]:
        """Give the sums of a layer, one a division; zeros where it has no row."""
        if layer not in self.sums:
            shapes = [(len(d.region_id) + 1, len(VERDICTS)) for d in self.divisions]
            self.sums[layer] = [Sums(np.zeros(s), np.zeros(s)) for s in shapes]
        return self.sums[layer]


def _codes(column: pa.Array, names: tuple[str, ...]) -> Ints:
    found = pa.compute.index_in(column, pa.array(names))
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


@dataclass(frozen=True)
class _Known:
    """What rows of every layer are told of alike."""

    rasters: list[dict[str, Any]]
    names: dict[str, str | None]
    """Of regions, by identity."""
    simulated: bool

    @classmethod
    def read(cls, ctx: StepContext) -> _Known:
        rasters = ctx.tables.read("population", ["people", "year", "simulated"]).to_pylist()
        regions = ctx.tables.read("regions", ["region_id", "name"]).to_pylist()
        simulated = any(row["simulated"] for row in rasters)
        simulated |= any(entry.simulated for entry in ctx.config.measurements)
        return cls(rasters, {row["region_id"]: row["name"] for row in regions}, simulated)


def _rows(
    known: _Known, layer: Layer, found: _Summed, divisions: list[Division]
) -> Iterator[dict[str, Any]]:
    rasters = known.rasters
    common = {
        "operator": layer[0],
        "technology": layer[1],
        "year": rasters[0]["year"] if rasters else None,
        "simulated": known.simulated,
    }
    for number, (division, sums) in enumerate(zip(divisions, found.held(layer), strict=True)):
        # every cell has a row in the layer of any operator and technology
        outside_area = found.held((ANY, ANY))[number].area[-1].sum()
        people = division.people if rasters else None
        if division.level is None:
            whole = sum(row["people"] for row in rasters) if rasters else None
            areas = _whole_area(division, outside_area)
            one = _figures(sums.people.sum(0), whole, sums.area.sum(0), areas)
            yield {**common, **_place(WHOLE, None, None, None), **one}
            continue
        for part, name in enumerate((*division.region_id, None)):
            outside = part == len(division.region_id)
            total = None if people is None else float(people[part])
            area = outside_area if outside else division.area_m2[part] / M2_PER_KM2 * UNIT
            scope = OUTSIDE if outside else "region"
            place = _place(scope, division.level, name, known.names.get(name or ""))
            yield {**common, **place, **_figures(sums.people[part], total, sums.area[part], area)}


def _whole_area(division: Division, outside: float) -> float:
    """Area of all regions together, and of the cells seen outside them; in units of 1e-6 km2."""
    return float(division.area_m2[0] / M2_PER_KM2 * UNIT + outside)


def _place(scope: str, level: str | None, region: str | None, name: str | None) -> dict[str, Any]:
    return {"scope": scope, "level": level, "region_id": region, "name": name}


def _figures(people: Floats, total: float | None, area: Floats, whole: float) -> dict[str, Any]:
    """Figures by verdict that add up to the totals; people and areas come in units of 1e-6."""
    made: dict[str, Any] = {"area_km2": whole / UNIT}
    areas = parts_of(area / UNIT, whole / UNIT)
    made |= {f"{v}_km2": float(a) for v, a in zip(VERDICTS, areas, strict=True)}
    made["area_covered_share"] = float(areas[0] / made["area_km2"]) if whole > 0 else None
    made |= {"people": total, "people_covered_share": None}
    made |= dict.fromkeys(f"{v}_people" for v in VERDICTS)
    if total is not None:
        amounts = parts_of(people / UNIT, total)
        made |= {f"{v}_people": float(a) for v, a in zip(VERDICTS, amounts, strict=True)}
        made["people_covered_share"] = float(amounts[0] / total) if total > 0 else None
    return made


def parts_of(by_verdict: Floats, total: float) -> Floats:
    """Amounts by verdict that add up to a total: what is not measured is what is left of it.

    A region's cells do not end exactly where its counting cells do. Where practically all of it is
    measured they can hold a little more than the whole; they are scaled to it then.

    Examples
    --------
    >>> parts_of(np.array([30.0, 10.0, 0.0, 5.0]), 100.0).tolist()
    [30.0, 10.0, 0.0, 60.0]
    >>> parts_of(np.array([60.0, 60.0, 0.0, 0.0]), 100.0).tolist()
    [50.0, 50.0, 0.0, 0.0]
    """
    measured = np.delete(by_verdict, UNMEASURED)
    held = float(measured.sum())
    if held > total:
        measured = measured * (total / held)
    left = max(0.0, total - held)
    return np.insert(measured, UNMEASURED, left)
