"""GDAL as a client of what the tiles step writes: whole archives, and tiles taken out of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import geopandas
import pyogrio
import pytest

import handmade
from covermap.core.tiles.tiling import to_world
from covermap.formats.archive import TileArchive
from covermap.store import Tables


@pytest.fixture(scope="module")
def folder() -> Path:
    return handmade.drawn()


def tile_at(zoom: int) -> tuple[int, int]:
    x, y = to_world(*handmade.CENTRE)
    return int(x * (1 << zoom)), int(y * (1 << zoom))


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("cells.any.any", {"cells"}),
        ("segments.46000.lte", {"segments"}),
        ("lines.46000.lte", {"lines"}),
        ("weak_spots.46000.lte", {"weak_spots", "weak_spot_points", "weak_spot_sums"}),
        ("sites", {"sites"}),
    ],
)
def test_gdal_opens_every_kind_of_archive(folder: Path, name: str, layers: set[str]) -> None:
    path = folder / "tiles" / f"{name}.pmtiles"
    assert {layer for layer, _ in pyogrio.list_layers(path)} == layers


@pytest.mark.parametrize("zoom", [0, 5, 10])
def test_gdal_reads_a_zoom_of_an_archive_by_its_option(folder: Path, zoom: int) -> None:
    path = folder / "tiles" / "cells.46000.lte.pmtiles"
    table = pyogrio.read_dataframe(path, layer="cells", use_arrow=False, ZOOM_LEVEL=zoom)
    rows = Tables(folder).read("cell_verdicts").to_pylist()
    area = sum(
        round(r["area_m2"]) for r in rows if (r["operator"], r["technology"]) == ("46000", "lte")
    )
    once = table.drop_duplicates("mvt_id" if "mvt_id" in table else "h3")
    assert once["h3"].dtype != once["n"].dtype
    sums = [f"{v}_m2" for v in ("covered", "weak", "none", "unmeasured")]
    assert int(once[sums].sum().sum()) == area


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("zoom", [0, 9, 13])
def test_gdal_reads_a_tile_that_was_taken_out_of_an_archive(
    folder: Path, tmp_path: Path, zoom: int, packed: bool
) -> None:
    source = folder / "tiles" / "cells.46000.lte.pmtiles"
    x, y = tile_at(zoom)
    data = TileArchive(source).tile(zoom, x, y)
    assert data is not None
    path = tmp_path / f"{y}.mvt"
    path.write_bytes(data if packed else gzip.decompress(data))
    table = pyogrio.read_dataframe(path, use_arrow=False, X=x, Y=y, Z=zoom, CLIP="NO")
    whole = pyogrio.read_dataframe(source, layer="cells", use_arrow=False, ZOOM_LEVEL=zoom)
    assert set(table["h3"]) <= set(whole["h3"])
    assert "verdict" in table
    west, south, east, north = geopandas.GeoSeries(table.geometry).to_crs(4326).total_bounds
    assert west < handmade.CENTRE[0] < east
    assert south < handmade.CENTRE[1] < north
