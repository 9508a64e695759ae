"""Measurement logs: one small module a format, one entry in FORMATS each."""

from __future__ import annotations

from covermap.formats.logs import crowd, geojson_points, gnettrack, network_survey, table
from covermap.formats.logs.base import (
    MALFORMED,
    Clock,
    LogFormat,
    LogPiece,
    LogRead,
    ReadOptions,
    TimeKind,
    Told,
    added_up,
    joined,
    timed,
)

FORMATS: dict[str, LogFormat] = {
    f.name: f
    for f in (
        gnettrack.RADIO,
        gnettrack.TESTS,
        gnettrack.EVENTS,
        network_survey.CSV_FORMAT,
        network_survey.GPKG_FORMAT,
        crowd.TOWER_COLLECTOR_FORMAT,
        crowd.OPENCELLID_FORMAT,
        geojson_points.GEOJSON,
        table.TABLE,
    )
}
"""Every log format by the name that `covermap.toml` uses."""

__all__ = [
    "FORMATS",
    "MALFORMED",
    "Clock",
    "LogFormat",
    "LogPiece",
    "LogRead",
    "ReadOptions",
    "TimeKind",
    "Told",
    "added_up",
    "joined",
    "timed",
]
