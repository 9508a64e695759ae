"""Lengths of lines by verdict, their longest gap, and whether they are continuously covered.

Segments are given sorted by line and along each line. Lengths are in metres, added in that order,
so that the result does not depend on anything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtri

from covermap.core.judging.verdicts import COVERED, NONE, UNMEASURED, WEAK, Codes
from covermap.tables import VERDICTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PASS, FAIL, UNDETERMINED = "pass", "fail", "undetermined"


@dataclass(frozen=True)
class LineLengths:
    """Per line: metres by verdict, in the order of ``tables.VERDICTS``; they sum to `total`."""

    by_verdict: Floats
    """Shape (lines, 4)."""

    @property
    def total(self) -> Floats:
        """Length of each line: the sum of the four."""
        covered, weak, none, unmeasured = self.by_verdict.T
        total: Floats = covered + weak + none + unmeasured
        return total

    @property
    def covered_share(self) -> Floats:
        """Covered / measured length; NaN where nothing was measured."""
        covered, weak, none, _ = self.by_verdict.T
        with np.errstate(invalid="ignore"):
            share: Floats = covered / (covered + weak + none)
        return share

    @property
    def share_if_rest_bad(self) -> Floats:
        """Covered / whole length."""
        share: Floats = self.by_verdict[:, COVERED] / self.total
        return share

    @property
    def share_if_rest_good(self) -> Floats:
        """(Covered + unmeasured) / whole length."""
        good = self.by_verdict[:, COVERED] + self.by_verdict[:, UNMEASURED]
        share: Floats = good / self.total
        return share


def line_lengths(line: Ints, verdict: Codes, length_m: Floats, lines: int) -> LineLengths:
    """Add up the segments' lengths by line and verdict.

    Examples
    --------
    >>> found = line_lengths(np.array([0, 0]), np.array([0, 3], np.int8), np.array([9.0, 1.0]), 1)
    >>> found.by_verdict.tolist(), found.covered_share.tolist(), found.share_if_rest_bad.tolist()
    ([[9.0, 0.0, 0.0, 1.0]], [1.0], [0.9])
    """
    slot = line * len(VERDICTS) + verdict
    sums = np.bincount(slot, length_m, lines * len(VERDICTS)).astype(np.float64)
    return LineLengths(sums.reshape(lines, len(VERDICTS)))


@njit(cache=True)
def longest_gaps_m(line: Ints, verdict: Codes, length_m: Floats, lines: int) -> Floats:
    """Longest stretch in a row of each line that is measured and not covered, m.

    A covered or an unmeasured segment ends a stretch.
    """
    longest = np.zeros(lines)
    run = 0.0
    for s in range(len(line)):
        if s == 0 or line[s] != line[s - 1]:
            run = 0.0
        run = run + length_m[s] if verdict[s] in (WEAK, NONE) else 0.0
        longest[line[s]] = max(longest[line[s]], run)
    return longest


def answers(
    line: Ints,
    verdict: Codes,
    chance: Floats,
    length_m: Floats,
    lines: int,
    share: float,
    confidence: float,
) -> NDArray[np.str_]:
    """Say of each line whether it is continuously covered: pass, fail or undetermined.

    `pass` needs both: the covered length alone reaches `share` of the line, and so does the lower
    end of its interval. `fail` needs both: covered and unmeasured length together stay below it,
    and so does the upper end plus the unmeasured length. Anything else, and a line of which nothing
    was measured, is `undetermined`.

    The interval is that of the sum of independent segments: mean ``sum(l p)``, variance
    ``sum(l^2 p (1 - p))``, two-sided at `confidence`. Neighbouring segments are in truth
    correlated, so it is too narrow; its middle is what a prior holds back from lucky drives.

    Parameters
    ----------
    chance
        Probability of each segment that it meets the standard; NaN where unmeasured.
    """
    lengths = line_lengths(line, verdict, length_m, lines)
    measured = (verdict != UNMEASURED) & ~np.isnan(chance)
    p = np.where(measured, chance, 0.0)
    middle = np.bincount(line, length_m * p, lines)
    half = ndtri((1 + confidence) / 2) * np.sqrt(
        np.bincount(line, length_m**2 * p * (1 - p), lines)
    )
    unmeasured = lengths.by_verdict[:, UNMEASURED]
    needed = share * lengths.total - 1e-9
    good = (lengths.by_verdict[:, COVERED] >= needed) & (middle - half >= needed)
    upper = middle + half + unmeasured
    bad = (lengths.by_verdict[:, COVERED] + unmeasured < needed) & (upper < needed)
    seen = unmeasured < lengths.total
    return np.where(good & seen, PASS, np.where(bad & seen, FAIL, UNDETERMINED))
