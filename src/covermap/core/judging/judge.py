"""Judge places (cells or segments) in one layer from counts in 1 dB bins.

Places are numbered 0 to P - 1; every array that is given back has length P, so that layers can be
compared and combined place by place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.cube.counts import NO_BIN
from covermap.core.judging.certainty import Observed, Spread, level_needed_dbm, probability
from covermap.core.judging.quantiles import bin_quantile
from covermap.core.judging.verdicts import (
    UNMEASURED,
    Codes,
    PlaceTest,
    Sums,
    fails_by_sinr,
    judge,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CDB = 100.0


@dataclass(frozen=True)
class Bins:
    """Counts of one technology, in any order: arrays of one length, one row a place and bins.

    Rows without a level (`rsrp_bin` is `NO_BIN`) say nothing of coverage and are not counted.
    """

    place: Ints
    rsrp_bin: Ints
    sinr_bin: Ints
    n: Ints
    rsrp_sum_cdb: Ints
    sinr_sum_cdb: Ints

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Bins:
        """Give the rows of a mask, or in an order."""
        return Bins(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def with_level(self) -> Bins:
        """Give the rows that have a level."""
        known = self.rsrp_bin != NO_BIN
        return self if known.all() else self.take(known)


@dataclass(frozen=True)
class Judged:
    """One layer's verdicts and figures per place; NaN is 'not known', -1 no period."""

    verdict: Codes
    probability: Floats
    """Given wherever there is a sample, also where the verdict is `unmeasured`."""
    n: Ints
    n_none: Ints
    n_meets: Ints
    rsrp_mean_dbm: Floats
    rsrp_p5_dbm: Floats
    rsrp_p50_dbm: Floats
    sinr_mean_db: Floats
    margin_db: Floats
    """Mean level above the technology's threshold, dB."""
    runs: Ints
    period: Ints
    """Number of the latest period, as the caller counts them."""

    @property
    def share(self) -> Floats:
        """Share of samples that meet the standard; NaN without samples."""
        with np.errstate(invalid="ignore"):
            return self.n_meets / self.n

    def take(self, places: slice | Ints) -> Judged:
        """Give some of the places."""
        return Judged(**{name: getattr(self, name)[places] for name in self.__dataclass_fields__})


def judge_technology(
    bins: Bins,
    n_none: Ints,
    test: PlaceTest,
    spread: Spread,
    observed: Observed | None = None,
    period: Ints | None = None,
) -> Judged:
    """Judge every place in one technology of one operator.

    Parameters
    ----------
    bins, n_none
        Counts of the technology; and per place the operator's samples without service. They fail
        the standard, count in every technology, and enter means at `test.none_level_dbm`.
    observed
        What runs saw of each place; None takes all samples of a place as one run.
    period
        Number of the latest period per place, -1 without; None: not asked.
    """
    places = len(n_none)
    bins = _in_order(bins)
    sums = _sums(bins, n_none, test)
    seen = observed or _one_run(sums)
    needed = level_needed_dbm(test.rsrp_dbm, test.rule, test.number, spread.sample_sd_db)
    verdict = judge(sums, test)
    chance = np.where(sums.n == 0, np.nan, probability(seen, needed, spread))
    return Judged(
        verdict=verdict,
        probability=np.where(fails_by_sinr(verdict, sums.sinr_mean_db, test), 0.0, chance),
        n=sums.n,
        n_none=sums.n_none,
        n_meets=sums.n_meets,
        rsrp_mean_dbm=sums.rsrp_mean_dbm,
        rsrp_p5_dbm=_level_quantile(bins, n_none, test, 0.05),
        rsrp_p50_dbm=_level_quantile(bins, n_none, test, 0.5),
        sinr_mean_db=sums.sinr_mean_db,
        margin_db=sums.rsrp_mean_dbm - test.rsrp_dbm,
        runs=seen.runs,
        period=np.full(places, -1, np.int64) if period is None else period,
    )


