"""Steps from state to state: what is allowed, and what is remembered of routes."""

from __future__ import annotations

import itertools

import numpy as np
import shapely

from covermap.core.matching.graph import graph_of_edges
from covermap.core.matching.match import match_tracks
from covermap.core.matching.routes import routes_of, search
from covermap.core.matching.settings import MatchSettings
from covermap.core.matching.steps import on_edge

M = 1.0 / 111_194.9
USUAL = MatchSettings()


def test_nobody_turns_round_between_two_places_that_follow_each_other():
    """Arc 1 is arc 0 the other way; 40 m on from 30 m is 30 m from its end, 70 m of 100 m."""
    assert on_edge(0, 30.0, 1, 30.0, 100.0, 40.0, 5.0, 500.0, USUAL) == np.inf
    assert on_edge(0, 70.0, 1, 70.0, 100.0, 40.0, 5.0, 500.0, USUAL) == USUAL.turn_cost
    assert on_edge(0, 30.0, 0, 70.0, 100.0, 40.0, 5.0, 500.0, USUAL) == 0.0


def test_a_step_back_is_noise_up_to_a_limit():
    back = USUAL.back_m
    assert on_edge(0, 70.0, 0, 70.0 - back, 100.0, back, 5.0, 500.0, USUAL) < np.inf
    assert on_edge(0, 70.0, 0, 69.0 - back, 100.0, back, 5.0, 500.0, USUAL) == np.inf


def test_a_route_that_counts_more_than_the_bound_is_not_taken_because_it_is_remembered():
    """A stair of 60 corners in 420 m: too many turns for a step of that length."""
    stair = [(6.0 * ((k + 1) // 2), 6.0 * (k // 2)) for k in range(62)]
    edges = [[(-300.0, 0.0), stair[0]], *itertools.pairwise(stair)]
    edges.append([stair[-1], (stair[-1][0] + 300.0, stair[-1][1])])
    graph = graph_of_edges(shapely.linestrings(np.array(edges) * M))
    at = np.array([(-120.0, 0.0), (-60.0, 0.0), (-5.0, 0.0), (192.0, 186.0), (250.0, 186.0)])
    lon, lat = np.ascontiguousarray((at * M).T)
    when = np.array([0.0, 10.0, 20.0, 40.0, 50.0])
    cold = match_tracks(graph, lon, lat, when)
    routes = routes_of(graph)
    for arc in range(len(graph.tail)):
        search(graph, routes, arc, 20_000.0)
    warm = match_tracks(graph, lon, lat, when, routes=routes)
    assert cold.leg.max() == 1
    for a, b in zip(cold[:-1], warm[:-1], strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(cold.path, warm.path, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_edge_that_comes_back_beside_itself_is_searched_at_each_of_its_passages():
    """A hairpin, its legs 8 m apart: a position nearer to the way back is still on the way out."""
    graph = graph_of_edges(
        shapely.linestrings([np.array([(0.0, 0.0), (1000.0, 0.0), (1000.0, 8.0), (0.0, 8.0)]) * M])
    )
    at = np.array([(90.0, 0.0), (310.0, 0.0), (530.0, 0.0), (750.0, 5.0), (970.0, 0.0)])
    lon, lat = np.ascontiguousarray((at * M).T)
    found = match_tracks(graph, lon, lat, 10.0 * np.arange(5.0))
    np.testing.assert_allclose(found.chainage_m, at[:, 0], atol=2.0)
    assert (found.direction == 1).all()
