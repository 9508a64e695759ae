"""Measurements of a field with known covariance, made by dense algebra: the truth of tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from covermap.core.geodesy import points_m
from covermap.core.prediction.covariance import RUN_LENGTH_M, Covariance
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.rigs import ANTENNAS

LON, LAT = 9.0, 53.2
METRES = np.array([66_800.0, 111_270.0])
"""Of a degree, there."""
TRUE = Covariance(7.0, 800.0, 4.0, 6000.0, 4.0, 0.5)
THRESHOLD_DBM = -97.0
ALONE_MEAN_DBM = -92.0
UNKNOWN = ANTENNAS.index("unknown")


@dataclass(frozen=True)
class World:
    """Levels that last everywhere asked, and what runs measured of some."""

    seen: Observations
    row: np.ndarray
    """Of `lasting_dbm`: the place of each measurement."""
    lon: np.ndarray
    lat: np.ndarray
    lasting_dbm: np.ndarray
    predicted_dbm: np.ndarray
    offset_db: float
    slope: float


def lonlat(xy):
    """Positions of a plane in metres."""
    return LON + xy[:, 0] / METRES[0], LAT + xy[:, 1] / METRES[1]


def distances(points):
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


def field_of(d, c=TRUE):
    """Covariance of what lasts, in plain words of numpy: exponential fields."""
    return c.short_sd_db**2 * np.exp(-d / c.short_m) + c.slow_sd_db**2 * np.exp(-d / c.slow_m)


def run_of(d, c=TRUE):
    """Covariance of what one run has of its own."""
    return c.run_sd_db**2 * np.exp(-d / RUN_LENGTH_M) + c.run_offset_sd_db**2


def field_covariance(points, covariance=TRUE):
    return field_of(distances(points), covariance)


def tracks(rng, runs, side_m, step_m=130.0):
    """Places on straight drives over a square, each place of a grid: run, x, y."""
    rows = []
    for run in range(runs):
        at, azimuth = rng.uniform(0, side_m, 2), rng.uniform(0, 2 * np.pi)
        for _ in range(70):
            at = at + step_m * np.array([np.sin(azimuth), np.cos(azimuth)])
            azimuth += rng.normal(0, 0.15)
            if np.any(at < 0) or np.any(at > side_m):
                azimuth += np.pi / 2
                at = np.clip(at, 0, side_m)
            rows.append((run, *(np.floor(at / step_m) + 0.5) * step_m))
    return np.unique(np.array(rows), axis=0)


def world(seed, runs=25, side_m=16_000.0, more=700, covariance=TRUE, model=True, heavy=False):
    """Make drives over a square, and `more` places where nobody drove."""
    rng = np.random.default_rng(seed)
    drive = tracks(rng, runs, side_m)
    xy = np.concatenate([drive[:, 1:], rng.uniform(0, side_m, (more, 2))])
    xy, row = np.unique(xy, axis=0, return_inverse=True)
    row = row[: len(drive)]
    lon, lat = lonlat(xy)
    points = points_m(lon, lat)
    root = np.linalg.cholesky(field_covariance(points, covariance) + 1e-6 * np.eye(len(xy)))
    field = root @ rng.normal(size=len(xy))
    masts = rng.uniform(0, side_m, (12, 2))
    near = np.sqrt(((xy[:, None] - masts[None]) ** 2).sum(axis=2)).min(axis=1)
    predicted = -70.0 - 32.0 * np.log10(np.maximum(near, 150.0) / 500.0)
    predicted = predicted if model else np.full(len(xy), np.nan)
    offset, slope = (4.0, 0.9) if model else (0.0, 1.0)
    middle = np.nanmean(predicted) if model else 0.0
    mean = (
        middle + offset + slope * (predicted - middle)
        if model
        else np.full(len(xy), ALONE_MEAN_DBM)
    )
    lasting = mean + field
    run = drive[:, 0].astype(np.int64)
    level = lasting[row] + run_noise(rng, run, points[row], covariance, heavy)
    n = rng.integers(2, 12, len(row))
    level = level + rng.normal(size=len(row)) * np.sqrt(14.0 / n)
    none = np.full(len(row), -1)
    seen = Observations(
        row.astype(np.int64),
        run,
        np.full(len(row), UNKNOWN),
        none,
        none,
        lon[row],
        lat[row],
        level,
        14.0 / n,
        predicted[row],
    )
    return World(seen, row, lon, lat, lasting, predicted, offset, slope)


def run_noise(rng, run, points, covariance, heavy=False):
    """What each run has of its own."""
    out = np.empty(len(run))
    for k in np.unique(run):
        some = run == k
        made = run_of(distances(points[some]), covariance)
        root = np.linalg.cholesky(made + 1e-6 * np.eye(some.sum()))
        out[some] = root @ rng.normal(size=some.sum())
    own = rng.standard_t(3, len(run)) * 3.0 if heavy else rng.normal(size=len(run))
    return out + covariance.noise_sd_db * own


def best_possible(seen, lon, lat, mean_seen, mean_at, covariance=TRUE):
    """Kriging with all measurements, the true mean and the true covariance: mean and variance."""
    points, places = seen.points, points_m(lon, lat)
    d = distances(points)
    k = field_of(d, covariance)
    same = seen.run[:, None] == seen.run[None, :]
    k += np.where(same, run_of(d, covariance), 0.0)
    k[np.diag_indices(len(k))] += covariance.noise_sd_db**2 + seen.variance_db2
    cross = np.sqrt(((places[:, None] - points[None]) ** 2).sum(axis=2))
    cross = field_of(cross, covariance)
    weight = np.linalg.solve(k, cross.T)
    mean = mean_at + weight.T @ (seen.level_dbm - mean_seen)
    return mean, covariance.field_variance_db2 - (cross * weight.T).sum(axis=1)


def mean_of(made):
    """Give the true mean everywhere."""
    if np.isnan(made.predicted_dbm).all():
        return np.full(len(made.lon), ALONE_MEAN_DBM)
    middle = made.predicted_dbm.mean()
    return middle + made.offset_db + made.slope * (made.predicted_dbm - middle)
