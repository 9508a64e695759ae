"""Laws of cells: indexes, boundaries and areas are those of `h3`, at every resolution."""

from concurrent.futures import ThreadPoolExecutor

import h3.api.basic_int as h3
import h3ronpy.vector
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.cells import NO_CELL, areas_m2, boundaries, cells_at, outlines
from covermap.core.cells import index as ix
from covermap.core.cells.icosahedron import icosahedron

RESOLUTIONS = range(16)
LON = st.floats(-180, 180) | st.floats(-2000, 2000) | st.sampled_from([-180.0, 180.0, 360.0, 0.0])
LAT = st.floats(-90, 90) | st.floats(-800, 800) | st.sampled_from([-90.0, 90.0, 0.0])
EARTH_M = 6_371_007.18


def reference(lon, lat, resolution):
    """One call of `h3` a position."""
    at = zip(np.asarray(lon).tolist(), np.asarray(lat).tolist(), strict=True)
    return np.array([h3.latlng_to_cell(y, x, resolution) for x, y in at], np.int64)


def second_oracle(lon, lat, resolution):
    """Rust's h3o: another program than `h3`, and fast."""
    found = h3ronpy.vector.coordinates_to_cells(pa.array(lat), pa.array(lon), resolution)
    return pa.array(found).to_numpy(zero_copy_only=False).view(np.int64)


def degrees(vectors):
    """Give longitude and latitude of vectors of any length."""
    x, y, z = np.asarray(vectors).T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def on_the_globe(rng, n, _):
    return degrees(rng.normal(size=(n, 3)))


def at_the_poles(rng, n, _):
    pole = np.array([0.0, 0.0, 1.0]) * rng.choice([-1, 1], (n, 1))
    return degrees(pole + rng.normal(size=(n, 3)) * 10 ** rng.uniform(-16, -1, (n, 1)))


def at_the_antimeridian(rng, n, _):
    away = rng.choice([-1, 1], n) * 10 ** rng.uniform(-15, 0, n)
    return 180.0 * rng.choice([-3, -1, 1, 3], n) + away, rng.uniform(-90, 90, n)


def between_faces(rng, n, _):
    centre = icosahedron().centre
    near = np.argwhere((centre @ centre.T > 0.7) & (centre @ centre.T < 0.9))
    one, other = centre[near[rng.integers(0, len(near), n)].T]
    along = np.cross(one, other) * rng.uniform(-0.6, 0.6, (n, 1))
    off = rng.normal(size=(n, 3)) * 10 ** rng.uniform(-17, -1, (n, 1))
    return degrees((one + other) / 2 + along + off)


def at_the_middle_of_faces(rng, n, _):
    centre = icosahedron().centre[rng.integers(0, 20, n)]
    return degrees(centre + rng.normal(size=(n, 3)) * 10 ** rng.uniform(-17, -2, (n, 1)))


def at_pentagons(rng, n, resolution):
    lat, lon = np.transpose([h3.cell_to_latlng(c) for c in h3.get_pentagons(resolution)])
    which, off = rng.integers(0, 12, n), 10 ** rng.uniform(-15, 1, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    return lon[which] + off * np.cos(angle), lat[which] + off * np.sin(angle) / 2


def at_edges_and_vertices(rng, n, resolution):
    """Positions on boundaries of cells as `h3` gives them, and off them by little."""
    lon, lat = on_the_globe(rng, n, resolution)
    at = np.empty((n, 2))
    for k, cell in enumerate(reference(lon, lat, resolution).tolist()):
        ring = h3.cell_to_boundary(cell)
        at[k] = ring[k % len(ring)]
        after = ring[(k + 1) % len(ring)]
        if k % 2 and abs(after[1] - at[k, 1]) < 180:
            at[k] += (np.array(after) - at[k]) * rng.random()
    at += rng.choice([-1, 0, 1], (n, 2)) * 10 ** rng.uniform(-15, -7, (n, 1))
    return at[:, 1], at[:, 0]


PLACES = [
    on_the_globe, at_the_poles, at_the_antimeridian, between_faces, at_the_middle_of_faces,
    at_pentagons, at_edges_and_vertices,
]  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.tuples(LON, LAT), max_size=20), st.sampled_from(RESOLUTIONS))
def test_any_position_is_in_the_cell_that_h3_says(points, resolution):
    lon, lat = np.array(points, float).reshape(-1, 2).T
    assert cells_at(lon, lat, resolution).tolist() == reference(lon, lat, resolution).tolist()


