import numpy as np
import pytest
import shapely
from pyproj import Geod

from covermap.core.lines.segments import cut_lines

GEOD = Geod(ellps="WGS84")
LINES = np.array(
    [
        shapely.LineString([(8.0, 53.0), (8.02, 53.01), (8.05, 53.0)]),
        shapely.LineString([(120.0, 31.0), (120.0003, 31.0)]),
        shapely.LineString([(10.0, 50.0), (10.0, 50.2)]),
    ],
    dtype=object,
)


def cut(lines=LINES, size=100.0):
    return cut_lines(lines, np.full(len(lines), size))


def test_segments_are_as_long_as_asked_and_the_last_is_shorter():
    made = cut()
    for line in range(len(LINES)):
        lengths = made.length_m[made.line == line]
        np.testing.assert_allclose(lengths[:-1], 100, atol=1e-6)
        assert 0 < lengths[-1] <= 100.001


def test_the_drawn_pieces_are_as_long_as_they_say():
    made = cut()
    drawn = [GEOD.geometry_length(g) for g in made.geometry]
    np.testing.assert_allclose(drawn, made.length_m, atol=1e-6)


def test_pieces_join_end_to_start_and_keep_every_vertex():
    made = cut(LINES[:1])
    joined = shapely.line_merge(shapely.multilinestrings(list(made.geometry)))
    assert joined.geom_type == "LineString"
    vertices = {tuple(c) for c in joined.coords}
    assert {tuple(c) for c in LINES[0].coords} <= vertices
    ends = [g.coords[-1] for g in made.geometry[:-1]]
    assert ends == [g.coords[0] for g in made.geometry[1:]]


def test_a_line_shorter_than_a_segment_is_one_segment():
    made = cut(LINES[1:2])
    assert made.segment.tolist() == [0]
    assert made.to_m[0] == pytest.approx(GEOD.geometry_length(LINES[1]))


def test_a_remainder_below_a_millimetre_makes_no_segment_of_its_own():
    lon, lat, _ = GEOD.fwd(8.0, 53.0, 90, 200.0005)
    made = cut(np.array([shapely.LineString([(8.0, 53.0), (lon, lat)])], dtype=object))
    assert made.segment.tolist() == [0, 1]
    assert made.to_m[-1] == pytest.approx(200.0005, abs=1e-6)


def test_a_cut_on_a_vertex_does_not_repeat_it():
    lon, lat, _ = GEOD.fwd(8.0, 53.0, 0, 100.0)
    line = shapely.LineString([(8.0, 53.0), (lon, lat), (lon + 0.001, lat)])
    made = cut(np.array([line], dtype=object))
    assert [len(g.coords) for g in made.geometry] == [2, 2]


def test_no_lines_make_no_segments():
    assert len(cut(np.zeros(0, object)).line) == 0
