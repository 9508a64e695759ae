"""Middles of segments: where a prediction is asked along lines, and what the vehicle takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from covermap.core.cells import cells_at
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.core.radio.entry import carriage_db
from covermap.errors import ConfigError
from covermap.store import Tables
from covermap.workspace import Predict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
GHZ = 1.8
"""Carrier that a default loss is taken at where no site tells the carrier."""
_BATCH = 100_000


@dataclass(frozen=True)
class Middles:
    """Middles of segments; arrays of one length."""

    line_id: NDArray[Any]
    segment: Ints
    lon: Floats
    lat: Floats
    shard: Ints
    line_class: NDArray[Any]
    declared: dict[str, float | None]
    """Loss by class of line, dB; None: the documented one. Classes without one lose nothing."""

    def __len__(self) -> int:
        """Count the segments."""
        return len(self.segment)

    def take(self, rows: Any) -> Middles:
        """Give some of them."""
        return Middles(
            self.line_id[rows], self.segment[rows], self.lon[rows], self.lat[rows],
            self.shard[rows], self.line_class[rows], self.declared,
        )  # fmt: skip

    def of_shard(self, shard: int) -> Middles:
        """Give those in a shard."""
        return self.take(np.flatnonzero(self.shard == shard))

    def loss_db(self, ghz: Floats) -> Floats:
        """Loss into the vehicle of each, at the carrier that serves it (NaN: 1.8 GHz)."""
        loss = np.zeros(len(self))
        for name, value in sorted(self.declared.items()):
            own = self.line_class == name
            told = carriage_db(name, np.where(np.isfinite(ghz[own]), ghz[own], GHZ))
            loss[own] = told if value is None else value
        return loss


def middles_of(tables: Tables, declared: Predict | None) -> Middles:
    """Read the middles of all segments, by half their length.

    Raises
    ------
    ConfigError
        The documented loss is asked for, of a class of line that has none.
    """
    losses = _losses(declared)
    lines = tables.read("lines", ["line_id", "class"])
    class_of = dict(zip(*(lines.column(k).to_pylist() for k in range(2)), strict=True))
    names: list[str] = []
    parts: list[tuple[Ints, Floats]] = []
    for path in tables.parts("segments"):
        file = pq.ParquetFile(path)
        for batch in file.iter_batches(_BATCH, columns=["line_id", "segment", "geometry"]):
            names += batch.column("line_id").to_pylist()
            shapes = shapely.from_wkb(batch.column("geometry").to_numpy(zero_copy_only=False))
            middle = shapely.line_interpolate_point(shapes, 0.5, normalized=True)
            parts.append((batch.column("segment").to_numpy(), shapely.get_coordinates(middle)))
    segment = np.concatenate([np.zeros(0, np.int64), *(p[0] for p in parts)])
    at = np.concatenate([np.zeros((0, 2)), *(p[1] for p in parts)])
    return Middles(
        np.array(names, object), segment, at[:, 0], at[:, 1],
        cells_at(at[:, 0], at[:, 1], SHARD_RESOLUTION),
        np.array([class_of.get(name) for name in names], object), losses,
    )  # fmt: skip


def _losses(declared: Predict | None) -> dict[str, float | None]:
    said = {} if declared is None else declared.carriage_db
    for name, value in said.items():
        if value == "default" and not np.isfinite(float(carriage_db(name, GHZ))):
            raise ConfigError(
                f'covermap.toml [predict] carriage_db: {name} = "default": there is no documented '
                "loss for that class of line. Give it in dB."
            )
    return {name: None if v == "default" else float(v) for name, v in said.items()}
