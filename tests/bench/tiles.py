"""Tiles of cells: covermap beside freestiler and tippecanoe, the same cells, zooms 4 to 12.

SIZE cells (200 000) of resolution 10 round Shanghai, one layer, simulated figures. Every writer
starts from a file on disk and ends with a PMTiles archive, with all cores: covermap from its table
of verdicts (ids of cells: it works out the hexagons itself) with all the properties of its recipe;
freestiler from GeoParquet and tippecanoe from newline-delimited GeoJSON read in parallel, both with
hexagons ready made and six properties (h3, verdict, n, share, rsrp, area_m2). Making those files is
not timed, nor is the loading of covermap's compiled kernels. Each peer runs in two ways, and is
taken at its best in each figure: `all` draws every cell at every zoom (tippecanoe: no limit of
features or bytes), `drop` is its own way to thin out (freestiler: drop_rate 2.5; tippecanoe:
--drop-densest-as-needed, tiles up to 500 kB). As neither makes coarser cells, freestiler is also
given covermap's own pyramid, a layer a resolution, so that it draws the very same features
(`ratio_to_freestiler_same_cells`). Medians of REPEATS for covermap and `all`, one run of `drop`.

`sums_equal`: the area by verdict of covermap's archive, decoded and each feature counted once, is
the same whole number at every zoom. What the peers' archives add up to is printed zoom by zoom.

With a second argument `alone`, covermap alone makes SIZE cells into zooms 0 to its last in one
build and prints seconds, megabytes and peak memory (a process a core); a third is the number of
layers, 1 to 3: two operators, and any of them with the best and the worst in each cell.
"""

from __future__ import annotations

import gzip
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import freestiler
import geopandas
import h3
import numpy as np
import pyarrow as pa
from mapbox_vector_tile.Mapbox import vector_tile_pb2
from pmtiles.reader import MmapSource, all_tiles

from covermap.core.cells import areas_m2, boundaries
from covermap.core.tiles.pyramid import merged, roll_up, shown, tally
from covermap.engine import workers_of
from covermap.engine.step import StepContext
from covermap.formats.recipe import Recipe, load_recipe
from covermap.rules import load_pack
from covermap.steps import tiles
from covermap.store import Tables, write_table
from covermap.tables import CELL_VERDICTS, VERDICTS, conform
from covermap.workspace import Config

ZOOMS = (4, 12)
REPEATS = 3
CENTRE = (31.23, 121.47)
RESOLUTION = 10
PER_PART = 2_000_000


