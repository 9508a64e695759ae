"""Counts in 1 dB bins, and where samples lie on lines."""

from __future__ import annotations

from covermap.tables.table import F64, I16, I32, I64, C, S, Table

COUNTS = (
    C("operator", S, "PLMN or declared name"),
    C("technology", S, "technology; none: no service"),
    C("source", S, "drive, probe or app"),
    C("period", S, "as in samples"),
    C("rsrp_bin", I16, "floor of the level, dBm: k holds k <= x < k+1", "no level"),
    C("sinr_bin", I16, "floor of the SINR, dB", "no SINR"),
    C("n", I64, "samples"),
    C("rsrp_sum_cdb", I64, "sum of level, 0.01 dB"),
    C("sinr_sum_cdb", I64, "sum of SINR, 0.01 dB"),
)
CELL_EVIDENCE = Table(
    "cell_evidence",
    "Counts in 1 dB bins per cell, layer, source and period: exact and mergeable by addition. One "
    "file a shard (H3 ancestor of resolution 3) and period, `<shard>.<period>.parquet`.",
    (C("cell", I64, "H3 index as int64"), *COUNTS),
    ("period", "operator", "technology", "source", "cell", "rsrp_bin", "sinr_bin"),
)
CELL_TESTS = Table(
    "cell_tests",
    "Rate and latency tests per cell, layer, source and period, in bins of two significant digits; "
    "in files as cell_evidence.",
    (
        C("cell", I64, "H3 index as int64"),
        *COUNTS[:4],
        C("kind", S, "downlink, uplink or latency"),
        C("bin", I64, "lower edge of the bin: bit/s, or microseconds"),
        C("n", I64, "tests"),
        C("sum", I64, "sum of what they measured: bit/s, or microseconds"),
    ),
    ("period", "operator", "technology", "source", "kind", "cell", "bin"),
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
        *COUNTS,
    ),
    ("line_id", "segment", "operator", "technology", "run_id", "direction", "source", "period",
     "rsrp_bin", "sinr_bin"),
)  # fmt: skip
MATCHED = Table(
    "matched",
    "Where each sample lies on a line, or on a link, which counts for no line. Samples on no line "
    "are kept, with the reason.",
    (
        C("run_id", S, "as in samples"),
        C("seq", I32, "as in samples"),
        C("line_id", S, "line", "not on a line"),
        C("link_id", S, "as in links: a side track or slip road", "not on a link"),
        C("segment", I32, "segment of the line", "not on a line"),
        C("chainage_m", F64, "metres along the line or link", "on neither"),
        C("offset_m", F64, "from its position to it, m; 0 without a position", "on neither"),
        C("direction", I16, "+1 with the chainage, -1 against, 0 not known", "on neither"),
        C("probability", F64, "that the sample was on this line or link, 0-1", "on neither"),
        C("position_error_m", F64, "standard error of the chainage, m", "on neither"),
        C(
            "basis",
            S,
            "how the place is known: gps, between_fixes (by time along the path), mark",
            "on neither",
        ),
        C("other_line_id", S, "the next most likely line or link", "no other comes into question"),
        C("other_probability", F64, "that it was on that one, 0-1", "no other"),
        C(
            "reason",
            S,
            "why it is on no line: no_position, too_far, heading, class, not_travelled, "
            "too_fast, outside_marks, no_line_for_marks, on_link",
            "on a line",
        ),
    ),
    ("run_id", "seq"),
)
