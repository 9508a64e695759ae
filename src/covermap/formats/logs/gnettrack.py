"""G-NetTrack Pro logs: radio (`*_log.txt`, `*.csv`), test results and events (`*_events.txt`).

Two generations of the same log are read: tab-separated with `Level`, `Qual`, `NetworkTech`,
`Operator`, and comma-separated with `RSRP`, `RSRQ`, `NetworkMode`. Names as in the manual of
G-NetTrack (gyokovsolutions.com). `-` is 'no value'. `NRxRSRP` is the **neighbour** cell, not NR,
and is not read. Times are the phone's wall clock without a zone. `Speed` is km/h; rates are kbit/s.

A radio log with a `State` counts what goes over the air each second: while the phone was idle (I)
or had only a call (V) no rate was tested, and none is read; D and VD are with data.

Of the events those are read that say how a call came out: the log plays calls one after the other
(`VOICE SEQUENCE:7`). A call that was blocked (CALL_BLOCK) did not come about, one that ended
(CALL_END) or dropped (CALL_DROP) had. It is told by the record of its start: where and on which
technology it was asked for; a call that came about has often moved to another one by its end. What
was received then is in the radio log, and is not read twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.errors import FormatError
from covermap.formats.logs.base import (
    LogFormat,
    LogPiece,
    ReadOptions,
    Told,
    make_readings,
    malformed_table,
)
from covermap.formats.logs.rows import Rows, header_names, row_pieces
from covermap.formats.logs.sniffing import first_line
from covermap.formats.logs.values import Fields, chosen
from covermap.formats.pieces import text_pieces
from covermap.formats.source import Source

REQUIRED = ("Timestamp", "Longitude", "Latitude")
LEVELS = ("Level", "RSRP")
TIME_PATTERN = "%Y.%m.%d_%H.%M.%S"
KMH = 1 / 3.6
NEIGHBOUR = {"NRxRSRP": "sentinel_neighbour_rsrp", "NRxRSRQ": "sentinel_neighbour_rsrq"}
NO_COVERAGE = ("NO_COVERAGE", "NO COVERAGE")
EVENTS_HAVE = ("EventType", "EventDetails")
CALL = "VOICE SEQUENCE"
"""In the details of an event: it is about a call of the test, not about a hand-over in it."""
CALL_START = "CALL_START"
OUTCOMES = {"CALL_BLOCK": False, "CALL_END": True, "CALL_DROP": True}
"""Events that end a call -> whether it had come about."""
EVENTS_HELD = 20.0
"""Bytes of memory per byte of a log of events: start and outcome of a call may lie far apart."""
NO_DATA = ("I", "V")
"""States of the phone without data."""


def sniff_radio(source: Source) -> float:
    """Tell how much the head looks like a radio log."""
    names = _head_names(source)
    return 0.0 if _is_test(names) or names.issuperset(EVENTS_HAVE) else _likeness(names)


def sniff_test(source: Source) -> float:
    """Tell how much the head looks like a log of test results."""
    names = _head_names(source)
    return _likeness(names) if _is_test(names) else 0.0


def sniff_events(source: Source) -> float:
    """Tell how much the head looks like a log of events."""
    names = _head_names(source)
    return 0.9 if names.issuperset((*REQUIRED, *EVENTS_HAVE)) else 0.0


def pieces(
    source: Source, options: ReadOptions, piece_bytes: int | None = None
) -> Iterator[LogPiece]:
    """Read a radio or a test log; see the module for what the columns mean.

    Raises
    ------
    FormatError
        The header lacks what the format has: wrong delimiter, wrong format, an events log.
    """
    header = first_line(source)
    for rows in _rows_of(source, options, piece_bytes, header):
        _check_header(rows.names, header, source.shown)
        fields = Fields.of(rows)
        readings = make_readings(_columns(rows, fields))
        yield LogPiece(readings, rows.malformed, fields.problems, Told("local"))


def event_pieces(
    source: Source, options: ReadOptions, _piece_bytes: int | None = None
) -> Iterator[LogPiece]:
    """Read how calls came out from a log of events, as one piece; others make no reading.

    Raises
    ------
    FormatError
        The header lacks what the format has.
    """
    header = first_line(source)
    for rows in _rows_of(source, options, None, header):
        absent = [n for n in (*REQUIRED, *EVENTS_HAVE) if n not in rows.names]
        if absent:
            raise FormatError(
                f"{source.shown}: not G-NetTrack's log of events: the header is "
                f"{header[:120]!r}; there is no {', '.join(absent)}."
            )
        kind, connected = _outcome(Fields.of(rows))
        told = pc.is_valid(connected)
        calls = _only(rows, told)
        f = Fields.of(calls)
        ready = {n: v for n, v in _columns(calls, f).items() if n not in NOT_OF_EVENTS}
        readings = make_readings({**ready, "connected": connected.filter(told)})
        other = _others(_only(rows, pc.invert(told)), kind.filter(pc.invert(told)))
        malformed = pa.concat_tables([rows.malformed, other]).sort_by("line")
        yield LogPiece(readings, malformed, f.problems, Told("local"))


NOT_OF_EVENTS = ("rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "service")
"""The radio log has them, second for second."""


def _outcome(f: Fields) -> tuple[pa.Array, pa.Array]:
    """Kind of each event, and of calls that begin whether they came about; null: begins none.

    A call's outcome is the event of the test that follows its start.
    """
    kind, details = (pc.fill_null(f.text(name), "") for name in EVENTS_HAVE)
    of_test = pc.match_substring(details, CALL).to_numpy(zero_copy_only=False)
    number = pc.fill_null(pc.index_in(kind, pa.array([CALL_START, *OUTCOMES])), -1).to_numpy()
    calls = np.flatnonzero(of_test & (number >= 0))
    begin = calls[:-1][(number[calls][:-1] == 0) & (number[calls][1:] > 0)]
    said = np.array([False, *OUTCOMES.values()])[number[calls[1:]]]
    connected = np.zeros(len(f), bool)
    connected[calls[:-1]] = said
    unknown = np.ones(len(f), bool)
    unknown[begin] = False
    return kind, pa.array(connected, mask=unknown)


def _only(rows: Rows, which: pa.Array) -> Rows:
    columns = {name: values.filter(which) for name, values in rows.columns.items()}
    return replace(rows, columns=columns, line=rows.line.filter(which), raw=rows.raw.filter(which))


def _others(rows: Rows, kind: pa.Array) -> pa.Table:
    """Give the records that begin no call whose outcome is known, as rejected ones."""
    details = [f"the event {name or '(none)'} begins no call" for name in kind.to_pylist()]
    return malformed_table(rows.line.to_pylist(), details, rows.raw.to_pylist(), "no_measurement")


def _rows_of(
    source: Source, options: ReadOptions, piece_bytes: int | None, header: str
) -> Iterator[Rows]:
    if options.columns or options.units:
        raise FormatError(
            f"{source.shown}: a G-NetTrack log names its columns itself: leave columns and units "
            'out, or read it as format = "table".'
        )
    delimiter = "\t" if "\t" in header else ","
    return row_pieces(text_pieces(source, piece_bytes), source.shown, delimiter)


def _columns(rows: Rows, f: Fields) -> dict[str, pa.Array]:
    technology = f.text("NetworkTech", "NetworkMode")
    operator, service = _operator(f, technology)
    _count_neighbours(f)
    ready: dict[str, pa.Array] = {"line": rows.line, "raw": rows.raw, "operator": operator}
    optional = {
        "technology": lambda: technology,
        "service": lambda: service,
        "device": lambda: f.text("IMEI"),
        "time_ms": lambda: f.local_time("Timestamp", TIME_PATTERN),
        "time_text": lambda: f.text("Timestamp"),
        "x": lambda: f.number("Longitude", finite=False),
        "y": lambda: f.number("Latitude", finite=False),
        "accuracy_m": lambda: f.number("Accuracy"),
        "altitude_m": lambda: f.number("Altitude"),
        "speed_mps": lambda: f.number("Speed", factor=KMH),
        "rsrp_dbm": lambda: f.number(*LEVELS),
        "rsrq_db": lambda: f.number("Qual", "RSRQ"),
        "sinr_db": lambda: f.number("SNR"),
        "rssi_dbm": lambda: f.number("LTERSSI", "RSSI"),
        "cell_id": lambda: _cell_id(f, technology),
        "pci": lambda: f.integer("PSC", "PCI"),
        "arfcn": lambda: f.integer("ARFCN"),
        "band": lambda: f.text("BAND", "Band"),
        "tac": lambda: _area(f),
        "dl_kbps": lambda: _rate(f, "TESTDOWNLINK", "DL_bitrate"),
        "ul_kbps": lambda: _rate(f, "TESTUPLINK", "UL_bitrate"),
        "latency_ms": lambda: f.number("PINGAVG"),
    }
    return ready | chosen(optional)


def _operator(f: Fields, technology: pa.Array | None) -> tuple[pa.Array, pa.Array | None]:
    """Operator as PLMN where the log has it, else its name; service false where there is none."""
    name = f.text("Operatorname")
    if name is None:
        name = pa.nulls(len(f), pa.string())
    plmn = f.text("Operator", "MCCMNC")
    none = pc.fill_null(pc.is_in(name, pa.array(NO_COVERAGE)), False)
    if technology is not None:
        none = pc.or_(none, pc.fill_null(pc.equal(technology, "--"), False))
    service = pc.if_else(none, pa.scalar(False), pa.scalar(None, pa.bool_()))
    f.count("no_service", none, f.text("Operatorname"), "kept: evidence of no service")
    if "Operatorname" in f.columns:
        blank = pc.and_(pc.is_null(name), pc.invert(none))
        f.count("blank_operator", blank, plmn, _blank_action(plmn))
    stated = name if plmn is None else pc.coalesce(plmn, name)
    return pc.if_else(none, pa.scalar(None, pa.string()), stated), service


def _rate(f: Fields, result: str, counter: str) -> pa.Array | None:
    """Rate of a test; else that of each second, where the phone was not without data."""
    values = f.number(result, counter)
    state = f.text("State")
    if values is None or state is None or result in f.columns:
        return values
    without = pc.fill_null(pc.is_in(state, pa.array(NO_DATA)), False)
    return pc.if_else(without, pa.scalar(None, pa.float64()), values)


def _count_neighbours(f: Fields) -> None:
    """Count the placeholders of the neighbour cell, which is not read further."""
    for name, problem in NEIGHBOUR.items():
        values = f.number(name)
        if values is not None:
            placeholder = pc.or_(pc.less_equal(values, -200.0), pc.greater(values, 1e9))
            f.count(problem, placeholder, f.text(name), "not read: it is the neighbour cell")


def _blank_action(plmn: pa.Array | None) -> str:
    return "kept: operator as declared" if plmn is None else "kept: operator from its PLMN"


def _cell_id(f: Fields, technology: pa.Array | None) -> pa.Array | None:
    """Cell identity: as logged, else ECI = node * 256 + cell, or RNC * 65536 + cell on 3G.

    Source: 3GPP TS 36.413 (28-bit ECI), TS 25.413 (RNC-ID and C-ID).
    """
    raw = f.text("RAWCELLID", "CGI")
    cell = f.number("CellID")
    if raw is not None or cell is None:
        return raw
    node = f.number("Node")
    if node is None or technology is None:
        return f.text("CellID")
    wide = pc.match_substring_regex(technology, "^(4G|LTE|5G|NR)")
    third = pc.match_substring_regex(technology, "^(3G|UMTS|HS|WCDMA)")
    factor = pc.if_else(wide, 256.0, pc.if_else(third, 65536.0, pa.scalar(None, pa.float64())))
    whole = pc.coalesce(pc.add(pc.multiply(node, factor), cell), cell)
    known = pc.and_(pc.greater_equal(cell, 0.0), pc.less(whole, 2.0**53))
    return (
        pc.if_else(known, whole, pa.scalar(None, pa.float64())).cast(pa.int64()).cast(pa.string())
    )


def _area(f: Fields) -> pa.Array | None:
    """Give the area code in decimal; the older log has it in hexadecimal as LACHEX."""
    plain = f.text("LAC", "TAC")
    written = f.text("LACHEX")
    if plain is not None or written is None:
        return plain
    unique = written.dictionary_encode()
    decimal = pa.array([_from_hex(v) for v in unique.dictionary.to_pylist()], pa.string())
    return decimal.take(unique.indices)


def _from_hex(value: str | None) -> str | None:
    try:
        return None if value is None else str(int(value, 16))
    except ValueError:
        return None


def _head_names(source: Source) -> set[str]:
    line = first_line(source)
    return set(header_names(line, "\t" if "\t" in line else ",")) if line else set()


def _is_test(names: set[str]) -> bool:
    """Test logs have rates and no channel; full radio logs may repeat the rates."""
    return "TESTDOWNLINK" in names and not names & {"ARFCN", "PSC", "State"}


def _likeness(names: set[str]) -> float:
    if not names.issuperset(REQUIRED):
        return 0.0
    if "EventType" in names:
        return 0.5  # so that the reader gets to say that this is the log of events
    typical = {"Operatorname", "CellID", "NetworkTech", "NetworkMode", "SNR", "CQI", *LEVELS}
    return 0.4 + 0.6 * min(1.0, len(names & typical) / 5)


def _check_header(names: Sequence[str], header: str, shown: str) -> None:
    if "EventType" in names:
        raise FormatError(
            f"{shown}: this is G-NetTrack's log of events: read it as format = "
            '"gnettrack-events"; the radio log (*_log.txt) is beside it.'
        )
    absent = [n for n in REQUIRED if n not in names]
    if not set(names) & {*LEVELS, "NetworkTech", "NetworkMode"}:
        absent.append("Level or RSRP")
    if absent:
        raise FormatError(
            f"{shown}: not a G-NetTrack log: the header is {header[:120]!r}; expected columns "
            f"separated by tab or comma, and there is no {', '.join(absent)}."
        )


RADIO = LogFormat("gnettrack", "G-NetTrack Pro radio log", sniff_radio, pieces)
TESTS = LogFormat("gnettrack-datatest", "G-NetTrack Pro test results", sniff_test, pieces)
EVENTS = LogFormat(
    "gnettrack-events", "G-NetTrack Pro events", sniff_events, event_pieces, held=EVENTS_HELD
)
