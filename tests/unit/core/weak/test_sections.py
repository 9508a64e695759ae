import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.weak.sections import keep_large, weak_sections

STATE = {"C": (False, False), "W": (True, False), "u": (False, True)}


def sections(text, bridge_m=200.0, line=None):
    """One letter a segment of 100 m: C covered, W weak, u unmeasured."""
    failing = np.array([STATE[c][0] for c in text], bool)
    unmeasured = np.array([STATE[c][1] for c in text], bool)
    number = np.zeros(len(text), np.int64) if line is None else np.array(line)
    return weak_sections(number, failing, unmeasured, np.full(len(text), 100.0), bridge_m).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("CCu", [-1, -1, -1]),
        ("WWCW", [0, 0, -1, 1]),
        ("WuW", [0, -1, 0]),
        ("WuuW", [0, -1, -1, 0]),
        ("WuuuW", [0, -1, -1, -1, 1]),
        ("WuCuW", [0, -1, -1, -1, 1]),
        ("uWu", [-1, 0, -1]),
        ("WuWuW", [0, -1, 0, -1, 0]),
        ("WuuWuuW", [0, -1, -1, 0, -1, -1, 0]),
    ],
)
def test_unmeasured_gaps_up_to_the_bridge_join_and_covered_segments_part(text, expected):
    assert sections(text) == expected


def test_sections_end_with_their_line():
    assert sections("WW", line=[0, 1]) == [0, 1]
    assert sections("WuuW", line=[0, 0, 1, 1]) == [0, -1, -1, 1]


def plain(text, bridge_m):
    """Every two failing segments with nothing covered and no long gap between share a section."""
    found = [-1] * len(text)
    number = -1
    for i, state in enumerate(text):
        if state != "W":
            continue
        between = None
        for j in range(i - 1, -1, -1):
            if text[j] == "W":
                between = text[j + 1 : i]
                break
        joined = between is not None and "C" not in between and len(between) * 100 <= bridge_m
        number += not joined
        found[i] = number
    return found


@given(st.text("CWu", max_size=30), st.sampled_from([0.0, 100.0, 250.0, 1000.0]))
def test_sections_equal_those_of_the_plain_reference(text, bridge_m):
    assert sections(text, bridge_m) == plain(text, bridge_m)


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(1, 300)), max_size=20))
def test_small_groups_are_dropped_and_the_rest_numbered_in_order(rows):
    used = sorted({g for g, _ in rows if g >= 0})
    rows = [(used.index(g) if g >= 0 else -1, size) for g, size in rows]
    got = keep_large(
        np.array([g for g, _ in rows], np.int64), np.array([float(s) for _, s in rows]), 200.0
    ).tolist()
    totals = {g: sum(s for h, s in rows if h == g) for g in range(len(used))}
    kept = [g for g in sorted(totals) if totals[g] >= 200]
    assert got == [kept.index(g) if g in kept else -1 for g, _ in rows]
