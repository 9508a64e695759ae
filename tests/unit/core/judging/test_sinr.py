"""Places that fail by their SINR, however strong they are."""

import numpy as np
import pytest

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
