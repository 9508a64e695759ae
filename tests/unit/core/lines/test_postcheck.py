"""Pairs of kilometre posts that someone should look at."""

import numpy as np
import pytest

from covermap.core.lines.postcheck import along_lines, by_figures
from covermap.core.lines.stretches import count_stretches

EAST = 1 / 67_137
"""Degrees of longitude in a metre, at 53 N."""


def along(*posts, line=0):
    """Remarks of posts (chainage, figure in m, letters, part of an equation) of one line."""
    columns = [(*p, *(0, 0)[len(p) - 2 :]) for p in posts]
    place, told, prefix, part = (np.array(c) for c in zip(*columns, strict=True))
    on = np.full(len(place), line)
    made = count_stretches(on, place.astype(float), told.astype(float), prefix, part)
    at = made.row
    found = along_lines(on[at], place[at] * 1.0, told[at] * 1.0, prefix[at], made.stretch)
    return [
        (k, int(at[a]), int(at[b]), m, t)
        for k, a, b, m, t in zip(*(c.tolist() for c in found), strict=True)
    ]


def test_an_even_count_has_no_remarks():
    assert along((0, 0), (1000, 1000), (2010, 2000), (3000, 3000)) == []


def test_a_jump_between_two_posts_is_a_break_and_one_at_a_place_an_equation():
    count = [(0, 0), (1000, 1000), (2000, 2350), (3000, 3350)]
    assert along(*count) == [("count_break", 1, 2, 1000.0, 1350.0)]
    told = [(0, 0), (1000, 1000), (1500, 1500, 0, 1), (1500, 1850, 0, 2), (2000, 2350)]
    assert along(*told) == [("equation", 2, 3, 0.0, 350.0)]


def test_letters_that_change_are_told_as_that():
    count = [(0, 0), (1000, 1000), (2000, 2000, 1), (3000, 3000, 1)]
    assert along(*count) == [("letters_change", 1, 2, 1000.0, 1000.0)]


def test_a_count_that_turns_is_told_once_and_one_that_falls_is_no_fault():
    turned = [(0, 0), (1000, 1000), (2000, 2000), (3000, 3000), (4000, 9000), (5000, 8000),
              (6000, 7000)]  # fmt: skip
    assert [r[:3] for r in along(*turned)] == [("count_break", 3, 4), ("runs_backwards", 4, 5)]
    falling = along((0, 3000), (1000, 2000), (2000, 1000))
    assert falling == [("against_chainage", 0, 2, 2000.0, -2000.0)]


def test_a_gap_is_measured_by_what_is_usual_on_its_own_line():
    posts = [(0, 0), (100, 100), (200, 200), (460, 460), (560, 560)]
    assert along(*posts) == [("gap", 2, 3, 260.0, 260.0)]
    assert along((0, 0), (100, 100), (200, 200), (440, 440), (540, 540)) == []
    assert along((0, 0), (1000, 1000), (2000, 2000), (4400, 4400)) == []


def figures(*posts):
    """Remarks of posts (figure, metres east, row), all of one count."""
    told, east, row = (np.array(c) for c in zip(*posts, strict=True))
    found = by_figures(
        np.zeros(len(told), np.int64), told * 1.0, 8 + east * EAST, np.full(len(told), 53.0), row
    )
    return [(k, int(row[a]), int(row[b])) for k, a, b, *_ in zip(*found, strict=True)]


@pytest.mark.parametrize(
    ("posts", "remarks"),
    [
        ([(0, 0, 0), (1000, 990, 1), (2000, 1700, 2)], []),
        ([(0, 0, 0), (1000, 1100, 1)], [("count_break", 0, 1)]),
        ([(0, 0, 0), (1000, 1000, 1), (1000, 1500, 2)], [("same_figure", 1, 2)]),
        ([(0, 0, 0), (1000, 1000, 1), (2000, 1000, 2)], [("same_place", 1, 2)]),
        ([(0, 0, 0), (1000, 1000, 1), (1350, 1000, 1), (2350, 2000, 2)], []),
        ([(0, 0, 0), (100, 100, 1), (200, 200, 2), (500, 500, 3)], [("gap", 2, 3)]),
    ],
)
def test_without_a_line_figures_are_compared_with_the_way_straight(posts, remarks):
    """A line may be longer than the way straight, never shorter."""
    assert figures(*posts) == remarks


def test_posts_of_different_lines_are_never_compared():
    none = np.zeros(0)
    whole = np.zeros(0, np.int64)
    assert len(along_lines(whole, none, none, whole, whole).kind) == 0
    assert len(by_figures(whole, none, none, none, whole).kind) == 0
    line, place = np.array([0, 0, 1, 1]), np.array([0.0, 1000, 0, 1000])
    found = along_lines(line, place, place, np.zeros(4, np.int64), np.zeros(4, np.int64))
    assert len(found.kind) == 0
