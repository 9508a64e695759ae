import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.judging.line_shares import answers, line_lengths, longest_gaps_m
from covermap.core.judging.verdicts import COVERED, NONE, UNMEASURED, WEAK

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
def test_lengths_by_verdict_add_up_to_the_line(rows):
    lengths = line_lengths(*arrays(rows), 4)
    for line in range(4):
        mine = [r for r in rows if r[0] == line]
        assert lengths.total[line] == pytest.approx(math.fsum(r[2] for r in mine), abs=1e-6)
        for verdict in range(4):
            expected = math.fsum(r[2] for r in mine if r[1] == verdict)
            assert lengths.by_verdict[line, verdict] == pytest.approx(expected, abs=1e-6)


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


def test_shares_of_an_unmeasured_line_are_unknown_and_bounded_by_nothing_and_everything():
    lengths = line_lengths(*arrays([(0, UNMEASURED, 10.0)]), 1)
    assert np.isnan(lengths.covered_share[0])
    assert (lengths.share_if_rest_bad[0], lengths.share_if_rest_good[0]) == (0.0, 1.0)


def answer(rows, chances, share=0.95, confidence=0.95):
    line, verdict, length = arrays(rows)
    return answers(line, verdict, np.array(chances), length, 1, share, confidence)[0]


def test_sure_segments_decide_and_doubtful_ones_do_not():
    covered = [(0, COVERED, 100.0)] * 100
    weak = [(0, WEAK, 100.0)] * 100
    assert answer(covered, [0.999] * 100) == "pass"
    assert answer(covered, [0.9] * 100) == "undetermined"
    assert answer(weak, [0.01] * 100) == "fail"
    assert answer(weak, [0.97] * 100) == "undetermined"


def test_probabilities_alone_do_not_pass_a_line_whose_verdicts_fail():
    rows = [(0, COVERED, 100.0)] * 90 + [(0, WEAK, 100.0)] * 10
    assert answer(rows, [0.9999] * 100) == "undetermined"


def test_five_percent_unmeasured_may_still_pass_and_six_may_not():
    for gap, expected in ((5, "pass"), (6, "undetermined")):
        rows = [(0, COVERED, 100.0)] * (100 - gap) + [(0, UNMEASURED, 100.0)] * gap
        chances = [1.0] * (100 - gap) + [np.nan] * gap
        assert answer(rows, chances) == expected


def test_nothing_measured_is_undetermined_even_if_nothing_is_asked():
    assert answer([(0, UNMEASURED, 100.0)], [np.nan], share=0.0) == "undetermined"
