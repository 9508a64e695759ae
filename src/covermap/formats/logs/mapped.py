"""Columns named by a declaration to readings: the column map and the units.

A map gives, for one of our columns, the column or property in the file that holds it::

    columns = { time = "timestamp", operator = "mcc+mnc", rsrp_dbm = "rsrp" }
    units   = { time = "ms", speed_mps = "km/h" }

`a+b` joins two columns: a PLMN from `mcc+mnc`, a time from `date+time`. `a|b` takes `b` where `a`
is missing: `tac = "tac|lac"`. Columns of the file that have our names already need no entry.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from covermap.errors import FormatError
from covermap.formats.logs.base import Clock, ReadOptions, Told, make_readings
from covermap.formats.logs.clock import Times
from covermap.formats.logs.values import Fields

INDOORS = ("place", "key_point", "floor")
"""Say where a row was measured without coordinates."""
TEXTS = (
    "run_key", "device", "mark", *INDOORS, "operator", "technology", "cell_id", "band", "tac",
)  # fmt: skip
WHOLE = ("pci", "arfcn")
POSITIONS = ("x", "y")
NUMBERS = (
    "accuracy_m", "altitude_m", "speed_mps", "heading_deg", "rsrp_dbm", "rsrq_db", "sinr_db",
    "rssi_dbm", "dl_kbps", "ul_kbps", "latency_ms",
)  # fmt: skip
STATED = ("stalled", "connected")
"""Outcomes of tests: true, false, or not tested."""
MAPPABLE = ("time", *POSITIONS, *NUMBERS, *WHOLE, *TEXTS, "service", *STATED)
"""Our columns that a map can name; `time` fills `time_ms` and `time_text`."""

_RATE = {"kbit/s": 1.0, "Mbit/s": 1e3, "bit/s": 1e-3, "Gbit/s": 1e6, "kB/s": 8.0, "MB/s": 8e3}
UNITS: dict[str, dict[str, float]] = {
    "speed_mps": {"m/s": 1.0, "km/h": 1 / 3.6, "knots": 1852 / 3600, "mph": 0.44704},
    "dl_kbps": _RATE,
    "ul_kbps": _RATE,
    "latency_ms": {"ms": 1.0, "s": 1e3, "us": 1e-3},
    "heading_deg": {"deg": 1.0},
    "altitude_m": {"m": 1.0, "ft": 0.3048},
    "accuracy_m": {"m": 1.0, "ft": 0.3048},
    "x": {"deg": 1.0, "m": 1.0, "1e-6 deg": 1e-6, "1e-7 deg": 1e-7},
    "y": {"deg": 1.0, "m": 1.0, "1e-6 deg": 1e-6, "1e-7 deg": 1e-7},
    "rsrp_dbm": {"dBm": 1.0, "0.1 dBm": 0.1, "0.01 dBm": 0.01},
    "rssi_dbm": {"dBm": 1.0, "0.1 dBm": 0.1, "0.01 dBm": 0.01},
    "rsrq_db": {"dB": 1.0, "0.1 dB": 0.1, "0.01 dB": 0.01},
    "sinr_db": {"dB": 1.0, "0.1 dB": 0.1, "0.01 dB": 0.01},
}
"""Unit as written -> factor to ours. `time` has its own: see `clock.parse_times`."""

NO_SERVICE = ("false", "0", "no", "none", "no_service", "no service", "no_coverage", "无服务")
SERVICE = ("true", "1", "yes", "in_service", "in service")
YES = ("true", "1", "1.0", "yes", "y", "success", "ok", "是", "成功")
NO = ("false", "0", "0.0", "no", "n", "fail", "failure", "failed", "否", "失败")
GSM = r"(?i)^(gsm|2g|gprs|edge)"


@dataclass(frozen=True)
class Parts:
    """Columns of the file that make one of ours: joined (`+`), or the first that is there (`|`)."""

    names: tuple[str, ...]
    how: Literal["+", "|"] = "|"

    @classmethod
    def of(cls, written: str, available: Sequence[str]) -> Parts:
        """Take a map's entry apart; a column that has exactly this name is meant as it is."""
        if written in available:
            return cls((written,))
        how: Literal["+", "|"] = "+" if "+" in written else "|"
        return cls(tuple(p.strip() for p in written.split(how)), how)


