"""Figures that are declared, not measured."""

from __future__ import annotations

from covermap.tables.table import F64, B, C, S, Table

DECLARED_INDICATORS = Table(
    "declared_indicators",
    "Figures that somebody declares of a region and a period, such as the 5G share of traffic. "
    "Nothing here follows from a measurement of the workspace.",
    (
        C("indicator", S, "its name, as written"),
        C("region_id", S, "as in regions; as written, where no region is of that code or name",
          "of everything together"),
        C("period", S, "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-Qn"),
        C("value", F64, "what is declared, in `unit`"),
        C("unit", S, "unit as written; share: 0-1, written as per cent", "not given"),
        C("source", S, "who declares it, and where"),
        C("input", S, "name of the input"),
        C("simulated", B, "true: made up for a sample"),
    ),
    ("indicator", "region_id", "period"),
)  # fmt: skip
