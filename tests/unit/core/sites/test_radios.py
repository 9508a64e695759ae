"""Modelled cells become radios: town and country by spacing, carriers by frequency."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from covermap.core.radio.pathloss import RMA, UMA, UMI
from covermap.core.radio.server import Places, Terms, best_servers
from covermap.core.sites.model import Model, model_of
from covermap.core.sites.radios import radios_of, scenarios


def model(count: int, **column: list[object]) -> Model:
    kinds = {"technology": pa.string(), "band": pa.string(), "indoor": pa.bool_()}
    made = {"technology": ["lte"] * count, "band": ["B3"] * count, "indoor": [False] * count}
    return model_of(pa.table({n: pa.array((made | column)[n], k) for n, k in kinds.items()}))


def test_macro_cells_with_a_neighbour_near_are_in_town_and_others_in_the_country() -> None:
    # Three sectors of one mast, a mast 500 m east of it, one 5 km away, and an indoor cell there.
    lon = np.array([10.0, 10.0, 10.0001, 10.007, 10.07, 10.07])
    made = model(6, indoor=[False] * 5 + [True])
    assert scenarios(lon, np.full(6, 50.0), made).tolist() == [UMA, UMA, UMA, UMA, RMA, UMI]


def test_cells_of_one_frequency_are_of_one_carrier() -> None:
    made = model(3, band=["B3", "B20", "B3"])
    carrier = radios_of(np.array([10.0, 10.0, 10.1]), np.full(3, 50.0), made).carrier
    assert carrier[0] == carrier[2] != carrier[1]


def test_levels_without_terrain_fall_with_distance_and_say_they_are_flat() -> None:
    radios = radios_of(np.array([10.0]), np.array([50.0]), model(1))
    lon = 10.0 + np.array([0.005, 0.02, 0.05])
    nothing = np.full(3, np.nan)
    found = best_servers(
        Places(lon, np.full(3, 50.0), nothing, nothing, nothing), radios,
        np.zeros((2, 2), np.int16), Terms(radius_m=10_000.0, step_m=100.0),
    )  # fmt: skip
    assert (np.diff(found.rsrp_dbm) < -5).all()
    assert -90 < found.rsrp_dbm[0] < -55
    assert np.isnan(found.terrain_db).all()


def test_terrain_gives_each_mast_its_ground_and_its_bend() -> None:
    heights = np.full((50, 50), 123, np.int16)
    radios = radios_of(
        np.array([10.0, 30.0]), np.array([50.0, 50.0]), model(2), heights=heights,
        to_pixels=lambda lon, lat: (25 + (lon - 10) * 100, 25 - (lat - 50) * 100),
    )  # fmt: skip
    assert radios.ground_m[0] == 123
    assert np.isnan(radios.ground_m[1])
    assert (np.abs(radios.bend[:, [1, 3]]) > 1e-6).all()
