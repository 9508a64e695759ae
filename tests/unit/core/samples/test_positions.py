import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from covermap.core.samples.positions import BETWEEN_FIXES, FIX, HELD, LOST, Track, place

NAN = float("nan")
GEOD = Geod(ellps="WGS84")
METRE_LON = 1 / 111_319.49
"""Degrees of longitude in one metre on the equator, where these tracks lie."""


def track(seconds, east_m, speed=None, run=None, timed=None, accuracy=None):
    n = len(seconds)
    lon = np.array(east_m, dtype=float) * METRE_LON
    return Track(
        np.zeros(n, int) if run is None else np.array(run),
        np.round(np.array(seconds, dtype=float) * 1000).astype(np.int64),
        np.ones(n, bool) if timed is None else np.array(timed),
        lon,
        np.where(np.isnan(lon), np.nan, 0.0),
        np.full(n, NAN) if accuracy is None else np.array(accuracy, dtype=float),
        np.full(n, NAN) if speed is None else np.array(speed, dtype=float),
    )


def bases(placed):
    return ["fhbml"[b] for b in placed.basis]


def east(placed):
    return (placed.lon / METRE_LON).round(3).tolist()


def test_a_position_is_a_fix_only_when_it_changes():
    placed = place(track([0, 1, 2, 3], [0, 0, 100, 200]), 60)
    assert bases(placed) == ["f", "b", "f", "f"]
    assert placed.repeated.tolist() == [False, True, False, False]


def test_repeats_between_fixes_are_interpolated_by_time():
    placed = place(track([0, 1, 2, 4], [0, 0, 0, 100]), 60)
    assert east(placed) == [0, 25, 50, 100]
    assert placed.error_m[1] == pytest.approx(25, abs=0.01)
    assert placed.error_m[0] == 10


def test_the_error_is_at_least_that_of_the_receiver():
    placed = place(track([0, 1, 2], [0, 0, 40], accuracy=[30, 5, 12]), 60)
    assert placed.error_m.tolist() == [30, 30, 12]


def test_a_way_longer_than_the_straight_line_widens_the_error():
    seconds, speed = [0, 5, 10], [20, 20, 20]
    placed = place(track(seconds, [0, 0, 120], speed=speed), 60)
    assert placed.error_m[1] == pytest.approx(np.sqrt(200**2 - 120**2) / 4, abs=0.01)


def test_a_device_that_stands_is_held_until_it_moves():
    placed = place(track([0, 50, 100, 102, 104], [0, 0, 0, 0, 100], [0, 0, 0, 9, 9]), 60)
    assert bases(placed) == ["f", "h", "h", "b", "f"]
    assert east(placed) == [0, 0, 0, 50, 100]


def test_a_speed_of_zero_up_to_a_distant_fix_is_not_believed():
    standing = track([0, 40, 80, 81], [0, 0, 0, 900], [0, 0, 0, 9])
    assert bases(place(standing, 60)) == ["f", "l", "l", "f"]
    assert bases(place(standing, 90)) == ["f", "b", "b", "f"]
    started = track([0, 40, 80, 90], [0, 0, 0, 100], [0, 0, 0, 9])
    assert bases(place(started, 60)) == ["f", "h", "h", "f"]


def test_near_fixes_are_one_place_without_any_speed():
    placed = place(track([0, 10, 20], [0, 0, 24]), 60)
    assert bases(placed) == ["f", "h", "f"]
    assert placed.error_m[1] == pytest.approx(24, abs=0.01)


def test_a_gap_that_is_too_long_is_lost_however_near_its_ends():
    placed = place(track([0, 10, 61], [0, 0, 20]), 60)
    assert bases(placed) == ["f", "l", "f"]
    assert np.isnan(placed.lon[1])
    assert np.isnan(placed.error_m[1])


def test_after_the_last_fix_only_who_stands_or_never_moves_is_placed():
    moving, still = track([0, 1, 2], [0, 50, 50]), track([0, 1, 2], [0, 50, 50], [9, 9, 0])
    assert bases(place(moving, 60)) == ["f", "f", "l"]
    assert bases(place(still, 60)) == ["f", "f", "h"]
    assert bases(place(moving, 60, fixed=True)) == ["f", "f", "h"]


def test_rows_without_a_position_are_placed_between_fixes():
    placed = place(track([0, 1, 2, 3], [NAN, 0, NAN, 100]), 60)
    assert bases(placed) == ["l", "f", "b", "f"]
    assert east(placed)[2] == 50
    assert not placed.repeated.any()


def test_a_repeat_while_the_speed_is_not_zero_is_stuck():
    placed = place(track([0, 1, 2], [0, 0, 0], [9, 9, 1]), 60)
    assert placed.stuck.tolist() == [False, True, False]


def test_runs_do_not_know_of_each_other():
    placed = place(track([0, 1, 0, 1], [0, 0, 0, 100], run=[0, 0, 1, 1]), 60)
    assert bases(placed) == ["f", "l", "f", "f"]


def test_points_in_a_bag_are_all_fixes():
    placed = place(track([0] * 3, [5, 5, NAN], timed=[False] * 3), 60)
    assert bases(placed) == ["f", "f", "l"]
    assert placed.error_m[0] == 10
    assert not placed.repeated.any()


