import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.samples.times import DAY_MS, in_future, never_set, periods, to_utc

DUBLIN = ZoneInfo("Europe/Dublin")


def local(*texts):
    """Clock times of Dublin as ms since 1970 of that clock."""
    moments = [dt.datetime.fromisoformat(t).replace(tzinfo=dt.UTC) for t in texts]
    return np.array([round(m.timestamp() * 1000) for m in moments])


def utc_texts(found):
    return [str(t)[:16] for t in found.time_ms.astype("datetime64[ms]")]


def test_winter_and_summer_have_their_own_offsets():
    found = to_utc(local("2020-01-06T12:00", "2020-07-06T12:00"), DUBLIN, np.zeros(2, int))
    assert utc_texts(found) == ["2020-01-06T12:00", "2020-07-06T11:00"]
    assert not found.ambiguous.any()
    assert not found.skipped.any()


def test_an_hour_that_occurs_twice_is_taken_as_the_first_and_named():
    times = local("2020-10-25T00:50", "2020-10-25T01:10", "2020-10-25T02:10")
    found = to_utc(times, DUBLIN, np.zeros(3, int))
    assert utc_texts(found) == ["2020-10-24T23:50", "2020-10-25T00:10", "2020-10-25T02:10"]
    assert found.ambiguous.tolist() == [False, True, False]


def test_a_run_that_only_goes_on_after_the_change_began_in_the_second_hour():
    times = local("2020-10-25T01:50", "2020-10-25T02:10")
    assert utc_texts(to_utc(times, DUBLIN, np.zeros(2, int)))[0] == "2020-10-25T01:50"
    assert utc_texts(to_utc(times, DUBLIN, np.array([0, 1])))[0] == "2020-10-25T00:50"


def test_an_hour_that_never_was_is_named():
    found = to_utc(local("2020-03-29T01:30"), DUBLIN, np.zeros(1, int))
    assert found.skipped.tolist() == [True]
    assert utc_texts(found) == ["2020-03-29T01:30"]


@given(
    st.lists(st.integers(631_152_000_000, 4_000_000_000_000), min_size=1, max_size=20),
    st.sampled_from(["Europe/Dublin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_times_that_occur_once_are_those_of_the_standard_library(times, name):
    zone = ZoneInfo(name)
    found = to_utc(np.array(times), zone, np.zeros(len(times), int))
    for written, utc, odd in zip(
        times, found.time_ms.tolist(), (found.ambiguous | found.skipped).tolist(), strict=True
    ):
        clock = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=written)
        if not odd:
            assert round(clock.replace(tzinfo=zone).timestamp() * 1000) == utc


def test_clocks_ahead_of_now_or_never_set_are_found():
    now = 1_752_876_000_000
    times = np.array([now + DAY_MS, now + DAY_MS + 1, 0, 631_151_999_999])
    assert in_future(times, now).tolist() == [False, True, False, False]
    assert never_set(times).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("ms", "month"), [(1_577_836_799_999, "2019-12"), (1_577_836_800_000, "2020-01")]
)
def test_the_period_is_the_month_in_utc(ms, month):
    assert periods(np.array([ms, ms]), np.array([True, False])).to_pylist() == [month, "undated"]
