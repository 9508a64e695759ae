import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from covermap.core.placing import hops as module
from covermap.core.placing.hops import HELD, USUAL, Hops, place, stories_of
from covermap.core.placing.profile import METRO, done_m

LATE = st.floats(-40.0, 200.0)


def hops(late=0.0, length=1500.0, dwell=30.0, run=100.0, left=False, turned=False, sd=3.0):
    """Two hops like each other: times of stops so much later than usual at the end of each."""
    take = dwell + run + late
    arrive = np.array([0.0, take])
    two = np.ones(2)
    return Hops(
        length * two, np.array([False, turned]), arrive, sd * two, arrive + dwell,
        (sd if left else 8.0) * two, arrive + take, sd * two, np.array([left, left]),
        dwell * two, 8.0 * two, run * two, 6.0 * two,
    )  # fmt: skip


def reference(given_hops, made, hop, time_s):
    """Mean and spread of the ways of a hop, way by way."""
    places = []
    for w in range(made.weight.shape[1]):
        length, share = given_hops.length_m[hop], made.halt_share[w]
        gone = time_s - made.depart_s[hop, w]
        early = made.arrive_s[hop, w] - time_s
        up, down = made.up_mps2[w], made.down_mps2[w]
        if early > 0:
            way = 0.0 if hop == 0 else -1.0 if not given_hops.turned[hop] else 1.0
            places.append(way * 0.5 * down * early**2)
            continue
        first = done_m(gone, share * length, made.first_s[hop, w], up, down)
        gone -= made.first_s[hop, w] + made.halt_s[hop, w]
        rest = 0.0
        if share < 1.0:
            rest = done_m(gone, (1 - share) * length, made.rest_s[hop, w], up, down)
        places.append(first + rest)
    mean = np.average(places, weights=made.weight[hop])
    return mean, np.sqrt(np.average((places - mean) ** 2, weights=made.weight[hop]))


@pytest.mark.parametrize("turned", [False, True])
@given(LATE, st.booleans(), st.sampled_from([0, 1]), st.floats(-20.0, 350.0))
def test_a_place_is_the_mean_of_the_ways_and_its_error_their_spread(turned, late, left, hop, at):
    given_hops = hops(late, left=left, turned=turned)
    made = stories_of(given_hops, METRO)
    time_s = given_hops.arrive_s[hop] + at
    mean, error = place(given_hops, made, np.array([hop]), np.array([time_s]))
    expected, spread = reference(given_hops, made, hop, time_s)
    assert mean[0] == pytest.approx(expected, abs=1e-6)
    share = np.clip(expected / 1500.0, 0.0, 1.0)
    wander = 2 * module.WANDER_SHARE * 1500.0 * np.sqrt(share * (1 - share))
    # to a millimetre: a spread of nearly nothing is the root of a difference of large squares
    assert error[0] == pytest.approx(np.hypot(spread, wander), abs=1e-3)


@given(LATE, st.booleans())
def test_ways_begin_after_arrival_end_at_the_next_stop_and_add_up_to_one(late, left):
    given_hops = hops(late, left=left)
    made = stories_of(given_hops, METRO)
    np.testing.assert_allclose(made.weight.sum(axis=1), 1.0)
    some = made.weight > 0
    assert (made.weight >= 0).all()
    assert (made.depart_s >= made.arrive_s)[some].all()
    whole = made.first_s + np.where(made.halt_share < 1, made.halt_s + made.rest_s, 0.0)
    end = made.depart_s + whole
    assert (np.abs(end - given_hops.next_s[:, None]) < 12.0)[some].all()
    assert (made.halt_s >= -1e-9)[some & (made.halt_share < 1)].all()


def told(late, left=False):
    """Weights of the stories: usual, held at the platform, halted."""
    weight = stories_of(hops(late, left=left), METRO).weight[0]
    return weight[:USUAL].sum(), weight[USUAL : USUAL + HELD].sum(), weight[USUAL + HELD :].sum()


def test_a_hop_on_time_is_usual_and_one_that_is_far_too_late_was_held_somewhere():
    assert told(0.0)[0] > 0.95
    assert told(-20.0)[0] > 0.98
    usual, held, halted = told(90.0)
    assert usual < 0.2
    assert held == pytest.approx(halted, rel=0.3)


def test_a_hop_that_took_an_hour_was_surely_held_and_is_anywhere_on_its_way():
    late = hops(3600.0, left=True)
    made = stories_of(late, METRO)
    assert made.weight[0, :USUAL].sum() < 0.01
    error = place(late, made, np.array([0]), np.array([1800.0]))[1]
    assert error[0] > 0.25 * 1500.0


def test_a_train_that_was_seen_to_leave_was_not_held_at_the_platform():
    usual, held, halted = told(90.0, left=True)
    assert held == 0.0
    assert halted > 0.8 > usual


def test_no_train_goes_faster_than_its_class():
    """70 s for 1500 m and a dwell: it left at once, and fast."""
    given_hops = hops(late=-62.0)
    made = stories_of(given_hops, METRO)
    assert (1500.0 / made.first_s[:, :USUAL] <= METRO.fastest_mps + 1e-6).all()


def test_a_train_that_may_not_have_come_yet_is_put_before_its_stop_but_never_before_its_first():
    two = hops()
    made = stories_of(two, METRO)
    mean, error = place(two, made, np.array([0, 1]), two.arrive_s)
    assert mean[0] == 0.0
    assert -20.0 < mean[1] < -0.5
    assert error[1] > 0.5
    back = hops(turned=True)
    assert place(back, stories_of(back, METRO), np.array([1]), back.arrive_s[1:])[0][0] > 0.5


def test_a_halted_train_stands_for_the_time_that_stopping_and_starting_leaves():
    made = stories_of(hops(late=100.0), METRO)
    halts = slice(USUAL + HELD, None)
    moving = (made.first_s + made.rest_s)[0, halts]
    waits = made.halt_s[0, halts]
    assert 40 < np.average(waits, weights=made.weight[0, halts]) < 100
    assert (moving > 100.0 - 20).all()


def test_the_later_a_hop_the_less_is_known_of_its_middle():
    error = []
    for late in (0.0, 40.0, 120.0):
        two = hops(late)
        middle = np.array([30.0 + 0.5 * (100.0 + late)])
        error.append(place(two, stories_of(two, METRO), np.array([0]), middle)[1][0])
    assert error[0] < error[1] < error[2]
    assert error[2] > 300


def test_the_density_of_student_is_that_of_its_degrees_of_freedom():
    assert pytest.approx(student.pdf(0.0, module.FREEDOM)) == module.STUDENT_AT_0
