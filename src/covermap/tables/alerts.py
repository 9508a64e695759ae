"""What got worse from one build to another."""

from __future__ import annotations

from covermap.tables.table import F64, B, C, S, Table

ALERTS = Table(
    "alerts",
    "What got worse from one build to another: figures whose drop is beyond noise, and verdicts "
    "that fell. In no build: it is made when two builds are compared.",
    (
        C("kind", S, "what it is about: line, village, place, quality, probe"),
        C("subject_id", S, "identity of the line, village, place, region, device"),
        C("name", S, "its name", "no name"),
        C("operator", S, "PLMN, or any / all"),
        C("technology", S, "technology, or any"),
        C("before", S, "verdict of the earlier build", "there is no verdict of it"),
        C("after", S, "verdict of the later build", "there is no verdict of it"),
        C("figure", S, "what the values are: a column or figure of its table"),
        C("unit", S, "unit of the values: share (0-1), Mbit/s, ms, dBm"),
        C("value_before", F64, "figure of the earlier build; of a probe: what is usual",
          "not known"),
        C("value_after", F64, "figure of the later build", "not known"),
        C("low_before", F64, "lower end of its interval in the earlier build", "not known"),
        C("high_before", F64, "upper end", "not known"),
        C("low_after", F64, "lower end of its interval in the later build", "not known"),
        C("high_after", F64, "upper end", "not known"),
        C("p_noise", F64, "that nothing got worse: the drop is noise, 0-1", "not known"),
        C("beyond_noise", B, "true: of what is told so, the share asked for at most is noise"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("kind", "operator", "technology", "subject_id", "figure"),
)  # fmt: skip
