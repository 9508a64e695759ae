"""Proposes a column map for a table by the names of its columns. Proposes: nothing is read by it.

`covermap check` prints the proposal, and the user decides; readers go by the declaration alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

ALIASES: dict[str, str] = {
    "time": "timestamp datetime time devicetime gpstime utctime localtime measuredat pubtime ts "
    "epoch recordtime 时间 采集时间 测试时间 上报时间 记录时间",
    "x": "longitude lon lng long utmx easting gpslongitude x 经度",
    "y": "latitude lat utmy northing gpslatitude y 纬度",
    "accuracy_m": "accuracy hacc gpsaccuracy horizontalaccuracy 定位精度",
    "altitude_m": "altitude alt elevation 海拔",
    "speed_mps": "speed velocity gpsspeed 速度 车速",
    "heading_deg": "heading bearing course 航向 航向角 方向角",
    "mark": "mark marker stationmark 打点 站点",
    "place": "place placeid placename venue 场所 场所名称 场所编号 地点 楼宇 楼宇名称",
    "key_point": "keypoint keypointid keypointname testpoint room 关键点 关键点编号 关键点名称 "
    "测试点 测试点位 点位 房间",
    "floor": "floor floornumber storey 楼层 楼层号",
    "device": "device deviceid imei modem terminal 终端 设备",
    "operator": "plmn operator operatorname carrier provider 运营商",
    "technology": "technology tech rat radio networktype networktech networkmode nettype nettech "
    "network 网络制式 制式 网络类型",
    "service": "service servicestate inservice 服务状态 业务状态",
    "rsrp_dbm": "rsrp ssrsrp servingrsrp nrrsrp ltersrp rscp rxlev level dbm signal 电平 场强",
    "rsrq_db": "rsrq ssrsrq servingrsrq ecno",
    "sinr_db": "sinr sssinr servingsinr rssinr rssnr snr",
    "rssi_dbm": "rssi",
    "cell_id": "cellid eci nci cgi ecgi ncgi cellidentity ci 小区标识 小区id",
    "pci": "pci physcellid physicalcellid psc",
    "arfcn": "nrarfcn earfcn uarfcn arfcn 频点",
    "band": "band 频段",
    "tac": "tac lac 跟踪区码",
    "dl_kbps": "dl dlrate dlbitrate dlthroughput download downlink downlinkrate 下行速率",
    "ul_kbps": "ul ulrate ulbitrate ulthroughput upload uplink uplinkrate 上行速率",
    "latency_ms": "ping pingavg rtt latency 时延",
    "stalled": "stalled stall isstalled 卡顿 是否卡顿",
    "connected": "connected callconnected callsuccess 接通 是否接通",
}
"""Our column -> names it goes by, lower case, letters and digits only, the likeliest first."""

JOINED = {
    "operator": (("mcc", "mnc"), ("mcc", "net")),
    "time": (("date", "time"), ("日期", "时间")),
}
"""Our column -> pairs of columns that make it together."""

WRITTEN_UNITS: dict[str, str] = {
    "km/h": r"km/?h|kph", "knots": r"knots?|kn", "mph": r"mph", "m/s": r"m/s|mps|ms-1",
    "Gbit/s": r"gbps|gbit/?s?", "Mbit/s": r"mbps|mbit/?s?", "kbit/s": r"kbps|kbit/?s?",
    "bit/s": r"bps|bit/?s", "rad": r"rad", "ms": r"ms|msec", "us": r"us", "s": r"s|sec",
    "dBm": r"dbm?", "m": r"m", "ft": r"ft", "deg": r"deg|°",
}  # fmt: skip
_RATES = ("bit/s", "kbit/s", "Mbit/s", "Gbit/s")
_OF: dict[str, tuple[str, ...]] = {
    "speed_mps": ("m/s", "km/h", "knots", "mph"),
    "dl_kbps": _RATES,
    "ul_kbps": _RATES,
    "latency_ms": ("ms", "s", "us"),
    "time": ("s", "ms", "us"),
    "altitude_m": ("m", "ft"),
}
OURS = {"speed_mps": "m/s", "dl_kbps": "kbit/s", "ul_kbps": "kbit/s", "latency_ms": "ms",
        "altitude_m": "m"}  # fmt: skip
VAGUE = ("level", "signal", "dl", "ul", "download", "upload")
"""Names that other tables have too, for something else."""
LEVELS = ("rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "dl_kbps", "ul_kbps", "latency_ms")


@dataclass(frozen=True)
class Guess:
    """A proposed map: our column -> column in the file, and units where they are not ours."""

    columns: dict[str, str]
    units: dict[str, str]
    unsure: tuple[str, ...] = ()
    """Our columns whose unit the name does not tell."""

    @property
    def measures(self) -> bool:
        """Whether it finds a level, rate or latency; a word such as `level` only beside a time."""
        found = [self.columns[name] for name in LEVELS if name in self.columns]
        clear = [c for c in found if _word_and_unit(c)[0] not in VAGUE]
        return bool(clear) or (bool(found) and "time" in self.columns)

    @property
    def placed(self) -> bool:
        """Whether it finds both coordinates, or what names a key point."""
        return {"x", "y"} <= self.columns.keys() or self.indoors

    @property
    def indoors(self) -> bool:
        """Whether it finds a key point, or a place and a floor in it, and no coordinates."""
        named = "key_point" in self.columns or {"place", "floor"} <= self.columns.keys()
        return named and not {"x", "y"} & self.columns.keys()


def guess_columns(names: Sequence[str]) -> Guess:
    """Propose a map by the names alone.

    Examples
    --------
    >>> guess_columns(["ts", "lon", "lat", "RSRP(dBm)", "speed_kmh", "mcc", "mnc"]).columns
    ... # doctest: +NORMALIZE_WHITESPACE
    {'time': 'ts', 'x': 'lon', 'y': 'lat', 'speed_mps': 'speed_kmh', 'operator': 'mcc+mnc',
     'rsrp_dbm': 'RSRP(dBm)'}
    """
    split = {name: _word_and_unit(name) for name in names}
    found: dict[str, tuple[str, str | None]] = {}
    for ours, aliases in ALIASES.items():
        hit = _first(ours, aliases.split(), split) or _pair(ours, names)
        if hit:
            found[ours] = hit
    if "mcc+mnc" not in (c for c, _ in found.values()) and "operator" in found:
        found["operator"] = _pair("operator", names) or found["operator"]
    if "device" in found:
        found["run_key"] = found["device"]  # each device makes a track of its own
    units = {o: u for o, (_, u) in found.items() if u and o in _OF and u != OURS.get(o)}
    unsure = tuple(
        o for o, (_, u) in found.items() if u is None and o in OURS and o != "latency_ms"
    )
    return Guess({o: c for o, (c, _) in found.items()}, units, unsure)


def _first(
    ours: str, aliases: list[str], split: dict[str, tuple[str, str | None]]
) -> tuple[str, str | None] | None:
    allowed = _OF.get(ours)
    for alias in aliases:
        for name, (word, unit) in split.items():
            if word == alias and not (ours == "heading_deg" and unit == "rad"):
                return name, unit if allowed and unit in allowed else None
    return None


def _pair(ours: str, names: Sequence[str]) -> tuple[str, None] | None:
    lower = {n.lower(): n for n in names}
    for first, second in JOINED.get(ours, ()):
        if first in lower and second in lower:
            return f"{lower[first]}+{lower[second]}", None
    return None


def _word_and_unit(name: str) -> tuple[str, str | None]:
    """Take `velocity(m/s)`, `dl_mbps` or `speed [km/h]` apart: the word and the unit."""
    match = re.match(r"^(.*?)[\s_]*[\(\[（]([^)\]）]*)[\)\]）]\s*$", name)
    stem, written = (match[1], match[2]) if match else _suffix(name)
    unit = next((u for u, p in WRITTEN_UNITS.items() if re.fullmatch(p, written.lower())), None)
    if unit is None and not match:
        stem = name
    return re.sub(r"[\W_]", "", stem.lower()), unit


def _suffix(name: str) -> tuple[str, str]:
    stem, _, last = name.rpartition("_")
    if stem:
        return stem, last
    match = re.fullmatch(r"(?i)(.+?)(kmh|kbps|mbps|mps)", name)
    return (match[1], match[2]) if match else (name, "")
