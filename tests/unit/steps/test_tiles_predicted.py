"""The map's layer of predictions: the same sums at every zoom, and nothing taken for measured."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import h3
import mapbox_vector_tile
import numpy as np
import pytest

from covermap.core.cells import areas_m2, parents
from covermap.formats.archive import TileArchive
from covermap.service.snapshot import Snapshot
from covermap.store import Build
from site_worlds import predicted, site


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Give a build of two operators; the second has a site that lies far from the others."""
    rows = [site(n, azimuth="") for n in range(3)]
    rows.append(site(3, operator="46001", lon=122.9))
    return predicted(tmp_path_factory.mktemp("predicted"), rows, resolution=9)[1]


def features(build: Build, operator: str, zoom: int) -> dict[str, dict[str, Any]]:
    """Properties of every hexagon of a zoom, each once."""
    archive = TileArchive(build.tiles / f"predicted.{operator}.lte.pmtiles")
    found = {}
    for x in range(2**zoom) if zoom < 8 else range(int(2**zoom * 0.83), int(2**zoom * 0.85)):
        for y in range(2**zoom) if zoom < 8 else range(int(2**zoom * 0.4), int(2**zoom * 0.42)):
            data = archive.tile(zoom, x, y)
            if data is not None:
                layer = mapbox_vector_tile.decode(plain(data))["predicted"]
                found |= {f["properties"]["h3"]: f["properties"] for f in layer["features"]}
    return found


def plain(data: bytes) -> bytes:
    return gzip.decompress(data)


def rows_of(build: Build, operator: str) -> list[dict[str, Any]]:
    rows = build.read("cell_prediction").to_pylist()
    return [r for r in rows if r["operator"] == operator]


@pytest.mark.parametrize("zoom", [0, 3, 6, 9, 11])
def test_areas_and_cells_add_up_to_the_same_at_every_zoom(build: Build, zoom: int) -> None:
    mine = rows_of(build, "46000")
    found = features(build, "46000", zoom).values()
    assert sum(f["cells"] for f in found) == len(mine)
    whole = np.rint(areas_m2(np.array([r["cell"] for r in mine]))).sum()
    assert sum(f["area_m2"] for f in found) == whole


def test_a_finest_hexagon_says_what_the_tables_say(build: Build) -> None:
    found = features(build, "46000", 11)
    sinr = {r["cell"]: r["sinr_db"] for r in build.read("cell_model").to_pylist()
            if r["operator"] == "46000"}  # fmt: skip
    for row in rows_of(build, "46000"):
        said = found[h3.int_to_str(row["cell"])]
        assert said["rsrp"] == pytest.approx(row["rsrp_dbm"], abs=0.051)
        assert said["p"] == pytest.approx(row["probability"], abs=0.00056)
        assert said["sd"] == pytest.approx(row["sd_db"], abs=0.051)
        assert said["sinr"] == pytest.approx(sinr[row["cell"]], abs=0.051)
        assert (said["part"], said["cells"], "both" in said) == (1.0, 1, False)


def test_a_coarse_hexagon_has_the_means_over_its_area_and_says_how_much_that_is(
    build: Build,
) -> None:
    mine = rows_of(build, "46000")
    cells = np.array([r["cell"] for r in mine])
    above, area = parents(cells, 7), np.rint(areas_m2(cells))
    found = features(build, "46000", 9)
    for cell in np.unique(above):
        of = above == cell
        said = found[h3.int_to_str(int(cell))]
        for name, column in (("p", "probability"), ("rsrp", "rsrp_dbm")):
            values = np.array([r[column] for r in mine])
            mean = np.average(values[of], weights=area[of])
            assert said[name] == pytest.approx(mean, abs=0.00056 if name == "p" else 0.052)
        part = min(area[of].sum() / np.rint(areas_m2(np.array([cell])))[0], 1.0)
        assert said["part"] == pytest.approx(part, abs=1e-6)
    assert min(f["part"] for f in found.values()) < 0.5


def test_each_operator_has_its_own_cells_alone(build: Build) -> None:
    one, two = ({r["cell"] for r in rows_of(build, o)} for o in ("46000", "46001"))
    assert not one & two
    assert set(features(build, "46000", 11)) == {h3.int_to_str(c) for c in one}


def test_nothing_predicted_is_no_archive(tmp_path: Path) -> None:
    _, current = predicted(tmp_path, [site(0)], "")
    assert list(current.tiles.glob("predicted.*")) == []


def test_layers_that_are_only_predicted_are_served(build: Build) -> None:
    snapshot = Snapshot(build)
    assert snapshot.layers == [("46000", "lte"), ("46001", "lte")]
    archive = snapshot.archive("predicted", "46000", "lte")
    assert archive is not None
    (layer,) = archive.metadata["vector_layers"]
    assert layer["id"] == "predicted"
    assert "not measured" in layer["description"]
    assert snapshot.archive("cells", "46001", "gsm") is None
