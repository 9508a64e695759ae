"""The columns of each export: names, titles in English and Chinese, units, what they mean."""

from __future__ import annotations

import pyarrow as pa

from covermap.formats.export import Field
from covermap.tables import TABLES, VERDICTS

_T, _I, _I32, _F, _B = pa.string(), pa.int64(), pa.int32(), pa.float64(), pa.bool_()
_TIME = pa.timestamp("ms", tz="UTC")

DATUM = Field("datum", _T, "Datum", "坐标系", "text", "", "Datum of every coordinate in the row")
SIMULATED = Field(
    "simulated",
    _B,
    "Simulated",
    "模拟数据",
    "flag",
    "",
    "True: made by the simulator, not measured",
)

CAUSES: dict[str, tuple[str, str]] = {
    "no_service": (
        "no service 无服务",
        "Check that a site serves the place at all; else plan one 核查有无可服务站点，否则规划新站",
    ),
    "weak_signal": (
        "weak signal 信号弱",
        "Look into sites, power, tilt; declare the site table to learn more "
        "核查站点、功率、下倾角；补充站点表",
    ),
    "site_near_weak": (
        "site near, signal weak 近处有站但信号弱",
        "Azimuth, tilt, power, obstruction, penetration loss "
        "核查方位角、下倾角、功率、遮挡、穿透损耗",
    ),
    "no_site_near": ("no site near 近处无站", "Plan a new site 规划新站"),
    "poor_sinr": (
        "signal strong, SINR poor 信号强但 SINR 差",
        "Interference, overlap, PCI plan 核查干扰、重叠覆盖、PCI 规划",
    ),
}
"""Cause -> what it is, and what usually is looked at next. No promise: a hint for the engineer."""

OUTLOOKS: dict[str, tuple[str, str]] = {
    "lasting": ("weak to stay 持续弱", ""),
    "unsure": (
        "drive again first 待复测",
        "Drive again before money is spent; if weak again: 先复测再投入，若仍弱：",
    ),
    "passing": (
        "probably a passing fade 疑似瞬时衰落",
        "Drive again, do not build on this alone; if weak again: 复测确认，勿据此立项，若仍弱：",
    ),
}
"""Outlook of a weak spot -> what it is, and what comes before the step that its cause asks for."""

