"""Cells of the site tables as antennas: modelled once, and taken near some blocks of the map."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import cells_at
from covermap.core.prediction.area import BLOCK_RESOLUTION
from covermap.core.sites.model import Model, model_of
from covermap.core.sites.radios import scenarios

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
Layer = tuple[str, str]


@dataclass(frozen=True)
class Antennas:
    """Arrays of one length, in the order of layer, site and cell."""

    lon: Floats
    lat: Floats
    block: Ints
    layer: Ints
    """Place in the layers of the build."""
    scenario: Ints
    site: Texts
    server: Texts
    filled: Texts
    model: Model

    def take(self, rows: Any) -> Antennas:
        """Give some of them."""
        own: dict[str, Any] = {k: v[rows] for k, v in vars(self).items() if k != "model"}
        return Antennas(**own, model=self.model.take(rows))

    def near(self, blocks: Ints) -> Antennas:
        """Give those that stand in some blocks."""
        return self.take(np.flatnonzero(np.isin(self.block, blocks)))

    def digest(self) -> str:
        """Hash all that a prediction takes from them."""
        digest = hashlib.sha256()
        for name, values in [*vars(self.model).items(), *vars(self).items()]:
            if name != "model":
                plain = values.dtype != object
                said = values.tobytes() if plain else repr(values.tolist()).encode()
                digest.update(f"{name}\0{len(said)}\0".encode() + said)
        return digest.hexdigest()


def antennas_of(sites: pa.Table) -> tuple[list[Layer], Antennas]:
    """Model every cell of a table SITES that has an operator and a technology; and their layers."""
    scenario_of = _scenarios(sites)
    known = np.array(
        [o is not None and t is not None for o, t in _pairs(sites)], bool
    )  # fmt: skip
    kept = sites.filter(pa.array(known, pa.bool_()))
    pairs = _pairs(kept)
    layers = sorted(set(pairs))
    number = {layer: k for k, layer in enumerate(layers)}
    lon, lat = (kept[name].to_numpy() for name in ("lon", "lat"))
    model = model_of(kept)
    made = Antennas(
        lon, lat, cells_at(lon, lat, BLOCK_RESOLUTION),
        np.array([number[p] for p in pairs], np.int64), scenario_of[known],
        _texts(kept, "site_id"), _texts(kept, "cell_id"),
        np.array([",".join(n) for n in model.filled_names().to_pylist()], object), model,
    )  # fmt: skip
    order = np.lexsort([made.server.astype(str), made.site.astype(str), made.layer])
    return layers, made.take(order)


def _scenarios(sites: pa.Table) -> Ints:
    """Town or country, by all sites that there are: also of others than a layer's operator."""
    lon, lat = (sites[name].to_numpy() for name in ("lon", "lat"))
    return scenarios(lon, lat, model_of(sites))


def _pairs(sites: pa.Table) -> list[Any]:
    return list(zip(*(sites[n].to_pylist() for n in ("operator", "technology")), strict=True))


def _texts(sites: pa.Table, name: str) -> Texts:
    return np.array(sites[name].to_pylist(), object)
