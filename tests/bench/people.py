"""People of cells: time beside exactextract, totals kept, and the people of China by province.

SIZE cells (1 000 000) of resolution 9 in one block of China round Zhengzhou take their people from
WorldPop's raster of 10 km pixels (real inputs beside the project; without them a made-up raster of
the same shape). The same is done on a made-up raster of 100 m pixels under it. exactextract gets
the first PEER cells as polygons ready made, sum by exact area, in the same run, in both of its
strategies once, and is taken at the faster one; the ratio is of times per cell, and the largest
difference in people is told. Ours: median of REPEATS. One process each. Compiled kernels are loaded
before. From 5 million cells on, one run is made.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import exactextract
import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.transform import Affine

from covermap.core.cells import boundaries, cells_at, descendants
from covermap.formats.rasters import open_raster
from covermap.steps.people.reading import read_people
from covermap.steps.people.sharing import reach, share_out
from covermap.tables import REGIONS, empty
from covermap.workspace import Population

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from provinces import provinces_in

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("COVERMAP_REAL_DATA", PROJECT.parent / "shared" / "data"))
RASTER, PROVINCES = DATA / "rasters/CHN_2020_10km.tif", DATA / "admin/cn_admin_polygons.parquet"
RESOLUTION = 9
PEER = 20_000
STRATEGIES = ("feature-sequential", "raster-sequential")
REPEATS = 3
MIDDLE = (113.6, 34.7)
FINE_DEG = 1 / 1200


def cells_round_the_middle(count: int) -> Any:
    """So many cells of one block, ascending: whole cells of resolution 3 and a part of the last."""
    reach_deg = 0.25 * np.sqrt(count / 17_000) + 1.5
    axis = np.arange(-reach_deg, reach_deg, 0.1)
    lon, lat = (v.ravel() for v in np.meshgrid(MIDDLE[0] + axis, MIDDLE[1] + axis))
    coarse = cells_at(lon, lat, 3)
    order = np.argsort(np.hypot(lon - MIDDLE[0], lat - MIDDLE[1]), kind="stable")
    near = pd.unique(coarse[order])[: -(-count // 7**6) + 1]
    found = descendants(near, RESOLUTION)
    if len(found) < count:
        raise SystemExit(f"only {len(found)} cells")
    return found[:count]


def made_raster(path: Path, shape: tuple[int, int], affine: Affine) -> Path:
    """People per pixel, made up."""
    values = np.random.default_rng(1).exponential(2.0, shape).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", height=shape[0], width=shape[1], count=1, dtype="float32",
        crs="EPSG:4326", transform=affine, tiled=True, compress="lzw",
    ) as raster:  # fmt: skip
        raster.write(values, 1)
    return path


def share(path: Path, cells: Any) -> Any:
    with open_raster(path, path.name) as raster:
        return share_out(raster, "count", cells, reach(raster)).people


def peer(path: Path, shapes: gpd.GeoDataFrame, strategy: str) -> Any:
    with rasterio.open(path) as raster:
        found = exactextract.exact_extract(
            raster, shapes, ["sum"], strategy=strategy, output="pandas"
        )
    return found["sum"].fillna(0.0).to_numpy(float)


def timed(work: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, Any]:
    """Median of seconds, and the last result."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), result


def compare(name: str, path: Path, cells: Any) -> dict[str, float]:
    share(path, cells[:1000])
    ours, people = timed(lambda: share(path, cells), REPEATS if len(cells) < 5e6 else 1)
    few = cells[: min(PEER, len(cells))]
    shapes = gpd.GeoDataFrame(
        {"id": [str(c) for c in few.tolist()]}, geometry=boundaries(few).polygons(), crs=4326
    )
    runs = [timed(lambda s=s: peer(path, shapes, s), 1) for s in STRATEGIES]
    theirs, other = min(runs, key=lambda run: run[0])
    ratio = (theirs / len(few)) / (ours / len(cells))
    difference = float(np.abs(other - people[: len(few)]).max())
    print(
        f"{name}: {len(cells)} cells {ours:.2f} s; exactextract {len(few)} cells {theirs:.2f} s; "
        f"{ratio:.1f} times as fast a cell; largest difference {difference:.2g} people"
    )
    return {f"{name}_s": round(ours, 2), f"{name}_ratio_to_exactextract": round(ratio, 1)}


def whole_raster(path: Path) -> dict[str, float]:
    """Count the whole raster by province; print it; how much of the total is kept."""
    regions = provinces_in(DATA) if PROVINCES.is_file() else empty(REGIONS)
    declared = Population(files=(path.name,), kind="count")
    seconds, got = timed(lambda: read_people(declared, [path], regions, path.parent, 10), 1)
    cells, (raster,) = got.counting.to_pandas(), got.population.to_pylist()
    sums = cells.groupby(cells["province"].fillna("outside"))["people"].sum()
    for row in regions.to_pylist():
        print(f"{sums.get(row['region_id'], 0.0) / 1e6:10.3f} M  {row['name']}")
    print(f"{sums.get('outside', 0.0) / 1e6:10.3f} M  outside\n{sums.sum() / 1e6:10.3f} M  in all")
    kept = float(cells["people"].sum() / raster["people"])
    return {"total_m": round(raster["people"] / 1e6, 3), "lost_share": abs(1 - kept),
            "counting_cells": len(cells), "counting_s": round(seconds, 1)}  # fmt: skip


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    cells = cells_round_the_middle(size)
    with tempfile.TemporaryDirectory() as folder:
        path = RASTER
        if not path.is_file():
            print(f"no {path}: a made-up raster instead")
            affine = Affine(1 / 12, 0, 73.58, 0, -1 / 12, 53.59)
            path = made_raster(Path(folder) / "a.tif", (425, 734), affine)
        figures: dict[str, Any] = {"cells": len(cells), "source": path.name}
        figures |= whole_raster(path) | compare("pixels_10km", path, cells)
        side = 6000
        corner = MIDDLE[0] - side / 2 * FINE_DEG, MIDDLE[1] + side / 2 * FINE_DEG
        affine = Affine(FINE_DEG, 0, corner[0], 0, -FINE_DEG, corner[1])
        fine = made_raster(Path(folder) / "fine.tif", (side, side), affine)
        over = cells_at(
            *np.random.default_rng(2)
            .uniform(
                (corner[0] + 0.1, corner[1] - 4.9), (corner[0] + 4.9, corner[1] - 0.1), (4000, 2)
            )
            .T,
            5,
        )
        own = descendants(np.unique(over), RESOLUTION)[: len(cells)]  # fmt: skip
        figures |= {"cells_100m": len(own)} | compare("pixels_100m", fine, own)
    figures["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
