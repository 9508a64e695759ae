"""What was found of a shard's units, as its file of table `cell_model`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.radio.entry import building_entry_db
from covermap.steps.propagate.antennas import Antennas, Layer
from covermap.store import CodedWriter, whole_folder
from covermap.tables import CELL_MODEL, conform
from covermap.workspace import Predict

NAME = CELL_MODEL.name
REPEATED = (
    "rsrp_dbm", "sinr_db", "second_dbm", "distance_m", "terrain_db", "ghz", "entry_db",
)  # fmt: skip
"""Rounded as they are told, their values recur."""
DIGITS = {"rsrp_dbm": 2, "sinr_db": 2, "second_dbm": 2, "distance_m": 0, "terrain_db": 2}


@dataclass(frozen=True)
class ShardWork:
    """A shard whose units are done."""

    antennas: Antennas
    layers: tuple[Layer, ...]
    predict: Predict
    aside: Path
    """Folder with what was kept of its units."""
    folder: Path


def write_shard(work: ShardWork) -> int:
    """Write a shard's rows, layer after layer, in key order; give their number."""
    by_layer: dict[int, list[Path]] = defaultdict(list)
    for path in sorted(work.aside.glob("*.arrow")):
        by_layer[int(path.name.split(".")[0])].append(path)
    rows = 0
    with (
        whole_folder(work.folder) as folder,
        CodedWriter(folder / f"{NAME}.parquet", CELL_MODEL, repeated=REPEATED) as writer,
    ):
        for layer, paths in sorted(by_layer.items()):
            found = pa.concat_tables([pa.ipc.open_file(path).read_all() for path in paths])
            writer.write(_rows(work, work.layers[layer], found.sort_by("cell")))
            rows += found.num_rows
    return rows


def _rows(work: ShardWork, layer: Layer, found: pa.Table) -> pa.Table:
    antenna = found["antenna"].to_numpy()
    names, own = np.unique(antenna, return_inverse=True)
    ghz = work.antennas.model.ghz[names]
    columns: dict[str, Any] = {"cell": found["cell"]}
    for name, value in zip(("operator", "technology"), layer, strict=True):
        columns[name] = pa.repeat(value, len(antenna))
    for name, digits in DIGITS.items():
        column = pc.round(found[name], digits)
        columns[name] = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    for name in ("site", "server", "filled"):
        texts = pa.array(getattr(work.antennas, name)[names].tolist(), pa.string())
        columns[name] = texts.take(pa.array(own))
    columns["ghz"] = ghz[own]
    if work.predict.building is not None:
        entry = np.round(building_entry_db(ghz, work.predict.building), 2)
        columns["entry_db"] = entry[own]
    return conform(pa.table(columns), CELL_MODEL)
