"""Cells located from samples: against plain algebra, and against worlds whose masts are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_t

from covermap.core.geodesy import lengths_m, metres_per_degree_lat, metres_per_degree_lon
from covermap.core.sites import posterior
from covermap.core.sites.heard import MOST_PLACES, PER_DEGREE, Counts, parts_of, places_of
from covermap.core.sites.locate import Located, locate

LON, LAT = 9.0, 53.2
MX, MY = metres_per_degree_lon(LAT), metres_per_degree_lat(LAT)


def plain_log_density(mast, x, y, level, n, kind):
    """Density of the levels if the mast stands there, by scipy's multivariate t."""
    d = np.hypot(x[:, None] - x[None], y[:, None] - y[None])
    shadow = 0.4 * np.exp(-d / 100.0) + 0.5 * np.exp(-d / 2000.0) + 0.1 * np.eye(len(x))
    shadow += 0.7 * (kind[:, None] == kind[None]) + np.diag(0.3 / n)
    east, north = x - mast[0], y - mast[1]
    far, azimuth = np.hypot(east, north), np.arctan2(east, north)
    decades = np.log10(np.sqrt(far**2 + 200.0**2) / 1000.0)
    sure = far / (far + 200.0)
    turns = [sure * f(k * azimuth) for k in (1, 2) for f in (np.cos, np.sin)]
    unknown = np.column_stack([np.ones(len(x)), -decades, *turns])
    prior = np.diag(np.square(posterior.SD_DB))
    whole = 49.0 * shadow + unknown @ prior @ unknown.T
    return multivariate_t(-88.0 - 33.0 * decades, whole, df=8.0).logpdf(level)


def a_cell(rng, m=20, side_m=3000.0):
    x, y = rng.uniform(-side_m, side_m, (2, m))
    kind = rng.integers(0, 2, m)
    return x, y, rng.uniform(-120, -70, m), rng.integers(1, 9, m).astype(float), kind


@pytest.mark.parametrize("seed", range(4))
def test_sectors_weigh_what_plain_algebra_says(seed: int) -> None:
    x, y, level, n, kind = a_cell(np.random.default_rng(seed))
    root = np.linalg.cholesky(posterior.shadowing(x, y, n, kind))
    fixed = np.ones((len(x), 2))
    fixed[:, 0] = level - posterior.LEVEL_AT_1_KM_DBM
    posterior.whiten(root, fixed)
    sectors = posterior.grid()[5::37]
    made = posterior.log_weights(sectors, x, y, fixed, root, 1500.0)
    px, py = posterior.middles(sectors)
    area = (sectors[:, 1] ** 2 - sectors[:, 0] ** 2) * (sectors[:, 3] - sectors[:, 2]) / 2
    power = posterior.COARSE / (posterior.COARSE + len(x))
    told = [
        power * plain_log_density((a, b), x, y, level, n, kind)
        - 2 * np.log1p((a * a + b * b) / 1500.0**2)
        for a, b in zip(px, py, strict=True)
    ] + np.log(area)
    np.testing.assert_allclose(made - made[0], told - told[0], atol=1e-7)


def test_the_grid_covers_the_disk_once_and_fine_sectors_their_coarse_one() -> None:
    def area(s):
        return ((s[:, 1] ** 2 - s[:, 0] ** 2) * (s[:, 3] - s[:, 2]) / 2).sum()

    assert area(posterior.grid()) == pytest.approx(np.pi * posterior.REACH_M**2)
    some = posterior.grid()[100:103]
    assert area(posterior.divided(some)) == pytest.approx(area(some))


def test_the_middle_of_weighted_places_has_their_share_within_its_radius() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 400)) * 300.0
    w = np.full(400, 1 / 400)
    mx, my, radius = posterior.middle_of(x, y, w, 0.9)
    assert np.mean(np.hypot(x - mx, y - my) <= radius) == pytest.approx(0.9, abs=0.003)
    total = [np.hypot(x - mx - a, y - my - b).sum() for a, b in ((0, 0), (5, 0), (0, 5), (-5, -5))]
    assert min(total) == total[0]


def counts(lon, lat, level, cell=0, kind=0) -> Counts:
    """Counts of samples one by one, as a step makes them of many."""
    lon = np.asarray(lon, float)
    rows = np.column_stack(
        np.broadcast_arrays(
            cell, kind, np.floor(lon * PER_DEGREE), np.floor(np.asarray(lat) * PER_DEGREE),
            np.round(level),
        )
    ).astype(np.int64)  # fmt: skip
    unique, n = np.unique(rows, axis=0, return_counts=True)
    return Counts(*unique.T, n)


def drives(rng, m, side_m):
    """Places along two straight roads that cross a square."""
    t = rng.uniform(-side_m, side_m, m)
    slope, off = rng.normal(size=2), rng.normal(size=2) * side_m / 3
    which = rng.integers(0, 2, m)
    across = slope[which] * t + off[which]
    return np.where(which == 0, t, across), np.where(which == 0, across, t)


