"""The `covermap.toml` of a simulated workspace: every input declared, and labelled simulated."""

from __future__ import annotations

from typing import Any

import tomlkit

from covermap.simulate import indoor
from covermap.simulate.recipe import Recipe, Runs
from covermap.simulate.writers.tables import SITE_FORMATS
from covermap.simulate.writers.vectors import GROUPS

SOURCES = {"crowd": "app", "probe": "probe"}
POINTS_COLUMNS = {
    "time": "timestamp", "operator": "mcc+mnc", "technology": "tech", "service": "service",
    "rsrp_dbm": "rsrp", "rsrq_db": "rsrq", "sinr_db": "sinr", "rssi_dbm": "rssi",
    "speed_mps": "speed", "cell_id": "cell_id", "tac": "lac", "band": "band",
}  # fmt: skip
DRIVE_COLUMNS = {
    "time": "时间", "x": "经度", "y": "纬度", "speed_mps": "速度(km/h)", "heading_deg": "方向角",
    "operator": "运营商", "technology": "网络制式", "rsrp_dbm": "RSRP(dBm)", "rsrq_db": "RSRQ(dB)",
    "sinr_db": "SINR(dB)", "pci": "PCI", "arfcn": "频点", "cell_id": "小区标识", "tac": "跟踪区码",
    "dl_kbps": "下行速率(Mbit/s)", "service": "业务状态",
}  # fmt: skip
METRO_COLUMNS = {
    "time": "time", "x": "lon", "y": "lat", "mark": "mark", "operator": "operator",
    "technology": "network", "rsrp_dbm": "rsrp", "rsrq_db": "rsrq", "sinr_db": "sinr",
    "service": "service",
}  # fmt: skip
CROWD_COLUMNS = {
    "time": "timestamp", "x": "longitude", "y": "latitude", "accuracy_m": "accuracy",
    "device": "device_id", "run_key": "device_id", "operator": "plmn", "technology": "radio",
    "service": "in_service", "rsrp_dbm": "rsrp", "rsrq_db": "rsrq", "sinr_db": "sinr",
    "cell_id": "cell_id",
}  # fmt: skip
PROBE_COLUMNS = {
    "time": "time_ms", "x": "lon", "y": "lat", "device": "device", "run_key": "device",
    "operator": "plmn", "technology": "rat", "service": "in_service", "rsrp_dbm": "rsrp",
    "rsrq_db": "rsrq", "sinr_db": "sinr", "latency_ms": "latency_ms",
}  # fmt: skip


def workspace_toml(recipe: Recipe, seed_note: str) -> str:
    """Text of the workspace's `covermap.toml`."""
    config: dict[str, Any] = {
        "workspace": {
            "name": recipe.title,
            "simulated": True,
            "attribution": "Simulated by covermap: no real network. Place names and positions: "
            "GeoNames (CC BY 4.0).",
            "salt": f"simulated-{recipe.seed}",
        },
        "rules": {"pack": "miit-2025"},
        "operators": {
            o.plmn: {"name": o.name, "name_zh": o.name_zh, "color": o.color}
            for o in recipe.operators
        },
        "measurements": [entry for runs in recipe.runs for entry in _measurements(recipe, runs)],
        "sites": [_sites(recipe, i) for i in range(len(recipe.operators))],
    }
    if recipe.places.surveyed:
        config["measurements"].append(_survey())
    lines = [_lines(recipe, group) for group in GROUPS if _in_group(recipe, group)]
    if lines:
        config["lines"] = lines
    if recipe.places.villages:
        config["villages"] = [
            _areas("villages", ("code", "name", "population")),
            _areas("village-points", ("code", "kind")),
        ]
    if recipe.places.key_places:
        config["places"] = [
            _areas("places", ("code", "name", "scene", "grade", "key_point", "floor"))
        ]
    if recipe.places.population:
        config["population"] = _population(recipe)
    config["terrain"] = {"files": ["raw/terrain.tif"]}
    if recipe.prediction is not None:
        config["predict"] = {
            "area": "raw/predicted.geojson",
            "radius_m": recipe.prediction.radius_m,
        }
    note = (
        f"# A simulated workspace ({seed_note}): nothing in it was measured.\n"
        "# truth/ holds what is true in this world; no step reads it.\n\n"
    )
    return note + tomlkit.dumps(config)


