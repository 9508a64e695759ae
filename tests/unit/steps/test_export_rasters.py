"""Coverage rasters: Cloud Optimized GeoTIFFs whose pixels are the cells of the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine
from typer.testing import CliRunner

from covermap.cli.app import app
from covermap.cli.export import register
from covermap.core.cells import cells_at, centres
from covermap.errors import DatumError, ExportError, NotKnownError
from covermap.formats.cog import BLOCK, NODATA
from covermap.steps.export.rasters import RasterRequest, export_rasters
from covermap.store import Build
from site_worlds import predicted, site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Give a build with two operators' model, in cells of 500 m and in two shards."""
    rows = [site(n, operator="46000,46001") for n in range(3)]
    rows.append(site(3, lon=122.9, azimuth=0))
    return predicted(tmp_path_factory.mktemp("rasters"), rows, resolution=9)[1]


def figures(build: Build, operator: str, column: str) -> dict[int, float]:
    rows = build.read("cell_model").to_pylist()
    return {r["cell"]: r[column] for r in rows if r["operator"] == operator}


def cog_faults(path: Path) -> list[str]:
    """What GDAL's own check of Cloud Optimized GeoTIFFs looks at."""
    found = []
    with rasterio.open(path) as raster:
        if raster.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") != "COG":
            found.append("GDAL does not take it for one")
        if raster.block_shapes != [(BLOCK, BLOCK)]:
            found.append("is not tiled")
        levels = raster.overviews(1)
        if max(raster.shape) > BLOCK and not levels:
            found.append("has no overviews")
        first = [
            int(raster.get_tag_item("IFD_OFFSET", "TIFF", bidx=1, ovr=k))
            for k in [None, *range(len(levels))]
        ]
        if first != sorted(first) or first[0] > 1000:
            found.append("its directories are not in front, from fine to coarse")
        data = [_first_tile(raster, k) for k in [None, *range(len(levels))]]
        if data != sorted(data, reverse=True) or min(data) < max(first):
            found.append("its figures are not behind, from coarse to fine")
    return found


