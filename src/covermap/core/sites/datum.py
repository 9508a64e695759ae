"""Whether a site table's positions are shifted against the samples of its cells, as GCJ-02 is.

Samples of a cell lie to one side of its mast, or to the other: over many cells that cancels out. A
table whose datum is declared wrongly has all its masts moved the same way, by some 500 m: the mean
way from masts to their samples then is that shift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.datum import to_wgs84
from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon

Floats = NDArray[np.float64]

LEAST_CELLS = 30
SURE = 5.0
"""Standard errors that the shift is away from none."""
FAR_M = 5_000.0
"""Samples farther from their mast are of another cell, or of a mast that has moved."""


@dataclass(frozen=True)
class Shift:
    """How masts lie to their samples, along the shift of GCJ-02."""

    cells: int
    share: float
    """0: as WGS-84 would lie; 1: as GCJ-02 read as WGS-84 would."""
    error: float
    """Standard error of the share."""
    shift_m: float
    """Length of the shift there, m."""

    @property
    def likely(self) -> bool:
        """Whether the table seems to be GCJ-02."""
        return self.cells >= LEAST_CELLS and self.share > 0.5 and self.share > SURE * self.error


def gcj02_shift(lon: Floats, lat: Floats, heard_lon: Floats, heard_lat: Floats) -> Shift | None:
    """Compare masts with the middles of their samples; None where GCJ-02 has no shift.

    Parameters
    ----------
    lon, lat
        Masts as declared, WGS-84, a row a cell.
    heard_lon, heard_lat
        Middles of the samples of those cells, WGS-84.
    """
    east_m, north_m = metres_per_degree_lon(lat), metres_per_degree_lat(lat)
    other_lon, other_lat = to_wgs84(lon, lat, "gcj02")
    x, y = (other_lon - lon) * east_m, (other_lat - lat) * north_m
    length = np.hypot(x, y)
    way_x, way_y = (heard_lon - lon) * east_m, (heard_lat - lat) * north_m
    kept = (length > 0) & (np.hypot(way_x, way_y) < FAR_M)
    if kept.sum() < 2:
        return None
    along = (way_x * x + way_y * y)[kept] / length[kept] ** 2
    error = float(along.std(ddof=1) / np.sqrt(len(along)))
    return Shift(int(kept.sum()), float(along.mean()), error, float(length[kept].mean()))
