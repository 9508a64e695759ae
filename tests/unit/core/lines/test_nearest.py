import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.geodesy import turn_deg
from covermap.core.lines import nearest


def edges(seed, n, size=1000.0, length=60.0):
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, size, (n, 2))
    end = start + rng.normal(0, length, (n, 2))
    return start, end


def planar(grid, points, radius, heading=None, max_angle=90.0):
    """The kernel in a plain plane: lengths of one degree are 1."""
    one = np.ones(len(points))
    heading = np.full(len(points), np.nan) if heading is None else heading
    return nearest.Nearest(
        *nearest._nearest(
            grid, points[:, 0].copy(), points[:, 1].copy(), one, one, radius, heading,
            float(np.cos(np.radians(max_angle))), nearest.every_line(grid),
        )
    )  # fmt: skip


def grid_of(start, end, cell, line=None):
    line = np.arange(len(start)) if line is None else line
    return nearest.edge_grid(
        start[:, 0].copy(), start[:, 1].copy(), end[:, 0].copy(), end[:, 1].copy(), line, cell, cell
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([7.0, 50.0, 400.0]))
def test_the_grid_finds_what_the_tree_finds(seed, n, cell):
    start, end = edges(seed, n)
    points = np.random.default_rng(seed + 1).uniform(-100, 1100, (50, 2))
    got = planar(grid_of(start, end, cell), points, 120.0)
    lines = shapely.linestrings(np.stack([start, end], axis=1))
    tree = shapely.STRtree(lines)
    pairs, distance = tree.query_nearest(
        shapely.points(points), max_distance=120.0, return_distance=True, all_matches=True
    )
    want = np.full(len(points), np.nan)
    want[pairs[0]] = distance
    np.testing.assert_allclose(got.distance_m, want, atol=1e-9)
    hit = got.edge >= 0
    own = shapely.distance(lines[got.edge[hit]], shapely.points(points[hit]))
    np.testing.assert_allclose(own, got.distance_m[hit], atol=1e-9)


def test_the_place_on_the_edge_is_the_foot_of_the_point():
    start, end = edges(3, 40)
    points = np.random.default_rng(4).uniform(0, 1000, (80, 2))
    got = planar(grid_of(start, end, 50.0), points, 300.0)
    foot = start[got.edge] + got.along[:, None] * (end - start)[got.edge]
    np.testing.assert_allclose(np.hypot(*(foot - points).T), got.distance_m, atol=1e-9)


def test_only_edges_along_the_heading_are_found():
    start, end = edges(5, 200)
    points = np.random.default_rng(6).uniform(0, 1000, (100, 2))
    heading = np.random.default_rng(7).uniform(0, 360, 100)
    got = planar(grid_of(start, end, 50.0), points, 200.0, heading, 20.0)
    step = end - start
    azimuth = np.degrees(np.arctan2(step[:, 0], step[:, 1]))
    lines = shapely.linestrings(np.stack([start, end], axis=1))
    for i in range(100):
        turn = turn_deg(azimuth, np.full(len(azimuth), heading[i]))
        fits = np.minimum(turn, 180 - turn) <= 20.0
        distance = shapely.distance(lines[fits], shapely.Point(points[i]))
        least = distance.min(initial=np.inf)
        if least > 200:
            assert got.edge[i] == -1
        else:
            assert got.distance_m[i] == pytest.approx(least)


def test_every_line_near_a_point_is_found_once_with_its_nearest_edge():
    lon = 8 + np.array([0, 1e-3, 2e-3, 0, 1e-3])
    lat = 53 + np.array([0, 0, 0, 5e-4, 5e-4])
    pieces = np.array(
        [shapely.LineString(np.c_[lon[:3], lat[:3]]), shapely.LineString(np.c_[lon[3:], lat[3:]])],
        dtype=object,
    )
    grid = nearest.line_grid(pieces, np.array([4, 7]), 100.0)
    got = nearest.nearest_per_line(grid, np.array([8.0015, 8.9]), np.array([53.0001, 53.0]), 200.0)
    assert got.point.tolist() == [0, 0]
    assert grid.line[got.edge].tolist() == [4, 7]
    assert got.edge.tolist() == [1, 2]


def test_no_edges_find_nothing():
    grid = nearest.line_grid(np.zeros(0, object), np.zeros(0, np.int64), 100.0)
    got = nearest.nearest_edges(grid, np.array([8.0]), np.array([53.0]), 100.0)
    assert got.edge.tolist() == [-1]


def test_more_lines_than_there_is_room_for_keep_the_nearest():
    n = 3 * nearest.NEAREST_LINES
    y = np.random.default_rng(1).permutation(n).astype(float)
    start, end = np.c_[np.zeros(n), y], np.c_[np.full(n, 10.0), y]
    grid = grid_of(start, end, 5.0)
    got = planar(grid, np.array([[5.0, 0.2]]), 1000.0)
    assert y[got.edge[0]] == 0.0
