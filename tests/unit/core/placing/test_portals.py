import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.matching.graph import graph_of_lines
from covermap.core.matching.match import match_tracks
from covermap.core.placing.portals import (
    CARRIED_S,
    NEAR_PORTAL_M,
    SETTLE_S,
    SILENT_S,
    TRUSTED_S,
    Tunnels,
    doubtful,
    tunnels_on,
    within_m,
)
from covermap.core.placing.way import positions, ways_of

M = 1.0 / 111_194.9


def travelled(courses, run, tunnels):
    """Match a run over lines (metres), and find the tunnels (line, from, to) on its way."""
    shapes = [shapely.LineString(np.array(c, float) * M) for c in courses]
    table = pa.table(
        {
            "geometry": shapely.to_wkb(np.array(shapes, object)),
            "class": ["rail"] * len(shapes),
            "oneway": pa.array([None] * len(shapes), pa.int16()),
        }
    )
    graph = graph_of_lines(table)
    line = shapely.LineString(np.array(run, float))
    xy = shapely.get_coordinates(line.interpolate(np.arange(0.0, line.length + 1e-6, 10.0))) * M
    match = match_tracks(graph, xy[:, 0], xy[:, 1], np.arange(float(len(xy))))
    ways = ways_of(graph, match)
    frame = pd.DataFrame(tunnels, columns=["line", "from_m", "to_m"])
    return graph, match, ways, tunnels_on(graph, match, ways, frame)


def chainages(match, ways, at_m):
    """Line and chainage of the samples nearest to metres of way."""
    rows = [int(np.nanargmin(np.abs(ways.sample_m - m))) for m in at_m]
    return [(int(match.line[r]), round(float(match.chainage_m[r]), -1)) for r in rows]


@pytest.mark.parametrize("back", [False, True])
def test_a_tunnel_is_found_on_the_way_in_both_directions(back):
    run = [(0, 0), (2000, 0)]
    _, match, ways, found = travelled([run], run[::-1] if back else run, [(0, 500.0, 900.0)])
    assert (found.leave_m - found.enter_m).tolist() == pytest.approx([400.0], abs=0.01)
    at = chainages(match, ways, [found.enter_m[0], found.leave_m[0]])
    assert at == [(0, 900.0), (0, 500.0)] if back else at == [(0, 500.0), (0, 900.0)]


def test_tunnels_of_lines_that_are_not_travelled_are_not_on_the_way():
    courses = [[(0, 0), (2000, 0)], [(0, 3000), (2000, 3000)]]
    run = [(0, 0), (2000, 0)]
    assert len(travelled(courses, run, [(1, 500.0, 900.0)])[3].enter_m) == 0
    assert len(travelled(courses, run, [(0, 500.0, 900.0), (1, 0.0, 9.0)])[3].enter_m) == 1
    assert len(travelled(courses, [(0, 0), (400, 0)], [(0, 500.0, 900.0)])[3].enter_m) == 0


def test_a_tunnel_over_the_joint_of_two_lines_is_one_and_two_apart_are_two():
    courses = [[(0, 0), (1000, 0)], [(1000, 0), (3000, 0)]]
    run, both = [(0, 0), (3000, 0)], [(0, 700.0, 1000.0), (1, 0.0, 200.0), (1, 900.0, 1000.0)]
    _, match, ways, found = travelled(courses, run, both)
    assert (found.leave_m - found.enter_m).tolist() == pytest.approx([500.0, 100.0], abs=2.0)
    at = chainages(match, ways, [found.enter_m[0], found.leave_m[0], found.enter_m[1]])
    assert at == [(0, 700.0), (1, 200.0), (1, 900.0)]


def test_a_run_that_ends_in_a_tunnel_has_only_its_part_on_the_way():
    run = [(0, 0), (700, 0)]
    found = travelled([[(0, 0), (2000, 0)]], run, [(0, 500.0, 900.0)])[3]
    assert (found.leave_m - found.enter_m).tolist() == pytest.approx([200.0], abs=1.0)


def test_metres_of_way_belong_to_the_places_that_the_graph_draws():
    graph, match, _, _ = travelled([[(0, 0), (2000, 0)]], [(0, 0), (2000, 0)], [])
    x, _ = positions(graph, match.edge, match.along)
    np.testing.assert_allclose(x / M, match.chainage_m, rtol=2e-3, atol=0.1)