@pytest.mark.parametrize("places", PLACES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_positions_where_it_is_hard_are_in_the_cells_that_h3_says(places, resolution):
    lon, lat = places(np.random.default_rng(resolution), 1500, resolution)
    assert np.array_equal(cells_at(lon, lat, resolution), reference(lon, lat, resolution))


def a_track(rng, n, step_m):
    """A walk from a random place that turns slowly, and stops, repeats and jumps at times."""
    lon, lat = on_the_globe(rng, 1, 0)
    course = np.cumsum(rng.normal(0, 0.1, n)) + rng.uniform(0, 2 * np.pi)
    step = np.degrees(step_m / EARTH_M) * (rng.random(n) > 0.2) * rng.lognormal(0, 0.5, n)
    jump = rng.random(n) < 0.01
    y = lat + np.cumsum(step * np.sin(course) + jump * rng.normal(0, 1, n) * 30 * step)
    squeeze = np.maximum(np.cos(np.radians(y)), 1e-3)
    return lon + np.cumsum(step * np.cos(course) / squeeze), y


@pytest.mark.parametrize("step_m", [0.0, 0.01, 1.0, 15.0, 83.0, 1_000.0, 30_000.0])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_tracks_at_any_speed_are_in_the_cells_that_h3_says(resolution, step_m):
    rng = np.random.default_rng([resolution, int(step_m * 100)])
    lon, lat = np.concatenate([a_track(rng, 250, step_m) for _ in range(8)], axis=1)
    assert np.array_equal(cells_at(lon, lat, resolution), reference(lon, lat, resolution))


@pytest.mark.parametrize("places", PLACES, ids=lambda f: f.__name__)
def test_tracks_about_hard_places_are_in_the_cells_that_h3_says(places):
    for resolution in RESOLUTIONS:
        rng = np.random.default_rng(resolution)
        lon, lat = (np.repeat(x, 40) for x in places(rng, 25, resolution))
        reach = 60 * 7.0 ** (-resolution / 2) * rng.uniform(0, 0.3, (2, len(lon)))
        lon, lat = lon + rng.normal(size=len(lon)) * reach[0], lat + reach[1]
        assert np.array_equal(cells_at(lon, lat, resolution), reference(lon, lat, resolution))


def test_a_fixed_probe_on_an_edge_gets_one_answer_however_often_it_repeats():
    lat, lon = h3.cell_to_boundary(h3.latlng_to_cell(31.23, 121.47, 10))[0]
    lon, lat = np.repeat([lon, 121.0], 300_000), np.repeat([lat, 31.0], 300_000)
    assert np.unique(cells_at(lon, lat, 10)[:300_000]).tolist() == [
        h3.latlng_to_cell(lat[0], lon[0], 10)
    ]


def test_what_is_missing_is_in_no_cell_and_what_follows_it_is_not_disturbed():
    lon, lat = np.full(60, 121.47), np.full(60, 31.23)
    lon[::3], lat[1::6] = np.nan, np.inf
    known = np.isfinite(lon) & np.isfinite(lat)
    expected = np.where(known, h3.latlng_to_cell(31.23, 121.47, 11), NO_CELL)
    assert cells_at(lon, lat, 11).tolist() == expected.tolist()


@pytest.mark.parametrize("places", PLACES[:6], ids=lambda f: f.__name__)
def test_a_position_beside_an_anchor_is_off_by_less_than_what_is_allowed_for(places):
    rng = np.random.default_rng(3)
    for resolution in (0, 3, 6, 9, 12, 15):
        grid = ix._grid(resolution)
        for x, y in zip(*places(rng, 200, resolution), strict=True):
            face, u, v, ray = ix._project(x, y, grid.centre, grid.forms)
            anchor = np.zeros(ix._ANCHOR)
            ix._drop_anchor(
                anchor, x, y, u, v, ray, grid.density, grid.centre[face], grid.forms[face]
            )
            if anchor[9] == 0:
                continue
            angle, part = rng.uniform(0, 2 * np.pi), rng.random() ** 0.5
            dx = part * anchor[9] ** 0.5 * np.cos(angle) / anchor[8] ** 0.5
            dy = part * anchor[9] ** 0.5 * np.sin(angle)
            there, far, wide, _ = ix._project(x + dx, y + dy, grid.centre, grid.forms)
            assert there == face
            off_a = far - (u + dx * anchor[4] + dy * anchor[5])
            off_b = wide - (v + dx * anchor[6] + dy * anchor[7])
            off = np.sqrt(off_a**2 + off_b**2 - off_a * off_b)
            assert off <= anchor[11] + anchor[10] * (dx * dx * anchor[8] + dy * dy)


def edge_of_h3(one, other, resolution):
    """Halve the way from one position to another until `h3` changes its cell between neighbours."""
    first = h3.latlng_to_cell(*one[::-1], resolution)
    while True:
        middle = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
        if middle in (one, other):
            return one, other
        same = h3.latlng_to_cell(*middle[::-1], resolution) == first
        one, other = (middle, other) if same else (one, middle)


@pytest.mark.parametrize("resolution", [1, 6, 9, 12, 15])
@pytest.mark.parametrize("places", [on_the_globe, between_faces, at_the_middle_of_faces])
def test_h3_changes_cells_within_a_tenth_of_our_margin_of_an_edge(places, resolution):
    rng, grid = np.random.default_rng(resolution), ix._grid(resolution)
    lon, lat = places(rng, 400, resolution)
    size_deg = np.degrees(1 / grid.density)
    for one in zip(lon.tolist(), lat.tolist(), strict=True):
        other = one[0] + rng.normal() * size_deg, one[1] + rng.normal() * size_deg
        if h3.latlng_to_cell(*one[::-1], resolution) == h3.latlng_to_cell(*other[::-1], resolution):
            continue
        for x, y in edge_of_h3(one, other, resolution):
            _, u, v, ray = ix._project(x, y, grid.centre, grid.forms)
            room = ix._nearest(u, v)[2]
            at_face = ray.gap < ix._MARGIN / 10
            assert at_face or room < ix._clearance(u, v, grid.density) / 10


def test_two_threads_give_what_one_gives():
    lon, lat = on_the_globe(np.random.default_rng(1), 400_000, 9)
    half = slice(0, 200_000), slice(200_000, None)
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda s: cells_at(lon[s], lat[s], 9), half))
    assert np.array_equal(np.concatenate(halves), cells_at(lon, lat, 9))


