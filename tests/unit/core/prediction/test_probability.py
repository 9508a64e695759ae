import numpy as np
import pytest
from scipy.stats import norm

from covermap.core.judging.certainty import level_needed_dbm
from covermap.core.prediction.evaluate import Held, by_distance, reliability, scored
from covermap.core.prediction.layer import Prediction, learn, predict
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.probability import (
    BASES,
    along,
    basis_of,
    joined,
    lasting,
    next_drive,
    share_of_samples,
)
from covermap.core.prediction.spread import Spread
from prediction_worlds import lonlat

NORMAL = Spread()
SAID = Prediction(np.array([-100.0, -105.0, -90.0]), np.array([36.0, 36.0, 4.0]),
                  np.array([64.0, 64.0, 30.0]), np.array([10.0, 500.0, np.inf]))  # fmt: skip


def test_the_probability_of_a_mean_is_that_of_the_level():
    got = lasting(SAID, NORMAL, -105.0)
    assert got == pytest.approx(norm.sf(-105, SAID.mean_dbm, np.sqrt(SAID.lasting_db2)), abs=3e-3)
    assert got[1] == pytest.approx(0.5)
    drive = next_drive(SAID, NORMAL, -105.0)
    assert drive[0] < got[0]  # a drive scatters more
    assert lasting(SAID, Spread((1.0, 1.0, 1.0), 4.0), -105.0)[2] < got[2]  # heavier tails


def test_a_share_of_samples_asks_for_a_higher_level():
    rng = np.random.default_rng(1)
    level = rng.normal(-96.0, 5.0, 4000)
    samples = level[:, None] + rng.normal(0, 4.0, (4000, 400))
    share = (samples >= -105.0).mean(axis=1)
    said = Prediction(np.array([-96.0]), np.array([25.0]), np.array([25.0]), np.array([1.0]))
    for rule, number, seen in (("share", 0.95, share >= 0.95), ("quantile", 0.1, share >= 0.9)):
        p = lasting(said, NORMAL, level_needed_dbm(-105.0, rule, number, 4.0))
        assert p[0] == pytest.approx(seen.mean(), abs=0.03)
    assert level_needed_dbm(-105.0, "mean", None, 4.0) == -105.0
    assert np.isfinite(level_needed_dbm(-105.0, "share", 1.0, 4.0))
    expected = share_of_samples(said, NORMAL, -105.0, 4.0)
    assert expected[0] == pytest.approx(share.mean(), abs=0.01)


def test_the_basis_says_what_a_probability_rests_on():
    rng = np.random.default_rng(2)
    n = 200
    xy = rng.uniform(0, 4000, (n, 2))
    none = np.full(n, -1)
    seen = Observations(np.arange(n), np.zeros(n, int), none + 4, none, none, *lonlat(xy),
                        rng.normal(-90, 8, n), np.full(n, 2.0), np.full(n, np.nan))  # fmt: skip
    layer = learn(seen.take(slice(0, 12)))
    ask = np.concatenate([xy[:2], xy[:1] + np.array([[0.0, 100.0]]), [[900_000.0, 0.0]] * 3])
    said = predict(layer, *lonlat(ask))
    measured = np.array([True, True, False, False, False, True])
    modelled = np.array([False, False, False, False, True, False])
    basis = basis_of(layer, said, measured, modelled)
    assert [BASES[b] for b in basis] == ["both", "both", "predicted", "none", "predicted",
                                         "measured"]  # fmt: skip
    p = joined(basis, np.full(6, 0.3), np.full(6, 0.6))
    assert p[[0, 2, 4, 5]].tolist() == [0.6, 0.6, 0.6, 0.3]
    assert np.isnan(p[3])
    assert along(p, np.full(6, 100.0)) == pytest.approx((500.0, 270.0, 100.0))


def test_scores_are_what_their_names_say():
    level = np.array([-100.0, -110.0, -90.0, -120.0])
    held = Held(np.arange(4), level, level, level, np.array([-98.0, -110.0, -96.0, -100.0]),
                level - np.array([1, 1, 1, -1]), level + 5, np.array([0.9, 0.2, 0.4, 0.8]),
                np.array([10.0, 300.0, 300.0, 5000.0]))  # fmt: skip
    s = scored(held, -105.0)
    assert (s.n, s.weak) == (4, 2)
    assert s.rmse_db == pytest.approx(np.sqrt((4 + 0 + 36 + 400) / 4))
    assert s.bias_db == pytest.approx((2 + 0 - 6 + 20) / 4)
    assert s.inside_90 == 0.75
    assert s.width_90_db == pytest.approx((6 + 6 + 6 + 4) / 4)
    assert s.brier == pytest.approx((0.01 + 0.04 + 0.36 + 0.64) / 4)
    assert (s.weak_recall, s.weak_precision) == (0.5, 0.5)
    assert [b.n for _, _, b in by_distance(held, -105.0)] == [1, 2, 0, 0, 1]
    n, said, seen = reliability(held.covered, level >= -105.0)
    assert n.tolist() == [0, 0, 1, 0, 1, 0, 0, 0, 1, 1]
    assert (said[4], seen[4], seen[8]) == (0.4, 1.0, 0.0)
    assert np.isnan(said[0])
