"""Levels of several runs in one place as one measurement, for the field of what lasts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from covermap.core.prediction.covariance import PRIOR_ALONE, RUN_OFFSET_SD_DB
from covermap.core.prediction.kriging import Known
from covermap.core.prediction.observations import Observations

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RUN_DB2 = PRIOR_ALONE[4] ** 2 + PRIOR_ALONE[5] ** 2 + RUN_OFFSET_SD_DB**2


@dataclass(frozen=True)
class Merged:
    """Places; arrays of one length, ascending by place."""

    seen: Observations
    """``run`` (and antenna, device and serving cell) are those of the main run: the one of greatest
    weight, of equal ones the first. ``variance_db2`` is that of the samples, and of offsets that
    are not known of the other runs."""
    runs: Ints
    share: Floats
    """Sum of the squared weights."""
    part: Floats
    """Weight of the main run."""
    loose_db: Floats
    """Standard deviation of what is not known of its main run's offset, as far as it counts."""


def merged(seen: Observations, loose_db: Floats | None = None) -> Merged:
    """Make one row a place of what runs measured there.

    The level is the mean of the runs' levels, weighted by the precision that each has for what
    lasts: nearly the same for all, as runs differ by more than their samples say.

    Parameters
    ----------
    loose_db
        Standard deviation of what is not known of each run's offset; see :mod:`rigs`.

    Notes
    -----
    That two places have several runs in common is told for the main run alone: the others have
    little weight each where they are many.
    """
    order = np.lexsort([seen.run, seen.place])
    loose = np.zeros(len(seen)) if loose_db is None else loose_db[order]
    seen = seen.take(order)
    new = np.ones(len(seen), np.bool_)
    new[1:] = seen.place[1:] != seen.place[:-1]
    first = np.flatnonzero(new)
    if not len(first):
        return Merged(seen, seen.run, seen.lon, seen.lon, seen.lon)
    which = np.cumsum(new) - 1
    weight = 1.0 / (_RUN_DB2 + seen.variance_db2 + loose**2)
    weight /= np.add.reduceat(weight, first)[which]
    main = np.lexsort([np.arange(len(seen)), -weight, which])[first]
    level = np.add.reduceat(weight * seen.level_dbm, first)
    known = seen.variance_db2 + loose**2
    known[main] -= loose[main] ** 2
    variance = np.add.reduceat(weight**2 * known, first)
    out = replace(seen.take(main), level_dbm=level, variance_db2=variance)
    runs, part = np.diff(np.r_[first, len(seen)]), weight[main]
    return Merged(out, runs, np.add.reduceat(weight**2, first), part, part * loose[main])


def known_of(
    seen: Observations, residual_db: Floats, model: Floats, share: Floats, part: Floats,
    loose_db: Floats,
) -> Known:  # fmt: skip
    """Give measurements as kernels take them."""
    return Known(
        seen.points, np.ascontiguousarray(residual_db, np.float64),
        np.ascontiguousarray(seen.variance_db2, np.float64), share,
        np.ascontiguousarray(seen.run, np.int64), part, loose_db,
        np.ascontiguousarray(seen.group, np.int64), np.ascontiguousarray(model, np.float64),
    )  # fmt: skip
