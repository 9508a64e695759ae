"""Values of site tables: text to numbers, bounds of what is possible, positions, identities.

Pure and vectorised: arrays in, arrays of the same length out. NaN or null is 'not given'.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]

BOUNDS = {
    "height_m": (0.5, 1000.0),
    "tilt_deg": (-30.0, 90.0),
    "power_dbm": (-60.0, 60.0),
    "tx_power": (-30.0, 60.0),
    "eirp": (-30.0, 90.0),
    "beamwidth_deg": (1.0, 360.0),
    "samples": (0.0, 2.0**53),
    "arfcn": (0.0, 3_279_165.0),
}
"""Lowest and highest possible value: structures below 1 km; power of a reference signal per
resource element (TS 36.331: -60 to 50 dBm); carriers up to 1 kW; NR-ARFCN of TS 38.104."""

PCI_MAX = {"gsm": 63, "umts": 511, "lte": 503, "nbiot": 503, "nr": 1007, "redcap": 1007}
"""Highest BSIC, scrambling code, PCI (TS 23.003, 25.213, 36.211, 38.211)."""

_POWER_UNITS = ("", "dbm", "dbw", "w", "kw", "mw")
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_TRUE = ("1", "true", "yes", "y", "t", "是", "支持", "已开通", "开通", "有")
_FALSE = ("0", "false", "no", "n", "f", "否", "不支持", "未开通", "无")


def numbers(text: pa.Array) -> tuple[Floats, Flags]:
    """Read text as numbers.

    Returns
    -------
    values : array of float64
        NaN where null or not a number.
    unreadable : array of bool
        True where there is text that is no number.

    Examples
    --------
    >>> values, bad = numbers(pa.array(["12.5", None, "n/k"]))
    >>> values.tolist(), bad.tolist()
    ([12.5, nan, nan], [False, False, True])
    """
    good = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)
    kept = pc.if_else(good, pc.utf8_ltrim(text, "+"), pa.scalar(None, pa.string()))
    values = kept.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    bad = pc.and_(pc.is_valid(text), pc.invert(good)).to_numpy(zero_copy_only=False)
    return values, bad


def powers_dbm(text: pa.Array, highest_dbm: float) -> tuple[Floats, Flags, Flags]:
    """Read powers of one table: each in its unit (W, mW, kW, dBm, dBW), or without one.

    A number without a unit is dBm, unless the table has one that no transmitter reaches in dBm:
    then all of its numbers without a unit are W.

    Returns
    -------
    power_dbm : array of float64
        NaN where null, not a number, or no power at all (0 W).
    unreadable : array of bool
    taken_as_watts : array of bool
        Had no unit and was taken as W.

    Examples
    --------
    >>> dbm, bad, watts = powers_dbm(pa.array(["20 W", "43dBm", "46", "x"]), 60.0)
    >>> dbm.round(2).tolist(), bad.tolist(), watts.any()
    ([43.01, 43.0, 46.0, nan], [False, False, False, True], np.False_)
    """
    split = pc.extract_regex(pc.utf8_lower(text), r"^(?P<number>[^a-z]*?)\s*(?P<unit>[a-z]*)$")
    number, bad = numbers(pc.utf8_trim_whitespace(pc.struct_field(split, "number")))
    unit = np.array(pc.struct_field(split, "unit").to_pylist(), object)
    plain = (unit == "") & np.isfinite(number)
    taken = plain & bool((number[plain] > highest_dbm).any())
    with np.errstate(divide="ignore", invalid="ignore"):
        log = 10 * np.log10(number)
    out = np.full(number.size, np.nan)
    for name, value in (("", number), ("dbm", number), ("dbw", number + 30), *_watts(log)):
        out[unit == name] = value[unit == name]
    out[taken] = log[taken] + 30
    unknown = pc.is_valid(text).to_numpy(zero_copy_only=False) & ~np.isin(unit, _POWER_UNITS)
    none = np.isfinite(number) & ~np.isfinite(out)
    return np.where(none, np.nan, out), bad | unknown.astype(bool) | none, taken


def written_units(text: pa.Array) -> Texts:
    """Tell the family of the unit behind each power: w, dbm, or none as written.

    Examples
    --------
    >>> written_units(pa.array(["20 W", "43dBm", "5mW", "46", None])).tolist()
    ['w', 'dbm', 'w', '', '']
    """
    split = pc.extract_regex(pc.utf8_lower(text), r"^[^a-z]*(?P<unit>[a-z]*)$")
    unit = np.array([u or "" for u in pc.struct_field(split, "unit").to_pylist()], object)
    unit[np.isin(unit, ["kw", "mw"])] = "w"
    unit[unit == "dbw"] = "dbm"
    return unit


def _watts(log: Floats) -> list[tuple[str, Floats]]:
    """Powers in units of W, of ten times the logarithm of the number."""
    return [("w", log + 30), ("kw", log + 60), ("mw", log)]


def position_faults(x: Floats, y: Floats, *, degrees: bool) -> Texts:
    """Give the reason a position cannot be used, or None.

    Parameters
    ----------
    x, y : array of float64
        Longitude and latitude, or easting and northing, as written.
    degrees : bool
        Whether the datum's coordinates are degrees; metres have no bounds before conversion.

    Examples
    --------
    >>> import numpy as np
    >>> position_faults(np.array([0.0, 31.2, 121.5]), np.array([0.0, 121.5, 31.2]),
    ...                 degrees=True).tolist()
    ['position_zero', 'position_swapped', None]
    """
    out = np.full(x.size, None, object)
    if degrees:
        wrong = (np.abs(x) > 180) | (np.abs(y) > 90)
        out[wrong] = "position_out_of_range"
        out[wrong & (np.abs(x) <= 90) & (np.abs(y) <= 180)] = "position_swapped"
    out[(x == 0) & (y == 0)] = "position_zero"
    out[~(np.isfinite(x) & np.isfinite(y))] = "no_position"
    return out


def azimuths(values: Floats) -> tuple[Floats, Flags, Flags]:
    """Bring azimuths into 0 <= a < 360.

    Returns
    -------
    azimuth_deg : array of float64
        360 is 0; anything below 0 or above 360 is NaN.
    full_turn : array of bool
        Was 360.
    impossible : array of bool
        Was out of range.
    """
    full = values == 360.0
    impossible = (values < 0.0) | (values > 360.0)
    return np.where(full, 0.0, np.where(impossible, np.nan, values)), full, impossible


def impossible(values: Floats, field: str) -> Flags:
    """Say which values lie outside the field's `BOUNDS`; NaN does not."""
    low, high = BOUNDS[field]
    return (values < low) | (values > high)