tunnel_sets = st.lists(st.floats(1.0, 500.0), min_size=0, max_size=6).map(
    lambda gaps: Tunnels(
        2.0 * np.cumsum(gaps) - np.array(gaps), 2.0 * np.cumsum(gaps) - 0.1 * np.array(gaps)
    )
)


@given(tunnel_sets, st.floats(0.0, 5000.0), st.floats(0.0, 5000.0))
def test_metres_in_tunnels_are_those_of_each_added_up(tunnels, a, b):
    a, b = min(a, b), max(a, b)
    plain = sum(
        max(0.0, min(b, leave) - max(a, enter))
        for enter, leave in zip(tunnels.enter_m, tunnels.leave_m, strict=True)
    )
    assert within_m(tunnels, np.array([a]), np.array([b]))[0] == pytest.approx(plain, abs=1e-6)


ONE = Tunnels(np.array([1000.0]), np.array([3000.0]))


def doubted(fixes, speed=20.0, tunnels=ONE, every=1.0, second_leg_s=1e9):
    """Times of the fixes of an even run from 0 m that are doubted; samples come in between."""
    time_s = np.arange(min(fixes), max(fixes) + 0.5 * every, every)
    good = np.isin(time_s, np.array(fixes, float))
    leg = (time_s >= second_leg_s).astype(int)
    made = doubtful(tunnels, np.where(good, speed * time_s, np.nan), leg, time_s, good)
    assert not (made & ~good).any()
    return time_s[made].tolist()


def seconds(*stretches):
    return [float(s) for a, b in stretches for s in range(a, b)]


def test_a_receiver_is_trusted_for_a_while_after_the_portal_and_no_longer():
    """It enters at 50 s, is well inside at 51.5 s, and goes silent at 70 s."""
    inside = np.ceil((1000.0 + NEAR_PORTAL_M) / 20.0)
    got = doubted(seconds((0, 70), (160, 200)))
    assert got[:-4] == [s for s in seconds((0, 70)) if s > inside + TRUSTED_S]
    assert got[-4:] == [160.0, 161.0, 162.0, 163.0]


def test_fixes_all_through_a_tunnel_or_for_long_are_believed():
    assert doubted(seconds((0, 200))) == []
    late = int(51 + CARRIED_S + 5)
    assert doubted(seconds((0, late), (160, 170))) == [160.0, 161.0, 162.0, 163.0]
    pause = int(59 + SILENT_S)
    assert doubted(seconds((0, 60), (pause, 200))) == []


def test_fixes_amid_the_silence_of_a_tunnel_are_not_believed():
    fixes = [*seconds((0, 50)), 90.0, 91.0, *seconds((155, 170))]
    assert doubted(fixes) == [90.0, 91.0, 155.0, 156.0, 157.0, 158.0]


def test_the_first_fixes_after_a_tunnel_are_believed_where_there_are_no_others():
    assert doubted(seconds((0, 50), (160, 162))) == []
    assert doubted(seconds((0, 50), (160, 160 + int(SETTLE_S)))) == []
    assert len(doubted(seconds((0, 50), (160, 161 + int(SETTLE_S))))) == SETTLE_S


def test_fixes_far_apart_because_samples_are_say_nothing_of_silence():
    assert doubted(range(0, 201, 30), every=30.0) == []
    assert doubted(range(0, 201, 8), every=8.0) == []
    assert doubted(range(0, 201, 8), every=4.0) != []


def test_a_silence_without_a_tunnel_makes_nothing_doubtful():
    none = Tunnels(np.zeros(0), np.zeros(0))
    assert doubted(seconds((0, 60), (160, 200)), tunnels=none) == []
    assert doubted(seconds((160, 170), (190, 220))) == []


def test_legs_and_samples_without_a_position_say_nothing_of_each_other():
    assert doubted(seconds((0, 70), (160, 200)), second_leg_s=100.0) == []
    made = doubtful(ONE, np.arange(5.0) * 500, np.zeros(5, int), np.arange(5.0), np.zeros(5, bool))
    assert not made.any()
