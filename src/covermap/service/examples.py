"""An example answer for every endpoint, shown in OpenAPI; a test keeps their keys true."""

from __future__ import annotations

from typing import Any

_LAYER: dict[str, Any] = {
    "operator": "46000", "technology": "nr", "verdict": "weak", "probability": 0.12,
    "basis": "measured", "n": 37, "n_none": 2, "rsrp_mean_dbm": -109.4, "rsrp_p5_dbm": -121.0,
    "rsrp_p50_dbm": -108.0, "sinr_mean_db": 1.7, "share": 0.32,
}  # fmt: skip
_FORETOLD = {
    "rsrp_dbm": -103.2, "sd_db": 6.1, "drive_sd_db": 8.4, "probability": 0.62, "distance_m": 640.0,
    "basis": "predicted",
}  # fmt: skip
_OF_CELL = {**_FORETOLD, "model_dbm": -99.8}
_ALONG = {**_FORETOLD, "carriage_db": 26.0}
_RULES = {
    "id": "project-default", "title": "Project default (not official)",
    "title_zh": "项目默认（非官方）", "version": "1",
}  # fmt: skip
_LINE = {"line_id": "motorway-g2-1", "name": "京沪高速", "ref": "G2", "class": "motorway"}
_SPOT: dict[str, Any] = {
    "spot_id": "ws-2f9c01d4", "kind": "section", "operator": "46000", "technology": "nr",
    "line_id": "motorway-g2-1", "line_name": "G2", "line_class": "motorway", "from_m": 12300.0,
    "to_m": 12900.0, "length_m": 600.0, "area_m2": None, "pieces": 6, "n": 44, "n_none": 4,
    "rsrp_mean_dbm": -117.3, "rsrp_p5_dbm": -125.0, "sinr_mean_db": None,
    "probability_weak": 0.93, "outlook": "lasting", "runs": 2, "cause": "no_site_near",
    "nearest_site_m": 2140.0, "nearest_site": "S104", "lon": 120.61, "lat": 31.38,
    "simulated": True, "from": "K112+300", "to": "K112+900",
}  # fmt: skip

_KM = {
    "length_km": 80.2, "covered_km": 61.1, "weak_km": 10.0, "none_km": 1.1, "unmeasured_km": 8.0,
    "route_length_km": 80.2, "route_covered_km": 61.1, "route_weak_km": 10.0,
    "route_none_km": 1.1, "route_unmeasured_km": 8.0,
}  # fmt: skip
_INTERVAL = {
    "tunnel_km": 3.4, "assessed_km": 72.9, "inferred_km": 0.7, "share_expected": 0.85,
    "share_low": 0.75, "share_high": 0.92, "campaign_share": 0.846, "campaign_low": 0.82,
    "campaign_high": 0.87, "drive_share": 0.84, "drive_low": 0.71, "drive_high": 0.93,
    "p_pass": 0.004, "runs": 3, "campaigns": 2,
}  # fmt: skip
_SECTION = {
    "section_id": "motorway-g2-1-s-1", "line_id": "motorway-g2-1", "kind": "station",
    "region_id": None, "class": "motorway", "operator": "46000", "technology": "nr", **_KM,
    **_INTERVAL, "answer": "fail", "simulated": True, "name": "A - B", "from_m": 0.0,
    "to_m": 80200.0, "from": "K100+000", "to": "K180+200",
}  # fmt: skip

