"""When a place is deeply covered: exhaustive small cases, and the chance beside plain ones."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from covermap.core.judging.certainty import Observed, Spread, probability
from covermap.core.places.deep import (
    NO,
    UNDETERMINED,
    YES,
    Surveys,
    judge_places,
    nodes,
    together,
)

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


SPREAD = Spread(-97.0, 10.0, 3.0, 4.0, 5.0)
ALONE = Spread(-97.0, 10.0, 0.0, 0.0, 5.0)
"""Nothing is shared."""
NEEDED_DBM, N = -105.0, 9


def surveys(count: int, together: float, spread: Spread = SPREAD) -> Surveys:
    one = np.ones(count, np.int64)
    return Surveys(N * one, one, np.full(count, together), NEEDED_DBM, spread)


def judged(states: tuple[str, ...], **changes: Any) -> Any:
    count = len(states)
    given = {
        "place": np.zeros(count, np.int64),
        "measured": np.array([s != UNMEASURED for s in states]),
        "covered": np.array([s == MET for s in states]),
        "probability": np.array([CHANCE[s] for s in states]),
        "by": surveys(count, 1.0),
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
    chance = np.array([0.999999, 0.9])
    made = judged((MET, MET), probability=chance, by=surveys(2, 0.0, ALONE))
    assert made.deep[0] == UNDETERMINED
    assert made.probability[0] == pytest.approx(0.9, abs=1e-4)


def test_many_key_points_that_each_nearly_surely_pass_are_not_sure_together() -> None:
    made = judged((MET,) * 20, probability=np.full(20, 0.99), by=surveys(20, 0.0, ALONE))
    assert made.probability[0] == pytest.approx(0.99**20, abs=1e-5)
    assert made.deep[0] == UNDETERMINED


@pytest.mark.parametrize("together", [0.0, 0.5, 1.0])
def test_a_key_point_by_itself_keeps_its_chance(together: float) -> None:
    for chance in (1e-4, 0.2, 0.5, 0.975, 0.999):
        made = judged((MET,), probability=np.array([chance]), by=surveys(1, together))
        assert made.probability[0] == pytest.approx(chance, abs=1e-5)


@pytest.mark.parametrize("one_run", [True, False])
@pytest.mark.parametrize("seen_dbm", [(-95.0, -101.0, -99.0), (-108.0, -90.0, -104.0)])
def test_the_chance_is_that_of_the_joint_posterior(
    seen_dbm: tuple[float, ...], one_run: bool
) -> None:
    """The levels of all key points at once, by Bayes' rule for normals, written out."""
    seen, count = np.array(seen_dbm), len(seen_dbm)
    ones, unit = np.ones((count, count)), np.eye(count)
    prior = SPREAD.prior_sd_db**2 * unit
    noise = SPREAD.campaign_sd_db**2 * ones + SPREAD.sample_sd_db**2 / N * unit
    noise = noise + SPREAD.run_sd_db**2 * (ones if one_run else unit)
    gain = prior @ np.linalg.inv(prior + noise)
    mean = SPREAD.prior_mean_dbm + gain @ (seen - SPREAD.prior_mean_dbm)
    covariance = prior - gain @ prior
    # meeting the standard is -level <= -needed
    wanted = multivariate_normal(-mean, (covariance + covariance.T) / 2).cdf(
        np.full(count, -NEEDED_DBM)
    )
    one = np.ones(count, np.int64)
    chance = probability(Observed(seen, N * one, one, one), NEEDED_DBM, SPREAD)
    made = judged((MET,) * count, probability=chance, by=surveys(count, float(one_run)))
    assert made.probability[0] == pytest.approx(wanted, abs=3e-4)


def test_what_is_left_of_the_campaign_holds_places_together() -> None:
    """Error of two places' shifts, drawn: its correlation is what their states tell."""
    source, draws = np.random.default_rng(7), 100_000
    level = source.normal(-97, 10, (2, draws))
    campaign = source.normal(0, SPREAD.campaign_sd_db, draws)
    noise = np.hypot(SPREAD.run_sd_db, SPREAD.sample_sd_db / 3)
    seen = level + campaign + source.normal(0, noise, (2, draws))
    one = np.ones(draws, np.int64)
    by = Observed(seen[0], N * one, one, one), Observed(seen[1], N * one, one, one)
    true = (level >= NEEDED_DBM).all(0).mean()
    chance = [probability(b, NEEDED_DBM, SPREAD) for b in by]
    some = slice(0, 2000)
    made = judge_places(
        np.arange(4000), np.ones(4000, bool), np.ones(4000, bool),
        np.concatenate([chance[0][some], chance[1][some]]), surveys(4000, 1.0), 4000, 0.95,
    )  # fmt: skip
    _, weight = nodes()
    both = weight @ (made.given_low[:, :2000] * made.given_low[:, 2000:])
    assert both.mean() == pytest.approx(true, abs=0.02)


def test_the_worst_is_the_measured_one_least_likely_to_pass() -> None:
    made = judged((MET, UNMEASURED, MISSED), probability=np.array([0.9, np.nan, 0.2]))
    assert made.worst[0] == 2
    assert judged((UNMEASURED,)).worst[0] == -1


def test_states_weigh_one_together() -> None:
    _, weight = nodes()
    assert weight.sum() == pytest.approx(1.0)


def test_runs_are_together_as_far_as_they_visited_the_same_key_points() -> None:
    of = np.array([0, 0, 1, 1, 2])
    point = np.array([0, 1, 2, 3, 4])
    run = np.array([7, 7, 8, 9, 7])
    assert together(of[point], point, run, 5, of).tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
    both = np.array([0, 0, 1]), np.array([1, 2, 1])  # two runs here, one of them there
    assert together(np.zeros(3, int), *both, 2, np.zeros(2, int)).tolist() == [1.0, 1.0]
