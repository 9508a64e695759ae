"""Two tracks of one name that part and meet again, by hand in metres round a point."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from covermap.core.lines.parting import LONGER, LONGER_M, PARTED_M, THIRD, with_parted
from covermap.core.lines.segments import cut_lines

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280
BESIDE_M = 250.0


def shape(*places):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in places])


def bow(height, side=1):
    """A track that leaves its place at 4 km and is back at 9 km."""
    near = 3 * side
    return shape(
        (0, near), (4000, near), (4500, height), (8500, height), (9000, near), (13_000, near)
    )


def twins(cut, lines, route):
    """How many tracks of a route are within `BESIDE_M` of each piece's middle: plain and slow."""
    middle = shapely.line_interpolate_point(cut.geometry, 0.5, normalized=True)
    made = []
    for k, point in enumerate(middle):
        own = cut.line[k]
        near = [
            m for m, line in enumerate(lines)
            if m != own and route[m] == route[own] >= 0 and metres(line, point) <= BESIDE_M
        ]  # fmt: skip
        made.append(1 + len(near))
    return np.array(made)


def plain(shapes):
    return shapely.transform(shapes, lambda xy: xy / [EAST_M, NORTH_M])


def metres(line, point):
    return shapely.distance(plain(line), plain(point))


def tracks(lines, route, before=None):
    cut = cut_lines(np.array(lines, object), np.full(len(lines), 100.0))
    route = np.array(route)
    before = twins(cut, lines, route) if before is None else before(cut)
    return cut, before, with_parted(cut, before, route, BESIDE_M)


def alone(cut, found, line):
    return int((found[cut.line == line] == 1).sum())


def test_tracks_on_both_sides_of_a_yard_count_half_each_all_along():
    cut, before, found = tracks([bow(250), bow(-250, -1)], [0, 0])
    assert alone(cut, before, 0) > 30
    assert found.tolist() == [2] * len(found)


def test_the_one_that_goes_straight_on_is_paired_with_the_one_that_goes_round():
    straight = shape((0, -3), (13_000, -3))
    cut, before, found = tracks([bow(500), straight], [0, 0])
    assert alone(cut, before, 1) > 30
    assert found.tolist() == [2] * len(found)


@pytest.mark.parametrize("turned", [(0,), (1,), (0, 1)])
def test_the_direction_of_the_drawing_does_not_matter(turned):
    lines = [bow(250), bow(-250, -1)]
    for k in turned:
        lines[k] = shapely.reverse(lines[k])
    assert set(tracks(lines, [0, 0])[2]) == {2}


def test_ways_farther_apart_than_a_yard_is_wide_stay_two():
    for height in (320, 700, 3000):
        _, before, found = tracks([bow(height), bow(-height, -1)], [0, 0])
        assert found.tolist() == before.tolist()


def test_other_names_and_lines_not_to_be_looked_at_stay_as_they_are():
    lines = [bow(250), bow(-250, -1)]
    for route in ([0, 1], [-1, -1]):
        _, before, found = tracks(lines, route, lambda cut: twins(cut, lines, np.array([0, 0])))
        assert found.tolist() == before.tolist()


def test_tracks_that_part_and_do_not_meet_again_stay_two():
    away = shape((0, 3), (4000, 3), (4500, 400), (13_000, 400))
    cut, before, found = tracks([away, shape((0, -3), (13_000, -3))], [0, 0])
    assert alone(cut, before, 1) > 30
    assert found.tolist() == before.tolist()


def test_a_stretch_between_two_partners_is_no_parting():
    first, second = shape((0, 3), (4000, 3)), shape((9000, 3), (13_000, 3))
    cut, before, found = tracks([shape((0, -3), (13_000, -3)), first, second], [0, 0, 0])
    assert alone(cut, before, 0) > 30
    assert found.tolist() == before.tolist()


def test_a_way_round_that_is_much_longer_is_another_line():
    def zigzag(steps):
        teeth = [(4500 + 4000 * k / steps, 550 - 250 * (k % 2)) for k in range(steps + 1)]
        return shape((0, 3), (4000, 3), *teeth, (9000, 3), (13_000, 3))

    straight = shape((0, -3), (13_000, -3))
    for steps, paired in ((2, True), (40, False)):
        _, before, found = tracks([zigzag(steps), straight], [0, 0])
        assert (found.tolist() != before.tolist()) == paired, steps


def test_where_a_third_track_is_beside_the_partner_nothing_is_told():
    """The third is beside the straight track where the two have parted: which belongs to which?"""
    straight, third = shape((0, -3), (13_000, -3)), shape((4600, -9), (8400, -9))
    cut, before, found = tracks([bow(500), straight, third], [0, 0, 0])
    assert alone(cut, before, 0) > 30
    assert found.tolist() == before.tolist()


def test_yard_tracks_of_no_name_beside_one_of_the_two_are_no_hindrance():
    lines = [bow(250), bow(-250, -1), shape((5000, -280), (8000, -280))]
    two = lambda cut: np.where(  # noqa: E731
        (cut.line == 2) | ((cut.line == 1) & (cut.from_m > 5200) & (cut.to_m < 8000)),
        2, twins(cut, lines, np.array([0, 0, -1])),
    )  # fmt: skip
    cut, before, found = tracks(lines, [0, 0, -1], two)
    assert alone(cut, before, 0) > 30
    assert found.tolist() == [2] * len(found)


