"""Small workspaces of sites alone, with or without terrain, for tests of prediction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from covermap.pipeline import BuildOptions, build
from covermap.pipeline.building import BuildResult
from covermap.store import Build, Workspace
from made_rasters import write_raster

MIDDLE = (121.5, 31.2)
COLUMNS = (
    "site_id", "cell_id", "operator", "technology", "lon", "lat", "band", "azimuth", "height",
    "tilt", "tx_power",
)  # fmt: skip
CONFIG = """
[workspace]
name = "sites"
salt = "s"

[grid]
resolution = {resolution}

[[sites]]
name = "sites"
files = ["raw/sites.csv"]
format = "cells-csv"
datum = "wgs84"
"""


def site(number: int, **changed: Any) -> dict[str, Any]:
    """Give one cell near the middle."""
    plain = {
        "site_id": f"S{number}", "cell_id": f"C{number}", "operator": "46000", "technology": "lte",
        "lon": MIDDLE[0] + 0.03 * number, "lat": MIDDLE[1], "band": "B3", "azimuth": 120,
        "height": 30, "tilt": 4, "tx_power": "43 dBm",
    }  # fmt: skip
    return plain | changed


def write_sites(root: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the table of cells."""
    lines = [",".join(COLUMNS), *(",".join(f'"{r[c]}"' for c in COLUMNS) for r in rows)]
    (root / "raw").mkdir(parents=True, exist_ok=True)
    (root / "raw/sites.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def predicted(
    root: Path,
    rows: Sequence[dict[str, Any]],
    said: str = "[predict]\nradius_m = 6000\n",
    *,
    resolution: int = 8,
    workers: int = 1,
) -> tuple[BuildResult, Build]:
    """Build a workspace of some cells."""
    write_sites(root, rows)
    config = CONFIG.format(resolution=resolution) + said
    (root / "covermap.toml").write_text(config, encoding="utf-8")
    return build(root, BuildOptions(workers=workers)), Workspace(root).current()


def model(current: Build) -> list[dict[str, Any]]:
    """Rows of the model."""
    return list(current.read("cell_model").to_pylist())


def write_hills(
    path: Path, ridge_m: float = 0.0, west: float = 121.2, south: float = 31.0, **profile: Any
) -> Path:
    """Write a flat country of 0.6 by 0.4 degrees with a ridge from south to north at 121.52."""
    heights = np.full((400, 600), 10.0)
    at = round((121.52 - west) * 1000)
    if 0 <= at < 598:
        heights[:, at : at + 3] = 10 + ridge_m
    heights = heights / profile.pop("metres_per_unit", 1.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_raster(
        path, np.rint(heights).astype(np.int16), west, south + 0.4, 0.001, **profile
    )
