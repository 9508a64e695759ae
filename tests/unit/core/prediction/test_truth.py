"""Simulated worlds: predictions beside the truth, and beside the best that anyone could do."""

from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from covermap.core.prediction.evaluate import reliability
from covermap.core.prediction.layer import learn, predict
from covermap.core.prediction.probability import lasting
from prediction_worlds import THRESHOLD_DBM, best_possible, mean_of, world

pytestmark = pytest.mark.slow

WORLDS = 8


def asked(made):
    return np.setdiff1d(np.arange(len(made.lon)), made.row)


def foretold(made, seen):
    layer, ask = learn(seen), asked(made)
    return layer, predict(layer, made.lon[ask], made.lat[ask], made.predicted_dbm[ask])


def one(seed):
    """Errors, those of the best possible, inside, probability and truth of a world."""
    made = world(seed, runs=16, side_m=11_000.0, more=400, model=seed % 2 == 0)
    layer, said = foretold(made, made.seen)
    ask, mean = asked(made), mean_of(made)
    truth = made.lasting_dbm[ask]
    best = best_possible(made.seen, made.lon[ask], made.lat[ask], mean[made.row], mean[ask])[0]
    low, high = (layer.spread.quantile(q, said.mean_dbm, said.lasting_db2) for q in (0.05, 0.95))
    p = lasting(said, layer.spread, -90.0)
    return (said.mean_dbm - truth, best - truth, (truth >= low) & (truth <= high), p,
            truth >= -90.0)  # fmt: skip


@pytest.fixture(scope="module")
def worlds():
    with ProcessPoolExecutor(2) as pool:
        made = list(pool.map(one, range(WORLDS)))
    return [np.concatenate([m[k] for m in made]) for k in range(5)]


def test_errors_are_within_half_a_db_of_kriging_with_the_true_covariance(worlds):
    error, best, _, _, _ = worlds
    ours, theirs = (np.sqrt(np.mean(e**2)) for e in (error, best))
    print(ours, theirs)
    assert theirs < ours < theirs + 0.3


def test_intervals_of_90_percent_hold_about_90_percent(worlds):
    """Eight worlds: places of one world err together. The benchmark asks for 88 to 92 %."""
    print(worlds[2].mean())
    assert 0.86 < worlds[2].mean() < 0.94


def test_places_given_80_percent_are_covered_in_about_80_of_100(worlds):
    """Eight worlds again; the benchmark asks for 3 points in each tenth, of more worlds."""
    n, said, seen = reliability(worlds[3], worlds[4])
    print(n, (seen - said).round(3))
    fifths = n.reshape(5, 2).sum(axis=1)
    gap = ((seen - said) * n).reshape(5, 2).sum(axis=1) / fifths
    assert fifths.min() > 100
    assert np.abs(gap).max() < 0.09


def test_heavy_noise_of_samples_does_not_spoil_the_spread():
    made = world(50, runs=16, side_m=11_000.0, more=400, heavy=True)
    layer, said = foretold(made, made.seen)
    truth = made.lasting_dbm[asked(made)]
    low, high = (layer.spread.quantile(q, said.mean_dbm, said.lasting_db2) for q in (0.05, 0.95))
    assert 0.83 < ((truth >= low) & (truth <= high)).mean() < 0.97
    assert np.isfinite(lasting(said, layer.spread, THRESHOLD_DBM)).all()
