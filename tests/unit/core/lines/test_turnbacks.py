import numpy as np
import pytest
import shapely

from covermap.core.lines.turnbacks import cut_where_they_turn_back

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def way(*places):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in places])


def cut(*ways):
    return cut_where_they_turn_back(np.array(ways, object))


@pytest.mark.parametrize("turn", [shapely.reverse, lambda line: line])
def test_a_road_out_and_back_becomes_two_carriageways(turn):
    pieces, owner = cut(turn(way((0, 0), (5000, 0), (5000, 30), (0, 30))))
    assert owner.tolist() == [0, 0]
    assert sorted(shapely.get_num_coordinates(pieces)) == [2, 3]


def test_a_tip_of_no_width_is_cut_as_well():
    pieces, _ = cut(way((0, 0), (5000, 0), (0, 0)))
    assert [p.length for p in pieces] == pytest.approx([5000 * EAST_M] * 2)


@pytest.mark.parametrize(
    "places",
    [
        [(0, 0), (5000, 0), (5000, 5000)],
        [(0, 0), (5000, 0), (1000, 4000)],
        [(0, 0), (3000, 0), (3000, 3000), (0, 3000), (0, 0)],
        [(0, 0), (1000, 1000), (2000, 0), (3000, 1000)],
    ],
)
def test_corners_hairpins_apart_and_loops_stay_whole(places):
    assert len(cut(way(*places))[0]) == 1


def test_pieces_keep_order_owner_and_length():
    ways = [way((0, 0), (9, 0)), way((0, 0), (5000, 0), (0, 20)), way((0, 5), (9, 5))]
    pieces, owner = cut(*ways)
    assert owner.tolist() == [0, 1, 1, 2]
    assert shapely.length(pieces).sum() == pytest.approx(shapely.length(ways).sum())


def test_no_ways_have_no_pieces():
    assert len(cut()[0]) == 0
