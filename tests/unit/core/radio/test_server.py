"""Who serves: equal to a plain sum over all cells, and honest where nothing is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from covermap.core.geodesy import short_steps_m
from covermap.core.radio.diffraction import EARTH_M, K_MEDIAN, LIGHT_M_S
from covermap.core.radio.pathloss import RMA, UMA, mean_loss
from covermap.core.radio.pattern import relative_gain
from covermap.core.radio.server import Places, Radios, Terms, best_servers
from covermap.core.radio.terrain import heights_at, loss_over

TERMS = Terms(radius_m=6_000.0, step_m=60.0)
LON0, LAT0, PER_DEG = 10.0, 50.0, 1_000.0
"""The made-up map: 1000 pixels to a degree both ways."""


def hills(rough: float) -> np.ndarray:
    v, u = np.mgrid[0:400, 0:400]
    return np.rint(200 + rough * np.sin(u / 9) * np.cos(v / 7)).astype(np.int16)


def on_map(lon: np.ndarray, lat: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, ...]:
    u, v = (lon - LON0) * PER_DEG + 100, 300 - (lat - LAT0) * PER_DEG
    return u, v, heights_at(heights, u, v)


def places_at(lon: np.ndarray, lat: np.ndarray, heights: np.ndarray) -> Places:
    return Places(lon, lat, *on_map(lon, lat, heights))


def radios_of(count: int, heights: np.ndarray, seed: int = 1, **changed: object) -> Radios:
    rng = np.random.default_rng(seed)
    lon = np.repeat(rng.uniform(10.0, 10.2, count), 3)
    lat = np.repeat(rng.uniform(50.0, 50.2, count), 3)
    n = 3 * count
    made = {
        "mast_m": np.repeat(rng.uniform(15, 50, count), 3),
        "element_dbm": rng.uniform(28, 36, n),
        "ghz": np.full(n, 1.8),
        "azimuth_deg": np.tile([0.0, 120.0, 240.0], count),
        "tilt_deg": np.full(n, 4.0),
        "wide_deg": np.full(n, 65.0),
        "high_deg": np.full(n, 8.0),
        "scenario": np.full(n, RMA),
        "load": rng.uniform(0.1, 1.0, n),
        "carrier": np.zeros(n, np.int64),
        "bend": np.zeros((n, 6)),
    }
    u, v, ground = on_map(lon, lat, heights)
    return Radios(lon=lon, lat=lat, u=u, v=v, ground_m=ground, **{**made, **changed})  # type: ignore[arg-type]


def plain(places: Places, radios: Radios, heights: np.ndarray, i: int) -> tuple[float, ...]:
    """Every cell of every carrier in turn: strongest level, SINR and cell, no bins, no sharing."""
    levels, far = [], []
    for k in range(len(radios.lon)):
        here, there = (places.lon[i], places.lat[i]), (radios.lon[k], radios.lat[k])
        east, north = short_steps_m(*there, *here)
        d = math.hypot(east, north)
        far.append(d)
        loss = mean_loss(int(radios.scenario[k]), d, radios.mast_m[k], 1.5, radios.ghz[k], 20, 5)
        top, low = radios.mast_m[k] + radios.ground_m[k], 1.5 + places.ground_m[i]
        if math.ceil(d / TERMS.step_m) > 1:
            loss += loss_over(
                heights, radios.u[k], radios.v[k], places.u[i], places.v[i], radios.bend[k], d,
                top, low, LIGHT_M_S / radios.ghz[k] / 1e9, K_MEDIAN * EARTH_M,
                math.ceil(d / TERMS.step_m),
            )  # fmt: skip
        down = math.degrees(math.atan2(top - low, max(d, 10)))
        off = math.degrees(math.atan2(east, north)) - radios.azimuth_deg[k]
        gain = relative_gain(off, down, radios.tilt_deg[k], radios.wide_deg[k], radios.high_deg[k])
        levels.append(radios.element_dbm[k] - loss + gain if d <= TERMS.radius_m else -np.inf)
    best = int(np.argmax(levels))
    if levels[best] == -np.inf:
        return np.nan, np.nan, -1
    others = sum(
        radios.load[k] * 10 ** (levels[k] / 10)
        for k in range(len(levels))
        if k != best and radios.carrier[k] == radios.carrier[best]
    )
    return levels[best], levels[best] - 10 * math.log10(others + 10**-12.52), best


@pytest.mark.parametrize("rough", [0.0, 25.0])
def test_the_strongest_cell_and_its_sinr_equal_a_plain_sum_over_all_cells(rough: float) -> None:
    heights = hills(rough)
    rng = np.random.default_rng(5)
    carrier = np.repeat(rng.integers(0, 2, 25), 3)
    radios = radios_of(25, heights, carrier=carrier, ghz=np.where(carrier == 0, 0.8, 2.6))
    places = places_at(rng.uniform(9.95, 10.25, 60), rng.uniform(49.95, 50.25, 60), heights)
    found = best_servers(places, radios, heights, TERMS)
    for i in range(60):
        level, sinr, cell = plain(places, radios, heights, i)
        assert found.cell[i] == cell
        assert found.rsrp_dbm[i] == pytest.approx(level, abs=0.005, nan_ok=True)
        assert found.sinr_db[i] == pytest.approx(sinr, abs=0.01, nan_ok=True)


def test_the_order_of_cells_and_of_places_changes_nothing() -> None:
    heights = hills(25.0)
    radios = radios_of(20, heights)
    rng = np.random.default_rng(6)
    places = places_at(rng.uniform(10, 10.2, 200), rng.uniform(50, 50.2, 200), heights)
    found = best_servers(places, radios, heights, TERMS)
    turn, shuffle = rng.permutation(60), rng.permutation(200)
    other = best_servers(
        Places(*(a[shuffle] for a in places)), Radios(*(a[turn] for a in radios)), heights, TERMS
    )
    assert (turn[other.cell] == found.cell[shuffle]).all()
    assert other.rsrp_dbm.tobytes() == found.rsrp_dbm[shuffle].tobytes()
    assert other.sinr_db.tobytes() == found.sinr_db[shuffle].tobytes()


def test_a_place_out_of_everyones_reach_has_no_level() -> None:
    heights = hills(0.0)
    places = places_at(np.array([10.1, 60.0]), np.array([50.1, -20.0]), heights)
    found = best_servers(places, radios_of(30, heights), heights, TERMS)
    assert found.cell[1] == -1
    assert np.isnan([found.rsrp_dbm[1], found.sinr_db[1], found.second_dbm[1]]).all()
    assert found.rsrp_dbm[0] > -140


def test_where_the_ground_is_not_known_the_path_is_flat_and_says_so() -> None:
    heights = hills(60.0)
    radios = radios_of(30, heights)
    lon, lat = np.array([10.1, 10.13]), np.array([50.1, 50.08])
    known = places_at(lon, lat, heights)
    blind = known._replace(ground_m=np.full(2, np.nan))
    found = best_servers(blind, radios, heights, TERMS)
    flat = best_servers(
        *(t._replace(ground_m=np.zeros(len(t.lon))) for t in (known, radios)),
        np.zeros_like(heights), TERMS,
    )  # fmt: skip
    assert np.isnan(found.terrain_db).all()
    assert (best_servers(known, radios, heights, TERMS).terrain_db >= 0).all()
    assert found.rsrp_dbm == pytest.approx(flat.rsrp_dbm, abs=1.0)


def test_a_hill_between_takes_its_diffraction_from_the_level() -> None:
    flat = np.full((400, 400), 200, np.int16)
    ridge = flat.copy()
    ridge[:, 120] = 290
    one = {"azimuth_deg": np.full(3, np.nan), "element_dbm": np.full(3, 33.0)}
    lon, lat = np.array([10.04]), np.array([50.1])
    levels = []
    for heights in (flat, ridge):
        radios = radios_of(1, heights, **one)
        radios = radios._replace(lon=np.full(3, 10.0), lat=np.full(3, 50.1))
        radios = radios._replace(
            **dict(
                zip(("u", "v", "ground_m"), on_map(radios.lon, radios.lat, heights), strict=True)
            )
        )
        found = best_servers(places_at(lon, lat, heights), radios, heights, TERMS)
        levels.append((found.rsrp_dbm[0], found.terrain_db[0]))
    assert levels[1][1] > 20
    assert levels[0][0] - levels[1][0] == pytest.approx(levels[1][1] - levels[0][1], abs=1e-9)


def test_load_of_the_others_costs_sinr_and_never_level() -> None:
    heights = hills(5.0)
    rng = np.random.default_rng(2)
    places = places_at(rng.uniform(10, 10.2, 80), rng.uniform(50, 50.2, 80), heights)
    idle, busy = (
        best_servers(places, radios_of(25, heights, load=np.full(75, x)), heights, TERMS)
        for x in (0.0, 1.0)
    )
    heard = idle.cell >= 0
    assert (idle.rsrp_dbm == busy.rsrp_dbm)[heard].all()
    assert (idle.sinr_db >= busy.sinr_db)[heard].all()
    assert idle.sinr_db[heard] == pytest.approx(idle.rsrp_dbm[heard] + 125.2, abs=1e-6)


def test_the_scenario_of_each_cell_is_its_own() -> None:
    heights = hills(0.0)
    places = places_at(np.array([10.1]), np.array([50.1]), heights)
    town = best_servers(places, radios_of(30, heights, scenario=np.full(90, UMA)), heights, TERMS)
    land = best_servers(places, radios_of(30, heights), heights, TERMS)
    assert town.rsrp_dbm[0] < land.rsrp_dbm[0] - 3
