"""Province: how often the scorecard's intervals hold the truth of a simulated region.

SIZE is the number of worlds (8). Each has six lines, 90 villages and 30 key places; devices are
locked to 5G and drive, ride, walk about; what is true is asked of the world itself. Counted, for
each operator: lines whose interval of the covered share holds that of what was assessed; worlds
whose interval of lit villages holds the number of those that are; worlds whose interval of deeply
covered places does; and verdicts that are sure and wrong. Intervals are of 95 %; those of places
take what nobody measured as bad, and as good, so they hold the truth more often.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
from pyproj import Geod

from covermap.pipeline import BuildOptions, build
from covermap.rules import pack_text
from covermap.simulate.make import simulate
from covermap.simulate.recipe import Recipe
from covermap.simulate.world import make_world
from covermap.simulate.writers.vectors import village_features
from covermap.store import Build, Workspace

PLMNS = ("46000", "46001")
NEEDED_DBM = -105.0
AREA = {"west": 120.25, "south": 31.15, "east": 120.85, "north": 31.5}
RADIUS_M, SHARE, RESOLUTION = 500.0, 0.8, 10
SURE = 0.95
"""A village is taken as surely lit from this probability on, and as surely not from its rest."""
ROADS = (("national", 31.2), ("provincial", 31.27), ("national", 31.34), ("provincial", 31.42))
RAILS = (("hsr", 31.24), ("hsr", 31.38))


def recipe_of(seed: int) -> Recipe:
    """Give the recipe of one world."""
    lines = [
        {"id": f"line-{k}", "line_class": kind, "name": f"line {k}", "ref": f"X{k}",
         "via": [[120.3, lat], [120.55, lat + 0.03], [120.8, lat - 0.02]], "wander_m": 200}
        for k, (kind, lat) in enumerate((*ROADS, *RAILS))
    ]  # fmt: skip

    def runs(name: str, antenna: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "kind": name, "technologies": ["nr"], "antenna": antenna, **more}

    return Recipe.model_validate({
        "title": "A province (simulated)", "seed": seed, "samples": 150_000, "area": AREA,
        "operators": [
            {"plmn": plmn, "name": plmn, "name_zh": plmn, "color": "#0086d1", "nr_share": share,
             "density": density}
            for plmn, share, density in zip(PLMNS, (0.9, 0.75), (1.3, 0.9), strict=True)
        ],
        "lines": lines,
        "sites": {"city_m": 1900, "county_m": 2400, "town_m": 3200, "rural_m": 4500},
        "field": {"shadow_distance_m": 200, "floor_dbm": {"lte": -139, "nr": -125, "nbiot": -139}},
        "runs": [
            runs("drive", "roof", format="geojson-points", share=0.45, speed_kmh=70,
                 lines=[f"line-{k}" for k in range(4)]),
            runs("train", "in-train", format="geojson-points", share=0.2, speed_kmh=200,
                 lines=["line-4", "line-5"]),
            runs("crowd", "handheld", format="crowd-table", share=0.35),
        ],
        "places": {"villages": 90, "key_places": 30, "indoor_samples": 12, "population": False},
    })  # fmt: skip


def one(seed: int) -> list[dict[str, Any]]:
    """Make a world, build it, and hold what is said of it against what is true."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "world"
        recipe = recipe_of(seed)
        simulate(root, recipe)
        (root / "bench.toml").write_text(_pack(), encoding="utf-8")
        build(root, BuildOptions(rules="bench.toml", workers=1))
        current = Workspace(root).current()
        return [
            {"seed": seed, **row}
            for part in (_lines(root, current), _villages(recipe, current), _places(root, current))
            for row in part
        ]


def _pack() -> str:
    """Give the pack of 2025 without thresholds of SINR, of which the truth of places is silent."""
    text = pack_text("miit-2025").replace('id = "miit-2025"', 'id = "bench"', 1)
    return "\n".join(line for line in text.splitlines() if not line.startswith("sinr_db"))


def _lines(root: Path, current: Build) -> Iterator[dict[str, Any]]:
    """The share of measured segments that is truly covered, beside its interval."""
    truth = pd.read_parquet(root / "truth" / "segments.parquet")
    truth = truth[(truth["technology"] == "nr") & truth["operator"].isin(PLMNS)]
    truth["good"] = truth["rsrp_mean_dbm"].fillna(-999) >= NEEDED_DBM
    lines = current.read("line_verdicts", [
        "line_id", "name", "operator", "technology", "share_low", "share_high", "answer",
    ]).to_pandas()  # fmt: skip
    seen = current.read("segment_verdicts", [
        "line_id", "segment", "operator", "technology", "verdict", "length_m",
    ]).to_pandas()  # fmt: skip
    lines = lines[(lines["technology"] == "nr") & lines["operator"].isin(PLMNS)]
    for row in lines.to_dict("records"):
        own = seen[(seen["line_id"] == row["line_id"]) & (seen["operator"] == row["operator"])
                   & (seen["technology"] == "nr") & (seen["verdict"] != "unmeasured")]  # fmt: skip
        real = truth[(truth["name"] == row["name"]) & (truth["operator"] == row["operator"])]
        good = real.set_index("segment")["good"].reindex(own["segment"]).to_numpy(bool)
        share = float(np.average(good, weights=own["length_m"])) if len(own) else np.nan
        whole = float(real["good"].mean())
        wrong = {"pass": whole < 0.95, "fail": whole >= 0.95}.get(row["answer"], False)
        yield {"what": "lines", "inside": row["share_low"] <= share <= row["share_high"],
               "sure": row["answer"] != "undetermined", "wrong": wrong,
               "width": row["share_high"] - row["share_low"], "off": share}  # fmt: skip


