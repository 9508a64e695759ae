"""Where positions are and in which datum they may be, by the numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.datum import DatumFit, compare_datums
from covermap.errors import InputError
from covermap.formats.vectors import read_vector

Floats = NDArray[np.float64]
CHINA = (73.4, 17.5, 135.2, 53.7)
"""Box around mainland China, Hainan and Taiwan, degrees: where GCJ-02 is met."""
DENSE_DEG = 0.0004
"""Vertices at least this dense when points are compared with lines: about 40 m."""
MARGIN_DEG = 0.05
FITS_WITHIN_M = 100.0
"""Positions whose median is farther from the lines than this were not made on them."""
CLEARLY = 3.0
"""The datum that fits must be this many times nearer than the next, and by CLEARLY_M."""
CLEARLY_M = 20.0


@dataclass(frozen=True)
class Whereabouts:
    """Extent of the positions as written, and what it says about the datum."""

    extent: tuple[float, float, float, float] | None
    """West, south, east, north as written (1st-99th percentile keeps out wild fixes); None:
    no position at all."""
    unit: str
    """degrees, metres, swapped or none."""
    datum: str | None
    """The datum to declare when the numbers leave one; None: they do not tell."""
    remark: str


def whereabouts(x: Floats, y: Floats) -> Whereabouts:
    """Judge positions as written."""
    good = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    if not good.any():
        return Whereabouts(None, "none", None, "no row has a position")
    x, y = x[good], y[good]
    w, e = (float(v) for v in np.quantile(x, (0.01, 0.99), method="nearest"))
    s, n = (float(v) for v in np.quantile(y, (0.01, 0.99), method="nearest"))
    box = (w, s, e, n)
    if max(abs(w), abs(e)) > 180 or max(abs(s), abs(n)) > 180:
        return Whereabouts(box, "metres", None, _metres(w, e))
    if max(abs(s), abs(n)) > 90:
        return Whereabouts(
            box, "swapped", None, "latitude beyond 90: longitude and latitude look exchanged"
        )
    if CHINA[0] <= w and e <= CHINA[2] and CHINA[1] <= s and n <= CHINA[3]:
        return Whereabouts(
            box,
            "degrees",
            None,
            "degrees, in or near China: WGS-84 and GCJ-02 cannot be told apart by the numbers; "
            "test with --lines FILE (known roads or rail on the way)",
        )
    return Whereabouts(box, "degrees", "wgs84", "degrees, outside China: WGS-84")


def _metres(west: float, east: float) -> str:
    if west >= 100_000 and east <= 900_000:
        return (
            "metres, like UTM, whose zone the numbers do not tell: declare datum "
            '("EPSG:326zz" north, "EPSG:327zz" south, zz = zone)'
        )
    return "metres of a projection that the numbers do not tell: declare its EPSG code as datum"


def compare_with_lines(x: Floats, y: Floats, path: Path) -> DatumFit | None:
    """Measure in which datum the positions lie on known lines; None: no line is near them.

    Raises
    ------
    InputError
        The file holds no lines.
    """
    table = read_vector(path).table
    lines = table.geometry[table.geom_type.isin(["LineString", "MultiLineString"])]
    if len(lines) == 0:
        raise InputError(f"{path}: no lines in it to compare positions with.")
    here = whereabouts(x, y)
    if here.extent is None or here.unit != "degrees":
        return None
    w, s, e, n = here.extent
    near = lines.cx[w - MARGIN_DEG : e + MARGIN_DEG, s - MARGIN_DEG : n + MARGIN_DEG]
    if len(near) == 0:
        return None
    dense = shapely.get_coordinates(shapely.segmentize(near.to_numpy(), DENSE_DEG))
    return compare_datums(x, y, dense[:, 0], dense[:, 1])


def decisive(fit: DatumFit) -> bool:
    """Whether one datum puts the positions on the lines and no other does."""
    best = fit.median_m[fit.best]
    next_best = min(m for name, m in fit.median_m.items() if name != fit.best)
    return best <= FITS_WITHIN_M and next_best >= max(CLEARLY * best, best + CLEARLY_M)