@dataclass(frozen=True)
class Mapping:
    """A checked column map: our column -> the columns in the file that make it."""

    parts: dict[str, Parts]
    factors: dict[str, float]

    def has(self, name: str) -> bool:
        """Whether the file gives this column of ours."""
        return name in self.parts


def check_mapping(
    options: ReadOptions,
    available: Sequence[str],
    shown: str,
    need: tuple[str, ...] = (),
    *,
    sparse: bool = False,
) -> Mapping:
    """Check a declaration's map and units against the columns that a file has.

    With `sparse` a named column may be absent: a file without a header (GeoJSON) has only those
    properties that some feature has.

    Raises
    ------
    FormatError
        Our column or unit is not known, a named column is not in the file, or one of `need` is
        not mapped. The message lists what there is.
    """
    parts = {n: Parts((n,)) for n in MAPPABLE if n in available}
    for ours, theirs in options.columns.items():
        name = "time" if ours in ("time_ms", "time_text") else ours
        if name not in MAPPABLE:
            raise FormatError(f"{shown}: columns: no column of ours is {ours!r}{_near(ours)}")
        found = Parts.of(theirs, available)
        if not sparse or set(found.names) <= set(available):
            parts[name] = _checked(found, theirs, available, name, shown)
    absent = [n for n in need if n not in parts]
    if absent:
        raise FormatError(
            f"{shown}: nothing is mapped to {', '.join(absent)}; the file has {_list(available)}. "
            'Name them in columns = { x = "...", ... }; `covermap check` proposes a map. A survey '
            "of key points without coordinates needs key_point (or place) in columns instead."
        )
    if not set(parts) & {*NUMBERS, "service", *STATED}:
        raise FormatError(
            f"{shown}: no level, rate, latency or service is mapped; the file has "
            f"{_list(available)}. `covermap check` proposes a map."
        )
    factors = {n: _factor(n, unit, shown) for n, unit in options.units.items() if n in UNITS}
    unknown = [n for n in options.units if n not in UNITS and n not in ("time", "time_ms")]
    if unknown:
        raise FormatError(f"{shown}: units: {unknown[0]!r} has no units to choose from.")
    return Mapping(parts, factors)


def map_readings(
    fields: Fields, mapping: Mapping, ready: dict[str, pa.Array], times: Times
) -> tuple[pa.Table, Clock | Told]:
    """Make readings from mapped columns; `ready` has those that the format itself gives.

    Times are seen and left to the clock that is given back: see ``base.timed``.

    On GSM the level is RxLev, which logs call RSSI: it fills `rsrp_dbm` where that is missing
    (3GPP TS 45.008).
    """
    found = dict(ready)
    joined = _join_parts(fields, mapping)
    for name in mapping.parts:
        if name in TEXTS:
            found[name] = joined.text(name)
        elif name in WHOLE:
            found[name] = joined.integer(name)
        elif name in (*NUMBERS, *POSITIONS):
            factor = mapping.factors.get(name, 1.0)
            found[name] = joined.number(name, factor=factor, finite=name in NUMBERS)
    if mapping.has("service"):
        found["service"] = _stated(joined, "service", NO_SERVICE, SERVICE)
    for name in STATED:
        if mapping.has(name):
            found[name] = _stated(joined, name, NO, YES)
    clock: Clock | Told = Told("none")
    if mapping.has("time"):
        found["time_text"] = joined.text("time")
        times.see(found["time_text"])
        clock = times
    _level_of_gsm(found)
    fields.problems[:] = joined.problems
    return make_readings(found), clock


def times_of(options: ReadOptions, shown: str) -> Times:
    """Give what reads the times of a log whose declaration may say how they are written.

    Raises
    ------
    FormatError
        The unit of times is none.
    """
    return Times(options.units.get("time", options.units.get("time_ms")), shown)


