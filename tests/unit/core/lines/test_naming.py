import numpy as np
import shapely

from covermap.core.lines.naming import carry_along, labels_beside

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def way(*points):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in points])


def beside(ways, named, label):
    return labels_beside(
        np.array(ways, dtype=object), np.array(named, dtype=object), np.array(label), 150.0, 25.0
    ).tolist()


def test_a_way_takes_the_label_of_the_parallel_line_near_most_of_it():
    named = [way((0, 60), (5000, 60)), way((0, 2000), (5000, 2000))]
    ways = [
        way((100, 0), (2000, 0)),
        way((100, 1900), (2000, 1950)),
        way((100, 500), (2000, 500)),
        way((500, -900), (500, 900)),
        way((4500, 0), (9000, 0)),
    ]
    assert beside(ways, named, [7, 3]) == [7, 3, -1, -1, -1]


def test_of_two_labels_beside_a_way_the_one_along_more_of_it_is_taken():
    named = [way((0, 0), (1500, 0)), way((1500, 0), (5000, 0))]
    assert beside([way((0, 20), (4000, 20))], named, [0, 1]) == [1]


def test_without_named_lines_nothing_is_named():
    assert beside([way((0, 0), (10, 0))], [], []) == [-1]
    assert beside([], [], []) == []


def test_a_label_is_carried_to_the_nearest_ways_of_its_course_only():
    label = np.array([-1, 5, -1, -1, 6, -1, -1])
    chain = np.array([0, 0, 0, 0, 0, 1, 1])
    position = np.array([0, 1, 2, 3, 4, 0, 1])
    length = np.array([10.0, 10, 100, 10, 10, 10, 10])
    assert carry_along(label, chain, position, length).tolist() == [5, 5, 5, 6, 6, -1, -1]


def test_carrying_follows_positions_and_not_the_order_of_the_ways():
    label, chain = np.array([-1, -1, 2]), np.zeros(3, np.int64)
    assert carry_along(label, chain, np.array([2, 1, 0]), np.ones(3)).tolist() == [2, 2, 2]
