"""Worlds with known truth: how often intervals hold it, and answers are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from covermap.core.judging.certainty import Observed, Spread, probability
from covermap.core.places.deep import NO, UNDETERMINED, YES, Surveys, judge_places
from covermap.core.places.quotas import count_groups
from covermap.rules import load_pack

SPREAD = Spread(**load_pack("miit-2025").certainty.model_dump(exclude={"source"}))
NEEDED_DBM, CONFIDENCE, SAMPLES = -105.0, 0.95, 15
PLACES, WORLDS = 150, 300


@dataclass(frozen=True)
class Found:
    inside: bool
    wrong_yes: int
    wrong_no: int
    decided: int
    reached_wrong: bool


def world(seed: int, *, one_run: bool, missing: float) -> Found:
    """One survey of one province: what is said of it, beside what is true."""
    source = np.random.default_rng(seed)
    place = np.repeat(np.arange(PLACES), source.integers(1, 5, PLACES))
    points = place.size
    level = source.normal(SPREAD.prior_mean_dbm, SPREAD.prior_sd_db, points)
    run = source.normal(0, SPREAD.run_sd_db, PLACES if one_run else points)
    mean = level + source.normal(0, SPREAD.campaign_sd_db)
    mean += run[place] if one_run else run
    mean += source.normal(0, SPREAD.sample_sd_db / np.sqrt(SAMPLES), points)
    seen = source.random(points) >= missing
    one = np.ones(points, np.int64)
    observed = Observed(mean, SAMPLES * one, one, one)
    chance = np.where(seen, probability(observed, NEEDED_DBM, SPREAD), np.nan)
    by = Surveys(SAMPLES * one, one, np.full(points, float(one_run)), NEEDED_DBM, SPREAD)
    covered = seen & (mean >= NEEDED_DBM)
    made = judge_places(place, seen, covered, chance, by, PLACES, CONFIDENCE)
    truth = np.bincount(place, level < NEEDED_DBM, PLACES) == 0
    quota = int(0.5 * PLACES)
    count = count_groups(
        np.zeros(PLACES, np.int64), 1, made.probability, made.given_low, made.given_high,
        np.array([quota]), CONFIDENCE,
    )  # fmt: skip
    reached = count.reached[0] != UNDETERMINED
    return Found(
        bool(count.low[0] <= truth.sum() <= count.high[0]),
        int(((made.deep == YES) & ~truth).sum()),
        int(((made.deep == NO) & truth).sum()),
        int((made.deep != UNDETERMINED).sum()),
        bool(reached and (count.reached[0] == YES) != (truth.sum() >= quota)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("one_run", [True, False])
def test_intervals_of_counts_hold_the_truth_as_often_as_they_say(one_run: bool) -> None:
    found = [world(seed, one_run=one_run, missing=0.0) for seed in range(WORLDS)]
    assert 0.93 <= np.mean([f.inside for f in found]) <= 0.99
    assert np.mean([f.reached_wrong for f in found]) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("one_run", "missing"), [(True, 0.0), (False, 0.0), (True, 0.2)])
def test_answers_are_wrong_no_more_often_than_the_pack_allows(
    one_run: bool, missing: float
) -> None:
    found = [world(seed, one_run=one_run, missing=missing) for seed in range(WORLDS)]
    decided = sum(f.decided for f in found)
    assert decided > 0.2 * PLACES * WORLDS
    wrong = sum(f.wrong_yes + f.wrong_no for f in found)
    assert wrong <= (1 - CONFIDENCE) / 2 * decided


@pytest.mark.slow
def test_places_with_key_points_left_out_widen_the_interval_to_hold_the_truth() -> None:
    found = [world(seed, one_run=True, missing=0.2) for seed in range(WORLDS)]
    assert np.mean([f.inside for f in found]) >= 0.97
