"""Places that fail by their SINR, however strong they are."""

import numpy as np
import pytest

from covermap.core.judging.certainty import Spread
from covermap.core.judging.judge import NO_BIN, Bins, judge_technology
from covermap.core.judging.verdicts import (
    COVERED,
    NONE,
    UNMEASURED,
    WEAK,
    PlaceTest,
    fails_by_sinr,
)


@pytest.mark.parametrize(
    ("verdict", "sinr", "asked", "fails"),
    [
        (WEAK, -4.0, -3.0, True),
        (WEAK, -3.0, -3.0, False),
        (WEAK, np.nan, -3.0, False),
        (WEAK, -4.0, None, False),
        (COVERED, -4.0, -3.0, False),
        (NONE, -4.0, -3.0, False),
        (UNMEASURED, -4.0, -3.0, False),
    ],
)
def test_a_weak_place_whose_sinr_misses_the_standard_fails_by_it(verdict, sinr, asked, fails):
    test = PlaceTest(-105.0, asked, "mean", None, 1, -140.0, 0.5)
    found = fails_by_sinr(np.array([verdict], np.int8), np.array([sinr]), test)
    assert found.tolist() == [fails]


def test_the_mean_sinr_is_of_the_samples_that_report_one():
    """Two samples at -4 dB and six without: the mean is -4 dB, and the place fails by it."""
    bins = Bins(*(np.array(c) for c in ([0, 0], [-90, -90], [-4, NO_BIN], [2, 6], [-18000, -54000],
                                        [-800, 0])))  # fmt: skip
    test = PlaceTest(-105.0, -3.0, "mean", None, 1, -140.0, 0.5)
    found = judge_technology(bins, np.array([0]), test, Spread(-97.0, 10.0, 1.9, 4.9, 3.7))
    assert (found.sinr_mean_db[0], found.verdict[0]) == (-4.0, WEAK)
    assert found.probability[0] == 0.0
