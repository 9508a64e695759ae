import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.geodesy import points_m
from covermap.core.prediction.covariance import Covariance, moved, prior
from covermap.core.prediction.kriging import Known, kriged
from covermap.core.prediction.likelihood import foretell, geometry
from covermap.core.prediction.neighbours import (
    ALWAYS,
    NEIGHBOURS,
    PER_OCTANT,
    nearby,
    neighbours,
)
from prediction_worlds import lonlat

C = Covariance(7.0, 900.0, 4.0, 6000.0, 3.0, 0.5, 2.0, 2000.0)
PRIOR = np.array([[4.0, 0.3], [0.3, 0.09]])


def measured(rng, n=25, side=5000.0):
    lon, lat = lonlat(rng.uniform(0, side, (n, 2)))
    share = rng.choice([1.0, 0.5], n)
    return Known(
        points_m(lon, lat), rng.normal(0, 8, n), rng.uniform(0.1, 3, n), share,
        rng.integers(0, 3, n), share, rng.choice([0.0, 2.0], n), rng.integers(-1, 3, n),
        np.column_stack([np.ones(n), rng.normal(0, 10, n)]),
    )  # fmt: skip


def field(d, same, c=C):
    if c.smooth:
        x = np.sqrt(3) * d / c.short_m
        short = (1 + x) * np.exp(-x)
    else:
        short = np.exp(-d / c.short_m)
    total = c.short_sd_db**2 * short + c.slow_sd_db**2 * np.exp(-d / c.slow_m)
    return total + same * c.group_sd_db**2 * np.exp(-d / c.group_m)


def dense(known, place, group, model, c=C):
    """Universal kriging by plain matrices, from all measurements."""
    n = len(known.points)
    d = np.linalg.norm(known.points[:, None] - known.points[None], axis=2)
    same = (known.group[:, None] == known.group[None]) & (known.group[:, None] >= 0)
    k = field(d, same | np.eye(n, dtype=bool), c)
    run = known.run[:, None] == known.run[None]
    both = known.part[:, None] * known.part[None]
    of_run = both * (c.run_sd_db**2 * np.exp(-d / 300.0) + c.run_offset_sd_db**2)
    of_run += known.loose_db[:, None] * known.loose_db[None]
    k += np.where(run & ~np.eye(n, dtype=bool), of_run, 0.0)
    k += np.diag(known.share * c.run_variance_db2 + known.variance_db2 + known.loose_db**2)
    cross = field(np.linalg.norm(known.points - place, axis=1),
                  (known.group == group) & (group >= 0), c)  # fmt: skip
    weight = np.linalg.solve(k, cross)
    off = model - weight @ known.model
    variance = c.field_variance_db2 - weight @ cross + off @ PRIOR @ off
    return weight @ known.residual_db, variance


@pytest.mark.parametrize("smooth", [False, True])
def test_mean_and_variance_are_those_of_dense_algebra(smooth):
    rng = np.random.default_rng(1)
    c = Covariance(7.0, 900.0, 4.0, 6000.0, 3.0, 0.5, 2.0, 2000.0, smooth=smooth)
    known = measured(rng)
    lon, lat = lonlat(rng.uniform(-500, 6000, (40, 2)))
    places, groups = points_m(lon, lat), rng.integers(-1, 3, 40)
    models = np.column_stack([np.ones(40), rng.normal(0, 10, 40)])
    near = np.tile(np.arange(25), (40, 1))
    mean, variance, distance = kriged(places, groups, models, near, known, c.packed, PRIOR)
    for i in range(40):
        expected = dense(known, places[i], groups[i], models[i], c)
        assert (mean[i], variance[i]) == pytest.approx(expected, abs=1e-4)
    gap = np.linalg.norm(places - known.points[0], axis=1)
    assert distance == pytest.approx(gap)  # to the first neighbour: the nearest, where sorted


