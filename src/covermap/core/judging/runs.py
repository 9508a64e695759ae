"""What each run saw of each place: counts added up per place, run and direction.

Levels are sums of whole 0.01 dB, so nothing depends on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.judging.certainty import Observed, observed_in_runs
from covermap.core.judging.judge import CDB, Bins

Ints = NDArray[np.int64]

_DIRECTIONS = 3


@dataclass(frozen=True)
class Counts:
    """Samples counted in bins, per place and run: arrays of one length, in any order."""

    place: Ints
    run: Ints
    campaign: Ints
    direction: Ints
    """-1, 0 or 1."""
    rsrp_bin: Ints
    sinr_bin: Ints
    n: Ints
    rsrp_sum_cdb: Ints
    sinr_sum_cdb: Ints

    def take(self, rows: Ints) -> Counts:
        """Give some rows."""
        return Counts(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @property
    def bins(self) -> Bins:
        """The counts without runs."""
        return Bins(*(getattr(self, name) for name in Bins.__dataclass_fields__))


@dataclass(frozen=True)
class RunMeans:
    """One row a place, run and direction, in this order."""

    place: Ints
    run: Ints
    direction: Ints
    campaign: Ints
    n: Ints
    n_none: Ints
    level_cdb: Ints
    """Sum of the levels, those without service at the floor."""


def run_means(served: Counts, none: Counts, floor_cdb: int) -> RunMeans:
    """Add up what each run saw of each place in each direction.

    Parameters
    ----------
    served, none
        Counts of one technology, and the operator's without service.
    floor_cdb
        Level at which a sample without service enters, 0.01 dBm.

    Returns
    -------
    RunMeans
        As many rows as there are places, runs and directions. Of a run that names two campaigns
        the first counts.
    """
    place, run, direction, campaign, n = (
        np.concatenate([getattr(served, name), getattr(none, name)])
        for name in ("place", "run", "direction", "campaign", "n")
    )
    level = np.concatenate([served.rsrp_sum_cdb, none.n * floor_cdb])
    n_none = np.concatenate([np.zeros_like(served.n), none.n])
    key = (place * _runs(run) + run) * _DIRECTIONS + direction + 1
    order = np.argsort(key, kind="stable")
    at = _starts(key[order])
    first = order[at]
    return RunMeans(
        place[first], run[first], direction[first],
        *_added([campaign[order]], at, np.minimum),
        *_added([n[order], n_none[order], level[order]], at, np.add),
    )  # fmt: skip


def observed(means: RunMeans, places: int) -> Observed:
    """Give what runs saw of each place, whichever way they went."""
    at = _starts(means.place * _runs(means.run) + means.run)
    n, level = _added([means.n, means.level_cdb], at, np.add)
    (campaign,) = _added([means.campaign], at, np.minimum)
    return observed_in_runs(means.place[at], campaign, n, level / CDB, places)


def runs_of(place: Ints, run: Ints, places: int) -> Ints:
    """Count the distinct runs of each place, from pairs in any order."""
    most = _runs(run)
    return np.bincount(np.unique(place * most + run) // most, minlength=places).astype(np.int64)


def _runs(run: Ints) -> int:
    return int(run.max(initial=0)) + 1


def _starts(ordered: Ints) -> Ints:
    """Positions at which a new value begins."""
    return np.flatnonzero(np.diff(ordered, prepend=-1) != 0) if len(ordered) else ordered


def _added(columns: list[Ints], at: Ints, how: np.ufunc) -> list[Ints]:
    return [how.reduceat(column, at) if len(at) else column for column in columns]
