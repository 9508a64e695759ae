"""Colours of verdicts, causes and answers in files for people."""

from __future__ import annotations

COLOURS = {
    "covered": "#2F7FC1",
    "weak": "#F0A020",
    "none": "#8C1546",
    "unmeasured": "#8A939B",
    "pass": "#00565B",
    "fail": "#C2410C",
    "undetermined": "#B9A5D6",
    "no_service": "#8C1546",
    "weak_signal": "#F0A020",
    "site_near_weak": "#E0C341",
    "no_site_near": "#8E5EA2",
    "poor_sinr": "#4C86C6",
}
"""Code -> colour, #RRGGBB."""

DARK = frozenset({"covered", "none", "unmeasured", "pass", "fail", "no_service", "no_site_near",
                  "poor_sinr"})  # fmt: skip
"""Codes whose colour needs white text."""
