"""Rasters of people: what is read, what is refused, what is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasterio.transform import Affine

from covermap.core.people import quad_areas_m2
from covermap.errors import DatumError, FormatError, InputError
from covermap.formats.rasters import open_raster
from covermap.formats.survey import survey
from made_rasters import north_up, people, write_raster


def total(path: Path, kind: str = "count", **how: object) -> float:
    with open_raster(path, path.name, **how) as raster:  # type: ignore[arg-type]
        return survey(raster, kind).total  # type: ignore[arg-type]


def test_people_are_summed_without_nodata(tmp_path: Path) -> None:
    values = people()
    values[3, 4:9] = -99999.0
    path = write_raster(tmp_path / "a.tif", values, nodata=-99999.0)
    with open_raster(path, "a.tif") as raster:
        seen = survey(raster, "count")
    held = values[values > 0]
    assert seen.total == pytest.approx(held.astype(float).sum(), rel=1e-12)
    assert (seen.pixels, seen.nodata, seen.negative, seen.held) == (1200, 5, 0, len(held))


def test_negative_and_nan_people_are_counted_and_left_out(tmp_path: Path) -> None:
    values = people()
    whole = float(values.astype(float).sum() - values[0, :3].sum() - values[1, :2].sum())
    values[0, :3], values[1, 0], values[1, 1] = -5.0, np.nan, np.inf
    path = write_raster(tmp_path / "a.tif", values)
    with open_raster(path, "a.tif") as raster:
        seen = survey(raster, "count")
    assert (seen.negative, seen.not_finite, seen.worst) == (3, 2, -5.0)
    assert seen.total == pytest.approx(whole)


def test_nan_that_is_declared_as_nodata_is_no_problem(tmp_path: Path) -> None:
    values = people()
    values[1, :7] = np.nan
    path = write_raster(tmp_path / "a.tif", values, nodata=np.nan)
    with open_raster(path, "a.tif") as raster:
        seen = survey(raster, "count")
    assert (seen.nodata, seen.not_finite) == (7, 0)


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    values = np.array([[1, 2], [3, 255]], np.uint8)
    path = write_raster(tmp_path / "a.tif", values, nodata=255, scale=0.5, offset=10.0)
    assert total(path) == pytest.approx(10.5 + 11.0 + 11.5)


@pytest.mark.parametrize("layout", [{}, {"tiled": True, "blockxsize": 16, "blockysize": 16}])
def test_strips_cover_every_pixel_once(
    tmp_path: Path, layout: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("covermap.formats.rasters.STRIP_PIXELS", 500)
    path = write_raster(tmp_path / "a.tif", people(50, 70), **layout)
    seen = np.zeros((50, 70), int)
    with open_raster(path, "a.tif") as raster:
        strips = list(raster.strips())
        for row0, row1, col0, col1 in strips:
            seen[row0:row1, col0:col1] += 1
        where = survey(raster, "count").where
    assert len(strips) > 1
    assert (seen == 1).all()
    assert where.flags.shape == (-(-50 // where.high), -(-70 // where.wide))
    assert where.flags.all()


def test_a_density_counts_by_the_true_area_of_its_pixels(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((300, 200), 7.0, np.float32), north=60.0)
    lon, lat = np.meshgrid([121.0, 123.0], [60.0, 57.0])
    expected = 7.0 * quad_areas_m2(lon, lat)[0, 0] / 1e6
    assert total(path, "density") == pytest.approx(expected, rel=1e-6)


def test_mercator_pixels_have_the_area_of_the_ground_below_them(tmp_path: Path) -> None:
    values = np.ones((64, 64), np.float32)
    transform = north_up(13_500_000, 6_000_000, 1223.0)
    path = write_raster(tmp_path / "a.tif", values, transform=transform, crs="EPSG:3857")
    with open_raster(path, "a.tif") as raster:
        areas = raster.areas_km2(0, 64, 0, 64)
        assert raster.areas_km2(20, 30, 5, 9).tolist() == areas[20:30, 5:9].tolist()
        lon, lat = raster.positions(*np.meshgrid(np.arange(65.0), np.arange(65.0)))
    assert np.allclose(areas, quad_areas_m2(lon, lat) / 1e6, rtol=1e-5)


@pytest.mark.parametrize(
    ("crs", "transform", "period"),
    [
        ("EPSG:4326", north_up(100, 40, 0.1), 3600.0),
        ("EPSG:4326", north_up(0, 40, 0.5), 720.0),
        ("EPSG:3857", north_up(1.2e7, 5e6, 1000), 40075.016686),
        ("EPSG:32650", north_up(4e5, 4e6, 1000), None),
        ("EPSG:3035", north_up(4e6, 3e6, 1000), None),
    ],
)
def test_maps_that_repeat_after_a_turn_are_known(
    tmp_path: Path, crs: str, transform: Affine, period: float | None
) -> None:
    path = write_raster(tmp_path / "a.tif", people(), transform=transform, crs=crs)
    with open_raster(path, "a.tif") as raster:
        assert raster.period == (None if period is None else pytest.approx(period, rel=1e-6))
        x, y = np.array([3.25, 17.5]), np.array([8.0, 2.75])
        there = raster.pixels(*raster.positions(x, y))
    assert np.allclose(there, [x, y], atol=1e-6)


def test_rows_that_run_north_are_read_as_they_lie(tmp_path: Path) -> None:
    up = Affine(0.01, 0, 121.0, 0, 0.01, 31.2)
    path = write_raster(tmp_path / "a.tif", people(), transform=up)
    with open_raster(path, "a.tif") as raster:
        assert raster.south_up
        lon, lat = raster.positions(np.array([0.0, 40.0]), np.array([0.0, 30.0]))
    assert lat.tolist() == pytest.approx([31.2, 31.5])
    assert lon.tolist() == pytest.approx([121.0, 121.4])


def test_a_wrong_sign_of_y_that_leads_beyond_the_pole_is_named(tmp_path: Path) -> None:
    up = Affine(0.1, 0, 100.0, 0, 0.1, 60.0)
    path = write_raster(tmp_path / "a.tif", people(400, 20), transform=up)
    with (
        pytest.raises(DatumError, match=r"a\.tif.*60\.00 to 100\.00 degrees.*wrong sign of y"),
        open_raster(path, "a.tif"),
    ):
        pass


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"crs": None}, DatumError, r'states no CRS.*datum = "EPSG:4326"'),
        ({"transform": Affine.identity()}, FormatError, "no geotransform"),
        ({"dtype": "complex64"}, FormatError, "complex"),
    ],
)
def test_what_cannot_be_placed_is_refused_by_name(
    tmp_path: Path, how: dict[str, object], error: type[Exception], said: str
) -> None:
    path = write_raster(tmp_path / "a.tif", people(), **how)
    with pytest.raises(error, match=f"a.tif.*{said}"), open_raster(path, "a.tif"):
        pass


def test_a_declared_datum_stands_in_for_a_crs(tmp_path: Path) -> None:
    values = people()
    path = write_raster(tmp_path / "a.tif", values, crs=None)
    assert total(path, datum="wgs84") == pytest.approx(values.astype(float).sum())
    with pytest.raises(DatumError, match="gcj02"), open_raster(path, "a.tif", datum="gcj02"):
        pass


def test_of_several_bands_one_must_be_named(tmp_path: Path) -> None:
    bands = np.stack([people(seed=1), people(seed=2)])
    path = write_raster(tmp_path / "a.tif", bands)
    with pytest.raises(FormatError, match=r"2 bands.*band = 1"), open_raster(path, "a.tif"):
        pass
    with pytest.raises(FormatError, match=r"band = 3.* 2"), open_raster(path, "a.tif", 3):
        pass
    assert total(path, band=2) == pytest.approx(bands[1].astype(float).sum())


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    text, empty = tmp_path / "a.tif", tmp_path / "b.tif"
    text.write_text("cell,people\n1,2\n")
    empty.touch()
    for path in (text, empty):
        with (
            pytest.raises(FormatError, match="cannot be read as a"),
            open_raster(path, "a"),
        ):
            pass
    with pytest.raises(InputError, match="no such file"), open_raster(tmp_path / "c.tif", "c"):
        pass


def test_a_raster_that_is_cut_short_is_named(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", people(400, 400))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(FormatError, match=r"a\.tif.*(damaged|cannot be read)"):
        total(path)
