"""Times as written, to ms."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.errors import FormatError
from covermap.formats.logs.clock import parse_times

MS = 1631522519995


def times(*values: str | None, unit: str | None = None) -> tuple[list[int | None], str]:
    ms, kind = parse_times(pa.array(values, pa.string()), unit, "x.csv")
    return ms.to_pylist(), kind


@pytest.mark.parametrize(
    "written",
    [
        "1631522519995", "1631522519.995", "1631522519995000", "1631522519995000000",
        "2021-09-13T08:41:59.995Z", "2021-09-13 10:41:59.995+02:00", "2021-09-13 10:41:59,995+0200",
        "2021/9/13 8:41:59.995 UTC", "2021-09-13T03:11:59.995-05:30",
    ],
)  # fmt: skip
def test_each_way_to_write_one_instant_gives_it(written: str) -> None:
    assert times(written, None) == ([MS, None], "utc")


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("2021-09-13 08:41:59", None), ("2021.09.13_08.41.59", None),
        ("2021年9月13日 8时41分59秒", None),
        ("13.09.2021 08:41:59", "%d.%m.%Y %H:%M:%S"),
    ],
)  # fmt: skip
def test_times_without_a_zone_are_local(written: str, unit: str | None) -> None:
    assert times(written, unit=unit) == ([MS - 995], "local")


def test_a_unit_that_is_declared_is_believed() -> None:
    assert times("1000", unit="ms") == ([1000], "utc")
    assert times("1000", unit="s") == ([1_000_000], "utc")


def test_what_cannot_be_read_is_null() -> None:
    assert times("yesterday", "2021-13-41 00:00:00", "2021-02-30 00:00:00")[0] == [None] * 3
    assert times("12", "x", unit="s")[0] == [12_000, None]


def test_a_row_without_zone_among_rows_with_one_cannot_be_placed() -> None:
    assert times("2021-09-13T08:41:59Z", "2021-09-13T08:41:59") == ([MS - 995, None], "utc")


def test_an_unknown_unit_is_refused_with_those_there_are() -> None:
    with pytest.raises(FormatError, match=r"time = 'hours'; it can be s, ms"):
        times("1", unit="hours")


@given(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2100, 1, 1)), st.integers(-720, 840))
def test_iso_times_with_any_offset_equal_what_python_makes_of_them(
    moment: dt.datetime, offset: int
) -> None:
    zone = dt.timezone(dt.timedelta(minutes=offset))
    stamp = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=zone)
    expected = (stamp - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)
    assert times(stamp.isoformat())[0] == [expected]


def test_patterns_need_no_leading_zeros_and_know_the_half_of_the_day() -> None:
    assert times("9/13/2021 8:41:59 AM", unit="%m/%d/%Y %I:%M:%S %p")[0] == [MS - 995]
    assert times("9/13/2021 8:41:59 pm", unit="%m/%d/%Y %I:%M:%S %p")[0] == [MS - 995 + 43_200_000]
    assert times("2/30/2021 8:41:59 PM", unit="%m/%d/%Y %I:%M:%S %p")[0] == [None]


def test_a_time_of_minutes_has_no_seconds() -> None:
    assert times("2021-09-13 08:41")[0] == [MS - 59_995]


@pytest.mark.parametrize("pattern", ["%Y-%m-%d %H:%M:%S.%f", "%Y %z"])
def test_a_pattern_with_fractions_or_zones_is_refused(pattern: str) -> None:
    with pytest.raises(FormatError, match="whole seconds and no zone"):
        times("1", unit=pattern)
