"""Other ways to foretell levels: distance-weighted mean, ordinary kriging, random forest."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from scipy.spatial import cKDTree
from sklearn.ensemble import RandomForestRegressor

from covermap.core.prediction.evaluate import Held
from covermap.core.prediction.merging import merged
from covermap.core.prediction.observations import Observations

METRES = 111_195.0
NEAREST, POWER, LEAST_M = 16, 2.0, 25.0
KRIGED = 2500
"""Measurements that ordinary kriging takes: its variogram needs memory by their square."""
Peer = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple]
"""Takes x, y and serving cell of measurements, their levels, and the same of places asked."""


def plane(seen: Observations, lat: float) -> np.ndarray:
    east = seen.lon * METRES * np.cos(np.radians(lat))
    return np.column_stack([east, seen.lat * METRES, seen.group])


def weighted_mean(rows, y, asked):
    """Inverse squares of distances; interval: quantiles of its own leave-one-out errors."""
    xy, at = rows[:, :2], asked[:, :2]
    tree = cKDTree(xy)

    def mean(points, skip):
        far, near = tree.query(points, k=NEAREST + skip)
        weight = np.maximum(far[:, skip:], LEAST_M) ** -POWER
        return (weight * y[near[:, skip:]]).sum(axis=1) / weight.sum(axis=1)

    low, high = np.quantile(y - mean(xy, 1), [0.05, 0.95])
    said = mean(at, 0)
    return said, said + low, said + high


def ordinary_kriging(rows, y, asked):
    """pykrige: exponential variogram fitted to 30 lags, the 32 nearest measurements."""
    from pykrige.ok import OrdinaryKriging

    some = np.random.default_rng(0).permutation(len(y))[:KRIGED]
    made = OrdinaryKriging(*rows[some, :2].T, y[some], variogram_model="exponential", nlags=30)
    said, variance = made.execute("points", *asked[:, :2].T, backend="loop", n_closest_points=32)
    sd = np.sqrt(np.maximum(np.asarray(variance), 1e-6))
    said = np.asarray(said)
    return said, said - 1.645 * sd, said + 1.645 * sd


def forest(rows, y, asked):
    """scikit-learn: coordinates and serving cell; interval: quantiles over its trees."""
    made = RandomForestRegressor(200, min_samples_leaf=3, random_state=0)
    made.fit(rows, y)
    trees = np.stack([tree.predict(asked) for tree in made.estimators_])
    low, high = np.quantile(trees, [0.05, 0.95], axis=0)
    return trees.mean(axis=0), low, high


PEERS: dict[str, Peer] = {"weighted mean": weighted_mean, "random forest": forest}
if find_spec("pykrige"):
    PEERS["ordinary kriging"] = ordinary_kriging


def held_out_by(peer: Peer, seen: Observations, part: np.ndarray, threshold_dbm: float) -> Held:
    """Hold out the same places as `evaluate.held_out` does, and ask a peer."""
    made = []
    for k in np.unique(part[part >= 0]):
        train, test = merged(seen.take(part != k)).seen, merged(seen.take(part == k)).seen
        lat = float(seen.lat.mean())
        mean, low, high = peer(plane(train, lat), train.level_dbm, plane(test, lat))
        sd = np.maximum(high - low, 1e-3) / 3.29
        with np.errstate(over="ignore"):
            covered = 1 / (1 + np.exp(-1.702 * (mean - threshold_dbm) / sd))
        far = cKDTree(train.points).query(test.points)[0]
        made.append(Held(test.place, test.lon, test.lat, test.level_dbm, mean, low, high, covered,
                         far))  # fmt: skip
    names = Held.__dataclass_fields__
    return Held(*(np.concatenate([getattr(m, name) for m in made]) for name in names))
