"""GDAL as a client of the running service: tiles by TileJSON, archives by range."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyogrio
import pytest

from covermap.formats.archive import TileArchive
from covermap.store import Workspace

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "from covermap.cli import main; main()", "serve"]
LAYER = "tiles/cells/46000/lte"


@pytest.fixture(scope="module")
def address(workspace: Path) -> Iterator[str]:
    """Address of `covermap serve` with two workers."""
    with subprocess.Popen(
        [*COMMAND, str(workspace), "--port", "0", "--workers", "2"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stderr
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        yield found.group(0)
        process.terminate()
        assert "Traceback" not in process.stderr.read()


@pytest.fixture(scope="module")
def cells(workspace: Path) -> set[str]:
    """Every cell of the build, as H3 writes it."""
    column = Workspace(workspace).current().read("cell_verdicts", ["cell"]).column("cell")
    return {f"{cell:x}" for cell in column.to_pylist()}


def test_the_archive_is_read_by_range(address: str, cells: set[str], workspace: Path) -> None:
    source = f"/vsicurl/{address}{LAYER}.pmtiles"
    assert pyogrio.list_layers(source).tolist() == [["cells", "Polygon"]]
    found = pyogrio.read_dataframe(source)
    assert set(found["h3"]) == cells
    assert found.crs == "EPSG:3857"
    path = workspace / "builds" / "b1" / "tiles" / "cells.46000.lte.pmtiles"
    coarse = pyogrio.read_dataframe(source, ZOOM_LEVEL="8").drop_duplicates("h3")
    assert 0 < len(coarse) < len(cells)
    fine = found.drop_duplicates("h3")
    for verdict in ("covered", "weak", "none", "unmeasured"):
        assert coarse[f"{verdict}_m2"].sum() == pytest.approx(fine[f"{verdict}_m2"].sum(), rel=1e-6)
    west, _, east, _ = found.to_crs(4326).total_bounds
    bounds = TileArchive(path).bounds
    assert west == pytest.approx(bounds[0], abs=1e-3)
    assert east == pytest.approx(bounds[2], abs=1e-3)


def test_tiles_are_read_as_the_tilejson_says(address: str, cells: set[str]) -> None:
    about = httpx.get(f"{address}{LAYER}.json", trust_env=False).json()
    assert about["minzoom"] <= 12 <= about["maxzoom"]
    found = pyogrio.read_dataframe(
        f"MVT:{address}{LAYER}/12", TILE_EXTENSION="mvt", METADATA_FILE=f"{address}{LAYER}.json"
    )
    assert set(found["h3"]) == cells
    described = {layer["id"]: set(layer["fields"]) for layer in about["vector_layers"]}
    assert set(found.columns) - {"geometry", "mvt_id"} == described["cells"]
