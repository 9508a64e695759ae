"""Laws of length: segments add up to their line, and route length is never more than length."""

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from covermap.core.lines.segments import cut_lines
from covermap.steps.lines import read_lines
from covermap.workspace import Lines

GEOD = Geod(ellps="WGS84")
COORDINATE = st.tuples(st.floats(5, 12), st.floats(-65, 65))


@st.composite
def lines(draw):
    """Lines of a few vertices, metres to thousands of kilometres long, no repeated vertices."""
    made = []
    for _ in range(draw(st.integers(1, 4))):
        lon, lat = draw(COORDINATE)
        points = [(lon, lat)]
        for _ in range(draw(st.integers(1, 6))):
            azimuth, step = draw(st.floats(0, 360)), draw(st.floats(0.5, 20_000))
            lon, lat, _ = GEOD.fwd(lon, lat, azimuth, step)
            points.append((lon, lat))
        made.append(shapely.LineString(points))
    return np.array(made, dtype=object)


@settings(deadline=None, max_examples=60)
@given(lines(), st.floats(20, 3000))
def test_segments_add_up_to_the_line_and_are_drawn_as_long_as_they_say(drawn, size):
    cut = cut_lines(drawn, np.full(len(drawn), size))
    for k, line in enumerate(drawn):
        own = cut.line == k
        assert abs(cut.length_m[own].sum() - GEOD.geometry_length(line)) < 1e-3
        assert (cut.length_m[own][:-1] >= size - 1e-6).all()
        assert (cut.length_m[own] <= size + 2e-3).all()
        measured = sum(GEOD.geometry_length(g) for g in cut.geometry[own])
        assert abs(measured - GEOD.geometry_length(line)) < 1e-3


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_tables_of_lines_add_up_whatever_the_order_of_the_ways(tmp_path, data):
    drawn = data.draw(lines())
    order = data.draw(st.permutations(range(len(drawn))))
    results = []
    for rows in (list(range(len(drawn))), order):
        frame = gpd.GeoDataFrame({"id": rows}, geometry=list(drawn[rows]), crs=4326)
        frame.to_parquet(tmp_path / "ways.parquet")
        made = Lines(name="roads", files=("ways.parquet",), line_class="road")
        results.append(read_lines(tmp_path, (made,)))
    one, two = results
    assert one.lines.equals(two.lines)
    assert one.segments.equals(two.segments)
    segments = one.segments.to_pandas().groupby("line_id")
    lines_ = one.lines.to_pandas().set_index("line_id")
    np.testing.assert_allclose(segments["length_m"].sum(), lines_["length_m"], atol=1e-3)
    np.testing.assert_allclose(
        segments["route_length_m"].sum(), lines_["route_length_m"], atol=1e-3
    )
    assert (lines_["route_length_m"] <= lines_["length_m"] + 1e-9).all()
    ends = segments["to_m"].max()
    np.testing.assert_allclose(ends, lines_["length_m"], atol=1e-6)
