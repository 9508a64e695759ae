"""When a place is deeply covered: exhaustive small cases, and the chance beside plain ones."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from covermap.core.judging.certainty import Observed, Spread, posterior
from covermap.core.places.deep import NO, UNDETERMINED, YES, judge_places, nodes, shared_part

MET, MISSED, UNMEASURED = "met", "missed", "unmeasured"
CHANCE = {MET: 1 - 1e-6, MISSED: 1e-6, UNMEASURED: np.nan}

CASES = [
    # key points                       answer        met missed unmeasured
    ((MET,), YES, 1, 0, 0),
    ((MET, MET, MET), YES, 3, 0, 0),
    ((MET, MET, UNMEASURED), UNDETERMINED, 2, 0, 1),
    ((MET, MET, MISSED), NO, 2, 1, 0),
    ((MET, UNMEASURED, MISSED), NO, 1, 1, 1),
    ((UNMEASURED, UNMEASURED, MISSED), NO, 0, 1, 2),
    ((MISSED, MISSED, MISSED), NO, 0, 3, 0),
    ((UNMEASURED,), UNDETERMINED, 0, 0, 1),
    ((UNMEASURED, UNMEASURED), UNDETERMINED, 0, 0, 2),
]


def judged(states: tuple[str, ...], **changes: Any) -> Any:
    count = len(states)
    given = {
        "place": np.zeros(count, np.int64),
        "measured": np.array([s != UNMEASURED for s in states]),
        "covered": np.array([s == MET for s in states]),
        "probability": np.array([CHANCE[s] for s in states]),
        "shared": np.full(count, 0.3),
        "places": 1,
        "confidence": 0.95,
    }
    return judge_places(**{**given, **changes})


@pytest.mark.parametrize(("states", "answer", "met", "missed", "unmeasured"), CASES)
def test_small_places_are_as_the_table_says(
    states: tuple[str, ...], answer: int, met: int, missed: int, unmeasured: int
) -> None:
    made = judged(states)
    assert made.deep[0] == answer
    assert (made.met[0], made.missed[0], made.key_points[0]) == (met, missed, len(states))
    assert np.isnan(made.probability[0]) == (unmeasured > 0)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_combination_follows_one_sentence(count: int) -> None:
    """One sure miss: no. Else one without samples: undetermined. Else yes."""
    for states in itertools.product((MET, MISSED, UNMEASURED), repeat=count):
        wanted = NO if MISSED in states else UNDETERMINED if UNMEASURED in states else YES
        assert judged(states).deep[0] == wanted, states


def test_a_key_point_that_may_fail_leaves_the_place_undetermined() -> None:
    made = judged((MET, MET), probability=np.array([0.999999, 0.9]))
    assert made.deep[0] == UNDETERMINED
    assert made.probability[0] == pytest.approx(0.9, abs=1e-4)


def test_many_key_points_that_each_nearly_surely_pass_are_not_sure_together() -> None:
    chance = np.full(20, 0.99)
    made = judged((MET,) * 20, probability=chance, shared=np.zeros(20))
    assert made.probability[0] == pytest.approx(0.99**20)
    assert made.deep[0] == UNDETERMINED


def test_what_surveys_share_makes_all_together_likelier_and_no_single_one() -> None:
    chance = np.array([0.9, 0.8, 0.95])
    apart = judged((MET,) * 3, probability=chance, shared=np.zeros(3))
    together = judged((MET,) * 3, probability=chance, shared=np.full(3, 0.7))
    assert apart.probability[0] < together.probability[0] < chance.min()
    for p in chance:
        alone = judged((MET,), probability=np.array([p]), shared=np.array([0.7]))
        assert alone.probability[0] == pytest.approx(p, abs=1e-6)


def test_the_chance_is_that_of_correlated_normals() -> None:
    chance, shared = np.array([0.9, 0.7, 0.6]), np.array([0.5, 0.8, 0.3])
    covariance = np.outer(shared, shared)
    np.fill_diagonal(covariance, 1.0)
    wanted = multivariate_normal(np.zeros(3), covariance).cdf(ndtri(chance))
    made = judged((MET,) * 3, probability=chance, shared=shared)
    assert made.probability[0] == pytest.approx(wanted, abs=2e-4)


def test_the_shared_part_is_that_of_the_posterior() -> None:
    """Two key points under one campaign's shift: the correlation of their errors, drawn."""
    spread = Spread(-97.0, 10.0, 3.0, 4.0, 5.0)
    source, draws = np.random.default_rng(7), 200_000
    level = source.normal(-97, 10, (2, draws))
    shift = source.normal(0, 3.0, draws)
    seen = level + shift + source.normal(0, 4.0, (2, draws)) + source.normal(0, 5 / 3, (2, draws))
    nine, one = np.full(draws, 9), np.ones(draws, int)
    error = [x - posterior(Observed(y, nine, one, one), spread)[0]
             for x, y in zip(level, seen, strict=True)]  # fmt: skip
    made = shared_part(np.array([9]), np.array([1]), spread)[0]
    assert np.corrcoef(error)[0, 1] == pytest.approx(made**2, abs=0.01)


def test_the_worst_is_the_measured_one_least_likely_to_pass() -> None:
    made = judged((MET, UNMEASURED, MISSED), probability=np.array([0.9, np.nan, 0.2]))
    assert made.worst[0] == 2
    assert judged((UNMEASURED,)).worst[0] == -1


def test_states_weigh_one_together() -> None:
    _, weight = nodes()
    assert weight.sum() == pytest.approx(1.0)
