import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.samples.order import backwards, canonical_order, repeats, same_as_before


def order_of(run, time, lon, lat, value):
    table = pa.table({"v": pa.array(value), "line": pa.array(range(len(run)))})
    arrays = (np.array(run), np.array(time), np.array(lon, float), np.array(lat, float))
    return canonical_order(*arrays, table)


def test_rows_are_sorted_by_run_and_time_first():
    order = order_of([1, 0, 0], [5, 9, 7], [0, 0, 0], [0, 0, 0], [1, 1, 1])
    assert order.tolist() == [2, 1, 0]


def test_within_an_instant_the_track_goes_on():
    # the position changes from 9 to 3 within the second instant, and on to 5 in the third
    order = order_of([0] * 4, [1, 2, 2, 3], [9, 3, 9, 5], [0] * 4, [0] * 4)
    assert order.tolist() == [0, 2, 1, 3]
    order = order_of([0] * 4, [1, 2, 2, 3], [9, 2, 3, 2], [0] * 4, [0] * 4)
    assert order.tolist() == [0, 2, 1, 3]


def test_a_run_does_not_look_at_the_instants_of_another():
    order = order_of([0, 1, 1], [1, 2, 2], [9, 9, 3], [0] * 3, [0] * 3)
    assert order.tolist() == [0, 2, 1]


def test_missing_values_come_last_and_no_rows_are_no_trouble():
    assert order_of([0, 0], [1, 1], [np.nan, 3], [np.nan, 1], [1, 1]).tolist() == [1, 0]
    assert order_of([], [], [], [], pa.array([], pa.int64())).tolist() == []


ROWS = st.tuples(
    st.integers(0, 1), st.integers(0, 2), st.sampled_from([np.nan, 1.0, 2.0]), st.integers(0, 1)
)


@given(st.lists(ROWS, max_size=12), st.randoms())
def test_any_order_of_the_rows_gives_one_sequence_of_values(rows, random):
    def sequence(given):
        run, time, lon, value = ([r[i] for r in given] for i in range(4))
        order = order_of(run, time, lon, lon, pa.array(value, pa.int64()))
        assert sorted(order.tolist()) == list(range(len(given)))
        return [repr(given[i]) for i in order]

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert sequence(rows) == sequence(shuffled)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3), st.booleans()), max_size=12))
def test_backward_clocks_and_repeats_are_those_of_a_plain_walk(rows):
    last, seen, back, again = {}, set(), [], []
    for run, time, known in rows:
        back.append(known and time < last.get(run, time))
        again.append(known and (run, time) in seen)
        if known:
            last[run] = time
            seen.add((run, time))
    run, time, known = (np.array([r[i] for r in rows], dtype=int) for i in range(3))
    assert backwards(run, time, known.astype(bool)).tolist() == back
    assert repeats(run, time, known.astype(bool)).tolist() == again


def test_a_reading_repeats_only_within_its_run():
    values = {"a": pa.array(["x", "x", "x", None, None])}
    found = same_as_before(np.array([0, 0, 1, 1, 1]), np.arange(5), values)
    assert found.tolist() == [False, True, False, False, True]
