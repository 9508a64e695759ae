"""More measurements never foretell worse, wherever they were made: simulated worlds."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from covermap.core.prediction.layer import learn, predict
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.probability import lasting
from prediction_worlds import METRES, THRESHOLD_DBM, lonlat, world

pytestmark = pytest.mark.slow

SEEDS = range(300, 306)
BEFORE = 8
"""Runs known at first, of 16."""
CORNER_M = 5000.0


def joined(*parts):
    names = [f.name for f in fields(Observations)]
    return Observations(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


def all_round(made):
    return made.seen.take(made.seen.run >= BEFORE)


def in_a_corner(made):
    """Runs of which only what lies in one corner of the square is known."""
    east = (made.seen.lon - made.lon.min()) * METRES[0]
    north = (made.seen.lat - made.lat.min()) * METRES[1]
    near = (east < CORNER_M) & (north < CORNER_M)
    return made.seen.take((made.seen.run >= BEFORE) & near)


def on_a_parking_lot(made):
    """Sixty runs of one place that is known already: three sentences said sixty times."""
    rng = np.random.default_rng(1)
    row = np.repeat(np.flatnonzero(made.seen.run < BEFORE)[200:203], 60)
    one = made.seen.take(row)
    level = made.lasting_dbm[made.row[row]] + rng.normal(0, 4.5, len(row))
    run = 1000 + np.arange(len(row))
    return replace(one, run=run, level_dbm=level)


def far_away(made):
    """Another town, 200 km off, whose level is another."""
    there = made.seen.take(made.seen.run >= BEFORE)
    lon, lat = lonlat(np.zeros((1, 2)) + 200_000.0)
    return Observations(
        there.place + 10**6, there.run, there.antenna, there.device, there.group,
        there.lon + lon[0] - made.lon.min(), there.lat + lat[0] - made.lat.min(),
        there.level_dbm - 10.0, there.variance_db2, there.predicted_dbm,
    )  # fmt: skip


def scores(seen, made, ask):
    """Mean square error of the level that lasts, and of the probability."""
    layer = learn(seen)
    said = predict(layer, made.lon[ask], made.lat[ask], made.predicted_dbm[ask])
    truth = made.lasting_dbm[ask]
    p = lasting(said, layer.spread, THRESHOLD_DBM)
    return np.mean((said.mean_dbm - truth) ** 2), np.mean((p - (truth >= THRESHOLD_DBM)) ** 2)


@pytest.fixture(scope="module")
def worlds():
    made = []
    for seed in SEEDS:
        one = world(seed, runs=2 * BEFORE, more=400, model=seed % 2 == 0)
        known = one.seen.take(one.seen.run < BEFORE)
        ask = np.setdiff1d(np.arange(len(one.lon)), one.row)
        made.append((one, known, ask, scores(known, one, ask)))
    return made


@pytest.mark.parametrize("more", [all_round, in_a_corner, on_a_parking_lot, far_away])
def test_measurements_added_anywhere_foretell_no_worse(worlds, more):
    before = np.array([score for *_, score in worlds])
    after = np.array([scores(joined(known, more(one)), one, ask) for one, known, ask, _ in worlds])
    change = after - before
    noise = change.std(axis=0, ddof=1) / np.sqrt(len(change))
    print(more.__name__, np.sqrt(before[:, 0]).round(2), np.sqrt(after[:, 0]).round(2),
          before[:, 1].round(4), after[:, 1].round(4), change.mean(axis=0), noise)  # fmt: skip
    assert (change.mean(axis=0) <= 2 * noise + [0.01, 0.0001]).all()
    # nor in any one world by more than 3 % of the error of a level; but another town whose level
    # is another moves the mean of the layer, by which places far from all are told
    if more is not far_away:
        assert (np.sqrt(after[:, 0]) <= 1.03 * np.sqrt(before[:, 0])).all()
    if more is all_round:
        assert (after < before).all()
