"""Random numbers by name, and smooth random fields that can be evaluated anywhere.

A field is a sum of cosines (random Fourier features). With exponential autocorrelation
exp(-d/D) (Gudmundson, "Correlation model for shadow fading in mobile radio systems", Electronics
Letters 27, 1991) the wave number k of an isotropic field in the plane has the spectral density of
(1 + (kD)^2)^(-3/2), so that its distribution function is 1 - (1 + (kD)^2)^(-1/2). The wave numbers
are drawn one from each of equal shares of that distribution (stratified), which makes the
correlation of *every* realisation close to the law, not only their mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GOLDEN = math.pi * (3.0 - math.sqrt(5.0))
_SHARPEST = 0.985
"""The last 1.5 % of the spectrum (waves shorter than 0.1 D) are folded into longer ones."""


def rng(seed: int, *path: int | str) -> np.random.Generator:
    """Give the generator that belongs to a name under a seed, e.g. ``rng(1, "run", 17)``.

    Generators of different names are independent, so a run can be made without those before it.
    """
    words = [w for part in path for w in _words(part)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def _words(part: int | str) -> list[int]:
    return [part] if isinstance(part, int) else [len(part), *part.encode()]


@dataclass(frozen=True)
class Waves:
    """A random field of unit variance: wave numbers (rad/m) and phases, shape (m,)."""

    kx: Floats
    ky: Floats
    phase: Floats

    def at(self, x: Floats, y: Floats) -> Floats:
        """Evaluate at plane positions; same length."""
        flat = _sum_waves(np.ravel(x), np.ravel(y), self.kx, self.ky, self.phase)
        return flat.reshape(np.shape(x))


def exponential_waves(source: np.random.Generator, distance_m: float, count: int) -> Waves:
    """Draw a field of autocorrelation exp(-d/distance_m) with `count` waves."""
    share = (np.arange(count) + source.random(count)) / count * _SHARPEST
    k = np.sqrt((1.0 - share) ** -2 - 1.0) / distance_m
    angle = _GOLDEN * np.arange(count) + source.random() * 2 * math.pi
    phase = source.random(count) * 2 * math.pi
    return Waves(k * np.cos(angle), k * np.sin(angle), phase)


def smooth_waves(source: np.random.Generator, length_m: float, count: int) -> Waves:
    """Draw a smooth field (Gaussian autocorrelation exp(-d^2 / (2 length_m^2)))."""
    kx, ky = source.standard_normal((2, count)) / length_m
    return Waves(kx, ky, source.random(count) * 2 * math.pi)


@njit(cache=True)
def _sum_waves(x: Floats, y: Floats, kx: Floats, ky: Floats, phase: Floats) -> Floats:
    scale = math.sqrt(2.0 / kx.size)
    out = np.empty(x.size)
    for i in range(x.size):
        total = 0.0
        for j in range(kx.size):
            total += math.cos(kx[j] * x[i] + ky[j] * y[i] + phase[j])
        out[i] = total * scale
    return out