def _first_tile(raster: rasterio.DatasetReader, level: int | None) -> int:
    """Offset of the first tile that is there."""
    side = 2 ** (0 if level is None else level + 1) * BLOCK
    for row in range(-(-raster.height // side)):
        for column in range(-(-raster.width // side)):
            said = raster.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=1, ovr=level)
            if said:
                return int(said)
    raise AssertionError("no tile at all")


def test_every_layer_has_its_rasters_and_gdal_takes_them_for_cloud_optimized(
    build: Build, tmp_path: Path
) -> None:
    made = export_rasters(build, RasterRequest(tmp_path))
    assert sorted(p.name for p in made) == [
        f"{o}.lte.{q}.tif"
        for o in ("46000", "46001")
        for q in ("model-rsrp", "model-sinr", "p-covered", "rsrp-sd", "rsrp")
    ]
    assert [cog_faults(path) for path in made] == [[]] * 10
    with rasterio.open(tmp_path / "46000.lte.model-rsrp.tif") as raster:
        assert (raster.crs.to_epsg(), raster.nodata, raster.units) == (4326, NODATA, ("dBm",))
        said = raster.tags()
        assert (said["predicted"], said["measured"], said["unit"]) == ("yes", "no", "dBm")
        assert (said["operator"], said["technology"], said["build"]) == ("46000", "lte", build.id)
        assert "not measured" in raster.descriptions[0]
        assert len(raster.overviews(1)) >= 1


def test_the_check_of_cloud_optimized_files_can_fail(tmp_path: Path) -> None:
    plain = tmp_path / "plain.tif"
    with rasterio.open(
        plain, "w", driver="GTiff", width=2000, height=2000, count=1, dtype="float32",
        crs="EPSG:4326", transform=Affine(0.001, 0, 0, 0, -0.001, 1),
        tiled=True, blockxsize=BLOCK, blockysize=BLOCK,
    ) as raster:  # fmt: skip
        raster.write(np.ones((1, 2000, 2000), np.float32))
    assert "GDAL does not take it for one" in cog_faults(plain)
    assert "has no overviews" in cog_faults(plain)


@pytest.mark.parametrize(("datum", "pixel"), [("wgs84", None), ("EPSG:32651", 150.0)])
def test_a_pixel_has_the_figure_of_the_cell_of_its_centre(
    build: Build, tmp_path: Path, datum: str, pixel: float | None
) -> None:
    (path, *_) = export_rasters(build, RasterRequest(tmp_path, "46000", "lte", datum, pixel))
    with rasterio.open(path) as raster:
        values = raster.read(1)
        rng = np.random.default_rng(4)
        row, column = rng.integers(0, raster.height, 4000), rng.integers(0, raster.width, 4000)
        turn, a = Transformer.from_crs(raster.crs, "EPSG:4326", always_xy=True), raster.transform
    lon, lat = turn.transform(a.c + a.a * (column + 0.5), a.f + a.e * (row + 0.5))
    known = figures(build, "46000", "rsrp_dbm")
    cells = cells_at(lon, lat, 9).tolist()
    wanted = [known.get(cell, NODATA) for cell in cells]
    assert values[row, column].tolist() == pytest.approx(wanted, abs=1e-4)
    assert 50 < sum(w != NODATA for w in wanted) < 4000


def test_the_probability_is_that_of_the_prediction(build: Build, tmp_path: Path) -> None:
    export_rasters(build, RasterRequest(tmp_path, "46000"))
    with rasterio.open(tmp_path / "46000.lte.p-covered.tif") as raster:
        values = raster.read(1)
        assert raster.units == ("1",)
    said = [r["probability"] for r in build.read("cell_prediction").to_pylist()
            if r["operator"] == "46000"]  # fmt: skip
    there = values[values != NODATA]
    assert (there.min(), there.max()) == pytest.approx((min(said), max(said)), abs=1e-6)
    assert there.max() <= 1


def test_every_cell_is_in_the_raster(build: Build, tmp_path: Path) -> None:
    (path,) = export_rasters(build, RasterRequest(tmp_path, "46001"))[:1]
    known = figures(build, "46001", "rsrp_dbm")
    lon, lat = centres(np.array(sorted(known)))
    with rasterio.open(path) as raster:
        found = [v[0] for v in raster.sample(zip(lon, lat, strict=True))]
    assert found == pytest.approx([known[c] for c in sorted(known)], abs=1e-4)


def test_the_same_bytes_twice(build: Build, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        export_rasters(build, RasterRequest(tmp_path / name, "46000"))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_what_cannot_be_is_said(build: Build, tmp_path: Path) -> None:
    with pytest.raises(NotKnownError, match="There are: 46000/lte, 46001/lte"):
        export_rasters(build, RasterRequest(tmp_path, "26201"))
    with pytest.raises(DatumError, match="is no CRS"):
        export_rasters(build, RasterRequest(tmp_path, datum="gcj02"))
    with pytest.raises(ExportError, match="is no folder"):
        export_rasters(build, RasterRequest(tmp_path / "nowhere"))
    with pytest.raises(ExportError, match="too large a raster"):
        export_rasters(build, RasterRequest(tmp_path, pixel=1e-7))
    _, none = predicted(tmp_path / "w", [site(0)], "")
    with pytest.raises(NotKnownError, match=r"declare \[predict\]"):
        export_rasters(none, RasterRequest(tmp_path))
    assert list(tmp_path.glob("*.tif")) == []


def test_the_command_names_its_files_and_refuses_what_means_nothing(
    build: Build, tmp_path: Path
) -> None:
    if not any(c.name == "export" for c in app.registered_commands):
        register(app)
    root = str(build.folder.parents[1])
    call = ["export", "rasters", root, "--to", str(tmp_path), "--operator", "46000"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    assert f"{tmp_path}/46000.lte.model-rsrp.tif: Cloud Optimized GeoTIFF" in done.output
    refused = CliRunner().invoke(app, [*call, "--limit", "3"])
    assert isinstance(refused.exception, ExportError)
    assert "--limit means nothing" in str(refused.exception)