def _measurements(recipe: Recipe, runs: Runs) -> list[dict[str, Any]]:
    """Entries of one kind of runs; G-NetTrack names no operator without service: one a SIM."""
    entry: dict[str, Any] = {
        "name": runs.name,
        "files": [f"raw/{runs.name}/*"],
        "source": SOURCES.get(runs.kind, "drive"),
        "datum": "wgs84",
        "antenna": runs.antenna,
        "campaign": runs.name,
        "simulated": True,
    } | _format(recipe, runs)
    if runs.format != "gnettrack":
        return [entry]
    plmns = runs.operators or tuple(o.plmn for o in recipe.operators)
    return [
        entry
        | {"name": f"{runs.name}-{p}", "files": [f"raw/{runs.name}/*-{p}*.txt"], "operator": p}
        for p in plmns
    ]


def _survey() -> dict[str, Any]:
    """Entry of the survey of key places."""
    return {
        "name": indoor.NAME,
        "files": [f"raw/{indoor.NAME}/*.csv"],
        "source": "drive",
        "datum": "wgs84",
        "antenna": "handheld",
        "campaign": indoor.NAME,
        "simulated": True,
        "format": "table",
        "timezone": "Asia/Shanghai",
        "columns": indoor.COLUMNS,
    }


def _format(recipe: Recipe, runs: Runs) -> dict[str, Any]:
    if runs.format == "gnettrack":
        return {"format": "gnettrack", "timezone": "Asia/Shanghai"}
    if runs.format == "geojson-points":
        return {"format": "geojson-points", "columns": POINTS_COLUMNS, "units": {"time": "ms"}}
    if runs.format == "drive-table":
        return {
            "format": "table", "timezone": "Asia/Shanghai", "datum": "gcj02",
            "columns": DRIVE_COLUMNS, "units": {"speed_mps": "km/h", "dl_kbps": "Mbit/s"},
            "operators": {o.name_zh: o.plmn for o in recipe.operators},
        }  # fmt: skip
    if runs.format == "metro-table":
        return {"format": "table", "timezone": "Asia/Shanghai", "columns": METRO_COLUMNS}
    if runs.format == "crowd-table":
        return {"format": "table", "columns": CROWD_COLUMNS, "units": {"time": "s"}}
    if runs.format == "probe-table":
        return {"format": "table", "columns": PROBE_COLUMNS, "units": {"time": "ms"}}
    return {"format": "tower-collector"}


def _sites(recipe: Recipe, number: int) -> dict[str, Any]:
    operator = recipe.operators[number]
    form = SITE_FORMATS[number % len(SITE_FORMATS)]
    return {
        "name": f"sites-{operator.plmn}",
        "files": [f"raw/sites/{operator.plmn}.{form.suffix}"],
        "format": form.format,
        "datum": form.datum,
        "operator": operator.plmn,
        "simulated": True,
    }


def _in_group(recipe: Recipe, group: str) -> bool:
    return any(line.line_class in GROUPS[group] for line in recipe.lines)


def _has_stations(recipe: Recipe, group: str) -> bool:
    return any(line.line_class in GROUPS[group] and line.stations for line in recipe.lines)


def _lines(recipe: Recipe, group: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": f"lines-{group}",
        "files": [f"raw/lines/{group}.geojson"],
        "datum": "wgs84",
        "simulated": True,
        "fields": {"name": "name", "ref": "ref", "class": "class", "tunnel": "tunnel"},
    }
    if _has_stations(recipe, group):
        entry["stations"] = f"raw/lines/{group}-stations.geojson"
    return entry


def _population(recipe: Recipe) -> dict[str, Any]:
    return {
        "files": ["raw/population.tif"],
        "kind": "count",
        "year": int(recipe.period.first_day[:4]),
        "attribution": "Simulated by covermap: no real people",
        "simulated": True,
    }


def _areas(kind: str, fields: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": kind,
        "files": [f"raw/{kind}.geojson"],
        "datum": "wgs84",
        "simulated": True,
        "fields": {f: f for f in fields},
    }