def cells_of(size: int) -> np.ndarray:
    """Cells round a place, ascending: whole cells of resolution 5, each with all its own."""
    above, each = RESOLUTION - 5, 7 ** (RESOLUTION - 5)
    rings = int(np.ceil(np.sqrt(size / each / 3))) + 1
    disk = h3.grid_disk(h3.latlng_to_cell(*CENTRE, RESOLUTION - above), rings)
    parents = np.array(sorted(int(c, 16) for c in disk), np.int64)
    number = np.arange(each)
    digits = np.zeros(each, np.int64)
    for level in range(above):
        digits |= (number // 7**level % 7) << (3 * (15 - RESOLUTION + level))
    clear = ~((1 << (3 * (15 - 5))) - (1 << (3 * (15 - RESOLUTION)))) & ~(0xF << 52)
    base = (parents & clear) | (RESOLUTION << 52)
    return np.sort((base[:, None] | digits).ravel())[:size]


def figures_of(cells: np.ndarray) -> dict[str, np.ndarray]:
    """Simulated figures like those of drives: levels change slowly from cell to cell."""
    random = np.random.default_rng(0)
    n = len(cells)
    slow = np.repeat(random.normal(0, 9, n // 49 + 1), 49)[:n]
    rsrp = np.round(-97 + slow + random.normal(0, 5, n), 2)
    count = random.geometric(0.05, n)
    share = np.round(np.clip((rsrp + 125) / 40 + random.normal(0, 0.1, n), 0, 1), 4)
    code = np.select([count < 3, rsrp < -122, share < 0.8], [3, 2, 1], 0)
    return {"n": count, "rsrp": rsrp, "share": share, "code": code,
            "area_m2": np.rint(areas_m2(cells)).astype(np.int64)}  # fmt: skip


ONE = (("46000", "lte"),)
SEVERAL = (("any", "any"), ("46000", "any"), ("46001", "any"))


def write_cells(
    folder: Path,
    cells: np.ndarray,
    figures: dict[str, np.ndarray],
    layers: tuple[tuple[str, str], ...] = ONE,
) -> None:
    """Write the table that covermap draws from, in parts; each layer has other figures."""
    for first in range(0, len(cells), PER_PART):
        path = folder / "cell_verdicts" / f"{first // PER_PART:04d}.parquet"
        part = slice(first, first + PER_PART)
        tables = (
            one_layer(cells[part], {k: np.roll(v[part], 1000 * number) for k, v in figures.items()},
                      *layer)
            for number, layer in enumerate(sorted(layers))
        )  # fmt: skip
        batches = (batch for table in tables for batch in table.to_batches())
        write_table(path, batches, CELL_VERDICTS)


def one_layer(
    cells: np.ndarray, of: dict[str, np.ndarray], operator: str, technology: str
) -> pa.Table:
    """Give the rows of one layer."""
    size, unknown = len(of["n"]), of["code"] == 3
    return conform(
        pa.table({
            "cell": cells, "area_m2": areas_m2(cells),
            "operator": pa.repeat(operator, size), "technology": pa.repeat(technology, size),
            "verdict": pa.array(VERDICTS).take(pa.array(of["code"])),
            "probability": pa.array(of["share"], mask=unknown), "n": of["n"],
            "n_none": np.zeros(size, np.int64), "rsrp_mean_dbm": of["rsrp"],
            "share": pa.array(of["share"], mask=unknown),
        }),
        CELL_VERDICTS,
    )  # fmt: skip


def write_for_peers(
    folder: Path, cells: np.ndarray, figures: dict[str, np.ndarray]
) -> geopandas.GeoDataFrame:
    """Write the same cells as hexagons."""
    frame = geopandas.GeoDataFrame(
        {"h3": [f"{c:x}" for c in cells], "verdict": np.array(VERDICTS)[figures["code"]],
         "n": figures["n"], "share": np.round(figures["share"], 3),
         "rsrp": np.round(figures["rsrp"], 1), "area_m2": figures["area_m2"]},
        geometry=boundaries(cells).polygons(), crs=4326,
    )  # fmt: skip
    frame.to_parquet(folder / "cells.parquet")
    frame.to_file(folder / "cells.geojsonl", driver="GeoJSONSeq")
    return frame


def levels_of(
    cells: np.ndarray, figures: dict[str, np.ndarray]
) -> dict[str, freestiler.FreestileLayer]:
    """Give covermap's pyramid as layers for freestiler, one a resolution."""
    finest = tally(
        figures["area_m2"], figures["code"].astype(np.int8), figures["n"], figures["share"],
        figures["rsrp"], figures["share"], figures["n"],
    )  # fmt: skip
    zooms: dict[int, list[int]] = defaultdict(list)
    for said in load_recipe("cells").layers["cells"].zooms:
        if ZOOMS[0] <= said.zoom <= ZOOMS[1]:
            zooms[min(said.resolution or 0, RESOLUTION)].append(said.zoom)
    layers = {}
    for resolution, at in zooms.items():
        above, starts = roll_up(cells, resolution)
        places = shown(merged(finest, starts))
        columns = {"h3": [f"{c:x}" for c in above], "area_m2": places["covered_size"].to_numpy()}
        columns |= {k: places[k].to_pandas() for k in ("verdict", "n", "share", "rsrp")}
        frame = geopandas.GeoDataFrame(columns, geometry=boundaries(above).polygons(), crs=4326)
        layers[f"r{resolution}"] = freestiler.FreestileLayer(frame, min(at), max(at))
    return layers


def ours(source: Path, out: Path, whole: bool = False) -> dict[str, Any]:
    """Run covermap's step over the table; give its report."""

    def recipe(kind: str) -> Recipe:
        found = load_recipe(kind)
        if kind != "cells" or whole:
            return found
        drawn = found.layers["cells"]
        some = tuple(z for z in drawn.zooms if ZOOMS[0] <= z.zoom <= ZOOMS[1])
        return found.model_copy(
            update={"layers": {"cells": drawn.model_copy(update={"zooms": some})}}
        )

    tiles.load_recipe = recipe  # type: ignore[attr-defined]
    out.mkdir(exist_ok=True)
    with workers_of() as workers:
        ctx = StepContext(Tables(source), out, Config(), load_pack("project-default"), workers)
        tiles.run(ctx)
    return ctx.report


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of some work."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def tippecanoe(source: Path, out: Path, *options: str) -> None:
    """Run tippecanoe; an error of it ends the benchmark."""
    subprocess.run(
        ["tippecanoe", "-q", "-f", "-P", "-o", str(out), "-l", "cells", f"-Z{ZOOMS[0]}",
         f"-z{ZOOMS[1]}", *options, str(source)],
        check=True, capture_output=True,
    )  # fmt: skip


def sums(
    path: Path, sizes: Callable[[dict[str, Any]], Iterable[tuple[str, int]]]
) -> dict[int, dict[str, int]]:
    """Area by verdict at each zoom of an archive; every cell counts once a zoom."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(VERDICTS, 0))
    seen: dict[int, set[str]] = defaultdict(set)
    tile = vector_tile_pb2.tile()
    with path.open("rb") as stream:
        for (zoom, _, _), data in all_tiles(MmapSource(stream)):
            tile.ParseFromString(gzip.decompress(data))
            for layer in tile.layers:
                keys = list(layer.keys)
                values = [getattr(v, v.ListFields()[0][0].name) for v in layer.values]
                for feature in layer.features:
                    tags = list(feature.tags)
                    row = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
                    if row["h3"] in seen[zoom]:
                        continue
                    seen[zoom].add(row["h3"])
                    for verdict, area in sizes(row):
                        found[zoom][verdict] += area
    return dict(sorted(found.items()))


def main(size: int) -> dict[str, object]:
    """Time everybody; give the figures."""
    cells = cells_of(size)
    figures = figures_of(cells)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cells(folder, cells, figures)
        write_cells(folder / "warm", cells[:1000], figures_of(cells[:1000]))
        write_for_peers(folder, cells, figures)
        ours(folder / "warm", folder / "warm_out")
        out = {
            k: folder / f"{k}.pmtiles"
            for k in (
                "freestiler_all",
                "freestiler_drop",
                "tippecanoe_all",
                "tippecanoe_drop",
                "same",
            )
        }
        out["covermap"] = folder / "out" / "tiles" / "cells.46000.lte.pmtiles"
        lowest, highest = ZOOMS
        free = {"min_zoom": lowest, "max_zoom": highest, "quiet": True}
        levels = levels_of(cells, figures)
        geojson, parquet = folder / "cells.geojsonl", folder / "cells.parquet"
        limits = ("--no-feature-limit", "--no-tile-size-limit", "--no-tiny-polygon-reduction")
        took = {
            "covermap": seconds(lambda: ours(folder, folder / "out"), REPEATS),
            "freestiler_all": seconds(
                lambda: freestiler.freestile_file(parquet, out["freestiler_all"], **free), REPEATS
            ),
            "freestiler_drop": seconds(
                lambda: freestiler.freestile_file(
                    parquet, out["freestiler_drop"], drop_rate=2.5, **free
                ), 1),
            "same": seconds(lambda: freestiler.freestile(levels, out["same"], **free), REPEATS),
            "tippecanoe_all": seconds(
                lambda: tippecanoe(geojson, out["tippecanoe_all"], *limits), REPEATS
            ),
            "tippecanoe_drop": seconds(
                lambda: tippecanoe(geojson, out["tippecanoe_drop"], "--drop-densest-as-needed"), 1
            ),
        }  # fmt: skip
        megabytes = {k: path.stat().st_size / 1e6 for k, path in out.items()}
        for who, value in took.items():
            print(f"{who:16} {value:6.2f} s {megabytes[who]:7.2f} MB")
        equal = compare(out, figures)
    return {
        "ratio_to_freestiler": best(took, "freestiler") / took["covermap"],
        "ratio_to_tippecanoe": best(took, "tippecanoe") / took["covermap"],
        "ratio_to_freestiler_same_cells": took["same"] / took["covermap"],
        "seconds": took["covermap"],
        "archive_mb": megabytes["covermap"],
        "smallest_peer_mb": min(v for k, v in megabytes.items() if k not in ("covermap", "same")),
        "sums_equal": equal,
    }


def best(took: dict[str, float], peer: str) -> float:
    """Seconds of a peer in the faster of its ways."""
    return min(value for who, value in took.items() if who.startswith(peer))


def compare(out: dict[str, Path], figures: dict[str, np.ndarray]) -> bool:
    """Print what each archive adds up to; whether covermap's is the truth at every zoom."""
    truth = {v: int(figures["area_m2"][figures["code"] == k].sum())
             for k, v in enumerate(VERDICTS)}  # fmt: skip
    whole = sum(truth.values())
    own = sums(out["covermap"], lambda row: [(v, row.get(f"{v}_m2", 0)) for v in VERDICTS])
    print("share of the true area that each zoom adds up to")
    print("covermap        ", {z: sum(s.values()) / whole for z, s in own.items()})
    for who in ("freestiler_all", "freestiler_drop", "tippecanoe_all", "tippecanoe_drop"):
        found = sums(out[who], lambda row: [(row["verdict"], row["area_m2"])])
        print(f"{who:16}", {z: round(sum(s.values()) / whole, 4) for z, s in found.items()})
    return list(own) == list(range(ZOOMS[0], ZOOMS[1] + 1)) and all(
        s == truth for s in own.values()
    )


def alone(size: int, layers: int) -> dict[str, object]:
    """Make one build of many cells; give time, size and peak memory."""
    cells = cells_of(size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cells(folder, cells, figures_of(cells), SEVERAL[:layers] if layers > 1 else ONE)
        del cells
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report: dict[str, Any] = {}
        took = seconds(lambda: report.update(ours(folder, folder / "out", whole=True)), 1)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "cells": size, "layers": layers, "seconds": took, "archive_mb": report["bytes"] / 1e6,
        "tiles": report["tiles"], "largest_tile_bytes": report["largest_tile_bytes"],
        "peak_gb": own / 2**20, "peak_worker_gb": workers / 2**20,
        "before_gb": before / 2**20, "drawn_coarser": report["drawn_coarser"],
    }  # fmt: skip


def plain(figures: dict[str, object]) -> dict[str, object]:
    """Round what is not whole."""
    return {k: round(v, 2) if isinstance(v, float) else v for k, v in figures.items()}


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    many = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print(json.dumps(plain(alone(asked, many) if "alone" in sys.argv[2:] else main(asked))))
