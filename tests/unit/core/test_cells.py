import h3
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from covermap.core import cells as cl

LON = st.floats(-180, 180) | st.sampled_from([-180.0, 180.0, 0.0])
LAT = st.floats(-90, 90) | st.sampled_from([-90.0, 90.0, 0.0])
RESOLUTION = st.integers(0, 12)
PENTAGONS = [h3.str_to_int(c) for c in h3.get_pentagons(10)]
SHANGHAI = h3.str_to_int(h3.latlng_to_cell(31.23, 121.47, 10))


def disk(k):
    found = h3.grid_disk(h3.int_to_str(SHANGHAI), k)
    return np.array(sorted(h3.str_to_int(c) for c in found), np.int64)


@given(st.lists(st.tuples(LON, LAT), max_size=20), RESOLUTION)
def test_a_position_falls_into_the_cell_that_h3_says(points, resolution):
    lon = np.array([p[0] for p in points], float)
    lat = np.array([p[1] for p in points], float)
    expected = [h3.str_to_int(h3.latlng_to_cell(b, a, resolution)) for a, b in points]
    assert cl.cells_at(lon, lat, resolution).tolist() == expected


@pytest.mark.parametrize("bad", [(np.nan, 0.0), (0.0, np.nan), (np.inf, 0.0), (np.nan, np.nan)])
def test_a_missing_coordinate_gives_no_cell_and_leaves_the_others(bad):
    found = cl.cells_at([121.47, bad[0], 121.47], [31.23, bad[1], 31.23], 10)
    assert found.tolist() == [SHANGHAI, cl.NO_CELL, SHANGHAI]
    assert found.dtype == np.int64


@given(LON, LAT, RESOLUTION, st.integers(0, 12))
def test_parents_by_bits_are_those_of_h3(lon, lat, fine, coarse):
    cell = h3.latlng_to_cell(lat, lon, fine)
    if coarse > fine:
        with pytest.raises(ValueError, match="coarser"):
            cl.parents([h3.str_to_int(cell)], coarse)
        return
    expected = h3.str_to_int(h3.cell_to_parent(cell, coarse))
    assert cl.parents([h3.str_to_int(cell), 0], coarse).tolist() == [expected, 0]


def test_parents_of_pentagons_are_pentagons():
    parents = cl.parents(PENTAGONS, 4)
    assert sorted(parents.tolist()) == sorted(h3.str_to_int(c) for c in h3.get_pentagons(4))


@given(LON, LAT, RESOLUTION)
def test_cell_to_centre_to_cell_comes_back(lon, lat, resolution):
    cell = cl.cells_at([lon], [lat], resolution)
    assert cl.cells_at(*cl.centres(cell), resolution).tolist() == cell.tolist()
    assert cl.resolutions(cell).tolist() == [resolution]


@given(LON, LAT, RESOLUTION)
def test_areas_are_those_of_h3(lon, lat, resolution):
    cell = h3.latlng_to_cell(lat, lon, resolution)
    area = cl.areas_m2([h3.str_to_int(cell)])[0]
    # beside a pole or the antimeridian h3ronpy's sum of triangles loses digits
    assert area == pytest.approx(h3.cell_area(cell, "m^2"), rel=1e-3)


@given(st.floats(70, 140), st.floats(-60, 60), RESOLUTION)
def test_areas_are_those_of_h3_to_nine_digits_away_from_poles(lon, lat, resolution):
    cell = h3.latlng_to_cell(lat, lon, resolution)
    area = cl.areas_m2([h3.str_to_int(cell)])[0]
    assert area == pytest.approx(h3.cell_area(cell, "m^2"), rel=5e-9)


@given(st.floats(-179, 179), st.floats(-85, 85), RESOLUTION)
def test_boundaries_are_those_of_h3(lon, lat, resolution):
    cell = h3.latlng_to_cell(lat, lon, resolution)
    ring = cl.boundaries([h3.str_to_int(cell)])
    expected = sorted((b % 360, a) for a, b in h3.cell_to_boundary(cell))
    got = sorted(zip(ring.lon % 360, ring.lat, strict=True))
    assert len(got) == len(expected)
    assert np.allclose(np.array(got), np.array(expected), atol=1e-8)


def test_boundaries_of_pentagons_have_their_own_number_of_vertices():
    sizes = np.diff(cl.boundaries([*PENTAGONS, SHANGHAI]).starts)
    expected = [len(h3.cell_to_boundary(h3.int_to_str(c))) for c in PENTAGONS]
    assert sizes.tolist() == [*expected, 6]


def test_vertices_shared_by_cells_are_bit_equal():
    cells = disk(12)
    rings = cl.boundaries(cells)
    vertices = set(zip(rings.lon.tolist(), rings.lat.tolist(), strict=True))
    expected = {v for c in cells for v in h3.cell_to_vertexes(h3.int_to_str(int(c)))}
    assert len(vertices) == len(expected)


def test_the_union_of_a_disk_is_one_polygon_without_slivers_and_of_the_same_area():
    cells = disk(12)
    polygons = cl.boundaries(cells).polygons()
    union = shapely.union_all(polygons)
    assert union.geom_type == "Polygon"
    assert not union.interiors
    assert union.area == pytest.approx(sum(p.area for p in polygons), rel=1e-9)


def test_a_ring_over_the_antimeridian_is_one_narrow_ring():
    cell = cl.cells_at([180.0], [-17.0], 5)
    ring = cl.boundaries(cell)
    assert np.ptp(ring.lon) < 1
    assert cl.boundaries(cell).polygons()[0].is_valid


@given(st.floats(-180, 180), st.floats(-89, 89), st.integers(4, 11), st.integers(1, 3))
def test_neighbours_are_those_of_h3(lon, lat, resolution, k):
    names = sorted(h3.grid_disk(h3.latlng_to_cell(lat, lon, resolution), k))
    left, right = cl.neighbours([h3.str_to_int(c) for c in names])
    got = list(zip(left.tolist(), right.tolist(), strict=True))
    expected = [
        (i, j)
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i < j and b in h3.grid_disk(a, 1)
    ]
    assert got == expected


def test_neighbours_of_a_pentagon_are_five():
    names = h3.grid_disk(h3.int_to_str(PENTAGONS[0]), 1)
    left, right = cl.neighbours([h3.str_to_int(c) for c in names])
    centre = names.index(h3.int_to_str(PENTAGONS[0]))
    assert int(((left == centre) | (right == centre)).sum()) == 5


def test_nothing_in_gives_nothing_out():
    assert cl.cells_at([], [], 10).tolist() == []
    assert cl.parents([], 5).tolist() == []
    assert cl.areas_m2([]).tolist() == []
    assert [x.tolist() for x in cl.centres([])] == [[], []]
    assert cl.boundaries([]).starts.tolist() == [0]
    assert [x.tolist() for x in cl.neighbours([])] == [[], []]
