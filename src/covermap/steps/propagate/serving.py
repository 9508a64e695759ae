"""Who serves the cells of a unit of the map, layer by layer: what one worker process does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import centres
from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon, wrapped_deg
from covermap.core.prediction.area import Area
from covermap.core.radio.server import Places, Served, Terms, best_servers
from covermap.core.sites.radios import radios_of
from covermap.formats.terrain import Ground, Sheet, ground_of
from covermap.steps.propagate.antennas import Antennas
from covermap.workspace import Predict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FLAT = np.zeros((2, 2), np.int16)
FLAT_STEP_M = 100.0
FOUND = pa.schema(
    [("cell", pa.int64()), ("antenna", pa.int64())]
    + [(name, pa.float64()) for name in
       ("rsrp_dbm", "sinr_db", "second_dbm", "distance_m", "terrain_db")]
)  # fmt: skip
"""What is kept aside of a unit and layer."""


@dataclass(frozen=True)
class UnitWork:
    """Cells of neighbouring blocks, and the antennas near them."""

    area: Area
    antennas: Antennas
    rows: Ints
    """Row of each antenna among those of the shard."""
    sheets: tuple[Sheet, ...]
    predict: Predict
    folder: Path
    """Where `<layer>.arrow` is put for each layer."""
    name: str


@dataclass(frozen=True)
class UnitDone:
    """What became of a unit."""

    cells: int
    flat: int
    """Of them, cells without known ground."""


def serve_unit(work: UnitWork) -> UnitDone:
    """Write who serves the cells of a unit, a file a layer."""
    cells = work.area.cells(work.area.blocks)
    if not len(cells) or not len(work.rows):
        return UnitDone(len(cells), 0)
    lon, lat = centres(cells)
    lon = lon[0] + wrapped_deg(lon - lon[0])  # one side of longitude 180 for all
    ground = ground_of(work.sheets, _box(lon, lat, work.predict.radius_m), work.predict.radius_m)
    places = _places(lon, lat, ground)
    for layer in np.unique(work.antennas.layer).tolist():
        rows = np.flatnonzero(work.antennas.layer == layer)
        served = _served(places, work.antennas.take(rows), ground, work.predict)
        heard = np.flatnonzero(served.cell >= 0)
        if len(heard):
            _keep(work, layer, cells[heard], work.rows[rows], served, heard)
    return UnitDone(len(cells), int(np.isnan(places.ground_m).sum()))


def _keep(work: UnitWork, layer: int, cells: Ints, rows: Ints, served: Served, heard: Ints) -> None:
    columns = [cells, rows[served.cell[heard]]]
    columns += [getattr(served, name)[heard] for name in FOUND.names[2:]]
    batch = pa.record_batch([pa.array(c) for c in columns], schema=FOUND)
    with pa.ipc.new_file(work.folder / f"{layer:06d}.{work.name}.arrow", FOUND) as writer:
        writer.write_batch(batch)


def _box(lon: Floats, lat: Floats, radius_m: float) -> tuple[float, float, float, float]:
    """Bounds of places and all that is within the radius of them."""
    high = radius_m / float(metres_per_degree_lat(0.0)) * 1.01
    south, north = max(float(lat.min()) - high, -89.9), min(float(lat.max()) + high, 89.9)
    wide = radius_m / float(metres_per_degree_lon(max(abs(south), abs(north))))
    return float(lon.min()) - wide, south, float(lon.max()) + wide, north


def _places(lon: Floats, lat: Floats, ground: Ground | None) -> Places:
    unknown = np.full(len(lon), np.nan)
    if ground is None:
        return Places(lon, lat, unknown, unknown, unknown)
    return Places(lon, lat, *ground.to_pixels(lon, lat), ground.at(lon, lat))


def _served(places: Places, antennas: Antennas, ground: Ground | None, predict: Predict) -> Served:
    lon = places.lon[0] + wrapped_deg(antennas.lon - places.lon[0])
    given = (lon, antennas.lat, antennas.model)
    if ground is None:
        radios = radios_of(*given, load=predict.load, scenario=antennas.scenario)
        return best_servers(places, radios, FLAT, _terms(predict, FLAT_STEP_M))
    radios = radios_of(
        *given, load=predict.load, scenario=antennas.scenario, heights=ground.heights,
        to_pixels=ground.to_pixels,
    )._replace(ground_m=ground.at(lon, antennas.lat))  # fmt: skip
    return best_servers(places, radios, ground.heights, _terms(predict, ground.pixel_m))


def _terms(predict: Predict, step_m: float) -> Terms:
    return Terms(predict.radius_m, step_m, terminal_m=predict.terminal_m)
