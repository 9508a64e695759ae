"""Continuous coverage of polygons: a city within its ring road, a county town, a farm zone.

Every region of the build is assessed, from the verdicts of the cells whose middle it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from covermap.core.areas import FAIL, PASS, UNDETERMINED, AreaSums, add_cells, no_sums, shares_of
from covermap.core.cells import centres, parents
from covermap.core.geodesy import ellipsoid
from covermap.engine.step import StepContext
from covermap.rules import AreaRule
from covermap.store import reading
from covermap.tables import AREA_VERDICTS, VERDICTS, empty, nan_as_null

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Layer = tuple[str, str]
NEAR, AROUND = 8, 6
M2_PER_KM2 = 1e6
_COLUMNS = ["cell", "area_m2", "operator", "technology", "verdict", "probability"]
_TEXTS = ["operator", "technology", "verdict"]


@dataclass
class _Held:
    """Of one layer, per area: km2 and people by verdict, and sums over measured cells."""

    areas: int
    km2: Floats = field(init=False)
    people: Floats = field(init=False)
    by_area: AreaSums = field(init=False)
    by_people: AreaSums = field(init=False)

    def __post_init__(self) -> None:
        self.km2, self.people = (np.zeros((self.areas, len(VERDICTS))) for _ in range(2))
        self.by_area, self.by_people = no_sums(self.areas), no_sums(self.areas)


def run(ctx: StepContext) -> None:
    """Write `area_verdicts`: every region in every layer; none without a rule for areas."""
    rule, regions = ctx.rules.area, ctx.tables.read("regions").sort_by("region_id")
    if rule is None or not regions.num_rows:
        ctx.write(AREA_VERDICTS.name, empty(AREA_VERDICTS))
        return
    shapes = np.asarray(shapely.from_wkb(regions["geometry"].to_pylist()), object)
    found = _summed(ctx, shapes, rule)
    known = _Known.read(ctx, regions, shapes)
    rows = [_rows(known, layer, found[layer], rule) for layer in ctx.layers()]
    ctx.write(AREA_VERDICTS.name, pa.concat_tables(rows) if rows else empty(AREA_VERDICTS))


def _summed(
    ctx: StepContext, shapes: NDArray[np.object_], rule: AreaRule
) -> defaultdict[Layer, _Held]:
    found: defaultdict[Layer, _Held] = defaultdict(lambda: _Held(len(shapes)))
    tree = shapely.STRtree(shapes)
    people = ctx.tables.read("cell_people", ["cell", "people"]).sort_by("cell")
    parts = ctx.tables.parts("cell_verdicts")
    for done, path in enumerate(parts, start=1):
        with reading(path):
            table = pq.ParquetFile(path, read_dictionary=_TEXTS).read(columns=_COLUMNS)
        cells = np.unique(table["cell"].to_numpy())
        at, area = tree.query(shapely.points(*centres(cells)), predicate="intersects")
        for layer, rows in _layers(table):
            _add(found[layer], rows, cells, at, area, people, rule)
        ctx.progress(done / len(parts), "cells")
    return found


def _layers(table: pa.Table) -> Iterator[tuple[Layer, pa.Table]]:
    """Part a table by operator and technology."""
    names = [table[n].cast(pa.string()).to_numpy(zero_copy_only=False) for n in _TEXTS[:2]]
    key = np.char.add(np.char.add(names[0].astype(str), "/"), names[1].astype(str))
    for one in np.unique(key).tolist():
        operator, technology = one.rsplit("/", 1)
        yield (operator, technology), table.filter(pa.array(key == one))


def _add(
    held: _Held, rows: pa.Table, cells: Ints, at: Ints, area: Ints, people: pa.Table,
    rule: AreaRule,
) -> None:  # fmt: skip
    """Add one layer's cells of one shard."""
    own = rows["cell"].to_numpy()
    row_of = np.full(len(cells), -1, np.int64)
    row_of[np.searchsorted(cells, own)] = np.arange(len(own))
    row = row_of[at]
    area, row = area[row >= 0].astype(np.int64), row[row >= 0]
    verdict = pc.index_in(rows["verdict"].cast(pa.string()), pa.array(VERDICTS))
    code = verdict.to_numpy(zero_copy_only=False).astype(np.int64)[row]
    km2 = rows["area_m2"].to_numpy()[row] / M2_PER_KM2
    souls = _people_in(people, own)[row]
    place, size = area * len(VERDICTS) + code, held.km2.size
    held.km2 += np.bincount(place, km2, size).reshape(held.km2.shape)
    held.people += np.bincount(place, souls, size).reshape(held.people.shape)
    chance = rows["probability"].to_numpy(zero_copy_only=False).astype(np.float64)[row]
    told = ~np.isnan(chance)
    area, chance, cell = area[told], chance[told], own[row[told]]
    nested = [(number, strength) for number, strength in _regions(cell, rule)]
    for name, weight in (("by_area", km2[told]), ("by_people", souls[told])):
        sums = add_cells(area, weight, chance, nested, rule.alike.area, held.areas)
        setattr(held, name, getattr(held, name) + sums)