def _level_of_gsm(found: dict[str, pa.Array]) -> None:
    technology, rssi = found.get("technology"), found.get("rssi_dbm")
    if technology is None or rssi is None:
        return
    gsm = pc.fill_null(pc.match_substring_regex(technology, GSM), False)
    level = pc.if_else(gsm, rssi, pa.scalar(None, pa.float64()))
    stated = found.get("rsrp_dbm")
    found["rsrp_dbm"] = level if stated is None else pc.coalesce(stated, level)


def _stated(joined: Fields, name: str, no: Sequence[str], yes: Sequence[str]) -> pa.Array:
    """Read true and false as texts say it; another text is null, and counted."""
    written = joined.text(name)
    text = pc.utf8_lower(written)
    is_no, is_yes = (pc.is_in(text, pa.array(words)) for words in (no, yes))
    other = pc.and_(pc.is_valid(text), pc.invert(pc.or_(is_no, is_yes)))
    joined.count(f"unknown_{name}", other, written, "kept as not stated")
    unknown = pa.scalar(None, pa.bool_())
    return pc.if_else(pc.fill_null(is_no, False), False, pc.if_else(is_yes, True, unknown))


def _join_parts(fields: Fields, mapping: Mapping) -> Fields:
    """Columns under our names, several parts joined into one."""
    columns = {}
    for ours, parts in mapping.parts.items():
        if len(parts.names) == 1:
            columns[ours] = fields.columns[parts.names[0]]
        elif parts.how == "|":
            columns[ours] = pc.coalesce(*(fields.text(n) for n in parts.names))
        elif ours == "operator":
            columns[ours] = plmn(fields, *parts.names)
        else:
            texts = [pc.fill_null(fields.columns[p].cast(pa.string()), "") for p in parts.names]
            columns[ours] = pc.utf8_trim_whitespace(
                pc.binary_join_element_wise(*texts, " " if ours == "time" else "-")
            )
    return Fields(columns, fields.line, list(fields.problems), fields.missing, fields.decimal_comma)


def plmn(fields: Fields, mcc: str, mnc: str) -> pa.Array:
    """PLMN digits from country and network code: 262 and 3 make 26203.

    A network code of one digit gets a zero; two and three digits stay. Where a number has lost the
    zeros of a three-digit code (310 and 4 for 310004), declare `operators` to mend it.
    """
    country, network = fields.text(mcc), fields.text(mnc)
    assert country is not None
    assert network is not None
    whole = [pc.replace_substring_regex(v, r"\.0+$", "") for v in (country, network)]
    return pc.binary_join_element_wise(whole[0], pc.utf8_lpad(whole[1], 2, "0"), "")


def _checked(parts: Parts, theirs: str, available: Sequence[str], ours: str, shown: str) -> Parts:
    for part in parts.names:
        if part not in available:
            raise FormatError(
                f"{shown}: columns: {ours} = {theirs!r}: the file has no column {part!r}; it has "
                f"{_list(available)}."
            )
    joined = parts.how == "+" and len(parts.names) > 1
    if joined and (len(parts.names) > 2 or ours in (*NUMBERS, *POSITIONS, *WHOLE)):
        raise FormatError(
            f"{shown}: columns: {ours} = {theirs!r}: only two columns of text or of time "
            "can be joined."
        )
    return parts


def _factor(name: str, unit: str, shown: str) -> float:
    if unit not in UNITS[name]:
        raise FormatError(f"{shown}: units: {name} = {unit!r}; it can be {', '.join(UNITS[name])}.")
    return UNITS[name][unit]


def _near(name: str) -> str:
    close = difflib.get_close_matches(name, MAPPABLE, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(MAPPABLE)}."


def _list(names: Sequence[str]) -> str:
    return ", ".join(" ".join(n.split()) for n in names[:40]) if names else "no columns"


def known_mapping(
    known: dict[str, tuple[str, ...]], options: ReadOptions, available: Sequence[str], shown: str
) -> Mapping:
    """Map the columns that a format always has: for each of ours, its names in any version.

    The declaration's own map and units come on top.
    """
    have = set(available)
    found: dict[str, str] = {}
    for ours, candidates in known.items():
        present = [c for c in candidates if set(Parts.of(c, available).names) <= have]
        found |= {ours: present[0]} if present else {}
    columns = {**found, **options.columns}
    return check_mapping(ReadOptions(columns, options.units, options.sheet), available, shown)
