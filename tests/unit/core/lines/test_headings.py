import numpy as np

from covermap.core.geodesy import turn_deg
from covermap.core.lines.headings import headings_deg

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def track(points):
    xy = np.array(points, float)
    return 8 + xy[:, 0] * EAST_M, 53 + xy[:, 1] * NORTH_M


def heading(points, run=None):
    lon, lat = track(points)
    run = np.zeros(len(lon), np.int64) if run is None else np.array(run)
    return headings_deg(lon, lat, run)


def test_a_straight_run_has_its_direction_everywhere():
    got = heading([(30 * k, 30 * k) for k in range(10)])
    assert (turn_deg(got, np.full(10, 45.0)) < 1).all()


def test_standing_still_keeps_the_direction_of_coming_and_going():
    got = heading([(0, 0), (30, 0), (60, 0), (61, 1), (60, 0), (60, 0), (90, 0)])
    assert (turn_deg(got, np.full(7, 90.0)) < 5).all()


def test_a_corner_has_the_mean_of_both_directions():
    got = heading([(0, 0), (30, 0), (60, 0), (60, 30), (60, 60)])
    assert abs(got[2] - 45) < 1


def test_a_run_that_never_moves_has_no_direction():
    assert np.isnan(heading([(0, 0), (1, 1), (2, 0)])).all()


def test_a_missing_position_has_no_direction_and_hides_none():
    lon, lat = track([(0, 0), (30, 0), (60, 0)])
    lon[1] = np.nan
    got = headings_deg(lon, lat, np.zeros(3, np.int64))
    assert np.isnan(got[1])
    assert (turn_deg(got[[0, 2]], np.full(2, 90.0)) < 1).all()


def test_runs_do_not_look_into_each_other():
    got = heading([(0, 0), (30, 0), (30, 500), (30, 530)], [0, 0, 1, 1])
    assert (turn_deg(got, np.array([90.0, 90, 0, 0])) < 1).all()


def test_a_jump_over_a_kilometre_shows_no_direction():
    got = heading([(0, 0), (5000, 0)])
    assert np.isnan(got).all()
