"""Relief: a smooth synthetic height field, flat in the delta and hilly in the west and south-west.

It is made on a lattice of 300 m and *defined* by bilinear interpolation on it, so that the radio
field can read it fast and everyone reads the same heights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.simulate.frame import to_plane
from covermap.simulate.noise import rng, smooth_waves
from covermap.simulate.recipe import Recipe

Floats = NDArray[np.float64]

STEP_M = 300.0
PLAIN_M = 4.0
_HILLS = ((118.85, 32.06, 5.0), (119.25, 31.78, 12.0), (119.2, 32.13, 7.0), (120.25, 31.53, 5.0),
          (120.42, 31.25, 7.0), (119.65, 31.2, 20.0), (119.5, 30.95, 30.0),
          (119.05, 31.45, 15.0))  # fmt: skip
"""Where hills are: longitude, latitude (degrees), radius (km). Roughly where real ones rise."""


@dataclass(frozen=True)
class Relief:
    """Heights above sea level, metres, on a lattice; row 0 is the south edge."""

    x0: float
    y0: float
    step_m: float
    height_m: Floats

    def at(self, x: Floats, y: Floats) -> Floats:
        """Height at plane positions, metres, bilinear; outside: that of the edge."""
        rows, columns = self.height_m.shape
        u = np.clip((np.asarray(x) - self.x0) / self.step_m, 0, columns - 1.000001)
        v = np.clip((np.asarray(y) - self.y0) / self.step_m, 0, rows - 1.000001)
        i, j = v.astype(np.int64), u.astype(np.int64)
        fu, fv = u - j, v - i
        h = self.height_m
        low = h[i, j] * (1 - fu) + h[i, j + 1] * fu
        return low * (1 - fv) + (h[i + 1, j] * (1 - fu) + h[i + 1, j + 1] * fu) * fv


def make_relief(recipe: Recipe) -> Relief:
    """Make the relief of a recipe."""
    area = recipe.area
    x, y = to_plane([area.west, area.east] * 2, [area.south, area.south, area.north, area.north])
    xs = np.arange(x.min() - 3000, x.max() + 3000, STEP_M)
    ys = np.arange(y.min() - 3000, y.max() + 3000, STEP_M)
    gx, gy = np.meshgrid(xs, ys)
    rough = smooth_waves(rng(recipe.seed, "relief"), 1500.0, 40).at(gx, gy)
    height = PLAIN_M + recipe.field.hill_m * _hilliness(gx, gy) * np.clip(0.5 + 0.35 * rough, 0, 1)
    return Relief(float(xs[0]), float(ys[0]), STEP_M, height)


def _hilliness(x: Floats, y: Floats) -> Floats:
    """Share 0-1 of the full height that hills reach at plane positions."""
    total = np.zeros_like(x)
    for lon, lat, radius_km in _HILLS:
        cx, cy = to_plane([lon], [lat])
        total += np.exp(-((x - cx[0]) ** 2 + (y - cy[0]) ** 2) / (2 * (radius_km * 700) ** 2))
    return np.minimum(total, 1.0)
