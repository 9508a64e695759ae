"""Verdicts of villages in one layer, from evidence in order: the first that decides is taken.

Measured at the key points; measured in the village; foretold; a site nearby. Key points that were
not measured are stood for by the village as a whole where that was measured, else by what is
foretold of them, else of the village, else by a site nearby. A village without key points is judged
as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from covermap.core.villages.chances import CellModel, enough_chance, share_chance
from covermap.core.villages.evidence import UnitSums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]

LIT, WEAK, DARK, UNMEASURED = range(4)
NOTHING, MEASURED, BOTH, PREDICTED, SITE = range(-1, 4)
"""What a verdict rests on; NOTHING: nothing is known."""
AT_POINTS, IN_VILLAGE, BY_PREDICTION, BY_SITE = range(4)
"""Orders of evidence."""


@dataclass(frozen=True)
class UnitTest:
    """What the cells of a village, or of a key point, must show."""

    share: float
    """Of the measured cells, covered."""
    none_share: float
    """From this share of cells without service on it is dark."""
    min_samples: int
    model: CellModel


@dataclass(frozen=True)
class VillageTest:
    """What a village must show."""

    met: Literal["one", "all", "share"]
    """How many of its key points."""
    share: float | None
    lit: float
    """Not measured, it is lit from this probability on."""
    dark: float
    """Not measured, it is dark below this probability."""
    correlation: float
    """Of the errors of two key points of a village."""


@dataclass(frozen=True)
class Units:
    """Villages as a whole, or key points, in one layer: arrays of one length."""

    verdict: Codes
    """As measured."""
    measured: Floats
    """Probability by what was measured; NaN: unmeasured."""
    foretold: Floats
    """Probability by what was predicted; NaN: nothing was."""

    def take(self, rows: Ints) -> Units:
        """Give some of them."""
        return Units(self.verdict[rows], self.measured[rows], self.foretold[rows])


@dataclass(frozen=True)
class Villages:
    """Verdicts of one layer: arrays of one length."""

    verdict: Codes
    probability: Floats
    """NaN: not known."""
    basis: Codes
    evidence: Codes
    """Last order of evidence needed, -1: none."""
    points: Ints
    """Key points that count."""
    points_measured: Ints
    best: Ints
    """Number of the key point most likely to be covered as measured, -1: none was."""
    worst: Ints
    cells: Ints
    covered: Ints
    n: Ints
    period: Ints


def units(measured: UnitSums, foretold: UnitSums, test: UnitTest) -> Units:
    """Judge units by the cells measured in them, and by the cells foretold.

    Both sums have a row for every unit.
    """
    cells = np.where(measured.n >= test.min_samples, measured.cells, 0)
    whole = np.maximum(cells, 1)
    verdict = np.full(len(cells), WEAK, np.int8)
    verdict[measured.covered >= test.share * whole - 1e-9] = LIT
    verdict[measured.none >= test.none_share * whole - 1e-9] = DARK
    verdict[cells == 0] = UNMEASURED
    chance = share_chance(cells, measured.margin, measured.margin_2, test.share, test.model)
    said = share_chance(foretold.cells, foretold.margin, foretold.margin_2, test.share, test.model)
    return Units(verdict, chance, said)


def judge_villages(
    starts: Ints, points: Units, wholes: Units, site: Floats, seen: UnitSums, test: VillageTest
) -> Villages:
    """Judge every village in one layer.

    Parameters
    ----------
    starts
        Key points that count of village v are `starts[v]` to `starts[v + 1]`.
    points, wholes
        Key points, and villages as a whole.
    site
        Probability by a site nearby; NaN: nothing can be said by it.
    seen
        Sums over the measured cells of villages as a whole, a row each.

    Notes
    -----
    What was measured decides where it can: enough is good, or what is bad leaves too little. Then
    nothing else is asked, and the rest that nobody measured is taken as bad, or good, in the
    probability. Else the probability decides, by the test's bounds.
    """
    count = np.diff(starts)
    total = np.maximum(count, 1)
    need = _need(total, test)
    asked = _asked(starts, points, wholes, site, total, need)
    chance = enough_chance(*asked.units, need, test.correlation)
    alone = np.diff(asked.units[0]) == 1  # no quadrature stands between a unit and its own chance
    chance[alone] = asked.units[1][asked.units[0][:-1][alone]]
    open_ = asked.verdict == UNMEASURED
    chance[(asked.basis == NOTHING) | (open_ & (asked.unknown > 0))] = np.nan
    verdict = asked.verdict.copy()
    verdict[open_ & (chance >= test.lit)] = LIT
    verdict[open_ & (chance < test.dark)] = DARK
    best, worst = _extremes(starts, points)
    return Villages(
        verdict, chance, asked.basis, asked.evidence, count, asked.measured, best, worst,
        seen.cells, seen.covered, seen.n, seen.period,
    )  # fmt: skip


def _need(total: Ints, test: VillageTest) -> Ints:
    if test.met == "one":
        return np.ones_like(total)
    if test.met == "all" or test.share is None:
        return total
    return np.maximum(np.ceil(test.share * total - 1e-9).astype(np.int64), 1)


@dataclass(frozen=True)
class _Asked:
    """Units that decide of each village, and what was measured of it."""

    units: tuple[Ints, Floats, Ints]
    """Where those of each village begin, their probabilities and weights."""
    verdict: Codes
    """By what was measured alone; UNMEASURED: it does not decide."""
    basis: Codes
    evidence: Codes
    unknown: Ints
    """Weight of which nothing is known."""
    measured: Ints
    """Key points measured."""


def _asked(
    starts: Ints, points: Units, wholes: Units, site: Floats, total: Ints, need: Ints
) -> _Asked:
    villages = len(total)
    of = np.repeat(np.arange(villages), np.diff(starts))
    at = points.verdict != UNMEASURED
    tally = _Tally(of, points.verdict, total, need)
    listed = [(of[at], points.measured[at], np.ones(at.sum(), np.int64))]
    seen = total - tally.left

    instead = np.flatnonzero((tally.left > 0) & (wholes.verdict != UNMEASURED) & ~tally.decided)
    listed.append((instead, wholes.measured[instead], tally.left[instead]))
    tally.add(instead, wholes.verdict[instead])

    rest = (tally.left > 0) & ~tally.decided
    told = ~at & ~np.isnan(points.foretold) & rest[of]
    listed.append((of[told], points.foretold[told], np.ones(told.sum(), np.int64)))
    tally.left -= np.bincount(of[told], minlength=villages)
    chance = np.where(np.isnan(wholes.foretold), site, wholes.foretold)
    guessed = np.flatnonzero(rest & (tally.left > 0) & ~np.isnan(chance))
    listed.append((guessed, chance[guessed], tally.left[guessed]))
    tally.left[guessed] = 0

    by_site = np.zeros(villages, bool)
    by_site[guessed] = np.isnan(wholes.foretold[guessed])
    foretold = np.bincount(np.append(of[told], guessed), minlength=villages) > 0
    by_village = np.zeros(villages, bool)
    by_village[instead] = True
    evidence = np.select(
        [by_site, foretold, by_village, seen > 0],
        [BY_SITE, BY_PREDICTION, IN_VILLAGE, AT_POINTS], NOTHING,
    ).astype(np.int8)  # fmt: skip
    measured = by_village | (seen > 0)
    basis = np.select(
        [by_site, measured & foretold, measured, foretold], [SITE, BOTH, MEASURED, PREDICTED],
        NOTHING,
    ).astype(np.int8)  # fmt: skip
    verdict = tally.verdict()
    # the rest of a village that fails could not help it
    failed = np.flatnonzero((tally.left > 0) & ((verdict == WEAK) | (verdict == DARK)))
    listed.append((failed, np.ones(len(failed)), tally.left[failed]))
    return _Asked(_by_village(listed, villages), verdict, basis, evidence, tally.left, seen)


class _Tally:
    """Weights measured good and bad in each village, and what is left."""

    def __init__(self, of: Ints, verdict: Codes, total: Ints, need: Ints) -> None:
        self._total, self._need = total, need
        self.good, self._bad, self._dark, self._lighter = (
            np.bincount(of[np.isin(verdict, codes)], minlength=len(total))
            for codes in ((LIT,), (WEAK, DARK), (DARK,), (LIT, WEAK))
        )
        self.left = total - self.good - self._bad

    def add(self, villages: Ints, verdict: Codes) -> None:
        """Let villages as a whole stand for what is left of them."""
        left = self.left[villages]
        self.good[villages] += np.where(verdict == LIT, left, 0)
        self._bad[villages] += np.where(verdict == LIT, 0, left)
        self._dark[villages] += verdict == DARK
        self._lighter[villages] += verdict != DARK
        self.left[villages] = 0

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Whether what was measured decides."""
        return (self.good >= self._need) | (self._total - self._bad < self._need)

    def verdict(self) -> Codes:
        """Verdict where it does."""
        made = np.where((self._lighter == 0) & (self._dark > 0), DARK, WEAK).astype(np.int8)
        made[self.good >= self._need] = LIT
        made[~self.decided] = UNMEASURED
        return made


