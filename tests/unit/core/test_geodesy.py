import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from covermap.core import geodesy

ORACLE = Geod(ellps="WGS84")
LAT = st.floats(-70, 70)
LON = st.floats(-180, 180)


def one(value):
    return np.array([float(value)])


@settings(deadline=None)
@given(LON, LAT, st.floats(0, 360), st.floats(0.1, 5000))
def test_the_mid_latitude_length_is_within_its_stated_error_of_the_geodesic(lon, lat, az, d):
    lon2, lat2, _ = ORACLE.fwd(lon, lat, az, d)
    got = geodesy.short_lengths_m(one(lon), one(lat), one(lon2), one(lat2))[0]
    assert abs(got - d) <= 3e-7 * d + 1e-6


@settings(deadline=None)
@given(LON, LAT, st.floats(0, 359.9), st.floats(1, 2000))
def test_a_short_azimuth_is_near_the_geodesic_one(lon, lat, az, d):
    lon2, lat2, _ = ORACLE.fwd(lon, lat, az, d)
    got = geodesy.short_azimuths_deg(one(lon), one(lat), one(lon2), one(lat2))
    assert geodesy.turn_deg(got, one(az))[0] < 0.05


@settings(deadline=None)
@given(LON, LAT, st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_the_local_plane_is_undone_exactly(lon, lat, x, y):
    lon1, lat1 = geodesy.from_plane(one(x), one(y), lon, lat)
    x1, y1 = geodesy.to_plane(lon1, lat1, lon, lat)
    assert abs(x1[0] - x) < 1e-5
    assert abs(y1[0] - y) < 1e-5


def test_points_at_leads_where_the_inverse_came_from():
    lon, lat = np.array([8.8, 121.5]), np.array([53.1, 31.2])
    lon2, lat2 = np.array([9.4, 120.6]), np.array([53.3, 31.3])
    azimuth, length = geodesy.inverse(lon, lat, lon2, lat2)
    again = geodesy.points_at(lon, lat, azimuth, length)
    np.testing.assert_allclose(again, (lon2, lat2), atol=1e-10)


def test_a_point_has_no_azimuth_to_itself():
    assert np.isnan(geodesy.azimuths_deg(one(8), one(53), one(8), one(53))[0])
    assert np.isnan(geodesy.short_azimuths_deg(one(8), one(53), one(8), one(53))[0])


def test_lengths_across_the_antimeridian_take_the_short_way():
    got = geodesy.short_lengths_m(one(179.999), one(10), one(-179.999), one(10))
    want = geodesy.lengths_m(one(179.999), one(10), one(-179.999), one(10))
    np.testing.assert_allclose(got, want, rtol=1e-7)
    assert got[0] < 300


def test_chainages_start_anew_on_each_line():
    lon = np.array([8.0, 8.1, 8.3, 9.0, 9.1])
    lat = np.array([53.0, 53.0, 53.1, 53.0, 53.0])
    line = np.array([0, 0, 0, 1, 1])
    got = geodesy.chainages_m(lon, lat, line)
    assert got[0] == got[3] == 0
    assert got[2] == got[1] + ORACLE.line_length(lon[1:3], lat[1:3])
    np.testing.assert_allclose(got[4], ORACLE.line_length(lon[3:], lat[3:]))


def test_a_missing_coordinate_gives_a_missing_length():
    assert np.isnan(geodesy.lengths_m(one(np.nan), one(1), one(2), one(2))[0])
    assert np.isnan(geodesy.short_lengths_m(one(np.nan), one(1), one(2), one(2))[0])


def test_angles_between_directions_and_axes():
    np.testing.assert_allclose(geodesy.turn_deg(one(350), one(10)), [20])
    np.testing.assert_allclose(geodesy.axis_angle_deg(one(350), one(190)), [20])
    np.testing.assert_allclose(geodesy.axis_angle_deg(one(0), one(90)), [90])
