"""Sums of villages by region, with an interval that takes neighbours as alike.

What is not known of a village is largely not known of its neighbours: the same runs measured them,
the same model foretold them. Villages are lit together as under a Gaussian copula: village i is lit
where ``Phi^-1(p_i) + e_i > 0``, e standard normal, and the correlation of two of them is that of
the smallest region that holds both: township, county, city, province, or the whole.

Covariances need no pair to be looked at. By Mehler's series (Kibble 1945), with phi the normal
density and He the Hermite polynomials,

    P(i and j) - p_i p_j = sum over k of r^k / k! He_{k-1}(a_i) phi(a_i) He_{k-1}(a_j) phi(a_j),

so a region's variance takes sums of single terms over it, and over the regions within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TERMS = 12
"""At a correlation of 0.6 what is left out is below 0.6^13 of a variance: 0.1 %."""
_LEAST = 1e-9


@dataclass(frozen=True)
class Nested:
    """Regions in regions: codes of every village, from the whole to the finest level."""

    code: Ints
    """Villages x levels, from 0 on; -1: in no region of that level. The first level is the whole:
    0 for every village."""
    correlation: Floats
    """One a level, not falling: of two villages that share this level and no finer one."""

    @cached_property
    def atom(self) -> Ints:
        """Number of each village's atom: villages of one atom share every level."""
        return self._atoms[1]

    @cached_property
    def atoms(self) -> Ints:
        """Codes of each atom: atoms x levels."""
        return self._atoms[0]

    @cached_property
    def _atoms(self) -> tuple[Ints, Ints]:
        codes, atom = np.unique(self.code, axis=0, return_inverse=True)
        return codes, atom.ravel().astype(np.int64)

    @cached_property
    def steps(self) -> Floats:
        """What each level adds to the powers of the correlation: levels x `TERMS`."""
        powers = self.correlation[:, None] ** np.arange(1, TERMS + 1)
        return np.diff(powers, axis=0, prepend=0.0)

    def regions(self, level: int) -> int:
        """Count the regions of a level; one more is for villages in none of them."""
        return int(self.atoms[:, level].max(initial=-1)) + 1

    @cached_property
    def parts(self) -> list[list[tuple[Ints, Ints]]]:
        """Of each level and each finer one: part of every atom (-1: none), region of every part."""
        return [
            [self._parts(level, finer) for finer in range(level, self.code.shape[1])]
            for level in range(self.code.shape[1])
        ]

    def _parts(self, level: int, finer: int) -> tuple[Ints, Ints]:
        region = self.atoms[:, level] % (self.regions(level) + 1)  # -1: the last
        if finer == level:
            return region, np.arange(self.regions(level) + 1)
        inside = self.atoms[:, finer] >= 0
        pairs = np.column_stack([region, self.atoms[:, finer]])[inside]
        found, number = np.unique(pairs, axis=0, return_inverse=True)
        part = np.full(len(region), -1, np.int64)
        part[inside] = number.ravel()
        return part, found[:, 0]


def terms(chance: Floats) -> Iterator[Floats]:
    """Give terms ``He_{k-1}(a) phi(a) / sqrt(k!)`` for k from 1 to `TERMS`, one a village."""
    a = ndtri(np.clip(chance, _LEAST, 1.0 - _LEAST))
    term, before = np.exp(-0.5 * a * a) / np.sqrt(2.0 * np.pi), np.zeros_like(a)
    for k in range(1, TERMS + 1):
        yield term
        # He_k = a He_{k-1} - (k - 1) He_{k-2}, each over the root of its factorial
        term, before = (a * term - (k - 1) / np.sqrt(k) * before) / np.sqrt(k + 1), term


def variances(chance: Floats, nested: Nested) -> list[Floats]:
    """Variance of the number of lit villages in the regions of each level.

    Parameters
    ----------
    chance
        Probability of each village; NaN: not known, and not counted.

    Returns
    -------
    list
        Of each level an array: its regions by code, and last the villages in none of them, which
        are taken as if they had one in common.

    Examples
    --------
    >>> pair = Nested(np.zeros((2, 1), np.int64), np.array([0.5]))
    >>> round(float(variances(np.array([0.5, 0.5]), pair)[0][0]), 3)  # 1/2 + asin(r) / pi
    0.667
    """
    known = ~np.isnan(chance)
    chance, atom, count = chance[known], nested.atom[known], len(nested.atoms)
    own = np.bincount(atom, chance * (1.0 - chance), count)
    sizes = [nested.regions(level) + 1 for level in range(nested.code.shape[1])]
    out = [np.bincount(nested.parts[level][0][0], own, size) for level, size in enumerate(sizes)]
    for k, term in enumerate(terms(chance)):
        total, squares = np.bincount(atom, term, count), np.bincount(atom, term * term, count)
        for level, size in enumerate(sizes):
            for finer, (part, region) in enumerate(nested.parts[level], start=level):
                strength = nested.steps[: finer + 1, k].sum() if finer == level else (
                    nested.steps[finer, k]
                )  # fmt: skip
                inside = part >= 0
                sums = np.bincount(part[inside], total[inside], len(region))
                alone = np.bincount(part[inside], squares[inside], len(region))
                out[level] += strength * np.bincount(region, sums * sums - alone, size)
    return [np.maximum(v, 0.0) for v in out]


