"""What is known of a part's samples on their way to lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.headings import headings_deg
from covermap.workspace import Config

Objects = NDArray[np.object_]
Flags = NDArray[np.bool_]

UNREPORTED_ERROR_M = 10.0
"""Standard error of a position that comes without one."""


@dataclass(frozen=True)
class Track:
    """Samples as matching sees them; arrays of one length, in the order of the samples."""

    lon: Floats
    """Degrees WGS-84; NaN where the position is not known well enough."""
    lat: Floats
    run: Ints
    """Number of the run; runs are contiguous."""
    time_s: Floats
    """Seconds since 1970; 0 where there is no time."""
    heading_deg: Floats
    """Direction of travel: of positions in a run with times; else as reported; else NaN."""
    error_m: Floats
    fix: Flags
    """The position is the receiver's own, not one between two fixes."""
    single: Flags
    """Matched on its own: the input has no time, or is a crowd's, so neighbours say nothing."""


@dataclass
class Found:
    """Where each sample lies; arrays of one length, in the order of the samples."""

    line: Ints
    """Number of the line; -1: on none."""
    chainage_m: Floats
    offset_m: Floats
    direction: Ints
    probability: Floats
    error_m: Floats
    """Standard error of the chainage."""
    basis: Objects
    other: Ints
    """Number of the next most likely line; -1: none."""
    other_probability: Floats
    reason: Objects
    """Why it is on no line; None on a line."""


def track_of(samples: pa.Table, config: Config) -> Track:
    """Give the positions that are known well enough, with times and headings."""
    lon, lat = (floats(samples, c) for c in ("lon", "lat"))
    basis, error = texts(samples, "position_basis"), floats(samples, "position_error_m")
    known = (basis != "lost") & (error <= config.positions.max_error_m)
    lon, lat = np.where(known, lon, np.nan), np.where(known, lat, np.nan)
    run = np.unique(texts(samples, "run_id"), return_inverse=True)[1].astype(np.int64)
    untimed = samples.column("time").is_null().to_numpy()
    own = headings_deg(lon, lat, run)
    own[untimed] = np.nan
    heading = np.where(np.isnan(own), floats(samples, "heading_deg"), own)
    return Track(
        lon, lat, run, seconds(samples), heading, np.nan_to_num(error, nan=UNREPORTED_ERROR_M),
        basis != "between_fixes", untimed | (texts(samples, "source") == "app"),
    )  # fmt: skip


def floats(samples: pa.Table, column: str) -> Floats:
    """Give a column as float64, NaN where null."""
    made: Floats = samples.column(column).cast(pa.float64()).to_numpy()
    return made


def texts(samples: pa.Table, column: str) -> NDArray[np.str_]:
    """Give a column as text; null becomes 'None'."""
    made: NDArray[np.str_] = samples.column(column).to_numpy(zero_copy_only=False).astype(str)
    return made


def seconds(samples: pa.Table) -> Floats:
    """Give times in seconds since 1970, 0 where there is none."""
    made: Floats = samples.column("time").cast(pa.int64()).fill_null(0).to_numpy() / 1000.0
    return made
