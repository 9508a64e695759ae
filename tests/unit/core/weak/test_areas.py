import h3
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.cells import boundaries
from covermap.core.weak.areas import connected_areas, outlines

CENTRE = h3.latlng_to_cell(31.23, 121.47, 10)
DISK = [h3.str_to_int(c) for c in sorted(h3.grid_disk(CENTRE, 3))]


def flood(cells):
    """Plain reference: areas by flooding, numbered by their first cell."""
    left, areas = set(cells), {}
    for cell in cells:
        if cell not in left:
            continue
        number, front = len(set(areas.values())), [cell]
        while front:
            one = front.pop()
            if one in left:
                left.remove(one)
                areas[one] = number
                front += [h3.str_to_int(c) for c in h3.grid_ring(h3.int_to_str(one), 1)]
    return [areas[c] for c in cells]


@given(st.lists(st.sampled_from(DISK), unique=True))
def test_areas_equal_those_of_flooding(cells):
    assert connected_areas(np.array(cells, np.int64)).tolist() == flood(cells)


@given(st.lists(st.sampled_from(DISK), unique=True, min_size=1).map(sorted))
def test_outlines_are_valid_multipolygons_of_the_cells_area(cells):
    cells = np.array(cells, np.int64)
    group = connected_areas(cells)
    shapes = outlines(cells, group)
    single = shapely.area(boundaries(cells).polygons())
    assert len(shapes) == group.max() + 1
    for number, shape in enumerate(shapes):
        assert shape.geom_type == "MultiPolygon"
        assert shape.is_valid
        assert len(shape.geoms) == 1
        assert shape.geoms[0].exterior.is_ccw
        assert shape.area == pytest.approx(single[group == number].sum(), rel=1e-9)


def test_a_ring_of_cells_has_one_hole_and_only_vertices_of_the_cells():
    ring = np.array(sorted(h3.str_to_int(c) for c in h3.grid_ring(CENTRE, 2)), np.int64)
    shape = outlines(ring, connected_areas(ring))[0]
    assert len(shape.geoms[0].interiors) == 1
    rings = boundaries(ring)
    vertices = set(zip(rings.lon.tolist(), rings.lat.tolist(), strict=True))
    assert {tuple(p) for p in shapely.get_coordinates(shape).tolist()} <= vertices


def test_no_cells_give_no_areas():
    none = np.zeros(0, np.int64)
    assert connected_areas(none).tolist() == []
    assert outlines(none, none).tolist() == []