def test_far_from_measurements_the_model_comes_back_with_its_full_spread():
    known = measured(np.random.default_rng(2))
    lon, lat = lonlat(np.array([[400_000.0, 0.0]]))
    place, model = points_m(lon, lat), np.array([[1.0, 5.0]])
    at = neighbours(nearby(known.points, known.share), place)
    mean, variance, _ = kriged(place, np.array([-1]), model, at, known, C.packed, PRIOR)
    assert abs(mean[0]) < 1e-3
    assert variance[0] == pytest.approx(C.field_variance_db2 + model[0] @ PRIOR @ model[0])
    nothing = np.full((1, 4), -1)
    mean, variance, distance = kriged(place, np.array([-1]), model, nothing, known, C.packed, PRIOR)
    assert (mean[0], distance[0]) == (0.0, np.inf)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_one_more_measurement_never_makes_a_place_less_sure(seed):
    rng = np.random.default_rng(seed)
    known = measured(rng, 20)
    place = points_m(*lonlat(rng.uniform(0, 5000, (1, 2))))
    model, none = np.array([[1.0, 0.0]]), np.zeros((2, 2))
    was = np.inf
    for n in range(1, 21):
        near = np.arange(n)[None, :]
        _, variance, _ = kriged(place, np.array([-1]), model, near, known, C.packed, none)
        assert variance[0] <= was + 1e-4
        was = variance[0]


def test_what_foretells_a_measurement_counts_its_own_run():
    rng = np.random.default_rng(3)
    known = measured(rng, 12)
    near = np.arange(1, 12)[None, :]
    asked = geometry(known, np.array([0]), near, C.run_offset_sd_db**2)
    mean, variance = foretell(asked, C.packed)
    d = np.linalg.norm(known.points[:, None] - known.points[None], axis=2)
    same = (known.group[:, None] == known.group[None]) & (known.group[:, None] >= 0)
    k = field(d, same | np.eye(12, dtype=bool))
    run = known.run[:, None] == known.run[None]
    of_run = C.run_sd_db**2 * np.exp(-d / 300.0) + C.run_offset_sd_db**2
    of_run *= known.part[:, None] * known.part[None]
    of_run += known.loose_db[:, None] * known.loose_db[None]
    k += np.where(run & ~np.eye(12, dtype=bool), of_run, 0.0)
    k += np.diag(known.share * C.run_variance_db2 + known.variance_db2 + known.loose_db**2)
    weight = np.linalg.solve(k[1:, 1:], k[1:, 0])
    assert mean[0] == pytest.approx(weight @ known.residual_db[1:], abs=1e-4)
    assert variance[0] == pytest.approx(k[0, 0] - weight @ k[1:, 0], abs=1e-4)


def test_a_dense_track_does_not_take_all_neighbours():
    step = np.arange(0.0, 3000.0, 10.0)
    track = np.column_stack([step, np.full(len(step), 100.0)])
    other = np.array([[1500.0, y] for y in np.linspace(-3000, -400, 8)])
    lon, lat = lonlat(np.concatenate([track, other]))
    points = points_m(lon, lat)
    place = points_m(*lonlat(np.array([[1500.0, 0.0]])))
    near = neighbours(nearby(points, np.ones(len(points))), place)[0]
    near = near[near >= 0]
    assert len(near) == len(set(near)) <= NEIGHBOURS
    nearest = np.argsort(np.linalg.norm(points - place, axis=1))[:NEIGHBOURS]
    assert (nearest < len(step)).all()
    assert (near >= len(step)).sum() >= 3
    gaps = np.linalg.norm(points[near] - place, axis=1)
    assert (np.diff(gaps) >= 0).all()
    dx, dy = (np.concatenate([track, other])[near] - [1500.0, 0.0]).T
    octant = np.floor(np.arctan2(dy, dx) / (np.pi / 4)).astype(int) & 7
    assert np.bincount(octant[ALWAYS:]).max() <= PER_OCTANT


def test_with_few_measurements_all_are_neighbours_but_its_own():
    rng = np.random.default_rng(5)
    known = measured(rng, 6)
    every = nearby(known.points, known.share)
    near = neighbours(every, known.points, np.arange(6))
    assert [sorted(r[r >= 0].tolist()) for r in near] == [
        [k for k in range(6) if k != i] for i in range(6)
    ]
    some = neighbours(nearby(known.points, known.share, np.array([1, 4])), known.points)
    assert {int(v) for v in some.ravel()} == {-1, 1, 4}
    assert (neighbours(nearby(np.zeros((0, 3)), np.zeros(0)), known.points) == -1).all()


def test_parameters_move_by_standard_deviations_of_the_prior():
    start = prior(True, False)
    assert moved(start, np.zeros(8)) == start
    one = moved(start, np.array([1.0, 0, 0, 0, 0, 0, 0, 0]))
    assert one.short_sd_db == pytest.approx(start.short_sd_db * np.exp(0.4))
    assert one.group_sd_db == 0.0