def test_stretches_at_the_ends_of_a_line_stay_as_they_are():
    short = shape((4000, 3), (9000, 3))
    cut, before, found = tracks([shape((0, -3), (13_000, -3)), short], [0, 0])
    assert alone(cut, found, 0) == alone(cut, before, 0) > 60


def test_nothing_single_and_no_pieces_at_all_are_no_fault():
    assert set(tracks([shape((0, 3), (900, 3)), shape((0, 0), (900, 0))], [0, 0])[2]) == {2}
    none = cut_lines(np.zeros(0, object), np.zeros(0))
    nothing = np.zeros(0, np.int64)
    assert with_parted(none, nothing, nothing, BESIDE_M).tolist() == []


def test_each_parting_of_a_line_is_judged_by_itself():
    def two(side):
        return shape(
            (0, 3 * side), (2000, 3 * side), (2400, 200 * side), (3600, 200 * side),
            (4000, 3 * side), (6000, 3 * side), (6800, 900 * side), (9000, 900 * side),
            (9800, 3 * side), (12_000, 3 * side),
        )  # fmt: skip

    cut, before, found = tracks([two(1), two(-1)], [0, 0])
    first = (cut.from_m > 2000) & (cut.to_m < 4200)
    assert (before[first] == 1).any()
    assert (found[first] == 2).all()
    assert (found[~first] == before[~first]).all()
    assert (found == 1).any()


def reference(cut, lines, before, route):
    """The rule of the module, plainly: stretch by stretch, piece by piece.

    Gives the tracks of each piece, and whether rounding alone decides about it: its middle lies
    just where the stretch beside it begins or ends, or the two ways differ by just what they may.
    """
    found, close = before.copy(), np.zeros(len(before), bool)
    middle = shapely.line_interpolate_point(cut.geometry, 0.5, normalized=True)
    half = 0.5 * (cut.from_m + cut.to_m)

    def partner(piece):
        own = cut.line[piece]
        rest = [m for m in range(len(lines)) if m != own and route[m] == route[own]]
        near = [(metres(lines[m], middle[piece]), m) for m in rest]
        return min([n for n in near if n[0] <= BESIDE_M], default=(0, -1))[1]

    for a in range(1, len(before) - 1):
        if before[a] != 1 or before[a - 1] == 1 or cut.line[a - 1] != cut.line[a]:
            continue
        b = a
        while b + 1 < len(before) and before[b + 1] == 1 and cut.line[b + 1] == cut.line[a]:
            b += 1
        if b + 1 == len(before) or cut.line[b + 1] != cut.line[a]:
            continue
        other = partner(a - 1)
        if other < 0 or other != partner(b + 1):
            continue
        line = plain(lines[other])
        scale = cut.to_m[cut.line == other].max() / line.length
        low, high = sorted(line.project(plain(middle[k])) * scale for k in (a - 1, b + 1))
        close |= (cut.line == other) & (np.minimum(np.abs(half - low), np.abs(half - high)) < 0.01)
        theirs = [k for k in np.flatnonzero(cut.line == other) if low <= half[k] < high]
        own_m, their_m = (cut.length_m[k].sum() for k in (range(a, b + 1), theirs))
        rest = [m for m in range(len(lines)) if m not in (other, cut.line[a])]
        third = [k for k in theirs if any(metres(lines[m], middle[k]) <= BESIDE_M for m in rest)]
        most = LONGER * min(own_m, their_m) + LONGER_M
        if abs(max(own_m, their_m) - most) < 0.01:
            close[[*range(a, b + 1), *theirs]] = True
        if max(own_m, their_m) > most:
            continue
        if len(third) > THIRD * len(theirs):
            continue
        if any(metres(lines[other], middle[k]) > PARTED_M for k in range(a, b + 1)):
            continue
        for k in [*range(a, b + 1), *theirs]:
            found[k] = max(found[k], 2)
    return found, close


heights = st.lists(st.sampled_from([3, 100, 180, 290, 400]), min_size=4, max_size=12)


@given(heights, heights, st.booleans(), st.booleans())
@example([3, 290, 400, 3, 3, 3, 3, 180, 100], [3, 400, 400, 290], False, True)
@settings(max_examples=60, deadline=None)
def test_the_rule_is_what_it_says(up, down, turned, third):
    lines = [
        shape(*[(600 * k, y) for k, y in enumerate([3, *up, 3])]),
        shape(*[(600 * k, -y) for k, y in enumerate([3, *down, 3])]),
    ]
    if turned:
        lines[1] = shapely.reverse(lines[1])
    if third:
        lines.append(shape((900, -150), (2100, -150)))
    route = [0] * len(lines)
    cut, before, found = tracks(lines, route)
    expected, close = reference(cut, lines, before, route)
    assert found[~close].tolist() == expected[~close].tolist()
    assert (found >= before).all()
