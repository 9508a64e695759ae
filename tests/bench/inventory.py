"""All of China's railways and roads into lines and segments: length, time and memory.

Run by `make bench NAME=inventory`; SIZE is the share of the input in percent (100 by default).
Each input is read in a process of its own, as the pipeline's partitions are. Peers on a crop, each
at what it does: momepy.COINS joins ways into strokes (no names, no pairing), neatnet.neatify draws
one middle line for the carriageways of a road (no identity, no chainage on the road itself).
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from covermap.steps.lines import read_lines
from covermap.workspace import Lines

DATA = Path(__file__).resolve().parents[3] / "shared/data/lines"
RAIL = "cn_rail_ways_osm.parquet"
ROADS = "cn_roads_omt_z7_2021.parquet"
NAMES = "cn_motorway_names_omt_z7.parquet"
FIELDS = {"class": "cls", "name": "name", "ref": "ref", "service": "service"}
CLASSES = {"hsr": "hsr", "rail": "rail", "subway": "metro", "tram": "tram"}
CROP = (120.6, 30.7, 122.0, 31.95)
"""The Yangtze delta, for momepy: degrees west, south, east, north."""
SMALL_CROP = (120.6, 31.2, 121.2, 31.6)
"""Around Suzhou, for neatnet."""
UTM = 32651
WIKI = "zh.wikipedia infobox, by a public list of such"
PUBLISHED_KM = {
    "京沪高铁": ("Beijing-Shanghai", 1318, "Beijing Review, 2010", None),
    "京广高速线": ("Beijing-Guangzhou", 2118, WIKI, "Hunan, Guangdong"),
    "沪昆高速线": ("Shanghai-Kunming", 2266, WIKI, "Hunan, Guizhou"),
    "兰新客专线": ("Lanzhou-Xinjiang", 1776, "Xinhua, 2014", None),
    "徐兰高速线": ("Xuzhou-Lanzhou", 1395, WIKI, "110.2-114.4 E"),
    "京哈高速线": ("Beijing-Harbin", 1198, "China Railway, 2021", None),
    "郑渝高速线": ("Zhengzhou-Chongqing", 1068, "CGTN, 2022", "Chongqing"),
    "贵广客专线": ("Guiyang-Guangzhou", 857, WIKI, "Guizhou, Guangdong"),
    "合福高速线": ("Hefei-Fuzhou", 850, WIKI, None),
    "南昆客专线": ("Nanning-Kunming", 716, WIKI, None),
    "西成客专线": ("Xi'an-Chengdu", 658, "Xinhua, 2017 (643 a month before)", None),
    "银西高速线": ("Yinchuan-Xi'an, its own track", 543, WIKI, None),
    "青盐线": ("Qingdao-Yancheng", 429, "Railway Journal, 2019", None),
    "海南西环高速线": ("Hainan western ring", 345, "China.org.cn, 2015", None),
    "徐盐客专线": ("Xuzhou-Yancheng", 313, "Railway Pro, 2019", None),
    "济青高速线": ("Jinan-Qingdao", 308, "Railway Journal, 2019", None),
    "海南东环高速线": ("Hainan eastern ring", 308, "Xinhua, 2015", None),
    "连镇线": ("Lianyungang-Zhenjiang", 304, "China Railway, 2020", None),
    "沪宁城际线": ("Shanghai-Nanjing intercity", 301, WIKI, None),
    "哈牡客专线": ("Harbin-Mudanjiang", 293, "Railway Journal, 2019", None),
    "哈齐客专线": ("Harbin-Qiqihar", 282, "en.wikipedia (281.5)", None),
    "京津城际线": ("Beijing-Tianjin with Binhai", 165, WIKI, None),
}
"""High-speed lines by the name of their track: English name, published km and its source, and where
the input has no tracks of it. Chosen by what is published, not by what is found: the lines of a
public list of such lengths, and those announced in the news that lie in one or two provinces."""
CLOSE = 0.05


INPUTS = ("rail", "motorways", "roads")


def _declared(what: str, folder: Path) -> Lines:
    """Declare an input as a user would: the names of motorways are in a file of their own."""
    if what == "rail":
        return Lines(name=what, files=(str(folder / RAIL),), fields=FIELDS, classes=CLASSES)
    motorways = what == "motorways"
    return Lines(
        name=what,
        files=(str(folder / ROADS),),
        fields={"class": "class", "tunnel": "brunnel"},
        classes={c: c for c in (("motorway",) if motorways else ("trunk", "primary"))},
        names_from=str(DATA / NAMES) if motorways else None,
    )


def measure(job: tuple[str, str]) -> dict[str, object]:
    """Read one input: km by class, named lines, seconds, peak memory of the process.

    Seconds of the processor are told too: the clock's depend on what else the machine does.
    """
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
        "cpu_seconds": time.process_time(),
        "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def thinned(folder: Path, percent: float) -> Path:
    """Write the westernmost part of each input (for a quick look) and give its folder."""
    for name in (RAIL, ROADS):
        table = gpd.read_parquet(DATA / name)
        table.cx[: np.quantile(table.bounds["minx"], percent / 100), :].to_parquet(folder / name)
    return folder


def peers() -> dict[str, float]:
    """Strokes by momepy and middle lines by neatnet beside what we make of the same ways."""
    try:
        import momepy
        import neatnet
    except ImportError:
        print("peers momepy and neatnet are not installed: skipped")
        return {}
    made: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = cropped(RAIL, CROP, folder)
        ways = ways[ways["service"].isna()].to_crs(UTM)
        measure(("rail", name))  # the first run compiles
        ours = measure(("rail", name))
        began = time.perf_counter()
        strokes = momepy.COINS(ways, angle_threshold=110).stroke_gdf()
        made["momepy_coins_seconds"] = round(time.perf_counter() - began, 1)
        made["crop_rail_seconds"] = round(float(ours["seconds"]), 1)
        print(f"{len(ways)} ways: momepy.COINS {len(strokes)} strokes, "
              f"{strokes.length.sum() / 1000:.0f} km; covermap {ours['lines']} lines, "
              f"{ours['km']['length_m'].sum():.0f} km, segments and pairing included")  # fmt: skip
        roads = cropped(ROADS, SMALL_CROP, folder, "motorway").to_crs(UTM)
        ours = measure(("motorways", name))
        began = time.perf_counter()
        warnings.simplefilter("ignore")
        middle = neatnet.neatify(roads[["geometry"]].reset_index(drop=True))
        made["neatnet_seconds"] = round(time.perf_counter() - began, 1)
        made["crop_motorway_seconds"] = round(float(ours["seconds"]), 1)
        made["neatnet_motorway_km"] = round(middle.length.sum() / 1000)
        made["crop_motorway_km"] = round(ours["km"]["route_length_m"].sum())
        print(
            f"{roads.length.sum() / 1000:.0f} km of carriageways: neatnet.neatify "
            f"{made['neatnet_motorway_km']} km, covermap {made['crop_motorway_km']} km of route"
        )
    return made


def cropped(
    name: str, box: tuple[float, float, float, float], folder: Path, only: str | None = None
) -> gpd.GeoDataFrame:
    """Write what lies in a box to a folder, and give it in single parts."""
    west, south, east, north = box
    table = gpd.read_parquet(DATA / name).cx[west:east, south:north]
    table = table[table["class"] == only] if only else table
    table.to_parquet(folder / name)
    return table.explode(ignore_index=True)


def show_named(found: pd.Series[float]) -> dict[str, int]:
    """Print found beside published lengths; count those within `CLOSE` of each other."""
    count = {"named_lines": 0, "named_whole_in_input": 0, "named_within_5_percent": 0}
    print("line, found km, published km, ratio, source; where the input lacks it")
    for line, (english, published, source, lacks) in PUBLISHED_KM.items():
        km = float(found.get(line, 0.0))
        print(f"{line} {english}: {km:.1f} {published} {km / published:.3f} {source}; {lacks}")
        count["named_lines"] += 1
        count["named_whole_in_input"] += lacks is None
        count["named_within_5_percent"] += abs(km / published - 1) <= CLOSE
    return count


def main(percent: float) -> None:
    """Measure, print tables, and one JSON line."""
    if not (DATA / RAIL).exists():
        sys.exit(f"skipped: the shared data are absent ({DATA / RAIL})")
    with tempfile.TemporaryDirectory() as name:
        folder = DATA if percent >= 100 else thinned(Path(name), percent)
        began = time.perf_counter()
        context = multiprocessing.get_context("spawn")
        got = []
        for what in INPUTS:
            with context.Pool(1) as pool:
                got.append(pool.apply(measure, ((what, str(folder)),)))
        seconds = time.perf_counter() - began
    km = pd.concat([part["km"] for part in got])
    print(km.round(0).to_string())
    close = show_named(got[0]["named"])
    beside = peers()
    route = km["route_length_m"].to_dict()
    roads = {c: round(route.get(c, 0.0)) for c in ("motorway", "trunk", "primary")}
    figures = {
        "hsr_route_km": round(route.get("hsr", 0.0)),
        "rail_route_km": round(route.get("rail", 0.0)),
        "metro_route_km": round(route.get("metro", 0.0)),
        "road_route_km": sum(roads.values()),
        **{f"{c}_route_km": v for c, v in roads.items()},
        **close,
        "lines": sum(part["lines"] for part in got),
        "segments": sum(part["segments"] for part in got),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(sum(part["cpu_seconds"] for part in got), 1),
        "peak_gb": round(max(part["gb"] for part in got), 2),
        **beside,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 100.0)
