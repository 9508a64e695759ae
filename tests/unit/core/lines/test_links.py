import numpy as np
import pytest
import shapely

from covermap.core.lines.inventory import Ways
from covermap.core.lines.links import SideWays, change_tracks, courses_of, ends_of, link_ids

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def shape(*places):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in places])


def side(*rows):
    """Rows of points (m), kind, and where given name and class."""
    rows = [(*r, *(None, "rail")[len(r) - 2 :]) for r in rows]
    n = len(rows)
    unknown = np.full(n, np.nan)
    column = [np.array([r[k] for r in rows], object) for k in (3, 2, 1)]
    ways = Ways(
        np.array([shape(*r[0]) for r in rows], object), column[0], np.full(n, None, object),
        column[1], unknown, unknown,
    )  # fmt: skip
    return SideWays(ways, column[2])


UP, DOWN, OTHER = [(0, 0), (9000, 0)], [(0, 5), (9000, 5)], [(0, 600), (9000, 600)]
LINES = np.array([shape(*UP), shape(*DOWN), shape(*OTHER)], object)
RAIL = np.full(3, "rail", object)
ROUTE = np.array([0, 0, 1])


def found(*rows, classes=RAIL, route=ROUTE):
    links, _ = courses_of(side(*rows))
    ends = ends_of(links, LINES, classes)
    return links, ends, change_tracks(links, ends, classes, route)


def test_a_connecting_track_of_two_ways_is_one_course_from_line_to_line():
    links, ends, change = found(
        ([(2000, 5), (2600, 100), (3000, 300)], "connecting", "L"),
        ([(3000, 300), (3400, 500), (4000, 600)], "connecting", "L"),
    )
    assert len(links.kind) == 1
    assert links.length_m[0] == pytest.approx(2120, rel=0.05)
    assert ends.joined.tolist() == [True]
    assert {ends.first[0], ends.last[0]} == {1, 2}
    assert change.tolist() == [False]


def test_ways_of_other_kinds_names_or_classes_are_not_made_one():
    a, b = [(2000, 5), (2600, 100)], [(2600, 100), (3200, 200)]
    assert len(found((a, "connecting", "L"), (b, "connecting", "L"))[0].kind) == 1
    for other in ((b, "siding", "L"), (b, "connecting", "M"), (b, "connecting", "L", "metro")):
        assert len(found((a, "connecting", "L"), other)[0].kind) == 2


def test_a_gap_between_side_tracks_is_never_bridged():
    links, ends, _ = found(
        ([(2000, 5), (2600, 100)], "spur", "L"), ([(2640, 106), (3200, 200)], "spur", "L")
    )
    assert len(links.kind) == 2
    assert sorted(ends.joined.tolist()) == [False, True]


def test_what_hangs_on_a_joined_track_is_joined_and_what_hangs_on_nothing_is_not():
    links, ends, _ = found(
        ([(2000, 5), (2600, 100)], "siding", "a"),
        ([(2600, 100), (3200, 300)], "yard", "b"),
        ([(3000, 233), (3300, 300)], "yard", "c"),
        ([(6000, 300), (6600, 300)], "yard", "d"),
        ([(6600, 300), (6900, 320)], "yard", "e"),
    )
    assert dict(zip(links.name, ends.joined.tolist(), strict=True)) == {
        "a": True, "b": True, "c": True, "d": False, "e": False,
    }  # fmt: skip


def test_a_line_that_ends_on_a_side_track_joins_it():
    links, _ = courses_of(side(([(9300, -300), (9300, 300)], "yard", None)))
    reaching = np.array([shape((0, 0), (9290, 0))], object)
    assert ends_of(links, reaching, RAIL[:1]).joined.tolist() == [True]
    assert ends_of(links, LINES, RAIL).joined.tolist() == [False]


def test_a_side_track_joins_lines_of_its_own_kind_only():
    track = ([(2000, 5), (2600, 300)], "connecting", "L")
    for own, theirs, joined in (
        ("rail", "rail", True), ("hsr", "rail", True), ("metro", "rail", False),
        ("rail", "primary", False), ("motorway", "primary", True), ("tram", "metro", False),
    ):  # fmt: skip
        classes = np.full(3, theirs, object)
        ends = found((*track, own), classes=classes)[1]
        assert ends.joined.tolist() == [joined], (own, theirs)


CROSSOVER = [(3000, 0), (3090, 5)]
"""From one track of a line to the other."""


@pytest.mark.parametrize("kind", ["crossover", "other"])
def test_a_short_crossover_between_the_tracks_of_one_line_is_told_from_the_others(kind):
    assert found((CROSSOVER, kind))[2].tolist() == [True]
    # Of another kind, to another line, to another class, too long, or with an end on a side track:
    assert found((CROSSOVER, "siding"))[2].tolist() == [False]
    assert found((CROSSOVER, kind), route=np.array([0, 2, 1]))[2].tolist() == [False]
    other = np.array(["rail", "hsr", "rail"], object)
    assert found((CROSSOVER, kind), classes=other)[2].tolist() == [False]
    assert found(([(3000, 0), (3600, 5)], kind))[2].tolist() == [False]
    on_siding = ([(3090, 8), (3500, 9)], "siding")
    links, _, change = found(([(3000, 0), (3090, 8)], kind), on_siding)
    assert change[links.kind == kind].tolist() == [False]


def test_where_a_track_has_no_name_a_crossover_is_one_of_its_line():
    assert found((CROSSOVER, "crossover"), route=np.array([0, -1, 1]))[2].tolist() == [True]


def test_a_passing_loop_leads_from_a_line_back_to_it():
    _, ends, change = found(([(2000, 5), (2200, 45), (3200, 45), (3400, 5)], "siding"))
    assert (ends.first[0], ends.last[0]) == (1, 1)
    assert change.tolist() == [False]


def test_a_short_loop_is_no_crossover():
    assert found(([(2000, 5), (2100, 25), (2300, 25), (2400, 5)], "other"))[2].tolist() == [False]


def test_of_two_tracks_within_a_metre_the_nearer_one_is_joined():
    close = np.array([shape((0, 0.8), (9000, 0.8)), shape(*UP), shape(*DOWN)], object)
    links, _ = courses_of(side((CROSSOVER, "crossover")))
    ends = ends_of(links, close, RAIL)
    assert sorted([ends.first[0], ends.last[0]]) == [1, 2]


def test_the_order_of_the_ways_and_doubled_ones_change_nothing():
    rows = [
        ([(2000, 5), (2600, 100)], "siding", "a"), ([(2600, 100), (3200, 300)], "siding", "a"),
        ([(4000, 5), (4600, 100)], "yard"), ([(4600, 100), (5200, 300)], "yard"),
    ]  # fmt: skip
    first, again = courses_of(side(*rows))
    assert again == 0
    second, again = courses_of(side(*rows[::-1], rows[2]))
    assert again == 1
    assert shapely.equals_exact(first.geometry, second.geometry).all()
    assert link_ids(first).tolist() == link_ids(second).tolist()
    assert len(set(link_ids(first))) == 2


def test_no_side_ways_make_no_links():
    links, again = courses_of(side())
    assert (len(links.kind), again) == (0, 0)
    ends = ends_of(links, LINES, RAIL)
    assert len(ends.joined) == 0
    assert change_tracks(links, ends, RAIL, ROUTE).tolist() == []
    alone, _ = courses_of(side(([(0, 0), (900, 0)], "yard")))
    assert ends_of(alone, LINES[:0], RAIL[:0]).joined.tolist() == [False]