def _by_village(
    listed: list[tuple[Ints, Floats, Ints]], villages: int
) -> tuple[Ints, Floats, Ints]:
    """Put units of several lists in order of their villages."""
    of, chance, weight = (np.concatenate(column) for column in zip(*listed, strict=True))
    order = np.argsort(of, kind="stable")
    starts = np.zeros(villages + 1, np.int64)
    starts[1:] = np.cumsum(np.bincount(of, minlength=villages))
    return starts, chance[order], weight[order].astype(np.int64)


def _extremes(starts: Ints, points: Units) -> tuple[Ints, Ints]:
    """Find the best and the worst measured key point of each village; -1: none."""
    villages = len(starts) - 1
    at = np.flatnonzero(points.verdict != UNMEASURED)
    of = np.searchsorted(starts, at, "right") - 1
    order = np.lexsort((at, points.measured[at], of))
    best, worst = np.full(villages, -1, np.int64), np.full(villages, -1, np.int64)
    best[of[order]] = at[order]  # the last of several stays
    worst[of[order[::-1]]] = at[order[::-1]]
    return best, worst


def whichever(members: list[Villages], *, surest: bool = False) -> Villages:
    """Combine layers of which one is enough: operators, or technologies (`surest`).

    Lit where one is; else unmeasured where one is; dark where all are; else weak. Operators are
    taken as independent: ``1 - product(1 - p)``; of technologies the surest counts, for the same
    hills shade them all. Where no member is lit and nothing is known of one, the probability is not
    known. What a village rests on is told of the member that does best.
    """
    verdict = np.array([m.verdict for m in members])
    chance = np.array([m.probability for m in members])
    made = np.where((verdict == DARK).all(0), DARK, WEAK).astype(np.int8)
    made[(verdict == UNMEASURED).any(0)] = UNMEASURED
    made[(verdict == LIT).any(0)] = LIT
    known = np.nan_to_num(chance, nan=0.0)
    both = known.max(0) if surest else 1.0 - np.prod(1.0 - known, axis=0)
    both[np.isnan(chance).any(0) & (made != LIT)] = np.nan
    return _of_member(members, made, both, np.argmax(_score(verdict, chance, 0.0), axis=0))