def settles(chance: Floats, nested: Nested) -> Floats:
    """Variance of the number of lit villages, of all, that knowing each of them takes away.

    ``Cov(Z_i, sum of Z)^2 / Var(Z_i)``: most where a village is open, and many like it are.

    Parameters
    ----------
    chance
        Probability of each village, all known (see :func:`filled`).
    """
    atom, count = nested.atom, len(nested.atoms)
    variance = chance * (1.0 - chance)
    together = variance.copy()
    for k, term in enumerate(terms(chance)):
        total = np.bincount(atom, term, count)
        of_atom, alone = np.zeros(count), np.zeros(count)
        for level in range(nested.code.shape[1]):
            codes = nested.atoms[:, level]
            inside = codes >= 0
            sums = np.bincount(codes[inside], total[inside], nested.regions(level))
            of_atom[inside] += nested.steps[level, k] * sums[codes[inside]]
            alone[inside] += nested.steps[level, k]
        together += term * (of_atom[atom] - alone[atom] * term)
    return np.where(variance > 0, together**2 / np.where(variance > 0, variance, 1.0), 0.0)


def filled(chance: Floats, nested: Nested, worth: float) -> Floats:
    """Give villages of which nothing is known the mean of those that are known about them.

    From the whole down: a region's mean is drawn towards that of the region above it, which is
    worth so many villages. Nothing known at all: one half.
    """
    known = ~np.isnan(chance)
    mean = np.full(len(nested.atoms), 0.5)
    count = np.bincount(nested.atom[known], minlength=len(mean))
    total = np.bincount(nested.atom[known], chance[known], len(mean))
    for level in range(nested.code.shape[1]):
        codes = nested.atoms[:, level]
        inside = codes >= 0
        n = np.bincount(codes[inside], count[inside], nested.regions(level))
        t = np.bincount(codes[inside], total[inside], nested.regions(level))
        here = codes[inside]
        mean[inside] = (t[here] + worth * mean[inside]) / (n[here] + worth)
    return np.where(known, chance, mean[nested.atom])


def interval(
    count: Ints, expected: Floats, variance: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Give the ends of the interval of a number out of `count`, whole numbers outwards.

    The share is taken as beta distributed with that mean and variance.

    Examples
    --------
    >>> low, high = interval(np.array([100, 0]), np.array([90.0, 0]), np.array([9.0, 0]), 0.95)
    >>> low.tolist(), high.tolist()
    ([83.0, 0.0], [96.0, 0.0])
    """
    whole = np.maximum(count, 1).astype(np.float64)
    low, high = share_ends(expected / whole, variance / whole**2, confidence)
    low, high = np.floor(low * whole + 1e-6), np.ceil(high * whole - 1e-6)
    return np.maximum(low, 0.0), np.minimum(high, count)


def share_ends(mean: Floats, variance: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Give the ends of the interval of a share that is beta distributed.

    Examples
    --------
    >>> low, high = share_ends(np.array([0.5, 1.0]), np.array([1 / 12, 0.0]), 0.9)  # uniform
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.05, 1.0], [0.95, 1.0])
    """
    mean, v = np.clip(mean, 0.0, 1.0), variance
    open_ = (mean > 0) & (mean < 1) & (v > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # a variance next to the largest that is possible: all or none of them are lit
        size = np.where(open_, np.maximum(mean * (1.0 - mean) / v - 1.0, 1e-3), 1.0)
    a, b = np.where(open_, mean * size, 1.0), np.where(open_, (1.0 - mean) * size, 1.0)
    tail = (1.0 - confidence) / 2.0
    low, high = (np.where(open_, betaincinv(a, b, t), mean) for t in (tail, 1.0 - tail))
    return low, high