_TITLES: dict[str, tuple[str, str, str]] = {
    "spot_id": ("Weak spot", "弱覆盖编号", "text"),
    "kind": ("Kind", "类型", "text"),
    "operator": ("Operator", "运营商代码", "text"),
    "operator_name": ("Operator name", "运营商", "text"),
    "technology": ("Technology", "制式", "text"),
    "line_id": ("Line identity", "线路编号", "text"),
    "line_name": ("Line", "线路", "text"),
    "line_class": ("Class", "线路类别", "text"),
    "class": ("Class", "线路类别", "text"),
    "name": ("Name", "名称", "text"),
    "ref": ("Number", "线路号", "text"),
    "from": ("From", "起点里程", "text"),
    "to": ("To", "终点里程", "text"),
    "from_m": ("From", "起点", "number"),
    "to_m": ("To", "终点", "number"),
    "length_m": ("Length", "长度", "number"),
    "area_m2": ("Area", "面积", "number"),
    "pieces": ("Pieces", "段/网格数", "integer"),
    "n": ("Samples", "采样数", "integer"),
    "n_none": ("Without service", "无服务采样", "integer"),
    "rsrp_mean_dbm": ("Mean level", "平均电平", "number"),
    "rsrp_p5_dbm": ("5th percentile", "5% 分位电平", "number"),
    "rsrp_p50_dbm": ("Median level", "电平中位数", "number"),
    "sinr_mean_db": ("Mean SINR", "平均 SINR", "number"),
    "probability_weak": ("Probability weak", "弱覆盖概率", "share"),
    "outlook": ("Outlook", "走势代码", "code"),
    "outlook_text": ("Outlook", "走势", "text"),
    "probability": ("Probability met", "达标概率", "share"),
    "cause": ("Cause", "原因代码", "code"),
    "cause_text": ("Cause", "原因", "text"),
    "next_step": ("What to look at", "建议", "text"),
    "nearest_site": ("Nearest site", "最近站点", "text"),
    "nearest_site_m": ("Distance to it", "距最近站点", "number"),
    "verdict": ("Verdict", "判定", "code"),
    "basis": ("Basis", "依据", "text"),
    "share": ("Share met", "达标采样占比", "share"),
    "last_period": ("Latest period", "最近月份", "text"),
    "h3": ("H3 cell", "H3 网格", "text"),
    "length_km": ("Length", "里程", "number"),
    "covered_km": ("Covered", "已覆盖", "number"),
    "weak_km": ("Weak", "弱覆盖", "number"),
    "none_km": ("No service", "无服务", "number"),
    "unmeasured_km": ("Not measured", "未测量", "number"),
    "route_length_km": ("Route length", "线路里程", "number"),
    "route_covered_km": ("Route covered", "线路已覆盖", "number"),
    "route_weak_km": ("Route weak", "线路弱覆盖", "number"),
    "route_none_km": ("Route no service", "线路无服务", "number"),
    "route_unmeasured_km": ("Route not measured", "线路未测量", "number"),
    "longest_gap_km": ("Longest gap", "最长连续弱覆盖", "number"),
    "covered_share": ("Covered share of measured", "已测覆盖率", "share"),
    "share_if_rest_bad": ("Share if the rest is bad", "覆盖率下界", "share"),
    "share_if_rest_good": ("Share if the rest is good", "覆盖率上界", "share"),
    "answer": ("Answer", "结论", "code"),
    "tunnel_km": ("In tunnels", "隧道内", "number"),
    "assessed_km": ("Assessed", "评估里程", "number"),
    "inferred_km": ("Of it inferred", "其中推断", "number"),
    "share_expected": ("Share expected", "预期覆盖率", "share"),
    "share_low": ("Share, low end", "覆盖率区间下端", "share"),
    "share_high": ("Share, high end", "覆盖率区间上端", "share"),
    "campaign_share": ("Share in these campaigns", "本批次覆盖率", "share"),
    "campaign_low": ("The same, low end", "本批次区间下端", "share"),
    "campaign_high": ("The same, high end", "本批次区间上端", "share"),
    "drive_share": ("Share of one more drive", "再测一次的覆盖率", "share"),
    "drive_low": ("The same, low end", "再测区间下端", "share"),
    "drive_high": ("The same, high end", "再测区间上端", "share"),
    "p_pass": ("Probability of passing", "达标概率", "share"),
    "runs": ("Runs", "轮次数", "integer"),
    "campaigns": ("Campaigns", "批次数", "integer"),
    "section_id": ("Section identity", "区段编号", "text"),
    "region_id": ("Region", "行政区代码", "text"),
    "segment": ("Segment", "路段序号", "integer"),
    "tunnel": ("In a tunnel", "隧道内", "flag"),
    "route_length_m": ("Route length", "线路里程", "number"),
    "scope": ("Scope", "汇总范围", "text"),
    "units": ("Units", "评估单元数", "integer"),
    "units_pass": ("Units passing", "达标数", "integer"),
    "units_fail": ("Units failing", "不达标数", "integer"),
    "units_undetermined": ("Units undetermined", "未定数", "integer"),
    "units_expected": ("Units expected to pass", "预期达标数", "number"),
    "units_low": ("The same, low end", "达标数下端", "number"),
    "units_high": ("The same, high end", "达标数上端", "number"),
    "continuous_km": ("Continuously covered", "连续覆盖里程", "number"),
    "continuous_low_km": ("The same, low end", "连续覆盖下端", "number"),
    "continuous_high_km": ("The same, high end", "连续覆盖上端", "number"),
    "target": ("Target", "目标", "number"),
    "target_unit": ("Unit of the target", "目标单位", "text"),
    "p_target": ("Probability of reaching it", "达到目标概率", "share"),
    "level": ("Level", "行政级别", "text"),
    "people": ("People", "人口", "number"),
    "covered_people": ("People covered", "已覆盖人口", "number"),
    "weak_people": ("People weak", "弱覆盖人口", "number"),
    "none_people": ("People without service", "无服务人口", "number"),
    "unmeasured_people": ("People not measured", "未测量人口", "number"),
    "people_covered_share": ("Share of people covered", "人口覆盖率", "share"),
    "area_km2": ("Area", "面积", "number"),
    "covered_km2": ("Area covered", "已覆盖面积", "number"),
    "weak_km2": ("Area weak", "弱覆盖面积", "number"),
    "none_km2": ("Area without service", "无服务面积", "number"),
    "unmeasured_km2": ("Area not measured", "未测量面积", "number"),
    "area_covered_share": ("Share of area covered", "面积覆盖率", "share"),
    "year": ("Year of the people", "人口年份", "integer"),
    "run_id": ("Run", "测试轮次", "text"),
    "seq": ("Number in run", "序号", "integer"),
    "campaign": ("Campaign", "测试批次", "text"),
    "source": ("Source", "来源", "text"),
    "device_id": ("Device", "设备", "text"),
    "time": ("Time UTC", "时间 UTC", "time"),
    "position_basis": ("Position basis", "定位依据", "text"),
    "position_error_m": ("Position error", "定位误差", "number"),
    "speed_mps": ("Speed", "速度", "number"),
    "heading_deg": ("Heading", "航向", "number"),
    "mark": ("Mark", "打点", "text"),
    "place": ("Place as written", "场所（原文）", "text"),
    "key_point": ("Key point", "关键点", "text"),
    "floor": ("Floor", "楼层", "text"),
    "service": ("Service", "有服务", "flag"),
    "rsrp_dbm": ("Level", "电平", "number"),
    "rsrq_db": ("RSRQ", "RSRQ", "number"),
    "sinr_db": ("SINR", "SINR", "number"),
    "rssi_dbm": ("RSSI", "RSSI", "number"),
    "cell_id": ("Cell", "小区标识", "text"),
    "site_id": ("Site", "站点", "text"),
    "ghz": ("Frequency", "频率", "number"),
    "power_class": ("Power class", "功率等级", "code"),
    "height_m": ("Antenna height", "天线挂高", "number"),
    "azimuth_deg": ("Azimuth", "方位角", "number"),
    "tilt_deg": ("Downtilt", "下倾角", "number"),
    "beamwidth_deg": ("Beamwidth", "水平波瓣宽度", "number"),
    "eirp_dbm": ("EIRP", "等效全向辐射功率", "number"),
    "reference_dbm": ("Of it reference signal", "其中参考信号", "number"),
    "indoor": ("Indoor", "室内", "flag"),
    "redcap": ("RedCap", "RedCap", "flag"),
    "nbiot": ("NB-IoT", "NB-IoT", "flag"),
    "opened": ("Opened", "开通日期", "text"),
    "shared_with": ("Shared with", "共享运营商", "text"),
    "filled": ("Defaults", "取默认值的字段", "text"),
    "located": ("Located from measurements", "由测量定位", "flag"),
    "uncertainty_m": ("Radius of the position", "位置不确定半径", "number"),
    "doubts": ("Doubts", "存疑", "text"),
    "input": ("Input", "输入", "text"),
    "pci": ("PCI", "PCI", "integer"),
    "arfcn": ("Channel", "频点", "integer"),
    "band": ("Band", "频段", "text"),
    "tac": ("TAC", "TAC", "text"),
    "dl_kbps": ("Downlink rate", "下行速率", "number"),
    "ul_kbps": ("Uplink rate", "上行速率", "number"),
    "latency_ms": ("Latency", "时延", "number"),
    "stalled": ("Stalled", "卡顿", "flag"),
    "connected": ("Connected", "接通", "flag"),
    "antenna": ("Antenna", "天线位置", "text"),
    "period": ("Period", "月份", "text"),
}
_UNITS = (
    ("_dbm", "dBm"), ("_db", "dB"), ("_km", "km"), ("_km2", "km²"), ("_m2", "m²"), ("_m", "m"),
    ("_kbps", "kbit/s"), ("_ms", "ms"), ("_mps", "m/s"), ("_deg", "°"), ("ghz", "GHz"),
)  # fmt: skip
_OWN_DOCS = {
    "from_m": "Chainage of the start, m from the line's start",
    "to_m": "Chainage of the end, m from the line's start",
    "tunnel": "True: in a tunnel; empty: not known",
    "operator_name": "Name of the operator as the workspace gives it",
    "from": "Chainage of the start: of the official count where the build has posts of the line, "
    "else K12+300 is 12,300 m from the line's start",
    "to": "Chainage of the end, the same way",
    "cause_text": "The cause in words",
    "outlook_text": "Whether it is there to stay, in words",
    "next_step": "What is usually looked at next; a hint, not a finding",
    "h3": "H3 index of the cell, hexadecimal",
}
_TYPES = {"integer": _I, "number": _F, "coordinate": _F, "share": _F, "flag": _B, "time": _TIME}


