import numpy as np
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import matching_reference as plain
from covermap.core.matching.graph import graph_of_edges
from covermap.core.matching.match import match_tracks
from covermap.core.matching.routes import routes_of
from covermap.core.matching.settings import MatchSettings

M = 1.0 / 111_194.9
PLAIN = MatchSettings(thin=0.0)
SIDE = 4


def streets(seed):
    """Make a small town: a grid of crooked streets, some missing, some one-way."""
    rng = np.random.default_rng(seed)
    spot = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1) * rng.uniform(60, 200)
    spot = spot.reshape(-1, 2) + rng.normal(0.0, 8.0, (SIDE * SIDE, 2))
    courses = []
    for k in range(SIDE * SIDE):
        for to in ([k + 1] if (k + 1) % SIDE else []) + ([k + SIDE] if k + SIDE < SIDE**2 else []):
            if rng.random() < 0.85:
                bend = 0.5 * (spot[k] + spot[to]) + rng.normal(0.0, 5.0, 2)
                courses.append([spot[k], bend, spot[to]])
    geometry = np.array([shapely.LineString(np.array(c) * M) for c in courses], object)
    way = rng.choice(3, len(geometry), p=[0.6, 0.2, 0.2])
    return geometry, graph_of_edges(geometry, way != 1, way != 2), rng


def wander(graph, geometry, rng, samples, pace):
    """Drive at random where one may; noisy positions, one a second."""
    arc, course = int(rng.choice(np.flatnonzero(graph.open))), []
    for _ in range(12):
        xy = shapely.get_coordinates(geometry[arc >> 1])
        course.append(xy[::-1] if arc & 1 else xy)
        ways = graph.out[graph.first_out[graph.head[arc]] : graph.first_out[graph.head[arc] + 1]]
        ways = ways[ways != arc ^ 1] if len(ways) > 1 else ways
        if not len(ways):
            break
        arc = int(rng.choice(ways))
    line = shapely.LineString(np.concatenate(course) / M)
    at = np.arange(0.0, min(line.length, samples * pace), pace)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    xy += rng.normal(0.0, 5.0, xy.shape)
    return xy[:, 0] * M, xy[:, 1] * M, np.arange(len(xy)) * max(1.0, pace / 15.0)


@settings(
    max_examples=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
@given(st.integers(0, 10_000), st.sampled_from([12.0, 25.0, 90.0]))
def test_the_fast_matcher_gives_what_the_plain_one_gives(seed, pace):
    geometry, graph, rng = streets(seed)
    lon, lat, time = wander(graph, geometry, rng, 14, pace)
    assume(len(lon) > 3)
    slow = plain.match(graph, geometry, lon, lat, time, PLAIN)
    assume(slow is not None)
    columns, chosen, _, posterior = slow
    fast = match_tracks(graph, lon, lat, time, settings=PLAIN)
    assert (fast.reason == 0).all()
    for k, (states, odds) in enumerate(zip(columns, posterior, strict=True)):
        arc = states[chosen[k]][0]
        on = [o for (a, _, _), o in zip(states, odds, strict=True) if a >> 1 == fast.edge[k]]
        np.testing.assert_allclose(fast.probability[k], min(sum(on), 1.0), atol=1e-6)
        assert 2 * fast.edge[k] + (fast.direction[k] < 0) == arc


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_what_is_remembered_of_routes_changes_nothing(seed):
    geometry, graph, rng = streets(seed)
    routes = routes_of(graph)
    track = wander(graph, geometry, rng, 14, 25.0)
    far = wander(graph, geometry, rng, 14, 150.0)
    match_tracks(graph, *far, routes=routes)
    for alone, after in zip(
        match_tracks(graph, *track), match_tracks(graph, *track, routes=routes), strict=True
    ):
        for a, b in (
            zip(alone, after, strict=True) if isinstance(alone, tuple) else [(alone, after)]
        ):
            np.testing.assert_array_equal(a, b)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_the_path_holds_together_and_keeps_to_open_arcs(seed):
    geometry, graph, rng = streets(seed)
    path = match_tracks(graph, *wander(graph, geometry, rng, 40, 12.0)).path
    assert graph.open[path.arc].all()
    assert (path.to_m >= path.from_m).all()
    assert ((path.probability >= 0.0) & (path.probability <= 1.0)).all()
    assert (path.to_m <= graph.length_m[path.arc >> 1] + 1e-6).all()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_lines_drawn_the_other_way_give_the_mirrored_place(seed):
    geometry, graph, rng = streets(seed)
    is_open = graph.open.reshape(-1, 2)
    turned = graph_of_edges(shapely.reverse(geometry), is_open[:, 1].copy(), is_open[:, 0].copy())
    track = wander(graph, geometry, rng, 14, 25.0)
    a, b = match_tracks(graph, *track), match_tracks(turned, *track)
    # At a node two edges tie; which is named is not laid down.
    inside = (np.abs(a.along - 0.5) < 0.499) & (np.abs(b.along - 0.5) < 0.499)
    np.testing.assert_array_equal(a.edge[inside], b.edge[inside])
    np.testing.assert_array_equal(a.direction[inside], -b.direction[inside])
    np.testing.assert_allclose(a.along[inside], 1.0 - b.along[inside], atol=1e-6)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_the_number_of_runs_beside_it_changes_no_run(seed):
    geometry, graph, rng = streets(seed)
    tracks = [wander(graph, geometry, rng, 30, 12.0) for _ in range(3)]
    lon, lat, time = (np.concatenate([t[k] for t in tracks]) for k in range(3))
    run = np.repeat(np.arange(3), [len(t[0]) for t in tracks])
    whole = match_tracks(graph, lon, lat, time, run)
    for k, track in enumerate(tracks):
        alone = match_tracks(graph, *track)
        np.testing.assert_array_equal(whole.edge[run == k], alone.edge)
        np.testing.assert_array_equal(whole.chainage_m[run == k], alone.chainage_m)
