"""Blank what a receiver cannot have measured, and count it.

A bad field is blanked and counted; nothing here drops a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.samples.findings import Finding
from covermap.core.samples.limits import (
    IMPOSSIBLE,
    INAPPLICABLE,
    OK,
    PLAIN_LIMITS,
    SENTINEL,
    at_floor,
    field_status,
)
from covermap.core.samples.technology import CODES

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]
Ints = NDArray[np.int64]

SIGNAL = ("rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm")
JUDGED = (*SIGNAL, "pci", *PLAIN_LIMITS)
"""Fields that have limits, in the order in which they are counted."""

_STATUS_NAMES = {SENTINEL: "sentinel", IMPOSSIBLE: "impossible", INAPPLICABLE: "inapplicable"}
STEADY_ROWS, STEADY_LEVELS = 100, 10


@dataclass(frozen=True)
class Cleaned:
    """Fields after blanking, what was found, and what is wrong with each row's level."""

    fields: dict[str, Floats]
    findings: list[Finding]
    level_status: Codes
    """OK, or why the level as written was blanked."""
    level_written: Floats
    """The level as written, for the detail of a rejection."""


def clean_fields(
    fields: dict[str, Floats], technology: Codes, no_service: Bools, run: Ints
) -> Cleaned:
    """Blank and count impossible values and placeholders.

    The level of GSM is RxLev: where a log has it as RSSI only, it is taken from there. A row
    without service has no signal: all its signal fields are blanked.

    Parameters
    ----------
    fields : dict of arrays of float64
        Every field of `JUDGED`, NaN where empty.
    technology : array of int8
        Code of each row's technology; negative where not known.
    no_service : array of bool
        The row states that there is no service.
    run : array of int64
        Run of each row.
    """
    clean: dict[str, Floats] = {}
    status: dict[str, Codes] = {}
    findings: list[Finding] = []
    for name in JUDGED:
        values = fields[name]
        status[name] = field_status(values, name, technology)
        clean[name] = np.where(status[name] == OK, values, np.nan)
        findings += _bad_values(name, values, status[name], no_service)
    findings += _without_service(clean, no_service)
    findings += _level_of_gsm(clean, technology)
    findings += _steady_sinr(clean, run)
    floor = at_floor(clean["rsrp_dbm"], technology)
    shown = (clean["rsrp_dbm"],)
    findings.append(Finding("floor_level", floor, "kept: a censored low level", shown))
    level, why = _level_as_written(fields, status, technology)
    return Cleaned(clean, findings, why, level)


def _bad_values(name: str, values: Floats, status: Codes, no_service: Bools) -> Iterator[Finding]:
    """Find each kind of bad value; without service only placeholders are worth a word."""
    short = name.rsplit("_", 1)[0] if name not in ("pci", "arfcn") else name
    for kind, word in _STATUS_NAMES.items():
        rows = status == kind
        if kind != SENTINEL and name in SIGNAL:
            rows = rows & ~no_service
        yield Finding(f"{word}_{short}", rows, "blanked", (values,))


def _without_service(clean: dict[str, Floats], no_service: Bools) -> Iterator[Finding]:
    level = clean["rsrp_dbm"].copy()
    yield Finding("level_without_service", no_service & ~np.isnan(level), "blanked", (level,))
    for name in SIGNAL:
        clean[name][no_service] = np.nan


def _level_of_gsm(clean: dict[str, Floats], technology: Codes) -> Iterator[Finding]:
    level, rssi = clean["rsrp_dbm"], clean["rssi_dbm"]
    rows = (technology == CODES["gsm"]) & np.isnan(level) & ~np.isnan(rssi)
    level[rows] = rssi[rows]
    yield Finding("level_from_rssi", rows, "kept: RxLev of GSM is its RSSI", (rssi,))


def _steady_sinr(clean: dict[str, Floats], run: Ints) -> Iterator[Finding]:
    """Find runs whose SINR never changes while the level does: the phone does not report it.

    A run of at least `STEADY_ROWS` values of one and the same SINR, under at least
    `STEADY_LEVELS` different levels. Some chipsets give a constant 0.0.
    """
    sinr, level = clean["sinr_db"].copy(), clean["rsrp_dbm"]
    given = ~np.isnan(sinr)
    runs = int(run.max(initial=-1)) + 1
    low, high = np.full(runs, np.inf), np.full(runs, -np.inf)
    np.minimum.at(low, run[given], sinr[given])
    np.maximum.at(high, run[given], sinr[given])
    both = given & ~np.isnan(level)
    pairs = np.unique(np.stack([run[both].astype(np.float64), level[both]], axis=1), axis=0)
    kinds = np.bincount(pairs[:, 0].astype(np.int64), minlength=runs)
    rows = np.bincount(run[given], minlength=runs)
    steady = (low == high) & (rows >= STEADY_ROWS) & (kinds >= STEADY_LEVELS)
    found = given & steady[run] if runs else given
    clean["sinr_db"][found] = np.nan
    yield Finding("constant_sinr", found, "blanked: one value in the whole run", (sinr,))


def _level_as_written(
    fields: dict[str, Floats], status: dict[str, Codes], technology: Codes
) -> tuple[Floats, Codes]:
    """Level that a rejection speaks of: RSRP as written, or RSSI where GSM has only that."""
    from_rssi = (technology == CODES["gsm"]) & np.isnan(fields["rsrp_dbm"])
    level = np.where(from_rssi, fields["rssi_dbm"], fields["rsrp_dbm"])
    return level, np.where(from_rssi, status["rssi_dbm"], status["rsrp_dbm"]).astype(np.int8)
