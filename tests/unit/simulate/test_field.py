"""Path loss by the published formulae, shadowing by its law, the field as a whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from covermap.core.radio.pathloss import RMA, path_losses_db
from covermap.simulate import pathloss
from covermap.simulate.noise import exponential_waves, rng, smooth_waves
from covermap.simulate.recipe import Recipe, load_recipe
from covermap.simulate.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(small())


def small(**changes: object) -> Recipe:
    return load_recipe("noise-free").model_copy(update=changes)


def test_mean_loss_lies_between_both_cases_and_grows_with_distance() -> None:
    distances = np.geomspace(10, 30_000, 200)
    for urban in (True, False):
        loss = np.array([pathloss.mean_loss(d, 30.0, 1.8, urban) for d in distances])
        assert (np.diff(loss) > -1e-9).all()
    seen, hidden = path_losses_db(RMA, 500.0, 30.0, 1.8, [True, False])
    assert seen < pathloss.mean_loss(500.0, 30.0, 1.8, False) < hidden


def test_the_antenna_loses_three_db_at_half_its_beam_width_and_at_most_twenty_five() -> None:
    assert pathloss.antenna_gain(0.0, 0.0) == 0.0
    assert pathloss.antenna_gain(35.0, 0.0) == pytest.approx(-3.0)
    assert pathloss.antenna_gain(-35.0 + 720.0, 0.0) == pytest.approx(-3.0)
    assert pathloss.antenna_gain(0.0, 5.0) == pytest.approx(-3.0)
    assert pathloss.antenna_gain(180.0, 90.0) == -25.0


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
