import numpy as np
import pandas as pd
import pytest

from covermap.core.lines.marks import Stamps, chainages_between, place_by_marks, station_key

STATIONS = pd.DataFrame(
    {
        "line": [0, 0, 0, 0, 1, 1, 1],
        "key": ["a", "b", "c", "d", "b", "x", "c"],
        "chainage_m": [0.0, 1000, 2500, 4000, 0, 500, 900],
    }
)


def course(keys, times=None):
    times = np.arange(len(keys)) * 100.0 if times is None else np.array(times, float)
    return place_by_marks(Stamps(list(keys), times), STATIONS)


def test_station_names_are_compared_without_case_blanks_and_suffix():
    assert station_key("人民广场站") == station_key(" 人民广场 ")
    assert station_key("Ｘujing East Station") == station_key("xujing east")
    assert station_key("站") == "站"


def test_the_line_that_has_the_stamped_stations_is_found():
    found = course("abc")
    assert found.line == 0
    assert found.chainage_m.tolist() == [0, 1000, 2500]
    assert course("bxc").line == 1


def test_of_lines_with_the_same_stations_the_one_run_end_to_end_is_taken():
    both = pd.concat([STATIONS.query("line == 0"), pd.DataFrame(
        {"line": [2, 2, 2], "key": ["b", "a", "c"], "chainage_m": [0.0, 900, 1800]})])  # fmt: skip
    found = place_by_marks(Stamps(["a", "b", "c"], np.array([0.0, 1, 2])), both)
    assert found.line == 0


def test_too_few_known_stations_place_nothing():
    assert course("ay") is None
    assert course("zyx") is None
    assert course("a") is None


def test_a_mark_that_is_no_station_is_counted_and_passed_over():
    found = course("abqd")
    assert found.unknown == 1
    assert found.time_s.tolist() == [0, 100, 300]


def test_places_are_linear_in_time_between_stamps_and_unknown_outside():
    chainage, direction = chainages_between(course("abc"), np.array([-1.0, 0, 50, 100, 150, 201]))
    np.testing.assert_allclose(chainage, [np.nan, 0, 500, 1000, 1750, np.nan])
    assert direction.tolist() == [0, 1, 1, 1, 1, 0]


def test_the_way_back_has_the_other_direction_and_a_stop_that_of_the_next_move():
    found = course("cbba", [0, 100, 130, 230])
    chainage, direction = chainages_between(found, np.array([50.0, 115, 180]))
    np.testing.assert_allclose(chainage, [1750, 1000, 500])
    assert direction.tolist() == [-1, -1, -1]


def test_a_station_met_twice_is_the_one_nearest_to_the_stamp_before():
    loop = pd.DataFrame(
        {"line": [0] * 4, "key": ["a", "b", "c", "a"], "chainage_m": [0.0, 1000, 2000, 3000]}
    )
    found = place_by_marks(Stamps(["a", "b", "c", "a"], np.arange(4.0)), loop)
    assert found.chainage_m.tolist() == pytest.approx([0, 1000, 2000, 3000])
