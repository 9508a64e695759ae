"""Real rasters of people: totals kept, provinces plausible, saturated weights scaled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from covermap.core.cells import cells_at, descendants, parents
from covermap.formats.rasters import open_raster
from covermap.formats.survey import survey
from covermap.steps.people.reading import PeopleRead, oddities, read_people
from covermap.steps.people.sharing import reach, share_out
from covermap.tables import REGIONS, empty
from covermap.workspace import Population
from provinces import provinces_in

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def provinces(real_data: Path) -> pa.Table:
    """The provinces of `admin/`, as regions."""
    return provinces_in(real_data)


def read(path: Path, regions: pa.Table, **how: Any) -> PeopleRead:
    declared = Population(files=(path.name,), kind="count", year=2020).model_copy(update=how)
    return read_people(declared, [path], regions, path.parent, 10)


def by_province(got: PeopleRead, provinces: pa.Table) -> pd.Series[float]:
    cells = got.counting.to_pandas()
    people = cells.groupby(cells["province"].fillna("outside"))["people"].sum()
    ids, names = (provinces[c].to_pylist() for c in ("region_id", "name"))
    return people.rename(dict(zip(ids, names, strict=True)))


def test_the_people_of_china_are_kept_and_counted_by_province(
    real_data: Path, provinces: pa.Table
) -> None:
    got = read(real_data / "rasters/CHN_2020_10km.tif", provinces)
    (raster,) = got.population.to_pylist()
    people = by_province(got, provinces)
    print(f"\nChina: {raster['people'] / 1e6:.3f} M")
    for name, count in people.sort_values(ascending=False).items():
        print(f"{count / 1e6:10.3f} M  {name}")
    assert raster["people"] == pytest.approx(1420.6e6, rel=1e-4)
    assert people.sum() == pytest.approx(raster["people"], rel=1e-9)
    # by the census of 2020; the raster is a model
    for name, census in (("广东省", 126.0e6), ("山东省", 101.5e6), ("西藏自治区", 3.6e6)):
        assert people[name] == pytest.approx(census, rel=0.1)
    assert people["outside"] < 0.005 * raster["people"]
    told = {row["problem"]: row["count"] for row in got.problems.to_pylist()}
    assert told["not_finite_people"] == 1365


def test_the_people_of_ireland_are_kept(real_data: Path) -> None:
    got = read(real_data / "rasters/IRL_2020_10km.tif", empty(REGIONS))
    (raster,) = got.population.to_pylist()
    print(f"\nIreland: {raster['people']:.0f}")
    assert raster["people"] == pytest.approx(5.15e6, rel=2e-3)
    assert sum(got.counting["people"].to_pylist()) == pytest.approx(raster["people"], rel=1e-9)


def test_fine_cells_of_a_city_add_up_to_its_pixels(real_data: Path) -> None:
    """Dublin in cells of resolution 10: pixels of 10 km hold hundreds of them."""
    path = real_data / "rasters/IRL_2020_10km.tif"
    coarse = np.unique(cells_at([-6.26, -6.4, -6.2], [53.35, 53.3, 53.4], 4))
    with open_raster(path, path.name) as raster:
        near = reach(raster)
        fine = share_out(raster, "count", descendants(coarse, 9), near)
        finer = share_out(raster, "count", descendants(coarse, 10), near)
    assert fine.people.sum() == pytest.approx(finer.people.sum(), rel=0.01)
    assert 5e5 < fine.people.sum() < 3e6
    inner = parents(descendants(coarse, 10), 9)
    assert (inner[finer.people > 0].size) > 1e5


def test_a_saturated_density_serves_as_weights_in_mercator(real_data: Path) -> None:
    """One cell of resolution 3 in Henan, beside a sum over the pixels whose centre lies in it."""
    path = real_data / "rasters/cn_gpw_density_byte_z7.tif"
    shard = cells_at([114.0], [34.0], 3)
    with open_raster(path, path.name) as raster:
        found = share_out(raster, "weight", descendants(shard, 7), shard).people.sum()
        x, y = (v.astype(int)[0] for v in raster.pixels(np.array([114.0]), np.array([34.0])))
        window = y - 150, y + 150, x - 150, x + 150
        middles = np.meshgrid(np.arange(x - 150, x + 150) + 0.5, np.arange(y - 150, y + 150) + 0.5)
        lon, lat = raster.positions(*middles)
        inside = parents(cells_at(lon.ravel(), lat.ravel(), 7), 3) == shard[0]
        plain = raster.amounts("weight", *window).ravel()[inside].sum()
        told = [kind for kind, *_ in oddities(raster, survey(raster, "density"), "density")]
    assert found == pytest.approx(plain, rel=2e-3)
    assert told == ["saturated_people"]


def test_saturated_weights_take_the_people_of_each_province_from_a_table(
    real_data: Path, provinces: pa.Table, tmp_path: Path
) -> None:
    """Weights by GPW's byte raster, totals of provinces by WorldPop: each is kept to 0.01 %."""
    counted = read(real_data / "rasters/CHN_2020_10km.tif", provinces).counting.to_pandas()
    totals = counted.groupby("province")["people"].sum()
    table = tmp_path / "totals.csv"
    table.write_text("region,people\n" + "".join(f"{k},{v!r}\n" for k, v in totals.items()))
    path = real_data / "rasters/cn_gpw_density_byte_z7.tif"
    declared = Population(files=(path.name,), kind="weight", totals="totals.csv")
    got = read_people(declared, [path], provinces, path.parent, 10, table)
    cells = got.counting.to_pandas()
    scaled = cells.groupby("province")["people"].sum()
    assert len(totals) > 30
    assert set(scaled.index) >= set(totals.index)
    worst = max(abs(scaled[k] / v - 1.0) for k, v in totals.items() if v)
    assert worst < 1e-4
    assert scaled.sum() == pytest.approx(totals.sum(), rel=1e-4)
    (raster,) = got.population.to_pylist()
    assert raster["people"] == pytest.approx(cells["people"].sum(), rel=1e-9)
