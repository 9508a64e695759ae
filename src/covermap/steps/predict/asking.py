"""Ask every layer of a shard: its cells, and the middles of the segments in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.core.cells import cells_at, centres
from covermap.core.prediction.area import Area
from covermap.core.prediction.layer import Layer, Prediction, predict, ready
from covermap.core.prediction.probability import BASES, basis_of, lasting
from covermap.core.prediction.sources import names_in
from covermap.rules import RulePack
from covermap.steps.predict.learning import Model, Taught, measurements, needed_of, taught_in
from covermap.steps.predict.regions import Region, among, around, of_layer, read_levels, read_model
from covermap.steps.predict.segments import Middles
from covermap.store import Tables, write_table
from covermap.tables import CELL_PREDICTION, CELL_VERDICTS, SEGMENT_PREDICTION, Table, nan_as_null

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BATCH = 50_000
"""Places asked together: about 60 MB of neighbours and their distances."""


@dataclass(frozen=True)
class AskWork:
    """A shard to ask."""

    tables: Path
    shard: int
    region: Region
    area: Area
    """Its part of what is predicted."""
    learnt: Path
    """Folder of what was learnt of its region."""
    middles: Middles
    rules: RulePack

    @property
    def made(self) -> Path:
        """Folder that its rows are written into."""
        return self.learnt / f"{self.shard:x}"


@dataclass(frozen=True)
class _Asked:
    """A layer in a shard, ready to be asked."""

    taught: Taught
    layer: Layer
    model: Model

    def say(self, lon: Floats, lat: Floats, cells: Ints) -> tuple[Prediction, Floats, Floats]:
        """Foretell places; give their modelled levels and carriers as well."""
        level, ghz = self.model.at(cells)
        if not self.layer.calibration.with_model:  # nothing ties the model to measurements
            level = np.full(len(level), np.nan)
        return predict(self.layer, lon, lat, level), level, ghz


def ask_shard(work: AskWork) -> int:
    """Write what is foretold in a shard, layer after layer; give the number of its cells."""
    work.made.mkdir(parents=True)
    cells = work.area.cells(work.area.blocks)
    asked = list(_layers(work))
    verdicts = _measured(work)
    path = work.made / f"{CELL_PREDICTION.name}.parquet"
    if len(cells):
        write_table(path, _cell_rows(work, asked, cells, verdicts), CELL_PREDICTION)
    if len(work.middles):
        path = work.made / f"{SEGMENT_PREDICTION.name}.parquet"
        write_table(path, _segment_rows(work, asked), SEGMENT_PREDICTION)
    return len(cells)


def _layers(work: AskWork) -> Iterator[_Asked]:
    ring = around(np.array([work.shard], np.int64))
    levels = read_levels(work.tables, ring, work.area.resolution)
    measured = np.unique(levels.column("cell").to_numpy())
    near = read_model(work.tables, ring, measured)
    here = read_model(work.tables, np.array([work.shard], np.int64))
    for taught in taught_in(work.learnt):
        own, model = of_layer(levels, taught.layer), Model.of(near, taught.layer)
        learned = taught.among(names_in(own))
        layer = ready(learned, measurements(own, model))
        yield _Asked(taught, layer, Model.of(here, taught.layer))


def _measured(work: AskWork) -> pa.Table:
    """Cells of the shard with a verdict from measurements, by layer."""
    path = work.tables / CELL_VERDICTS.name / f"{work.shard:x}.parquet"
    names = ["operator", "technology", "cell", "verdict"]
    if not path.is_file():
        return Tables(work.tables).read(CELL_VERDICTS.name, names).slice(0, 0)
    rows = pq.ParquetFile(path).read(names)
    words = [rows.column(name).cast(pa.string()) for name in ("operator", "technology", "verdict")]
    return pa.table(
        [words[0], words[1], rows.column("cell")], names=["operator", "technology", "cell"]
    ).filter(pc.not_equal(words[2], "unmeasured"))


def _cell_rows(
    work: AskWork, asked: list[_Asked], cells: Ints, verdicts: pa.Table
) -> Iterator[pa.RecordBatch]:
    for one in asked:
        measured = np.sort(of_layer(verdicts, one.taught.layer).column("cell").to_numpy())
        needed = needed_of(
            work.rules.cell, work.rules, one.taught.layer[1], one.taught.sample_sd_db
        )
        for first in range(0, len(cells), BATCH):
            some = cells[first : first + BATCH]
            said, model, _ = one.say(*centres(some), some)
            basis = basis_of(one.layer, said, among(some, measured), np.isfinite(model))
            columns = {"cell": some, "model_dbm": nan_as_null(model)}
            yield from _rows(one, said, needed, basis, columns, CELL_PREDICTION)


def _segment_rows(work: AskWork, asked: list[_Asked]) -> Iterator[pa.RecordBatch]:
    at, resolution = work.middles, work.area.resolution
    cells = cells_at(at.lon, at.lat, resolution)
    nowhere = np.zeros(len(cells), bool)
    for one in asked:
        needed = needed_of(
            work.rules.segment, work.rules, one.taught.layer[1], one.taught.sample_sd_db
        )
        for first in range(0, len(cells), BATCH):
            some = slice(first, first + BATCH)
            said, model, ghz = one.say(at.lon[some], at.lat[some], cells[some])
            loss = at.take(some).loss_db(ghz)
            said = replace(said, mean_dbm=said.mean_dbm - loss)
            basis = basis_of(one.layer, said, nowhere[some], np.isfinite(model))
            columns = {
                "line_id": at.line_id[some], "segment": at.segment[some], "carriage_db": loss,
            }  # fmt: skip
            yield from _rows(one, said, needed, basis, columns, SEGMENT_PREDICTION)


def _rows(
    one: _Asked,
    said: Prediction,
    needed: float,
    basis: NDArray[np.int8],
    columns: Mapping[str, object],
    table: Table,
) -> Iterator[pa.RecordBatch]:
    """Rows of places of which more than the layer's mean can be said, in the table's columns."""
    told = basis >= BASES.index("predicted")
    size = len(basis)
    far = np.where(np.isfinite(said.distance_m), said.distance_m, np.nan)
    made = {
        **columns,
        "operator": pa.array([one.taught.layer[0]] * size),
        "technology": pa.array([one.taught.layer[1]] * size),
        "rsrp_dbm": said.mean_dbm,
        "sd_db": np.sqrt(said.lasting_db2),
        "drive_sd_db": np.sqrt(said.drive_db2),
        "probability": lasting(said, one.layer.spread, needed),
        "distance_m": nan_as_null(far),
        "basis": pa.array(BASES).take(pa.array(basis)),
    }
    rows = pa.table({name: made[name] for name in table.names}, schema=table.schema)
    yield from rows.filter(pa.array(told)).to_batches()
