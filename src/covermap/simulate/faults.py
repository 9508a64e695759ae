"""Faults of real logs, put in at the rates of the recipe.

Two moments: faults of the device (stuck position, gaps, placeholders, swapped and zero positions)
change the rows before they are written; faults of the file (exact duplicates, truncated rows)
change the written lines. Both are told, so that tests can count them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covermap.simulate.recipe import Faults
from covermap.simulate.runs.observe import Log, last_true

Bools = NDArray[np.bool_]

PLACEHOLDERS = {"gnettrack": -200.0, "other": 2147483647.0}
"""What a format writes for 'no value' where a careless reader takes it for a level."""
STUCK_ROWS, GAP_ROWS = 12, 40
"""Mean length of a stuck position and of a gap, rows."""


def break_rows(log: Log, faults: Faults, format_name: str, source: np.random.Generator) -> Log:
    """Put the device's faults into the rows; gaps make the log shorter."""
    n = len(log)
    if n == 0:
        return log
    moving = log.speed_mps > 0.3
    stuck = _stretches(faults.stuck_gps, STUCK_ROWS, n, source) & moving
    gone = _stretches(faults.gap, GAP_ROWS, n, source)
    place = PLACEHOLDERS.get(format_name, PLACEHOLDERS["other"])
    wrong = (source.random(n) < faults.sentinel) & (log.technology != "none")
    swapped = source.random(n) < faults.swapped
    zero = source.random(n) < faults.zero
    held = last_true(~stuck)
    lon, lat = log.lon[held], log.lat[held]
    lon, lat = np.where(swapped, lat, lon), np.where(swapped, lon, lat)
    none = np.isnan(log.lon)
    broken = log.with_(
        lon=np.where(zero & ~none, 0.0, lon),
        lat=np.where(zero & ~none, 0.0, lat),
        rsrp_dbm=np.where(wrong, place, log.rsrp_dbm),
    )
    keep = ~gone | (log.mark != "")
    keep[0] = True
    return broken.take(keep)


def _stretches(share: float, rows: int, n: int, source: np.random.Generator) -> Bools:
    """Rows inside random stretches (mean length `rows`) that cover about `share` of all."""
    starts = source.random(n) < share / rows
    lengths = source.geometric(1.0 / rows, n)
    change = np.zeros(n + 1, dtype=np.int64)
    np.add.at(change, np.flatnonzero(starts), 1)
    np.add.at(change, np.minimum(np.flatnonzero(starts) + lengths[starts], n), -1)
    return np.cumsum(change[:-1]) > 0


def break_lines(
    lines: list[bytes], faults: Faults, source: np.random.Generator
) -> tuple[list[bytes], NDArray[np.int64]]:
    """Repeat some lines exactly and truncate some; also give each line's row in the log (0-based).

    A truncated line is cut to its first third: too few fields for any reader to accept.
    """
    n = len(lines)
    row = np.arange(n)
    twice = source.random(n) < faults.duplicate
    row = np.repeat(row, 1 + twice)
    cut = np.flatnonzero(source.random(n) < faults.malformed)
    broken = list(lines)
    for i in cut:
        broken[i] = broken[i][: max(8, len(broken[i]) // 3)]
    return [broken[i] for i in row], row
