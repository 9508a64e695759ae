"""Every table's columns: name, type, unit, and what null means.

A table is a named list of columns; :func:`schema` gives its Arrow schema, and :func:`conform`
brings a table into it (order, types) or says what is wrong. Shared value lists (technologies,
verdicts, reasons) are here too, so that there is one spelling of each.

Horizontal positions are WGS-84 longitude and latitude in degrees unless a column says otherwise.
Signal columns: ``rsrp_dbm`` is the received level of the reference signal as the technology names
it: RSRP (LTE, NR, NB-IoT; 3GPP TS 36.214, 38.215), RSCP (UMTS; TS 25.215), RxLev (GSM; TS 45.008).
``sinr_db`` is SINR of the same signal. Sums of levels are kept as integers of 0.01 dB, so that they
do not depend on the order of addition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.errors import TableError

TECHNOLOGIES = ("gsm", "umts", "lte", "nr", "nbiot", "redcap")
"""What a sample or a site cell can be. ``none`` stands for 'device alive, no service'."""

NO_TECHNOLOGY = "none"
ANY = "any"
"""As a technology: whichever served. As an operator: at least one of them."""
ALL = "all"
"""As an operator: every one of them."""

SOURCES = ("drive", "probe", "app")
VERDICTS = ("covered", "weak", "none", "unmeasured")
BASES = ("measured", "predicted", "both")
ANTENNAS = ("roof", "in-car", "in-train", "handheld", "fixed", "unknown")
LINE_CLASSES = (
    "hsr", "rail", "metro", "tram", "motorway", "trunk", "primary", "secondary", "national",
    "provincial", "road", "waterway",
)  # fmt: skip

POSITION_BASES = ("fix", "held", "between_fixes", "mark", "lost")
"""How a sample's position is known: a new GPS fix; the last fix while standing still; interpolated
by time between two fixes; from station marks; or not known well enough to be placed."""

REJECT_REASONS = {
    "malformed_row": "the row cannot be split into the header's fields",
    "neighbour_cell": "the row is of a neighbour cell, not of the serving one",
    "no_position": "longitude or latitude is missing, NaN or not a number",
    "position_out_of_range": "longitude or latitude is outside the datum's range",
    "position_zero": "the position is exactly 0, 0: a receiver without a fix",
    "position_swapped": "longitude and latitude look exchanged",
    "bad_time": "the time cannot be read",
    "no_time": "the time is missing",
    "time_in_future": "the time is later than the build's clock allows",
    "time_too_old": "the time is before 1990: a clock that was never set",
    "unknown_technology": "the technology is not one that this product knows",
    "no_operator": "no operator in the row, the run or the declaration",
    "impossible_signal": "the level is outside what the technology can report",
    "sentinel": "the level is a placeholder that means 'no value'",
    "no_measurement": "no level, no rate, no latency and no statement of service in the row",
    "no_geometry": "the geometry is missing, empty, or not of a kind that can be used here",
    "zero_length": "every vertex of the line is at one place",
    "no_area": "the polygon encloses nothing, even when mended",
    "no_identity": "the field that must tell one feature from another is missing",
    "duplicate": "equal in every field to an earlier row of the file",
    "duplicate_file": "the whole file is byte-equal to another input file",
}  # fmt: skip
"""Every reason a row can be rejected for, and what it means."""


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, what it holds (with unit), and what null means."""

    name: str
    type: pa.DataType
    doc: str
    null: str | None = None

    @property
    def nullable(self) -> bool:
        """Whether null is allowed (it has a meaning)."""
        return self.null is not None


