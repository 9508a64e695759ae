"""Prediction: terrain paths a second on one core, and a region of SIZE cells, all on one thread.

paths_per_s: one-cell masts on made-up fractal terrain (90 m pixels, int16), places all round them
within 20 km, a profile of about 200 samples each: geometry, TR 38.901, P.526 over the profile and
antenna pattern, as `best_servers` does it; a path is a mast within reach of a place. Median of
REPEATS. kernel_paths_per_s: the profile and its diffraction alone, of 200 samples each.

region: SIZE (100 000) H3 cells of resolution 10 in one block and 5 000 site cells for each 2
million cells (three to a mast, at random places in the block), search radius 10 km, a sample each
90 m: best server, SINR and second server of every cell, once. `make bench NAME=predict
SIZE=2000000` is the whole region. real_region: the same masts over the ground of China as the
raster beside the project has it (SRTM30+, 2,446 m a pixel), where it is there. After that come the
scores of ``predict_scores.py``: simulated worlds, and real drives beside peers where these are
there. Times are processor time of this process, wall time beside them; compiled kernels are loaded
before.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from predict_scores import REAL
from predict_scores import figures as scores

from covermap.core.cells import cells_at, centres, descendants
from covermap.core.radio.diffraction import EARTH_M, K_MEDIAN
from covermap.core.radio.pathloss import RMA
from covermap.core.radio.server import Places, Radios, Terms, best_servers
from covermap.core.radio.terrain import bends, heights_at, loss_over
from covermap.formats.terrain import ground_of, survey_terrain

REPEATS = 3
MIDDLE = (113.6, 34.7)
RESOLUTION = 10
PIXEL_DEG = 90 / 111_000
SIDE = 2560
RADIUS_M = 10_000.0
SITE_CELLS_PER_CELL = 5_000 / 2_000_000
RASTER = REAL / "rasters" / "china_z6_dem_3857_i16.tif"


def terrain(side: int) -> Any:
    """Made-up fractal hills (power falls with wave number to the -3.2): whole metres, int16."""
    rng = np.random.default_rng(1)
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij"))
    k[0, 0] = np.inf
    phases = np.exp(2j * np.pi * rng.random(k.shape))
    made = np.fft.irfft2(phases * k**-1.6, (side, side))
    return np.rint(400 + 80 * (made - made.mean()) / made.std()).astype(np.int16)


def to_pixels(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Columns and rows of the made-up grid, which lies in degrees round the middle."""
    return (
        SIDE / 2 + (np.asarray(lon) - MIDDLE[0]) / PIXEL_DEG,
        SIDE / 2 - (np.asarray(lat) - MIDDLE[1]) / PIXEL_DEG,
    )