@pytest.mark.parametrize("resolution", [0, 1, 4, 9, 15])
def test_few_positions_on_the_globe_are_left_to_h3(resolution):
    lon, lat = on_the_globe(np.random.default_rng(2), 300_000, resolution)
    asked = ix._index(lon, lat, np.empty(len(lon), np.int64), *ix._grid(resolution))
    assert len(asked) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_million_positions_on_the_globe_are_in_the_cells_that_h3_says(resolution):
    rng = np.random.default_rng(100 + resolution)
    lon, lat = on_the_globe(rng, 1_000_000, resolution)
    got, expected = cells_at(lon, lat, resolution), second_oracle(lon, lat, resolution)
    other = np.flatnonzero(got != expected)
    some = np.concatenate([other, rng.integers(0, len(lon), 50_000)])
    assert np.array_equal(got[some], reference(lon[some], lat[some], resolution))


def hard_cells(resolution, n=1500):
    """Cells all over the globe, along edges of faces, and about pentagons."""
    rng = np.random.default_rng(resolution)
    found = [cells_at(*places(rng, n, resolution), resolution) for places in PLACES[:6]]
    about = [c for p in h3.get_pentagons(resolution) for c in h3.grid_disk(p, 2)]
    return np.unique(np.concatenate([*found, about]))


