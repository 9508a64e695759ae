"""Sections: between stations and by region, exact, without gap or overlap."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.lines.sections import (
    SLIVER_M,
    between_stations,
    by_region,
    lengths_between,
)
from covermap.core.lines.segments import cut_lines

M = 1 / 111_319.49  # degrees of longitude a metre at the equator


def covers(made, length):
    """The pieces of each line follow each other from 0 to its end."""
    for number, total in enumerate(length):
        own = made.line == number
        assert own.any()
        assert made.from_m[own][0] == 0
        assert made.to_m[own][-1] == pytest.approx(total, abs=1e-6)
        np.testing.assert_array_equal(made.to_m[own][:-1], made.from_m[own][1:])
        assert (made.to_m[own] > made.from_m[own]).all()


def stations(length, rows):
    line, place, name = zip(*rows, strict=True) if rows else ((), (), ())
    made = between_stations(
        np.array(length, float), np.array(line, np.int64), np.array(place, float),
        np.array(name, object),
    )  # fmt: skip
    covers(made, length)
    ends = [
        tuple("-" if k < 0 else name[k] for k in pair)
        for pair in zip(made.start, made.end, strict=True)
    ]
    return made, ends


def test_stations_cut_a_line_and_the_parts_at_its_ends_are_there():
    made, ends = stations([5000], [(0, 3000, "B"), (0, 1000, "A")])
    assert ends == [("-", "A"), ("A", "B"), ("B", "-")]
    assert made.to_m.tolist() == [1000, 3000, 5000]


def test_a_station_at_an_end_is_that_end():
    _, ends = stations([5000], [(0, 40, "A"), (0, 3000, "B"), (0, 4950, "C")])
    assert ends == [("A", "B"), ("B", "C")]


def test_a_line_without_stations_is_one_section():
    _, ends = stations([5000, 70], [(0, 2500, "A")])
    assert ends == [("-", "A"), ("A", "-"), ("-", "-")]


def test_a_station_drawn_twice_is_one_but_a_name_far_off_is_another():
    made, ends = stations([9000], [(0, 1000, "A"), (0, 1400, "A"), (0, 6000, "A")])
    assert ends == [("-", "A"), ("A", "A"), ("A", "-")]
    assert made.from_m.tolist() == [0, 1000, 6000]


def test_two_stations_at_one_place_make_no_empty_section():
    made, _ = stations([3000], [(0, 1500, "A"), (0, 1500, "B")])
    assert len(made.line) == 2


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1), st.sampled_from("ABCD")), max_size=30)
)
def test_stations_wherever_they_are_leave_no_gap(rows):
    length = [10_000.0, 333.0, 50.0]
    stations(length, [(n, share * length[n], name) for n, share, name in rows])


def regions(line, *polygons, segment=100.0):
    geometry = np.array([line], object)
    cut = cut_lines(geometry, np.array([segment]))
    made = by_region(cut.geometry, cut.line, cut.from_m, cut.to_m, np.array(polygons, object))
    covers(made, [cut.to_m[-1]])
    return made


def line(*points):
    return shapely.LineString([(x * M, y * M) for x, y in points])


def box(x0, y0, x1, y1):
    return shapely.box(x0 * M, y0 * M, x1 * M, y1 * M)


STRAIGHT = line((0, 0), (10_000, 0))


def test_a_line_is_cut_exactly_where_it_crosses_a_border():
    made = regions(STRAIGHT, box(-9, -9, 3333, 9), box(3333, -9, 7000.5, 9))
    assert made.start.tolist() == [0, 1, -1]
    np.testing.assert_allclose(made.from_m, [0, 3333, 7000.5], atol=0.01)


def test_a_border_on_a_segments_end_is_no_sliver():
    made = regions(STRAIGHT, box(-9, -9, 5000, 9), box(5000, -9, 10_009, 9))
    assert made.start.tolist() == [0, 1]
    np.testing.assert_allclose(made.from_m, [0, 5000], atol=0.01)


def test_a_line_outside_every_region_is_one_section_without_one():
    assert regions(STRAIGHT, box(0, 500, 1, 501)).start.tolist() == [-1]
    assert regions(STRAIGHT).start.tolist() == [-1]


def test_where_two_regions_overlap_the_first_counts_and_where_they_gape_a_neighbour_does():
    overlap = regions(STRAIGHT, box(-9, -9, 5500, 9), box(5000, -9, 10_009, 9))
    np.testing.assert_allclose(overlap.from_m, [0, 5500], atol=0.01)
    gap = regions(STRAIGHT, box(-9, -9, 4900, 9), box(5000, -9, 10_009, 9))
    assert gap.start.tolist() == [0, 1]
    assert gap.from_m[1] == pytest.approx(4900, abs=101)


def test_a_line_along_a_border_does_not_flicker():
    teeth = [(x, 20 if k % 2 else -20) for k, x in enumerate(range(2000, 6001, 100))]
    north = [(-9, 900), (-9, 20), *teeth, (6000, 20), (10_009, 20), (10_009, 900)]
    south = [(-9, -900), (-9, 20), *teeth, (6000, 20), (10_009, 20), (10_009, -900)]
    polygons = [shapely.Polygon([(x * M, y * M) for x, y in ring]) for ring in (north, south)]
    made = regions(STRAIGHT, *polygons)
    assert (made.to_m - made.from_m).min() >= SLIVER_M
    assert len(made.line) <= 3
    assert set(made.start) == {0, 1} or len(made.line) == 1


def test_a_line_that_leaves_and_comes_back_has_two_sections_there():
    made = regions(STRAIGHT, box(-9, -9, 3000, 9), box(3000, -9, 6000, 9), box(6000, -9, 7000, 9))
    assert made.start.tolist() == [0, 1, 2, -1]
    turn = line((0, 0), (4000, 0), (4000, 1000), (0, 1000))
    made = regions(turn, box(-9, -9, 2000, 2000), box(2000, -9, 5000, 2000))
    assert made.start.tolist() == [0, 1, 0]


@given(st.integers(0, 10_000))
def test_by_region_equals_the_plain_rule_point_by_point(seed):
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 700, (8, 2)), axis=0)
    course = shapely.LineString(walk * M)
    grid = [box(x, y, x + 2500, y + 2500) for x in (-5000, -2500, 0) for y in (-2500, 0)]
    cut = cut_lines(np.array([course], object), np.array([100.0]))
    made = by_region(cut.geometry, cut.line, cut.from_m, cut.to_m, np.array(grid, object))
    covers(made, [cut.to_m[-1]])
    # Where the region is one for SLIVER_M to both sides, the section says so.
    place = np.arange(5.0, cut.to_m[-1], 10.0)
    share = place / cut.to_m[-1]
    points = shapely.line_interpolate_point(course, share, normalized=True)
    inside = np.array([shapely.contains(g, points) for g in grid])
    truth = np.where(inside.any(axis=0), inside.argmax(axis=0), -1)
    got = made.start[np.searchsorted(made.from_m, place, side="right") - 1]
    reach = int(SLIVER_M / 10) + 2
    for i in range(reach, len(place) - reach):
        if (truth[i - reach : i + reach] == truth[i]).all():
            assert got[i] == truth[i]


def test_values_of_segments_are_summed_by_the_overlapping_part():
    made = lengths_between(
        np.array([0, 0, 1]), np.array([0.0, 150, 0]), np.array([150.0, 250, 80]),
        np.array([0, 0, 0, 1]), np.array([0.0, 100, 200, 0]), np.array([100.0, 200, 250, 80]),
        np.array([100.0, 50, 50, 40]),
    )  # fmt: skip
    assert made.tolist() == [125.0, 75.0, 40.0]