def block(count: int) -> tuple[Any, Any]:
    """Centres of so many cells of one block round the middle."""
    reach = 0.25 * np.sqrt(count / 120_000) + 0.5
    axis = np.arange(-reach, reach, 0.03)
    lon, lat = (v.ravel() for v in np.meshgrid(MIDDLE[0] + axis, MIDDLE[1] + axis))
    coarse = cells_at(lon, lat, 5)
    order = np.argsort(np.hypot(lon - MIDDLE[0], lat - MIDDLE[1]), kind="stable")
    near = pd.unique(coarse[order])[: -(-count // 7**5) + 1]
    return centres(descendants(near, RESOLUTION)[:count])


def places_of(lon: Any, lat: Any, heights: Any, to_pixels: Any = to_pixels) -> Places:
    u, v = to_pixels(lon, lat)
    return Places(lon, lat, u, v, heights_at(heights, u, v))


def radios_of(lon: Any, lat: Any, heights: Any, sectors: int, to_pixels: Any = to_pixels) -> Radios:
    """Cells of masts of 20-40 m, one carrier of 1.8 GHz, 43 dBm and 17 dBi over 600 elements."""
    rng = np.random.default_rng(3)
    mast = np.repeat(rng.uniform(20, 40, len(lon)), sectors)
    bend = np.repeat(bends(to_pixels, lon, lat), sectors, axis=0)
    lon, lat = np.repeat(lon, sectors), np.repeat(lat, sectors)
    u, v = to_pixels(lon, lat)
    n = len(lon)
    azimuth = np.full(n, np.nan) if sectors == 1 else np.arange(n) % sectors * 360.0 / sectors
    return Radios(
        lon, lat, u, v, heights_at(heights, u, v), bend, mast, np.full(n, 32.2), np.full(n, 1.8),
        azimuth, np.full(n, 4.0), np.full(n, 65.0), np.full(n, 8.0), np.full(n, RMA),
        np.full(n, 0.5), np.zeros(n, np.int64),
    )  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Processor and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def paths(heights: Any) -> dict[str, Any]:
    """Paths a second through all of a prediction, with about 200 samples each."""
    rng = np.random.default_rng(5)
    lon, lat = (m + rng.uniform(-0.5, 0.5, 100) for m in MIDDLE)
    radios = radios_of(lon, lat, heights, 1)
    lon, lat = block(400_000)
    turn = rng.permutation(len(lon))[:20_000]
    turn.sort()
    places = places_of(lon[turn], lat[turn], heights)
    terms = Terms(radius_m=20_000.0, step_m=65.0, floor_dbm=-1e9)
    east = (places.lon[:, None] - radios.lon) * 111_320 * np.cos(np.radians(MIDDLE[1]))
    far = np.hypot(east, (places.lat[:, None] - radios.lat) * 110_900)
    reached = far[far <= terms.radius_m]
    samples = float(np.ceil(reached / terms.step_m).mean())
    best_servers(Places(*(p[:100] for p in places)), radios, heights, terms)
    took = [timed(lambda: best_servers(places, radios, heights, terms)) for _ in range(REPEATS)]
    cpu, wall = (statistics.median(t[k] for t in took) for k in (0, 1))
    return {
        "paths_per_s": round(len(reached) / cpu),
        "paths_per_wall_s": round(len(reached) / wall),
        "paths": len(reached),
        "samples_per_path": round(samples, 1),
    }


@njit(cache=True)
def _alone(heights, u, v, first, second, path, bend, steps, out):  # type: ignore[no-untyped-def]
    for i in range(u.shape[1]):
        out[i] = loss_over(
            heights, u[0, i], v[0, i], u[1, i], v[1, i], bend, path[i], first[i], second[i],
            0.3 / 1.8, K_MEDIAN * EARTH_M, steps,
        )  # fmt: skip


def kernel(heights: Any) -> dict[str, Any]:
    """Profiles of 200 samples and their diffraction alone."""
    rng = np.random.default_rng(6)
    masts, each = 400, 500
    u, v = (np.repeat(rng.uniform(300, SIDE - 300, masts), each) for _ in range(2))
    length, angle = rng.uniform(50, 220, masts * each), rng.uniform(0, 2 * np.pi, masts * each)
    u, v = np.stack([u, u + length * np.cos(angle)]), np.stack([v, v + length * np.sin(angle)])
    first, second = heights_at(heights, u[0], v[0]) + 30, heights_at(heights, u[1], v[1]) + 1.5
    out = np.empty(masts * each)
    given = (first, second, length * 90.0, np.full(6, 1e-7), 200, out)
    _alone(heights, u[:, :10], v[:, :10], *given)
    took = [timed(lambda: _alone(heights, u, v, *given))[0] for _ in range(REPEATS)]
    return {
        "kernel_paths_per_s": round(len(out) / statistics.median(took)),
        "obstructed_share": round(float((out > 0).mean()), 3),
    }


def region(heights: Any, count: int, to_pixels: Any = to_pixels, name: str = "region") -> Any:
    """Best server, SINR and second server of a block of cells."""
    lon, lat = block(count)
    rng = np.random.default_rng(4)
    at = rng.choice(count, max(round(count * SITE_CELLS_PER_CELL / 3), 1), replace=False)
    radios = radios_of(lon[at], lat[at], heights, 3, to_pixels)
    places = places_of(lon, lat, heights, to_pixels)
    terms = Terms(radius_m=RADIUS_M, step_m=90.0)
    found: list[Any] = []
    cpu, wall = timed(lambda: found.append(best_servers(places, radios, heights, terms)))
    return {
        f"{name}_cells": count,
        f"{name}_site_cells": len(radios.lon),
        f"{name}_radius_m": RADIUS_M,
        f"{name}_cpu_s": round(cpu, 1),
        f"{name}_wall_s": round(wall, 1),
        f"{name}_served_share": round(float((found[0].cell >= 0).mean()), 4),
        f"{name}_median_rsrp_dbm": round(float(np.nanmedian(found[0].rsrp_dbm)), 1),
        f"{name}_blocked_share": round(float((found[0].terrain_db > 0).mean()), 4),
    }


def real_region(count: int) -> Any:
    """Tell the same of the ground of China; nothing where its raster is not there."""
    if not RASTER.is_file():
        return {}
    lon, lat = block(count)
    box = (lon.min() - 0.2, lat.min() - 0.2, lon.max() + 0.2, lat.max() + 0.2)
    sheet = survey_terrain(RASTER, RASTER.name, None, None, None).sheet
    ground = ground_of([sheet], tuple(map(float, box)), RADIUS_M)
    assert ground is not None
    made = region(ground.heights, count, ground.to_pixels, "real_region")
    heights = ground.at(lon, lat)
    return made | {"real_region_relief_m": round(float(np.ptp(heights)))}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    heights = terrain(SIDE)
    figures = {**paths(heights), **kernel(heights), **region(heights, count), **real_region(count)}
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures |= {name: round(value, 4) for name, value in scores().items()}
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
