import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.lines.edges import edges_of
from covermap.core.lines.match import (
    CLASS,
    HEADING,
    NO_POSITION,
    REASONS,
    TOO_FAR,
    Rules,
    match_samples,
    travelled,
    visits,
)
from covermap.core.lines.segments import cut_lines

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280
RULES = Rules(50.0, 45.0)


def line(*points):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in points])


def network(*lines):
    cut = cut_lines(np.array(lines, dtype=object), np.full(len(lines), 100.0))
    return edges_of(cut.geometry, cut.line, cut.from_m, cut.to_m, 250.0)


def match(edges, points, heading, run=None, allowed=None, travel=None, rules=RULES):
    xy = np.array(points, float)
    n = len(xy)
    lines = int(edges.grid.line.max()) + 1
    return match_samples(
        edges,
        8 + xy[:, 0] * EAST_M,
        53 + xy[:, 1] * NORTH_M,
        np.broadcast_to(np.array(heading, float), (n,)).copy(),
        np.zeros(n, np.int64) if run is None else np.array(run),
        np.ones(lines, bool) if allowed is None else np.array(allowed),
        np.zeros(len(edges.length_m)) if travel is None else travel,
        rules,
    )


def lines_of(edges, places):
    return np.where(places.edge >= 0, edges.grid.line[np.maximum(places.edge, 0)], -1).tolist()


TWO = network(line((0, 0), (3000, 0)), line((0, 30), (3000, 30)))


def test_a_sample_takes_the_nearest_line():
    got = match(TWO, [(100, 5), (200, 22)], 90, run=[0, 1])
    assert lines_of(TWO, got) == [0, 1]
    np.testing.assert_allclose(got.offset_m, [5, 8], atol=0.1)


def test_a_run_stays_on_its_line_when_the_other_track_is_a_little_nearer():
    points = [(100, 3), (200, 18), (300, 12), (400, 19)]
    assert lines_of(TWO, match(TWO, points, 90)) == [0, 0, 0, 0]
    alone = match(TWO, points, 90, run=[0, 1, 2, 3])
    assert lines_of(TWO, alone) == [0, 1, 0, 1]


def test_a_run_changes_line_when_the_other_is_much_nearer():
    assert lines_of(TWO, match(TWO, [(100, 0), (200, 15), (300, 31)], 90)) == [0, 0, 1]


def test_of_two_carriageways_the_one_in_the_direction_of_travel_is_taken():
    travel = np.where(TWO.grid.line == 0, 1.0, -1.0)
    points = [(100, 15), (200, 16)]
    assert lines_of(TWO, match(TWO, points, 90, travel=travel)) == [0, 0]
    assert lines_of(TWO, match(TWO, points, 270, travel=travel)) == [1, 1]


def test_a_motorway_is_never_run_against_its_direction():
    one = network(line((0, 0), (3000, 0)))
    got = match(one, [(100, 5)], 270, travel=np.full(len(one.length_m), 2.0))
    assert got.reason.tolist() == [HEADING]
    likely = match(one, [(100, 5)], 270, travel=np.ones(len(one.length_m)))
    assert lines_of(one, likely) == [0]


def test_every_sample_that_is_on_no_line_has_its_reason():
    points = [(100, 400), (100, 5), (np.nan, 5), (100, 5)]
    heading = [90, 0, 90, 90]
    got = match(TWO, points, heading)
    assert [REASONS[r] for r in got.reason] == ["too_far", "heading", "no_position", "matched"]
    barred = match(TWO, points[1:2], 90, allowed=[False, False])
    assert barred.reason.tolist() == [CLASS]
    assert {TOO_FAR, HEADING, NO_POSITION} <= set(got.reason.tolist())


def test_without_a_heading_every_direction_will_do():
    got = match(TWO, [(100, 5)], np.nan)
    assert lines_of(TWO, got) == [0]


def test_a_line_that_samples_cannot_be_on_gives_way_to_the_next():
    got = match(TWO, [(100, 5)], 90, allowed=[False, True])
    assert lines_of(TWO, got) == [1]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_the_kernel_equals_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    drawn = [line(*rng.uniform(0, 1500, (4, 2))) for _ in range(5)]
    edges = network(*drawn)
    points = rng.uniform(-100, 1600, (40, 2))
    heading = np.where(rng.random(40) < 0.2, np.nan, rng.uniform(0, 360, 40))
    run = np.sort(rng.integers(0, 4, 40))
    allowed = rng.random(5) < 0.8
    travel = rng.choice([-2.0, -1.0, 0.0, 1.0, 2.0], 5)[edges.grid.line]
    got = match(edges, points, heading, run, allowed, travel)
    want = plain(edges, points, heading, run, allowed, travel)
    assert lines_of(edges, got) == want


def plain(edges, points, heading, run, allowed, travel, rules=RULES):
    """The rule of the match, written as one reads it."""
    grid, made = edges.grid, []
    for i, (px, py) in enumerate(points):
        lon, lat = 8 + px * EAST_M, 53 + py * NORTH_M
        kx, ky = metres_per_degree_lon(lat), metres_per_degree_lat(lat)
        before = made[-1] if i and run[i] == run[i - 1] else -1
        nearest = {}
        for e in range(len(grid.x1)):
            ax, ay = (grid.x1[e] - lon) * kx, (grid.y1[e] - lat) * ky
            bx, by = (grid.x2[e] - lon) * kx, (grid.y2[e] - lat) * ky
            distance = shapely.LineString([(ax, ay), (bx, by)]).distance(shapely.Point(0, 0))
            if distance > rules.max_distance_m or not allowed[grid.line[e]]:
                continue
            cosine = np.cos(np.radians(heading[i] - np.degrees(np.arctan2(bx - ax, by - ay))))
            if abs(cosine) < np.cos(np.radians(rules.max_turn_deg)):
                continue
            key = int(grid.line[e])
            if key not in nearest or distance < nearest[key][0] - 1e-9:
                nearest[key] = (distance, cosine * travel[e], abs(travel[e]))
        cost = {
            k: d + (rules.against_m if sense < 0 else 0) - (rules.stay_m if k == before else 0)
            for k, (d, sense, size) in nearest.items()
            if not (sense < 0 and size == 2)
        }
        made.append(min(cost, key=lambda k: (cost[k], k)) if cost else -1)
    return made


def test_a_crossing_is_not_travelled_but_a_short_line_run_to_its_middle_is():
    chainage = np.array([0.0, 60, 120, 500, 540, 10, 60])
    line_no = np.array([0, 0, 0, 1, 1, 2, 2])
    reason = np.zeros(7, np.int64)
    visit = visits(line_no, np.zeros(7, np.int64), reason)
    length = np.array([1000.0, 1000, 1000, 1000, 1000, 80, 80])
    assert (
        travelled(chainage, visit, length, 100.0).tolist() == [True] * 3 + [False] * 2 + [True] * 2
    )


def test_a_visit_goes_on_over_a_sample_without_position_and_ends_elsewhere():
    line_no = np.array([0, -1, 0, -1, 0, 0])
    reason = np.array([0, NO_POSITION, 0, TOO_FAR, 0, 0])
    run = np.array([0, 0, 0, 0, 0, 1])
    assert visits(line_no, run, reason).tolist() == [0, -1, 0, -1, 1, 2]