def test_a_long_but_possible_step_is_a_jump_and_counts_as_way():
    placed = place(track([0, 10], [0, 600]), 60)
    assert placed.jump.tolist() == [False, True]
    assert not placed.impossible_jump.any()
    assert placed.step_m[1] == pytest.approx(600, abs=0.01)


def test_a_stale_first_fix_is_lost_and_adds_no_way():
    placed = place(track([0, 0, 1, 2], [9000, 0, 0, 50]), 60)
    assert bases(placed) == ["l", "f", "b", "f"]
    assert placed.impossible_jump.tolist() == [False, True, False, False]
    assert placed.step_m.tolist() == pytest.approx([0, 0, 0, 50], abs=0.01)


def test_a_spike_is_lost_and_bridged_by_the_fixes_around_it():
    placed = place(track([0, 1, 2], [0, 9000, 80]), 60)
    assert bases(placed) == ["f", "b", "f"]
    assert east(placed) == [0, 40, 80]


def test_nothing_is_interpolated_over_an_impossible_jump():
    placed = place(track([0, 1, 2, 3], [0, 50, 90_000, 90_050]), 60)
    assert bases(placed) == ["f", "f", "f", "f"]
    assert placed.step_m.tolist() == pytest.approx([0, 50, 0, 50], abs=0.1)


def test_a_fix_that_was_stale_after_an_outage_is_lost_with_its_repeats():
    placed = place(track([0, 80, 81, 82, 83], [0, 2000, 2000, 9000, 9050]), 60)
    assert bases(placed) == ["f", "l", "l", "f", "f"]


def test_a_track_goes_on_over_the_antimeridian():
    lon = np.array([179.9995, 179.9995, -179.9995])
    still = track([0, 1, 2], [0, 0, 0])
    placed = place(
        Track(still.run, still.time_ms, still.timed, lon, lon * 0, lon * np.nan, lon * np.nan), 60
    )
    assert bases(placed) == ["f", "b", "f"]
    assert abs(placed.lon[1]) == pytest.approx(180)


def plain(t, max_gap_s, fixed):
    """Reference without impossible jumps: one row at a time, by the words of the docstring."""
    n, out, fixes = t.run.size, [], []
    for i in range(n):
        if np.isnan(t.lon[i]):
            continue
        same_run = [f for f in fixes if t.run[f] == t.run[i]]
        if not same_run or t.lon[same_run[-1]] != t.lon[i]:
            fixes.append(i)
    for i in range(n):
        if i in fixes:
            out.append((FIX, t.lon[i]))
            continue
        before = [f for f in fixes if f < i and t.run[f] == t.run[i]]
        after = [f for f in fixes if f > i and t.run[f] == t.run[i]]
        if not before:
            out.append((LOST, NAN))
            continue
        a, left = before[-1], before[-1]
        while left + 1 < n and t.run[left + 1] == t.run[a] and left + 1 not in fixes:
            if not t.speed_mps[left + 1] <= 0.5:
                break
            left += 1
        if after and left == after[0] - 1:
            jump = GEOD.inv(t.lon[a], 0, t.lon[after[0]], 0)[2]
            if jump > 25 and jump > 15 * (t.time_ms[after[0]] - t.time_ms[left]) / 1000:
                left = a
        if i <= left or fixed:
            out.append((HELD, t.lon[a]))
            continue
        if not after or (t.time_ms[after[0]] - t.time_ms[left]) / 1000 > max_gap_s:
            out.append((LOST, NAN))
            continue
        b = after[0]
        length = GEOD.inv(t.lon[a], 0, t.lon[b], 0)[2]
        whole = t.time_ms[b] - t.time_ms[left]
        share = (t.time_ms[i] - t.time_ms[left]) / whole if whole else 0.5
        between = (BETWEEN_FIXES, t.lon[a] + share * (t.lon[b] - t.lon[a]))
        out.append((HELD, t.lon[a]) if length <= 25 else between)
    return out


ROW = st.tuples(
    st.integers(0, 1), st.sampled_from([0, 1, 1, 5, 70]),
    st.sampled_from([NAN, 0.0, 20.0, 100.0, 100.0]), st.sampled_from([NAN, 0.0, 0.0, 3.0, 9.0]),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(ROW, max_size=14), st.booleans())
def test_every_row_is_where_a_plain_walk_puts_it(rows, fixed):
    rows = sorted(rows, key=lambda r: r[0])
    seconds = np.cumsum([r[1] for r in rows]) if rows else []
    made = track(seconds, [r[2] for r in rows], [r[3] for r in rows], [r[0] for r in rows])
    placed = place(made, 60, fixed=fixed)
    expected = plain(made, 60, fixed)
    assert placed.basis.tolist() == [b for b, _ in expected]
    assert placed.lon == pytest.approx([x for _, x in expected], abs=1e-12, nan_ok=True)
    lost = placed.basis == LOST
    assert np.isnan(placed.error_m).tolist() == lost.tolist()
    assert (placed.error_m[~lost] >= 10).all()
