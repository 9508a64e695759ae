"""What others would state for a share of a line: Wilson's interval and a block bootstrap."""

from __future__ import annotations

import numpy as np

Z = 1.959963984540054


def segment_means(runs, segments):
    """Mean of the runs' means per segment; NaN where there is none."""
    total = np.bincount(runs.segment, runs.y_dbm, segments)
    count = np.bincount(runs.segment, minlength=segments)
    with np.errstate(invalid="ignore"):
        return total / count


def wilson(good):
    """95 % score interval of a share, as if segments were independent."""
    n, p = len(good), np.mean(good)
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return middle - half, middle + half


def block_bootstrap(good, rng, block=10, times=400):
    """95 % percentile interval with blocks of 1 km, drawn round the line's end."""
    n = len(good)
    starts = rng.integers(n, size=(times, -(-n // block)))
    at = (starts[:, :, None] + np.arange(block)).reshape(times, -1)[:, :n] % n
    return tuple(np.quantile(np.asarray(good)[at].mean(axis=1), [0.025, 0.975]))
