"""A small build whose every figure is known: rings of cells, a road, weak spots, sites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h3
import pyarrow as pa
import shapely

from covermap.core.cells import areas_m2
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import tiles
from covermap.store import Tables, Workspace, write_table, write_text
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config

CENTRE = (120.62, 31.30)
RESOLUTION = 10
RINGS = 8
OPERATORS = ("any", "all", "46000", "46001")
TECHNOLOGIES = ("any", "nr")
ROAD = "road-s1"
ROAD_NAME = "<script>window.hacked=1</script>测试路"
LONELY = "road-s9"
"""A line of which nothing is measured, south of the other."""
SITE_NAME = "<img src=x onerror=window.hacked=2>站"
SEGMENTS = 50
PEOPLE = 7.5
"""In every cell."""

LEVELS = {"covered": -88.5, "weak": -111.2, "none": -140.0, "unmeasured": None}
SHARES = {"covered": 0.97, "weak": 0.31, "none": 0.0, "unmeasured": None}
PROBABILITIES = {"covered": 0.9996, "weak": 0.12, "none": 0.01, "unmeasured": None}
SAMPLES = {"covered": 57, "weak": 21, "none": 12, "unmeasured": 1}


def cell_verdict(operator: str, ring: int) -> str:
    """46000 (and so any): covered in the middle, worse outwards. 46001 (and so all): weak."""
    if operator in ("46001", "all"):
        return "weak"
    return (
        "covered" if ring <= 2 else "weak" if ring <= 4 else "none" if ring <= 6 else "unmeasured"
    )


def segment_verdict(operator: str, segment: int) -> str:
    """46000: 3 km covered, 1 km weak, 0.5 km none, 0.5 km unmeasured. 46001: all covered."""
    if operator == "46001":
        return "covered"
    if segment < 30:
        return "covered"
    return "weak" if segment < 40 else "none" if segment < 45 else "unmeasured"


def ring_cell(ring: int) -> tuple[str, float, float]:
    """Some cell of a ring: index, longitude, latitude."""
    centre = h3.latlng_to_cell(CENTRE[1], CENTRE[0], RESOLUTION)
    cell = sorted(h3.grid_ring(centre, ring))[0]
    lat, lon = h3.cell_to_latlng(cell)
    return cell, lon, lat


def write_world(root: Path, build_id: str, *, simulated: bool, basemap: str | None = None) -> None:
    """Write a build into a workspace and make it the one that is served."""
    folder = root / "builds" / build_id
    folder.mkdir(parents=True)
    for name, rows in _tables(simulated).items():
        _write(folder, name, rows)
    config = Config.model_validate(
        {"map": {"basemap": basemap, "basemap_attribution": "© Somebody's base map"}}
        if basemap
        else {}
    )
    pack = load_pack("project-default")
    tiles.run(StepContext(Tables(folder), folder, config, pack))
    manifest = {
        "id": build_id,
        "created": "2026-11-21T10:00:00+00:00",
        "workspace": {
            "name": "Browser <b>test</b>",
            "simulated": simulated,
            "attribution": "Measured by <i>nobody</i>",
        },
        "rules": pack.model_dump(mode="json"),
        "config": config.model_dump(mode="json"),
        "operators": {
            "46000": {"name": "China Mobile", "name_zh": "中国移动", "color": "#0085d0"},
            "46001": {"name": "China Unicom", "name_zh": "中国联通", "color": "#e60027"},
        },
        "tables": {},
        "steps": [],
        "bounds": [120.60, 31.28, 120.67, 31.32],
    }
    write_text(folder / "build.json", json.dumps(manifest))
    (root / "covermap.toml").touch()
    Workspace(root).publish(build_id)


def _tables(simulated: bool) -> dict[str, list[dict[str, Any]]]:
    segments = _segments()
    line = {
        "line_id": ROAD, "name": ROAD_NAME, "ref": "S1", "class": "provincial",
        "length_m": 5000.0, "route_length_m": 5000.0, "segment_m": 100.0, "oneway": -1,
        "geometry": shapely.LineString([along(0), along(SEGMENTS)]).wkb, "input": "roads",
        "simulated": simulated,
    }  # fmt: skip
    lonely = {
        **line,
        "line_id": LONELY,
        "name": "Lonely road",
        "ref": "S9",
        "length_m": 1000.0,
        "route_length_m": 1000.0,
        "geometry": shapely.LineString([lonely_along(0), lonely_along(10)]).wkb,
    }
    stations = [
        {"line_id": ROAD, "name": name, "chainage_m": m, "lon": CENTRE[0], "lat": CENTRE[1]}
        for name, m in (("East gate", 1000.0), ("西门", 4000.0))
    ]
    return {
        "cell_verdicts": _cells(), "cell_people": _people(), "lines": [line, lonely],
        "segments": segments,
        "structures": _structures(), **_sections(simulated),
        "segment_verdicts": _segment_verdicts(), "line_verdicts": _line_verdicts(simulated),
        "weak_spots": _weak_spots(simulated), "sites": _sites(simulated), "stations": stations,
    }  # fmt: skip


def _judged(operator: str, technology: str, verdict: str) -> dict[str, Any]:
    level = LEVELS[verdict]
    return {
        "operator": operator, "technology": technology, "verdict": verdict,
        "probability": PROBABILITIES[verdict],
        "basis": None if verdict == "unmeasured" else "measured",
        "n": SAMPLES[verdict], "n_none": 12 if verdict == "none" else 0,
        "rsrp_mean_dbm": level, "rsrp_p5_dbm": None if level is None else level - 6.5,
        "rsrp_p50_dbm": None if level is None else level + 0.5,
        "sinr_mean_db": 7.4 if verdict == "covered" else None, "share": SHARES[verdict],
    }  # fmt: skip


def _layers() -> list[tuple[str, str]]:
    return [(operator, technology) for operator in OPERATORS for technology in TECHNOLOGIES]


def _cells() -> list[dict[str, Any]]:
    centre = h3.latlng_to_cell(CENTRE[1], CENTRE[0], RESOLUTION)
    rows = []
    for ring in range(RINGS + 1):
        for cell in sorted(h3.grid_ring(centre, ring)):
            number = int(cell, 16)
            area = float(areas_m2([number])[0])
            for operator, technology in _layers():
                verdict = cell_verdict(operator, ring)
                period = None if verdict == "unmeasured" else "2026-09"
                judged = _judged(operator, technology, verdict)
                rows.append({"cell": number, "area_m2": area, "last_period": period, **judged})
    return rows


def _people() -> list[dict[str, Any]]:
    """Seven people and a half in each cell."""
    cells = sorted({row["cell"] for row in _cells()})
    return [{"cell": cell, "people": PEOPLE, "region_id": None} for cell in cells]


def along(segment: int) -> tuple[float, float]:
    """Start of a segment: the road runs eastwards, south of the cells."""
    return CENTRE[0] - 0.02 + segment * 0.00105, CENTRE[1] - 0.016


def lonely_along(segment: int) -> tuple[float, float]:
    """Start of a segment of the line that nobody has driven."""
    lon, lat = along(segment)
    return lon, lat - 0.003


def _structures() -> list[dict[str, Any]]:
    return [
        {"line_id": ROAD, "kind": "tunnel", "name": "East tunnel", "from_m": 2000.0, "to_m": 2400.0}
    ]


def _sections(simulated: bool) -> dict[str, list[dict[str, Any]]]:
    """Two sections: the first passes, of the second nothing is known in any layer."""
    parts = [
        {"section_id": f"{ROAD}-{k}", "line_id": ROAD, "kind": "station", "name": f"Part {k}",
         "from_m": 2500.0 * k, "to_m": 2500.0 * (k + 1), "length_m": 2500.0,
         "route_length_m": 2500.0}
        for k in range(2)
    ]  # fmt: skip
    km = {f"{prefix}{v}_km": 2.5 if v in ("length", "covered") else 0.0
          for prefix in ("", "route_")
          for v in ("length", "covered", "weak", "none", "unmeasured")}  # fmt: skip
    verdicts = [
        {"section_id": f"{ROAD}-0", "line_id": ROAD, "kind": "station", "class": "provincial",
         "operator": operator, "technology": technology, **km, "share_expected": 0.99,
         "share_low": 0.97, "share_high": 1.0, "p_pass": 0.99, "answer": "pass",
         "simulated": simulated}
        for operator, technology in _layers()
    ]  # fmt: skip
    return {"sections": parts, "section_verdicts": verdicts}


def _segments() -> list[dict[str, Any]]:
    lonely = [
        {
            "line_id": LONELY, "segment": k, "from_m": 100.0 * k, "to_m": 100.0 * (k + 1),
            "length_m": 100.0, "route_length_m": 100.0,
            "geometry": shapely.LineString([lonely_along(k), lonely_along(k + 1)]).wkb,
        }
        for k in range(10)
    ]  # fmt: skip
    return lonely + [
        {
            "line_id": ROAD, "segment": k, "from_m": 100.0 * k, "to_m": 100.0 * (k + 1),
            "length_m": 100.0, "route_length_m": 100.0,
            "geometry": shapely.LineString([along(k), along(k + 1)]).wkb,
        }
        for k in range(SEGMENTS)
    ]  # fmt: skip


def _segment_verdicts() -> list[dict[str, Any]]:
    return [
        {
            "line_id": ROAD, "segment": k, "length_m": 100.0, "route_length_m": 100.0, "runs": 2,
            **_judged(operator, technology, segment_verdict(operator, k)),
        }
        for operator, technology in _layers()
        for k in range(SEGMENTS)
    ]  # fmt: skip


def _line_verdicts(simulated: bool) -> list[dict[str, Any]]:
    rows = []
    for operator, technology in _layers():
        km = {
            verdict: sum(segment_verdict(operator, k) == verdict for k in range(SEGMENTS)) / 10
            for verdict in LEVELS
        }
        rows.append({
            "line_id": ROAD, "name": ROAD_NAME, "ref": "S1", "class": "provincial",
            "operator": operator, "technology": technology, "length_km": 5.0,
            **{f"{verdict}_km": v for verdict, v in km.items()}, "route_length_km": 5.0,
            **{f"route_{verdict}_km": v for verdict, v in km.items()},
            "longest_gap_km": km["weak"] + km["none"],
            "covered_share": km["covered"] / (5 - km["unmeasured"]),
            "share_if_rest_bad": km["covered"] / 5,
            "share_if_rest_good": (km["covered"] + km["unmeasured"]) / 5,
            "assessed_km": 5 - km["unmeasured"], "share_expected": 0.68, "share_low": 0.6,
            "share_high": 0.76, "p_pass": 0.0, "runs": 2, "campaigns": 1,
            "answer": "pass" if operator == "46001" else "fail", "simulated": simulated,
        })  # fmt: skip
        rows.append({
            **rows[-1], "line_id": LONELY, "name": "Lonely road", "ref": "S9", "length_km": 1.0,
            "route_length_km": 1.0,
            **{f"{p}{v}_km": 1.0 if v == "unmeasured" else 0.0
               for p in ("", "route_") for v in LEVELS},
            "longest_gap_km": 0.0, "share_if_rest_bad": 0.0, "share_if_rest_good": 1.0,
            **dict.fromkeys(("covered_share", "assessed_km", "share_expected", "share_low",
                             "share_high", "p_pass", "runs", "campaigns")),
            "answer": "undetermined",
        })  # fmt: skip
    return rows


def _weak_spots(simulated: bool) -> list[dict[str, Any]]:
    section = shapely.MultiLineString([[along(30), along(45)]])
    area = shapely.MultiPolygon([shapely.box(120.612, 31.304, 120.616, 31.307)])
    common = {
        "operator": "46000", "technology": "nr", "n": 270, "n_none": 60, "rsrp_p5_dbm": -140.0,
        "sinr_mean_db": None, "probability_weak": 0.917, "outlook": "lasting", "runs": None,
        "nearest_site_m": 2310.0,
        "nearest_site": "S9", "simulated": simulated,
    }  # fmt: skip
    return [
        {
            **common, "spot_id": "ws-section", "kind": "section", "line_id": ROAD,
            "line_name": "S1", "line_class": "provincial", "from_m": 3000.0, "to_m": 4500.0,
            "length_m": 1500.0, "pieces": 15, "rsrp_mean_dbm": -120.8, "cause": "no_site_near",
            "lon": section.centroid.x, "lat": section.centroid.y, "geometry": section.wkb,
        },
        {
            **common, "spot_id": "ws-area", "kind": "area", "area_m2": 126_000.0, "pieces": 8,
            "rsrp_mean_dbm": -113.4, "cause": "weak_signal", "lon": 120.614, "lat": 31.3055,
            "geometry": area.wkb,
        },
    ]  # fmt: skip


def _sites(simulated: bool) -> list[dict[str, Any]]:
    return [
        {
            "site_id": f"S{site}", "cell_id": f"S{site}/{sector}", "site_name": SITE_NAME,
            "operator": "46000", "technology": "nr", "lon": 120.63 + 0.01 * site, "lat": 31.305,
            "nbiot": site == 0, "redcap": False, "input": "sites", "simulated": simulated,
        }
        for site in range(2)
        for sector in range(3)
    ]  # fmt: skip


def _write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    table = TABLES[name]
    data = pa.Table.from_pylist(
        [{column: row.get(column) for column in table.names} for row in rows], table.schema
    )
    write_table(folder / f"{name}.parquet", in_order(conform(data, table), table), table)
