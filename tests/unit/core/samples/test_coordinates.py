import numpy as np
import pytest

from covermap.core.datum import from_wgs84
from covermap.core.samples.coordinates import read_coordinates


def read(x, y, datum="wgs84", run=None):
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    return read_coordinates(x, y, datum, np.zeros(x.size, int) if run is None else np.array(run))


def test_good_positions_pass_unchanged():
    found = read([-8.47, 121.47], [51.9, 31.23])
    assert found.lon.tolist() == [-8.47, 121.47]
    assert not found.bad.any()


def test_each_bad_position_is_of_one_kind():
    found = read([np.nan, 0.0, 200.0, 31.2, np.inf], [51.9, 0.0, 10.0, 121.4, 1.0])
    kinds = np.stack([found.missing, found.zero, found.outside, found.swapped])
    assert kinds.argmax(axis=0).tolist() == [0, 1, 2, 3, 0]
    assert kinds.sum(axis=0).tolist() == [1] * 5
    assert np.isnan(found.lon).all()
    assert np.isnan(found.lat).all()


def test_exchanged_positions_are_told_from_the_runs_other_rows():
    x, y = [-8.47, -8.46, 51.9, -8.45], [51.9, 51.91, -8.47, 51.92]
    assert read(x, y).swapped.tolist() == [False, False, True, False]


def test_a_journey_of_thousands_of_kilometres_is_not_exchanged():
    assert not read([-8.0, 2.0, 30.0, 120.0], [51.0, 48.0, 59.0, 31.0]).bad.any()


def test_each_run_is_compared_with_itself():
    x, y = [10.0, 10.1, 50.0, 50.1], [50.0, 50.1, 10.0, 10.1]
    assert not read(x, y, run=[0, 0, 1, 1]).swapped.any()


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "EPSG:32651", "cgcs2000"])
def test_declared_datums_come_back_to_wgs84(datum):
    x, y = from_wgs84(np.array([121.2]), np.array([31.29]), datum)
    found = read(x, y, datum)
    assert found.lon[0] == pytest.approx(121.2, abs=1e-8)
    assert found.lat[0] == pytest.approx(31.29, abs=1e-8)


def test_degrees_read_as_metres_fall_outside_the_projections_area():
    assert read([121.2], [31.29], "EPSG:32651").outside.tolist() == [True]


def test_no_rows_are_no_trouble():
    assert read([], []).lon.size == 0
