import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.judging.line_shares import longest_gaps_m
from covermap.core.judging.verdicts import COVERED, NONE, UNMEASURED, WEAK

PIECES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.5, 500)), max_size=40
).map(lambda rows: sorted(rows, key=lambda r: r[0]))


def arrays(rows, lines=4):
    line = np.array([r[0] for r in rows], np.int64)
    return (
        np.searchsorted(line, np.arange(lines + 1)).astype(np.int64),
        np.array([r[1] for r in rows], np.int8),
        np.array([r[2] for r in rows], np.float64),
    )


@given(PIECES, st.lists(st.booleans(), min_size=4, max_size=4))
def test_the_longest_gap_is_that_of_a_plain_scan(rows, ring):
    longest = [0.0] * 4
    for k in range(4):
        own = [(verdict, length) for line, verdict, length in rows if line == k]
        for start in range(len(own)):
            total = 0.0
            for verdict, length in own[start:] + (own[:start] if ring[k] else []):
                if verdict not in (WEAK, NONE):
                    break
                total += length
                longest[k] = max(longest[k], total)
    assert longest_gaps_m(*arrays(rows), np.array(ring)).tolist() == pytest.approx(longest)


def test_an_unmeasured_segment_ends_a_gap_and_so_does_the_next_line():
    rows = [(0, WEAK, 1.0), (0, UNMEASURED, 9.0), (0, NONE, 2.0), (1, WEAK, 1.5)]
    no_ring = np.zeros(2, bool)
    assert longest_gaps_m(*arrays(rows, 2), no_ring).tolist() == [2.0, 1.5]


def test_a_gap_runs_over_the_ends_of_a_ring_and_once_round_at_most():
    rows = [(0, WEAK, 1.0), (0, COVERED, 9.0), (0, NONE, 2.0), (1, WEAK, 1.5), (1, WEAK, 1.5)]
    for ring, longest in ((False, [2.0, 3.0]), (True, [3.0, 3.0])):
        assert longest_gaps_m(*arrays(rows, 2), np.full(2, ring)).tolist() == longest
