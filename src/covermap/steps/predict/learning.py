"""Learn every layer of a region, and keep what was learnt for its shards to be asked by."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.judging.certainty import level_needed_dbm
from covermap.core.prediction.area import Area
from covermap.core.prediction.borrowing import borrowed
from covermap.core.prediction.calibrate import Calibration
from covermap.core.prediction.covariance import Covariance
from covermap.core.prediction.layer import Learned, learned
from covermap.core.prediction.observations import SAMPLE_SD_DB, Observations
from covermap.core.prediction.rigs import ANTENNAS, Rigs
from covermap.core.prediction.selection import selected_layers
from covermap.core.prediction.sources import names_in, observed, spread_in
from covermap.core.prediction.spread import Spread
from covermap.rules import PieceRule, RulePack
from covermap.steps.predict.regions import (
    Region,
    layers_in,
    model_batches,
    of_layer,
    read_levels,
    read_model,
)
from covermap.store import write_text

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Layer = tuple[str, str]
_LOWEST = -300
"""No model gives a lower level, dBm."""


@dataclass(frozen=True)
class LearnWork:
    """A region to learn."""

    tables: Path
    region: Region
    area: Area
    rules: RulePack
    folder: Path
    """What is learnt is written here."""


@dataclass(frozen=True)
class Model:
    """Modelled levels of a layer, ascending by cell."""

    cell: Ints
    rsrp_dbm: Floats
    ghz: Floats

    @classmethod
    def of(cls, rows: pa.Table, layer: Layer) -> Model:
        """Take a layer's rows of `cell_model`."""
        own = of_layer(rows, layer).sort_by("cell")
        return cls(*(own.column(name).to_numpy() for name in ("cell", "rsrp_dbm", "ghz")))

    def at(self, cells: Ints) -> tuple[Floats, Floats]:
        """Level and carrier of each cell; NaN where there is none."""
        if not len(self.cell):
            return np.full(len(cells), np.nan), np.full(len(cells), np.nan)
        place = np.minimum(np.searchsorted(self.cell, cells), len(self.cell) - 1)
        there = self.cell[place] == cells
        return (
            np.where(there, self.rsrp_dbm[place], np.nan),
            np.where(there, self.ghz[place], np.nan),
        )


def measurements(levels: pa.Table, model: Model) -> Observations:
    """Give a layer's levels beside its model, for a map: nobody knows the serving cell there."""
    seen = observed(levels)
    return replace(
        seen, group=np.full(len(seen), -1, np.int64), predicted_dbm=model.at(seen.place)[0]
    )


def learn_region(work: LearnWork) -> int:
    """Learn the layers of a region; give their number."""
    around = np.array(work.region.around, np.int64)
    levels = read_levels(work.tables, around, work.area.resolution)
    measured = np.unique(levels.column("cell").to_numpy())
    model = read_model(work.tables, around, measured)
    found: dict[Layer, Taught] = {}
    for layer in sorted(layers_in(levels)):
        own = of_layer(levels, layer)
        seen = measurements(own, Model.of(model, layer))
        found[layer] = Taught.of(layer, spread_in(own), learned(seen), names_in(own))
    middles = _middles(work.tables, around)
    selected = selected_layers(levels)
    telling = {name: one.learned for name, one in found.items() if name not in selected}
    for layer in sorted(selected & set(found)):
        found[layer] = _of_selected(found[layer], middles.get(layer), telling)
    for layer in sorted(set(middles) - set(found)):
        others = [one for name, one in telling.items() if name[1] == layer[1]]
        found[layer] = Taught(layer, SAMPLE_SD_DB, borrowed(middles[layer], others), {}, {})
    work.folder.mkdir(parents=True)
    kept = [found[layer] for layer in sorted(found)]
    write_text(work.folder / "rows.json", json.dumps([_row(work, one) for one in kept]))
    write_text(work.folder / "learnt.json", json.dumps([_plain(one) for one in kept]))
    return len(found)


