import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.placing.gap import FREE_MORE, FREE_MPS, Gap, course

speed = st.one_of(st.just(np.nan), st.floats(0.0, 80.0))
gaps = st.tuples(st.floats(1.0, 2000.0), st.floats(0.0, 20_000.0), speed, speed)


def through(seconds, distance, before, after, n=101):
    """Give the course at moments from the first fix to the last."""
    at = np.linspace(0.0, seconds, n)
    return course(Gap(*(np.broadcast_to(v, n) for v in (seconds, at, distance, before, after))))


@given(gaps)
def test_a_gap_starts_at_0_ends_at_its_length_and_is_surest_there(gap):
    done, error = through(*gap)
    np.testing.assert_allclose(done[[0, -1]], [0.0, gap[1]], atol=1e-6 * (1 + gap[1]))
    np.testing.assert_allclose(error[[0, -1]], 0.0, atol=1e-4 * (1 + gap[1]))
    assert (done >= -1e-9).all()
    assert (np.diff(done) >= -1e-6 * (1 + gap[1])).all()
    assert (done <= gap[1] + 1e-6).all()


@given(gaps)
def test_no_place_is_farther_than_full_speed_leads_nor_too_far_to_be_made_good(gap):
    seconds, distance, before, after = gap
    done, error = through(*gap)
    at = np.linspace(0.0, seconds, len(done))
    full = max(FREE_MORE * np.nan_to_num([before, after]).max(), FREE_MPS, distance / seconds)
    assert (done <= full * at + 1e-6).all()
    assert (done >= distance - full * (seconds - at) - 1e-6).all()
    assert (error <= 0.7 * distance + 1e-9).all()


@given(gaps)
def test_the_way_back_is_the_mirror_of_the_way_there(gap):
    seconds, distance, before, after = gap
    there, error = through(*gap)
    back, mirrored = through(seconds, distance, after, before)
    np.testing.assert_allclose(back, distance - there[::-1], atol=1e-6 * (1 + distance))
    np.testing.assert_allclose(mirrored, error[::-1], atol=1e-5 * (1 + distance))


def test_a_run_that_keeps_its_speed_is_where_an_even_course_puts_it():
    done, error = through(40.0, 1000.0, 25.0, 25.0)
    np.testing.assert_allclose(done, np.linspace(0, 1000, 101), atol=5.0)
    assert error.max() < 25


def test_the_speed_at_both_ends_bends_the_course():
    done, _ = through(60.0, 1000.0, 25.0, 10.0)
    assert done[10] > 110 > 100
    assert 1000 - done[90] < 90


def test_after_a_long_stop_the_place_is_the_middle_and_could_be_any():
    done, error = through(600.0, 105.0, np.nan, np.nan)
    assert abs(done[20] - 52) < 2
    assert 25 < error[20] < 35


def test_no_distance_is_no_error():
    done, error = through(600.0, 0.0, 3.0, np.nan)
    assert (done == 0).all()
    assert (error == 0).all()
