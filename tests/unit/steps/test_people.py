"""Rasters shared out to cells and regions, whatever their CRS and pixel size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import exactextract
import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from covermap.core.cells import boundaries, cells_at, centres, descendants, parents
from covermap.errors import DatumError, InputError
from covermap.formats.rasters import open_raster
from covermap.formats.survey import survey
from covermap.steps.people.reading import PeopleRead, read_people
from covermap.steps.people.sharing import Shared, reach, share_out
from covermap.tables import REGIONS, conform, empty
from covermap.workspace import Population
from made_rasters import north_up, people, write_raster

COUNT = Population(files=("x",), kind="count", year=2020)


def cells_over(path: Path, resolution: int) -> Any:
    with open_raster(path, path.name) as raster:
        near = reach(raster, survey(raster, "count").where)
        return descendants(near, resolution), near


def shared(path: Path, cells: Any, near: Any, kind: str = "count") -> Shared:
    with open_raster(path, path.name) as raster:
        return share_out(raster, kind, cells, near)  # type: ignore[arg-type]


def whole(path: Path, resolution: int) -> Shared:
    return shared(path, *cells_over(path, resolution))


def region_table(*rows: tuple[str, str, shapely.Geometry]) -> pa.Table:
    made = [
        {"region_id": name, "level": level, "name": name.upper(), "geometry": shape.wkb,
         "input": "r", "simulated": False}
        for name, level, shape in rows
    ]  # fmt: skip
    return conform(pa.Table.from_pylist(made, pa.schema(
        [REGIONS.schema.field(n) for n in made[0]])), REGIONS)  # fmt: skip


def read(*paths: Path, regions: pa.Table | None = None, **how: Any) -> PeopleRead:
    declared = COUNT.model_copy(update=how)
    table = empty(REGIONS) if regions is None else regions
    return read_people(declared, list(paths), table, paths[0].parent, 10)


@pytest.mark.parametrize(("pixel", "resolution"), [(0.1, 9), (0.01, 7), (0.001, 8), (0.3, 6)])
def test_small_and_large_pixels_are_shared_as_exactextract_does(
    tmp_path: Path, pixel: float, resolution: int
) -> None:
    values = people(12, 12) if pixel < 0.3 else people(3, 3)
    path = write_raster(tmp_path / "a.tif", values, pixel=pixel)
    size = len(values) * pixel
    lon, lat = np.random.default_rng(2).uniform(0.2 * size, 0.8 * size, (2, 60))
    cells = np.unique(cells_at(121.0 + lon, 31.5 - lat, resolution))
    with open_raster(path, "a.tif") as raster:
        found = share_out(raster, "count", cells, reach(raster)).people
    shapes = gpd.GeoDataFrame(
        {"id": [str(c) for c in cells.tolist()]}, geometry=boundaries(cells).polygons(), crs=4326
    )
    with rasterio.open(path) as dataset:
        theirs = exactextract.exact_extract(
            dataset, shapes, ["sum"], include_cols=["id"], output="pandas"
        )
    # exactextract keeps the shares of pixels in 32 bits
    assert np.allclose(found, theirs["sum"].to_numpy(float), rtol=2e-5, atol=1e-4)
    assert found.sum() > 0


@pytest.mark.parametrize(
    ("how", "resolution"),
    [
        ({}, 7),
        ({"pixel": 0.05}, 8),
        ({"crs": "EPSG:3857", "transform": north_up(1.35e7, 3.7e6, 2000)}, 7),
        ({"crs": "EPSG:32651", "transform": north_up(3e5, 3.5e6, 900)}, 7),
        ({"crs": "ESRI:54009", "transform": north_up(1.05e7, 3.7e6, 2000)}, 7),
        ({"transform": Affine(0.01, 0.004, 121.0, 0.003, -0.01, 31.5)}, 7),
        ({"transform": Affine(0.01, 0, 121.0, 0, 0.01, 31.2)}, 7),
        ({"crs": "EPSG:4490"}, 7),
    ],
)
def test_the_total_is_kept_in_any_crs_and_direction(
    tmp_path: Path, how: dict[str, Any], resolution: int
) -> None:
    values = people()
    found = whole(write_raster(tmp_path / "a.tif", values, **how), resolution)
    assert found.people.sum() == pytest.approx(values.astype(float).sum(), rel=1e-11)
    assert found.torn == 0


@pytest.mark.parametrize("west", [-180.0, 0.0, -30.0])
def test_a_raster_of_the_whole_globe_is_kept_over_poles_and_antimeridian(
    tmp_path: Path, west: float
) -> None:
    values = people(90, 180) + 1
    path = write_raster(tmp_path / "a.tif", values, west=west, north=90.0, pixel=2.0)
    found = whole(path, 3)
    assert found.people.sum() == pytest.approx(values.astype(float).sum(), rel=1e-11)
    assert found.people.min() > 0


def test_cells_over_the_antimeridian_take_from_both_ends_of_a_mercator_map(tmp_path: Path) -> None:
    edge = 20_037_508.342789244
    values = people(20, 80) + 1
    path = write_raster(tmp_path / "a.tif", values, crs="EPSG:3857",
                        transform=Affine(edge / 40, 0, -edge, 0, -50_000, 1e6))  # fmt: skip
    found = whole(path, 4)
    assert found.people.sum() == pytest.approx(values.astype(float).sum(), rel=1e-9)


def test_a_map_that_tears_at_its_edge_loses_those_cells_and_says_so(tmp_path: Path) -> None:
    values = people(10, 2) + 1
    path = write_raster(tmp_path / "a.tif", values, crs="ESRI:54009",
                        transform=Affine(902_000, 0, -1.804e7, 0, -40_000, 2e5))  # fmt: skip
    found = whole(path, 5)
    assert found.torn > 0
    assert 0.9 * values.sum() < found.people.sum() < values.sum()
    told = read(path).problems.to_pylist()
    assert [p["problem"] for p in told] == ["people_not_placed"]
    assert told[0]["count"] > 0


def test_south_up_gives_each_cell_the_same_as_north_up(tmp_path: Path) -> None:
    values = people()
    north = write_raster(tmp_path / "n.tif", values)
    south = write_raster(
        tmp_path / "s.tif", values[::-1], transform=Affine(0.01, 0, 121.0, 0, 0.01, 31.2)
    )
    cells, near = cells_over(north, 8)
    found = shared(north, cells, near).people, shared(south, cells, near).people
    assert np.allclose(*found, rtol=1e-9, atol=1e-9)


def test_what_a_cell_gets_depends_on_no_other_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_raster(tmp_path / "a.tif", people(), tiled=True, blockxsize=16, blockysize=16)
    for kind in ("count", "density"):
        cells, near = cells_over(path, 7)
        all_of_them = shared(path, cells, near, kind).people
        some = np.flatnonzero(all_of_them > 0)[::7]
        monkeypatch.setattr("covermap.steps.people.sharing.CHUNK", 11)
        monkeypatch.setattr("covermap.steps.people.sharing.WINDOW_PIXELS", 60)
        assert shared(path, cells[some], near, kind).people.tolist() == all_of_them[some].tolist()
        monkeypatch.undo()


def test_a_raster_smaller_than_a_cell_goes_whole_to_the_cells_it_lies_in(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.array([[30.0, 12.0]], np.float32), pixel=0.001)
    found = read(path).counting
    assert sum(found["people"].to_pylist()) == pytest.approx(42.0)
    assert found.num_rows <= 2


def test_region_totals_are_sums_over_counting_cells_and_nobody_is_lost(tmp_path: Path) -> None:
    values = people()
    path = write_raster(tmp_path / "a.tif", values)
    west, east = shapely.box(121, 31, 121.17, 32), shapely.box(121.17, 31, 121.3, 32)
    regions = region_table(
        ("w", "city", west), ("e", "city", east), ("p", "province", shapely.box(121, 31, 121.3, 32))
    )
    got = read(path, regions=regions).counting.to_pandas()
    assert got["people"].sum() == pytest.approx(values.astype(float).sum(), rel=1e-11)
    lon, lat = centres(got["cell"].to_numpy())
    rows = got.astype(object).where(got.notna(), None).to_dict("records")
    for row, x, y in zip(rows, lon, lat, strict=True):
        here = shapely.Point(x, y)
        expected = "w" if west.covers(here) else "e" if east.covers(here) else None
        assert row["city"] == expected
        assert row["province"] == ("p" if expected else None)
        assert row["county"] is None
    by_city = got.groupby(got["city"].fillna("-"))["people"].sum()
    assert (by_city[["w", "e", "-"]] > 0).all()
    # 17, 13 and 10 of 40 columns; cells of 5 km2 follow the border to a kilometre or so
    assert by_city["w"] == pytest.approx(values[:, :17].sum(), rel=0.1)


def test_areas_of_regions_are_those_of_their_cells_without_any_population() -> None:
    box = shapely.box(121, 31, 121.6, 31.5)
    got = read_people(None, [], region_table(("a", "county", box)), Path(), 10)
    assert got.population.num_rows == 0
    assert got.counting["people"].null_count == got.counting.num_rows
    km2 = sum(got.counting["area_m2"].to_pylist()) / 1e6
    assert km2 == pytest.approx(0.6 * 95.3 * 0.5 * 110.9, rel=0.01)


def test_overlapping_regions_of_one_level_are_told(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", people())
    regions = region_table(
        ("b", "city", shapely.box(121, 31, 122, 32)), ("a", "city", shapely.box(121, 31, 121.2, 32))
    )
    got = read(path, regions=regions)
    assert [p["problem"] for p in got.problems.to_pylist()] == ["regions_overlap"]
    assert {"a", "b"} <= set(got.counting["city"].to_pylist())


def test_weights_are_scaled_to_the_declared_total(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", (people() % 250).astype(np.uint8), nodata=0)
    got = read(path, kind="weight", total=5e6)
    assert sum(got.counting["people"].to_pylist()) == pytest.approx(5e6, rel=1e-11)
    density = read(path, kind="density")
    ratio = np.divide(got.counting["people"].to_numpy(), density.counting["people"].to_numpy())
    assert np.allclose(ratio, got.population["factor"][0].as_py())


def test_several_files_are_added_up(tmp_path: Path) -> None:
    values = people(30, 40)
    left = write_raster(tmp_path / "l.tif", values[:, :25])
    right = write_raster(tmp_path / "r.tif", values[:, 25:], west=121.25)
    both = write_raster(tmp_path / "b.tif", values)
    parts, one = read(left, right), read(both)
    assert parts.population["people"].to_pylist() == pytest.approx(
        [values[:, :25].astype(float).sum(), values[:, 25:].astype(float).sum()]
    )
    assert parts.counting["cell"].equals(one.counting["cell"])
    assert np.allclose(parts.counting["people"], one.counting["people"])


def test_what_is_odd_about_a_raster_is_counted(tmp_path: Path) -> None:
    values = people()
    values[0, :3], values[1, :2] = -1.0, np.nan
    path = write_raster(
        tmp_path / "a.tif", values, transform=Affine(0.01, 0.001, 121.0, 0, 0.01, 31.2)
    )
    told = {p["problem"]: p for p in read(path).problems.to_pylist()}
    assert {k: p["count"] for k, p in told.items()} == {
        "negative_people": 3, "not_finite_people": 2, "south_up": 1, "rotated_raster": 1,
    }  # fmt: skip
    assert told["negative_people"]["example"] == "-1.0"
    assert {p["file"] for p in told.values()} == {"a.tif"}


def test_a_density_that_saturates_is_told_unless_it_is_a_weight(tmp_path: Path) -> None:
    values = np.minimum(people() * 3, 255).astype(np.uint8)
    path = write_raster(tmp_path / "a.tif", values)
    (told,) = read(path, kind="density").problems.to_pylist()
    assert (told["problem"], told["count"]) == ("saturated_people", int((values == 255).sum()))
    assert told["example"] == "255"
    assert read(path, kind="weight", total=1e6).problems.num_rows == 0


def test_a_raster_without_people_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((5, 5), -9999.0, np.float32))
    with pytest.raises(InputError, match=r"a\.tif: no pixel of 25 has any people.*25 negative"):
        read(path)


def test_a_raster_off_every_region_is_refused(tmp_path: Path) -> None:
    flipped = Affine(0.01, 0, 121.0, 0, 0.01, 31.5)  # should run south
    path = write_raster(tmp_path / "a.tif", people(), transform=flipped)
    regions = region_table(("a", "city", shapely.box(121, 31.2, 121.4, 31.49)))
    with pytest.raises(DatumError, match=r"a\.tif: nobody lives in any.*sign of its pixel height"):
        read(path, regions=regions)


def test_counting_cells_are_no_finer_than_the_build(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", people())
    got = read_people(COUNT, [path], empty(REGIONS), tmp_path, 5)
    cells = got.counting["cell"].to_numpy()
    assert (parents(cells, 5) == cells).all()
