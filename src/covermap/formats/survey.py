"""One pass over a raster of people: how many, where, and what is odd about the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.formats.rasters import AREA_STEP_KM, Kind, Raster

Floats = NDArray[np.float64]


class Held:
    """Where a raster holds anything: flags of bins of pixels, 10 km or one pixel wide."""

    def __init__(self, raster: Raster) -> None:
        self.wide = max(1, int(AREA_STEP_KM / raster.width_km[1]))
        self.high = max(1, int(AREA_STEP_KM / raster.height_km[1]))
        shape = -(-raster.rows // self.high), -(-raster.columns // self.wide)
        self.flags = np.zeros(shape, bool)

    def add(self, good: NDArray[np.bool_], row0: int, col0: int) -> None:
        """Note which pixels of a window hold anything."""
        rows, cols = (np.arange(first, first + size) // step for first, size, step in (
            (row0, good.shape[0], self.high), (col0, good.shape[1], self.wide)))  # fmt: skip
        starts = [np.flatnonzero(np.diff(bins, prepend=-1)) for bins in (rows, cols)]
        some = np.logical_or.reduceat(np.logical_or.reduceat(good, starts[0]), starts[1], axis=1)
        self.flags[np.ix_(rows[starts[0]], cols[starts[1]])] |= some

    def within(self, x: Floats, y: Floats, dx: float, dy: float) -> NDArray[np.bool_]:
        """Whether a box of +-dx columns and +-dy rows round each point meets a bin that does."""
        sums = np.pad(np.cumsum(np.cumsum(self.flags, 0, np.int64), 1), ((1, 0), (1, 0)))
        high, wide = self.flags.shape
        top, bottom = (
            np.clip(np.floor(v / self.high) + more, 0, high).astype(int)
            for v, more in ((y - dy, 0), (y + dy, 1))
        )
        left, right = (
            np.clip(np.floor(v / self.wide) + more, 0, wide).astype(int)
            for v, more in ((x - dx, 0), (x + dx, 1))
        )
        inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(inside > 0, bool)


@dataclass(frozen=True)
class Survey:
    """What a whole raster holds, from one pass over it."""

    pixels: int
    nodata: int
    negative: int
    not_finite: int
    held: int
    """Pixels with more than nothing."""
    total: float
    """Sum of what they hold: people, or weight times km2."""
    largest: float
    at_largest: int
    """Pixels with the largest value."""
    worst: float | None
    """The first negative value; None: there is none."""
    where: Held
    """Where the pixels are that hold anything."""


def survey(raster: Raster, kind: Kind) -> Survey:
    """Count and sum the pixels of a raster.

    Raises
    ------
    FormatError
        The file is damaged.
    """
    pixels = nodata = negative = not_finite = held_count = at_largest = 0
    total, largest, worst, where = 0.0, 0.0, None, Held(raster)
    for strip in raster.strips():
        values, held = raster.read(*strip)
        finite = np.isfinite(values)
        below = held & finite & (values < 0)
        good = held & finite & (values > 0)
        pixels, nodata = pixels + values.size, nodata + int((~held).sum())
        negative, not_finite = negative + int(below.sum()), not_finite + int((held & ~finite).sum())
        held_count += int(good.sum())
        where.add(good, strip[0], strip[2])
        if worst is None and below.any():
            worst = float(values[below][0])
        most = float(values[good].max()) if good.any() else 0.0
        at_largest = at_largest if most <= largest else 0
        largest = max(largest, most)
        at_largest += int((good & (values == largest)).sum())
        used = np.where(good, values, 0.0)
        total += float((used if kind == "count" else used * raster.areas_km2(*strip)).sum())
    return Survey(
        pixels, nodata, negative, not_finite, held_count, total, largest, at_largest, worst, where
    )
