"""A small build made by hand: tables written with the store, tiles by the step, no pipeline."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pyarrow as pa
import shapely
import shapely.ops

from covermap.core.cells import areas_m2, centres
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import score, tiles
from covermap.steps.sites import survey
from covermap.store import Tables, Workspace, write_table, write_text
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config
from shelf import made_once

LAYERS = (
    ("46000", "lte"), ("46000", "nr"), ("46000", "any"), ("46001", "lte"), ("46001", "any"),
    ("any", "lte"), ("any", "nr"), ("any", "any"), ("all", "lte"), ("all", "any"),
)  # fmt: skip
CENTRE = (121.47, 31.23)
RESOLUTION = 10
LINE_COURSE = [(121.40, 31.20), (121.45, 31.22), (121.50, 31.25), (121.62, 31.26)]


def judged(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Columns that cell and segment verdicts have in common, with every verdict among them."""
    verdict = rng.choice(["covered", "weak", "none", "unmeasured"], n, p=[0.5, 0.25, 0.1, 0.15])
    known = verdict != "unmeasured"
    level = np.round(rng.uniform(-125, -70, n), 2)
    share = np.round(rng.uniform(0, 1, n), 4)

    def where(values: Any, kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind, mask=~known)

    return {
        "verdict": pa.array(verdict),
        "probability": where(share, pa.float64()),
        "basis": where(np.full(n, "measured", dtype=object), pa.string()),
        "n": np.where(known, rng.integers(3, 90, n), rng.integers(0, 3, n)),
        "n_none": np.where(verdict == "none", 3, 0),
        "rsrp_mean_dbm": where(level, pa.float64()),
        "rsrp_p5_dbm": where(np.floor(level - 8), pa.float64()),
        "rsrp_p50_dbm": where(np.floor(level), pa.float64()),
        "sinr_mean_db": where(np.full(n, 4.25), pa.float64()),
        "share": where(share, pa.float64()),
    }


def cells_around(rings: int, resolution: int = RESOLUTION) -> np.ndarray:
    """Cells of a disk round the centre, ascending, without every seventh."""
    centre = h3.latlng_to_cell(CENTRE[1], CENTRE[0], resolution)
    cells = np.array(sorted(int(c, 16) for c in h3.grid_disk(centre, rings)), np.int64)
    return cells[np.arange(len(cells)) % 7 != 3]


