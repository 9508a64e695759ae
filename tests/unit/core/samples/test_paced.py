import numpy as np
import pytest

from covermap.core.samples.paced import Steps, filter_distances_m, within_step
from covermap.core.samples.positions import BETWEEN_FIXES, FIX, LOST, Track, place

METRE_LON = 1 / 111_319.49
NAN = np.nan


def waiting(hold_s, step=105.0, speed=12.0):
    """Rows of a run that reports each 105 m: each fix is repeated for so many seconds."""
    fixes = np.repeat(np.arange(len(hold_s)), hold_s)
    n = len(fixes)
    lon = fixes * step * METRE_LON
    return Track(
        np.zeros(n, int), 1000 * np.arange(n), np.ones(n, bool), lon, 0.0 * lon,
        np.full(n, NAN), np.full(n, speed),
    )  # fmt: skip


def test_a_receiver_that_waits_for_a_distance_is_told_by_its_steps():
    run = np.zeros(3, np.int64)
    steps = np.r_[NAN, np.random.default_rng(1).uniform(100, 115, 40)]
    assert filter_distances_m(run, np.zeros(41, int), steps).tolist() == pytest.approx([101] * 3, 2)


@pytest.mark.parametrize(
    "steps",
    [
        np.random.default_rng(2).uniform(5, 30, 200),
        np.random.default_rng(3).exponential(100, 200),
        np.full(200, 15.0),
        np.full(10, 105.0),
    ],
)
def test_others_do_not_wait(steps):
    got = filter_distances_m(np.zeros(2, np.int64), np.zeros(len(steps), int), steps)
    assert np.isnan(got).all()


def test_each_run_is_told_by_its_own_steps():
    steps = np.r_[np.full(30, 105.0), np.random.default_rng(4).uniform(1, 300, 30)]
    got = filter_distances_m(np.array([0, 1, 2]), np.repeat([0, 1], 30), steps)
    assert got[0] == 105.0
    assert np.isnan(got[1:]).all()


HOLD = [9] * 30 + [300] + [9] * 30


def test_within_a_step_a_long_wait_is_placed_and_says_how_sure():
    made = place(waiting(HOLD), 60.0)
    waited = slice(271, 569)
    assert set(made.basis[waited]) == {BETWEEN_FIXES}
    east = made.lon[waited] / METRE_LON - 30 * 105
    assert ((east > 0) & (east < 105)).all()
    assert (np.diff(east) > -1e-6).all()
    assert 30 < made.error_m[waited].max() < 50
    assert made.error_m[5] < 35


def test_a_speed_that_is_repeated_with_the_fix_counts_for_nothing():
    still, fast = (place(waiting(HOLD, speed=v), 60.0) for v in (0.0, 25.0))
    np.testing.assert_array_equal(still.lon, fast.lon)
    np.testing.assert_array_equal(still.error_m, fast.error_m)
    assert fast.stuck.any()
    assert not still.stuck.any()


def test_a_gap_of_several_steps_and_rows_without_a_position_stay_lost():
    track = waiting(HOLD)
    far = track.lon + np.where(np.arange(len(track.lon)) >= 570, 500 * METRE_LON, 0.0)
    assert set(place(_with(track, far), 60.0).basis[271:569]) == {LOST}
    missing = track.lon.copy()
    missing[300] = NAN
    made = place(_with(track, missing), 60.0)
    assert made.basis[299:302].tolist() == [BETWEEN_FIXES, LOST, BETWEEN_FIXES]


def _with(track, lon):
    return Track(track.run, track.time_ms, track.timed, lon, track.lat, *[track.accuracy_m] * 2)


def test_after_the_last_fix_of_such_a_run_nothing_is_placed():
    made = place(waiting(HOLD), 60.0)
    assert made.basis[-9:].tolist() == [FIX] + [LOST] * 8


def test_the_middle_of_a_long_step_is_the_best_guess_of_where_it_stood():
    one = [np.array([v]) for v in (600.0, 300.0, 105.0, NAN, NAN, 10.0)]
    share, error = within_step(Steps(*one))
    assert share[0] == pytest.approx(0.5)
    assert 25 < error[0] < 40