def world(rng, cells: int, places: int):
    """Masts and what is heard of them: sectors of 65 degrees, shadowing, a decay of their own."""
    found, masts = [], []
    for cell in range(cells):
        x, y = drives(rng, places, 2500.0)
        mast = rng.normal(size=2) * 700.0
        east, north = x - mast[0], y - mast[1]
        far = np.hypot(east, north)
        off = np.degrees(np.arctan2(east, north)) - rng.uniform(0, 360)
        off = (off + 180) % 360 - 180
        kept = np.abs(off) < rng.choice([70.0, 180.0])
        d = np.hypot(x[:, None] - x[None], y[:, None] - y[None])
        shadow = 36.0 * np.exp(-d / 120.0) + 16.0 * np.exp(-d / 1500.0) + 4.0 * np.eye(places)
        level = rng.normal(-86, 6) - rng.normal(34, 3) * np.log10(np.maximum(far, 60) / 1000)
        level -= np.minimum(12 * (off / 65) ** 2, 25) - rng.multivariate_normal(
            np.zeros(places), shadow
        )
        if kept.sum() < 3:
            kept[:3] = True
        lon, lat = LON + cell * 0.02 + x[kept] / MX, LAT + y[kept] / MY
        found.append(counts(lon, lat, level[kept], cell=cell))
        masts.append((LON + cell * 0.02 + mast[0] / MX, LAT + mast[1] / MY))
    joined = Counts(
        *(np.concatenate([getattr(c, f) for c in found]) for f in Counts.__annotations__)
    )
    return joined, np.array(masts)


def errors(found: Located, masts):
    return lengths_m(found.lon, found.lat, masts[found.cell, 0], masts[found.cell, 1])


@pytest.mark.slow
def test_masts_stand_within_their_stated_radii_and_nearer_than_centroids_of_samples() -> None:
    heard, masts = world(np.random.default_rng(11), 300, 40)
    found = locate(heard)
    off = errors(found, masts)
    inside = np.mean(off <= found.uncertainty_m)
    assert 0.87 <= inside <= 0.98
    places = places_of(heard)
    weight = 10 ** (places.level_dbm / 20)
    total = np.bincount(places.cell, weight)
    centroid = [np.bincount(places.cell, weight * v) / total for v in (places.lon, places.lat)]
    theirs = lengths_m(centroid[0], centroid[1], masts[:, 0], masts[:, 1])
    assert np.median(off) < 0.8 * np.median(theirs)
    sure = found.uncertainty_m < np.median(found.uncertainty_m)
    assert np.median(off[sure]) < np.median(off[~sure])


def test_a_cell_heard_all_round_without_noise_is_found_within_a_few_steps() -> None:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    far = np.where(np.arange(40) % 2, 600.0, 1500.0)
    lon, lat = LON + far * np.sin(turn) / MX, LAT + far * np.cos(turn) / MY
    found = locate(counts(lon, lat, -88 - 33 * np.log10(far / 1000)))
    assert lengths_m(found.lon, found.lat, np.array([LON]), np.array([LAT]))[0] < 60
    assert found.uncertainty_m[0] < 600


def test_one_sample_says_little_and_says_so() -> None:
    strong, weak = (locate(counts([LON], [LAT], level)) for level in (-55.0, -115.0))
    assert 500 < strong.uncertainty_m[0] < weak.uncertainty_m[0]
    assert strong.n.tolist() == [1]


def test_an_identity_heard_in_two_towns_is_two_cells() -> None:
    lon = np.r_[np.linspace(LON, LON + 0.05, 30), np.linspace(LON + 1.2, LON + 1.22, 10)]
    heard = counts(lon, np.full(40, LAT), np.full(40, -80.0), cell=7)
    found = locate(heard)
    assert (found.cell.tolist(), found.part.tolist(), found.n.tolist()) == (
        [7, 7],
        [0, 1],
        [30, 10],
    )
    assert found.lon[0] < LON + 0.3
    assert found.lon[1] > LON + 0.9
    near = counts(np.r_[lon[:30], lon[30:] - 0.8], np.full(40, LAT), np.full(40, -80.0))
    assert locate(near).part.tolist() == [0]


def test_parts_are_linked_over_the_antimeridian() -> None:
    heard = counts([179.99, -179.99, 10.0], [LAT] * 3, [-80.0] * 3)
    assert sorted(parts_of(heard, 35_000.0).tolist()) == [0, 0, 1]
    found = locate(heard.take(np.abs(heard.east) > 100_000))
    assert abs(abs(found.lon[0]) - 180) < 0.1


def test_the_order_of_rows_does_not_matter() -> None:
    heard, _ = world(np.random.default_rng(5), 6, 30)
    shuffled = np.random.default_rng(1).permutation(len(heard.cell))
    shuffled = shuffled[np.argsort(heard.cell[shuffled], kind="stable")]
    for a, b in zip(
        vars(locate(heard)).values(), vars(locate(heard.take(shuffled))).values(), strict=True
    ):
        assert a.tobytes() == b.tobytes()


def test_places_are_few_and_their_levels_medians() -> None:
    rng = np.random.default_rng(8)
    cell = np.repeat([0, 3], [900, 5])
    lon = LON + np.r_[rng.uniform(0, 0.1, 900), np.zeros(5)]
    level = np.r_[rng.integers(-110, -70, 900), -90, -80, -70, -60, -50].astype(float)
    heard = counts(lon, LAT + rng.uniform(0, 0.0004, 905), level, cell=cell)
    places = places_of(heard)
    many, few = places.cell == 0, places.cell == 3
    assert 16 < many.sum() <= MOST_PLACES
    assert places.n[many].sum() == 900
    assert places.level_dbm[few].tolist() == [-70.0]
    west = places.lon[many] < LON + 0.05
    assert np.average(places.lon[many][west], weights=places.n[many][west]) == pytest.approx(
        lon[:900][lon[:900] < LON + 0.05].mean(), abs=0.002
    )


def test_nothing_heard_locates_nothing() -> None:
    none = np.zeros(0, np.int64)
    assert locate(Counts(none, none, none, none, none, none)).cell.size == 0
