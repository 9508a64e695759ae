"""Measurement logs: one small module a format, one entry in FORMATS each."""

from __future__ import annotations

from covermap.formats.logs import geojson_points, gnettrack
from covermap.formats.logs.base import MALFORMED, LogFormat, LogRead, ReadOptions, TimeKind

FORMATS: dict[str, LogFormat] = {
    f.name: f
    for f in (
        gnettrack.RADIO,
        gnettrack.TESTS,
        geojson_points.GEOJSON,
    )
}
"""Every log format by the name that `covermap.toml` uses."""

__all__ = ["FORMATS", "MALFORMED", "LogFormat", "LogRead", "ReadOptions", "TimeKind"]
