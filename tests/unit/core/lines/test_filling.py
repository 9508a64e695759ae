import numpy as np
import pytest
import shapely

from covermap.core.lines.chains import Limits
from covermap.core.lines.filling import fill_names
from covermap.core.lines.inventory import Ways, in_canonical_order, make_inventory, route_keys

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def ways_of(*rows, line_class="rail"):
    """Rows of points (m), name, and where given number and class."""
    n = len(rows)
    column = [np.array([(*r, None, None)[k] for r in rows], object) for k in (1, 2)]
    shapes = [
        shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in r[0]]) for r in rows
    ]
    classes = np.array([r[3] if len(r) > 3 else line_class for r in rows], object)
    unknown = np.full(n, np.nan)
    return Ways(np.array(shapes, object), classes, column[1], column[0], unknown, unknown)


def names_filled(*rows):
    made = fill_names(in_canonical_order(ways_of(*rows))[0], Limits())
    order = np.argsort(shapely.get_x(shapely.get_point(made.ways.geometry, 0)))
    return made.ways.name[order].tolist(), made.length_m.sum()


def test_a_nameless_way_inside_a_line_gets_its_name():
    names, length = names_filled(
        (((0, 0), (1000, 0)), "A"), (((1000, 0), (1400, 0)), None), (((1400, 0), (3000, 0)), "A")
    )
    assert names == ["A", "A", "A"]
    assert length == pytest.approx(400, rel=0.01)


@pytest.mark.parametrize(
    "middle", [((1000, 0), (26_000, 0)), ((1000, 0), (1400, 900)), ((1000, 60), (26_000, 60))]
)
def test_a_long_stretch_a_branch_and_what_lies_apart_stay_nameless(middle):
    end = max(middle[1][0], 1001)
    names, _ = names_filled(
        (((0, 0), (1000, 0)), "A"), (middle, None), (((end, 0), (end + 9000, 0)), "A")
    )
    assert None in names


def test_between_two_names_and_at_the_end_of_a_line_there_is_nothing_to_tell():
    assert names_filled(
        (((0, 0), (1000, 0)), "A"), (((1000, 0), (1400, 0)), None), (((1400, 0), (3000, 0)), "B")
    ) == (["A", None, "B"], 0.0)
    assert names_filled((((0, 0), (1000, 0)), "A"), (((1000, 0), (1400, 0)), None))[1] == 0.0


def test_a_siding_that_leaves_a_line_and_comes_back_is_not_named():
    names, length = names_filled(
        (((0, 0), (1000, 0)), "A"), (((1000, 0), (2000, 0)), "A"), (((2000, 0), (3000, 0)), "A"),
        (((1000, 0), (1100, 9), (1900, 9), (2000, 0)), None),
    )  # fmt: skip
    assert sorted(n or "" for n in names) == ["", "A", "A", "A"]
    assert length == 0.0


def test_names_do_not_cross_classes_and_without_any_name_nothing_happens():
    ways = ways_of(
        (((0, 0), (1000, 0)), "A", None, "hsr"), (((1000, 0), (1400, 0)), None),
        (((1400, 0), (3000, 0)), "A", None, "hsr"),
    )  # fmt: skip
    assert fill_names(ways, Limits()).ways.name.tolist() == ["A", None, "A"]
    bare = ways_of((((0, 0), (1000, 0)), None))
    assert fill_names(bare, Limits()).ways is bare


def test_a_way_that_has_only_its_number_is_of_the_line_that_the_number_belongs_to():
    ways = ways_of(
        (((0, 0), (5000, 0)), "A", "07"), (((5000, 0), (5400, 0)), None, "07"),
        (((5400, 0), (9000, 0)), "A", "07"), (((0, 500), (9000, 500)), "B", "08"),
        (((0, 900), (9000, 900)), "C", "08"), (((9000, 900), (9400, 900)), None, "08"),
    )  # fmt: skip
    keys = route_keys(ways).tolist()
    assert keys == ["rail|A", "rail|A", "rail|A", "rail|B", "rail|C", "rail|08"]
    assert len(make_inventory(in_canonical_order(ways)[0], Limits()).line_id) == 4


def test_a_road_that_has_only_its_name_is_of_the_number_that_the_name_belongs_to():
    ways = ways_of(
        (((0, 0), (5000, 0)), "Ring", "S1"), (((5000, 0), (5400, 0)), "Ring"),
        (((0, 900), (5000, 900)), None, "S2"), line_class="motorway",
    )  # fmt: skip
    assert route_keys(ways).tolist() == ["motorway|S1", "motorway|S1", "motorway|S2"]
