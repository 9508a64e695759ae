import numpy as np
import pyarrow as pa
import pytest
import shapely

from covermap.core.matching.graph import graph_of_edges, graph_of_lines
from covermap.core.matching.layout import REASONS
from covermap.core.matching.match import match_tracks
from covermap.core.matching.settings import MatchSettings

M = 1.0 / 111_194.9


def lines(*courses):
    """Make LineStrings of courses in metres near the equator."""
    return np.array([shapely.LineString(np.array(c, float) * M) for c in courses], object)


def table(geometry, classes=None, oneway=None):
    return pa.table(
        {
            "geometry": shapely.to_wkb(geometry),
            "class": classes or ["rail"] * len(geometry),
            "oneway": pa.array(oneway or [None] * len(geometry), pa.int16()),
        }
    )


def drive(*corners, step=10.0, noise=0.0, seed=0):
    """Positions (degrees) and seconds along a course in metres, one a step."""
    line = shapely.LineString(corners)
    at = np.arange(0.0, line.length + 1e-6, step)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    xy += np.random.default_rng(seed).normal(0.0, noise, xy.shape) if noise else 0.0
    return xy[:, 0] * M, xy[:, 1] * M, np.arange(len(xy), dtype=float)


def path_edges(match):
    arcs = match.path.arc
    return list(arcs[np.r_[True, arcs[1:] != arcs[:-1]]]) if len(arcs) else []


def test_a_drive_along_two_edges_is_on_both_in_driving_order():
    graph = graph_of_edges(lines([(0, 0), (500, 0)], [(500, 0), (500, 500)]))
    made = match_tracks(graph, *drive((0, 0), (500, 0), (500, 500), noise=4.0))
    assert path_edges(made) == [0, 2]
    assert (made.reason == 0).all()
    assert np.nanmin(made.probability) > 0.4


def test_a_oneway_edge_is_never_travelled_against_its_direction():
    graph = graph_of_edges(
        lines([(0, 0), (1000, 0)], [(0, 12), (1000, 12)]),
        np.array([True, False]),
        np.array([False, True]),
    )
    made = match_tracks(graph, *drive((1000, 5), (0, 5)))
    assert set(made.edge) == {1}
    assert set(made.direction) == {-1}


def test_a_flyover_is_not_a_junction():
    graph = graph_of_lines(table(lines([(-500, 0), (500, 0)], [(0, -500), (0, 500)])))
    made = match_tracks(graph, *drive((-500, 0), (500, 0), noise=4.0))
    assert set(made.line) == {0}


def test_a_line_joins_the_one_it_ends_on():
    graph = graph_of_lines(table(lines([(-500, 0), (500, 0)], [(0, 5), (0, 500)])))
    made = match_tracks(graph, *drive((-500, 0), (0, 0), (0, 500)))
    assert set(made.leg) == {0}
    assert set(made.line) == {0, 1}
    np.testing.assert_allclose(made.chainage_m[20], 700.0 - 500.0 + 0.0, atol=0.5)


def test_a_gap_in_the_line_is_not_bridged():
    graph = graph_of_lines(table(lines([(0, 0), (1000, 0)], [(1300, 0), (2300, 0)])))
    made = match_tracks(graph, *drive((0, 0), (2300, 0), step=20.0))
    assert set(made.leg[made.line == 0]) == {0}
    assert set(made.leg[made.line == 1]) == {1}
    travelled = made.path.to_m - made.path.from_m
    assert travelled.sum() == pytest.approx(2000.0, abs=30.0)


def test_a_jump_of_4_km_splits_the_track_and_credits_nothing_between():
    graph = graph_of_edges(lines([(0, 0), (10_000, 0)]))
    x = np.r_[np.arange(0, 1000, 20.0), np.arange(5000, 6000, 20.0)]
    made = match_tracks(graph, x * M, 0.0 * x, np.arange(len(x), dtype=float))
    assert set(made.leg) == {0, 1}
    assert (made.path.to_m - made.path.from_m).sum() == pytest.approx(2 * 980.0, rel=2e-3)


def test_one_wild_position_is_left_aside_and_the_path_goes_on():
    graph = graph_of_edges(lines([(0, 0), (3000, 0)], [(0, 2000), (3000, 2000)]))
    lon, lat, time = drive((0, 0), (3000, 0), step=20.0)
    lat[60] = 2000.0 * M
    made = match_tracks(graph, lon, lat, time)
    assert REASONS[made.reason[60]] == "not_travelled"
    assert set(made.leg[made.reason == 0]) == {0}


def test_class_decides_where_a_road_lies_under_a_viaduct():
    road_and_rail = lines([(0, 0), (30_000, 0)], [(0, 3), (30_000, 3)])
    graph = graph_of_lines(table(road_and_rail, ["motorway", "hsr"]))
    track = drive((0, 3), (30_000, 3), step=60.0, noise=5.0)
    assert set(match_tracks(graph, *track, allowed=np.array([True, False])).line) == {0}
    assert set(match_tracks(graph, *track, allowed=np.array([False, True])).line) == {1}


def test_parallel_tracks_that_nothing_tells_apart_keep_both_candidates():
    graph = graph_of_lines(table(lines([(0, 0), (5000, 0)], [(0, 5), (5000, 5)])))
    made = match_tracks(graph, *drive((0, 2.5), (5000, 2.5), step=50.0))
    np.testing.assert_allclose(made.probability, 0.5, atol=0.01)
    np.testing.assert_allclose(made.other_probability, 0.5, atol=0.01)
    travelled = made.path.to_m - made.path.from_m > 1.0
    np.testing.assert_allclose(made.path.probability[travelled], 0.5, atol=0.01)


