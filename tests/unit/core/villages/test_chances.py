"""Chances that enough cells, or key points, of a village are good."""

import numpy as np
import pytest
from scipy.special import ndtr

import villages_reference as plain
from covermap.core.villages.chances import CellModel, enough_chance, share_chance

MODEL = CellModel(0.8, 1.0, 3.0)


def chance_of(probabilities, share):
    a = np.array([plain.norm.ppf(p) for p in np.clip(probabilities, 1e-6, 1 - 1e-6)])
    sums = np.array([a.sum()]), np.array([(a * a).sum()])
    return share_chance(np.array([len(a)]), *sums, share, MODEL)[0]


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_the_chance_of_a_share_equals_the_plain_formula(share):
    source = np.random.default_rng(2)
    for count in (1, 2, 9, 60):
        p = source.beta(2, 1, count)
        assert chance_of(p, share) == pytest.approx(plain.share_chance(p, share, 0.8, 1.0, 3.0))


def test_sure_cells_make_a_sure_village_and_many_alike_do_not_make_it_surer_than_their_error():
    assert chance_of([0.9999] * 30, 0.8) > 0.99
    assert chance_of([0.0001] * 30, 0.8) < 0.01
    assert chance_of([0.9] * 1000, 0.5) < ndtr(plain.norm.ppf(0.9) / np.sqrt(0.8)) + 1e-9


def test_a_village_drawn_from_the_model_is_lit_as_often_as_is_said():
    source = np.random.default_rng(8)
    said, true = [], []
    for _ in range(1500):
        middle, cells = source.normal(0.5, 2.0), 400
        a = middle + source.standard_normal(cells)
        error = np.sqrt(0.8) * source.standard_normal()
        error = error + np.sqrt(0.2) * source.standard_normal(cells)
        said.append(chance_of(ndtr(a[:12]), 0.8))
        true.append((a + error > 0).mean() >= 0.8)
    said, true = np.array(said), np.array(true)
    for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1)):
        among = (said >= low) & (said <= high)
        assert true[among].mean() == pytest.approx(said[among].mean(), abs=0.09)


@pytest.mark.parametrize("correlation", [0.05, 0.5, 0.8])
def test_enough_key_points_are_good_as_often_as_in_draws(correlation):
    groups = [([0.9, 0.6, 0.3], [1, 1, 1], 2), ([0.95], [1], 1), ([0.7, 0.8], [1, 2], 2),
              ([0.5, 0.5, 0.9, 0.2], [1, 1, 1, 1], 4), ([0.4, 0.4], [1, 1], 1)]  # fmt: skip
    starts = np.cumsum([0, *(len(g[0]) for g in groups)])
    chance, weight = (np.concatenate([g[i] for g in groups]) for i in (0, 1))
    found = enough_chance(
        starts, chance, weight.astype(np.int64), np.array([g[2] for g in groups]), correlation
    )
    drawn = [plain.enough(*g, correlation) for g in groups]
    assert found == pytest.approx(drawn, abs=0.01)
