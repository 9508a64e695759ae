"""Measurement logs, one function a format; each says which row of the log each record holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.core.datum import from_wgs84
from covermap.simulate.faults import break_lines
from covermap.simulate.numbering import Identities, identify
from covermap.simulate.recipe import Faults
from covermap.simulate.runs.observe import Log
from covermap.simulate.world import World
from covermap.simulate.writers.text import lines, number, text, write_gzip, write_lines
from covermap.tables import nan_as_null

GNETTRACK_HEADER = (
    "Timestamp,Longitude,Latitude,Operatorname,Operator,Cellname,Node,CellID,LAC,NetworkTech,Level,"
    "Qual,SNR,CQI,LTERSSI,ARFCN,PSC,Altitude,Distance,TA,BAND"
)
DRIVE_HEADER = [
    "时间", "经度", "纬度", "速度(km/h)", "方向角", "运营商", "网络制式", "RSRP(dBm)", "RSRQ(dB)",
    "SINR(dB)", "PCI", "频点", "小区标识", "跟踪区码", "下行速率(Mbit/s)", "业务状态",
]  # fmt: skip
METRO_HEADER = "time,line,mark,lon,lat,operator,network,rsrp,rsrq,sinr,service"
CROWD_HEADER = (
    "timestamp,device_id,latitude,longitude,accuracy,plmn,radio,in_service,rsrp,rsrq,sinr,cell_id"
)
TOWER_HEADER = (
    "mcc,mnc,lac,cell_id,psc,asu,dbm,ta,lat,lon,accuracy,speed,bearing,altitude,measured_at,"
    "net_type,neighboring,device"
)
NO_SERVICE_TEXT = "无服务"
MBIT_PER_BIT = 60.0
"""Rate of a drive test: so many Mbit/s for each bit/s/Hz that Shannon's formula gives."""


@dataclass(frozen=True)
class Written:
    """What a file holds: for each record its number as readers count it, and its row in the log."""

    line: NDArray[np.int64]
    row: NDArray[np.int64]


Writer = Callable[[Path, World, Log, Faults, np.random.Generator], Written]


def _cells(world: World, log: Log) -> Identities:
    """Identities of the serving cells; zeros and '' without service."""
    n = len(log)
    out = {k: np.zeros(n, np.int64) for k in ("node", "cell", "cell_id", "pci", "arfcn", "tac")}
    band = np.full(n, "", dtype="U4")
    for plmn in np.unique(log.plmn):
        for technology in ("lte", "nr", "nbiot"):
            mine = np.flatnonzero((log.plmn == plmn) & (log.technology == technology))
            if mine.size:
                made = identify(
                    world.sites[str(plmn)], technology, log.site[mine], log.sector[mine]
                )
                for name, values in out.items():
                    values[mine] = getattr(made, name)
                band[mine] = made.band
    return Identities(band=band, **out)


def _known(values: NDArray, log: Log, missing: str = "") -> pa.Array:
    """Integers of the serving cell as text; missing without service."""
    return pc.if_else(pa.array(log.technology == "none"), pa.scalar(missing), number(values))


def _technology(log: Log, names: dict[str, str]) -> pa.Array:
    return pa.array([names[str(t)] for t in log.technology], pa.string())


