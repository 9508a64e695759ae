"""What sites should give: by the formulae, cell by cell, whatever the tables leave unsaid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from covermap.core.cells import areas_m2, centres, resolutions
from covermap.core.geodesy import lengths_m
from covermap.core.radio.entry import building_entry_db
from covermap.core.radio.server import Places, Terms, best_servers
from covermap.core.sites.model import model_of
from covermap.core.sites.radios import radios_of
from covermap.errors import ConfigError, InputError
from covermap.pipeline.attention import look_at
from covermap.store import Build, Tables
from covermap.tables import CELL_MODEL
from made_rasters import write_raster
from site_worlds import MIDDLE, model, predicted, site, write_hills

pytestmark = pytest.mark.slow  # whole builds

TERRAIN = '[predict]\nradius_m = 6000\n[terrain]\nfiles = ["raw/dem*.tif"]\n'


def by_cell(current: Build) -> dict[int, dict[str, Any]]:
    return {row["cell"]: row for row in model(current)}


def bytes_of(current: Build) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in current.parts("cell_model")}


def told(current: Build) -> str:
    return "\n".join(look_at(Tables(current.folder), []))


def test_levels_are_those_of_the_formulae_at_each_cell_within_the_radius(tmp_path: Path) -> None:
    rows = [site(n, azimuth=az, site_id=f"S{n}", cell_id=f"C{n}/{az}")
            for n in range(3) for az in (0, 120, 240)]  # fmt: skip
    _, current = predicted(tmp_path, rows)
    found = current.read("cell_model")
    assert found.schema.equals(CELL_MODEL.schema)
    sites = current.read("sites")
    radios = radios_of(sites["lon"].to_numpy(), sites["lat"].to_numpy(), model_of(sites))
    lon, lat = centres(found["cell"].to_numpy())
    nowhere = np.full(len(lon), np.nan)
    plain = best_servers(
        Places(lon, lat, nowhere, nowhere, nowhere), radios, np.zeros((2, 2), np.int16),
        Terms(6_000.0, 100.0),
    )  # fmt: skip
    assert found["rsrp_dbm"].to_pylist() == pytest.approx(plain.rsrp_dbm, abs=0.0051)
    assert found["sinr_db"].to_pylist() == pytest.approx(plain.sinr_db, abs=0.0051)
    assert found["server"].to_pylist() == sites["cell_id"].take(plain.cell).to_pylist()
    far = np.min([lengths_m(lon, lat, np.full(len(lon), x), np.full(len(lon), MIDDLE[1]))
                  for x in (121.5, 121.53, 121.56)], axis=0)  # fmt: skip
    assert far.max() < 6_010
    area = np.pi * 36 + 2 * 2.86 * 12
    assert areas_m2(found["cell"].to_numpy()).sum() / 1e6 == pytest.approx(area, rel=0.05)
    assert set(resolutions(found["cell"].to_numpy()).tolist()) == {8}


def test_what_is_not_said_of_a_cell_is_a_default_and_named_where_it_serves(tmp_path: Path) -> None:
    _, current = predicted(tmp_path, [site(0), site(1, height="", azimuth="", operator="46001")])
    rows = model(current)
    assert {r["filled"] for r in rows if r["operator"] == "46000"} == {"wide_deg"}
    (other,) = {r["filled"] for r in rows if r["operator"] == "46001"}
    assert other.split(",") == ["height_m", "azimuth_deg", "wide_deg"]


def test_power_in_w_and_dbm_mixed_gives_the_same_levels(tmp_path: Path) -> None:
    _, dbm = predicted(tmp_path / "a", [site(0), site(1)])
    _, mixed = predicted(tmp_path / "b", [site(0, tx_power="19.952623 W"), site(1)])
    assert [r["rsrp_dbm"] for r in model(dbm)] == [r["rsrp_dbm"] for r in model(mixed)]


def test_a_record_that_two_operators_share_serves_both(tmp_path: Path) -> None:
    _, current = predicted(tmp_path, [site(0, operator="46000,46001")])
    rows = model(current)
    one, two = ([(r["cell"], r["rsrp_dbm"], r["site"]) for r in rows if r["operator"] == o]
                for o in ("46000", "46001"))  # fmt: skip
    assert one == two
    assert len(one) > 20


def test_thousands_of_sites_at_zero_change_nothing_and_cost_nothing(tmp_path: Path) -> None:
    _, plain = predicted(tmp_path / "a", [site(0)])
    zero = [site(n, lon=0, lat=0) for n in range(2, 3002)]
    _, current = predicted(tmp_path / "b", [site(0), *zero])
    assert by_cell(current) == by_cell(plain)
    assert current.rows("rejected") == 3000
    near = [site(n, lon=0.0001, lat=0.0001) for n in range(2, 1002)]
    _, beside = predicted(tmp_path / "c", [site(0), *near])
    there = {cell: row for cell, row in by_cell(beside).items() if row["site"] == "S0"}
    assert there == by_cell(plain)
    assert len(by_cell(beside)) < 3 * len(there)


def test_without_predict_and_without_sites_there_is_an_empty_table(tmp_path: Path) -> None:
    _, current = predicted(tmp_path / "a", [site(0)], "")
    assert model(current) == []
    assert current.read("cell_model").schema.equals(CELL_MODEL.schema)
    assert "terrain" not in told(current)
    _, none = predicted(tmp_path / "b", [site(0, lon=0, lat=0)])
    assert model(none) == []


def test_a_site_without_operator_is_left_out_and_told(tmp_path: Path) -> None:
    _, current = predicted(tmp_path, [site(0), site(1, operator=""), site(2, technology="")])
    assert {r["site"] for r in model(current)} == {"S0"}
    assert "sites_without_operator 1: declare operator" in told(current)


def test_without_terrain_paths_are_flat_and_it_is_told(tmp_path: Path) -> None:
    _, current = predicted(tmp_path, [site(0)])
    assert {r["terrain_db"] for r in model(current)} == {None}
    assert "no_terrain 1: declare [terrain]" in told(current)


def shadow(current: Build) -> tuple[float, float]:
    """Mean diffraction west and east of the ridge, both more than 2 km from the site."""
    rows = [r for r in model(current) if r["distance_m"] > 2_000 and r["terrain_db"] is not None]
    lon, _ = centres(np.array([r["cell"] for r in rows]))
    loss = np.array([r["terrain_db"] for r in rows])
    return float(loss[lon < 121.49].mean()), float(loss[lon > 121.525].mean())


def test_a_ridge_casts_its_shadow_in_metres_and_in_feet(tmp_path: Path) -> None:
    found = {}
    for unit, scale in (("m", 1.0), ("ft", 0.3048)):
        root = tmp_path / unit
        write_hills(root / "raw/dem.tif", 90.0, metres_per_unit=scale)
        _, current = predicted(root, [site(0)], TERRAIN + f'unit = "{unit}"\n')
        found[unit] = by_cell(current)
        west, east = shadow(current)
        assert west < 3 < 15 < east
        assert "no_terrain" not in told(current)
    off = [found["m"][c]["rsrp_dbm"] - found["ft"][c]["rsrp_dbm"] for c in found["m"]]
    assert np.abs(off).max() < 0.3


def test_a_file_that_says_feet_is_believed_and_contradiction_is_an_error(tmp_path: Path) -> None:
    write_hills(tmp_path / "raw/dem.tif", 90.0, metres_per_unit=0.3048)
    with rasterio.open(tmp_path / "raw/dem.tif", "r+") as raster:
        raster.units = ("ft",)
    _, current = predicted(tmp_path, [site(0)], TERRAIN)
    (row,) = current.read("terrain").to_pylist()
    assert (row["unit"], round(row["highest_m"])) == ("ft", 100)
    assert "height_unit_not_stated" not in told(current)
    with pytest.raises(InputError, match=r"says that its heights are in ft, and \[terrain\] unit"):
        predicted(tmp_path, [site(0)], TERRAIN + 'unit = "m"\n')


def test_partial_terrain_is_flat_where_it_is_not_and_says_so(tmp_path: Path) -> None:
    write_hills(tmp_path / "raw/dem.tif", 0.0, west=121.505)  # begins east of the site
    _, current = predicted(tmp_path, [site(0), site(1)], TERRAIN)
    rows = model(current)
    lon, _ = centres(np.array([r["cell"] for r in rows]))
    flat = np.array([r["terrain_db"] is None for r in rows])
    assert flat[lon < 121.5].all()
    assert not flat[(lon > 121.53)].all()
    assert "sites_off_terrain 1 (of 2 cells of sites)" in told(current)
    assert np.isfinite([r["rsrp_dbm"] for r in rows]).all()


def test_voids_are_filled_counted_and_do_not_hide_the_ridge(tmp_path: Path) -> None:
    whole, holed = tmp_path / "a", tmp_path / "b"
    write_hills(whole / "raw/dem.tif", 90.0)
    path = write_hills(holed / "raw/dem.tif", 90.0, nodata=-9999)
    with rasterio.open(path, "r+") as raster:
        heights = raster.read(1)
        heights[150:160, 330:336] = -9999
        raster.write(heights, 1)
    said = TERRAIN + 'unit = "m"\n'
    plain, mended = (by_cell(predicted(root, [site(0)], said)[1]) for root in (whole, holed))
    off = [abs(plain[c]["rsrp_dbm"] - mended[c]["rsrp_dbm"]) for c in plain]
    assert max(off) < 1.0
    _, current = predicted(holed, [site(0)], said)
    assert "terrain_voids 60 (0.03 % of 240000 pixels)" in told(current)


def test_neighbouring_rasters_of_two_maps_are_one_ground(tmp_path: Path) -> None:
    whole, parts = tmp_path / "a/raw/dem.tif", tmp_path / "b/raw"
    write_hills(whole, 90.0)
    parts.mkdir(parents=True)
    with rasterio.open(whole) as raster:
        heights = raster.read(1)
    write_raster(parts / "dem_west.tif", heights[:, :310], 121.2, 31.4, 0.001)
    turn = Affine(100, 0, 319_000, 0, -100, 3_478_000)  # UTM 51N, from 121.1 E
    x, y = np.meshgrid(319_050 + 100 * np.arange(600), 3_477_950 - 100 * np.arange(460))
    lon, lat = Transformer.from_crs("EPSG:32651", "EPSG:4326", always_xy=True).transform(x, y)
    row, column = ((31.4 - lat) * 1000).astype(int), ((lon - 121.2) * 1000).astype(int)
    inside = (row >= 0) & (row < 400) & (column >= 305) & (column < 600)
    east = np.full(x.shape, -9999, np.int16)
    east[inside] = heights[row[inside], column[inside]]
    write_raster(parts / "dem_east.tif", east, crs="EPSG:32651", transform=turn, nodata=-9999)
    said = TERRAIN + 'unit = "m"\n'
    plain, mosaic = (predicted(tmp_path / k, [site(0)], said)[1] for k in ("a", "b"))
    assert mosaic.rows("terrain") == 2
    one, two = by_cell(plain), by_cell(mosaic)
    assert one.keys() == two.keys()
    assert not any(r["terrain_db"] is None for r in two.values())
    assert np.median([abs(one[c]["rsrp_dbm"] - two[c]["rsrp_dbm"]) for c in one]) < 0.5
    near, behind = shadow(mosaic)
    assert near < 3 < 12 < behind


def test_a_region_is_predicted_in_place_of_disks(tmp_path: Path) -> None:
    box = [[121.48, 31.18], [121.5, 31.18], [121.5, 31.2], [121.48, 31.2], [121.48, 31.18]]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/region.geojson").write_text(json.dumps({
        "type": "FeatureCollection", "features": [{
            "type": "Feature", "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [box]},
        }],
    }))  # fmt: skip
    said = '[predict]\nradius_m = 6000\narea = "raw/region.geojson"\n'
    _, current = predicted(tmp_path, [site(0)], said, resolution=10)
    lon, lat = centres(np.array([r["cell"] for r in model(current)]))
    assert len(lon) > 200
    assert (lon.min(), lon.max()) == pytest.approx((121.48, 121.5), abs=0.002)
    assert (lat.min(), lat.max()) == pytest.approx((31.18, 31.2), abs=0.002)
    with pytest.raises(ConfigError, match="matches no file"):
        predicted(tmp_path, [site(0)], said.replace("region.geojson", "nothing.geojson"))


def test_what_a_building_takes_is_told_beside_the_level_in_the_open(tmp_path: Path) -> None:
    _, bare = predicted(tmp_path / "a", [site(0)])
    said = '[predict]\nradius_m = 6000\nbuilding = "efficient"\n'
    _, told_too = predicted(tmp_path / "b", [site(0)], said)
    assert [r["rsrp_dbm"] for r in model(bare)] == [r["rsrp_dbm"] for r in model(told_too)]
    entry = round(float(building_entry_db(1.8425, "efficient")), 2)
    assert {r["entry_db"] for r in model(told_too)} == {entry}
    assert {r["entry_db"] for r in model(bare)} == {None}


def test_the_same_bytes_whatever_the_order_of_rows_and_the_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    rows = [site(n, lon=121 + rng.uniform(0, 2), lat=31 + rng.uniform(0, 1), azimuth=n * 40 % 360)
            for n in range(30)]  # fmt: skip
    _, one = predicted(tmp_path / "a", rows, resolution=7)
    monkeypatch.setattr("covermap.steps.propagate.SMALL_PATHS", 0)
    _, two = predicted(tmp_path / "b", rows[::-1], resolution=7, workers=2)
    assert bytes_of(one) == bytes_of(two)
    assert len(bytes_of(one)) > 1


def test_only_shards_near_a_changed_site_are_made_again(tmp_path: Path) -> None:
    rows = [site(0), site(1, lon=110.0, lat=25.0)]
    first, _ = predicted(tmp_path, rows)
    again, _ = predicted(tmp_path, rows)
    assert [s.cached for s in again.steps if s.step == "propagate"] == [1]
    changed, current = predicted(tmp_path, [site(0, height=45), rows[1]])
    notes = next(s.notes for s in changed.steps if s.step == "propagate")
    before = next(s.notes for s in first.steps if s.step == "propagate")
    assert notes["shards_made"] + notes["shards_kept"] == before["shards_made"]
    assert 0 < notes["shards_made"] < before["shards_made"]
    _, fresh = predicted(tmp_path / "fresh", [site(0, height=45), rows[1]])
    assert bytes_of(current) == bytes_of(fresh)


def test_another_region_file_makes_the_model_again(tmp_path: Path) -> None:
    def region(east: float) -> None:
        box = [[121.48, 31.18], [east, 31.18], [east, 31.2], [121.48, 31.2], [121.48, 31.18]]
        text = {"type": "Polygon", "coordinates": [box]}
        (tmp_path / "raw").mkdir(exist_ok=True)
        (tmp_path / "raw/r.geojson").write_text(json.dumps(
            {"type": "FeatureCollection",
             "features": [{"type": "Feature", "properties": {}, "geometry": text}]}
        ))  # fmt: skip

    said = '[predict]\nradius_m = 6000\narea = "raw/r.geojson"\n'
    region(121.5)
    _, narrow = predicted(tmp_path, [site(0)], said)
    small = len(model(narrow))
    region(121.54)
    _, wide = predicted(tmp_path, [site(0)], said)
    assert len(model(wide)) > 1.5 * small
