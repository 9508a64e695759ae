from __future__ import annotations

import numpy as np
import pytest

from covermap.core.tiles.ranking import NOBODY, Ranking

NAN = float("nan")
Operators = list[tuple[int, float, int]]


def ranked(*operators: tuple[int, float, int]) -> tuple[int, int]:
    """Best and worst of operators with (covered, level, measured) in one place."""
    ranking = Ranking(1)
    for number, (covered, level, measured) in enumerate(operators):
        ranking.add(
            number, slice(0, 1), np.array([covered]), np.array([level]), np.array([measured])
        )
    return int(ranking.best[0]), int(ranking.worst[0])


@pytest.mark.parametrize(
    ("operators", "best", "worst"),
    [
        ([], NOBODY, NOBODY),
        ([(0, NAN, 0), (0, NAN, 0)], NOBODY, NOBODY),
        ([(0, NAN, 0), (5, -90.0, 9)], 1, NOBODY),
        ([(5, -90.0, 9), (7, -99.0, 9), (6, -70.0, 9)], 1, 0),
        ([(5, -90.0, 9), (5, -80.0, 9)], 1, 0),
        ([(5, -80.0, 9), (5, -80.0, 9), (5, -80.0, 9)], 0, 2),
        ([(0, NAN, 9), (0, -120.0, 9)], 1, 0),
        ([(0, -120.0, 9), (0, NAN, 0), (0, NAN, 3)], 0, 2),
        ([(0, NAN, 4), (0, NAN, 4)], 0, 1),
    ],
)
def test_more_covered_is_better_then_a_higher_level_then_the_order(
    operators: Operators, best: int, worst: int
) -> None:
    assert ranked(*operators) == (best, worst)


def test_places_are_ranked_block_by_block_as_at_once() -> None:
    random = np.random.default_rng(1)
    blocks, whole = Ranking(50), Ranking(50)
    for number in range(4):
        covered, measured = random.integers(0, 3, 50), random.integers(0, 2, 50)
        level = random.choice([-80.0, -90.0, NAN], 50)
        whole.add(number, slice(0, 50), covered, level, measured)
        for rows in (slice(0, 17), slice(17, 50)):
            blocks.add(number, rows, covered[rows], level[rows], measured[rows])
    assert blocks.best.tolist() == whole.best.tolist()
    assert blocks.worst.tolist() == whole.worst.tolist()
