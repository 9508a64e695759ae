"""How good predictions are: blocks and runs held out, foretold from the rest, scored.

Every layer is calibrated anew from what is left. Its covariance and spread are learnt anew as well
when a user asks (`covermap evaluate`); a build scores itself with those that it learnt from
everything: a handful of numbers of a whole layer, which a tenth of its measurements hardly moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.cells import parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.core.geodesy import Ints
from covermap.core.prediction.evaluate import BLOCK_M, Held, block_parts, held_out, run_parts
from covermap.core.prediction.layer import Layer as LearntLayer
from covermap.core.prediction.layer import learn, modelled, recalibrated
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.sources import names_in, spread_in
from covermap.engine.local import Workers
from covermap.errors import BuildError, NotKnownError
from covermap.rules import RulePack
from covermap.steps.predict.learning import Model, measurements, needed_of, taught_in
from covermap.steps.predict.regions import (
    Region,
    layers_in,
    levels_by_shard,
    of_layer,
    read_levels,
    read_model,
    regions_of,
)
from covermap.steps.predict.scoring import (
    ANEW,
    HELD,
    ONCE,
    HeldOut,
    joined,
    reliability_of,
    scores_of,
    together,
)
from covermap.store import Build, write_table
from covermap.tables import PREDICTION_RELIABILITY, PREDICTION_SCORES

Layer = tuple[str, str]


@dataclass(frozen=True)
class Scored:
    """What is scored, and how."""

    tables: Path
    resolution: int
    rules: RulePack
    simulated: bool
    block_m: float = BLOCK_M


@dataclass(frozen=True)
class Fold:
    """One layer's measurements in one region, held out part by part in one way."""

    of: Scored
    region: Region
    layer: Layer
    held: str
    learnt: Path | None
    """Folder of what was learnt of the region; None: it is learnt anew."""


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


def evaluate_build(
    build: Build,
    layers: Sequence[Layer] = (),
    block_m: float = BLOCK_M,
    workers: Workers | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Evaluation:
    """Score the layers of a build, learnt anew, and keep the scores in it when all layers are.

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
    known = build.read("prediction_layers")
    weight = levels_by_shard(build)
    if not weight:
        raise BuildError(
            f"{build.folder}: this build has no levels to foretell from. Declare [predict] in "
            "covermap.toml and run `covermap build`."
        )
    said = build.manifest
    scored = Scored(
        build.folder, said["config"]["grid"]["resolution"], RulePack.model_validate(said["rules"]),
        build.simulated, block_m,
    )  # fmt: skip
    _check(layers, _measured_layers(known)[0])
    regions = regions_of(np.array(sorted(weight), np.int64), weight)
    made = evaluate(
        scored, [(region, None) for region in regions], known, layers, workers, progress
    )
    if not layers:
        write_table(
            build.folder / f"{PREDICTION_SCORES.name}.parquet", made.scores, PREDICTION_SCORES
        )
        write_table(
            build.folder / f"{PREDICTION_RELIABILITY.name}.parquet", made.reliability,
            PREDICTION_RELIABILITY,
        )  # fmt: skip
    return made


def evaluate(
    scored: Scored,
    regions: Sequence[tuple[Region, Path | None]],
    known: pa.Table,
    layers: Sequence[Layer] = (),
    workers: Workers | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Evaluation:
    """Score layers.

    Parameters
    ----------
    regions
        Each with the folder of what was learnt of it; None: it is learnt anew.
    known
        Table PREDICTION_LAYERS.
    layers
        Of those that were measured; none: all.
    """
    measured, unscored = _measured_layers(known)
    folds = [
        Fold(scored, region, layer, held, learnt)
        for region, learnt in regions
        for layer in sorted(layers or measured)
        for held in HELD
    ]
    found: list[tuple[Fold, float, Held]] = []
    progress(0, len(folds))
    for position, (threshold, held) in (workers or Workers(1)).run(hold_out, folds):
        found.append((folds[position], threshold, held))
        progress(len(found), len(folds))
    parts = _by_layer(found, scored.block_m)
    told = [*parts, *together(parts)]
    return Evaluation(parts, scores_of(told, scored.simulated), reliability_of(told), unscored)


def _measured_layers(rows: pa.Table) -> tuple[list[Layer], list[Layer]]:
    """Layers that can be scored, and those whose measurements do not tell of other places."""
    known = layers_in(rows.filter(pc.greater(rows.column("places"), 0)))
    aside = pc.and_(pc.equal(rows.column("basis"), "selected"), pc.is_valid(rows.column("slope")))
    selected = layers_in(rows.filter(aside))
    return sorted(known - selected), sorted(selected)


def _check(layers: Sequence[Layer], known: Sequence[Layer]) -> None:
    for one in layers:
        if one not in known:
            there = ", ".join(f"{o}/{t}" for o, t in known)
            raise NotKnownError(
                f"no layer {'/'.join(one)!r} whose measurements can be held out. "
                f"There are: {there}."
            )


def hold_out(fold: Fold) -> tuple[float, Held]:
    """Hold out part after part; give the level that covered means, and what was foretold.

    Of a region's levels those of its own shards are held out; those around help to foretell. What a
    layer does not learn from, since its model says nothing there, is not foretold either.
    """
    of, around = fold.of, np.array(fold.region.around, np.int64)
    levels = of_layer(read_levels(of.tables, around, of.resolution), fold.layer)
    measured = np.unique(levels.column("cell").to_numpy())
    model = Model.of(read_model(of.tables, around, measured), fold.layer)
    seen = measurements(levels, model)
    needed = needed_of(of.rules.cell, of.rules, fold.layer[1], spread_in(levels))
    part = block_parts(seen, of.block_m) if fold.held == "blocks" else run_parts(seen)
    own = modelled(seen) & np.isin(parents(seen.place, SHARD_RESOLUTION), fold.region.shards)
    return needed, held_out(
        seen, _some_left(np.where(own, part, -1)), needed, _learner(fold, levels)
    )


def _some_left(part: Ints) -> Ints:
    """Hold nothing out where a part is everything: nothing would be left to foretell it from."""
    return np.full(len(part), -1) if len(np.unique(part)) == 1 else part


def _learner(fold: Fold, levels: pa.Table) -> Callable[[Observations], LearntLayer]:
    known = taught_in(fold.learnt) if fold.learnt is not None else []
    for taught in known:
        if taught.layer == fold.layer:
            return partial(recalibrated, taught.among(names_in(levels)))
    return learn


def _by_layer(found: Sequence[tuple[Fold, float, Held]], block_m: float) -> list[HeldOut]:
    parts = []
    for layer in sorted({fold.layer for fold, _, _ in found}):
        for kind in HELD:
            own = [(f, needed, held) for f, needed, held in found
                   if (f.layer, f.held) == (layer, kind) and len(held.place)]  # fmt: skip
            own.sort(key=lambda one: one[0].region.name)
            if own:
                (fold, needed, _), places = own[0], joined([held for _, _, held in own])
                side = block_m if kind == "blocks" else None
                learnt = ANEW if fold.learnt is None else ONCE
                parts.append(HeldOut(layer, kind, side, learnt, needed, places))
    return parts
