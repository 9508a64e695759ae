import numpy as np
import pytest
import shapely

from covermap.core.lines.pairing import Beside, routes_of, tracks_beside

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def piece(x, y, x2, y2):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M), (8 + x2 * EAST_M, 53 + y2 * NORTH_M)])  # fmt: skip  # noqa: E501


def shares(pieces, line, route, named=200.0, unnamed=60.0, single=60.0, far=0.0, drawn=None):
    n = len(route)
    tracks = tracks_beside(
        np.array(pieces, dtype=object), np.array(line), np.array(route),
        np.full(n, "rail", object),
        Beside(*(np.full(n, reach) for reach in (named, unnamed, single, far))), 25.0,
        np.zeros(n) if drawn is None else np.array(drawn, float), 40.0,
    )  # fmt: skip
    return (1 / tracks).tolist()


def test_two_parallel_pieces_of_one_route_carry_half_each():
    pieces = [piece(0, 0, 100, 0), piece(100, 30, 0, 30)]
    assert shares(pieces, [0, 1], [0, 0]) == [0.5, 0.5]


def test_four_tracks_carry_a_quarter_each():
    pieces = [piece(0, 10 * k, 100, 10 * k) for k in range(4)]
    assert shares(pieces, [0, 1, 2, 3], [0] * 4) == [0.25] * 4


def test_far_crossing_and_following_pieces_do_not_count():
    pieces = [
        piece(0, 0, 100, 0),
        piece(100, 0, 200, 5),
        piece(0, 290, 100, 290),
        piece(50, -50, 50, 50),
    ]
    assert shares(pieces, [0, 0, 1, 2], [0, 0, 0]) == [1.0] * 4


def test_single_tracks_of_two_names_are_the_two_tracks_of_one_line():
    pieces = [piece(0, 0, 100, 0), piece(0, 30, 100, 30)]
    assert shares(pieces, [0, 1], [0, 1]) == [0.5, 0.5]
    assert shares(pieces, [0, 1], [0, 1], single=20.0) == [1.0, 1.0]


def test_lines_that_have_their_two_tracks_each_stay_two_lines():
    pieces = [piece(0, 15 * k, 100, 15 * k) for k in range(4)]
    assert shares(pieces, [0, 1, 2, 3], [0, 0, 1, 1]) == [0.5] * 4
    assert shares(pieces[:3], [0, 1, 2], [0, 0, 1]) == [0.5, 0.5, 1.0]


@pytest.mark.parametrize("bearing", [1, -1])
def test_a_line_that_comes_back_on_the_other_carriageway_is_beside_itself(bearing):
    out = [piece(100 * k, 0, 100 * k + 100, 0) for k in range(50)]
    back = [piece(5000 - 100 * k, 20, 4900 - 100 * k, 20) for k in range(50)]
    turn = [piece(5000, 0, 5000, 20)]
    got = np.array(shares((out + turn + back)[::bearing], [0] * 101, [0]))
    # The leg that turns is not told apart: at most two of them count whole.
    assert (got[:30] == 0.5).all()
    assert (got[-30:] == 0.5).all()
    assert got.sum() == pytest.approx(50, abs=20)


def test_the_order_of_lines_and_the_direction_of_pieces_do_not_matter():
    rng = np.random.default_rng(4)
    at = rng.uniform(0, 300, (40, 3))
    pieces = [piece(x, y, x + 100, y + d / 20) for x, y, d in at]
    route = rng.integers(-1, 4, 40)
    plain = np.array(shares(pieces, range(40), route))
    order = rng.permutation(40)
    turned = [shapely.reverse(pieces[k]) for k in order]
    again = np.array(shares(turned, range(40), route[order]))
    assert (again == plain[order]).all()


def test_without_a_name_only_what_is_quite_near_counts():
    pieces = [piece(0, 0, 100, 0), piece(0, 40, 100, 40), piece(0, 150, 100, 150)]
    assert shares(pieces, [0, 1, 2], [-1, -1, -1]) == [0.5, 0.5, 1.0]
    assert shares(pieces, [0, 1, 2], [3, -1, 3]) == [1 / 3, 0.5, 0.5]


def test_single_carriageways_far_apart_are_one_road_unless_drawn_the_same_way():
    out, back = piece(0, 0, 100, 0), piece(100, 150, 0, 150)
    assert shares([out, back], [0, 1], [-1, -1], far=200.0, drawn=[1, 1]) == [0.5, 0.5]
    assert shares([out, back], [0, 1], [-1, -1], far=200.0, drawn=[1, 0]) == [0.5, 0.5]
    assert shares([out, back], [0, 1], [-1, -1], far=200.0, drawn=[1, -1]) == [1.0, 1.0]
    assert shares([out, back], [0, 1], [-1, -1], far=140.0, drawn=[1, 1]) == [1.0, 1.0]
    # Turned by a coarse drawing, but not so far that it crosses.
    askew = [out, piece(85, 190, 15, 130)], [out, piece(75, 200, 25, 100)]
    assert shares(askew[0], [0, 1], [-1, -1], far=200.0, drawn=[1, 1]) == [1.0, 1.0]
    turned = piece(90, 180, 10, 120)
    assert shares([out, turned], [0, 1], [-1, -1], far=200.0, drawn=[1, 1]) == [0.5, 0.5]
    assert shares(askew[1], [0, 1], [-1, -1], far=200.0, drawn=[1, 1]) == [1.0, 1.0]


def test_far_apart_names_and_partners_near_by_keep_roads_apart():
    out, back = piece(0, 0, 100, 0), piece(100, 150, 0, 150)
    # Two names are two roads; a road that has its other carriageway needs none farther off.
    assert shares([out, back], [0, 1], [0, 1], far=200.0, drawn=[1, 1]) == [1.0, 1.0]
    pair = [out, piece(100, 30, 0, 30), back]
    got = shares(pair, [0, 1, 2], [-1, -1, -1], far=200.0, drawn=[1, 1, 1])
    assert got == [0.5, 0.5, 1.0]


def test_lines_that_share_a_number_or_a_name_are_one_route():
    kind = np.array(["rail", "rail", "rail", "hsr", "rail", "rail"], object)
    ref = np.array(["1", "1", None, "1", None, "2"], object)
    name = np.array([None, "north", "north", None, None, "south"], object)
    got = routes_of(kind, ref, name)
    assert got[0] == got[1] == got[2]
    assert got[4] == -1
    assert len({got[0], got[3], got[5]}) == 3


def test_no_pieces_have_no_shares():
    assert shares([], np.zeros(0, np.int64), np.zeros(0, np.int64)) == []
    none = np.zeros(0, object)
    assert routes_of(none, none, none).tolist() == []
