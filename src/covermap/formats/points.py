"""Plain delimited points of tracks: longitude, latitude, time, and more where it is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints
from covermap.errors import FormatError
from covermap.formats.columns import find_column, read_delimited

NAMES = {
    "lon": ("lon", "lng", "long", "longitude", "x"),
    "lat": ("lat", "latitude", "y"),
    "time": (
        "timestamp", "datetime", "datetimeutc", "time", "timeutc", "epoch", "epochs", "epochms",
        "t", "times", "timems", "utc",
    ),
    "date": ("date", "dateutc"),
    "heading": ("heading", "headingdeg", "bearing", "course", "azimuth"),
    "accuracy": ("accuracy", "accuracym", "errorm", "error", "positionerrorm"),
    "run": ("run", "runid", "track", "trackid", "trip", "tripid", "device", "deviceid", "vehicle"),
}  # fmt: skip
MILLISECONDS = 1e11
"""Numbers above this are milliseconds: as seconds they would lie past the year 5000."""


@dataclass(frozen=True)
class PointFile:
    """Points in the order of their runs and times; arrays of one length."""

    row: Ints
    """0-based row of the file."""
    lon: Floats
    lat: Floats
    time_s: Floats | None
    run: NDArray[np.str_]
    heading_deg: Floats | None
    accuracy_m: Floats | None


def read_points(path: Path, named: dict[str, str | None]) -> PointFile:
    """Read points; `named` are columns that the user named.

    Raises
    ------
    InputError, FormatError
        The file cannot be read, or longitude, latitude or time cannot be found or understood.
    """
    frame = read_delimited(path)
    found = {k: find_column(path, frame, names, named.get(k)) for k, names in NAMES.items()}
    lon, lat = (_numbers(path, frame, found[k], k) for k in ("lon", "lat"))
    if lon is None or lat is None:
        there = ", ".join(frame.columns)
        raise FormatError(f"{path}: no columns for longitude and latitude; there are {there}.")
    outside = np.flatnonzero((np.abs(lon) > 180) | (np.abs(lat) > 90))
    if len(outside):
        k = int(outside[0])
        raise FormatError(
            f"{path}: line {k + 2}: {lon[k]:g}, {lat[k]:g} is not longitude and latitude."
        )
    time = _times(path, frame, found["time"], found["date"])
    run = frame[found["run"]] if found["run"] else pd.Series("1", index=frame.index)
    names = run.astype(str).to_numpy(str)
    number = pd.factorize(names)[0]
    order = np.lexsort((np.zeros(len(lon)) if time is None else time, number))
    heading = _numbers(path, frame, found["heading"], "heading")
    accuracy = _numbers(path, frame, found["accuracy"], "accuracy")
    return PointFile(
        order, lon[order], lat[order], None if time is None else time[order], names[order],
        None if heading is None else heading[order], None if accuracy is None else accuracy[order],
    )  # fmt: skip


def _numbers(path: Path, frame: pd.DataFrame, column: str | None, what: str) -> Floats | None:
    if column is None:
        return None
    text = frame[column].str.strip()
    made = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(np.isnan(made) & ~text.str.lower().isin(["", "nan", "null", "-"]))
    if len(bad):
        k = int(bad[0])
        raise FormatError(f"{path}: line {k + 2}: {what} {text.iloc[k]!r} is not a number.")
    return made


def _times(path: Path, frame: pd.DataFrame, column: str | None, date: str | None) -> Floats | None:
    """Seconds since 1970 (or on the file's own clock); None: the file has no time."""
    if column is None and date is None:
        return None
    text = frame[column or date].str.strip()
    number = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    if date is None or column is None:
        if np.isfinite(number).all():
            return number / 1000.0 if np.nanmax(np.abs(number)) > MILLISECONDS else number
    else:
        text = frame[date].str.strip() + " " + text
    known = text.str.strip() != ""
    stamp = pd.to_datetime(text.where(known), utc=True, format="mixed", errors="coerce")
    bad = np.flatnonzero(stamp.isna().to_numpy() & known.to_numpy())
    if len(bad):
        k = int(bad[0])
        raise FormatError(f"{path}: line {k + 2}: {text.iloc[k]!r} is not a time.")
    made = stamp.dt.tz_localize(None).astype("datetime64[us]").astype("int64").to_numpy() / 1e6
    return np.where(stamp.isna().to_numpy(), np.nan, made)
