"""What is known of a part's samples on their way to lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.headings import headings_deg
from covermap.core.placing.points import axes_deg
from covermap.workspace import Config

Objects = NDArray[np.object_]
Flags = NDArray[np.bool_]

UNREPORTED_ERROR_M = 10.0
"""Standard error of a position that comes without one."""


@dataclass(frozen=True)
class Track:
    """Samples as matching sees them; arrays of one length, in the order of the samples."""

    lon: Floats
    """Degrees WGS-84; NaN where the receiver gave none, or one not known well enough."""
    lat: Floats
    run: Ints
    """Number of the run; runs are contiguous."""
    time_s: Floats
    """Seconds since 1970; 0 where there is no time."""
    heading_deg: Floats
    """Direction of travel: of positions in a run with times; else as reported; else NaN."""
    axis_deg: Floats
    """Direction of travel or its reverse, of a sample that is `single`; else NaN."""
    error_m: Floats
    known: Flags
    """The position is the receiver's own, and known well enough."""
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


def nothing_found(n: int) -> Found:
    """Give places of samples that are not looked at yet: on no line, without a reason."""
    nan, none = np.full(n, np.nan), np.full(n, -1)
    return Found(
        none, nan, nan.copy(), np.zeros(n, np.int64), nan.copy(), nan.copy(),
        np.full(n, None, object), none.copy(), nan.copy(), np.full(n, None, object),
    )  # fmt: skip


def track_of(samples: pa.Table, config: Config) -> Track:
    """Give the receiver's own positions that are known well enough, with times and headings."""
    lon, lat = (floats(samples, c) for c in ("lon", "lat"))
    error = floats(samples, "position_error_m")
    own = ~flags_in(samples, "position_basis", ("lost", "between_fixes"))
    untimed = samples.column("time").is_null().to_numpy()
    single = untimed | flags_in(samples, "source", ("app",))
    known = own & (error <= config.positions.max_error_m) & np.isfinite(lon) & np.isfinite(lat)
    lon, lat = np.where(known, lon, np.nan), np.where(known, lat, np.nan)
    run = run_numbers(samples)
    heading = headings_deg(np.where(single, np.nan, lon), lat, run)
    heading = np.where(np.isnan(heading), floats(samples, "heading_deg"), heading)
    axis = np.full(len(lon), np.nan)
    axis[untimed] = axes_deg(lon[untimed], lat[untimed], run[untimed])
    return Track(
        lon, lat, run, seconds(samples), heading, axis,
        np.nan_to_num(error, nan=UNREPORTED_ERROR_M), known, single,
    )  # fmt: skip


def run_numbers(samples: pa.Table) -> Ints:
    """Give runs numbers; samples are sorted by their ids."""
    runs = samples.column("run_id")
    if not len(runs):
        return np.zeros(0, np.int64)
    changes = pc.not_equal(runs.slice(1), runs.slice(0, len(runs) - 1))
    made: Ints = np.r_[0, np.cumsum(changes.to_numpy().astype(np.int64))]
    return made


def floats(samples: pa.Table, column: str) -> Floats:
    """Give a column as float64, NaN where null."""
    made: Floats = samples.column(column).cast(pa.float64()).to_numpy()
    return made


def flags_in(samples: pa.Table, column: str, values: tuple[str, ...]) -> Flags:
    """Tell which samples have one of some values in a column."""
    made: Flags = pc.is_in(samples.column(column), value_set=pa.array(values)).to_numpy()
    return made


def seconds(samples: pa.Table) -> Floats:
    """Give times in seconds since 1970, 0 where there is none."""
    made: Floats = samples.column("time").cast(pa.int64()).fill_null(0).to_numpy() / 1000.0
    return made
