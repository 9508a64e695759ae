import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.geodesy import lengths_m, points_m
from covermap.core.prediction.places import blocks_of, parts_of, thinned


def test_chords_are_as_long_as_short_geodesics():
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(-180, 180, 500), rng.uniform(-85, 85, 500)
    lon2, lat2 = lon + rng.normal(0, 0.05, 500), lat + rng.normal(0, 0.05, 500)
    chord = np.sqrt(((points_m(lon, lat) - points_m(lon2, lat2)) ** 2).sum(axis=1))
    assert np.allclose(chord, lengths_m(lon, lat, lon2, lat2), rtol=1e-4)


@given(st.floats(-60, 60), st.floats(-170, 170))
def test_a_block_is_about_as_large_as_asked(lat, lon):
    rng = np.random.default_rng(0)
    lons, lats = lon + rng.uniform(0, 0.2, 4000), lat + rng.uniform(0, 0.1, 4000)
    block = blocks_of(lons, lats, 2000.0)
    for b in np.unique(block)[:20]:
        x, y = lons[block == b], lats[block == b]
        assert np.ptp(y) * 111_195 <= 2001
        width = lengths_m(*(np.array([v]) for v in (x.min(), y.mean(), x.max(), y.mean())))
        assert width[0] <= 2001 * 1.02


def test_parts_are_of_like_size_and_another_salt_deals_independently():
    blocks = np.arange(10_000)
    one, two = parts_of(blocks, 5, 1), parts_of(blocks, 5, 2)
    assert np.bincount(one, minlength=5).min() > 1900
    assert abs((one == two).mean() - 0.2) < 0.02
    assert parts_of(np.array([7, 8, 9]), 5, 1).tolist() == one[7:10].tolist()


def test_of_each_cube_the_surest_is_kept_whatever_the_order():
    rng = np.random.default_rng(3)
    points, variance = rng.uniform(0, 1000, (300, 3)), rng.permutation(300).astype(float)
    kept = thinned(points, 250.0, variance)
    best = {}
    for k, cube in enumerate(map(tuple, np.floor(points / 250.0).astype(int).tolist())):
        if cube not in best or variance[k] < variance[best[cube]]:
            best[cube] = k
    assert kept.tolist() == sorted(best.values())
    order = rng.permutation(300)
    assert set(order[thinned(points[order], 250.0, variance[order])]) == set(kept)
    assert len(thinned(np.zeros((0, 3)), 250.0, np.zeros(0))) == 0
