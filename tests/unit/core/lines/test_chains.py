import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from covermap.core.lines.chains import Limits, draw_courses, join_ways

GEOD = Geod(ellps="WGS84")
EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def way(*points):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in points])


def join(*ways, group=None, limits=Limits()):  # noqa: B008 - limits are frozen
    group = np.zeros(len(ways), np.int64) if group is None else np.array(group)
    return join_ways(np.array(ways, dtype=object), group, limits)


def courses(*ways, **more):
    chains = join(*ways, **more)
    return draw_courses(np.array(ways, dtype=object), chains).geometry


def test_ways_that_run_on_become_one_course_whichever_way_they_are_drawn():
    a, b = way((0, 0), (500, 0)), way((500, 0), (1000, 50))
    for pair in ((a, b), (a, shapely.reverse(b)), (shapely.reverse(a), b)):
        made = courses(*pair)
        assert len(made) == 1
        assert GEOD.geometry_length(made[0]) == (
            np.float64(GEOD.geometry_length(a)) + GEOD.geometry_length(b)
        )
        assert len(made[0].coords) == 3


def test_a_join_in_the_middle_leaves_the_straight_course_whole_and_the_branch_apart():
    chains = join(way((0, 0), (1000, 0)), way((1000, 0), (2000, 0)), way((1000, 0), (1400, 400)))
    assert chains.chain.tolist() == [0, 0, 1]


def test_two_courses_that_cross_at_a_node_both_go_straight_on():
    chains = join(
        way((0, 0), (1000, 0)),
        way((1000, 0), (2000, 0)),
        way((1000, -900), (1000, 0)),
        way((1000, 0), (1000, 900)),
    )
    assert chains.chain.tolist() == [0, 0, 1, 1]


def test_ways_of_other_groups_are_not_joined():
    chains = join(way((0, 0), (500, 0)), way((500, 0), (900, 0)), group=[0, 1])
    assert chains.chain.tolist() == [0, 1]


def test_a_sharp_turn_is_not_the_same_course():
    chains = join(way((0, 0), (1000, 0)), way((1000, 0), (300, 500)))
    assert chains.chain.tolist() == [0, 1]


def test_carriageways_that_meet_at_their_end_stay_two():
    chains = join(way((0, 0), (3000, 0)), way((3000, 0), (3000, 40)), way((3000, 40), (0, 40)))
    long = [c for k, c in enumerate(chains.chain.tolist()) if k != 1]
    assert long[0] != long[1]


def test_a_hairpin_whose_legs_part_stays_one_course():
    chains = join(
        way((0, 0), (900, 0), (1000, 30)),
        way((1000, 30), (1030, 100), (1000, 170)),
        way((1000, 170), (900, 250), (0, 900)),
    )
    assert set(chains.chain.tolist()) == {0}


def test_where_carriageways_touch_each_goes_on_in_its_own_direction():
    chains = join(
        way((0, 10), (1000, 0)),
        way((1000, 0), (2000, 10)),
        way((2000, -10), (1000, 0)),
        way((1000, 0), (0, -10)),
    )
    assert chains.chain.tolist() == [0, 0, 1, 1]


def test_a_short_gap_between_ends_that_run_on_is_bridged_and_told():
    gap = join(way((0, 0), (1000, 0)), way((1080, 5), (2000, 0)))
    assert gap.chain.tolist() == [0, 0]
    assert gap.bridged == 1
    assert abs(gap.gap_m - 80) < 1
    assert join(way((0, 0), (1000, 0)), way((1200, 0), (2000, 0))).chain.tolist() == [0, 1]
    aside = join(way((0, 0), (1000, 0)), way((1000, 80), (0, 80)))
    assert aside.chain.tolist() == [0, 1]


def test_a_loop_is_one_closed_course():
    made = courses(way((0, 0), (900, 300), (1800, 0)), way((1800, 0), (900, -300), (0, 0)),
                   limits=Limits(turn_deg=150))  # fmt: skip
    assert len(made) == 1
    assert made[0].is_closed


def test_ways_on_both_sides_of_longitude_180_are_not_drawn_across_the_map():
    a = shapely.LineString([(179.9, 10), (180, 10)])
    b = shapely.LineString([(-180, 10), (-179.9, 10)])
    assert len(courses(a, b)) == 2


def test_no_ways_make_no_courses():
    assert len(join().chain) == 0


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_no_way_is_lost_or_drawn_twice(seed):
    rng = np.random.default_rng(seed)
    node = rng.integers(0, 6, (30, 2)) * 400.0
    pick = rng.integers(0, 30, (25, 2))
    ways = [way(node[i], node[j]) for i, j in pick if not (node[i] == node[j]).all()]
    chains = join(*ways)
    drawn = draw_courses(np.array(ways, dtype=object), chains)
    total = sum(GEOD.geometry_length(w) for w in ways)
    got = sum(GEOD.geometry_length(c) for c in drawn.geometry)
    assert abs(got - total) < 1e-6 * total + chains.gap_m + 1e-6
    for course in np.unique(chains.chain):
        place = np.sort(chains.position[chains.chain == course])
        assert place.tolist() == list(range(len(place)))