@dataclass(frozen=True)
class Table:
    """A named table: its columns and the columns by which it is sorted (its key)."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema, in column order."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(c.name for c in self.columns)


S, I16, I32, I64, F64, B = (
    pa.string(), pa.int16(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(),
)  # fmt: skip
TS = pa.timestamp("ms", tz="UTC")
WKB = pa.binary()
STRS = pa.list_(pa.string())
C = Column

_SIGNAL = (
    C("rsrp_dbm", F64, "level of the reference signal, dBm", "not reported"),
    C("rsrq_db", F64, "RSRQ (LTE, NR) or Ec/N0 (UMTS), dB", "not reported"),
    C("sinr_db", F64, "SINR, dB", "not reported"),
    C("rssi_dbm", F64, "total received power, dBm", "not reported"),
)
_TESTS = (
    C("dl_kbps", F64, "downlink rate of a test or of the traffic, kbit/s", "not tested"),
    C("ul_kbps", F64, "uplink rate, kbit/s", "not tested"),
    C("latency_ms", F64, "round-trip time, ms", "not tested"),
)
_SERVING = (
    C("cell_id", S, "serving cell's identity as the network names it (CGI part, ECI, NCI)", "n/a"),
    C("pci", I32, "physical cell identity (or PSC, BSIC)", "not reported"),
    C("arfcn", I32, "channel number", "not reported"),
    C("band", S, "band as written", "not reported"),
    C("tac", S, "tracking or location area code", "not reported"),
)

READINGS = Table(
    "readings",
    "What a log reader delivers: one row a record, in file order, values as written (placeholders "
    "included), names and units ours. Nothing is judged here.",
    (
        C("line", I64, "1-based line (text), row (sheet) or record number in the file"),
        C("raw", S, "the record as text, for the table of rejected rows"),
        C("run_key", S, "what tells runs apart inside one file (device, session)", "one run"),
        C("device", S, "device identity as written", "not given"),
        C("time_ms", I64, "ms since 1970-01-01 of the clock as written (see TimeKind)", "no time"),
        C("time_text", S, "the time as written", "no time"),
        C("x", F64, "longitude in degrees, or easting in metres, in the declared datum", "none"),
        C("y", F64, "latitude in degrees, or northing in metres, in the declared datum", "none"),
        C("accuracy_m", F64, "horizontal accuracy that the receiver reports, m", "not reported"),
        C("altitude_m", F64, "altitude as reported, m", "not reported"),
        C("speed_mps", F64, "speed, m/s", "not reported"),
        C("heading_deg", F64, "course over ground, degrees clockwise from north", "not reported"),
        C("mark", S, "station or marker that the tester stamped at this record", "no mark"),
        C("operator", S, "operator as written: PLMN digits (mcc+mnc) or a name", "not given"),
        C("technology", S, "technology as written (4G, LTE, HSPA+, ...)", "not given"),
        C("service", B, "false: the record states that there is no service", "not stated"),
        *_SIGNAL,
        *_SERVING,
        *_TESTS,
    ),
    ("line",),
)

SAMPLES = Table(
    "samples",
    "Accepted measurements, one row each. Row order inside a run is canonical (time, then every "
    "value), so it does not depend on the order of the file.",
    (
        C("run_id", S, "one device in one continuous log: input name, file name, run key"),
        C("seq", I32, "0-based position in the run, in canonical order"),
        C("campaign", S, "runs made together, as declared (default: the input's name)"),
        C("source", S, "drive, probe or app"),
        C("device_id", S, "device, as a salted hash", "not given"),
        C("time", TS, "time of the sample, UTC", "points in a bag: the file has no time"),
        C("lon", F64, "longitude, degrees WGS-84", "position lost"),
        C("lat", F64, "latitude, degrees WGS-84", "position lost"),
        C("position_basis", S, "fix, held, between_fixes, mark or lost"),
        C("position_error_m", F64, "estimated horizontal error, m", "position lost"),
        C("speed_mps", F64, "speed, m/s", "not reported"),
        C("heading_deg", F64, "course over ground, degrees clockwise from north", "not known"),
        C("mark", S, "station or marker that the tester stamped", "no mark"),
        C("operator", S, "PLMN (46000) or, where the input has none, the declared name"),
        C("technology", S, "gsm, umts, lte, nr, nbiot, redcap; none without service"),
        C("service", B, "false: device alive, no service"),
        *_SIGNAL,
        *_SERVING,
        *_TESTS,
        C("antenna", S, "where the antenna was, as declared"),
        C("period", S, "YYYY-MM of the time, UTC; 'undated' without time"),
        C("simulated", B, "true: made by the simulator, not measured"),
    ),
    ("run_id", "seq"),
)

REJECTED = Table(
    "rejected",
    "Every row that was read and not accepted, with the reason. accepted + rejected = read.",
    (
        C("input", S, "name of the input in covermap.toml"),
        C("file", S, "file, relative to the workspace; archive!member inside an archive"),
        C("line", I64, "1-based line or record number in the file"),
        C("reason", S, "one of REJECT_REASONS"),
        C("detail", S, "the value and the rule it breaks"),
        C("raw", S, "the row as it was"),
    ),
    ("input", "file", "line", "reason"),
)

PROBLEMS = Table(
    "problems",
    "What was found in a file and mended or kept: counts by kind, with the first line as example.",
    (
        C("input", S, "name of the input in covermap.toml"),
        C("file", S, "file, as in rejected"),
        C("problem", S, "kind, e.g. sentinel_rsrp, repeated_position, extra_field"),
        C("count", I64, "how many rows"),
        C("first_line", I64, "line of the first", "about the file as a whole"),
        C("example", S, "the first value, as written", "none"),
        C("action", S, "what was done: kept, blanked, interpolated, rejected, declared"),
    ),
    ("input", "file", "problem"),
)

RUNS = Table(
    "runs",
    "One row a run: what was read from where.",
    (
        C("run_id", S, "as in samples"),
        C("input", S, "name of the input"),
        C("file", S, "file, as in rejected"),
        C("campaign", S, "as in samples"),
        C("source", S, "drive, probe or app"),
        C("operator", S, "operator of the device's SIM: declared, or of most rows", "mixed"),
        C("read", I64, "rows read"),
        C("accepted", I64, "rows accepted"),
        C("rejected", I64, "rows rejected"),
        C("first_time", TS, "first sample", "no time"),
        C("last_time", TS, "last sample", "no time"),
        C("distance_m", F64, "geodesic length of the track between fixes, m"),
    ),
    ("run_id",),
)

SITES = Table(
    "sites",
    "Base-station cells: one row a cell (sector), whatever the source table's form.",
    (
        C("site_id", S, "site: as given, else a hash of operator and rounded position"),
        C("cell_id", S, "cell identity as given, else site_id/number"),
        C("site_name", S, "name of the site", "not given"),
        C("cell_name", S, "name of the cell", "not given"),
        C("operator", S, "PLMN or declared name; several share: one row each", "not given"),
        C("technology", S, "gsm, umts, lte, nr, nbiot, redcap", "not given"),
        C("band", S, "3GPP band: B3, n78", "not given"),
        C("arfcn", I32, "downlink channel number", "not given"),
        C("pci", I32, "physical cell identity", "not given"),
        C("tac", S, "tracking area code", "not given"),
        C("lon", F64, "longitude, degrees WGS-84"),
        C("lat", F64, "latitude, degrees WGS-84"),
        C("height_m", F64, "antenna height above ground, m", "not given"),
        C("azimuth_deg", F64, "degrees clockwise from north, 0 <= a < 360", "omni or not given"),
        C("tilt_deg", F64, "total downtilt (mechanical + electrical), degrees", "not given"),
        C("power_dbm", F64, "reference-signal power per resource element, dBm", "not given"),
        C("indoor", B, "true: indoor distribution", "not given"),
        C("redcap", B, "true: the cell serves RedCap devices", "not given"),
        C("nbiot", B, "true: the cell serves NB-IoT devices", "not given"),
        C("opened", S, "opening date, YYYY-MM-DD", "not given"),
        C("samples", I64, "measurements behind a crowd-sourced position", "not crowd-sourced"),
        C("input", S, "name of the input"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "site_id", "cell_id"),
)

LINES = Table(
    "lines",
    "Lines that are assessed: one continuous course each.",
    (
        C("line_id", S, "stable identity"),
        C("name", S, "name", "no name"),
        C("ref", S, "number: A 1, G42", "no number"),
        C("class", S, "hsr, rail, metro, motorway, ... (LINE_CLASSES)"),
        C("length_m", F64, "geodesic length of the course, m"),
        C("route_length_m", F64, "its share of route length: parallel tracks count once, m"),
        C("segment_m", F64, "nominal segment length, m"),
        C("oneway", I16, "travel: +1 with the chainage only, -1 against it", "both or unknown"),
        C("geometry", WKB, "LineString, WGS-84"),
        C("input", S, "name of the input"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("line_id",),
)

SEGMENTS = Table(
    "segments",
    "Pieces of lines, addressed by chainage. They add up to the line.",
    (
        C("line_id", S, "as in lines"),
        C("segment", I32, "0-based number along the line"),
        C("from_m", F64, "chainage of its start, m"),
        C("to_m", F64, "chainage of its end, m"),
        C("length_m", F64, "geodesic length, m"),
        C("route_length_m", F64, "its share of route length, m"),
        C("tunnel", B, "true: in a tunnel", "not known"),
        C("geometry", WKB, "LineString, WGS-84"),
    ),
    ("line_id", "segment"),
)

STATIONS = Table(
    "stations",
    "Stations and other marks along lines.",
    (
        C("line_id", S, "as in lines"),
        C("name", S, "name of the station, as testers stamp it"),
        C("chainage_m", F64, "metres along the line"),
        C("lon", F64, "longitude, degrees WGS-84"),
        C("lat", F64, "latitude, degrees WGS-84"),
    ),
    ("line_id", "chainage_m", "name"),
)

AREAS_COLUMNS = (
    C("code", S, "official code", "not given"),
    C("name", S, "name", "not given"),
    C("population", F64, "people", "not given"),
    C("geometry", WKB, "geometry, WGS-84"),
    C("input", S, "name of the input"),
    C("simulated", B, "true: made by the simulator"),
)
PLACES = Table(
    "places",
    "Key places and their key points: one row a key point; a place without any has one row.",
    (
        C("place_id", S, "stable identity of the place"),
        C("scene", S, "one of the policy's scenes, as declared", "not given"),
        C("grade", S, "grade within the scene", "not given"),
        C("key_point", S, "name of the key point", "the place itself"),
        *AREAS_COLUMNS,
    ),
    ("place_id", "key_point"),
)
VILLAGES = Table(
    "villages",
    "Villages: points or polygons.",
    (C("village_id", S, "statistical code, or a hash of name and position"), *AREAS_COLUMNS),
    ("village_id",),
)
REGIONS = Table(
    "regions",
    "Administrative or other regions that results are summed over.",
    (
        C("region_id", S, "code, or a hash of the name"),
        C("level", S, "province, city, county, township, other"),
        *AREAS_COLUMNS,
    ),
    ("region_id",),
)

_COUNTS = (
    C("operator", S, "PLMN or declared name"),
    C("technology", S, "technology; none: no service"),
    C("source", S, "drive, probe or app"),
    C("period", S, "YYYY-MM"),
    C("rsrp_bin", I16, "floor of the level, dBm: k holds k <= x < k+1", "no level"),
    C("sinr_bin", I16, "floor of the SINR, dB", "no SINR"),
    C("n", I64, "samples"),
    C("rsrp_sum_cdb", I64, "sum of level, 0.01 dB"),
    C("sinr_sum_cdb", I64, "sum of SINR, 0.01 dB"),
)
CELL_EVIDENCE = Table(
    "cell_evidence",
    "Counts in 1 dB bins per cell, layer, source and period: exact and mergeable by addition.",
    (C("cell", I64, "H3 index as int64"), *_COUNTS),
    ("cell", "operator", "technology", "source", "period", "rsrp_bin", "sinr_bin"),
)
SEGMENT_EVIDENCE = Table(
    "segment_evidence",
    "The same counts per segment, run and direction.",
    (
        C("line_id", S, "as in lines"),
        C("segment", I32, "as in segments"),
        C("run_id", S, "as in samples"),
        C("campaign", S, "as in samples"),
        C("direction", I16, "+1 with the chainage, -1 against, 0 not known"),
        *_COUNTS,
    ),
    ("line_id", "segment", "operator", "technology", "run_id", "direction", "source", "period",
     "rsrp_bin", "sinr_bin"),
)  # fmt: skip
MATCHED = Table(
    "matched",
    "Where each sample lies on a line. Samples on no line are kept, with the reason.",
    (
        C("run_id", S, "as in samples"),
        C("seq", I32, "as in samples"),
        C("line_id", S, "line", "not on a line"),
        C("segment", I32, "segment of the line", "not on a line"),
        C("chainage_m", F64, "metres along the line", "not on a line"),
        C("offset_m", F64, "distance from the line, m", "not on a line"),
        C("direction", I16, "+1 with the chainage, -1 against, 0 not known", "not on a line"),
        C(
            "reason",
            S,
            "why it is on no line: no_position, too_far, heading, class, not_travelled, "
            "outside_marks, no_line_for_marks",
            "matched",
        ),
    ),
    ("run_id", "seq"),
)

_JUDGED = (
    C("operator", S, "PLMN, or any / all"),
    C("technology", S, "technology, or any"),
    C("verdict", S, "covered, weak, none, unmeasured"),
    C("probability", F64, "that the place meets the standard, 0-1", "unmeasured"),
    C("basis", S, "measured, predicted, both", "unmeasured"),
    C("n", I64, "samples, no-service ones included"),
    C("n_none", I64, "of them without service"),
    C("rsrp_mean_dbm", F64, "mean of the levels in dB, no service at the pack's floor", "no level"),
    C("rsrp_p5_dbm", F64, "5th percentile of the levels (lower edge of its 1 dB bin)", "no level"),
    C("rsrp_p50_dbm", F64, "median of the levels (lower edge of its 1 dB bin)", "no level"),
    C("sinr_mean_db", F64, "mean SINR, dB", "no SINR"),
    C("share", F64, "share of samples that meet the standard, 0-1", "unmeasured"),
)
CELL_VERDICTS = Table(
    "cell_verdicts",
    "Verdict per cell and layer, over all periods of the build.",
    (
        C("cell", I64, "H3 index as int64"),
        C("area_m2", F64, "area of the cell on the sphere of equal area, m2"),
        *_JUDGED,
        C("last_period", S, "latest period with a sample", "unmeasured"),
    ),
    ("operator", "technology", "cell"),
)
SEGMENT_VERDICTS = Table(
    "segment_verdicts",
    "Verdict per segment and layer; unmeasured segments have their row too.",
    (
        C("line_id", S, "as in lines"),
        C("segment", I32, "as in segments"),
        C("length_m", F64, "geodesic length, m"),
        C("route_length_m", F64, "its share of route length, m"),
        *_JUDGED,
        C("runs", I32, "runs behind it"),
    ),
    ("operator", "technology", "line_id", "segment"),
)
LINE_VERDICTS = Table(
    "line_verdicts",
    "Kilometres by verdict per line and layer. They add up to the line's length.",
    (
        C("line_id", S, "as in lines"),
        C("name", S, "as in lines", "no name"),
        C("ref", S, "as in lines", "no number"),
        C("class", S, "as in lines"),
        C("operator", S, "PLMN, or any / all"),
        C("technology", S, "technology, or any"),
        C("length_km", F64, "km of course"),
        C("covered_km", F64, "km covered"),
        C("weak_km", F64, "km weak"),
        C("none_km", F64, "km without service"),
        C("unmeasured_km", F64, "km not measured"),
        C("route_length_km", F64, "km of route"),
        C("route_covered_km", F64, "km of route covered"),
        C("route_weak_km", F64, "km of route weak"),
        C("route_none_km", F64, "km of route without service"),
        C("route_unmeasured_km", F64, "km of route not measured"),
        C("longest_gap_km", F64, "longest stretch in a row that is measured and not covered"),
        C("covered_share", F64, "covered / measured length, 0-1", "unmeasured"),
        C("share_if_rest_bad", F64, "covered / whole length: all unmeasured taken as not covered"),
        C("share_if_rest_good", F64, "(covered + unmeasured) / whole length"),
        C("answer", S, "pass, fail or undetermined under the pack's line rule"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "class", "line_id"),
)
WEAK_SPOTS = Table(
    "weak_spots",
    "What is to be fixed: weak sections of lines and weak areas of cells, per layer.",
    (
        C("spot_id", S, "stable identity"),
        C("kind", S, "section or area"),
        C("operator", S, "PLMN, or any / all"),
        C("technology", S, "technology, or any"),
        C("line_id", S, "line of a section", "an area"),
        C("line_name", S, "name or number of the line", "an area"),
        C("line_class", S, "class of the line", "an area"),
        C("from_m", F64, "chainage from, m", "an area"),
        C("to_m", F64, "chainage to, m", "an area"),
        C("length_m", F64, "length of a section, m", "an area"),
        C("area_m2", F64, "area of an area, m2", "a section"),
        C("pieces", I32, "segments or cells in it"),
        C("n", I64, "samples"),
        C("n_none", I64, "of them without service"),
        C("rsrp_mean_dbm", F64, "mean level, dBm", "no level"),
        C("rsrp_p5_dbm", F64, "5th percentile of the level, dBm", "no level"),
        C("sinr_mean_db", F64, "mean SINR, dB", "no SINR"),
        C("probability_weak", F64, "mean probability that its pieces miss the standard"),
        C("cause", S, "no_service, weak_signal, site_near_weak, no_site_near, poor_sinr"),
        C("nearest_site_m", F64, "distance to the operator's nearest site, m", "no site table"),
        C("nearest_site", S, "that site", "no site table"),
        C("lon", F64, "longitude of a point in it, degrees WGS-84"),
        C("lat", F64, "latitude of that point"),
        C("geometry", WKB, "MultiLineString or MultiPolygon, WGS-84"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "kind", "spot_id"),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        READINGS, SAMPLES, REJECTED, PROBLEMS, RUNS, SITES, LINES, SEGMENTS, STATIONS, PLACES,
        VILLAGES, REGIONS, CELL_EVIDENCE, SEGMENT_EVIDENCE, MATCHED, CELL_VERDICTS,
        SEGMENT_VERDICTS, LINE_VERDICTS, WEAK_SPOTS,
    )
}  # fmt: skip


def layer_name(operator: str, technology: str) -> str:
    """Name of a layer: ``46000/nr``.

    Examples
    --------
    >>> layer_name("46000", "nr")
    '46000/nr'
    """
    return f"{operator}/{technology}"


def empty(table: Table) -> pa.Table:
    """Give the table without rows."""
    return table.schema.empty_table()


def conform(data: pa.Table, table: Table) -> pa.Table:
    """Bring columns into the table's order and types; missing nullable ones become null.

    Raises
    ------
    TableError
        A column is missing that must not be null, is not known, cannot be cast, or has nulls
        where null has no meaning.
    """
    extra = set(data.column_names) - set(table.names)
    if extra:
        raise TableError(f"table {table.name}: unknown columns {sorted(extra)}")
    columns = []
    for column in table.columns:
        if column.name not in data.column_names:
            if not column.nullable:
                raise TableError(f"table {table.name}: column {column.name} is missing")
            columns.append(pa.nulls(data.num_rows, column.type))
            continue
        values = data.column(column.name)
        try:
            values = values.cast(column.type)
        except pa.ArrowInvalid as error:
            raise TableError(f"table {table.name}: column {column.name}: {error}") from None
        if values.null_count and not column.nullable:
            raise TableError(
                f"table {table.name}: column {column.name} has {values.null_count} nulls, "
                "and null has no meaning there"
            )
        columns.append(values)
    return pa.Table.from_arrays(columns, schema=table.schema)


def nan_as_null(values: NDArray[np.float64]) -> pa.Array:
    """Give an array of floats as a column in which NaN, 'not known', is null.

    Examples
    --------
    >>> nan_as_null(np.array([1.0, np.nan])).to_pylist()
    [1.0, None]
    """
    return pa.array(values, pa.float64(), from_pandas=True)


def in_order(data: pa.Table, table: Table) -> pa.Table:
    """Sort by the table's key, nulls last, ties by every other column: one order for one content.

    Binary columns are compared as hexadecimal text only where all else ties; none of the tables
    here has two rows that differ in a binary column alone, so they are left out of the order.
    """
    rest = [c.name for c in table.columns if c.name not in table.key and _sortable(c.type)]
    keys = [(name, "ascending") for name in (*table.key, *rest)]
    return data.sort_by(keys) if data.num_rows > 1 else data


def _sortable(kind: pa.DataType) -> bool:
    return not (pa.types.is_binary(kind) or pa.types.is_list(kind))
