"""Check and convert every column of a site table: what cannot be is out, or blanked and counted."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyproj import CRS

from covermap.core.datum import to_wgs84
from covermap.core.geodesy import lengths_m
from covermap.core.inputs import site_values as values
from covermap.core.samples.technology import NAMES, UNKNOWN, operator_name, technology_codes
from covermap.core.sites import quality
from covermap.formats.sites.base import FIELDS, POWERS
from covermap.steps.sites.work import Work
from covermap.tables import TECHNOLOGIES
from covermap.workspace import Sites

_SITE_M = 1_000.0
"""Cells of one site lie within this of its middle (remote heads of one baseband may not: told)."""


def judge(work: Work, datum: str, regions: Any = ()) -> pd.DataFrame:
    """Check and convert every column; give the rows that stay, one per operator.

    `regions` are polygons that sites lie in; without any, whether they do is not checked.
    """
    frame = pd.DataFrame(index=range(work.cells.num_rows))
    frame["lon"], frame["lat"] = _positions(work, datum)
    frame["technology"] = _technologies(work)
    _reject_duplicates(work)
    for name in ("site_id", "cell_id", "site_name", "cell_name", "tac", "band"):
        frame[name] = work.text(name).to_pylist()
    for name in ("height_m", "tilt_deg", "power_dbm", "samples", "arfcn", "pci", "beamwidth_deg"):
        frame[name] = _bounded(work, name, frame["technology"].to_numpy())
    for name in POWERS:
        frame[f"{name}_dbm"] = _powers(work, name)
    frame["azimuth_deg"] = _azimuths(work)
    for name in ("indoor", "redcap", "nbiot"):
        frame[name], bad = values.booleans(work.text(name))
        work.count(f"not_yes_or_no:{name}", bad, name, "blanked")
    frame["opened"] = _dates(work)
    frame["operator"] = _operators(work)
    _count_repeated_cells(work, frame)
    _count_scattered_sites(work, frame)
    _doubt(work, frame, np.asarray(regions, object))
    frame["doubts"] = work.doubts_of()
    kept: pd.DataFrame = frame[work.reason == None].explode("operator")  # noqa: E711
    return kept.reset_index(drop=True)


def _doubt(work: Work, frame: pd.DataFrame, regions: Any) -> None:
    """Name what is unlikely: sites in the sea, a placeholder's position, a height over the sea."""
    lon, lat = (frame[name].to_numpy(np.float64) for name in ("lon", "lat"))
    work.doubt("outside_regions", quality.outside(lon, lat, regions), "x")
    owner = np.array(work.text("operator").to_pylist(), object)
    crowd = quality.crowded(lon, lat, owner, frame["site_id"].to_numpy(object))
    work.doubt("many_sites_in_one_place", crowd, "x")
    height = frame["height_m"].to_numpy(np.float64)
    work.doubt("high_antenna", height > quality.HIGH_M, "height_m")
    azimuth = frame["azimuth_deg"].to_numpy(np.float64)
    north = np.zeros(len(frame), bool)
    for file in sorted(set(work.file)):
        here = np.flatnonzero(work.file == file)
        north[here] = quality.mostly_north(azimuth[here])
    work.doubt("azimuth_mostly_0", north, "azimuth_deg")


def _count_repeated_cells(work: Work, frame: pd.DataFrame) -> None:
    """Count rows that describe a cell again, with other values: kept, but worth telling."""
    named = ["technology", "site_id", "tac", "cell_id"]
    key = frame[named].assign(operator=work.text("operator").to_pylist())
    still = (work.reason == None) & frame["cell_id"].notna().to_numpy()  # noqa: E711
    again = np.zeros(len(frame), bool)
    again[still] = key[still].duplicated().to_numpy()
    either = np.zeros(len(frame), bool)
    either[still] = key[still].duplicated(keep=False).to_numpy()
    work.doubt("cell_described_twice", again, "cell_id", either)


def _count_scattered_sites(work: Work, frame: pd.DataFrame) -> None:
    """Count cells far from the middle of their site: a wrong digit, or one identity used twice."""
    still = (work.reason == None) & frame["site_id"].notna().to_numpy()  # noqa: E711
    known = frame[still].assign(owner=np.array(work.text("operator").to_pylist(), object)[still])
    groups = known.groupby(["owner", "technology", "site_id"], dropna=False)
    lon, lat = (groups[name].transform("median").to_numpy(np.float64) for name in ("lon", "lat"))
    far = np.zeros(len(frame), bool)
    far[still] = lengths_m(known["lon"].to_numpy(), known["lat"].to_numpy(), lon, lat) > _SITE_M
    work.doubt("site_in_two_places", far, "site_id")


