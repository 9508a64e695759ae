"""Merging of runs, calibration, spread, and a layer as a whole."""

from dataclasses import fields, replace

import numpy as np
import pytest

from covermap.core.prediction.calibrate import FEW, calibrated, rigs_of, uncalibrated
from covermap.core.prediction.covariance import RUN_LENGTH_M, Covariance, prior
from covermap.core.prediction.evaluate import (
    block_parts,
    by_distance,
    held_out,
    run_parts,
    scored,
)
from covermap.core.prediction.fit import foretold
from covermap.core.prediction.layer import learn, learned, predict
from covermap.core.prediction.merging import merged
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.places import blocks_of
from covermap.core.prediction.rigs import ANTENNAS, Rigs
from covermap.core.prediction.spread import Spread, learnt
from prediction_worlds import THRESHOLD_DBM, TRUE, UNKNOWN, lonlat, world


@pytest.fixture(scope="module")
def small():
    return world(3, runs=9, side_m=7000.0, more=150)


def observations(xy, level, predicted, run=None, device=None, antenna=None):
    n = len(xy)
    none, run = np.full(n, -1), np.arange(n) if run is None else run
    antenna = np.full(n, UNKNOWN) if antenna is None else antenna
    return Observations(np.arange(n), run, antenna, none if device is None else device, none,
                        *lonlat(xy), level, np.full(n, 1.0), predicted)  # fmt: skip


def joined(*parts):
    return Observations(
        *(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Observations))
    )


def test_runs_of_one_place_become_one_measurement():
    none = np.full(4, -1)
    seen = Observations(np.array([5, 2, 5, 5]), np.array([3, 0, 1, 2]), np.full(4, UNKNOWN), none,
                        np.arange(4),
                        np.array([9.0, 8.0, 9.0, 9.0]), np.full(4, 53.0),
                        np.array([-90.0, -80.0, -100.0, -95.0]), np.array([2.0, 1.0, 2.0, 2.0]),
                        np.full(4, np.nan))  # fmt: skip
    made = merged(seen)
    one, runs, share, part = made.seen, made.runs, made.share, made.part
    assert one.place.tolist() == [2, 5]
    assert one.level_dbm == pytest.approx([-80.0, -95.0])
    assert runs.tolist() == [1, 3]
    assert share == pytest.approx([1.0, 1 / 3])
    assert part == pytest.approx([1.0, 1 / 3])
    assert one.variance_db2 == pytest.approx([1.0, 2 / 3])
    assert one.run.tolist() == [0, 1]  # of equal ones the first


