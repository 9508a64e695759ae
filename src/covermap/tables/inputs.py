"""What is read from logs and site tables."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, TS, B, C, S, Table

_SIGNAL = (
    C("rsrp_dbm", F64, "level of the reference signal, dBm", "not reported"),
    C("rsrq_db", F64, "RSRQ (LTE, NR) or Ec/N0 (UMTS), dB", "not reported"),
    C("sinr_db", F64, "SINR, dB", "not reported"),
    C("rssi_dbm", F64, "total received power, dBm", "not reported"),
)
_INDOORS = (
    C("place", S, "place that it was made in, as written: identity, code or name", "not named"),
    C("key_point", S, "key point or area of that place, as written", "not named"),
    C("floor", S, "floor, as written", "not named"),
)
_TESTS = (
    C("dl_kbps", F64, "downlink rate of a test or of the traffic, kbit/s", "not tested"),
    C("ul_kbps", F64, "uplink rate, kbit/s", "not tested"),
    C("latency_ms", F64, "round-trip time, ms", "not tested"),
    C("stalled", B, "true: what was played or transferred stood still", "not tested"),
    C("connected", B, "a call or session was asked for; true: it came about", "not tested"),
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
        *_INDOORS,
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
        *_INDOORS,
        C("operator", S, "PLMN (46000) or, where the input has none, the declared name"),
        C("technology", S, "gsm, umts, lte, nr, nbiot, redcap; none without service"),
        C("service", B, "false: device alive, no service"),
        *_SIGNAL,
        *_SERVING,
        *_TESTS,
        C("antenna", S, "where the antenna was, as declared"),
        C(
            "period",
            S,
            "YYYY-MM of the time, UTC (or as grid.period says); 'undated': no time",
        ),
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
        C(
            "tx_power_dbm",
            F64,
            "power of the whole carrier at the antenna's port, dBm",
            "not given",
        ),
        C("eirp_dbm", F64, "power of the carrier radiated in the main direction, dBm", "not given"),
        C("beamwidth_deg", F64, "horizontal beamwidth at -3 dB, degrees", "not given"),
        C("indoor", B, "true: indoor distribution", "not given"),
        C("redcap", B, "true: the cell serves RedCap devices", "not given"),
        C("nbiot", B, "true: the cell serves NB-IoT devices", "not given"),
        C("opened", S, "opening date, YYYY-MM-DD", "not given"),
        C(
            "samples",
            I64,
            "measurements behind a position that was located or crowd-sourced",
            "a table says where it stands",
        ),
        C("located", B, "true: located from measurements of the workspace", "from a site table"),
        C(
            "uncertainty_m",
            F64,
            "radius around the position that holds the mast with probability 0.9, m",
            "not located here",
        ),
        C("doubts", S, "what is doubtful, by commas, as in problems", "nothing was found"),
        C("input", S, "name of the input; measurements: located from them"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "site_id", "cell_id"),
)
