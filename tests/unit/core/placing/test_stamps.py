import numpy as np
import pandas as pd
import pytest

from covermap.core.placing.profile import METRO, running_time_s
from covermap.core.placing.stamps import LineFacts, Stamps, best_chain, station_key

S = {"a": 0.0, "b": 1000.0, "c": 2500.0, "d": 4000.0, "e": 5200.0, "f": 7000.0}


def stations(*lines):
    """Stations of lines given as dicts from key to chainage."""
    rows = [(n, k, m) for n, line in enumerate(lines) for k, m in line]
    return pd.DataFrame(rows, columns=["line", "key", "chainage_m"])


MAIN = stations(S.items(), [("b", 0.0), ("x", 500.0), ("c", 1900.0)])


def timetable(places, dwell=30.0):
    """Times of stamps in mid-stop for a run over places, m."""
    hops = running_time_s(np.abs(np.diff(np.array(places, float))), METRO)
    return np.r_[0.0, np.cumsum(np.where(np.diff(places) == 0, 10.0, hops + dwell))]


def stamped(keys, of=None):
    of = of or S
    return Stamps(list(keys), timetable([of.get(k, of["a"]) for k in keys]))


def run(order, believed, wrong):
    """Stamps of a run over `order`, where some stamps say something else."""
    made = stamped(order)
    keys = list(order)
    for at, said in wrong.items():
        keys[at] = said
    chain = best_chain(Stamps(keys, made.time_s), MAIN)
    assert chain is not None
    assert "".join(keys[k] for k in chain.stamp) == believed
    return chain


def test_station_names_are_compared_without_case_blanks_and_suffix():
    assert station_key("人民广场站") == station_key(" 人民广场 ")
    assert station_key("Ｘujing East Station") == station_key("xujing east")
    assert station_key("站") == "站"


def test_the_line_that_has_the_stamped_stations_is_found():
    chain = best_chain(stamped("abc"), MAIN)
    assert (chain.line, chain.other_line) == (0, -1)
    assert chain.chainage_m.tolist() == [0, 1000, 2500]
    places = {"b": 0.0, "x": 500.0, "c": 1900.0, "a": 0.0}
    assert best_chain(stamped("bxc", places), MAIN).line == 1


def test_too_few_known_stations_place_nothing():
    assert best_chain(stamped("ay"), MAIN) is None
    assert best_chain(stamped("zyx"), MAIN) is None
    assert best_chain(stamped("a"), MAIN) is None
    assert best_chain(Stamps([], np.zeros(0)), MAIN) is None


def test_the_way_back_runs_against_the_chainage():
    back = best_chain(stamped("fedcba"), MAIN).chainage_m
    assert back.tolist() == [7000, 5200, 4000, 2500, 1000, 0]


def test_a_name_of_no_station_is_left_aside_and_told():
    chain = run("abcd", "abd", {2: "q"})
    assert chain.unknown.tolist() == [2]
    assert chain.missing == 1
    assert chain.before_gap == 1


def test_a_station_of_another_line_is_left_aside_and_told():
    chain = run("abcdef", "abdef", {2: "x"})
    assert chain.foreign.tolist() == [2]
    assert chain.unknown.tolist() == []


def test_two_stamps_in_the_wrong_order_are_both_not_believed():
    chain = run("abcdef", "abef", {2: "d", 3: "c"})
    assert chain.disordered.tolist() == [2, 3]


def test_a_single_stamp_far_out_of_order_is_not_believed():
    chain = run("abcdef", "abcef", {3: "a"})
    assert chain.disordered.tolist() == [3]


def test_missing_stamps_are_counted():
    keys, times = "acf", timetable([S[k] for k in "abcdef"])[[0, 2, 5]]
    chain = best_chain(Stamps(list(keys), times), MAIN)
    assert (len(chain.stamp), chain.missing, chain.before_gap) == (3, 3, 0)


def test_arrival_and_departure_are_two_stamps_of_one_stop_and_what_is_between_is_doubled():
    chain = best_chain(stamped("abbbccd"), MAIN)
    assert chain.stamp.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert chain.doubled.tolist() == [2]


def test_a_train_that_turns_round_is_followed():
    chain = run("abcdedcb", "abcdedcb", {})
    assert chain.chainage_m.tolist() == [S[k] for k in "abcdedcb"]


def test_no_train_is_so_fast_and_its_stamps_place_nothing():
    assert best_chain(Stamps(list("af"), np.array([0.0, 60.0])), MAIN) is None


def test_a_train_held_on_the_way_keeps_its_stamps():
    times = timetable([S[k] for k in "abcdef"])
    times[3:] += 900.0
    assert best_chain(Stamps(list("abcdef"), times), MAIN).stamp.tolist() == [0, 1, 2, 3, 4, 5]


TRUNK = [("a", 0.0), ("b", 1000.0), ("c", 2500.0)]
SPLIT = stations([*TRUNK, ("d", 4000.0), ("e", 5200.0)], [*TRUNK, ("x", 3900.0), ("y", 5500.0)])


@pytest.mark.parametrize(("tail", "line"), [("de", 0), ("xy", 1)])
def test_where_a_line_splits_the_stamps_choose_the_branch(tail, line):
    places = {**S, "x": 3900.0, "y": 5500.0}
    chain = best_chain(stamped("abc" + tail, places), SPLIT)
    assert (chain.line, chain.other_line) == (line, -1)


def test_on_the_trunk_alone_both_branches_come_into_question():
    chain = best_chain(stamped("abc"), SPLIT)
    assert (chain.line, chain.other_line) == (0, 1)


RING = stations([("a", 0.0), ("b", 2000.0), ("c", 4000.0), ("d", 6000.0), ("a", 8000.0)])
CLOSED = {0: LineFacts(8000.0, closed=True)}


def test_a_ring_goes_on_past_its_seam_in_both_directions():
    there = stamped("cdab", {"c": 0.0, "d": 2000.0, "a": 4000.0, "b": 6000.0})
    forth = best_chain(there, RING, CLOSED).chainage_m
    assert np.diff(forth).tolist() == [2000.0] * 3
    assert np.mod(forth, 8000.0).tolist() == [4000.0, 6000.0, 0.0, 2000.0]
    back = best_chain(there._replace(key=list("badc")), RING, CLOSED).chainage_m
    assert np.diff(back).tolist() == [-2000.0] * 3


def test_of_two_tracks_the_one_in_the_direction_of_travel_is_taken():
    both = stations(S.items(), S.items())
    facts = {0: LineFacts(7000.0, oneway=1), 1: LineFacts(7000.0, oneway=-1)}
    assert best_chain(stamped("abcd"), both, facts).line == 0
    assert best_chain(stamped("dcba"), both, facts).line == 1


def test_the_order_of_the_stations_table_does_not_matter():
    shuffled = MAIN.sample(frac=1.0, random_state=3)
    one, two = (best_chain(stamped("abxcd"), t) for t in (MAIN, shuffled))
    assert one.stamp.tolist() == two.stamp.tolist()
    assert one.chainage_m.tolist() == two.chainage_m.tolist()
