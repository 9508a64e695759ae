import numpy as np
import pandas as pd
import pytest

from covermap.core.placing.chains import chains_of
from covermap.core.placing.profile import METRO, running_time_s
from covermap.core.placing.stamps import LineFacts, Stamps

ONE = {k: 1000.0 * n for n, k in enumerate("abcdef")}
TWO = {k: 1000.0 * n for n, k in enumerate("uvcwxy")}
THREE = {k: 1000.0 * n for n, k in enumerate("yqrs")}
STATIONS = pd.DataFrame(
    [(n, k, m) for n, line in enumerate((ONE, TWO, THREE)) for k, m in line.items()],
    columns=["line", "key", "chainage_m"],
)
HOP_S = float(running_time_s(np.array([1000.0]), METRO)[0]) + 30.0


def chains(keys, times=None):
    """Chains of stamps a hop apart, as (line, keys)."""
    stamps = Stamps(list(keys), HOP_S * np.arange(len(keys)) if times is None else times)
    made = chains_of(stamps, STATIONS)
    return made, [(c.line, "".join(keys[k] for k in c.stamp)) for c in made]


def test_a_run_on_one_line_is_one_chain():
    assert chains("abcd")[1] == [(0, "abcd")]


def test_a_run_that_changes_is_a_chain_on_each_line_and_the_change_is_of_both():
    made, found = chains("abcwxy")
    assert found == [(0, "abc"), (1, "cwxy")]
    assert all(not len(v) for c in made for v in (c.foreign, c.unknown, c.disordered))
    assert [c.chainage_m.tolist() for c in made] == [[0, 1000, 2000], [2000, 3000, 4000, 5000]]


def test_lines_follow_lines_for_as_long_as_it_takes():
    assert chains("abcwxyqrs")[1] == [(0, "abc"), (1, "cwxy"), (2, "yqrs")]


def test_a_way_on_another_line_parts_the_chain_around_it():
    made, found = chains("abcwxyxwcdef")
    assert found == [(0, "abc"), (1, "cwxyxwc"), (0, "cdef")]
    assert [c.stop.tolist() for c in made] == [[0, 1, 2], [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3]]
    assert made[2].stop_m.tolist() == [2000, 3000, 4000, 5000]


def test_one_stamp_of_another_line_is_left_aside():
    made, found = chains("abwcd")
    assert found == [(0, "abcd")]
    assert made[0].foreign.tolist() == [2]
    assert chains("abcdx")[1] == [(0, "abcd")]


def test_stamps_of_another_line_that_no_train_can_keep_are_left_aside():
    """Two stations 2 km apart within five seconds."""
    times = np.r_[0, 1, 2.01, 2.05, 3, 4, 5] * HOP_S
    made, found = chains("abwycde", times)
    assert found == [(0, "abcde")]
    assert made[0].foreign.tolist() == [2, 3]


def test_a_run_of_which_too_little_is_on_lines_is_on_none():
    assert chains("ab1234567")[1] == []
    assert chains("ab12")[1] == []
    assert chains("abc1")[1] == [(0, "abc")]
    assert chains("")[1] == []


def test_what_is_left_aside_is_told_of_once():
    made, found = chains("a1bcwx2y")
    assert [line for line, _ in found] == [0, 1]
    assert sorted(np.concatenate([c.unknown for c in made]).tolist()) == [1, 6]
    made, _ = chains("abcwwwxy")
    assert sorted(np.concatenate([c.doubled for c in made]).tolist()) == [4]


def test_missing_stations_of_each_part_are_told_with_the_stamp_before_them():
    made, found = chains("fecwy", np.r_[0, 1, 3, 4, 6] * HOP_S)
    assert found == [(0, "fec"), (1, "cwy")]
    assert [(c.missing, c.before_gap) for c in made] == [(1, 1), (1, 3)]


@pytest.mark.parametrize("kmh", [50, 80, 120])
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("stops", [3, 5, 12])
def test_all_stamps_of_slow_and_of_express_trains_are_believed(kmh, single, stops):
    """Stations 4 km apart, hops run at up to half as fast again as the class's top speed."""
    gap, dwell = 4000.0, 35.0
    hop = float(running_time_s(np.array([gap]), METRO._replace(top_mps=kmh / 3.6))[0]) + dwell
    keys = [f"s{k}" for k in range(stops)]
    table = pd.DataFrame({"line": 0, "key": keys, "chainage_m": gap * np.arange(stops)})
    arrive = hop * np.arange(stops)
    times = arrive if single else np.stack([arrive, arrive + dwell], axis=1).ravel()
    stamps = Stamps(keys if single else [k for k in keys for _ in range(2)], times)
    made = chains_of(stamps, table, {0: LineFacts(gap * stops)})
    assert [len(c.stamp) for c in made] == [len(times)]


def test_a_stamp_that_no_train_of_the_run_could_reach_is_told_as_out_of_order():
    made, found = chains("abcde", np.r_[0, 1, 2, 3, 3.5] * HOP_S)
    assert found == [(0, "abcd")]
    assert made[0].disordered.tolist() == [4]
    made, found = chains("bbcdef", np.r_[-0.3, 0, 1, 2, 3, 4] * HOP_S)
    assert found == [(0, "bbcdef")]


def test_where_a_train_turns_one_stamp_too_early_is_believed():
    """The way there seems too fast, but the way back does not: it was there."""
    times = np.r_[0, 1, 2, 3, 3.6, 5, 6, 7, 8] * HOP_S
    assert chains("abcdedcba", times)[1] == [(0, "abcdedcba")]
    times = np.r_[0, 1, 2, 3, 3.6, 4.2, 5.2, 6.2, 7.2] * HOP_S
    assert chains("abcdedcba", times)[1] == [(0, "abcddcba")]


def test_stamps_that_are_left_aside_do_not_shift_the_numbers_of_others():
    keys, times = "ab1cdeq2wxy", np.r_[0, 1, 1.5, 2, 3, 3.4, 4, 5, 6, 7, 8] * HOP_S
    made, found = chains(keys, times)
    for chain, (line, text) in zip(made, found, strict=True):
        own = (ONE, TWO, THREE)[line]
        assert [own[k] for k in text] == chain.chainage_m.tolist()
    left = [chain for c in made for chain in (*c.unknown, *c.foreign, *c.disordered)]
    assert len(left) == len(set(left))
