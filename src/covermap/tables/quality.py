"""Service quality: tests counted where they were made, and what they come to."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, TS, B, C, S, Table

TEST_KINDS = ("downlink", "uplink", "latency", "stall", "connect")
MIXED = "mixed"
"""As a source: tests of several sources together. Beside them each has rows of its own."""
TEST_SCOPES = ("all", "region", "line", "place")
CLUSTERS_BY = ("device", "run")

_WHERE = (
    C("scope", S, "all; region, line or place where the test was made"),
    C("level", S, "level of the region", "not a region"),
    C("scope_id", S, "region_id, line_id or place_id", "all"),
)
TEST_EVIDENCE = Table(
    "test_evidence",
    "Tests counted per place, layer, source, period, run and device, in bins of three significant "
    "digits: no rule is in it, and any standard of up to three digits is answered exactly. What "
    "one test is, is told in core/quality/tests.py.",
    (
        *_WHERE,
        C("operator", S, "PLMN or declared name"),
        C("technology", S, "technology; none: no service"),
        C("source", S, "drive, probe or app"),
        C("period", S, "as in samples"),
        C("run_id", S, "as in samples"),
        C("device_id", S, "as in samples", "not given"),
        C("kind", S, "downlink, uplink, latency, stall or connect"),
        C("bin", I64, "edge of the bin: of rates the lower one, bit/s; of latencies the upper one, "
          "microseconds; 1: it stalled, it connected"),
        C("n", I64, "tests"),
        C("sum", I64, "sum of what they measured: bit/s, microseconds, or 0 and 1"),
        C("simulated", B, "true: made by the simulator"),
    ),
    (
        "scope", "level", "scope_id", "operator", "technology", "source", "kind", "period",
        "run_id", "device_id", "bin",
    ),
)  # fmt: skip
LOG_TESTS = Table(
    "log_tests",
    "Tests of one log, one row each; kept from build to build, and no table of a build.",
    (
        C("run_id", S, "as in samples"),
        C("seq", I32, "as in samples: the middle one of the test's rows"),
        *TEST_EVIDENCE.columns[3:7],
        C("device_id", S, "as in samples", "not given"),
        C("cell", I64, "H3 index as int64", "position not known well enough"),
        *TEST_EVIDENCE.columns[9:11],
        C("value", I64, "what it measured: bit/s, microseconds, or 0 and 1"),
        C("simulated", B, "as in samples"),
    ),
    ("run_id", "seq", "kind"),
)
FIGURES = {
    "mean_downlink_mbps": "mean rate of downlink tests, Mbit/s",
    "mean_uplink_mbps": "mean rate of uplink tests, Mbit/s",
    "downlink_share": "share of downlink tests that meet the rate standard",
    "uplink_share": "share of uplink tests that meet it",
    "tests_share": "share of tests of both directions that meet it",
    "latency_median_ms": "median of latency, ms",
    "latency_p95_ms": "95th percentile of latency, ms",
    "latency_share": "share of latency tests that meet the standard of latency",
    "stall_share": "share of tests that stalled",
    "connect_share": "share of attempts to connect that came about",
}
"""Figures, named as the rule pack's service rule names those that it judges."""
QUALITY_VERDICTS = Table(
    "quality_verdicts",
    "Service quality: one row a figure, per place, layer and source, with an interval that "
    "respects that tests of one run or device are alike. A region without tests keeps its rows.",
    (
        *_WHERE,
        C("name", S, "name of the region, line or place", "no name, or all"),
        C("operator", S, "PLMN, or any: the tests of all of them together"),
        C("technology", S, "technology; none: no service; any: all of them together"),
        C("source", S, "drive, probe, app; mixed: several together"),
        C("figure", S, "one of FIGURES"),
        C("value", F64, "Mbit/s, ms, or a share 0-1", "no tests"),
        C("low", F64, "lower end of its interval", "too few runs or devices to know"),
        C("high", F64, "upper end of its interval",
          "too few runs or devices to know; of a percentile: no test lies beyond it"),
        C("confidence", F64, "of the two-sided interval"),
        C("without_extremes", F64, "mean of the tests that do not stand out", "not a mean"),
        C("extremes", I64, "tests that stand out far above all others; they count in all else"),
        C("largest", F64, "the largest of these, Mbit/s", "there are none"),
        C("tests", I64, "tests"),
        C("runs", I64, "logs they come from: pieces of one count once"),
        C("devices", I64, "devices that are known"),
        C("clusters", I64, "what the interval takes as one: devices, or runs"),
        C("clusters_by", S, "device: several are known; run: one device, or none is known"),
        C("standard", F64, "what a test must reach, Mbit/s, or at most, ms",
          "the pack has none, or several technologies are together"),
        C("target", F64, "what the tests together are to reach", "the pack does not judge it"),
        C("probability", F64, "that the target is reached, 0-1", "no target, or not known"),
        C("answer", S, "pass, fail or undetermined: where the interval lies", "no target"),
        C("basis", S, "measured", "no tests: unmeasured"),
        C("first_period", S, "first period of the tests", "no tests"),
        C("last_period", S, "last period of the tests", "no tests"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("scope", "level", "scope_id", "operator", "technology", "source", "figure"),
)  # fmt: skip
PROBE_FIGURES = ("level", "downlink", "uplink", "latency", "availability")
PROBE_SERIES = Table(
    "probe_series",
    "Fixed devices over time: one row a device and hour or day, from its first report to the last "
    "of its input. One without any report keeps its row; hours only of devices that report hourly.",
    (
        C("device_id", S, "as in samples; of devices that are not named, the run_id"),
        C("step", S, "hour or day"),
        C("start", TS, "start of the hour or day, UTC"),
        C("operator", S, "PLMN or declared name: of most of its reports"),
        C("place", S, "place that it stands in, as written", "not named"),
        C("key_point", S, "key point, as written", "not named"),
        C("lon", F64, "longitude, degrees WGS-84: median", "not known"),
        C("lat", F64, "latitude, degrees WGS-84: median", "not known"),
        C("reports", I64, "reports"),
        C("served", I64, "reports with service"),
        C(
            "expected",
            F64,
            "reports to be expected by the device's usual interval; 0 of one that reported once",
        ),
        C(
            "availability",
            F64,
            "share of the expected reports that came with service, 0-1",
            "less than one report is expected",
        ),
        C("level_dbm", F64, "mean level in dB of the reports with service", "none has one"),
        C("downlink_mbps", F64, "mean downlink rate", "not tested"),
        C("uplink_mbps", F64, "mean uplink rate", "not tested"),
        C("latency_ms", F64, "median latency", "not tested"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("device_id", "step", "start"),
)
PROBE_ALARMS = Table(
    "probe_alarms",
    "Degradations of fixed devices against their own history: one row an alarm.",
    (
        C("device_id", S, "as in probe_series"),
        C("operator", S, "PLMN or declared name"),
        C("figure", S, "level, downlink, uplink, latency or availability"),
        C("first", TS, "start of the first day since when it is worse"),
        C("raised", TS, "start of the day on which the alarm was raised"),
        C("last", TS, "start of the last day that the alarm holds"),
        C("open", B, "true: it holds on the last day of the series"),
        C("usual", F64, "median of its history: dBm, Mbit/s, ms, or share"),
        C("now", F64, "median since the first day"),
        C("strength", F64, "how far it is from usual, in standard deviations of a day"),
        C("days", I32, "days of history it is told against"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("device_id", "figure", "first"),
)
