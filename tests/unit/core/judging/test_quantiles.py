import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.judging.quantiles import bin_quantile, sum_by_place

COUNTS = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(-120, -90)), st.integers(1, 9), max_size=12
)


def arrays(counts):
    rows = sorted((place, level, n) for (place, level), n in counts.items())
    columns = [list(c) for c in zip(*rows, strict=True)] if rows else [[], [], []]
    return [np.array(c, np.int64) for c in columns]


@given(COUNTS, st.lists(st.integers(0, 5), min_size=4, max_size=4), st.integers(0, 100))
def test_the_quantile_is_the_kth_smallest_sample(counts, n_none, percent):
    got = bin_quantile(*arrays(counts), np.array(n_none, np.int64), -140.0, percent / 100).tolist()
    for place in range(4):
        samples = [-140.0] * n_none[place]
        for (where, level), n in sorted(counts.items()):
            samples += [float(level)] * n * (where == place)
        if not samples:
            assert math.isnan(got[place])
            continue
        rank = max(1, math.ceil(Fraction(percent, 100) * len(samples)))
        assert got[place] == sorted(samples)[rank - 1]


@pytest.mark.parametrize(("quantile", "level"), [(0.07, -194.0), (0.0, -200.0), (1.0, -101.0)])
def test_binary_rounding_of_the_share_does_not_shift_the_rank(quantile, level):
    levels = np.arange(-200, -100, dtype=np.int64)
    place, one = np.zeros(100, np.int64), np.ones(100, np.int64)
    nobody = np.zeros(1, np.int64)
    assert bin_quantile(place, levels, one, nobody, -140.0, quantile)[0] == level


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-(2**40), 2**40))))
def test_sums_by_place_are_exact(rows):
    place = np.array([r[0] for r in rows], np.int64)
    values = np.array([r[1] for r in rows], np.int64)
    expected = [sum(v for p, v in rows if p == k) for k in range(5)]
    assert sum_by_place(place, values, 5).tolist() == expected
