import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.placing.course import courses_of, place_on
from covermap.core.placing.profile import METRO, done_m, running_time_s
from covermap.core.placing.stamps import Chain, LineFacts, Stamps

NONE = np.zeros(0, np.int64)
FACT = LineFacts(10_000.0)


def course(places, times, passed=()):
    """Make the course of stamps at places; `passed` are chainages of stations without a stamp."""
    s = np.array(places, float)
    stamps = Stamps([""] * len(s), np.array(times, float))
    new = np.r_[True, np.abs(np.diff(s)) >= 1.0]
    stop_m = np.array(sorted([*s[new], *passed], reverse=bool(s[-1] < s[0])))
    stop = np.searchsorted(stop_m, s) if s[-1] >= s[0] else np.searchsorted(-stop_m, -s)
    nothing = (NONE, NONE, NONE, NONE, len(passed), -1)
    chain = Chain(0, np.arange(len(s)), s, 1.0, -1, *nothing, stop, stop_m)
    return courses_of([(chain, stamps)], FACT)[0]


def dwell(made):
    return made.times.depart_s - made.times.arrive_s


def test_a_sample_accelerates_rolls_and_brakes():
    """Between 0 and 2000 m in 120 s at 1 m/s2 a train rolls at 20 m/s."""
    made = course([0, 0, 2000, 2000], [0, 40, 160, 200])
    got = place_on(made, np.array([20.0, 50, 60, 100, 150, 180]), FACT)
    np.testing.assert_allclose(got.chainage_m, [0, 50, 200, 1000, 1950, 2000], atol=25)
    assert got.direction.tolist() == [1, 1, 1, 1, 1, 1]


def test_the_way_back_mirrors_the_way_there():
    there = course([0, 0, 2000, 2000], [0, 40, 160, 200])
    back = course([2000, 2000, 0, 0], [0, 40, 160, 200])
    times = np.linspace(0, 200, 41)
    one, two = place_on(there, times, FACT), place_on(back, times, FACT)
    np.testing.assert_allclose(one.chainage_m, 2000 - two.chainage_m, atol=1e-9)
    assert set(two.direction.tolist()) == {-1}


def test_outside_the_stamps_nothing_is_known():
    got = place_on(course([0, 2000], [100, 250]), np.array([99.0, 251.0]), FACT)
    assert np.isnan(got.chainage_m).all()
    assert np.isnan(got.error_m).all()
    assert got.direction.tolist() == [0, 0]


def test_with_one_stamp_a_stop_the_train_stands_for_the_usual_dwell():
    made = course([0, 2000, 4000], [0, 150, 300])
    assert dwell(made)[1] == pytest.approx(30.0, abs=4.0)
    quick = course([0, 2000, 4000], [0, 115, 230])  # no time to stand so long
    assert dwell(quick)[1] < 16.0


def test_a_station_without_a_stamp_is_a_stop_where_the_time_shows_it():
    both = [0, 30, 150, 180, 300 + 150, 330 + 150, 600, 630]
    places = [0, 0, 2000, 2000, 6000, 6000, 8000, 8000]
    stopped = course(places, both, passed=[4000])
    assert stopped.chainage_m.tolist() == [0, 2000, 4000, 6000, 8000]
    assert stopped.times.arrive_s[2] == pytest.approx(300, abs=8)
    assert stopped.times.depart_s[2] == pytest.approx(330, abs=8)
    assert stopped.times.arrive_sd_s[2] > 1.5 * stopped.times.arrive_sd_s[1]
    through = [t - 60 if t > 200 else t for t in both]
    assert course(places, through, passed=[4000]).chainage_m.tolist() == [0, 2000, 6000, 8000]


@pytest.mark.parametrize("missing", [2, 3])
def test_of_two_stamps_the_one_that_is_left_is_told_by_the_times_of_the_others(missing):
    both = np.array([0, 30, 150, 180, 300, 330, 450, 480])
    places = np.array([0, 0, 2000, 2000, 4000, 4000, 6000, 6000])
    keep = np.arange(8) != missing
    made = course(places[keep], both[keep])
    assert made.times.arrive_s[1] == pytest.approx(150, abs=8)
    assert made.times.depart_s[1] == pytest.approx(180, abs=8)


def test_one_stamp_that_is_a_minute_late_moves_no_other_stop():
    both = np.array([0, 30, 150, 180, 300, 330, 450, 480], float)
    places = [0, 0, 2000, 2000, 4000, 4000, 6000, 6000]
    exact = course(places, both)
    both[3] += 60.0
    late = course(places, both)
    np.testing.assert_allclose(
        late.times.arrive_s[[0, 2, 3]], exact.times.arrive_s[[0, 2, 3]], atol=3
    )
    assert late.times.depart_s[1] < 230


