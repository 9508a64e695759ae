"""Answers to targets and places of regions, beside plain references."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.score import ranks, target_answers

NUMBER = st.floats(0, 100) | st.just(math.nan)


def plainly(low: float, high: float, target: float, total: float) -> str:
    if math.isnan(target):
        return "untold"
    if low >= target:
        return "pass"
    if total < target:
        return "part"
    return "fail" if high < target else "undetermined"


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), max_size=20))
def test_answers_are_those_of_a_plain_reference(rows: list[tuple[float, ...]]) -> None:
    columns = [np.array([row[k] for row in rows], float) for k in range(4)]
    near = [any(abs(r[2] - x) <= 1e-6 * r[2] for x in (*r[:2], r[3]) if x != r[2]) for r in rows]
    for found, row, close in zip(target_answers(*columns).tolist(), rows, near, strict=True):
        assert close or found == plainly(*row)


def test_a_sum_that_misses_its_target_by_its_last_bit_reaches_it() -> None:
    low = np.array([0.1 * 3])
    assert target_answers(low - 1e-16, low, np.array([0.3]), np.array([1.0])).tolist() == ["pass"]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4) | st.just(None)), max_size=20))
def test_ranks_count_the_better_ones_of_the_same_group(rows: list[tuple[int, int | None]]) -> None:
    group = np.array([g for g, _ in rows], np.int64)
    value = np.array([math.nan if v is None else float(v) for _, v in rows], np.float64)
    expected = [
        0 if v is None else 1 + sum(h == g and w is not None and w > v for h, w in rows)
        for g, v in rows
    ]
    assert ranks(group, value).tolist() == expected