def _regions(cells: Ints, rule: AreaRule) -> Iterator[tuple[Ints, float]]:
    """Give the coarser cell of each cell, where the grid is finer than it."""
    resolution = int(cells[0] >> 52) & 15 if len(cells) else 0
    for coarse, strength in ((AROUND, rule.alike.around), (NEAR, rule.alike.near)):
        if resolution > coarse:
            yield parents(cells, coarse), strength


def _people_in(people: pa.Table, cells: Ints) -> Floats:
    known, amount = people["cell"].to_numpy(), people["people"].to_numpy()
    if not len(known):
        return np.zeros(len(cells))
    row = np.minimum(np.searchsorted(known, cells), len(known) - 1)
    return np.where(known[row] == cells, amount[row], 0.0)


@dataclass(frozen=True)
class _Known:
    """What rows of every layer have in common."""

    regions: pa.Table
    km2: Floats
    people: Floats
    """NaN: not known."""
    simulated: bool

    @classmethod
    def read(cls, ctx: StepContext, regions: pa.Table, shapes: NDArray[np.object_]) -> _Known:
        km2 = [abs(ellipsoid().geometry_area_perimeter(shape)[0]) / M2_PER_KM2 for shape in shapes]
        told = ctx.tables.read("people_verdicts", ["scope", "region_id", "people"])
        told = told.filter(pc.equal(told["scope"], "region"))
        people = dict(zip(told["region_id"].to_pylist(), told["people"].to_pylist(), strict=True))
        amounts = [people.get(region) for region in regions["region_id"].to_pylist()]
        simulated = ctx.config.workspace.simulated
        simulated |= any(entry.simulated for entry in ctx.config.measurements)
        return cls(regions, np.array(km2), np.array(amounts, np.float64), simulated)


def _rows(known: _Known, layer: Layer, held: _Held, rule: AreaRule) -> pa.Table:
    bounded, count = rule.unmeasured == "bounded", len(known.km2)
    columns: dict[str, Any] = {n: known.regions[n] for n in ("region_id", "level", "name")}
    columns |= {"operator": [layer[0]] * count, "technology": [layer[1]] * count}
    columns["simulated"] = [known.simulated] * count
    columns["area_km2"], columns["people"] = known.km2, nan_as_null(known.people)
    parts = _fitted(held.km2, known.km2)
    columns |= {f"{v}_km2": parts[:, i] for i, v in enumerate(VERDICTS)}
    souls = _fitted(held.people, known.people)
    for verdict in ("covered", "unmeasured"):
        columns[f"{verdict}_people"] = nan_as_null(souls[:, VERDICTS.index(verdict)])
    answers = []
    for what, sums, whole, asked in (
        ("area", held.by_area, known.km2, rule.area_share),
        ("people", held.by_people, known.people, rule.people_share),
    ):
        found = shares_of(sums, whole, rule.alike.area, rule.confidence, bounded=bounded)
        told = np.isfinite(whole)
        for name in ("expected", "low", "high"):
            values = getattr(found, name)
            columns[f"{what}_share_{name}"] = nan_as_null(np.where(told, values, np.nan))
        columns[f"{what}_low"] = nan_as_null(np.where(told, found.whole_low, np.nan))
        columns[f"{what}_high"] = nan_as_null(np.where(told, found.whole_high, np.nan))
        columns[f"{what}_answer"] = pa.nulls(count, pa.string())
        if asked is not None:
            answers.append(np.where(told, found.answers(asked), UNDETERMINED))
            columns[f"{what}_answer"] = answers[-1]
    good, bad = (np.array([a == word for a in answers]) for word in (PASS, FAIL))
    columns["answer"] = np.where(good.all(0), PASS, np.where(bad.any(0), FAIL, UNDETERMINED))
    return pa.table({name: columns[name] for name in AREA_VERDICTS.names})


def _fitted(by_verdict: Floats, whole: Floats) -> Floats:
    """Scale what was measured to the whole where cells stand over its border; the rest is open."""
    rest = VERDICTS.index("unmeasured")
    measured = by_verdict.copy()
    measured[:, rest] = 0.0
    held = measured.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        measured *= np.where(held > whole, whole / held, 1.0)[:, None]
    measured[:, rest] = np.maximum(whole - measured.sum(1), 0.0)
    measured[~np.isfinite(whole)] = np.nan
    return measured