def cell_verdicts(cells: np.ndarray, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    tables = []
    for operator, technology in LAYERS:
        n = len(cells)
        columns = {
            "cell": cells, "area_m2": areas_m2(cells),
            "operator": np.full(n, operator), "technology": np.full(n, technology),
            **judged(rng, n),
        }  # fmt: skip
        measured = [v != "unmeasured" for v in columns["verdict"].to_pylist()]
        columns["last_period"] = pa.array(["2026-05" if m else None for m in measured])
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def with_samples(verdicts: pa.Table) -> pa.Table:
    """Give the rows that a build writes of such verdicts: those with a sample, and `any/any`."""
    frame = verdicts.to_pandas()
    seen = (frame["n"] > 0) | ((frame["operator"] == "any") & (frame["technology"] == "any"))
    return verdicts.filter(pa.array(seen))


def course(points: list[tuple[float, float]], n: int) -> list[shapely.LineString]:
    """A line through points, cut into n pieces."""
    whole = shapely.LineString(points)
    cuts = np.linspace(0, 1, n + 1)
    return [shapely.ops.substring(whole, a, b, True) for a, b in pairwise(cuts)]


def lines_and_segments(n: int = 240) -> tuple[pa.Table, pa.Table]:
    courses = {"g2": LINE_COURSE, "m1": [(121.40, 31.19), (121.55, 31.19)]}
    lines, segments = [], []
    for line_id, points in courses.items():
        length = 100.0 * n - 37.5
        lines.append({
            "line_id": line_id, "name": "京沪高速" if line_id == "g2" else "Line 1",
            "ref": "G2" if line_id == "g2" else None,
            "class": "motorway" if line_id == "g2" else "metro", "length_m": length,
            "route_length_m": length, "segment_m": 100.0,
            "geometry": shapely.LineString(points).wkb, "input": "roads", "simulated": True,
        })  # fmt: skip
        for k, piece in enumerate(course(points, n)):
            to_m = min(100.0 * (k + 1), length)
            segments.append({
                "line_id": line_id, "segment": k, "from_m": 100.0 * k, "to_m": to_m,
                "length_m": to_m - 100.0 * k, "route_length_m": to_m - 100.0 * k, "tunnel": None,
                "geometry": piece.wkb,
            })  # fmt: skip
    return _table("lines", lines), _table("segments", segments)


def segment_verdicts(segments: pa.Table, seed: int = 2) -> pa.Table:
    rng = np.random.default_rng(seed)
    tables = []
    for operator, technology in LAYERS:
        n = segments.num_rows
        columns = {
            **{k: segments.column(k)
               for k in ("line_id", "segment", "length_m", "route_length_m")},
            "operator": np.full(n, operator), "technology": np.full(n, technology),
            **judged(rng, n), "runs": rng.integers(0, 4, n),
        }  # fmt: skip
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def line_verdicts(lines: pa.Table, verdicts: pa.Table) -> pa.Table:
    rows = []
    for line in lines.to_pylist():
        for operator, technology in LAYERS:
            km = dict.fromkeys(("covered", "weak", "none", "unmeasured"), 0.0)
            for row in verdicts.to_pylist():
                if (row["operator"], row["technology"], row["line_id"]) == (
                    operator, technology, line["line_id"],
                ):  # fmt: skip
                    km[row["verdict"]] += row["length_m"] / 1000
            whole = sum(km.values())
            rows.append({
                **{k: line[k] for k in ("line_id", "name", "ref", "class", "simulated")},
                "operator": operator, "technology": technology, "length_km": whole,
                **{f"{k}_km": v for k, v in km.items()}, "route_length_km": whole,
                **{f"route_{k}_km": v for k, v in km.items()}, "longest_gap_km": 0.4,
                "covered_share": km["covered"] / (whole - km["unmeasured"]),
                "share_if_rest_bad": km["covered"] / whole,
                "share_if_rest_good": (km["covered"] + km["unmeasured"]) / whole,
                **interval_of(km, whole), "answer": "undetermined",
            })  # fmt: skip
    return _table("line_verdicts", rows)


def interval_of(km: dict[str, float], whole: float) -> dict[str, Any]:
    """Figures of the interval round the covered share of a line of `whole` km."""
    measured = whole - km["unmeasured"]
    share = km["covered"] / measured
    return {
        "tunnel_km": 1.2, "assessed_km": measured, "inferred_km": 0.3, "share_expected": share,
        "share_low": share - 0.08, "share_high": share + 0.06, "campaign_share": share,
        "campaign_low": share - 0.03, "campaign_high": share + 0.03, "drive_share": share,
        "drive_low": share - 0.1, "drive_high": share + 0.09, "p_pass": 0.25, "runs": 3,
        "campaigns": 2,
    }  # fmt: skip


def line_parts() -> dict[str, pa.Table]:
    """Structures, posts and sections of the line g2; the other has none."""
    structures = [
        {"line_id": "g2", "kind": "tunnel", "name": "东山隧道", "from_m": 3000.0, "to_m": 4200.0},
        {"line_id": "g2", "kind": "bridge", "name": None, "from_m": 9000.0, "to_m": 9400.0},
    ]
    # The count runs from K100, skips 500 m at 12 km of the line, and ends with it.
    posts = [
        (0.0, 100_000.0, 0), (12_000.0, 112_000.0, 0), (12_000.0, 112_500.0, 1),
        (24_000.0, 124_500.0, 1),
    ]  # fmt: skip
    cuts = ((0.0, 9000.0, "莘庄 - 人民广场"), (9000.0, 23_962.5, "人民广场 - end"))
    sections = [
        {"section_id": f"g2-{kind}-{k}", "line_id": "g2", "kind": kind,
         "name": name if kind == "station" else f"县{k}",
         "region_id": None if kind == "station" else f"3101{k}",
         "from_m": a, "to_m": b, "length_m": b - a, "route_length_m": b - a}
        for kind in ("station", "county") for k, (a, b, name) in enumerate(cuts)
    ]  # fmt: skip
    return {
        "structures": _table("structures", structures),
        "posts": _table("posts", [
            {"line_id": "g2", "chainage_m": m, "official_m": o, "prefix": "K", "stretch": s}
            for m, o, s in posts
        ]),
        "sections": _table("sections", sections),
    }  # fmt: skip


def section_verdicts(sections: pa.Table) -> pa.Table:
    """Verdicts of the sections: four fifths covered, the rest weak."""
    rows = []
    for section in sections.to_pylist():
        km = section["length_m"] / 1000
        amounts = {"length": km, "covered": 0.8 * km, "weak": 0.2 * km, "none": 0.0,
                   "unmeasured": 0.0}  # fmt: skip
        for operator, technology in LAYERS:
            rows.append({
                **{k: section[k] for k in ("section_id", "line_id", "kind", "region_id")},
                "class": "motorway", "operator": operator, "technology": technology,
                **{f"{k}_km": v for k, v in amounts.items()},
                **{f"route_{k}_km": v for k, v in amounts.items()},
                **interval_of(amounts, km), "answer": "fail", "simulated": True,
            })  # fmt: skip
    return _table("section_verdicts", rows)


def network_verdicts() -> pa.Table:
    """Sums by class, and of one region, with a target for one class."""
    rows = []
    for operator, technology in LAYERS:
        for scope, line_class, region in (("class", "motorway", None), ("class", "metro", None),
                                          ("region_class", "motorway", "31010")):  # fmt: skip
            target = scope == "class" and line_class == "motorway"
            rows.append({
                "scope": scope, "class": line_class, "region_id": region, "operator": operator,
                "technology": technology, "units": 1, "units_pass": 0, "units_fail": 0,
                "units_undetermined": 1, "units_expected": 0.25, "units_low": 0.0,
                "units_high": 1.0,
                **{f"{p}{k}_km": v for p in ("", "route_") for k, v in (
                    ("length", 24.0), ("covered", 14.0), ("weak", 6.0), ("none", 2.0),
                    ("unmeasured", 2.0))},
                "continuous_km": 6.0, "continuous_low_km": 0.0, "continuous_high_km": 24.0,
                "target": 20.0 if target else None, "target_unit": "km" if target else None,
                "p_target": 0.25 if target else None, "campaigns": 2, "simulated": True,
            })  # fmt: skip
    return _table("network_verdicts", rows)


def quality_verdicts() -> pa.Table:
    """Rates of one operator: of all, of a county where five drives were, of one where none was."""
    common = {
        "operator": "46000", "technology": "nr", "source": "drive", "confidence": 0.95,
        "target": 220.0, "extremes": 0, "clusters_by": "run", "simulated": True,
        "figure": "mean_downlink_mbps",
    }  # fmt: skip
    seen = {
        "value": 251.3, "low": 232.0, "high": 272.2, "without_extremes": 243.9, "extremes": 1,
        "largest": 9980.0, "tests": 1311, "runs": 5, "devices": 0, "clusters": 5,
        "probability": 0.99, "answer": "pass", "basis": "measured", "first_period": "2025-05",
        "last_period": "2025-06",
    }  # fmt: skip
    none = {"tests": 0, "runs": 0, "devices": 0, "clusters": 0, "answer": "undetermined"}
    county = {"scope": "region", "level": "city", "scope_id": "310000", "name": "Shanghai"}
    share = {"figure": "tests_share", "value": 0.93, "low": 0.88, "high": 0.96, "target": 0.95,
             "answer": "undetermined", "extremes": 0, "largest": None, "without_extremes": None,
             "probability": 0.2}  # fmt: skip
    rows = [
        {**common, "scope": "all", **seen},
        {**common, "scope": "all", **seen, **share},
        {**common, **county, **seen},
        {**common, **county, "scope_id": "320500", "name": "Suzhou", **none},
    ]
    return _table("quality_verdicts", rows)


def people_verdicts() -> pa.Table:
    """People and area of the whole, of one city and of who lives outside it."""
    rows = []
    for operator, technology in LAYERS:
        for scope, level, region, people in (
            ("all", None, None, 1000.0), ("region", "city", "310000", 800.0),
            ("outside", "city", None, 200.0),
        ):  # fmt: skip
            parts = {"covered": 0.5, "weak": 0.25, "none": 0.05, "unmeasured": 0.2}
            rows.append({
                "scope": scope, "level": level, "region_id": region,
                "name": "上海" if region else None, "operator": operator,
                "technology": technology, "people": people, "area_km2": 40.0,
                **{f"{v}_people": share * people for v, share in parts.items()},
                **{f"{v}_km2": share * 40.0 for v, share in parts.items()},
                "people_covered_share": 0.5, "area_covered_share": 0.5, "year": 2020,
                "simulated": True,
            })  # fmt: skip
    return _table("people_verdicts", rows)


def settling() -> pa.Table:
    """What would settle the line g2 in the layer any/any."""
    rows = [
        {"line_id": "g2", "operator": "any", "technology": "any", "rank": rank, "action": action,
         "from_m": 0.0, "to_m": 23_962.5, "runs": 1, "width_now": 0.14, "width_then": then,
         "p_settled": 0.4}
        for rank, action, then in ((1, "new_campaign", 0.09), (2, "same_campaign", 0.12))
    ]  # fmt: skip
    return _table("settling", rows)


def weak_spots(cells: np.ndarray, segments: pa.Table) -> pa.Table:
    pieces = shapely.from_wkb(segments.column("geometry").to_numpy())
    rows = []
    for number, (operator, technology) in enumerate((("46000", "lte"), ("46000", "lte"),
                                                     ("any", "any"))):  # fmt: skip
        section = number != 1
        hexagons = [
            shapely.Polygon([(x, y) for y, x in h3.cell_to_boundary(f"{c:x}")]) for c in cells[:3]
        ]
        shape = (
            shapely.MultiLineString(list(pieces[3:9]))
            if section
            else shapely.multipolygons([shapely.union_all(hexagons)])
            if shapely.union_all(hexagons).geom_type == "Polygon"
            else shapely.union_all(hexagons)
        )
        inside = shapely.point_on_surface(shape)
        rows.append({
            "spot_id": f"ws-{number}", "kind": "section" if section else "area",
            "operator": operator, "technology": technology,
            "line_id": "g2" if section else None, "line_name": "G2" if section else None,
            "line_class": "motorway" if section else None, "from_m": 300.0 if section else None,
            "to_m": 900.0 if section else None, "length_m": 600.0 if section else None,
            "area_m2": None if section else 40000.0, "pieces": 6 if section else 3,
            "n": 40 + number, "n_none": 4, "rsrp_mean_dbm": -117.3 + number, "rsrp_p5_dbm": -125.0,
            "sinr_mean_db": None, "probability_weak": 0.9,
            "outlook": ("lasting", "unsure", "passing")[number % 3],
            "runs": 2 if section else None, "cause": "weak_signal",
            "nearest_site_m": None, "nearest_site": None, "lon": inside.x, "lat": inside.y,
            "geometry": shape.wkb, "simulated": True,
        })  # fmt: skip
    return _table("weak_spots", rows)


def sites() -> pa.Table:
    rows = []
    for site in range(5):
        for sector in range(3):
            for operator in ("46000", "46001")[: 1 + site % 2]:
                rows.append({
                    "site_id": f"S{site}", "cell_id": f"S{site}/{sector}", "site_name": f"站{site}",
                    "operator": operator, "technology": ("lte", "nr", "nbiot")[sector],
                    "lon": 121.45 + site / 100, "lat": 31.22, "redcap": sector == 1,
                    "nbiot": sector == 2, "input": "sites", "simulated": True,
                })  # fmt: skip
    return _table("sites", rows)


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    schema = TABLES[name].schema
    return pa.Table.from_pylist([{f.name: r.get(f.name) for f in schema} for r in rows], schema)


def write(folder: Path, name: str, data: pa.Table) -> None:
    table = TABLES[name]
    write_table(folder / f"{name}.parquet", in_order(conform(data, table), table), table)


def write_tables(folder: Path, rings: int = 9, seed: int = 1) -> None:
    """Tables of a small build round Shanghai."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = cells_around(rings)
    lines, segments = lines_and_segments()
    verdicts = segment_verdicts(segments, seed + 1)
    stations = [
        {"line_id": "m1", "name": n, "chainage_m": m, "lon": 121.4 + m / 1e5, "lat": 31.19}
        for n, m in (("莘庄", 0.0), ("人民广场", 9000.0))
    ] + [{"line_id": "g2", "name": "花桥", "chainage_m": 9000.0, "lon": 121.45, "lat": 31.22}]
    parts = line_parts()
    for name, data in {
        **parts, "section_verdicts": section_verdicts(parts["sections"]),
        "network_verdicts": network_verdicts(), "settling": settling(),
        "people_verdicts": people_verdicts(),
        "quality_verdicts": quality_verdicts(),
        "cell_verdicts": cell_verdicts(cells, seed), "lines": lines, "segments": segments,
        "segment_verdicts": verdicts, "line_verdicts": line_verdicts(lines, verdicts),
        "weak_spots": weak_spots(cells, segments), "sites": sites(),
        "stations": _table("stations", stations),
    }.items():  # fmt: skip
        write(folder, name, data)
    ctx = StepContext(Tables(folder), folder, Config(), load_pack("project-default"))
    survey(ctx)
    score.run(ctx)


def run_tiles(folder: Path, out: Path | None = None, before: Path | None = None) -> StepContext:
    """Run the tiles step over a folder of tables, into it or another one; after an earlier run."""
    pack = load_pack("project-default")
    ctx = StepContext(Tables(folder), out or folder, Config(), pack, before=before)
    tiles.run(ctx)
    return ctx


def drawn(seed: int = 1) -> Path:
    """Tables of a small build and their tiles, for reading alone."""

    def make(folder: Path) -> None:
        write_tables(folder, seed=seed)
        run_tiles(folder)

    return made_once(f"handmade-{seed}", make)


def write_build(root: Path, build_id: str = "b1", seed: int = 1, publish: bool = True) -> Path:
    """Write a whole build into a workspace and serve it; its tables and tiles are copies."""
    folder = root / "builds" / build_id
    shutil.copytree(drawn(seed), folder)
    pack = load_pack("project-default")
    lon, lat = centres(cells_around(9))
    rows = {n: Tables(folder).rows(n) for n in TABLES if Tables(folder).has(n)}
    manifest = {
        "id": build_id, "created": "2026-11-21T10:00:00+00:00",
        "workspace": {"name": "hand-made", "simulated": True, "attribution": "nobody"},
        "rules": pack.model_dump(mode="json"),
        "config": Config().model_dump(mode="json"),
        "operators": {"46000": {"name": "China Mobile", "name_zh": "中国移动", "color": "#0085d0"}},
        "tables": rows, "steps": [],
        "bounds": [float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())],
    }  # fmt: skip
    write_text(folder / "build.json", json.dumps(manifest))
    (root / "covermap.toml").touch()
    if publish:
        Workspace(root).publish(build_id)
    return folder