def test_without_measurements_the_model_stays_as_it_is_and_says_so():
    none = observations(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    made = learn(none)
    assert made.calibration.basis == "prior"
    said = predict(made, *lonlat(np.zeros((2, 2))))
    assert said.mean_dbm == pytest.approx([-97.0, -97.0])
    assert np.sqrt(said.lasting_db2[0]) > 15.0
    assert np.isinf(said.distance_m).all()


def test_ten_measurements_move_the_offset_a_little_and_leave_the_slope():
    rng = np.random.default_rng(1)
    predicted = rng.uniform(-110, -70, 10)
    seen = observations(rng.uniform(0, 300, (10, 2)), predicted + 12.0, predicted)
    made = calibrated(seen, prior(True, False), Rigs())
    assert made.basis == "few"
    shift = made.coefficients[0] - made.middle_dbm
    assert 3.0 < shift < 9.0  # all lie within one fade: half is taken for the fade
    assert made.coefficients[1] == pytest.approx(1.0, abs=0.05)
    assert np.sqrt(made.covariance[0, 0]) > 4.0


@pytest.mark.slow
def test_offset_and_slope_are_found_and_outliers_do_not_move_them():
    rng = np.random.default_rng(2)
    xy = rng.uniform(0, 90_000, (600, 2))
    predicted = rng.uniform(-115, -65, 600)
    level = -90.0 + 6.0 + 0.8 * (predicted + 90.0) + rng.normal(0, 7, 600)
    c = Covariance(6.0, 300.0, 0.5, 6000.0, 3.0, 0.5)
    clean = calibrated(observations(xy, level, predicted), c, Rigs())
    at = clean.mean_dbm(np.array([-90.0]))[0]
    assert at == pytest.approx(-84.0, abs=3 * np.sqrt(clean.covariance[0, 0]) + 0.3)
    assert clean.coefficients[1] == pytest.approx(0.8, abs=0.06)
    wild = level.copy()
    wild[:30] += 60.0
    robust = calibrated(observations(xy, wild, predicted), c, Rigs())
    moved_by = robust.mean_dbm(np.array([-90.0]))[0] - at
    assert 0.0 < moved_by < 0.2 * 60 * 30 / 600 + 0.7


@pytest.mark.slow
def test_places_that_the_model_says_nothing_of_do_not_move_its_offset():
    made = world(3, runs=12, side_m=6000.0, more=0)
    away = made.seen.take(np.arange(0, len(made.seen), 2))
    away = replace(
        away, place=away.place + 10**6, lat=away.lat + 1.0, level_dbm=away.level_dbm - 25.0,
        predicted_dbm=np.full(len(away), np.nan),
    )  # fmt: skip
    alone, both = learned(made.seen), learned(joined(made.seen, away))
    assert np.array_equal(both.calibration.coefficients, alone.calibration.coefficients)
    assert both.covariance == alone.covariance
    few = made.seen.take(made.seen.place == made.seen.place[0])
    assert learned(joined(few, away)).calibration.places > FEW


def test_a_thousand_measurements_in_one_street_do_not_make_the_offset_sure():
    rng = np.random.default_rng(3)
    predicted = rng.uniform(-100, -90, 900)
    street = calibrated(
        observations(rng.uniform(0, 1, (900, 2)) * [1000, 5], predicted, predicted),
        TRUE, Rigs(),
    )  # fmt: skip
    far = observations(rng.uniform(0, 80_000, (900, 2)), predicted, predicted)
    wide = calibrated(far, TRUE, Rigs())
    assert np.sqrt(street.covariance[0, 0]) > 4.0 > 4 * np.sqrt(wide.covariance[0, 0])


def test_a_device_that_reads_higher_is_told_apart():
    rng = np.random.default_rng(4)
    xy, device = rng.uniform(0, 60_000, (400, 2)), np.arange(400) % 2
    level = -92.0 + rng.normal(0, 8, 400) + 5.0 * device
    nothing = np.full(400, np.nan)
    seen = observations(xy, level, nothing, device=device)
    c = Covariance(7.0, 200.0, 0.5, 6000.0, 3.0, 0.5)
    made = calibrated(seen, c, rigs_of(seen))
    shown = made.rigs.device_db
    assert shown[1] - shown[0] == pytest.approx(5.0, abs=1.6)
    nobody = np.array([-1])
    assert made.rigs.shown(np.array([UNKNOWN]), nobody, nobody) == (0.0, 0.0)
    assert made.mean_dbm(np.array([np.nan]))[0] == pytest.approx(-89.5, abs=2.5)


def vehicles(seed=5, runs=16, without=()):
    """A world in which some runs are made in cars and trains; each train has its own loss."""
    made = world(seed, runs=runs, side_m=8000.0, more=200)
    rng, seen = np.random.default_rng(seed), made.seen
    kind = np.array(["handheld", "in-car", "in-train", "in-car"])[seen.run % 4]
    loss = np.select([kind == "in-car", kind == "in-train"], [-6.0, -24.0])
    loss += np.where(kind == "in-train", rng.normal(0, 5, runs)[seen.run], 0.0)
    antenna = np.array([ANTENNAS.index(one) for one in kind])
    seen = replace(seen, antenna=antenna, level_dbm=seen.level_dbm + loss)
    return made, seen.take(~np.isin(kind, without))


@pytest.mark.slow
def test_what_vehicles_take_is_told_apart_from_the_level_in_the_open():
    off, inside = [], []
    for seed in (5, 6, 7):
        made, seen = vehicles(seed)
        layer = learn(seen)
        shown = dict(zip(ANTENNAS, layer.calibration.rigs.antenna_db, strict=True))
        assert ANTENNAS[layer.calibration.rigs.reference] == "handheld"
        assert shown["in-car"] == pytest.approx(-6.0, abs=3.0)
        assert shown["in-train"] == pytest.approx(-24.0, abs=7.0)
        ask = np.setdiff1d(np.arange(len(made.lon)), made.row)
        said = predict(layer, made.lon[ask], made.lat[ask], made.predicted_dbm[ask])
        error = said.mean_dbm - made.lasting_dbm[ask]
        off.append(error.mean())
        inside.append((np.abs(error) < 1.645 * np.sqrt(said.lasting_db2)).mean())
    assert abs(np.mean(off)) < 2.0
    assert 0.8 < np.mean(inside) < 0.97


def test_levels_are_told_as_cars_receive_them_where_nobody_else_measured():
    _, seen = vehicles(without=("handheld", "in-train"))
    rigs = rigs_of(seen)
    assert ANTENNAS[rigs.reference] == "in-car"
    shown, loose = rigs.shown(seen.antenna, seen.device, seen.run)
    assert not shown.any()
    assert not loose.any()


def test_an_offset_that_its_places_hide_makes_a_measurement_less_sure():
    _, seen = vehicles(without=("in-car",))
    probes = replace(seen, antenna=np.full(len(seen), ANTENNAS.index("fixed")))
    few = seen.take(seen.run == 0)
    both = joined(few, probes.take(np.arange(40)))
    both = replace(both, run=np.r_[few.run, 1000 + np.arange(40)])
    _, loose = rigs_of(both).shown(both.antenna, both.device, both.run)
    assert (loose[len(few) :] >= 6.0).all()
    assert not loose[: len(few)].any()


def test_what_is_foretold_never_rests_on_its_own_block(small):
    told = foretold(small.seen, 400)
    block = blocks_of(small.seen.lon, small.seen.lat, 6000.0)
    # a fifth each: from all, by blocks of 0.4, 2 and 6 km, from other runs
    for row, near in zip(told.row[240:320], told.near[240:320], strict=True):
        assert not np.any(block[near[near >= 0]] == block[row])
    assert len(told.row) > 340
    for row, near in zip(told.row[320:], told.near[320:], strict=True):
        others = near[near >= 0]
        assert not np.any(small.seen.run[others] == small.seen.run[row])
        far = np.sqrt(((small.seen.points[others] - small.seen.points[row]) ** 2).sum(axis=1))
        assert far.min() <= RUN_LENGTH_M
    for row, near in zip(told.row, told.near, strict=True):
        assert row not in near


def test_errors_twice_as_large_as_stated_double_the_spread():
    rng = np.random.default_rng(6)
    modelled, noise = np.full(2000, 50.0), np.full(2000, 2.0)
    made = learnt(rng.normal(0, 2 * np.sqrt(51.0), 2000), modelled, noise, 60.0)
    assert made.scale[2] == pytest.approx(2.0, abs=0.08)
    assert made.scale[0] == pytest.approx(1.0, abs=1e-3)  # nothing was learnt of that band
    assert made.degrees >= 40
    heavy = learnt(rng.standard_t(4, 4000) * 7, np.full(4000, 90.0), np.full(4000, 1.0), 100.0)
    assert heavy.degrees <= 6
    assert learnt(np.zeros(0), np.zeros(0), np.zeros(0), 1.0) == Spread()


def test_quantile_and_probability_are_each_others_inverse():
    spread = Spread((1.0, 1.0, 1.0), 5.0, 9)
    mean, variance = np.array([-90.0]), np.array([36.0])
    low = spread.quantile(0.05, mean, variance)
    assert spread.below(low, mean, variance) == pytest.approx([0.05])
    draws = np.random.default_rng(0).standard_t(5, 400_000) * np.sqrt(36 * 3 / 5) - 90
    assert np.quantile(draws, 0.05) == pytest.approx(low[0], abs=0.1)
    assert draws.var() == pytest.approx(36.0, rel=0.05)


@pytest.mark.slow
def test_the_order_of_measurements_does_not_matter_to_a_bit(small):
    order = np.random.default_rng(0).permutation(len(small.seen))
    ask = slice(0, 200)
    one, two = (
        predict(learn(seen), small.lon[ask], small.lat[ask], small.predicted_dbm[ask])
        for seen in (small.seen, small.seen.take(order))
    )
    for f in fields(one):
        assert np.array_equal(getattr(one, f.name), getattr(two, f.name))


def test_a_block_and_a_run_are_held_out_as_a_whole(small):
    block = blocks_of(small.seen.lon, small.seen.lat, 2000.0)
    for whole, part in ((block, block_parts(small.seen)), (small.seen.run, run_parts(small.seen))):
        assert len(set(zip(whole.tolist(), part.tolist(), strict=True))) == len(set(whole.tolist()))
        assert len(set(part.tolist())) > 2


@pytest.mark.slow
def test_blocks_held_out_are_scored_by_distance_and_add_up(small):
    part = block_parts(small.seen)
    held = held_out(small.seen, part, THRESHOLD_DBM)
    assert len(held.place) == len(np.unique(small.seen.place))
    scores, bands = scored(held, THRESHOLD_DBM), by_distance(held, THRESHOLD_DBM)
    assert sum(s.n for _, _, s in bands) == scores.n
    squares = sum(s.n * s.rmse_db**2 for _, _, s in bands if s.n)
    assert np.sqrt(squares / scores.n) == pytest.approx(scores.rmse_db)
    none = held_out(small.seen, np.full(len(part), -1), THRESHOLD_DBM)
    assert scored(none, THRESHOLD_DBM).n == 0
    plain = replace(small.seen, predicted_dbm=np.full(len(part), np.nan))
    assert uncalibrated(plain).middle_dbm == 0.0
