"""What counts as one test, in each manner in which logs give results."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.quality.tests import KINDS, NEEDED, find_tests

NAMES = list(KINDS)


def samples(rows, **common):
    """Samples of one run, one a dictionary; `t` is the second."""
    made = {name: [] for name in NEEDED}
    for row in rows:
        said = {
            "run_id": "a/1", "device_id": None, "source": "drive", "operator": "46000",
            "technology": "nr", "service": True, **common, **row,
        }  # fmt: skip
        said["time"] = None if said.get("t") is None else int(said["t"] * 1000)
        for name in NEEDED:
            made[name].append(said.get(name))
    types = dict.fromkeys(KINDS.values(), pa.float64()) | {
        "stalled": pa.bool_(), "connected": pa.bool_(), "service": pa.bool_(),
        "time": pa.timestamp("ms", "UTC"), "device_id": pa.string(),
    }  # fmt: skip
    return pa.table({n: pa.array(v, types.get(n)) for n, v in made.items()})


def found(table, kind, declared=None):
    """Rows and values of tests of a kind."""
    tests = find_tests(table, declared)
    own = tests.kind == NAMES.index(kind)
    return tests.row[own].tolist(), tests.value[own].tolist()


def test_rows_that_are_minutes_apart_are_each_a_test_failed_ones_too():
    table = samples([{"t": 140 * k, "dl_kbps": v} for k, v in enumerate([3.0, 0.0, None, 7.5])])
    assert found(table, "downlink") == ([0, 1, 3], [3000, 0, 7500])


def test_a_rate_of_each_second_is_cut_into_equal_tests_of_about_ten_seconds():
    rates = [100.0 + k for k in range(34)]
    table = samples([{"t": k, "dl_kbps": rate} for k, rate in enumerate(rates)])
    rows, values = found(table, "downlink")
    # 34 s are three tests of 11.33 s: the seconds 0-11, 12-22 and 23-33
    assert rows == [5, 17, 28]
    assert values == [105_500, 117_000, 128_000]


@pytest.mark.parametrize(("seconds", "tests"), [(4, 0), (5, 1), (14, 1), (15, 2), (600, 60)])
def test_so_many_tests_are_in_so_many_seconds(seconds, tests):
    table = samples([{"t": k, "dl_kbps": 100.0 + k % 7} for k in range(seconds)])
    assert len(found(table, "downlink")[0]) == tests
    assert find_tests(table, None).short == ({} if tests else {"downlink": 1})


def test_a_gap_another_technology_and_another_run_each_end_a_transfer():
    def part(first, **more):
        return [{"t": first + k, "dl_kbps": 100.0 + k, **more} for k in range(6)]

    whole = samples(part(0) + part(6))
    assert len(found(whole, "downlink")[0]) == 1
    for other in (
        part(9.5), part(6, technology="lte"), part(6, operator="46001"), part(6, service=False),
        part(6, run_id="a/2"), part(6, device_id="x"),
    ):  # fmt: skip
        assert len(found(samples(part(0) + other), "downlink")[0]) == 2


def test_seconds_without_a_byte_inside_a_transfer_lower_its_tests():
    table = samples([{"t": k, "dl_kbps": 90.0 + k if k < 5 else 0.0} for k in range(10)])
    assert found(table, "downlink")[1] == [46_000]


def test_a_result_that_is_written_again_until_the_next_comes_counts_once():
    rates = [50.0] * 30 + [0.0] * 30 + [70.0] * 30
    rows, values = found(samples([{"t": k, "dl_kbps": v} for k, v in enumerate(rates)]), "downlink")
    assert (rows, values) == ([0, 30, 60], [50_000, 0, 70_000])


def test_latency_each_second_is_a_test_each_second_unless_it_is_held():
    changing = samples([{"t": k, "latency_ms": 20.0 + k % 5} for k in range(20)])
    assert len(found(changing, "latency")[0]) == 20
    held = samples([{"t": k, "latency_ms": 20.0 + k // 10} for k in range(20)])
    assert found(held, "latency") == ([0, 10], [20_000, 21_000])


def test_crowd_rows_are_each_a_test_however_close_they_follow():
    rows = [{"t": k, "dl_kbps": 100.0 + k} for k in range(20)]
    assert len(found(samples(rows, source="app"), "downlink")[0]) == 20


def test_acknowledgements_are_no_uplink_tests_and_a_slow_uplink_is_one():
    down = [{"t": k, "dl_kbps": 50_000.0 + k, "ul_kbps": 700.0 + k} for k in range(20)]
    assert found(samples(down), "uplink") == ([], [])
    assert len(found(samples(down), "downlink")[0]) == 2
    both = [{"t": k, "dl_kbps": 50_000.0 + k, "ul_kbps": 5000.0 + k} for k in range(20)]
    assert len(found(samples(both), "uplink")[0]) == 2


def test_one_direction_after_the_other_in_a_run_is_told_test_by_test():
    rows = [{"t": k, "dl_kbps": 50_000.0 + k, "ul_kbps": 700.0 + k} for k in range(20)]
    rows += [{"t": 20 + k, "dl_kbps": 300.0 + k, "ul_kbps": 20_000.0 + k} for k in range(20)]
    assert found(samples(rows), "downlink")[0] == [4, 14]
    assert found(samples(rows), "uplink")[0] == [24, 34]


def test_a_declaration_of_what_was_tested_stands_above_the_rule_of_thumb():
    rows = [{"t": k, "dl_kbps": 50_000.0 + k, "ul_kbps": 7.0 + k, "latency_ms": 5.0}
            for k in range(20)]  # fmt: skip
    table = samples(rows)
    assert len(found(table, "uplink", ["uplink"])[0]) == 2
    assert found(table, "downlink", ["uplink"]) == ([], [])
    assert len(find_tests(table, []).row) == 0


def test_a_time_that_stalls_anywhere_is_a_stalled_one():
    rows = [{"t": k, "stalled": k == 13} for k in range(30)]
    assert found(samples(rows), "stall")[1] == [0, 1, 0]
    rare = [{"t": 100 * k, "stalled": k == 1} for k in range(3)]
    assert found(samples(rare), "stall")[1] == [0, 1, 0]


def test_every_attempt_to_connect_counts():
    rows = [{"t": k, "connected": k % 2 == 0} for k in range(6)]
    assert found(samples(rows), "connect")[1] == [1, 0, 1, 0, 1, 0]


def test_two_devices_in_one_run_are_cut_apart():
    rows = [{"t": k // 2, "device_id": "xy"[k % 2], "dl_kbps": 100.0 + k} for k in range(40)]
    rows.sort(key=lambda row: row["device_id"])
    mixed = samples([rows[k // 2 + 20 * (k % 2)] for k in range(40)])
    assert len(found(mixed, "downlink")[0]) == 4
    assert sorted(found(mixed, "downlink")[1]) == sorted(found(samples(rows), "downlink")[1])


def test_rows_without_a_time_are_each_a_test():
    assert (
        len(found(samples([{"t": None, "dl_kbps": 5.0 + k} for k in range(9)]), "downlink")[0]) == 9
    )


def test_rows_that_tell_of_no_test_change_nothing():
    rows = [{"t": k, "dl_kbps": 100.0 + k} for k in range(20)]
    silent = [{"t": k + 0.5} for k in range(20)]
    both = sorted(rows + silent, key=lambda row: row["t"])
    got, values = found(samples(both), "downlink")
    assert values == found(samples(rows), "downlink")[1]
    assert all("dl_kbps" in both[k] for k in got)


def test_no_rows_give_no_tests():
    assert len(find_tests(samples([]), None).row) == 0
    assert np.issubdtype(find_tests(samples([]), None).value.dtype, np.integer)