def all_cells(resolution):
    return np.array(
        sorted(c for b in h3.get_res0_cells() for c in h3.cell_to_children(b, resolution)), np.int64
    )


def degrees_apart(one, other):
    """Distances of (latitude, longitude) on the ground, in degrees of the equator."""
    turned = (one[:, 1] - other[:, 1] + 180) % 360 - 180
    return np.hypot(one[:, 0] - other[:, 0], turned * np.cos(np.radians(one[:, 0])))


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_boundaries_are_those_of_h3_to_a_billionth_of_a_degree(resolution):
    cells = hard_cells(resolution)
    rings = boundaries(cells)
    for k, cell in enumerate(cells.tolist()):
        part = slice(rings.starts[k], rings.starts[k + 1])
        got = np.column_stack([rings.lat[part], rings.lon[part]])
        expected = np.array(h3.cell_to_boundary(cell))
        assert len(got) == len(expected)
        first = np.argmin(degrees_apart(expected, np.tile(got[0], (len(got), 1))))
        # within 11 km of a pole H3's arc sine has eight digits
        allowed = 1e-9 if abs(got[0, 0]) < 89.9 else 3e-7
        assert degrees_apart(got, np.roll(expected, -first, axis=0)).max() < allowed


@pytest.mark.parametrize("resolution", range(5))
def test_over_the_whole_globe_each_vertex_is_one_pair_of_numbers(resolution):
    cells = all_cells(resolution)
    rings = outlines(cells)
    vertices = len(set(zip(rings.lon.tolist(), rings.lat.tolist(), strict=True)))
    # Euler: 2 n - 4 corners of three cells each; all other vertices lie between two
    assert vertices == 2 * len(cells) - 4 + (len(rings.lon) - 3 * (2 * len(cells) - 4)) // 2


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_cell_has_the_same_boundary_in_any_company(resolution):
    cells = hard_cells(resolution, 60)
    together = boundaries(cells)
    for k in range(len(cells)):
        alone = boundaries(cells[k : k + 1])
        part = slice(together.starts[k], together.starts[k + 1])
        assert np.array_equal(alone.lon, together.lon[part])
        assert np.array_equal(alone.lat, together.lat[part])


@pytest.mark.parametrize("resolution", range(1, 16))
def test_neighbours_drawn_apart_share_two_vertices_bit_by_bit(resolution):
    for cell in hard_cells(resolution, 12).tolist():
        own = outlines([cell])
        own = set(zip(own.lon.tolist(), own.lat.tolist(), strict=True))
        for other in h3.grid_disk(cell, 1):
            its = outlines([other])
            both = own & set(zip(its.lon.tolist(), its.lat.tolist(), strict=True))
            assert len(both) in ((2, 3) if other != cell else (len(own),))


@pytest.mark.parametrize("resolution", range(5))
def test_areas_of_all_cells_are_the_sphere(resolution):
    sphere = 4 * np.pi * 6_371_007.180918475**2
    assert areas_m2(all_cells(resolution)).sum() == pytest.approx(sphere, rel=1e-13)


@pytest.mark.parametrize("number", [0, -1, 1, 0x8A309962CC9FFFF + (1 << 56), 0x8AFFFFFFFFFFFFF])
def test_what_is_no_cell_has_no_boundary_and_no_area(number):
    for give in (boundaries, areas_m2):
        with pytest.raises(ValueError, match="at 1 is not an H3 cell"):
            give([0x8A309962CC9FFFF, number])
