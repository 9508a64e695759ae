"""Metro runs whose marks have faults, from rows to evidence: nothing is lost without a reason, and
only what was travelled counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from covermap.core.placing.profile import METRO, running_time_s
from covermap.steps.match import match_part
from made_drives import CONFIG, network, road
from made_readings import ingest, row

GAP_M, DWELL_S, EVERY_S = 1200.0, 30.0, 5.0
TRUNK = [(f"T{k}", 600 + GAP_M * k, 0) for k in range(8)]
NORTH = [(f"N{k}", 600 + GAP_M * 3, GAP_M * k) for k in (-2, -1, 1, 2, 3, 4)]
"""Stations of a second line, which crosses the first at T3."""
SPLIT = [(f"S{k}", 600 + GAP_M * (7 + k), GAP_M * k) for k in (1, 2, 3)]
"""Stations of a branch of the first line, from T7 on."""
FORK = [(f"F{k}", 600 + GAP_M * (7 + k), -GAP_M * k) for k in (1, 2, 3)]
END = 600 + GAP_M * 7
PLACE = {name: (x, y) for name, x, y in (*TRUNK, *NORTH, *SPLIT, *FORK)}


class Ride(NamedTuple):
    """Time of each sample, and the true stamps: (time, station), arrival and departure."""

    time_s: np.ndarray
    stamps: list[tuple[float, str]]


def ride(names: list[str], start_s: float = 0.0) -> Ride:
    """Ride from station to station."""
    now, stamps = start_s, []
    for k, name in enumerate(names):
        stamps += [(now, name), (now + DWELL_S, name)]
        now += DWELL_S
        if k + 1 < len(names):
            (x, y), (u, v) = PLACE[name], PLACE[names[k + 1]]
            now += 1.1 * float(running_time_s(np.hypot(u - x, v - y), METRO))
    return Ride(np.arange(start_s, now, EVERY_S), stamps)


def then(one: Ride, *others: Ride) -> Ride:
    """Put rides behind each other; between them the device goes on measuring."""
    every = [one, *others]
    last = max(r.time_s[-1] for r in every)
    return Ride(
        np.arange(every[0].time_s[0], last + 1, EVERY_S), [s for r in every for s in r.stamps]
    )


@pytest.fixture(scope="module")
def crossing(tmp_path_factory):
    """Two lines that cross."""
    ways = [
        (road((0, 0), (END + 600, 0)), "metro", "1"),
        (road((NORTH[0][1], -3000), (NORTH[0][1], 5400)), "metro", "2"),
    ]
    made, net = network(tmp_path_factory.mktemp("metro"), ways, [*TRUNK, *NORTH])
    return net, refs(made)


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """A line that splits at T7; both branches are lines from the first station of all on."""
    trunk = (0, 0), (END, 0)
    ways = [
        (road(*trunk, (END + 4200, 4200)), "metro", "1"),
        (road(*trunk, (END + 4200, -4200)), "metro", "1 branch"),
    ]
    made, net = network(tmp_path_factory.mktemp("fork"), ways, [*TRUNK, *SPLIT, *FORK])
    return net, refs(made)


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    """A line that splits at T7; one branch is a line of its own."""
    ways = [
        (road((0, 0), (END, 0), (END + 4200, 4200)), "metro", "1"),
        (road((END, 0), (END + 4200, -4200)), "metro", "1 branch"),
    ]
    made, net = network(tmp_path_factory.mktemp("stub"), ways, [*TRUNK, *SPLIT, *FORK])
    return net, refs(made)


def refs(made):
    ids = made.lines.column("line_id").to_pylist()
    return dict(zip(ids, made.lines.column("ref").to_pylist(), strict=True))


class Told(NamedTuple):
    """What a build would hold of a run."""

    matched: object
    problems: dict[str, int]
    span: dict[str, tuple[float, float]]
    """For each line with evidence: from and to where, m."""


def through(world, given: Ride, stamps=None) -> Told:
    """Read, match and count a run; every row is accounted for."""
    net, ref = world
    stamps = given.stamps if stamps is None else stamps
    marks = {}
    for second, name in stamps:
        at = round((second - given.time_s[0]) / EVERY_S)
        while at in marks:
            at += 1
        marks[at] = name
    rows = [
        row(float(second), x=None, y=None, mark=marks.get(k), raw=str(k))
        for k, second in enumerate(given.time_s)
    ]
    read = ingest(rows, antenna="in-train")
    assert read.samples.num_rows + read.rejected.num_rows == len(rows)
    part = match_part(read.samples, net, CONFIG)
    found = part.matched.to_pandas()
    assert len(found) == read.samples.num_rows
    assert (found["line_id"].isna() == found["reason"].notna()).all()
    found["ref"] = found["line_id"].map(ref)
    evidence = part.evidence.to_pandas()
    evidence["ref"] = evidence["line_id"].map(ref)
    span = {
        name: (50.0 * part["segment"].min(), 50.0 * part["segment"].max() + 50)
        for name, part in evidence.groupby("ref")
    }
    return Told(found, {p.problem: p.count for p in part.problems}, span)


ALL = [name for name, *_ in TRUNK]


def chainage(name: str) -> float:
    """Of a station of the first line."""
    return PLACE[name][0]


def only(told: Told, ref: str, low: str, high: str) -> bool:
    """Whether all evidence lies on one line from station to station, to a platform's length."""
    low_m, high_m = told.span[ref]
    return (
        set(told.span) == {ref} and low_m >= chainage(low) - 100 and high_m <= chainage(high) + 150
    )


