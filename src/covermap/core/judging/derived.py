"""Derived layers: technology `any`, and operators `any` and `all`.

All layers that are combined have the same places in the same order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covermap.core.judging.judge import Judged
from covermap.core.judging.verdicts import (
    COVERED,
    NONE,
    UNMEASURED,
    WEAK,
    Codes,
    PlaceTest,
    meets_share,
    without_service,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SUMMED = ("n", "n_none", "n_meets", "runs")
_LEVELS = ("rsrp_mean_dbm", "rsrp_p5_dbm", "rsrp_p50_dbm", "sinr_mean_db", "margin_db")


def any_technology(
    layers: list[Judged], nothing: Judged, test: PlaceTest, runs: Ints | None = None
) -> Judged:
    """Combine one operator's technologies: whichever of them served.

    Counts and share are of all its samples, each against its own technology's standard; samples
    without service count once. Under the rule `share` that share decides. Under `mean` and
    `quantile`, levels of different technologies are not averaged: the place is covered when any
    technology's own verdict is. Otherwise `none` when the samples without service reach their
    share of all samples, `weak` when any technology was measured, else `unmeasured`; so also where
    a technology was seen too seldom for its own verdict, but at a level that meets its standard.
    Levels shown are those of the technology that does best: by its verdict, then by its margin
    over its own standard. The probability is that of the surest (the same hills shade them all).

    Parameters
    ----------
    layers, nothing
        The operator's technologies, each judged with the operator's samples without service; and
        the same places judged on these alone.
    test
        Rule, minimum and `none_share`; its thresholds are not used.
    runs
        Per place: runs of the operator in any technology; None: the most of any one technology.
    """
    members = [nothing, *layers]
    n_none = nothing.n
    n = n_none + sum((m.n - m.n_none for m in layers), np.zeros_like(n_none))
    n_meets = sum((m.n_meets for m in layers), np.zeros_like(n_none))
    verdict = _any_verdict(layers, n, n_none, n_meets, test)
    best = _best_technology(members)
    return Judged(
        verdict=verdict,
        probability=_largest([m.probability for m in members]),
        n=n,
        n_none=n_none,
        n_meets=n_meets,
        **{name: _pick(members, name, best) for name in _LEVELS},
        runs=np.max([m.runs for m in members], axis=0) if runs is None else runs,
        period=np.max([m.period for m in members], axis=0),
    )


def _any_verdict(
    layers: list[Judged], n: Ints, n_none: Ints, n_meets: Ints, test: PlaceTest
) -> Codes:
    enough = n >= test.min_samples
    if test.rule == "share":
        covered = enough & meets_share(n, n_meets, test)
        measured = enough
    else:
        covered, measured, might = (np.zeros(len(n), bool) for _ in range(3))
        for layer in layers:
            covered |= layer.verdict == COVERED
            measured |= layer.verdict != UNMEASURED
            seldom = (layer.verdict == UNMEASURED) & (layer.n > layer.n_none)
            might |= seldom & (layer.margin_db >= 0)
        measured &= ~might
    none = enough & without_service(n, n_none, test.none_share)
    verdict = np.full(len(n), UNMEASURED, np.int8)
    verdict[measured] = WEAK
    verdict[covered] = COVERED
    verdict[none] = NONE
    return verdict


def _best_technology(members: list[Judged]) -> Ints:
    """Position of the member whose levels are shown, per place."""
    served = np.array([m.n > m.n_none for m in members])
    # one sort key: a verdict's step (1e6 dB) is larger than any margin
    margin = np.nan_to_num(np.array([m.margin_db for m in members]), nan=-1e5)
    score = margin - 1e6 * np.array([m.verdict for m in members]) - 1e9 * ~served
    return np.argmax(score, axis=0).astype(np.int64)


def _pick(members: list[Judged], name: str, which: Ints) -> NDArray:
    return np.array([getattr(m, name) for m in members])[which, np.arange(len(which))]


def _largest(values: list[Floats]) -> Floats:
    """Largest of each place's known values; NaN where none is known."""
    stacked = np.array(values)
    largest = np.max(np.nan_to_num(stacked, nan=-np.inf), axis=0)
    return np.where(np.isneginf(largest), np.nan, largest)


def operators(members: list[Judged], *, every: bool) -> Judged:
    """Combine operators in one technology: at least one covers the place, or every one.

    At least one: covered when one operator's verdict is; unmeasured when none is covered and one
    is unmeasured (that one might cover it); `none` when every operator has no service; else weak.
    Every one: covered when all are; `none` when all have no service; weak when one measured
    operator is not covered (whatever the others are); else unmeasured.

    Counts and runs are summed over operators. Levels are those of the operator with the highest
    mean, or with the lowest. The probability takes places and operators as independent and is over
    the measured ones: ``1 - product(1 - p)``, with an unmeasured operator a lower bound; or
    ``product(p)``, an upper bound.

    Parameters
    ----------
    members
        The operators that have this technology's layer in the build, at least one.
    """
    good, weak, none, open_ = (
        np.array([m.verdict == code for m in members]) for code in (COVERED, WEAK, NONE, UNMEASURED)
    )
    if every:
        cases = {COVERED: good.all(0), NONE: none.all(0), WEAK: (weak | none).any(0)}
        chance = np.prod([_measured(m, 1.0) for m in members], axis=0)
    else:
        cases = {COVERED: good.any(0), UNMEASURED: open_.any(0), NONE: none.all(0)}
        chance = 1.0 - np.prod([1.0 - _measured(m, 0.0) for m in members], axis=0)
    verdict = np.select(list(cases.values()), list(cases), UNMEASURED if every else WEAK)
    return _combined(members, verdict.astype(np.int8), chance, sign=-1.0 if every else 1.0)


def _measured(member: Judged, otherwise: float) -> Floats:
    """Probability of a member where it is measured, else a value that changes no product."""
    known = (member.verdict != UNMEASURED) & ~np.isnan(member.probability)
    return np.where(known, member.probability, otherwise)


def _combined(members: list[Judged], verdict: Codes, chance: Floats, *, sign: float) -> Judged:
    level = np.array([m.rsrp_mean_dbm for m in members]) * sign
    chosen = np.argmax(np.nan_to_num(level, nan=-np.inf), axis=0).astype(np.int64)
    seen = np.any([m.n > 0 for m in members], axis=0)
    totals = {name: np.sum([getattr(m, name) for m in members], axis=0) for name in _SUMMED}
    return Judged(
        verdict=verdict,
        probability=np.where(seen, chance, np.nan),
        **{name: _pick(members, name, chosen) for name in _LEVELS},
        **totals,
        period=np.max([m.period for m in members], axis=0),
    )
