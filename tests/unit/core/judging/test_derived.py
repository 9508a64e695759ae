from dataclasses import fields
from functools import partial
from itertools import product

import numpy as np
import pytest

from covermap.core.judging import derived
from covermap.core.judging.judge import Judged, hide_unmeasured
from covermap.core.judging.verdicts import COVERED, NONE, UNMEASURED, WEAK, PlaceTest

MEAN = PlaceTest(-105.0, None, "mean", None, 2, -140.0, 0.5)
SHARE = PlaceTest(-105.0, None, "share", 0.5, 2, -140.0, 0.5)
CODES = (COVERED, WEAK, NONE, UNMEASURED)


any_operator = partial(derived.operators, every=False)
all_operators = partial(derived.operators, every=True)


def layer(verdict, chance=0.5, n=4, n_none=0, n_meets=0, mean=-100.0, margin=5.0, **changes):
    """One place; every figure can be given."""
    values = {
        "verdict": verdict, "probability": chance, "n": n, "n_none": n_none, "n_meets": n_meets,
        "rsrp_mean_dbm": mean, "rsrp_p5_dbm": mean - 5, "rsrp_p50_dbm": mean, "margin_db": margin,
        "sinr_mean_db": 1.0, "runs": 1, "period": 0,
    } | changes  # fmt: skip
    kinds = {"verdict": np.int8} | dict.fromkeys(
        ("n", "n_none", "n_meets", "runs", "period"), np.int64
    )
    return Judged(**{k: np.array([v], kinds.get(k, np.float64)) for k, v in values.items()})


def test_every_figure_of_a_layer_has_its_way_of_being_combined():
    handled = {"verdict", "probability", "period", *derived._SUMMED, *derived._LEVELS}
    assert {f.name for f in fields(Judged)} == handled


ANY_OF_TWO = {
    (COVERED, COVERED): COVERED, (COVERED, WEAK): COVERED, (COVERED, NONE): COVERED,
    (COVERED, UNMEASURED): COVERED, (WEAK, WEAK): WEAK, (WEAK, NONE): WEAK,
    (WEAK, UNMEASURED): UNMEASURED, (NONE, NONE): NONE, (NONE, UNMEASURED): UNMEASURED,
    (UNMEASURED, UNMEASURED): UNMEASURED,
}  # fmt: skip
ALL_OF_TWO = {
    (COVERED, COVERED): COVERED, (COVERED, WEAK): WEAK, (COVERED, NONE): WEAK,
    (COVERED, UNMEASURED): UNMEASURED, (WEAK, WEAK): WEAK, (WEAK, NONE): WEAK,
    (WEAK, UNMEASURED): WEAK, (NONE, NONE): NONE, (NONE, UNMEASURED): WEAK,
    (UNMEASURED, UNMEASURED): UNMEASURED,
}  # fmt: skip


@pytest.mark.parametrize("pair", list(product(CODES, repeat=2)))
def test_two_operators_combine_as_the_table_says(pair):
    members = [layer(v) for v in pair]
    key = tuple(sorted(pair))
    assert any_operator(members).verdict[0] == ANY_OF_TWO[key]
    assert all_operators(members).verdict[0] == ALL_OF_TWO[key]


@pytest.mark.parametrize("verdicts", list(product(CODES, repeat=3)))
def test_combining_three_operators_is_what_each_completion_of_the_unmeasured_allows(verdicts):
    """An unmeasured operator may turn out covered or weak: where both give one answer to 'is it
    covered', that answer must be given, and otherwise none."""
    found = {"any": set(), "all": set()}
    choices = [(v,) if v != UNMEASURED else (COVERED, WEAK) for v in verdicts]
    for world in product(*choices):
        found["any"].add(COVERED in world)
        found["all"].add(set(world) == {COVERED})
    members = [layer(v) for v in verdicts]
    for name, combine in (("any", any_operator), ("all", all_operators)):
        got = combine(members).verdict[0]
        answer = {COVERED: {True}, UNMEASURED: {True, False}}.get(int(got), {False})
        assert answer == found[name]


@pytest.mark.parametrize("verdict", CODES)
def test_one_operator_alone_is_any_and_all(verdict):
    one = layer(verdict)
    assert any_operator([one]).verdict[0] == verdict
    assert all_operators([one]).verdict[0] == verdict


def test_operators_show_the_best_level_in_any_and_the_worst_in_all():
    members = [layer(COVERED, mean=-80.0, chance=0.9), layer(WEAK, mean=-110.0, chance=0.2)]
    best, worst = any_operator(members), all_operators(members)
    assert (best.rsrp_mean_dbm[0], best.rsrp_p5_dbm[0]) == (-80.0, -85.0)
    assert (worst.rsrp_mean_dbm[0], worst.rsrp_p5_dbm[0]) == (-110.0, -115.0)
    assert best.probability[0] == pytest.approx(1 - 0.1 * 0.8)
    assert worst.probability[0] == pytest.approx(0.9 * 0.2)
    assert best.n[0] == worst.n[0] == 8


