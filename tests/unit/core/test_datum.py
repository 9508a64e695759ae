"""Datums: published values, conventions, and errors."""

import math

import numpy as np
import pytest

from covermap.core.datum import (
    compare_datums,
    describe,
    distance_shift,
    from_wgs84,
    parse_datum,
    to_wgs84,
)
from covermap.errors import DatumError


def test_gcj02_gives_the_values_that_eviltransform_publishes():
    # Test vectors of eviltransform (Shanghai, Shenzhen, Beijing), given there as lat, lon.
    cases = [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ]
    for (lat, lon), (gcj_lat, gcj_lon) in cases:
        x, y = from_wgs84(lon, lat, "gcj02")
        assert float(x) == pytest.approx(gcj_lon, abs=1e-9)
        assert float(y) == pytest.approx(gcj_lat, abs=1e-9)


def test_bd09_gives_the_value_that_eviltransform_publishes():
    x, y = from_wgs84(121.52721, 31.17743, "bd09")
    gcj_x, gcj_y = from_wgs84(121.52721, 31.17743, "gcj02")
    z = math.hypot(gcj_x, gcj_y) + 2e-5 * math.sin(gcj_y * math.pi * 3000 / 180)
    theta = math.atan2(gcj_y, gcj_x) + 3e-6 * math.cos(gcj_x * math.pi * 3000 / 180)
    assert float(x) == pytest.approx(z * math.cos(theta) + 0.0065, abs=1e-12)
    assert float(y) == pytest.approx(z * math.sin(theta) + 0.006, abs=1e-12)
    assert 0.0064 < float(x) - float(gcj_x) < 0.0068


def test_outside_china_gcj02_and_bd09_leave_positions_unchanged():
    lon, lat = np.array([2.35, -58.2, 139.7, 8.8]), np.array([48.85, -34.0, 35.6, 53.1])
    for datum in ("gcj02", "bd09"):
        for convert in (to_wgs84, from_wgs84):
            x, y = convert(lon, lat, datum)
            assert np.array_equal(x, lon)
            assert np.array_equal(y, lat)


def test_missing_and_infinite_positions_give_nan_in_both_coordinates():
    x = np.array([np.nan, 121.5, np.inf, 121.5])
    y = np.array([31.2, np.nan, 31.2, 31.2])
    for datum in ("wgs84", "gcj02", "bd09", "cgcs2000", "EPSG:4490", "EPSG:32651"):
        for convert in (to_wgs84, from_wgs84):
            a, b = convert(x, y, datum)
            assert np.isnan(a[:3]).all(), datum
            assert np.isnan(b[:3]).all(), datum


def test_shape_is_kept_and_empty_input_gives_empty_output():
    lon, lat = to_wgs84(np.full((2, 3), 121.5), np.full((2, 3), 31.2), "gcj02")
    assert lon.shape == lat.shape == (2, 3)
    assert to_wgs84([], [], "bd09")[0].size == 0


def test_the_input_arrays_are_not_changed():
    lon, lat = np.array([121.5]), np.array([31.2])
    for datum in ("wgs84", "gcj02"):
        out, _ = to_wgs84(lon, lat, datum)
        out[0] = 0.0
        assert lon[0] == 121.5


def test_an_epsg_code_goes_through_proj_with_east_first():
    x, y = from_wgs84(121.5, 31.2, "EPSG:32651")
    assert 300_000 < float(x) < 400_000
    assert 3_400_000 < float(y) < 3_500_000
    lon, lat = to_wgs84(x, y, "epsg:32651")
    assert float(lon) == pytest.approx(121.5, abs=1e-9)
    assert float(lat) == pytest.approx(31.2, abs=1e-9)


def test_cgcs2000_is_wgs84_at_this_precision_by_name_and_by_code():
    for datum in ("cgcs2000", "EPSG:4490"):
        lon, lat = to_wgs84(121.5, 31.2, datum)
        assert float(distance_shift(lon, lat, datum)) < 1.0
        assert float(lon) == pytest.approx(121.5, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "name"),
    [("WGS84", "wgs84"), ("GCJ-02", "gcj02"), ("bd_09", "bd09"), ("epsg:4490", "EPSG:4490")],
)
def test_names_are_read_with_any_case_and_hyphens(text, name):
    assert parse_datum(text) == name


@pytest.mark.parametrize("text", ["gcj2", "EPSG:", "EPSG:999999", "", "wgs 72"])
def test_an_unknown_datum_is_one_clear_line(text):
    with pytest.raises(DatumError) as caught:
        parse_datum(text)
    assert "\n" not in str(caught.value)
    assert repr(text) in str(caught.value)


def test_a_near_miss_is_suggested():
    with pytest.raises(DatumError, match="Did you mean 'gcj02'"):
        parse_datum("gcj20")


def test_gcj02_read_as_wgs84_moves_a_point_by_hundreds_of_metres():
    shift = distance_shift([121.47, 116.4, 2.35], [31.23, 39.9, 48.85])
    assert 400 < shift[0] < 700
    assert 400 < shift[1] < 700
    assert shift[2] == 0.0


def test_descriptions_name_the_datum():
    assert "not WGS-84" in describe("gcj02")
    assert "EPSG:32651" in describe("EPSG:32651")
    assert "easting" in describe("EPSG:32651")


def a_line():
    s = np.linspace(0.0, 1.0, 4000)
    return 121.0 + s, 31.0 + 0.6 * s + 0.1 * np.sin(8 * s)


def test_points_in_gcj02_are_found_out_against_a_known_line():
    lon, lat = a_line()
    x, y = from_wgs84(lon[::7], lat[::7], "gcj02")
    fit = compare_datums(x, y, lon, lat)
    assert fit is not None
    assert fit.best == "gcj02"
    assert fit.contradicts("wgs84")
    assert not fit.contradicts("gcj02")
    assert fit.median_m["gcj02"] < 1.0
    assert fit.median_m["wgs84"] > 100.0


def test_points_in_wgs84_do_not_contradict_wgs84():
    lon, lat = a_line()
    fit = compare_datums(lon[::7] + 1e-4, lat[::7], lon, lat)
    assert fit is not None
    assert fit.best == "wgs84"
    assert not fit.contradicts("wgs84")
    assert fit.contradicts("gcj02")


def test_without_points_or_lines_there_is_no_comparison():
    assert compare_datums([np.nan], [31.0], [121.0], [31.0]) is None
    assert compare_datums([121.0], [31.0], [], []) is None