def impossible_pci(values: Floats, technology: Texts) -> Flags:
    """Say which physical identities the technology cannot have; 1007 is the limit without one."""
    names = np.array([*PCI_MAX, ""], object)
    limits = np.array([*PCI_MAX.values(), 1007], np.float64)
    limit = np.full(values.size, 1007.0)
    for name, most in zip(names, limits, strict=True):
        limit[technology == name] = most
    return (values < 0) | (values > limit)


def booleans(text: pa.Array) -> tuple[Texts, Flags]:
    """Read yes and no in English, Chinese and digits: True, False or None, and what is neither."""
    word = pc.utf8_lower(text)
    true = pc.fill_null(pc.is_in(word, pa.array(_TRUE)), False).to_numpy(zero_copy_only=False)
    false = pc.fill_null(pc.is_in(word, pa.array(_FALSE)), False).to_numpy(zero_copy_only=False)
    out = np.full(len(text), None, object)
    out[true.astype(bool)], out[false.astype(bool)] = True, False
    given = pc.is_valid(text).to_numpy(zero_copy_only=False)
    return out, given & ~true.astype(bool) & ~false.astype(bool)


_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?")


def date_text(text: str) -> str | None:
    """Give a date as YYYY-MM-DD; None: not a date.

    Examples
    --------
    >>> date_text("2023/5/1"), date_text("20230501"), date_text("2023年5月1日"), date_text("soon")
    ('2023-05-01', '2023-05-01', '2023-05-01', None)
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = (int(p) for p in match.groups())
    try:
        return str(np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "D"))
    except ValueError:
        return None


def place_identity(operator: str, lon: float, lat: float) -> str:
    """Give an identity to a site that has none: operator and position to 1e-5 degrees (1 m).

    Examples
    --------
    >>> place_identity("46000", 121.5, 31.2) == place_identity("46000", 121.500001, 31.2)
    True
    """
    text = f"{operator}|{lon + 0.0:.5f}|{lat + 0.0:.5f}"
    return "p" + hashlib.sha256(text.encode()).hexdigest()[:12]