def _middles(tables: Path, shards: Ints) -> dict[Layer, float]:
    """Median of each layer's modelled levels, to 1 dB: counted, so a country is never held."""
    counts: dict[Layer, Ints] = {}
    for rows in model_batches(tables, shards):
        for layer in layers_in(rows):
            level = of_layer(rows, layer).column("rsrp_dbm").to_numpy()
            at = np.clip(np.rint(level[np.isfinite(level)]), _LOWEST, -_LOWEST).astype(np.int64)
            size = np.bincount(at - _LOWEST, minlength=1 - 2 * _LOWEST)
            counts[layer] = counts.get(layer, np.zeros(1 - 2 * _LOWEST, np.int64)) + size
    return {
        layer: float(np.searchsorted(np.cumsum(size), (size.sum() + 1) // 2) + _LOWEST)
        for layer, size in counts.items()
    }


def _of_selected(own: Taught, middle_dbm: float | None, telling: dict[Layer, Learned]) -> Taught:
    """Calibrate a layer that was measured where devices had nothing better by other layers.

    Where its technology was selected for all operators, other technologies tell what the model
    gets wrong there. Without a model there is nothing that others could calibrate: what it taught
    stays, and is marked.
    """
    said, devices, runs = own.learned, own.devices, own.runs
    if middle_dbm is not None:
        same = [one for name, one in telling.items() if name[1] == own.layer[1]]
        said, devices = borrowed(middle_dbm, same or list(telling.values())), {}
        runs = {}
    places = own.learned.calibration.places
    marked = replace(said.calibration, basis="selected", places=places)
    return replace(own, learned=replace(said, calibration=marked), devices=devices, runs=runs)


def needed_of(rule: PieceRule, rules: RulePack, technology: str, sample_sd_db: float) -> float:
    """Level at which a place just meets the standard of a technology; NaN without a standard."""
    standard = rules.standards.get(technology)  # type: ignore[call-overload]
    if standard is None:
        return float("nan")
    number = rule.share if rule.rule == "share" else rule.quantile
    return level_needed_dbm(standard.rsrp_dbm, rule.rule, number, sample_sd_db)


def _row(work: LearnWork, taught: Taught) -> dict[str, Any]:
    """Give the row of `prediction_layers`."""
    layer, said, sample_sd_db = taught.layer, taught.learned, taught.sample_sd_db
    c = said.calibration
    modelled = c.with_model
    return {
        "operator": layer[0], "technology": layer[1], "region": work.region.name,
        "places": c.places, "basis": c.basis,
        "offset_db": float(c.coefficients[0]) - c.middle_dbm if modelled else None,
        "offset_sd_db": float(np.sqrt(c.covariance[0, 0])) if modelled else None,
        "slope": float(c.coefficients[1]) if modelled else None,
        "antenna": ANTENNAS[c.rigs.reference], "level_dbm": float(c.coefficients[0]),
        **{name: getattr(said.covariance, name) for name in
           ("short_sd_db", "short_m", "slow_sd_db", "slow_m", "run_sd_db")},
        "sample_sd_db": sample_sd_db, "degrees": said.spread.degrees,
        "needed_dbm": needed_of(work.rules.cell, work.rules, layer[1], sample_sd_db),
    }  # fmt: skip


def _plain(taught: Taught) -> dict[str, Any]:
    """Give what was learnt as JSON types."""
    said, c = taught.learned, taught.learned.calibration
    return {
        "layer": taught.layer, "sample_sd_db": taught.sample_sd_db,
        "calibration": [c.coefficients.tolist(), c.covariance.tolist(), c.middle_dbm, c.basis,
                        c.places, c.with_model],
        "antennas": [c.rigs.reference, c.rigs.antenna_db, c.rigs.antenna_sd_db],
        "devices": taught.devices, "runs": taught.runs,
        "covariance": asdict(said.covariance), "spread": asdict(said.spread),
    }  # fmt: skip


@dataclass(frozen=True)
class Taught:
    """What was learnt of one layer."""

    layer: Layer
    sample_sd_db: float
    learned: Learned
    devices: dict[str, float]
    """What each device shows, by its name: numbers are a region's own."""
    runs: dict[str, float]

    @classmethod
    def of(
        cls, layer: Layer, sample_sd_db: float, said: Learned, names: tuple[list[str], list[str]]
    ) -> Taught:
        """Take what was learnt from measurements whose devices and runs have these names."""
        rigs = said.calibration.rigs
        known = zip((rigs.device_db, rigs.run_db), names, strict=True)
        devices, runs = ({word[k]: value for k, value in of.items()} for of, word in known)
        return cls(layer, sample_sd_db, said, devices, runs)

    def among(self, names: tuple[list[str], list[str]]) -> Learned:
        """Give it for measurements whose devices and runs have the numbers of these names."""
        known = zip((self.devices, self.runs), names, strict=True)
        devices, runs = (
            {k: of[word] for k, word in enumerate(words) if word in of} for of, words in known
        )
        calibration = self.learned.calibration
        rigs = replace(calibration.rigs, device_db=devices, run_db=runs)
        return replace(self.learned, calibration=replace(calibration, rigs=rigs))


def taught_in(folder: Path) -> list[Taught]:
    """Read what `learn_region` wrote."""
    found = []
    for one in json.loads((folder / "learnt.json").read_text(encoding="utf-8")):
        coefficients, covariance, middle, basis, places, with_model = one["calibration"]
        spread, (reference, antenna_db, antenna_sd_db) = one["spread"], one["antennas"]
        rigs = Rigs(reference, tuple(antenna_db), tuple(antenna_sd_db))
        said = Learned(
            Calibration(np.array(coefficients), np.array(covariance), middle, rigs, basis,
                        places, with_model),
            Covariance(**one["covariance"]),
            Spread(tuple(spread["scale"]), spread["degrees"], spread["n"]),
        )  # fmt: skip
        operator, technology = one["layer"]
        found.append(Taught((operator, technology), one["sample_sd_db"], said, one["devices"],
                            one["runs"]))  # fmt: skip
    return found
