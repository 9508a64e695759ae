import numpy as np
import pyarrow as pa
import shapely

from covermap.core.geodesy import axis_angle_deg
from covermap.core.matching.graph import graph_of_lines
from covermap.core.matching.routes import routes_of
from covermap.core.matching.settings import MatchSettings
from covermap.core.placing.points import Alone, axes_deg, match_points

M = 1.0 / 111_194.9


def points(*xy):
    """Longitudes and latitudes of points in metres near the equator."""
    made = np.array(xy, float) * M
    return made[:, 0].copy(), made[:, 1].copy()


def along(dx, dy, n=30, step=20.0):
    return [(dx * step * k, dy * step * k) for k in range(n)]


def axes(xy, group=None):
    lon, lat = points(*xy)
    return axes_deg(lon, lat, np.zeros(len(lon), int) if group is None else np.array(group))


def test_points_along_a_road_show_its_axis_whatever_their_order():
    xy = along(1.0, 1.0)
    there = axes(xy)
    assert (axis_angle_deg(there, np.full(30, 45.0)) < 2).all()
    turn = np.random.default_rng(1).permutation(30)
    np.testing.assert_array_equal(axes([xy[k] for k in turn]), there[turn])


def test_a_cloud_of_points_a_few_and_a_standing_device_show_none():
    cloud = np.random.default_rng(2).uniform(0, 300, (60, 2))
    assert np.isnan(axes([tuple(p) for p in cloud])).mean() > 0.9
    assert np.isnan(axes([(0, 0), (50, 0)])).all()
    still = np.random.default_rng(3).normal(0, 2, (50, 2))
    assert np.isnan(axes([tuple(p) for p in still])).all()


def test_other_groups_and_missing_positions_say_nothing():
    xy = along(1.0, 0.0, 10)
    assert np.isnan(axes(xy, range(10))).all()
    lon, lat = points(*xy)
    lon[3] = np.nan
    got = axes_deg(lon, lat, np.zeros(10, int))
    assert np.isnan(got[3])
    assert (axis_angle_deg(np.delete(got, 3), np.full(9, 90.0)) < 2).all()


def alone(*courses, oneway=None):
    geometry = shapely.to_wkb(
        np.array([shapely.LineString(np.array(c, float) * M) for c in courses], object)
    )
    n = len(courses)
    table = {"geometry": geometry, "class": ["primary"] * n}
    table["oneway"] = pa.array(oneway or [None] * n, pa.int16())
    graph = graph_of_lines(pa.table(table))
    settings = MatchSettings(radius_m=50.0, far_m=50.0)
    return Alone(graph, np.ones(n, bool), settings, routes_of(graph))


def match(how, xy, heading=np.nan, axis=np.nan):
    lon, lat = points(*xy)
    n = len(lon)
    return match_points(
        how, lon, lat, np.full(n, heading), np.full(n, axis), np.full(n, 10.0)
    )  # fmt: skip


CROSS = ([(-500, 0), (500, 0)], [(0, -500), (0, 500)])


def test_at_a_crossing_the_axis_decides():
    how = alone(*CROSS)
    east, north = match(how, [(12, 8)], axis=90.0), match(how, [(8, 12)], axis=0.0)
    assert (east.line[0], north.line[0]) == (0, 1)
    assert east.probability[0] > 0.9
    assert east.direction[0] == north.direction[0] == 0


def test_an_axis_favours_neither_carriageway():
    how = alone([(0, 0), (1000, 0)], [(1000, 20), (0, 20)], oneway=[1, 1])
    middle = match(how, [(500, 10)], axis=90.0)
    np.testing.assert_allclose(middle.probability, 0.5, atol=1e-6)
    assert {int(middle.line[0]), int(middle.other_line[0])} == {0, 1}
    nearer = match(how, [(500, 4)], axis=270.0)
    assert nearer.line[0] == 0
    assert nearer.direction[0] == 1


def test_a_heading_decides_between_carriageways_whatever_the_axis():
    how = alone([(0, 0), (1000, 0)], [(1000, 20), (0, 20)], oneway=[1, 1])
    assert match(how, [(500, 4)], heading=270.0, axis=90.0).line[0] == 1


def test_too_far_is_too_far_with_and_without_an_axis():
    how = alone(*CROSS)
    for axis in (90.0, np.nan):
        assert match(how, [(300, 200)], axis=axis).line.tolist() == [-1]
