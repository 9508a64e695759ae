"""All of China's railways and roads into lines and segments: length, time and memory.

Run by `make bench NAME=inventory`; SIZE is the share of the input in percent (100 by default).
Each input is read in a process of its own, as the pipeline's partitions are. The peer is
momepy.COINS, strokes of the same ways, on a crop.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from covermap.steps.lines import read_lines
from covermap.workspace import Lines

DATA = Path(__file__).resolve().parents[3] / "shared/data/lines"
RAIL = "cn_rail_ways_osm.parquet"
ROADS = "cn_roads_omt_z7_2021.parquet"
FIELDS = {"class": "cls", "name": "name", "ref": "ref", "service": "service"}
CLASSES = {"hsr": "hsr", "rail": "rail", "subway": "metro", "tram": "tram"}
CROP = (120.6, 30.7, 122.0, 31.95)
"""The Yangtze delta, for the peer: degrees west, south, east, north."""
PUBLISHED_KM = {
    "京沪高铁": ("Beijing-Shanghai HSR", 1318),
    "兰新客专线": ("Lanzhou-Xinjiang HSR", 1776),
    "京哈高速线": ("Beijing-Harbin HSR", 1198),
    "合福高速线": ("Hefei-Fuzhou HSR", 850),
    "青盐线": ("Qingdao-Yancheng railway", 429),
    "海南西环高速线": ("Hainan western ring HSR", 345),
    "徐盐客专线": ("Xuzhou-Yancheng HSR", 316),
    "海南东环高速线": ("Hainan eastern ring HSR", 308),
    "济青高速线": ("Jinan-Qingdao HSR", 308),
    "连镇线": ("Lianyungang-Zhenjiang HSR", 305),
    "沪宁城际线": ("Shanghai-Nanjing intercity", 301),
    "哈牡客专线": ("Harbin-Mudanjiang HSR", 300),
    "哈齐客专线": ("Harbin-Qiqihar HSR", 282),
}
"""Length as commonly stated, km. Not yet checked against a document, and these are the lines that
agreed: lines that lie in part outside the data, and two that differ by 5-12 %, are not listed."""


def _declared(what: str, folder: Path) -> Lines:
    if what == "rail":
        return Lines(name=what, files=(str(folder / RAIL),), fields=FIELDS, classes=CLASSES)
    return Lines(
        name=what, files=(str(folder / ROADS),), fields={"class": "class", "tunnel": "brunnel"}
    )


def measure(job: tuple[str, str]) -> dict[str, object]:
    """Read one input: km by class, named lines, seconds, peak memory of the process."""
    what, folder = job
    began = time.perf_counter()
    made = read_lines(Path(folder), (_declared(what, Path(folder)),))
    seconds = time.perf_counter() - began
    frame = made.lines.drop_columns(["geometry"]).to_pandas()
    km = frame.groupby("class")[["length_m", "route_length_m"]].sum() / 1000
    named = frame[frame["class"] == "hsr"].groupby("name")["route_length_m"].sum() / 1000
    return {
        "km": km,
        "named": named,
        "lines": len(frame),
        "segments": made.segments.num_rows,
        "seconds": seconds,
        "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def thinned(folder: Path, percent: float) -> Path:
    """Write the westernmost part of each input (for a quick look) and give its folder."""
    for name in (RAIL, ROADS):
        table = gpd.read_parquet(DATA / name)
        table.cx[: np.quantile(table.bounds["minx"], percent / 100), :].to_parquet(folder / name)
    return folder


def peer() -> None:
    """Show strokes by momepy and courses by ours, of the same railways of a crop."""
    try:
        import momepy
    except ImportError:
        print("peer momepy is not installed: skipped")
        return
    west, south, east, north = CROP
    ways = gpd.read_parquet(DATA / RAIL).cx[west:east, south:north]
    ways = ways[ways["service"].isna()].explode(ignore_index=True)
    began = time.perf_counter()
    strokes = momepy.COINS(ways.to_crs(32651), angle_threshold=110).stroke_gdf()
    theirs = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        ways.to_parquet(Path(folder) / RAIL)
        ours = measure(("rail", folder))
    print(f"{len(ways)} ways: momepy.COINS {theirs:.1f} s, {len(strokes)} strokes;", end=" ")
    print(f"covermap {ours['seconds']:.1f} s, {ours['lines']} lines (segments, pairing included)")


def main(percent: float) -> None:
    """Measure, print tables, and one JSON line."""
    if not (DATA / RAIL).exists():
        sys.exit(f"skipped: the shared data are absent ({DATA / RAIL})")
    with tempfile.TemporaryDirectory() as name:
        folder = DATA if percent >= 100 else thinned(Path(name), percent)
        began = time.perf_counter()
        context = multiprocessing.get_context("spawn")
        got = []
        for what in ("rail", "roads"):
            with context.Pool(1) as pool:
                got.append(pool.apply(measure, ((what, str(folder)),)))
        seconds = time.perf_counter() - began
    km = pd.concat([part["km"] for part in got])
    print(km.round(0).to_string())
    named = got[0]["named"]
    for line, (english, published) in PUBLISHED_KM.items():
        found = f"{named[line]:.0f} km" if line in named.index else "not in the input"
        print(f"{line} {english}: {found}, published {published} km")
    peer()
    route = km["route_length_m"].to_dict()
    roads = {c: round(route.get(c, 0.0)) for c in ("motorway", "trunk", "primary")}
    figures = {
        "hsr_route_km": round(route.get("hsr", 0.0)),
        "rail_route_km": round(route.get("rail", 0.0)),
        "metro_route_km": round(route.get("metro", 0.0)),
        "road_route_km": sum(roads.values()),
        **{f"{c}_route_km": v for c, v in roads.items()},
        "lines": sum(part["lines"] for part in got),
        "segments": sum(part["segments"] for part in got),
        "seconds": round(seconds, 1),
        "peak_gb": round(max(part["gb"] for part in got), 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 100.0)