def test_an_unseen_operator_changes_no_level_and_no_probability():
    unseen = layer(UNMEASURED, np.nan, n=0, mean=np.nan, margin=np.nan, runs=0, period=-1)
    members = [layer(COVERED, chance=0.7), unseen]
    for combined in (any_operator(members), all_operators(members)):
        assert combined.probability[0] == pytest.approx(0.7)
        assert combined.rsrp_mean_dbm[0] == -100.0
        assert combined.period[0] == 0
    both = any_operator([unseen, unseen])
    assert np.isnan(both.probability[0])
    assert np.isnan(both.rsrp_mean_dbm[0])


NOTHING = layer(UNMEASURED, np.nan, n=0, mean=np.nan, margin=np.nan, sinr_mean_db=np.nan)
ANY_TECHNOLOGY = {
    (COVERED, COVERED): COVERED, (COVERED, WEAK): COVERED, (COVERED, UNMEASURED): COVERED,
    (WEAK, WEAK): WEAK, (WEAK, UNMEASURED): WEAK, (UNMEASURED, UNMEASURED): UNMEASURED,
}  # fmt: skip


@pytest.mark.parametrize(("pair", "expected"), ANY_TECHNOLOGY.items())
def test_any_technology_is_the_best_of_them_under_the_mean_rule(pair, expected):
    for order in (pair, pair[::-1]):
        members = [layer(v, margin=5.0 if v == COVERED else -5.0) for v in order]
        found = derived.any_technology(members, NOTHING, MEAN)
        assert found.verdict[0] == expected


def test_a_technology_seen_too_seldom_but_well_keeps_a_weak_one_from_a_verdict():
    weak = layer(WEAK, 0.3, margin=-3.0)
    for margin, expected in ((4.0, UNMEASURED), (0.0, UNMEASURED), (-0.1, WEAK)):
        seldom = layer(UNMEASURED, 0.9, n=1, margin=margin)
        assert derived.any_technology([weak, seldom], NOTHING, MEAN).verdict[0] == expected
    silent = layer(UNMEASURED, np.nan, n=1, n_none=1, margin=4.0)
    assert derived.any_technology([weak, silent], NOTHING, MEAN).verdict[0] == WEAK


def no_service(n):
    return layer(NONE, 0.01, n=n, n_none=n, mean=-140.0, margin=-35.0, sinr_mean_db=np.nan)


@pytest.mark.parametrize(
    ("served", "none", "expected"), [((3, 3), 5, WEAK), ((3, 2), 5, NONE), ((1, 0), 5, NONE)]
)
def test_no_service_counts_once_among_all_samples_of_any_technology(served, none, expected):
    layers = [
        layer(NONE if none >= n else WEAK, n=n + none, n_none=none, mean=-130.0) for n in served
    ]
    found = derived.any_technology(layers, no_service(none), MEAN)
    assert found.verdict[0] == expected
    assert (found.n[0], found.n_none[0]) == (sum(served) + none, none)


def test_under_the_share_rule_any_technology_pools_samples_each_by_its_own_standard():
    layers = [layer(WEAK, n=6, n_meets=2), layer(COVERED, n=4, n_meets=4)]
    found = derived.any_technology(layers, NOTHING, SHARE)
    assert found.share[0] == pytest.approx(0.6)
    assert found.verdict[0] == COVERED
    assert derived.any_technology([layers[0]], NOTHING, SHARE).verdict[0] == WEAK
    few = [layer(UNMEASURED, n=1, n_meets=1)] * 2
    assert derived.any_technology(few, NOTHING, SHARE).verdict[0] == COVERED
    assert derived.any_technology(few, NOTHING, MEAN).verdict[0] == UNMEASURED


def test_any_technology_shows_the_level_of_the_technology_that_does_best():
    lte = layer(WEAK, 0.3, mean=-107.0, margin=-2.0)
    gsm = layer(WEAK, 0.2, mean=-99.0, margin=-4.0)
    nr = layer(COVERED, 0.8, mean=-104.0, margin=1.0)
    assert derived.any_technology([gsm, lte], NOTHING, MEAN).rsrp_mean_dbm[0] == -107.0
    found = derived.any_technology([gsm, lte, nr], NOTHING, MEAN)
    assert found.rsrp_mean_dbm[0] == -104.0
    assert found.probability[0] == 0.8


def test_no_service_alone_shows_its_floor():
    found = derived.any_technology([], no_service(5), MEAN)
    assert (found.verdict[0], found.rsrp_mean_dbm[0], found.n[0]) == (NONE, -140.0, 5)


def test_hiding_blanks_the_probability_of_the_unmeasured_only():
    assert np.isnan(hide_unmeasured(layer(UNMEASURED, 0.4)).probability[0])
    assert hide_unmeasured(layer(WEAK, 0.4)).probability[0] == 0.4
