"""What is observed: means of runs per segment, for a batch of lines of one layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class LineRuns:
    """A batch of lines of one layer, and what runs observed on them.

    Segments of the batch are numbered from 0 through all its lines; those of line k are
    ``line[k]`` to ``line[k + 1] - 1``. Observations may come in any order; at most one of a
    segment, run and direction.
    """

    line: Ints
    """Offsets of the lines into the segments: number of lines + 1, the first 0."""
    key: Ints
    """Identity of each line: what its random numbers depend on. The same in every batch."""
    length_m: Floats
    """Length of each segment, m, along the chainage: the last of a line may be shorter."""
    y_dbm: Floats
    """Mean level of a run in a segment, dBm; of a censored one, the floor."""
    segment: Ints
    """Segment of each observation, in the numbers of the batch."""
    run: Ints
    """Its run: any whole number that is one run's alone."""
    n: Ints
    """Samples behind it, at least 1."""
    direction: Ints
    """Direction of travel: any whole number."""
    campaign: Ints
    """Identity of its campaign (and operator): lines with equal identity share its offset."""
    censored: Flags
    """True: the device was alive and had no service; the level is `y_dbm` or lower."""

    def of_line(self, k: int) -> LineRuns:
        """Give the batch that holds line k alone."""
        first, end = int(self.line[k]), int(self.line[k + 1])
        at = (self.segment >= first) & (self.segment < end)
        return LineRuns(
            np.array([0, end - first]), self.key[k : k + 1], self.length_m[first:end],
            self.y_dbm[at], self.segment[at] - first, self.run[at], self.n[at],
            self.direction[at], self.campaign[at], self.censored[at],
        )  # fmt: skip


@dataclass(frozen=True)
class Ordered:
    """Observations in the order of segment, campaign, direction, run; per segment an offset."""

    first: Ints
    """Offset of each segment into the observations: number of segments + 1."""
    y_db: Floats
    """Levels less the prior mean, dB."""
    run: Ints
    direction: Ints
    campaign: Ints
    n: Floats
    censored: Flags


class Seen(NamedTuple):
    """Observations of one line as the filter takes them: effects numbered from 0 in the line."""

    first: Ints
    """Offset of each segment into the observations: number of segments + 1."""
    y_db: Floats
    run: Ints
    direction: Ints
    campaign: Ints
    noise_db2: Floats
    """Variance of each observation's noise besides v0."""
    step_km: Floats
    """From the middle of the segment before to the middle of this one."""
    sizes: Ints
    """Numbers of directions, campaigns and runs."""


def ordered(runs: LineRuns, level_dbm: float) -> Ordered:
    """Sort observations, so that nothing depends on the order that they came in."""
    order = np.lexsort((runs.run, runs.direction, runs.campaign, runs.segment))
    segments = int(runs.line[-1])
    first = np.searchsorted(runs.segment[order], np.arange(segments + 1)).astype(np.int64)
    return Ordered(
        first,
        runs.y_dbm[order] - level_dbm,
        runs.run[order],
        runs.direction[order],
        runs.campaign[order],
        runs.n[order].astype(np.float64),
        runs.censored[order],
    )


@njit(cache=True)
def numbered(values: Ints, out: Ints) -> Ints:
    """Write the number of each value among the distinct ones, smallest first; give those."""
    distinct = np.unique(values)
    for i in range(len(values)):
        out[i] = np.searchsorted(distinct, values[i])
    return distinct
