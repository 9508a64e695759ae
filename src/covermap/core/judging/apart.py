"""Runs judged apart: every run that saw enough of a place must meet the rule by itself.

A place and a run that saw it make a pair. Pairs are judged as places are, in each technology and
in whichever served; then the worst run of a place decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from covermap.core.judging.judge import Bins, Judged
from covermap.core.judging.quantiles import sum_by_place
from covermap.core.judging.runs import Counts
from covermap.core.judging.verdicts import COVERED, UNMEASURED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEVELS = ("rsrp_mean_dbm", "rsrp_p5_dbm", "rsrp_p50_dbm", "sinr_mean_db", "margin_db")


@dataclass(frozen=True)
class Apart:
    """One operator's counts by pair of place and run, pairs by place and then by run."""

    place: Ints
    """Place of each pair."""
    bins: dict[str, Bins]
    """By technology; their places are numbers of pairs."""
    n_none: Ints
    """Samples without service of each pair."""


def runs_apart(served: dict[str, Counts], none: Counts) -> Apart:
    """Give counts by the pairs of place and run that occur.

    Parameters
    ----------
    served, none
        One operator's counts by technology, and those without service.
    """
    every = [none, *served.values()]
    most = max((int(c.run.max(initial=0)) for c in every), default=0) + 1
    pairs = np.unique(np.concatenate([c.place * most + c.run for c in every]))

    def number(counts: Counts) -> Ints:
        return np.searchsorted(pairs, counts.place * most + counts.run).astype(np.int64)

    return Apart(
        pairs // most,
        {name: replace(counts.bins, place=number(counts)) for name, counts in served.items()},
        sum_by_place(number(none), none.n, len(pairs)),
    )


def by_worst_run(place: Ints, pairs: Judged, pooled: Judged) -> Judged:
    """Give each place the verdict and the levels of its worst run.

    The worst is the run of the worst verdict (none, weak, covered), among equals the one with the
    least margin, then the first. Runs with too few samples of a place say nothing of it; where no
    run has enough, the place is unmeasured. Counts and share of samples stay those of all runs.

    Parameters
    ----------
    place
        Place of each pair.
    pairs, pooled
        The pairs, and the places from the samples of all runs, judged in one layer.
    """
    known = pairs.verdict != UNMEASURED
    margin = np.nan_to_num(pairs.margin_db, nan=np.inf)
    order = np.lexsort((margin, -pairs.verdict.astype(np.int64), place))
    order = order[known[order]]
    first = np.flatnonzero(np.diff(place[order], prepend=-1) != 0)
    worst = order[first]
    at = place[worst]
    verdict = np.full_like(pooled.verdict, UNMEASURED)
    verdict[at] = pairs.verdict[worst]
    levels: dict[str, Floats] = {}
    for name in _LEVELS:
        levels[name] = getattr(pooled, name).copy()
        levels[name][at] = getattr(pairs, name)[worst]
    return replace(pooled, verdict=verdict, **levels)  # type: ignore[arg-type]


def or_met(worst: Judged, technologies: list[Judged], pooled: Judged) -> Judged:
    """Give an operator's places in whichever technology served, runs apart.

    A place is covered where every run was served by one technology or another (`worst`), and so it
    is where one technology meets the rule in every run that saw it: a device that was locked to
    another technology takes nothing from that. There the levels are those of all runs.
    """
    met = np.zeros(len(worst.verdict), np.bool_)
    for one in technologies:
        met |= one.verdict == COVERED
    verdict = np.where(met, COVERED, worst.verdict).astype(np.int8)
    levels = {n: np.where(met, getattr(pooled, n), getattr(worst, n)) for n in _LEVELS}
    return replace(worst, verdict=verdict, **levels)