def test_a_hop_with_a_halt_is_uncertain_in_the_middle():
    """100 s longer than hops of its length usually take: it halted, nobody knows where."""
    both = [0, 30, 150, 180, 300, 330, 550, 580]
    made = course([0, 0, 2000, 2000, 4000, 4000, 6000, 6000], both)
    usual, halted = place_on(made, np.array([240.0, 440.0]), FACT).error_m
    assert usual < 100
    assert 300 < halted < 700


def test_a_place_is_known_best_where_the_train_stands_and_worst_where_it_rolls():
    made = course([0, 0, 2000, 2000], [0, 40, 160, 200])
    error = place_on(made, np.array([10.0, 100.0, 190.0]), FACT).error_m
    assert error[0] == pytest.approx(20.0, abs=1.0)
    assert error[2] == pytest.approx(20.0, abs=1.0)
    assert 40 < error[1] < 100


def test_one_stamp_a_stop_is_known_worse_than_arrival_and_departure():
    both = course([0, 0, 2000, 2000], [-15, 15, 135, 165])
    one = course([0, 2000], [0, 150])
    at = np.array([75.0])
    assert place_on(one, at, FACT).error_m > place_on(both, at, FACT).error_m


def test_chainage_goes_on_from_0_on_a_ring():
    ring = LineFacts(8000.0, closed=True)
    got = place_on(course([7000, 7000, 9000], [0, 30, 150]), np.array([120.0]), ring)
    assert 550 < got.chainage_m[0] < 650


def test_a_stop_alone_places_only_its_own_time():
    got = place_on(course([700, 700], [0, 30]), np.array([10.0, 40.0]), FACT)
    assert got.chainage_m[0] == 700
    assert np.isnan(got.chainage_m[1])
    assert got.direction[0] == 0


hop = st.tuples(st.floats(50, 5000), st.floats(10, 2000), st.floats(0.3, 2.0), st.floats(0.3, 2.0))


def ways(distance, seconds, up, down, n=400):
    t = np.linspace(0.0, seconds, n)
    return t, np.array([done_m(x, distance, seconds, up, down) for x in t])


@given(hop)
def test_a_hop_starts_at_0_ends_at_its_length_and_never_goes_back(given_hop):
    distance, seconds, *_ = given_hop
    assert done_m(-1.0, *given_hop) == 0.0
    assert done_m(seconds + 1.0, *given_hop) == distance
    _, done = ways(*given_hop)
    assert done[0] == 0.0
    assert done[-1] == pytest.approx(distance, rel=1e-9)
    assert (np.diff(done) >= -1e-6).all()


@given(hop)
def test_a_hop_speeds_up_and_brakes_as_told_and_rolls_evenly_between(given_hop):
    """Unless the time is too short for that: then it does both as hard as it must."""
    distance, seconds, up, down = given_hop
    t, done = ways(*given_hop)
    speed = np.diff(done) / np.diff(t)
    change = np.diff(speed) / np.diff(t)[1:]
    harder = max(1.0, 4 * distance / seconds**2 * (1 / up + 1 / down) / 2)
    assert change.max() <= harder * up * (1 + 1e-6) + 1e-6
    assert change.min() >= -harder * down * (1 + 1e-6) - 1e-6
    if speed.max() > 5 * harder * max(up, down) * t[1]:
        assert change.max() == pytest.approx(harder * up, rel=0.01)
        assert change.min() == pytest.approx(-harder * down, rel=0.01)
    rolling = speed > 0.98 * speed.max()
    assert np.ptp(np.flatnonzero(rolling)) == rolling.sum() - 1


@given(hop)
def test_the_way_of_a_hop_read_backwards_is_that_with_braking_for_acceleration(given_hop):
    distance, seconds, up, down = given_hop
    _, there = ways(distance, seconds, up, down)
    _, back = ways(distance, seconds, down, up)
    np.testing.assert_allclose(there, distance - back[::-1], atol=1e-6 * distance)


def test_the_shortest_time_of_a_hop_is_that_of_its_own_trapezoid():
    for gap in (200.0, 800.0, 3000.0):
        seconds = float(running_time_s(np.array([gap]), METRO)[0])
        _, done = ways(gap, seconds, METRO.acceleration_mps2, METRO.acceleration_mps2)
        speed = np.diff(done) / (seconds / 399)
        assert speed.max() <= METRO.top_mps + 1e-6
        if gap == 3000.0:
            assert speed.max() == pytest.approx(METRO.top_mps)
