"""Verdicts of villages: exhaustive small cases against the plain way."""

import numpy as np
import pytest

import villages_reference as plain
from covermap.core.villages import verdicts as v
from covermap.core.villages.chances import CellModel, enough_chance
from covermap.core.villages.evidence import UnitSums

WORDS = ("lit", "weak", "dark", "unmeasured")
BASES = ("measured", "both", "predicted", "site", None)
EVIDENCE = ("key points", "village", "prediction", "site", None)
CORRELATION = 0.8


def of(units):
    code = [WORDS.index(u[0]) if u[0] else v.UNMEASURED for u in units]
    values = [[np.nan if u[i] is None else u[i] for u in units] for i in (1, 2)]
    return v.Units(np.array(code, np.int8), *(np.array(x, float) for x in values))


def nothing(count):
    zero = np.zeros(count, np.int64)
    return UnitSums(np.arange(count), zero, zero, zero, zero, zero * 0.0, zero * 0.0, zero - 1)


def chance_of(units, need):
    if len(units) == 1:
        return units[0][0]
    chance, weight = (np.array(x) for x in zip(*units, strict=True))
    starts = np.array([0, len(units)])
    return float(enough_chance(starts, chance, weight, np.array([need]), CORRELATION)[0])


@pytest.mark.parametrize(("met", "share"), [("all", None), ("one", None), ("share", 0.6)])
def test_every_small_case_is_judged_as_the_plain_way_judges_it(met, share):
    cases = list(plain.every_case())
    starts = np.cumsum([0, *(len(points) for points, _, _ in cases)])
    site = np.array([np.nan if s is None else s for _, _, s in cases])
    found = v.judge_villages(
        starts, of([p for points, _, _ in cases for p in points]), of([w for _, w, _ in cases]),
        site, nothing(len(cases)), v.VillageTest(met, share, 0.9, 0.1, CORRELATION),
    )  # fmt: skip
    assert len(cases) > 700
    for i, case in enumerate(cases):
        expected = plain.verdict(*case, met, share, 0.9, 0.1, chance_of)
        told = (WORDS[found.verdict[i]], BASES[found.basis[i]], EVIDENCE[found.evidence[i]])
        assert told == (expected[0], expected[2], expected[3]), case
        if expected[1] is None:
            assert np.isnan(found.probability[i]), case
        else:
            assert found.probability[i] == pytest.approx(expected[1], abs=1e-9), case
        measured = [p[1] for p in case[0] if p[0]]
        assert found.points_measured[i] == len(measured)
        assert (found.best[i] >= 0) == bool(measured)
        if measured:
            at = found.best[i] - starts[i], found.worst[i] - starts[i]
            assert case[0][at[0]][1] == max(measured)
            assert case[0][at[1]][1] == min(measured)


def units_of(cells, covered, none, n, margin=None):
    arrays = [np.array(x) for x in (cells, covered, none, n)]
    margin = np.array(margin if margin is not None else [0.0] * len(cells))
    return UnitSums(np.arange(len(cells)), *arrays, margin, margin**2, arrays[3])


def test_units_are_lit_by_share_dark_without_service_and_unmeasured_by_few_samples():
    test = v.UnitTest(0.8, 0.5, 3, CellModel(0.8, 1.0, 3.0))
    sums = units_of([10, 10, 10, 10, 0], [8, 7, 0, 10, 0], [0, 0, 5, 0, 0], [30, 30, 30, 2, 2])
    found = v.units(sums, nothing(5), test)
    assert [WORDS[c] for c in found.verdict] == ["lit", "weak", "dark", "unmeasured", "unmeasured"]
    assert np.isnan(found.measured).tolist() == [False, False, False, True, True]
    assert np.isnan(found.foretold).all()


def layer(verdict, chance, n=5):
    count = len(verdict)
    zero = np.zeros(count, np.int64)
    codes = np.array([WORDS.index(word) for word in verdict], np.int8)
    return v.Villages(
        codes, np.array([np.nan if c is None else c for c in chance], float),
        np.zeros(count, np.int8), np.zeros(count, np.int8), zero, zero, zero - 1, zero - 1,
        zero, zero, zero + n, zero + n,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "whichever", "every"),
    [
        (("lit", 0.9), ("lit", 0.8), ("lit", 0.98), ("lit", 0.72)),
        (("lit", 0.9), ("weak", 0.2), ("lit", 0.92), ("weak", 0.18)),
        (("lit", 0.9), ("unmeasured", None), ("lit", 0.9), ("unmeasured", None)),
        (("weak", 0.2), ("unmeasured", None), ("unmeasured", None), ("weak", 0.2)),
        (("weak", 0.2), ("unmeasured", 0.5), ("unmeasured", 0.6), ("weak", 0.1)),
        (("dark", 0.0), ("dark", 0.1), ("dark", 0.1), ("dark", 0.0)),
        (("dark", 0.0), ("weak", 0.1), ("weak", 0.1), ("weak", 0.0)),
        (("unmeasured", None), ("unmeasured", None), ("unmeasured", None), ("unmeasured", None)),
    ],
)
def test_operators_together(one, other, whichever, every):
    for first, second in ((one, other), (other, one)):
        members = [layer([first[0]], [first[1]]), layer([second[0]], [second[1]])]
        for found, expected in ((v.whichever(members), whichever), (v.every(members), every)):
            assert WORDS[found.verdict[0]] == expected[0]
            if expected[1] is None:
                assert np.isnan(found.probability[0])
            else:
                assert found.probability[0] == pytest.approx(expected[1])
            assert found.n[0] == 10


def test_of_technologies_the_surest_counts():
    members = [layer(["lit"], [0.9]), layer(["lit"], [0.8])]
    assert v.whichever(members, surest=True).probability[0] == 0.9
