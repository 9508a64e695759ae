"""The density of measurements given their neighbours, its slopes, and where it is greatest."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from covermap.core.prediction.calibrate import uncalibrated
from covermap.core.prediction.covariance import NAMES, RUN_LENGTH_M, RUN_OFFSET_SD_DB, moved, prior
from covermap.core.prediction.fit import foretold, greatest
from covermap.core.prediction.layer import learned
from covermap.core.prediction.likelihood import density, density_and_slopes, geometry
from covermap.core.prediction.merging import known_of
from prediction_worlds import distances, world

OFFSET_DB2 = RUN_OFFSET_SD_DB**2


def field(d, same, c):
    """Covariance of what lasts, in plain words of numpy."""
    x = np.sqrt(3.0) * d / c.short_m
    short = (1 + x) * np.exp(-x) if c.smooth else np.exp(-d / c.short_m)
    slow, group = np.exp(-d / c.slow_m), np.exp(-d / c.group_m)
    return c.short_sd_db**2 * short + c.slow_sd_db**2 * slow + same * c.group_sd_db**2 * group


def plain(known, told, c):
    """The same density by numpy and one measurement at a time."""
    total = 0.0
    for row, near in zip(told.row, told.near, strict=True):
        some = np.r_[near[near >= 0], row]
        d = distances(known.points[some])
        group, run = known.group[some], known.run[some]
        same = (group[:, None] == group[None]) & (group[:, None] >= 0)
        own = c.run_sd_db**2 * np.exp(-d / RUN_LENGTH_M) + c.run_offset_sd_db**2
        own += known.loose_db[some][:, None] * known.loose_db[some][None]
        cov = field(d, same, c) + np.where(run[:, None] == run[None], own, 0.0)
        cov[np.diag_indices(len(some))] = (
            c.field_variance_db2
            + c.run_variance_db2
            + known.variance_db2[some]
            + known.loose_db[some] ** 2
        )
        weight = np.linalg.solve(cov[:-1, :-1], cov[:-1, -1])
        variance = cov[-1, -1] - weight @ cov[:-1, -1]
        z = abs(known.residual_db[row] - weight @ known.residual_db[some[:-1]]) / np.sqrt(variance)
        total -= (0.5 * z * z if z < 3 else 3 * (z - 1.5)) + 0.5 * np.log(variance)
    return total


@pytest.fixture(scope="module", params=[False, True], ids=["no cells", "cells"])
def asked(request):
    made = world(3, runs=9, side_m=6000.0, more=0)
    seen = made.seen.take(np.lexsort([made.seen.run, made.seen.place]))
    if request.param:
        seen = replace(seen, group=seen.place % 3 - 1)
    start = uncalibrated(seen)
    off = seen.level_dbm - start.mean_dbm(seen.predicted_dbm)
    off[::40] += 30.0  # beyond where a square becomes a line
    one, loose = np.ones(len(seen)), np.where(seen.run % 2 == 0, 3.0, 0.0)
    known = known_of(seen, off, start.design(seen.predicted_dbm), one, one, loose)
    return known, foretold(seen, 200), request.param


@pytest.mark.parametrize("smooth", [False, True])
def test_density_and_slopes_equal_the_plain_ones(asked, smooth):
    known, told, with_groups = asked
    start, u = prior(True, with_groups, smooth), np.random.default_rng(1).normal(0, 0.5, len(NAMES))
    measured = geometry(known, told.row, told.near, OFFSET_DB2)
    value, slopes, curve = density_and_slopes(measured, moved(start, u).packed)
    assert value == density(measured, moved(start, u).packed)
    assert value == pytest.approx(plain(known, told, moved(start, u)), rel=1e-6)
    for k, step in enumerate(1e-5 * np.eye(len(NAMES))):
        ends = [density(measured, moved(start, u + s * step).packed) for s in (1, -1)]
        assert slopes[k] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-4)
    assert np.linalg.eigvalsh(curve).min() > -1e-9


def test_the_optimum_is_that_of_a_search_by_numeric_slopes(asked):
    known, told, with_groups = asked
    start = prior(True, with_groups)
    measured = geometry(known, told.row, told.near, OFFSET_DB2)
    made, least = greatest(measured, start)
    free = [k for k in range(len(NAMES)) if with_groups or not NAMES[k].startswith("group")]

    def cost(some):
        u = np.zeros(len(NAMES))
        u[free] = some
        return 0.5 * some @ some - density(measured, moved(start, u).packed)

    found = minimize(cost, np.zeros(len(free)), method="L-BFGS-B", options={"ftol": 1e-12})
    assert least == pytest.approx(found.fun, abs=1e-3)
    for k in range(len(free)):  # least in every direction
        for sign in (-1, 1):
            assert cost(found.x + sign * 0.1 * np.eye(len(free))[k]) > least
    assert made.short_sd_db > 0


def test_what_is_learnt_is_the_same_to_a_bit_each_time():
    made = world(5, runs=9, side_m=6000.0, more=0)
    assert learned(made.seen).covariance == learned(made.seen).covariance