def test_good_marks_place_all_samples_between_them(crossing):
    told = through(crossing, ride(ALL))
    assert told.problems == {}
    assert only(told, "1", "T0", "T7")
    assert told.matched["reason"].isna().mean() > 0.98


def test_marks_in_the_wrong_order_are_told_and_credit_nothing_else(crossing):
    given = ride(ALL)
    stamps = list(given.stamps)
    stamps[4:8] = [(t, n) for (t, _), n in zip(stamps[4:8], ["T3", "T3", "T2", "T2"], strict=True)]
    told = through(crossing, given, stamps)
    assert told.problems["mark_out_of_order"] >= 2
    assert only(told, "1", "T0", "T7")
    assert told.matched["reason"].isna().mean() > 0.98


def test_a_station_of_the_far_end_stamped_by_mistake_takes_no_run_there(crossing):
    given = ride(ALL[:5])
    stamps = [(t, "T7" if k == 5 else n) for k, (t, n) in enumerate(given.stamps)]
    told = through(crossing, given, stamps)
    assert told.problems == {"mark_out_of_order": 1}
    assert only(told, "1", "T0", "T4")


def singly(stamps):
    """Arrivals only."""
    return stamps[::2]


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("back", [False, True])
def test_a_last_or_first_mark_one_station_too_far_takes_no_run_there(crossing, single, back):
    given = ride(ALL[5:0:-1] if back else ALL[:6])
    stamps = singly(given.stamps) if single else given.stamps
    wrong = [(t, {"T1": "T0"}.get(n, n) if back else {"T5": "T6"}.get(n, n)) for t, n in stamps]
    told = through(crossing, given, wrong)
    assert told.problems["mark_out_of_order"] >= 1
    assert only(told, "1", "T2" if back else "T0", "T5" if back else "T4")
    first = [(t, {"T5": "T6"}.get(n, n) if back else {"T0": "T1"}.get(n, n)) for t, n in stamps]
    assert only(through(crossing, given, first), "1", "T1", "T5")


def test_a_mark_one_station_too_far_where_a_train_turns_takes_no_run_there(crossing):
    given = ride([*ALL[:5], *ALL[3::-1]])
    stamps = [(t, "T5" if n == "T4" else n) for t, n in given.stamps]
    told = through(crossing, given, stamps)
    assert told.problems["mark_out_of_order"] == 2
    assert only(told, "1", "T0", "T4")


def test_missing_marks_are_told_and_the_stations_between_are_still_placed(crossing):
    given = ride(ALL)
    told = through(crossing, given, [s for s in given.stamps if s[1] not in ("T3", "T4")])
    assert told.problems == {"missing_mark": 2}
    assert only(told, "1", "T0", "T7")
    assert told.matched["reason"].isna().mean() > 0.98


def test_missing_marks_at_the_ends_leave_their_samples_outside(crossing):
    given = ride(ALL)
    told = through(crossing, given, given.stamps[4:-4])
    assert only(told, "1", "T2", "T5")
    assert set(told.matched["reason"].dropna()) == {"outside_marks"}
    assert 0.2 < told.matched["reason"].notna().mean() < 0.6


def test_missing_marks_where_a_train_turns_credit_nothing_beyond_the_last_that_is_there(crossing):
    given = ride([*ALL[:6], *ALL[4::-1]])
    told = through(crossing, given, [s for s in given.stamps if s[1] not in ("T4", "T5")])
    assert only(told, "1", "T0", "T3")


def test_doubled_marks_are_told_and_change_nothing(crossing):
    given = ride(ALL)
    again = sorted([*given.stamps, *((t + 10.0, n) for t, n in given.stamps[4:10:2])])
    plain, told = through(crossing, given), through(crossing, given, again)
    assert told.problems == {"doubled_mark": 3}
    off = np.abs(told.matched["chainage_m"] - plain.matched["chainage_m"])
    assert off.max() < 30


def test_one_mark_of_another_line_is_a_mistake_and_is_told(crossing):
    given = ride(ALL)
    stamps = [(t, "N2" if k in (8, 9) else n) for k, (t, n) in enumerate(given.stamps)]
    told = through(crossing, given, stamps)
    assert told.problems["mark_of_other_line"] == 2
    assert only(told, "1", "T0", "T7")


