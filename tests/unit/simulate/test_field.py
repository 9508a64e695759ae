"""Path loss by the published formulae, shadowing by its law, the field as a whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from covermap.simulate import pathloss
from covermap.simulate.noise import exponential_waves, rng, smooth_waves
from covermap.simulate.recipe import Recipe, load_recipe
from covermap.simulate.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(small())


def small(**changes: object) -> Recipe:
    return load_recipe("noise-free").model_copy(update=changes)


def test_rma_with_line_of_sight_equals_the_table_worked_by_hand() -> None:
    # TR 38.901 table 7.4.1-1, d3D = 1000 m, 0.9 GHz, h = 5 m: h^1.72 = 15.9297;
    # 20 log10(40 pi 1000 0.9 / 3) = 91.5266; 0.03 h^1.72 log10(1000) = 1.4337;
    # 0.044 h^1.72 = 0.7009; 0.002 log10(5) 1000 = 1.3979; breakpoint 2 pi 35 1.5 3 = 989.6 m.
    expected = 91.5266 + 1.4337 - 0.7009 + 1.3979
    assert pathloss._rma_pl1(1000.0, 0.9) == pytest.approx(expected, abs=2e-4)
    d2 = 900.0
    assert pathloss.rma_los(d2, 1000.0, 35.0, 0.9) == pytest.approx(expected, abs=2e-4)


def test_rma_grows_by_forty_db_a_decade_beyond_the_breakpoint() -> None:
    near, far = (pathloss.rma_los(d, d, 35.0, 0.9) for d in (2000.0, 20000.0))
    assert far - near == pytest.approx(40.0, abs=1e-9)


def test_rma_without_line_of_sight_equals_the_table_worked_by_hand() -> None:
    # d3D = 2000 m, h_BS = 35 m, 0.9 GHz: 161.04 - 9.2373 + 5.2423
    # - (24.37 - 3.7 (1/7)^2) 1.544068 + (43.42 - 3.1 1.544068) 0.301030 - 0.915150
    # - (3.2 log10(17.625)^2 - 4.97) = 161.04 - 9.2373 + 5.2423 - 37.5123 + 11.6298 - 0.9151
    # - (3.2 1.553002 - 4.97)
    expected = 161.04 - 9.2373 + 5.2423 - 37.5123 + 11.6298 - 0.9151 - (3.2 * 1.553002 - 4.97)
    assert pathloss.rma_nlos(1999.7, 2000.0, 35.0, 0.9) == pytest.approx(expected, abs=2e-3)


def test_uma_equals_the_table_worked_by_hand() -> None:
    # Line of sight, 100 m, 3.5 GHz: 28 + 44 + 10.8814; breakpoint 4 24 0.5 3.5e9 / 3e8 = 560 m.
    assert pathloss.uma_los(100.0, 100.0, 25.0, 3.5) == pytest.approx(82.8814, abs=1e-4)
    beyond = 28 + 40 * 3 + 10.8814 - 9 * math.log10(560.0**2 + 23.5**2)
    assert pathloss.uma_los(1000.0, 1000.0, 25.0, 3.5) == pytest.approx(beyond, abs=1e-4)
    # Without: 13.54 + 39.08 3 + 10.8814.
    assert pathloss.uma_nlos(1000.0, 1000.0, 25.0, 3.5) == pytest.approx(141.6614, abs=1e-4)


def test_the_probability_of_line_of_sight_equals_table_7_4_2_1() -> None:
    assert pathloss.los_probability(1010.0, False) == pytest.approx(math.exp(-1.0))
    assert pathloss.los_probability(8.0, False) == 1.0
    assert pathloss.los_probability(63.0, True) == pytest.approx(
        18 / 63 + math.exp(-1.0) * (1 - 18 / 63)
    )
    assert pathloss.los_probability(18.0, True) == 1.0


def test_mean_loss_lies_between_both_cases_and_grows_with_distance() -> None:
    distances = np.geomspace(10, 30_000, 200)
    for urban in (True, False):
        loss = np.array([pathloss.mean_loss(d, 30.0, 1.8, urban) for d in distances])
        assert (np.diff(loss) > -1e-9).all()
    d3 = math.hypot(500.0, 28.5)
    assert (
        pathloss.rma_los(500.0, d3, 30.0, 1.8)
        < pathloss.mean_loss(500.0, 30.0, 1.8, False)
        < pathloss.rma_nlos(500.0, d3, 30.0, 1.8)
    )


def test_the_antenna_loses_three_db_at_half_its_beam_width_and_at_most_twenty_five() -> None:
    assert pathloss.antenna_gain(0.0, 0.0) == 0.0
    assert pathloss.antenna_gain(35.0, 0.0) == pytest.approx(-3.0)
    assert pathloss.antenna_gain(-35.0 + 720.0, 0.0) == pytest.approx(-3.0)
    assert pathloss.antenna_gain(0.0, 5.0) == pytest.approx(-3.0)
    assert pathloss.antenna_gain(180.0, 90.0) == -25.0


def test_a_grazing_knife_edge_costs_six_db() -> None:
    assert pathloss.knife_edge(0.0) == pytest.approx(6.0, abs=0.05)
    assert pathloss.knife_edge(-1.0) == 0.0
    assert pathloss.knife_edge(2.4) == pytest.approx(20.5, abs=0.3)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shadowing_has_the_exponential_correlation_that_is_stated(seed: int) -> None:
    field = exponential_waves(rng(seed, "test"), 120.0, 48)
    source = np.random.default_rng(seed)
    x, y = source.uniform(-40_000, 40_000, (2, 60_000))
    here = field.at(x, y)
    assert abs(here.mean()) < 0.05
    assert here.std() == pytest.approx(1.0, abs=0.05)
    for distance in (30.0, 120.0, 240.0, 600.0):
        angle = source.uniform(0, 2 * math.pi, x.size)
        there = field.at(x + distance * np.cos(angle), y + distance * np.sin(angle))
        found = np.corrcoef(here, there)[0, 1]
        assert found == pytest.approx(math.exp(-distance / 120.0), abs=0.06)


def test_a_smooth_field_has_the_gaussian_correlation_that_is_stated() -> None:
    lags = np.array([smooth_waves(rng(s, "g"), 500.0, 40).at(np.array([0.0, 500.0]), np.zeros(2))
                     for s in range(3000)])  # fmt: skip
    assert np.corrcoef(lags.T)[0, 1] == pytest.approx(math.exp(-0.5), abs=0.04)


def test_generators_of_different_names_differ_and_of_one_name_agree() -> None:
    assert rng(1, "a", 2).random() == rng(1, "a", 2).random()
    drawn = {rng(*k).random() for k in ((1, "a", 2), (2, "a", 2), (1, "b", 2), (1, "a", 3),
                                        (1, "ab"), (1, "a", "b"))}  # fmt: skip
    assert len(drawn) == 6


def test_the_field_at_a_place_does_not_depend_on_what_else_is_asked(world: World) -> None:
    x, y = np.random.default_rng(3).uniform(-60_000, -40_000, (2, 300))
    whole = world.field.at("46000", "lte", x, y)
    part = world.field.at("46000", "lte", x[100:110], y[100:110])
    for name in ("rsrp_dbm", "sinr_db", "rsrq_db", "rssi_dbm", "site", "sector"):
        assert np.array_equal(getattr(whole, name)[100:110], getattr(part, name))


def test_the_level_is_the_strongest_cell_of_a_plain_slow_reference() -> None:
    # No shadowing, flat terrain: the level is power + gains - loss of the best of all sectors.
    recipe = small()
    plain = recipe.model_copy(
        update={"field": recipe.field.model_copy(update={"shadow_sd_db": 0.0, "hill_m": 0.0})}
    )
    flat = make_world(plain)
    layer = flat.field._layers["46000", "lte"]
    x, y = np.array([-55_000.0, -50_500.0, -47_000.0]), np.array([30_000.0, 33_000.0, 41_000.0])
    found = flat.field.at("46000", "lte", x, y)
    for i in range(3):
        best = -999.0
        for row in layer.table:
            dx, dy = x[i] - row[0], y[i] - row[1]
            d = math.hypot(dx, dy)
            down = math.degrees(math.atan2(row[3] - 1.5, max(d, 10.0)))
            for s in range(3):
                off = math.degrees(math.atan2(dx, dy)) - row[6] - 120 * s
                gain = pathloss.antenna_gain(off, down - row[7])
                best = max(best, row[5] + gain - pathloss.mean_loss(d, row[3], row[4], row[9] > 0))
        # A knife edge far below the ray costs nothing; one that grazes it is not on a plain.
        assert found.rsrp_dbm[i] == pytest.approx(best, abs=6.5)
        assert found.rsrp_dbm[i] <= best + 1e-9


def test_nothing_is_received_in_a_silent_disc_and_all_is_outside(world: World) -> None:
    lon, lat, radius = world.recipe.field.silent[0]
    inside = world.signal_at("46000", "lte", np.array([lon]), np.array([lat]))
    outside = world.signal_at(
        "46000", "lte", np.array([lon]), np.array([lat + 1.1 * radius / 111_000])
    )
    assert np.isnan(inside.rsrp_dbm).all()
    assert not world.serves("lte", inside)[0]
    assert world.serves("lte", outside)[0]


def test_sinr_is_never_above_what_noise_alone_allows(world: World) -> None:
    x, y = np.random.default_rng(4).uniform(-60_000, -40_000, (2, 500))
    signal = world.field.at("46000", "nr", x, y)
    known = ~np.isnan(signal.rsrp_dbm)
    assert (signal.sinr_db <= signal.rsrp_dbm + 122.2 + 1e-9)[known].all()
    assert (signal.rsrq_db[known] < -3.0).all()
