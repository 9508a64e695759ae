"""How good a build's predictions are: blocks and runs held out, foretold from the rest, scored.

Every layer is learnt anew from what is left, as the build learns it. The scores lie beside the
tables of the build, which they follow from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.cells import parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.core.prediction.evaluate import (
    BLOCK_M,
    FOLDS,
    TENTHS,
    Held,
    block_parts,
    by_distance,
    held_out,
    reliability,
    run_parts,
    scored,
)
from covermap.core.prediction.layer import modelled
from covermap.core.prediction.sources import spread_in
from covermap.engine.local import Workers
from covermap.errors import BuildError, NotKnownError
from covermap.rules import RulePack
from covermap.steps.predict.learning import Model, measurements, needed_of
from covermap.steps.predict.regions import (
    Region,
    layers_in,
    levels_by_shard,
    of_layer,
    read_levels,
    read_model,
    regions_of,
)
from covermap.store import Build, write_table
from covermap.tables import ANY, PREDICTION_RELIABILITY, PREDICTION_SCORES, conform, in_order

Layer = tuple[str, str]
Ints = NDArray[np.int64]
HELD = ("blocks", "runs")


@dataclass(frozen=True)
class Fold:
    """A part of one layer's measurements in one region, to be foretold from the others."""

    tables: Path
    region: Region
    resolution: int
    layer: Layer
    held: str
    block_m: float
    part: int
    rules: RulePack


@dataclass(frozen=True)
class HeldOut:
    """Places of one layer that were held out in one way."""

    layer: Layer
    held: str
    block_m: float | None
    threshold_dbm: float
    places: Held


@dataclass(frozen=True)
class Evaluation:
    """What came out of it."""

    parts: list[HeldOut]
    """By layer, blocks before runs; those without places are left out."""
    scores: pa.Table
    reliability: pa.Table
    unscored: list[Layer]
    """Layers that were measured only where devices had nothing better and are calibrated by others:
    nobody measured the places that they are foretold for."""


def evaluate(
    build: Build,
    layers: Sequence[Layer] = (),
    block_m: float = BLOCK_M,
    workers: Workers | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Evaluation:
    """Score the layers of a build, and keep the scores in it when all layers are.

    Parameters
    ----------
    layers
        Operators and technologies; none: all that were measured.
    block_m
        Side of the blocks that are held out.
    progress
        Is told how many parts are done, and how many there are.

    Raises
    ------
    BuildError
        The build has no levels to learn from.
    NotKnownError
        It has no such layer.
    """
    measured, unscored = _measured_layers(build)
    folds = _folds(build, _asked(layers, measured), block_m)
    found: list[tuple[Fold, float, Held]] = []
    progress(0, len(folds))
    for position, (threshold, held) in (workers or Workers(1)).run(hold_out, folds):
        found.append((folds[position], threshold, held))
        progress(len(found), len(folds))
    parts = _by_layer(found, block_m)
    told = [*parts, *_together(parts)]
    simulated = build.simulated
    made = Evaluation(parts, _scores(told, simulated), _reliability(told), unscored)
    if not layers:
        for table, rows in (
            (PREDICTION_SCORES, made.scores),
            (PREDICTION_RELIABILITY, made.reliability),
        ):
            write_table(build.folder / f"{table.name}.parquet", rows, table)
    return made


def _measured_layers(build: Build) -> tuple[list[Layer], list[Layer]]:
    """Layers that can be scored, and those whose measurements do not tell of other places."""
    rows = build.read("prediction_layers", ["operator", "technology", "places", "basis", "slope"])
    known = layers_in(rows.filter(pc.greater(rows.column("places"), 0)))
    aside = pc.and_(pc.equal(rows.column("basis"), "selected"), pc.is_valid(rows.column("slope")))
    selected = layers_in(rows.filter(aside))
    return sorted(known - selected), sorted(selected)


def _asked(layers: Sequence[Layer], known: Sequence[Layer]) -> list[Layer]:
    for one in layers:
        if one not in known:
            there = ", ".join(f"{o}/{t}" for o, t in known)
            raise NotKnownError(
                f"no layer {'/'.join(one)!r} whose measurements can be held out. "
                f"There are: {there}."
            )
    return sorted(layers or known)


def _folds(build: Build, layers: Sequence[Layer], block_m: float) -> list[Fold]:
    weight = levels_by_shard(build)
    if not weight:
        raise BuildError(
            f"{build.folder}: this build has no levels to foretell from. Declare [predict] in "
            "covermap.toml and run `covermap build`."
        )
    said = build.manifest
    resolution, rules = said["config"]["grid"]["resolution"], RulePack.model_validate(said["rules"])
    return [
        Fold(build.folder, region, resolution, layer, held, block_m, part, rules)
        for region in regions_of(np.array(sorted(weight), np.int64), weight)
        for layer in layers
        for held in HELD
        for part in range(FOLDS)
    ]


def hold_out(fold: Fold) -> tuple[float, Held]:
    """Hold out one part; give the level that covered means, and what was foretold.

    Of a region's levels those of its own shards are held out; those around help to foretell. What a
    layer does not learn from, since its model says nothing there, is not foretold either.
    """
    around = np.array(fold.region.around, np.int64)
    levels = of_layer(read_levels(fold.tables, around, fold.resolution), fold.layer)
    measured = np.unique(levels.column("cell").to_numpy())
    model = Model.of(read_model(fold.tables, around, measured), fold.layer)
    seen = modelled(measurements(levels, model))
    needed = needed_of(fold.rules.cell, fold.rules, fold.layer[1], spread_in(levels))
    part = block_parts(seen, fold.block_m) if fold.held == "blocks" else run_parts(seen)
    own = np.isin(parents(seen.place, SHARD_RESOLUTION), fold.region.shards)
    held = own & (part == fold.part)
    if held.all():  # nothing would be left to foretell it from
        held[:] = False
    return needed, held_out(seen, np.where(held, 0, -1), needed)


def _by_layer(found: Sequence[tuple[Fold, float, Held]], block_m: float) -> list[HeldOut]:
    parts = []
    for layer in sorted({fold.layer for fold, _, _ in found}):
        for kind in HELD:
            own = [(f, needed, held) for f, needed, held in found
                   if (f.layer, f.held) == (layer, kind) and len(held.place)]  # fmt: skip
            own.sort(key=lambda one: (one[0].region.name, one[0].part))
            if own:
                places = _joined([held for _, _, held in own])
                side = block_m if kind == "blocks" else None
                parts.append(HeldOut(layer, kind, side, own[0][1], places))
    return parts


def _joined(parts: Sequence[Held]) -> Held:
    return Held(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Held)))