def test_noise_while_standing_makes_no_turn():
    graph = graph_of_edges(lines([(0, 0), (1000, 0)]))
    rng = np.random.default_rng(1)
    x = np.r_[np.arange(0, 500, 10.0), np.full(300, 500.0), np.arange(500, 1000, 10.0)]
    noise = rng.normal(0.0, 5.0, (2, len(x)))
    made = match_tracks(graph, (x + noise[0]) * M, noise[1] * M, np.arange(len(x)) * 1.0)
    assert path_edges(made) == [0]
    assert (made.line == 0).all()


def test_turning_round_at_a_terminus_is_allowed():
    graph = graph_of_edges(lines([(0, 0), (1000, 0)], [(1000, 0), (1500, 0)]))
    made = match_tracks(graph, *drive((0, 0), (1500, 0), (1, 0), noise=4.0, step=15.0))
    assert path_edges(made) == [0, 2, 3, 1]
    assert set(made.leg) == {0}


def test_point_by_point_the_heading_decides_between_carriageways():
    graph = graph_of_edges(
        lines([(0, 0), (1000, 0)], [(1000, 20), (0, 20)]),
        np.array([True, True]),
        np.array([False, False]),
    )
    lon, lat, _ = drive((0, 12), (1000, 12))
    n = len(lon)
    made = match_tracks(graph, lon, lat, run=np.arange(n), heading_deg=np.full(n, 90.0))
    assert set(made.line) == {0}
    assert len(made.path.arc) == 0


def test_far_samples_and_missing_positions_keep_their_reason():
    graph = graph_of_edges(lines([(0, 0), (1000, 0)]))
    made = match_tracks(graph, np.array([np.nan, 0.0, 0.001]), np.array([0.0, 0.01, 0.0]))
    assert [REASONS[r] for r in made.reason] == ["no_position", "too_far", "matched"]


def test_no_edges_and_no_samples_give_empty_answers():
    graph = graph_of_edges(lines([(0, 0), (1000, 0)]))
    assert len(match_tracks(graph, np.zeros(0), np.zeros(0)).line) == 0
    nothing = match_tracks(graph_of_edges(np.zeros(0, object)), np.zeros(3), np.zeros(3))
    assert set(nothing.line) == {-1}


@pytest.mark.parametrize("apart", [5.0, 20.0, 50.0])
def test_carriageways_are_told_apart_by_their_direction(apart):
    graph = graph_of_edges(
        lines([(0, 0), (3000, 0)], [(3000, apart), (0, apart)]),
        np.array([True, True]),
        np.array([False, False]),
    )
    made = match_tracks(graph, *drive((3000, apart), (0, apart), noise=5.0, step=20.0))
    assert set(made.line) == {1}
    assert made.probability.min() > 0.99
    assert MatchSettings().sigma_m == 5.0


def test_a_road_under_a_viaduct_and_tracks_50_m_apart_are_never_mixed_up():
    graph = graph_of_lines(
        table(lines([(0, 0), (5000, 0)], [(0, 5), (5000, 5)], [(0, 50), (5000, 50)]),
              ["rail", "motorway", "rail"])
    )  # fmt: skip
    made = match_tracks(
        graph, *drive((0, 0), (5000, 0), noise=5.0, step=30.0),
        allowed=np.array([True, False, True]),
    )  # fmt: skip
    assert set(made.line) == {0}
    assert made.probability.min() > 0.999


def test_a_sample_that_only_a_barred_line_is_near_says_so():
    graph = graph_of_edges(lines([(0, 0), (1000, 0)]))
    made = match_tracks(graph, np.array([0.005]), np.array([0.0]), allowed=np.array([False]))
    assert [REASONS[r] for r in made.reason] == ["class"]


def test_a_road_that_crosses_itself_keeps_the_order_of_the_drive():
    loop = [(0, 0), (600, 0), (600, 300), (300, 300), (300, -300)]
    graph = graph_of_edges(lines(loop))
    made = match_tracks(graph, *drive(*loop, noise=3.0))
    assert set(made.leg) == {0}
    assert np.diff(made.chainage_m).min() > -15.0
    assert (made.path.to_m - made.path.from_m).sum() == pytest.approx(1800.0, abs=25.0)


def test_a_side_street_that_was_only_near_is_not_credited():
    graph = graph_of_edges(lines([(0, 0), (500, 0)], [(500, 0), (1000, 0)], [(500, 0), (500, 400)]))
    made = match_tracks(graph, *drive((0, 0), (1000, 0), noise=5.0))
    sure = made.path.probability > 0.9
    assert set(made.path.arc[sure] >> 1) == {0, 1}


def test_a_run_matched_backwards_gives_the_same_edges_the_other_way():
    graph = graph_of_edges(lines([(0, 0), (500, 0)], [(500, 0), (500, 500)], [(500, 0), (900, 0)]))
    lon, lat, time = drive((0, 0), (500, 0), (500, 500), noise=4.0)
    ahead, back = (
        match_tracks(graph, lon, lat, time),
        match_tracks(graph, lon[::-1], lat[::-1], time),
    )
    assert path_edges(back) == [a ^ 1 for a in path_edges(ahead)[::-1]]


def test_errors_that_repeat_each_other_are_taken_as_larger():
    graph = graph_of_edges(lines([(0, 0), (1500, 0)], [(0, 6), (1500, 6)]))
    lon, lat, time = drive((0, 0), (1500, 0), step=20.0)
    white = np.random.default_rng(1).normal(0.0, 5.0, len(lon))
    slow = white.copy()
    for k in range(1, len(slow)):
        slow[k] = 0.97 * slow[k - 1] + np.sqrt(1 - 0.97**2) * white[k]
    alone = match_tracks(graph, lon, lat + white * M, time)
    together = match_tracks(graph, lon, lat + slow * M, time)
    assert together.probability.mean() < alone.probability.mean()