EXAMPLES: dict[str, dict[str, Any]] = {
    "build": {
        "id": "5f0c2b9e11aa", "created": "2026-11-21T10:00:00+00:00", "name": "Sample workspace",
        "simulated": True, "attribution": "simulated by covermap", "rules": _RULES,
        "datum": "WGS-84", "bounds": [118.6, 30.9, 121.9, 32.2], "resolution": 10,
        "layers": [{"operator": "46000", "technology": "nr", "name": "46000/nr"}],
        "operators": [
            {"id": "46000", "name": "China Mobile", "name_zh": "中国移动", "color": "#0085d0"}
        ],
        "scores": [{
            "operator": "46000", "technology": "nr", "learnt": "once", "block_m": 2000.0,
            "n": 4821, "rmse_db": 7.9, "bias_db": 0.2, "inside_90": 0.91, "brier": 0.062,
            "weak": 640, "weak_recall": 0.58, "weak_precision": 0.81,
        }],
        "technologies": ["any", "lte", "nr"], "tables": {"cell_verdicts": 120000},
        "map": {"center": [120.2, 31.5], "zoom": 8.0, "basemap": None, "basemap_attribution": ""},
    },
    "tilejson": {
        "tilejson": "3.0.0", "name": "cells/46000/nr",
        "tiles": ["http://127.0.0.1:8000/tiles/cells/46000/nr/{z}/{x}/{y}.mvt?build=5f0c2b9e11aa"],
        "minzoom": 4, "maxzoom": 13, "bounds": [118.6, 30.9, 121.9, 32.2],
        "attribution": "simulated by covermap", "description": "Simulated", "simulated": True,
        "build": "5f0c2b9e11aa",
        "vector_layers": [
            {"id": "cells", "description": "Coverage by H3 cell", "minzoom": 4, "maxzoom": 13,
             "fields": {"verdict": "String"},
             "about": {"verdict": "verdict of the largest measured area"}}
        ],
    },
    "point": {
        "lon": 121.4737, "lat": 31.2304, "cell": "8a309962cc9ffff", "simulated": True,
        "rules": _RULES, "layers": [{**_LAYER, "last_period": "2026-05", "prediction": _OF_CELL}],
        "lines": [
            {**_LINE, "segment": 123, "from_m": 12300.0, "to_m": 12400.0, "distance_m": 14.2,
             "layers": [{**_LAYER, "runs": 3, "prediction": _ALONG}]}
        ],
    },
    "cell": {
        "h3": "8a309962cc9ffff", "area_m2": 13310.4,
        "geometry": {"type": "Polygon", "coordinates": [[[121.47, 31.23], [121.471, 31.23],
                                                         [121.471, 31.231], [121.47, 31.23]]]},
        "simulated": True, "rules": _RULES,
        "layers": [{**_LAYER, "last_period": "2026-05", "prediction": _OF_CELL}],
    },
    "lines": {
        "total": 1, "limit": 100, "offset": 0,
        "items": [
            {**_LINE, "operator": "46000", "technology": "nr", "length_km": 80.2,
             "covered_km": 61.1, "weak_km": 10.0, "none_km": 1.1, "unmeasured_km": 8.0,
             "route_length_km": 80.2, "route_covered_km": 61.1, "route_weak_km": 10.0,
             "route_none_km": 1.1, "route_unmeasured_km": 8.0, "longest_gap_km": 2.3,
             "covered_share": 0.846, "share_if_rest_bad": 0.762, "share_if_rest_good": 0.862,
             **_INTERVAL, "answer": "fail", "simulated": True, "oneway": None}
        ],
    },
    "line": {
        "line": {**_LINE, "length_m": 80200.0, "route_length_m": 80200.0, "segment_m": 100.0,
                 "oneway": None, "input": "roads", "simulated": True,
                 "bbox": [120.1, 31.2, 121.0, 31.5]},
        "layer": {"operator": "46000", "technology": "nr"},
        "verdicts": [{"operator": "46000", "technology": "nr", "covered_km": 61.1}],
        "stations": [{"name": "人民广场", "chainage_m": 9000.0}],
        "structures": [{"kind": "tunnel", "name": "东山隧道", "from_m": 3000.0, "to_m": 4200.0}],
        "posts": [{"chainage_m": 0.0, "official_m": 100000.0, "prefix": "K", "stretch": 0}],
        "sections": [_SECTION],
        "settling": [{"line_id": "motorway-g2-1", "operator": "46000", "technology": "nr",
                      "rank": 1, "action": "new_campaign", "from_m": 0.0, "to_m": 80200.0,
                      "runs": 1, "width_now": 0.17, "width_then": 0.11, "p_settled": 0.6,
                      "from": "K100+000", "to": "K180+200"}],
    },
    "profile": {
        "line_id": "motorway-g2-1", "title": "G2 京沪高速", "line_class": "motorway",
        "length_m": 80200.0, "oneway": None, "operator": "46000",
        "operator_name": "China Mobile 中国移动", "technology": "nr", "from_m": 0.0,
        "to_m": 80200.0, "threshold_dbm": -105.0, "simulated": True,
        "rules": "Project default (not official)", "official": True,
        "summary": {
            "answer": "fail", **{k: v for k, v in _KM.items() if k.startswith("route_")},
            "longest_gap_km": 2.3, "share_expected": 0.85, "share_low": 0.75, "share_high": 0.92,
            "p_pass": 0.004,
        },
        "pieces": [{"segment": 123, "from_m": 12300.0, "to_m": 12400.0, "chainage": "K112+300",
                    "tunnel": False, "verdict": "weak", "probability": 0.12, "n": 37, "runs": 3,
                    "rsrp_mean_dbm": -109.4, "rsrp_p5_dbm": -121.0, "lon": 120.61,
                    "lat": 31.38}],
        "sections": [{"kind": "station", "name": "A - B", "from_m": 0.0, "to_m": 80200.0,
                      "answer": "fail", "share_low": 0.75, "share_high": 0.92}],
        "stations": [{"name": "人民广场", "chainage_m": 9000.0, "text": "K109+000"}],
        "structures": [{"kind": "tunnel", "name": "东山隧道", "from_m": 3000.0, "to_m": 4200.0}],
        "ticks": [{"chainage_m": 10000.0, "text": "K110+000"}],
    },
    "place": {
        "line_id": "motorway-g2-1", "official": True,
        "places": [{"chainage_m": 12300.0, "text": "K112+300", "segment": 123, "lon": 120.61,
                    "lat": 31.38}],
    },
    "sections": {"total": 1, "limit": 100, "offset": 0, "items": [_SECTION]},
    "network": {
        "total": 1, "limit": 100, "offset": 0,
        "items": [
            {"scope": "class", "class": "motorway", "region_id": None, "operator": "46000",
             "technology": "nr", "units": 12, "units_pass": 7, "units_fail": 2,
             "units_undetermined": 3, "units_expected": 8.4, "units_low": 7.0, "units_high": 10.0,
             **_KM, "continuous_km": 512.0, "continuous_low_km": 430.0,
             "continuous_high_km": 640.0, "target": 600.0, "target_unit": "km",
             "p_target": 0.21, "campaigns": 2, "simulated": True}
        ],
    },
    "people": {
        "total": 1, "limit": 100, "offset": 0, "attribution": "WorldPop, CC BY 4.0",
        "items": [
            {"scope": "region", "level": "city", "region_id": "320500", "name": "Suzhou",
             "operator": "46000", "technology": "nr", "people": 12748262.0,
             "covered_people": 6100000.0, "weak_people": 420000.0, "none_people": 15000.0,
             "unmeasured_people": 6213262.0, "people_covered_share": 0.478,
             "area_km2": 8657.0, "covered_km2": 410.0, "weak_km2": 73.0, "none_km2": 4.0,
             "unmeasured_km2": 8170.0, "area_covered_share": 0.047, "year": 2020,
             "simulated": True}
        ],
    },
    "sites": {
        "total": 1, "limit": 100, "offset": 0,
        "items": [
            {"scope": "region", "level": "city", "region_id": "320500", "name": "Suzhou",
             "operator": "all", "technology": "nr", "sites": 41200, "cells": 123600,
             "people": 12748262.0, "per_10000": 32.318, "target_per_10000": 38.0,
             "simulated": True}
        ],
    },
    "quality": {
        "total": 1, "limit": 100, "offset": 0,
        "items": [
            {"scope": "region", "level": "city", "scope_id": "320500", "name": "Suzhou",
             "operator": "46000", "technology": "nr", "source": "drive",
             "figure": "mean_downlink_mbps", "value": 251.3, "low": 232.0, "high": 272.2,
             "confidence": 0.95, "without_extremes": 243.9, "extremes": 1, "largest": 9980.0,
             "tests": 1311, "runs": 24, "devices": 6, "clusters": 6, "clusters_by": "device",
             "standard": None, "target": 220.0, "probability": 0.992, "answer": "pass",
             "basis": "measured", "first_period": "2025-05", "last_period": "2025-06",
             "simulated": True}
        ],
    },
    "scorecard": {
        "total": 1, "limit": 100, "offset": 0, "rules": _RULES,
        "items": [
            {"target": "roads", "part": None, "kind": "lines", "scope": "all", "level": None,
             "region_id": None, "name": None, "operator": "all", "technology": "any",
             "source": None, "value": 412.7, "low": 366.0, "high": 551.4, "unit": "km",
             "total": 551.4, "undetermined": 140.2, "target_value": 500000.0, "year": 2025,
             "reached": 0.000825, "p_target": 0.0, "answer": "part", "basis": "measured",
             "rows": 6, "of": "line_verdicts", "last": "2026-05-24", "rank": None,
             "headline": True, "simulated": True, "title": None, "title_zh": None,
             "figure_source": "MIIT 2023 no. 257: road continuously covered by the end of 2025"}
        ],
    },
    "spots": {"total": 1, "limit": 100, "offset": 0, "items": [_SPOT]},
    "spot": {
        **_SPOT,
        "geometry": {"type": "MultiLineString",
                     "coordinates": [[[120.609, 31.38], [120.611, 31.381]]]},
    },
    "health": {"status": "ok", "build": "5f0c2b9e11aa"},
}  # fmt: skip


def answers(name: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of an endpoint."""
    if name == "tile":
        return {
            200: {
                "description": "Mapbox Vector Tile 2.1",
                "content": {
                    "application/vnd.mapbox-vector-tile": {
                        "schema": {"type": "string", "format": "binary"},
                        "example": "(binary)",
                    }
                },
            },
            204: {"description": "Nothing is there"},
            304: {"description": "The browser has it already"},
        }
    if name == "archive":
        shown = {"schema": {"type": "string", "format": "binary"}, "example": "(binary)"}
        return {
            200: {"description": "PMTiles 3", "content": {"application/vnd.pmtiles": shown}},
            206: {"description": "The bytes that `Range` asks for"},
            304: {"description": "The client has it already"},
            416: {"description": "The range is behind the end of the archive"},
        }
    return {
        200: {
            "description": "Found",
            "content": {"application/json": {"example": EXAMPLES[name]}},
        },
        304: {"description": "The browser has it already"},
    }
