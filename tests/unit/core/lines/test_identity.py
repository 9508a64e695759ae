"""Lines keep their identity through small edits of their ways."""

import numpy as np
import pytest
import shapely

from covermap.core.lines.chains import Limits
from covermap.core.lines.identity import Known, keep_lines, stored_geometry
from covermap.core.lines.inventory import Ways, in_canonical_order, make_inventory

EAST_M, NORTH_M = 1 / 66_900, 1 / 111_280


def way(*points):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in points])


MAIN = [((0, 0), (900, 40), (2000, 0)), ((2000, 0), (3100, 60), (4000, 300))]
BESIDE = [((0, -12), (900, 28), (2000, -12)), ((2000, -12), (3100, 48), (4000, 288))]
BRANCH = [((2000, 3000), (2600, 5000), (2500, 8000))]


def imported(parts, known=None, names=None, cls="rail"):
    """Import ways: lists of points; `names` gives each a name."""
    n = len(parts)
    names = names or ["x"] * n
    unknown = np.full(n, np.nan)
    ways = Ways(
        np.array([way(*p) for p in parts], object),
        np.full(n, cls, object),
        np.full(n, None, object),
        np.array(names, object),
        unknown,
        unknown,
    )
    return make_inventory(in_canonical_order(ways)[0], Limits(), known)


def known_of(made):
    return Known(made.line_id, made.line_class, stored_geometry(made.geometry))


def at(made, x, y):
    """Identity of the line nearest a point."""
    point = shapely.Point(8 + x * EAST_M, 53 + y * NORTH_M)
    return made.line_id[int(np.argmin(shapely.distance(made.geometry, point)))]


FIRST = MAIN + BESIDE + BRANCH
PLACES = [(900, 40), (900, 28), (2550, 7000)]


def moved(parts, x, y):
    return [tuple((a + x, b + y) for a, b in p) for p in parts]


EDITS = {
    "a way split": [((0, 0), (900, 40)), ((900, 40), (2000, 0)), MAIN[1], *BESIDE, *BRANCH],
    "vertices moved by metres": [
        ((1, 2), (903, 37), (2000, 3)), ((2000, 3), (3098, 63), (4002, 302)), *BESIDE, *BRANCH
    ],
    "an end extended by 300 m": [*MAIN, ((4000, 300), (4280, 400)), *BESIDE, *BRANCH],
    "a way turned round": [MAIN[0][::-1], MAIN[1], BESIDE[0], BESIDE[1][::-1], BRANCH[0][::-1]],
    "all ways turned round": [p[::-1] for p in FIRST],
    "another line added": [*FIRST, ((-3000, 5000), (-1000, 5100)), ((2000, 24), (4000, 330))],
    "a way of the other track gone": [*MAIN, BESIDE[0], *BRANCH],
    "another order": FIRST[::-1],
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_identity_outlives(edit):
    first = imported(FIRST)
    again = imported(EDITS[edit], known_of(first))
    for place in PLACES:
        assert at(again, *place) == at(first, *place)
    assert len(set(again.line_id)) == len(again.line_id)


def test_an_identity_outlives_a_corrected_name():
    first = imported(FIRST)
    again = imported(FIRST, known_of(first), ["y"] * len(FIRST))
    assert set(again.line_id) == set(first.line_id)
    assert set(again.name) == {"y"}
    assert not set(imported(FIRST, None, ["y"] * len(FIRST)).line_id) & set(first.line_id)


def test_the_direction_of_chainage_is_kept_when_all_ways_are_turned_round():
    first = imported(BRANCH)
    again = imported([BRANCH[0][::-1]], known_of(first))
    np.testing.assert_array_equal(
        shapely.get_coordinates(first.geometry), shapely.get_coordinates(again.geometry)
    )
    alone = imported([BRANCH[0][::-1]])
    assert (shapely.get_coordinates(alone.geometry)[0] != shapely.get_coordinates(
        first.geometry)[0]).any()  # fmt: skip


def test_the_longest_part_of_a_split_line_keeps_the_identity():
    first = imported([((0, 0), (3000, 0), (5000, 0))])
    again = imported([((0, 0), (3000, 0)), ((3600, 0), (5000, 0))], known_of(first))
    assert at(again, 1000, 0) == first.line_id[0]
    assert at(again, 4500, 0) != first.line_id[0]


def test_the_line_that_gives_most_of_a_merged_line_goes_on_and_a_later_split_brings_it_back():
    parts = [((0, 0), (3000, 0)), ((3400, 0), (5000, 0))]
    apart = imported(parts)
    known = known_of(apart)
    merged = imported([((0, 0), (3000, 0)), ((3000, 0), (5000, 0))], known)
    assert list(merged.line_id) == [at(apart, 1000, 0)]
    both = Known(
        np.array([*merged.line_id, at(apart, 4500, 0)], object),
        np.array(["rail", "rail"], object),
        np.array([*merged.geometry, way((3400, 0), (5000, 0))], object),
    )
    again = imported(parts, both)
    assert at(again, 4500, 0) == at(apart, 4500, 0)
    assert at(again, 1000, 0) == at(apart, 1000, 0)


def test_a_line_that_only_crosses_a_known_one_is_new():
    first = imported([((0, 0), (5000, 0))])
    other = imported([((2500, -2500), (2500, 2500))], known_of(first))
    assert other.line_id[0] != first.line_id[0]


def test_a_line_of_another_class_is_new():
    first = imported(BRANCH)
    other = imported(BRANCH, known_of(first), cls="hsr")
    assert other.line_id[0].startswith("hsr-")


def test_an_identity_made_of_ends_is_not_given_twice():
    first = imported([((0, 0), (2000, 1500), (5000, 0))])
    # The known line's course goes on under its identity; a new one has its very ends and name.
    known = Known(first.line_id, first.line_class, np.array([way((0, 900), (4000, 1500))], object))
    again = imported([((0, 900), (4000, 1500)), ((0, 0), (2000, -1500), (5000, 0))], known)
    assert len(set(again.line_id)) == 2
    assert first.line_id[0] in set(again.line_id)


def test_without_known_lines_nothing_is_kept():
    made = keep_lines(np.array([way((0, 0), (9, 0))], object), np.array(["rail"], object), None)
    assert made.known.tolist() == [-1]
    assert made.same_way.tolist() == [True]


def test_the_same_lines_again_are_all_kept_whatever_their_order():
    first = imported(FIRST)
    order = np.random.default_rng(3).permutation(len(first.line_id))
    kept = keep_lines(first.geometry[order], first.line_class[order], known_of(first))
    assert kept.line_id.tolist() == first.line_id[order].tolist()
    assert kept.same_way.all()
