"""Villages of China: judged from the cube's cells and rolled up to provinces; time and memory.

SIZE villages (620 573: all) with their real statistical codes (inputs beside the project; without
them made-up codes of 31 provinces). They have no coordinates, so each is put at a random place in
the polygon of its district. Round a tenth of them (whole counties) cells of resolution 10 are
simulated for three operators of 5G: the cube of evidence is written, its cells are judged
(`cells_seconds`, told apart), and then, in a process of its own, villages are judged in every layer
and summed by township, county, city and province (`seconds`, the step of a build whole: reading
tables, writing them). `peak_gb` is the most memory of that process.

The peer is the plain way with geopandas and pandas on PEER villages and their cells, ready in
memory: a buffer of 500 m, a spatial join with the middles of cells, the share of covered cells by
group, and groups by leading digits of the code. It gives no probabilities and no intervals. Its
time is told per village and scaled (`peer_seconds_scaled`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.cells import cells_at, centres
from covermap.core.cube.counts import NO_BIN, Counts, counted, shard_cell, shards_of
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.shards import write_shard
from covermap.steps import judge, villages
from covermap.store import Tables, write_table
from covermap.tables import CELL_EVIDENCE, REGIONS, VILLAGES, conform, in_order
from covermap.workspace import Config

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("COVERMAP_REAL_DATA", PROJECT.parent / "shared" / "data"))
CODES = DATA / "villages/cn_villages_codes.csv.xz"
POLYGONS = DATA / "admin/cn_admin_polygons.parquet"
ALL = 620_573
PACK = "village-each-operator"
OPERATORS = ("46000", "46001", "46011")
MEASURED = 0.1
POINTS = 30
RADIUS_M = 500.0
PEER = 20_000
PERIOD = "2026-01"


def read_codes(size: int) -> pd.DataFrame:
    """Real codes and names, or made-up ones; every n-th where fewer than all are asked for."""
    if not CODES.is_file():
        number = np.arange(size)
        province = 11 + number % 31
        code = [f"{p:02d}01{n // 31 % 90 + 1:02d}{n // 3000 % 999:03d}{n % 999:03d}"
                for p, n in zip(province, number, strict=True)]  # fmt: skip
        return pd.DataFrame({"code": code, "name": "made up"}).drop_duplicates("code")
    codes = pd.read_csv(CODES, dtype=str, usecols=["code", "name"])
    return codes.iloc[:: max(1, len(codes) // size)].head(size).reset_index(drop=True)


def scattered(codes: pd.Series) -> tuple[np.ndarray, np.ndarray, int]:
    """Put each village into the polygon of its district, else of its province; count the latter."""
    if not POLYGONS.is_file():
        source = np.random.default_rng(1)
        return source.uniform(100, 120, len(codes)), source.uniform(23, 40, len(codes)), 0
    shapes = gpd.read_parquet(POLYGONS).set_index("adcode")["geometry"]
    shapes.index = shapes.index.astype(str)
    lon, lat = np.full(len(codes), np.nan), np.full(len(codes), np.nan)
    source, coarse = np.random.default_rng(1), 0
    for district, rows in codes.groupby(codes.str[:6]).indices.items():
        known = str(district) in shapes.index
        coarse += 0 if known else len(rows)
        shape = shapes[str(district) if known else f"{str(district)[:2]}0000"]
        lon[rows], lat[rows] = _inside(shape, len(rows), source)
    return lon, lat, coarse


def _inside(shape: Any, count: int, source: np.random.Generator) -> tuple[Any, Any]:
    shapely.prepare(shape)
    west, south, east, north = shape.bounds
    found = np.zeros((0, 2))
    while len(found) < count:
        drawn = source.uniform((west, south), (east, north), (4 * count + 16, 2))
        found = np.vstack([found, drawn[shapely.contains_xy(shape, drawn[:, 0], drawn[:, 1])]])
    return found[:count, 0], found[:count, 1]


def write_cube(folder: Path, lon: Any, lat: Any) -> int:
    """Write evidence of cells at random places round villages; give the number of cells."""
    source = np.random.default_rng(2)
    count = len(lon) * POINTS
    turn, away = source.uniform(0, 2 * np.pi, count), RADIUS_M * np.sqrt(source.random(count))
    at_lat = np.repeat(lat, POINTS)
    x = np.repeat(lon, POINTS) + np.degrees(away * np.cos(turn) / 6.37e6) / np.cos(
        np.radians(at_lat)
    )
    cells, first = np.unique(
        cells_at(x, at_lat + np.degrees(away * np.sin(turn) / 6.37e6), 10), return_index=True
    )
    of = np.repeat(np.arange(len(lon)), POINTS)[first]
    groups = tuple((PERIOD, operator, "nr", "drive") for operator in OPERATORS)
    parts = []
    for number in range(len(groups)):
        level = source.normal(-100, 9, len(lon))[of] + source.normal(0, 5, len(cells))
        for step in (0, 3):  # two bins a cell, two samples in each
            bins = np.floor(level + step).astype(np.int16)
            parts.append((np.full(len(cells), number, np.int32), cells, bins))
    group, cell, level_bin = (np.concatenate(c) for c in zip(*parts, strict=True))
    two = np.full(len(cell), 2, np.int64)
    whole = counted(
        Counts(groups, group, cell, level_bin, np.full(len(cell), NO_BIN, np.int16), two,
               level_bin * 200 + 100, two * 0)
    )  # fmt: skip
    (folder / CELL_EVIDENCE.name).mkdir()
    shard = shards_of(whole.cell)
    for one in np.unique(shard).tolist():
        rows = slice(*np.searchsorted(shard, [one, one + 1]).tolist())
        name = f"{shard_cell(one):x}"
        path = folder / CELL_EVIDENCE.name / f"{name}.{PERIOD}.parquet"
        write_shard(path, whole.take(rows), CELL_EVIDENCE, name)
    return len(cells)


def write_villages(folder: Path, codes: pd.DataFrame, lon: Any, lat: Any) -> None:
    table = pa.table(
        {
            "village_id": codes["code"], "code": codes["code"], "name": codes["name"],
            "population": pa.nulls(len(codes), pa.float64()),
            "geometry": pa.array(shapely.to_wkb(shapely.points(lon, lat)), pa.binary()),
            "input": ["bench"] * len(codes), "simulated": [True] * len(codes),
        }
    )  # fmt: skip
    write_table(folder / "villages.parquet", in_order(conform(table, VILLAGES), VILLAGES), VILLAGES)
    write_table(folder / "regions.parquet", REGIONS.schema.empty_table(), REGIONS)


def context(folder: Path) -> StepContext:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return StepContext(Tables(folder), out, Config(), load_pack(PACK), root=folder)


def judge_cells(folder: Path) -> float:
    ctx = context(folder)
    began = time.perf_counter()
    judge.run_cells(ctx)
    seconds = time.perf_counter() - began
    (ctx.out / "cell_verdicts").rename(folder / "cell_verdicts")
    return seconds


def step(folder: Path) -> dict[str, float]:
    """Judge villages, in this process alone: kernels are loaded before."""
    ctx = context(folder)
    small = folder / "small"
    small.mkdir()
    few = Tables(folder).read("villages").slice(0, 50)
    write_table(small / "villages.parquet", few, VILLAGES)
    villages.run(context(small))
    before = peak_gb()
    began = time.perf_counter()
    villages.run(ctx)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "peak_gb": peak_gb(), "code_gb": before}


def peak_gb() -> float:
    """Most memory of this process so far; what its parent took before it is not counted."""
    status = Path("/proc/self/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024**2


def peer(folder: Path, measured: Any, codes: pd.DataFrame, lon: Any, lat: Any) -> float:
    """Time the plain way on the first PEER measured villages, seconds a village."""
    rows = np.flatnonzero(measured)[:PEER]
    cells = Tables(folder).read("cell_verdicts", ["cell", "operator", "technology", "verdict"])
    frame = cells.to_pandas()
    frame = frame[(frame["technology"] == "nr") & frame["operator"].isin(OPERATORS)]
    x, y = centres(frame["cell"].to_numpy())
    near = (x >= lon[rows].min()) & (x <= lon[rows].max())
    near &= (y >= lat[rows].min()) & (y <= lat[rows].max())
    points = gpd.GeoDataFrame(frame[near], geometry=gpd.points_from_xy(x[near], y[near]), crs=4326)
    places = gpd.GeoDataFrame(
        {"code": codes["code"].to_numpy()[rows]},
        geometry=gpd.points_from_xy(lon[rows], lat[rows]), crs=4326,
    )  # fmt: skip
    began = time.perf_counter()
    areas = places.to_crs(3857)
    # Web Mercator stretches lengths by the secant of latitude
    stretch = 1 / np.cos(np.radians(lat[rows]))
    areas["geometry"] = areas.buffer(RADIUS_M * stretch)
    joined = gpd.sjoin(points.to_crs(3857), areas, predicate="within")
    joined["covered"] = joined["verdict"] == "covered"
    share = joined.groupby(["code", "operator"])["covered"].mean().reset_index()
    share["lit"] = share["covered"] >= 0.8
    for digits in (9, 6, 4, 2):
        share.groupby([share["code"].str[:digits], "operator"])["lit"].agg(["sum", "size"])
    return (time.perf_counter() - began) / len(rows)


def main(size: int) -> None:
    codes = read_codes(size)
    lon, lat, coarse = scattered(codes["code"])
    source = np.random.default_rng(3)
    counties = codes["code"].str[:6]
    chosen = counties.drop_duplicates().sample(frac=MEASURED, random_state=source)
    measured = counties.isin(set(chosen)).to_numpy()
    with tempfile.TemporaryDirectory(prefix="villages-") as name:
        folder = Path(name)
        cells = write_cube(folder, lon[measured], lat[measured])
        write_villages(folder, codes, lon, lat)
        print(f"{len(codes)} villages, {int(measured.sum())} of them with {cells} cells around")
        cells_seconds = judge_cells(folder)
        print(f"cells judged in {cells_seconds:.1f} s")
        said = subprocess.run(
            [sys.executable, __file__, "--step", name], check=True, capture_output=True, text=True
        )
        figures = json.loads(said.stdout.splitlines()[-1])
        out = Tables(folder / "out")
        sums = out.read("village_sums").to_pandas()
        provinces = sums[(sums["level"] == "province") & (sums["operator"] == "any")
                         & (sums["technology"] == "any")]  # fmt: skip
        print(
            provinces[
                [
                    "region_id",
                    "villages",
                    "lit",
                    "weak",
                    "dark",
                    "unmeasured",
                    "expected_lit",
                    "expected_low",
                    "expected_high",
                ]
            ].to_string(index=False)
        )
        plain = peer(folder, measured, codes, lon, lat)
        whole = sums[(sums["scope"] == "all") & (sums["operator"] == "any")
                     & (sums["technology"] == "any")].iloc[0]  # fmt: skip
        done = {
            "villages": len(codes),
            "seconds": round(figures["seconds"], 2),
            "peak_gb": round(figures["peak_gb"], 2),
            "of_it_code_gb": round(figures["code_gb"], 2),
            "verdicts": out.rows("village_verdicts"),
            "sums": out.rows("village_sums"),
            "provinces": len(provinces),
            "measured_villages": int(measured.sum()),
            "assessed": int(whole["assessed"]),
            "cells": cells,
            "cells_seconds": round(cells_seconds, 2),
            "by_province_polygon": coarse,
            "peer_us_a_village": round(1e6 * plain, 1),
            "peer_seconds_scaled": round(plain * measured.sum(), 1),
            "peer": "geopandas buffer + sjoin + pandas groupby, shares only",
            "real_codes": CODES.is_file(),
        }
    print(json.dumps(done))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(step(Path(sys.argv[2]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ALL)