def _together(parts: Sequence[HeldOut]) -> list[HeldOut]:
    """All layers as one, levels told against each one's threshold."""
    made = []
    for kind in HELD:
        own = [p for p in parts if p.held == kind]
        if own:
            places = _joined([_against(p) for p in own])
            made.append(HeldOut((ANY, ANY), kind, own[0].block_m, 0.0, places))
    return made


def _against(part: HeldOut) -> Held:
    names = ("level_dbm", "mean_dbm", "low_dbm", "high_dbm")
    changed: dict[str, Any] = {
        name: getattr(part.places, name) - part.threshold_dbm for name in names
    }
    return replace(part.places, **changed)


def _scores(parts: Sequence[HeldOut], simulated: bool) -> pa.Table:
    rows = []
    for part in parts:
        whole = (0.0, np.inf, scored(part.places, part.threshold_dbm))
        for low, high, score in [whole, *by_distance(part.places, part.threshold_dbm)]:
            together = part.layer == (ANY, ANY)
            rows.append(_named(part) | vars(score) | {
                "from_m": low, "to_m": high if np.isfinite(high) else None,
                "threshold_dbm": None if together else part.threshold_dbm, "simulated": simulated,
            })  # fmt: skip
    return _table(rows, PREDICTION_SCORES)


def _reliability(parts: Sequence[HeldOut]) -> pa.Table:
    rows = []
    for part in parts:
        reached = part.places.level_dbm >= part.threshold_dbm
        counts = zip(*reliability(part.places.covered, reached), strict=True)
        for tenth, (n, said, seen) in zip(range(TENTHS), counts, strict=True):
            rows.append(_named(part) | {"tenth": tenth, "n": n, "said": said, "seen": seen})
    return _table(rows, PREDICTION_RELIABILITY)


def _named(part: HeldOut) -> dict[str, Any]:
    return {"operator": part.layer[0], "technology": part.layer[1], "held": part.held,
            "block_m": part.block_m}  # fmt: skip


def _table(rows: list[dict[str, Any]], table: Any) -> pa.Table:
    plain = [{k: None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}
             for row in rows]  # fmt: skip
    return in_order(conform(pa.Table.from_pylist(plain, table.schema), table), table)