def _positions(work: Work, datum: str) -> tuple[Any, Any]:
    x, bad_x = values.numbers(work.text("x"))
    y, bad_y = values.numbers(work.text("y"))
    degrees = not datum.startswith("EPSG") or _is_geographic(datum)
    faults = values.position_faults(x, y, degrees=degrees)
    written = np.array(
        [f"lon {a}, lat {b}" for a, b in zip(_texts(work, "x"), _texts(work, "y"), strict=True)],
        object,
    )
    work.reject(bad_x | bad_y, "no_position", written)
    work.reject(faults != None, faults, written)  # noqa: E711
    lon, lat = to_wgs84(x, y, datum)
    outside = ~(np.abs(lon) <= 180) | ~(np.abs(lat) <= 90)
    work.reject(outside, "position_out_of_range", written)
    return lon, lat


def _is_geographic(datum: str) -> bool:
    return bool(CRS.from_user_input(datum).is_geographic)


def _texts(work: Work, name: str) -> list[str | None]:
    return list(work.text(name).to_pylist())


def _technologies(work: Work) -> Any:
    codes = technology_codes(work.text("technology"))
    unknown = (codes == UNKNOWN) | (codes >= len(TECHNOLOGIES))
    written = np.array([f"technology {t}" for t in _texts(work, "technology")], object)
    work.reject(unknown, "unknown_technology", written)
    names = np.append(NAMES, "").astype(object)[codes]
    names[(codes < 0) | unknown] = None
    return names


def _reject_duplicates(work: Work) -> None:
    written = work.cells.select(FIELDS).to_pandas()
    still = work.reason == None  # noqa: E711
    again = np.zeros(len(written), bool)
    again[still] = written[still].duplicated().to_numpy()
    work.reject(again, "duplicate", "equal in every field to an earlier row")


def _bounded(work: Work, name: str, technology: Any) -> Any:
    number, bad = values.numbers(work.text(name))
    work.count(f"not_a_number:{name}", bad, name, "blanked")
    wrong = (
        values.impossible_pci(number, technology)
        if name == "pci"
        else values.impossible(number, name)
    )
    if name in ("pci", "arfcn", "samples"):
        wrong |= np.isfinite(number) & (number != np.round(number))
    work.count(f"impossible_{name}", wrong, name, "blanked")
    return np.where(wrong, np.nan, number)


def _powers(work: Work, name: str) -> Any:
    """Powers in W and dBm, file by file: a file has one unit for numbers that have none."""
    text, high = work.text(name), values.BOUNDS[name][1]
    power, bad, watts, mixed = (np.full(len(text), v) for v in (np.nan, *[False] * 3))
    for file in sorted(set(work.file)):
        here = np.flatnonzero(work.file == file)
        written = text.take(pa.array(here))
        power[here], bad[here], watts[here] = values.powers_dbm(written, high)
        units = values.written_units(written)
        mixed[here] = (units == "w") & (units == "dbm").any()
    work.count(f"not_a_power:{name}", bad, name, "blanked")
    work.count(f"{name}_in_watts", watts, name, "read as W")
    work.count("mixed_power_units", mixed, name, "read as W and dBm")
    wrong = values.impossible(power, name)
    work.count(f"impossible_{name}", wrong, name, "blanked")
    return np.where(wrong, np.nan, power)


def _azimuths(work: Work) -> Any:
    number, bad = values.numbers(work.text("azimuth_deg"))
    work.count("not_a_number:azimuth_deg", bad, "azimuth_deg", "blanked")
    azimuth, full, impossible = values.azimuths(number)
    work.count("azimuth_360", full, "azimuth_deg", "read as 0")
    work.count("impossible_azimuth_deg", impossible, "azimuth_deg", "blanked")
    return azimuth


def _dates(work: Work) -> Any:
    written = work.text("opened").dictionary_encode()
    read = [values.date_text(t) for t in written.dictionary.to_pylist()]
    known = np.array([*read, None], object)
    index = written.indices.fill_null(len(read)).to_numpy(zero_copy_only=False)
    bad = np.array([*(r is None for r in read), False], bool)
    work.count("not_a_date:opened", bad[index], "opened", "blanked")
    return known[index]


def _operators(work: Work) -> list[list[str | None]]:
    """Operators of each cell: the row's, through the declared aliases, else the declared one."""
    declared = work.declaration
    given = work.text("operator")
    default: list[str | None] = [declared.operator] if declared.operator else [None]
    known: dict[str | None, list[str | None]] = {None: default}
    for text in given.unique().to_pylist():
        if text is not None:
            known[text] = _split_operators(text, declared) or default
    junk = [t is not None and not _split_operators(t, declared) for t in given.to_pylist()]
    work.count("unknown_operator", junk, "operator", "declared" if declared.operator else "blanked")
    return [known[t] for t in given.to_pylist()]


def _split_operators(text: str, declared: Sites) -> list[str | None]:
    if text in declared.operators:
        return [declared.operators[text]]
    words = [w for w in re.split(r"[,;|、，；]", text) if w.strip()]
    names = [operator_name(w, declared.operators) for w in words]
    return list(dict.fromkeys(n for n in names if n))
