import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.judging.line_shares import longest_gaps_m
from covermap.core.judging.verdicts import NONE, UNMEASURED, WEAK

PIECES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.5, 500)), max_size=40
).map(lambda rows: sorted(rows, key=lambda r: r[0]))


def arrays(rows):
    return (
        np.array([r[0] for r in rows], np.int64),
        np.array([r[1] for r in rows], np.int8),
        np.array([r[2] for r in rows], np.float64),
    )


@given(PIECES)
def test_the_longest_gap_is_that_of_a_plain_scan(rows):
    longest = [0.0] * 4
    for start in range(len(rows)):
        total = 0.0
        for line, verdict, length in rows[start:]:
            if line != rows[start][0] or verdict not in (WEAK, NONE):
                break
            total += length
            longest[line] = max(longest[line], total)
    assert longest_gaps_m(*arrays(rows), 4).tolist() == pytest.approx(longest)


def test_an_unmeasured_segment_ends_a_gap_and_so_does_the_next_line():
    rows = [(0, WEAK, 1.0), (0, UNMEASURED, 9.0), (0, NONE, 2.0), (1, WEAK, 1.5)]
    assert longest_gaps_m(*arrays(rows), 2).tolist() == [2.0, 1.5]
