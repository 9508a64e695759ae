"""Alarms of fixed devices: what raises one, what does not, and when it ends."""

from __future__ import annotations

import numpy as np
import pytest

from covermap.core.quality.alarms import LEAST_DAYS, Days, alarms, days_of
from covermap.core.quality.medians import medians


def days(*series):
    """Series of days, one list each."""
    number = np.repeat(np.arange(len(series)), [len(s) for s in series])
    day = np.concatenate([np.arange(len(s)) for s in series])
    return Days(number, day, np.concatenate([np.array(s, float) for s in series]))


def watched(*series, falling=True, least=0.5):
    return alarms(days(*series), np.full(len(series), least), falling=falling)


def steady(count, seed=0, mean=-90.0, sd=1.0):
    return np.random.default_rng(seed).normal(mean, sd, count)


def test_a_lasting_fall_is_told_with_its_first_day_and_what_was_usual():
    level = steady(60)
    level[40:] -= 8
    found = watched(level)
    assert found.first.tolist() == [40]
    assert 41 <= found.raised[0] <= 42
    assert found.last.tolist() == [59]
    assert found.usual[0] == pytest.approx(-90, abs=0.5)
    assert found.spread[0] == pytest.approx(1, abs=0.4)


def test_a_rise_is_none_where_higher_is_better_and_one_where_it_is_worse():
    latency = steady(60, mean=20)
    latency[40:] += 8
    assert len(watched(latency).first) == 0
    found = watched(latency, falling=False)
    assert 37 <= found.first[0] <= 40 < found.raised[0] <= 42
    assert found.usual[0] == pytest.approx(20, abs=0.5)


def test_one_odd_day_raises_nothing_however_odd():
    level = steady(60)
    level[40] = -200
    assert len(watched(level).first) == 0


def test_an_alarm_ends_after_the_cure_and_what_was_bad_is_no_history():
    level = steady(160)
    level[40:100] -= 8
    level[125:] -= 8
    found = watched(level)
    assert found.first.tolist() == pytest.approx([40, 125], abs=3)
    assert 99 <= found.last[0] <= 104
    assert found.usual[1] == pytest.approx(-90, abs=0.5)


def test_nothing_is_told_without_enough_history():
    level = steady(LEAST_DAYS + 4)
    level[LEAST_DAYS:] -= 20
    assert len(watched(level).first) == 0


def test_days_without_reports_neither_raise_nor_end_anything():
    level = steady(80)
    level[40:] -= 8
    level[::3] = np.nan
    level[50:60] = np.nan
    found = watched(level)
    assert found.first.tolist() == [40]
    assert found.last.tolist() == [79]


def test_a_series_that_never_varied_needs_a_fall_that_matters():
    level = np.full(60, -90.0)
    level[40:] = -90.4
    assert len(watched(level).first) == 0
    level[40:] = -92
    assert watched(level).first.tolist() == [40]


def test_series_know_nothing_of_each_other():
    fallen = steady(60, 1)
    fallen[40:] -= 8
    alone = watched(fallen)
    both = watched(steady(50, 2), fallen, steady(70, 3))
    assert (both.first - 50).tolist() == alone.first.tolist()
    assert both.usual.tolist() == alone.usual.tolist()


def test_a_day_is_told_by_what_its_hours_usually_are():
    hour = np.arange(24 * 30)
    busy = np.where(hour % 24 >= 18, -10.0, 0.0)
    level = -90 + busy + np.random.default_rng(0).normal(0, 0.1, hour.size)
    level[(hour // 24 == 20) & (hour % 24 < 18)] = np.nan  # only the busy hours of one day
    told = days_of(np.zeros(hour.size, np.int64), hour, level)
    assert told.day.tolist() == list(range(30))
    assert abs(told.value[20] - np.median(told.value)) < 0.3


def test_days_without_any_report_stand_between_others():
    told = days_of(np.array([0, 0, 1]), np.array([5, 24 * 3, 7]), np.array([1.0, 2.0, 9.0]))
    assert told.series.tolist() == [0, 0, 0, 0, 1]
    assert told.day.tolist() == [0, 1, 2, 3, 0]
    assert np.isnan(told.value).tolist() == [False, True, True, False, False]


def test_medians_are_those_of_sorted_values():
    rng = np.random.default_rng(0)
    group, value = rng.integers(0, 5, 100), rng.normal(size=100)
    for number, found in enumerate(medians(group, value, 6)):
        own = np.sort(value[group == number])
        assert np.isnan(found) if not len(own) else found == own[(len(own) - 1) // 2]