def _villages(recipe: Recipe, current: Build) -> Iterator[dict[str, Any]]:
    """How many villages are truly lit: those assessed, and all."""
    world = make_world(recipe)
    cells = {f["properties"]["code"]: _cells(*f["geometry"]["coordinates"])
             for f in village_features(world)}  # fmt: skip
    verdicts = current.read("village_verdicts").to_pandas()
    sums = current.read("village_sums").to_pandas()
    for plmn in PLMNS:
        lit = {code: _is_lit(world, plmn, own) for code, own in cells.items()}
        own = verdicts[(verdicts["operator"] == plmn) & (verdicts["technology"] == "nr")]
        real = own["village_id"].map(lit).to_numpy(bool)
        known = own["probability"].notna().to_numpy()
        total = sums[(sums["scope"] == "all") & (sums["operator"] == plmn)
                     & (sums["technology"] == "nr")].iloc[0]  # fmt: skip
        count = int(real[known].sum())
        chance = own["probability"].to_numpy()
        sure = (chance >= SURE) | (chance <= 1 - SURE)
        yield {"what": "villages", "sure": int(sure.sum()),
               "inside": total["expected_low"] <= count <= total["expected_high"],
               "wrong": int((sure & ((chance >= SURE) != real)).sum()),
               "width": float(total["expected_high"] - total["expected_low"]), "off": count,
               "expected": float(total["expected_lit"])}  # fmt: skip


def _cells(lon: float, lat: float) -> list[str]:
    """Cells whose centre lies in the village's disc."""
    near = sorted(h3.grid_disk(h3.latlng_to_cell(lat, lon, RESOLUTION), 8))
    centres = np.array([h3.cell_to_latlng(cell) for cell in near])
    away = Geod(ellps="WGS84").inv(
        np.full(len(near), lon), np.full(len(near), lat), centres[:, 1], centres[:, 0]
    )[2]
    return [cell for cell, metres in zip(near, away, strict=True) if metres <= RADIUS_M]


def _is_lit(world: Any, plmn: str, cells: list[str]) -> bool:
    lat, lon = (np.array(v) for v in zip(*map(h3.cell_to_latlng, cells), strict=True))
    signal = world.signal_at(plmn, "nr", lon, lat)
    good = world.serves("nr", signal) & (signal.rsrp_dbm >= NEEDED_DBM)
    return bool(good.mean() >= SHARE)


def _places(root: Path, current: Build) -> Iterator[dict[str, Any]]:
    """How many places are truly deep, and which are said to be and are not."""
    truth = pd.read_parquet(root / "truth" / "key_points.parquet")
    truth = truth[truth["technology"] == "nr"]
    truth["good"] = truth["rsrp_dbm"].fillna(-999) >= NEEDED_DBM
    verdicts = current.read("place_verdicts").to_pandas()
    for plmn in PLMNS:
        deep = truth[truth["operator"] == plmn].groupby("place_id")["good"].all()
        own = verdicts[(verdicts["operator"] == plmn) & (verdicts["technology"] == "nr")]
        real = own["place_id"].map(deep).to_numpy(bool)
        low, high = own["probability_low"].sum(), own["probability_high"].sum()
        said = own["deep"].to_numpy()
        sure = said != "undetermined"
        scenes = current.read("scene_sums").to_pandas()
        total = scenes[(scenes["operator"] == plmn) & (scenes["technology"] == "nr")
                       & scenes["region_id"].isna()]  # fmt: skip
        yield {"what": "places", "sure": int(sure.sum()),
               "inside": total["low"].sum() <= real.sum() <= total["high"].sum(),
               "wrong": int((sure & ((said == "yes") != real)).sum()),
               "width": float(total["high"].sum() - total["low"].sum()), "off": int(real.sum()),
               "expected": float((low + high) / 2)}  # fmt: skip


def main() -> None:
    """Run it."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    began, rows = time.perf_counter(), []
    with ProcessPoolExecutor(2) as pool:
        for done, part in enumerate(pool.map(one, range(5000, 5000 + worlds)), start=1):
            rows += part
            left = (time.perf_counter() - began) / done * (worlds - done)
            print(f"world {done} of {worlds}, about {left / 60:.0f} min left", flush=True)
    frame = pd.DataFrame(rows)
    print(frame.groupby("what")[["inside", "sure", "wrong", "width"]].mean().round(3).to_string())
    figures: dict[str, float] = {"worlds": worlds}
    for what, own in frame.groupby("what"):
        figures[f"{what}_inside"] = round(float(own["inside"].mean()), 3)
        figures[f"{what}_intervals"] = len(own)
        wrong = own["wrong"].sum() / max(1, own["sure"].sum())
        figures[f"{what}_wrong_of_sure"] = round(float(wrong), 4)
    figures["seconds"] = round(time.perf_counter() - began, 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