def _in_order(bins: Bins) -> Bins:
    """Give the rows with a level, by place and level; most come so."""
    bins = bins.with_level()
    if _ascends(bins.place, bins.rsrp_bin):
        return bins
    return bins.take(np.lexsort((bins.rsrp_bin, bins.place)))


@njit(cache=True, nogil=True)
def _ascends(place: Ints, level: Ints) -> bool:
    """Whether rows come by place, and those of a place by level."""
    for i in range(1, len(place)):
        same = place[i] == place[i - 1]
        if place[i] < place[i - 1] or (same and level[i] < level[i - 1]):
            return False
    return True


def _sums(bins: Bins, n_none: Ints, test: PlaceTest) -> Sums:
    counted = np.zeros((5, len(n_none)), np.int64)
    # without a SINR standard any SINR is good enough
    least = -np.inf if test.sinr_db is None else test.sinr_db
    _add(bins.place, bins.rsrp_bin, bins.sinr_bin, bins.n, bins.rsrp_sum_cdb, bins.sinr_sum_cdb,
         test.rsrp_dbm, least, counted)  # fmt: skip
    served, n_sinr, level_cdb, sinr_cdb, meets = counted
    n = served + n_none
    floor_cdb = round(test.none_level_dbm * CDB)
    with np.errstate(invalid="ignore"):
        mean = (level_cdb + n_none * floor_cdb) / (CDB * n)
        sinr_mean = sinr_cdb / (CDB * n_sinr)
    quantile, sinr_quantile = _rule_quantiles(bins, n_none, test)
    return Sums(n, n_none, meets, mean, sinr_mean, quantile, sinr_quantile)


@njit(cache=True, nogil=True)
def _add(
    place: Ints, rsrp_bin: Ints, sinr_bin: Ints, n: Ints, rsrp_cdb: Ints, sinr_cdb: Ints,
    rsrp_dbm: float, sinr_db: float, total: NDArray[np.int64],
) -> None:  # fmt: skip
    """Add up per place: samples, those with SINR, both sums, and samples that meet the standard.

    A bin that a threshold cuts does not meet it.
    """
    for i in range(len(place)):
        p, has_sinr = place[i], sinr_bin[i] != NO_BIN
        total[0, p] += n[i]
        total[2, p] += rsrp_cdb[i]
        if has_sinr:
            total[1, p] += n[i]
            total[3, p] += sinr_cdb[i]
        if rsrp_bin[i] >= rsrp_dbm and (not has_sinr or sinr_bin[i] >= sinr_db):
            total[4, p] += n[i]


def _level_quantile(bins: Bins, n_none: Ints, test: PlaceTest, quantile: float) -> Floats:
    return bin_quantile(bins.place, bins.rsrp_bin, bins.n, n_none, test.none_level_dbm, quantile)


def _rule_quantiles(bins: Bins, n_none: Ints, test: PlaceTest) -> tuple[Floats, Floats]:
    if test.rule != "quantile" or test.number is None:
        unknown = np.full(len(n_none), np.nan)
        return unknown, unknown
    known = bins.take(bins.sinr_bin != NO_BIN)
    known = known.take(np.lexsort((known.sinr_bin, known.place)))
    nobody = np.zeros_like(n_none)
    sinr = bin_quantile(known.place, known.sinr_bin, known.n, nobody, np.nan, test.number)
    return _level_quantile(bins, n_none, test, test.number), sinr


def _one_run(sums: Sums) -> Observed:
    one = (sums.n > 0).astype(np.int64)
    return Observed(sums.rsrp_mean_dbm, sums.n, one, one)


def hide_unmeasured(judged: Judged) -> Judged:
    """Blank the probability where the verdict is `unmeasured`: too few samples to state one."""
    blank = judged.verdict == UNMEASURED
    return replace(judged, probability=np.where(blank, np.nan, judged.probability))