def _unit(name: str) -> str:
    return next((unit for end, unit in _UNITS if name.endswith(end)), "")


def _field(name: str, table: str) -> Field:
    title, title_zh, form = _TITLES[name]
    known = {c.name: c for c in TABLES[table].columns}
    doc = _OWN_DOCS.get(name) or known[name].doc
    if name in known and known[name].null:
        doc += f"; empty: {known[name].null}"
    kind = known[name].type if name in known else _TYPES.get(form, _T)
    return Field(name, kind, title, title_zh, form, _unit(name), doc)  # type: ignore[arg-type]


def coordinate_fields(datum: str, degrees: bool) -> tuple[Field, Field]:
    """Give the two columns of a point, named by what they hold."""
    unit = f"{'°' if degrees else 'm'}, {datum}"
    names = ("lon", "lat") if degrees else ("easting", "northing")
    titles = (("Longitude", "经度"), ("Latitude", "纬度"))
    if not degrees:
        titles = (("Easting", "东坐标"), ("Northing", "北坐标"))
    docs = f"in the datum {datum}; empty: position lost"
    first, second = (
        Field(name, _F, title, zh, "coordinate", unit, f"{title} {docs}")
        for name, (title, zh) in zip(names, titles, strict=True)
    )
    return first, second


_COORDINATES = ("lon", "lat")
_INTERVAL = (
    "share_expected", "share_low", "share_high", "p_pass", "campaign_share", "campaign_low",
    "campaign_high", "drive_share", "drive_low", "drive_high", "assessed_km", "inferred_km",
    "tunnel_km", "runs", "campaigns",
)  # fmt: skip
_VERDICT_KM = tuple(f"{v}_km" for v in ("length", "covered", "weak", "none", "unmeasured"))
_ROUTE_KM = tuple(f"route_{name}" for name in _VERDICT_KM)
_NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "weak-spots": ("weak_spots", (
        "operator_name", "technology", "kind", "line_name", "line_class", "from", "to", "length_m",
        "area_m2", "cause", "cause_text", "outlook", "outlook_text", "probability_weak",
        "rsrp_mean_dbm", "rsrp_p5_dbm", "sinr_mean_db", "n", "n_none", "runs", "pieces",
        "nearest_site", "nearest_site_m", *_COORDINATES,
        "next_step", "from_m", "to_m", "line_id", "operator", "spot_id",
    )),
    "lines": ("line_verdicts", (
        "name", "ref", "class", "operator_name", "technology", "answer",
        "length_km", "covered_km", "weak_km", "none_km", "unmeasured_km", "covered_share",
        "share_if_rest_bad", "share_if_rest_good", "longest_gap_km", "route_length_km",
        "route_covered_km", "route_weak_km", "route_none_km", "route_unmeasured_km", *_INTERVAL,
        "line_id", "operator",
    )),
    "sections": ("section_verdicts", (
        "line_id", "kind", "from", "to", "from_m", "to_m", "class", "region_id",
        "operator_name", "technology", "answer", *_VERDICT_KM, *_ROUTE_KM, *_INTERVAL,
        "section_id", "operator",
    )),
    "segments": ("segment_verdicts", (
        "line_id", "segment", "from", "to", "from_m", "to_m", "length_m", "route_length_m",
        "operator_name", "technology", "verdict", "probability", "basis", "n", "n_none", "runs",
        "rsrp_mean_dbm", "rsrp_p5_dbm", "rsrp_p50_dbm", "sinr_mean_db", "share", "operator",
    )),
    "profile": ("segment_verdicts", (
        "line_id", "segment", "from", "to", "from_m", "to_m", "length_m", "tunnel",
        "operator_name", "technology", "verdict", "probability", "basis", "n", "n_none", "runs",
        "rsrp_mean_dbm", "rsrp_p5_dbm", "rsrp_p50_dbm", "sinr_mean_db", "share", *_COORDINATES,
        "operator",
    )),
    "network": ("network_verdicts", (
        "scope", "class", "region_id", "operator_name", "technology", "units", "units_pass",
        "units_fail", "units_undetermined", "units_expected", "units_low", "units_high",
        *_ROUTE_KM, "continuous_km", "continuous_low_km", "continuous_high_km", "target",
        "target_unit", "p_target", "campaigns", "operator",
    )),
    "people": ("people_verdicts", (
        "scope", "level", "region_id", "name", "operator_name", "technology", "people",
        *(f"{v}_people" for v in VERDICTS), "people_covered_share", "area_km2",
        *(f"{v}_km2" for v in VERDICTS), "area_covered_share", "year", "operator",
    )),
    "sites": ("site_cells", (
        "site_id", "cell_id", "operator", "operator_name", "technology", "band", *_COORDINATES,
        "ghz", "power_class", "height_m", "azimuth_deg", "tilt_deg", "beamwidth_deg", "eirp_dbm",
        "reference_dbm", "indoor", "redcap", "nbiot", "opened", "shared_with", "filled", "located",
        "uncertainty_m", "doubts", "input",
    )),
    "cells": ("cell_verdicts", (
        "h3", "operator", "operator_name", "technology", "verdict", "probability", "basis", "n",
        "n_none", "rsrp_mean_dbm", "rsrp_p5_dbm", "rsrp_p50_dbm", "sinr_mean_db", "share",
        "area_m2", "last_period", *_COORDINATES,
    )),
    "samples": ("samples", (
        "run_id", "seq", "campaign", "source", "device_id", "time", *_COORDINATES,
        "position_basis", "position_error_m", "speed_mps", "heading_deg", "mark", "place",
        "key_point", "floor", "operator", "technology", "service", "rsrp_dbm", "rsrq_db",
        "sinr_db", "rssi_dbm", "cell_id", "pci", "arfcn", "band", "tac", "dl_kbps", "ul_kbps",
        "latency_ms", "stalled", "connected", "antenna", "period",
    )),
}  # fmt: skip
"""Kind of export -> table it comes from, and its columns after `datum` and `simulated`."""

KINDS = tuple(_NAMES)


def fields_of(kind: str, datum: str, degrees: bool) -> tuple[Field, ...]:
    """Give the columns of a kind of export, in order."""
    table, names = _NAMES[kind]
    place = dict(zip(_COORDINATES, coordinate_fields(datum, degrees), strict=True))
    made = (place[n] if n in place else _field(n, table) for n in names)
    return (DATUM, SIMULATED, *made)