def every(members: list[Villages]) -> Villages:
    """Combine operators that must all light a village.

    Lit where all are; dark where all are; weak where one is not lit, whatever the others are; else
    unmeasured. Operators are taken as independent: ``product(p)``; where no member fails and
    nothing is known of one, the probability is not known.
    """
    verdict = np.array([m.verdict for m in members])
    chance = np.array([m.probability for m in members])
    made = np.full(verdict.shape[1], UNMEASURED, np.int8)
    made[((verdict == WEAK) | (verdict == DARK)).any(0)] = WEAK
    made[(verdict == DARK).all(0)] = DARK
    made[(verdict == LIT).all(0)] = LIT
    both = np.prod(np.nan_to_num(chance, nan=1.0), axis=0)
    both[np.isnan(chance).any(0) & (made == UNMEASURED)] = np.nan
    return _of_member(members, made, both, np.argmin(_score(verdict, chance, 1.0), axis=0))


def _score(verdict: NDArray[np.int8], chance: Floats, unknown: float) -> Floats:
    """Order members by verdict, then probability."""
    step = np.array([4.0, 2.0, 0.0, 2.0])
    score: Floats = step[verdict] + np.nan_to_num(chance, nan=unknown)
    return score


def _of_member(members: list[Villages], verdict: Codes, chance: Floats, which: Ints) -> Villages:
    rows = np.arange(len(which))
    told = {
        name: np.array([getattr(m, name) for m in members])[which, rows]
        for name in ("basis", "evidence", "points_measured", "best", "worst", "cells", "covered")
    }
    return replace(
        members[0], verdict=verdict, probability=chance, **told,
        n=np.sum([m.n for m in members], axis=0),
        period=np.max([m.period for m in members], axis=0),
    )  # fmt: skip