def _clock(time_ms: NDArray[np.int64], pattern: str, hours: int) -> pa.Array:
    times = pa.array((time_ms // 1000 + hours * 3600), pa.int64()).cast(pa.timestamp("s"))
    return pc.strftime(times, format=pattern)


def write_gnettrack(
    path: Path, world: World, log: Log, faults: Faults, source: np.random.Generator
) -> Written:
    """G-NetTrack Pro radio log: tab-separated, local time, a tab after the last field."""
    none = pa.array(log.technology == "none")
    cells = _cells(world, log)

    def served(made: pa.Array, otherwise: str) -> pa.Array:
        return pc.if_else(none, pa.scalar(otherwise), made)

    names = {o.plmn: o.name for o in world.recipe.operators}
    operator = pa.array([names[str(p)] for p in log.plmn], pa.string())
    columns = [
        _clock(log.time_ms, "%Y.%m.%d_%H.%M.%S", 8),
        number(log.lon, "-"), number(log.lat, "-"),
        served(operator, "NO_COVERAGE"), served(text(log.plmn), ""), "",
        served(number(cells.node), ""), served(number(cells.cell), "-1"),
        served(number(cells.tac), ""),
        _technology(log, {"lte": "4G", "nr": "5G", "nbiot": "NB-IoT", "none": "--"}),
        served(number(log.rsrp_dbm, "-"), "-200"), number(log.rsrq_db, "-"),
        number(log.sinr_db, "-"), "-", number(log.rssi_dbm, "-"),
        served(number(cells.arfcn), ""), served(number(cells.pci), ""),
        number(log.altitude_m, ""), "-1", "", text(cells.band), "",
    ]  # fmt: skip
    header = GNETTRACK_HEADER.replace(",", "\t").encode()
    rows, row = break_lines(lines(columns, "\t"), faults, source)
    write_lines(path, header, rows)
    return Written(row=row, line=np.arange(row.size) + 2)


def write_points(
    path: Path, world: World, log: Log, faults: Faults, source: np.random.Generator
) -> Written:
    """GeoJSON points, gzipped; times in epoch ms."""
    cells = _cells(world, log)
    quoted = _technology(log, {"lte": '"Lte"', "nr": '"Nr"', "nbiot": '"NbIot"', "none": "null"})
    served = pa.array(["true" if t != "none" else "false" for t in log.technology])
    mcc = pa.array([str(p)[:3] for p in log.plmn])
    mnc = number(np.array([int(str(p)[3:]) for p in log.plmn]))
    parts: list[pa.Array | str] = [
        '{"geometry": {"coordinates": [', number(log.lon, "null"), ", ", number(log.lat, "null"),
        '], "type": "Point"}, "properties": {"band": "', text(cells.band), '", "cell_id": ',
        _known(cells.cell_id, log, "null"), ', "lac": ', _known(cells.tac, log, "null"),
        ', "mcc": ', mcc, ', "mnc": ', mnc, ', "rsrp": ', number(log.rsrp_dbm, "null"),
        ', "rsrq": ', number(log.rsrq_db, "null"), ', "rssi": ', number(log.rssi_dbm, "null"),
        ', "service": ', served, ', "sinr": ', number(log.sinr_db, "null"), ', "speed": ',
        number(log.speed_mps, "null"), ', "tech": ', quoted, ', "timestamp": ',
        number(log.time_ms), '}, "type": "Feature"}',
    ]  # fmt: skip
    whole = Faults(duplicate=faults.duplicate)
    rows, row = break_lines(lines(parts, ""), whole, source)
    data = b'{"features": [' + b",\n".join(rows) + b'], "type": "FeatureCollection"}\n'
    write_gzip(path, data)
    return Written(row=row, line=np.arange(row.size) + 1)


def write_drive_table(
    path: Path, world: World, log: Log, faults: Faults, source: np.random.Generator
) -> Written:
    """CSV with Chinese headers, GCJ-02 positions, operator by name, rate in Mbit/s."""
    cells = _cells(world, log)
    x, y = from_wgs84(log.lon, log.lat, "gcj02")
    zero = (log.lon == 0) & (log.lat == 0)
    x, y = np.where(zero, 0.0, x), np.where(zero, 0.0, y)
    names = {o.plmn: o.name_zh for o in world.recipe.operators}
    rate = MBIT_PER_BIT * np.log2(1 + 10 ** (log.sinr_db / 10))
    none = log.technology == "none"
    columns = [
        _clock(log.time_ms, "%Y-%m-%d %H:%M:%S", 8), number(x, "", 7), number(y, "", 7),
        number(log.speed_mps * 3.6, "", 1), number(log.heading_deg),
        pa.array([names[str(p)] for p in log.plmn], pa.string()),
        _technology(log, {"lte": "LTE", "nr": "NR", "nbiot": "NB-IoT", "none": ""}),
        number(log.rsrp_dbm), number(log.rsrq_db), number(log.sinr_db), _known(cells.pci, log),
        _known(cells.arfcn, log), _known(cells.cell_id, log), _known(cells.tac, log),
        number(rate, "", 1), pa.array(np.where(none, NO_SERVICE_TEXT, "").astype(object)),
    ]  # fmt: skip
    rows, row = break_lines(lines(columns, ","), faults, source)
    write_lines(path, ",".join(DRIVE_HEADER).encode(), rows)
    return Written(row=row, line=np.arange(row.size) + 2)


def write_metro_table(
    path: Path, world: World, log: Log, faults: Faults, source: np.random.Generator
) -> Written:
    """CSV of a metro ride: no position, the tester stamps stations as marks."""
    del world
    none = log.technology == "none"
    columns = [
        _clock(log.time_ms, "%Y-%m-%d %H:%M:%S", 8), text(log.course), text(log.mark),
        number(log.lon, "", 7), number(log.lat, "", 7), text(log.plmn),
        _technology(log, {"lte": "4G", "nr": "5G", "nbiot": "NB-IoT", "none": ""}),
        number(log.rsrp_dbm), number(log.rsrq_db), number(log.sinr_db),
        pa.array(np.where(none, "no", "yes").astype(object)),
    ]  # fmt: skip
    rows, row = break_lines(lines(columns, ","), faults, source)
    write_lines(path, METRO_HEADER.encode(), rows)
    return Written(row=row, line=np.arange(row.size) + 2)


def write_probes(
    path: Path, world: World, log: Log, faults: Faults, source: np.random.Generator
) -> Written:
    """Parquet: a row a reading of a fixed device, UTC epoch ms."""
    del world
    row = np.repeat(np.arange(len(log)), 1 + (source.random(len(log)) < faults.duplicate))
    log = log.take(row)
    none = log.technology == "none"
    latency = np.where(none, np.nan, np.round(28 + 60 / (1 + np.exp(log.sinr_db / 4)), 1))

    data = pa.table(
        {
            "device": pa.array(log.device.astype(object), pa.string()),
            "time_ms": pa.array(log.time_ms, pa.int64()),
            "lon": nan_as_null(log.lon),
            "lat": nan_as_null(log.lat),
            "plmn": pa.array(log.plmn.astype(object), pa.string()),
            "rat": pa.array([None if t == "none" else str(t) for t in log.technology], pa.string()),
            "in_service": pa.array(~none),
            "rsrp": nan_as_null(log.rsrp_dbm),
            "rsrq": nan_as_null(log.rsrq_db),
            "sinr": nan_as_null(log.sinr_db),
            "latency_ms": nan_as_null(latency),
        }
    )
    pq.write_table(data, path, compression="zstd")
    return Written(row=row, line=np.arange(row.size) + 1)


def write_crowd_table(
    path: Path, world: World, log: Log, faults: Faults, source: np.random.Generator
) -> Written:
    """CSV of a crowd-sourcing app: many devices, epoch seconds."""
    cells = _cells(world, log)
    none = log.technology == "none"
    columns = [
        number(log.time_ms // 1000), text(log.device), number(log.lat), number(log.lon),
        number(log.accuracy_m), text(log.plmn),
        _technology(log, {"lte": "LTE", "nr": "NR", "nbiot": "NB-IoT", "none": ""}),
        pa.array(np.where(none, "false", "true").astype(object)), number(log.rsrp_dbm),
        number(log.rsrq_db), number(log.sinr_db), _known(cells.cell_id, log),
    ]  # fmt: skip
    rows, row = break_lines(lines(columns, ","), faults, source)
    write_lines(path, CROWD_HEADER.encode(), rows)
    return Written(row=row, line=np.arange(row.size) + 2)


def write_tower_collector(
    path: Path, world: World, log: Log, faults: Faults, source: np.random.Generator
) -> Written:
    """Tower Collector CSV. The app sees only cells: a moment without service leaves no row."""
    kept = np.flatnonzero(log.technology != "none")
    log = log.take(kept)
    cells = _cells(world, log)
    asu = np.clip(log.rsrp_dbm + 140, 0, 97)
    measured = pc.binary_join_element_wise(
        '"', _clock(log.time_ms, "%Y-%m-%dT%H:%M:%S", 0), '.000Z"', ""
    )
    columns = [
        pa.array([str(p)[:3] for p in log.plmn]),
        number(np.array([int(str(p)[3:]) for p in log.plmn], dtype=np.int64)),
        number(cells.tac), number(cells.cell_id), number(cells.pci), number(asu, "", 0),
        number(log.rsrp_dbm), "", number(log.lat), number(log.lon), number(log.accuracy_m),
        number(log.speed_mps), number(np.zeros(len(log))), number(log.altitude_m), measured,
        _technology(log, {"lte": "LTE", "nr": "NR", "nbiot": "LTE"}), "false", '"Simulated phone"',
    ]  # fmt: skip
    rows, row = break_lines(lines(columns, ","), faults, source) if len(log) else ([], kept)
    write_lines(path, TOWER_HEADER.encode(), rows, b"\r\n")
    return Written(row=kept[row] if len(log) else kept, line=np.arange(row.size) + 2)


WRITERS: dict[str, Writer] = {
    "gnettrack": write_gnettrack,
    "geojson-points": write_points,
    "drive-table": write_drive_table,
    "metro-table": write_metro_table,
    "probe-table": write_probes,
    "crowd-table": write_crowd_table,
    "tower-collector": write_tower_collector,
}
"""Every log writer by the name that recipes use."""
