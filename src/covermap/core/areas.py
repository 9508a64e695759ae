"""Covered share of polygons: from cells whose errors go together the more the nearer they are.

Each cell meets the standard with its own probability. Cells are good together as under a Gaussian
copula (see ``core.villages.sums``): the correlation of two is that of the smallest of a nested set
of regions that holds both. All that is kept of an area is a sum over parts of the country, if no
part cuts one of the finer regions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.villages.sums import TERMS, share_ends, terms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.str_]

PASS, FAIL, UNDETERMINED = "pass", "fail", "undetermined"


@dataclass(frozen=True)
class AreaSums:
    """Sums over the measured cells of areas, one row an area."""

    weight: Floats
    expected: Floats
    """Sum of weight times probability."""
    within: Floats
    """Variance, without what any two cells of the area have in common."""
    total: Floats
    """Sums of weighted terms: areas x `TERMS`."""
    squares: Floats

    def __add__(self, other: AreaSums) -> AreaSums:
        """Add another part of the country."""
        return AreaSums(
            *(getattr(self, n) + getattr(other, n) for n in AreaSums.__dataclass_fields__)
        )


def no_sums(areas: int) -> AreaSums:
    """Give sums over no cells."""
    none = np.zeros(areas)
    return AreaSums(none, none, none, np.zeros((areas, TERMS)), np.zeros((areas, TERMS)))


def add_cells(
    area: Ints, weight: Floats, chance: Floats, nested: list[tuple[Ints, float]], alike: float,
    areas: int,
) -> AreaSums:  # fmt: skip
    """Sum measured cells of one part of the country.

    Parameters
    ----------
    area, weight, chance
        Per cell and area that it lies in: number of the area, what the cell weighs there, and the
        probability that it meets the standard.
    nested
        Finer regions, from coarse to fine: code of each cell's region, and the correlation of two
        cells that share it.
    alike
        Correlation of any two cells of an area.
    """
    own = weight * weight * chance * (1.0 - chance)
    within = np.bincount(area, own, areas).astype(np.float64)
    total, squares = np.zeros((areas, TERMS)), np.zeros((areas, TERMS))
    groups = []
    for code, correlation in nested:
        pairs, number = np.unique(np.column_stack([area, code]), axis=0, return_inverse=True)
        groups.append((pairs[:, 0], number.ravel(), correlation))
    for k, term in enumerate(terms(chance)):
        mine = weight * term
        total[:, k] = np.bincount(area, mine, areas)
        squares[:, k] = np.bincount(area, mine * mine, areas)
        before = alike ** (k + 1)
        for of, number, correlation in groups:
            strength = correlation ** (k + 1)
            sums = np.bincount(number, mine, len(of))
            alone = np.bincount(number, mine * mine, len(of))
            within = within + (strength - before) * np.bincount(of, sums * sums - alone, areas)
            before = strength
    return AreaSums(
        np.bincount(area, weight, areas).astype(np.float64),
        np.bincount(area, weight * chance, areas).astype(np.float64), within, total, squares,
    )  # fmt: skip


@dataclass(frozen=True)
class AreaShares:
    """Covered shares, one row an area; NaN where nothing is measured."""

    expected: Floats
    """Of what was measured."""
    low: Floats
    high: Floats
    whole_low: Floats
    """Of the whole: what was not measured as bad, and as good, or left out."""
    whole_high: Floats

    def answers(self, share: float) -> Words:
        """Say whether the whole reaches a share: pass, fail or undetermined."""
        with np.errstate(invalid="ignore"):
            good, bad = self.whole_low >= share - 1e-9, self.whole_high < share - 1e-9
        return np.where(good, PASS, np.where(bad, FAIL, UNDETERMINED))


def shares_of(
    sums: AreaSums, whole: Floats, alike: float, confidence: float, *, bounded: bool
) -> AreaShares:
    """Give the share of each area that meets the standard, with its interval.

    Parameters
    ----------
    whole
        Weight of each area in all, measured or not; measured cells over its border count no more
        than it has.
    bounded
        What nobody measured may be all bad and all good; else it is left out of the share.
    """
    powers = alike ** np.arange(1, TERMS + 1)
    variance = sums.within + (sums.total**2 - sums.squares) @ powers
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums.expected / sums.weight
        spread = np.maximum(variance, 0.0) / sums.weight**2
        seen = np.minimum(sums.weight / whole, 1.0)
    known = sums.weight > 0
    ends = share_ends(np.where(known, mean, 0.0), np.where(known, spread, 0.0), confidence)
    low, high = (np.where(known, end, np.nan) for end in ends)
    if not bounded:
        return AreaShares(mean, low, high, low, high)
    return AreaShares(mean, low, high, low * seen, high * seen + 1.0 - seen)