def test_a_run_that_changes_lines_is_on_both_and_on_neither_beyond_the_change(crossing):
    first = ride(ALL[:4])
    second = ride(["T3", "N1", "N2", "N3", "N4"], first.stamps[-1][0] + 240.0)
    told = through(crossing, then(first, second))
    assert set(told.span) == {"1", "2"}
    assert told.span["1"][1] <= chainage("T3") + 150
    low_m, high_m = told.span["2"]
    assert high_m - low_m == pytest.approx(4 * GAP_M, abs=200)
    found = told.matched
    assert found["reason"].isna().mean() > 0.95
    assert "mark_of_other_line" not in told.problems


def test_a_way_on_another_line_amid_a_run_is_not_credited_to_the_first(crossing):
    """From T3 to N2 and back, then on: the hop from T3 to T4 takes half an hour."""
    away = ["T3", "N1", "N2", "N1", "T3"]
    first = ride(ALL[:4])
    second = ride(away, first.stamps[-1][0] + 200.0)
    third = ride(ALL[3:], second.stamps[-1][0] + 200.0)
    # Between the lines the tester stamps nothing but what he rides.
    told = through(crossing, then(first, second, third))
    assert set(told.span) == {"1", "2"}
    low_m, high_m = told.span["2"]
    assert high_m - low_m == pytest.approx(2 * GAP_M, abs=200)
    riding = (told.matched.index * EVERY_S > second.stamps[2][0]) & (
        told.matched.index * EVERY_S < second.stamps[-3][0]
    )
    assert set(told.matched[riding]["ref"]) == {"2"}


def test_a_run_between_two_lines_that_do_not_meet_credits_nothing_between_them(crossing):
    """Out at T1, on foot to N4, and down to N1: the way from T1 to N4 is on no line."""
    first = ride(ALL[:3])
    second = ride(["N4", "N3", "N2"], first.stamps[-1][0] + 2400.0)
    told = through(crossing, then(first, second))
    assert told.span["1"][1] <= chainage("T2") + 150
    walk = (told.matched.index * EVERY_S > first.stamps[-1][0] + 5) & (
        told.matched.index * EVERY_S < second.stamps[0][0] - 5
    )
    assert set(told.matched[walk]["reason"]) == {"outside_marks"}


def test_marks_of_no_station_credit_nothing_and_say_so(crossing):
    given = ride(ALL[:4])
    told = through(
        crossing, given, [(t, f"Elsewhere {k}") for k, (t, _) in enumerate(given.stamps)]
    )
    assert told.span == {}
    assert set(told.matched["reason"]) == {"no_line_for_marks"}


@pytest.mark.parametrize(("tail", "ref"), [(SPLIT, "1"), (FORK, "1 branch")])
def test_where_a_line_splits_only_the_branch_that_was_travelled_counts(fork, tail, ref):
    told = through(fork, ride([*ALL[3:], *(name for name, *_ in tail)]))
    assert set(told.span) == {ref}
    assert told.matched["reason"].isna().mean() > 0.98
    assert told.span[ref][0] >= chainage("T3") - 100


def test_on_the_trunk_alone_a_run_counts_for_no_branch_and_names_both(fork):
    told = through(fork, ride(ALL[:6]))
    found = told.matched[told.matched["line_id"].notna()]
    assert set(found["probability"]) == {0.5}
    assert found["other_line_id"].notna().all()
    assert all(high <= chainage("T5") + 150 for _, high in told.span.values())


def test_from_one_branch_over_the_fork_to_the_other_both_count_up_to_the_fork(fork):
    given = ride(["S2", "S1", "T7", "F1", "F2"])
    told = through(fork, given)
    assert set(told.span) == {"1", "1 branch"}
    for low_m, _ in told.span.values():
        assert low_m >= END - 200


def test_a_branch_that_is_a_line_of_its_own_is_credited_with_its_part(stub):
    told = through(stub, ride([*ALL[4:], *(name for name, *_ in FORK)]))
    assert set(told.span) == {"1", "1 branch"}
    assert told.span["1"][1] <= END + 150
    assert told.matched["reason"].isna().mean() > 0.98


def test_a_branch_that_was_not_travelled_gets_nothing(stub):
    told = through(stub, ride([*ALL[4:], *(name for name, *_ in SPLIT)]))
    assert set(told.span) == {"1"}


def test_a_run_held_for_long_between_stations_counts_where_it_is_known_to_be(crossing):
    """Twenty minutes between T3 and T4: neither hop nor halt is evidence, the stations are."""
    given = ride(ALL)
    late = [(t + (1200.0 if k >= 8 else 0.0), n) for k, (t, n) in enumerate(given.stamps)]
    told = through(crossing, Ride(np.arange(0.0, late[-1][0], EVERY_S), late))
    middle = told.matched["chainage_m"].between(chainage("T3") + 300, chainage("T4") - 300)
    error = told.matched[middle]["position_error_m"]
    assert (error > 100).all()
    assert (error > 200).mean() > 0.9
