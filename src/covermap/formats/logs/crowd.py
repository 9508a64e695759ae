"""Crowd-sourcing apps' CSV files: Tower Collector exports and OpenCelliD measurements.

Tower Collector: names as its CSV export writes them; times are UTC, speed is m/s, `dbm` is the
level of the technology in `net_type`; rows with `neighboring` true are set aside.

OpenCelliD measurements: names of the upload (`measured_at`, `act`, `rating`) and of the export
(`net`, `area`, `cell`, `measured`, `radio`). `signal` is dBm; old rows give ASU instead (0 and
more), which is kept as written and fails the range of a level later. `rating` is the GPS accuracy
in metres. Speed is taken as m/s, as Android apps upload it; declare `units` where it is not.
"""

from __future__ import annotations

from covermap.formats.logs.base import LogFormat
from covermap.formats.logs.delimited import KnownColumns, read_known, sniff_known
from covermap.formats.source import Source

TOWER_COLLECTOR = KnownColumns(
    "Tower Collector CSV export",
    ("mcc", "mnc", "lac", "cell_id", "dbm", "lat", "lon", "measured_at", "net_type"),
    {
        "time": ("measured_at",),
        "x": ("lon",),
        "y": ("lat",),
        "accuracy_m": ("accuracy",),
        "altitude_m": ("altitude",),
        "speed_mps": ("speed",),
        "heading_deg": ("bearing",),
        "operator": ("mcc+mnc",),
        "technology": ("net_type",),
        "rsrp_dbm": ("dbm",),
        "cell_id": ("cell_id",),
        "pci": ("psc", "pci"),
        "arfcn": ("arfcn",),
        "tac": ("lac",),
        "device": ("device",),
    },
    neighbour=("neighboring", "true"),
)

OPENCELLID = KnownColumns(
    "OpenCelliD measurement CSV",
    ("mcc", "mnc|net", "cellid|cell", "lon", "lat", "signal", "measured_at|measured"),
    {
        "time": ("measured_at", "measured"),
        "x": ("lon",),
        "y": ("lat",),
        "accuracy_m": ("rating",),
        "speed_mps": ("speed",),
        "heading_deg": ("direction",),
        "operator": ("mcc+mnc", "mcc+net"),
        "technology": ("act", "radio"),
        "rsrp_dbm": ("signal",),
        "cell_id": ("cellid", "cell"),
        "pci": ("pci|psc", "pci", "psc"),
        "tac": ("lac|tac", "area|tac", "lac", "area", "tac"),
        "device": ("devn",),
    },
)


def sniff_tower_collector(source: Source) -> float:
    """Tell how much the head looks like a Tower Collector export."""
    return sniff_known(source, TOWER_COLLECTOR)


def sniff_opencellid(source: Source) -> float:
    """Tell how much the head looks like OpenCelliD measurements."""
    return sniff_known(source, OPENCELLID)


TOWER_COLLECTOR_FORMAT = LogFormat(
    "tower-collector",
    "Tower Collector CSV export",
    sniff_tower_collector,
    read_known(TOWER_COLLECTOR),
)
OPENCELLID_FORMAT = LogFormat(
    "opencellid-measurements",
    "OpenCelliD measurement CSV",
    sniff_opencellid,
    read_known(OPENCELLID),
)
